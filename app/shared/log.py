"""The log files of the two processes: kept small, in the user's folder for logs."""

import logging
import os
import sys
import threading
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

import platformdirs

BYTES, FILES = 1_000_000, 3
"""A log that grows larger is renamed, and as many old ones are kept."""

log = logging.getLogger(__name__)

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def log_folder() -> Path:
    """Where the logs are; it may not exist yet."""
    return Path(platformdirs.user_log_dir("counterpoint"))


def log_file(process: str) -> Path | None:
    """The log of the "window" or the "engine"; None where the folder cannot be made."""
    try:
        log_folder().mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return log_folder() / f"{process}.log"


def start_log(path: Path | None, with_stderr: bool = False) -> None:
    """Write what is logged from now on into a file; without one, nothing is kept.

    Args:
        path: of the file, which is appended to.
        with_stderr: whatever this process writes to stderr goes there too, crashes of libraries and tracebacks of the
            interpreter included.
    """
    if path is None:
        return
    try:
        handler = (_WithStderr if with_stderr else RotatingFileHandler)(
            path, maxBytes=BYTES, backupCount=FILES, encoding="utf-8", errors="replace"
        )
    except OSError:
        return
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.getLogger().addHandler(handler)
    logging.getLogger("app").setLevel(logging.INFO)  # of libraries only warnings
    logging.captureWarnings(True)
    log.info("Process %d begins.", os.getpid())


def log_what_is_thrown() -> None:
    """Write exceptions that nobody catches into the log, and go on.

    One in a slot of Qt costs what it was about to do, not the window.
    """

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("Nobody caught this.", exc_info=(kind, error, trace))
        sys.__excepthook__(kind, error, trace)

    sys.excepthook = hook
    threading.excepthook = lambda told: hook(told.exc_type, told.exc_value or told.exc_type(), told.exc_traceback)


class _WithStderr(RotatingFileHandler):
    """Stderr follows the file when another one begins."""

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        os.dup2(stream.fileno(), 2)
        return stream
