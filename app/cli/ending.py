"""How a run ends in order: where its output goes, and what Ctrl+C and a request to end (SIGTERM) do to it."""

import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

STOPPED = 130
"""The exit code of a run that was interrupted."""

ENDED = 143
"""The exit code of a run that was asked to end, by SIGTERM."""


def open_streams() -> None:
    """Let everything be written: names of files that the terminal's code does not have, and where no stream is open."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started it
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


@contextmanager
def written_out() -> Iterator[None]:
    """Writes what still waits at the end; a pipe that nobody reads and a full disk are noticed here, not by Python at its exit."""
    try:
        yield
    finally:
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise


def ended_by_interrupt() -> AbstractContextManager[None]:
    """Lets Ctrl+C end the process at once: libraries that load make errors of their own of it, and nothing is lost yet."""
    return _handled(signal.SIGINT, _end)


def ended_in_order() -> AbstractContextManager[None]:
    """Lets a request to end close what is open, the processes of a run above all; Python by itself would leave it as it is."""
    return _handled(signal.SIGTERM, _end_in_order)


def say(sentence: str) -> None:
    """Write a sentence to stderr, in the place of the progress that may stand there."""
    clear = "\r\033[K" if sys.stderr.isatty() else ""
    print(f"{clear}counterpoint: {sentence}", file=sys.stderr)


def stopped() -> int:
    """Say that the run was interrupted; whoever presses Ctrl+C once more does not wait for anything."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    except ValueError:  # not the main thread
        pass
    say("stopped")
    return STOPPED


@contextmanager
def _handled(number: signal.Signals, handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    try:
        before = signal.signal(number, handler)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(number, before)


def _end_in_order(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # who asks once more does not wait for anything
    say("stopped")
    raise SystemExit(ENDED)


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(stopped())
