"""The engine's side of the pipe: runs jobs in lanes beside each other, sends progress, warnings and results back."""

import faulthandler
import importlib
import logging
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from app.shared.log import start_log
from app.shared.pipe import GPU_FULL, send
from core.errors import Cancelled, CounterpointError
from core.notices import collect_warnings

log = logging.getLogger(__name__)

LANES = ("work", "files", "query", "background")

GIVES_WAY = 0.25
"""Seconds that a job in the background waits at each report of progress while others run. Not until they are done: they
may need what it is about to keep for them."""


def serve(connection: Connection, jobs_module: str, log_path: Path | None) -> None:
    """Answer requests until the window closes the pipe or goes away."""
    start_log(log_path, with_stderr=True)
    # The window comes first: lower priority, and OpenMP threads that do not spin for long while they wait.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    if hasattr(os, "nice"):
        os.nice(5)
    faulthandler.enable(2)
    sys.setswitchinterval(0.001)
    engine = _Process(connection, jobs_module)
    with suppress(EOFError, OSError):  # the window is gone
        engine.loop()
    os._exit(0)


class Report:
    """The :data:`core.progress.Progress` of a job, which may also tell the window what it has so far."""

    def __init__(
        self, send: Callable[..., None], cancelled: Callable[[], bool], give_way: Callable[[], object] = lambda: None
    ):
        self._send, self._cancelled, self._give_way = send, cancelled, give_way

    def __call__(self, fraction: float, message: str) -> None:
        """Tell the window how far the job is, from 0 to 1; raises ``Cancelled`` when it was stopped."""
        self._give_way()
        if self._cancelled():
            raise Cancelled
        self._send("progress", payload=(fraction, message))

    def tell(self, content: Any) -> None:
        """Give the request's ``partial_result`` signal something."""
        self._send("partial", payload=content)


class _Process:
    def __init__(self, connection: Connection, jobs_module: str):
        self._connection = connection
        self._lock = threading.Lock()
        self._cancelled: set[int] = set()
        self._jobs: dict[str, str] = importlib.import_module(jobs_module).JOBS
        self._running: dict[int, str] = {}
        self._lanes: dict[str, queue.SimpleQueue[tuple[int, str, dict[str, Any]]]] = {
            n: queue.SimpleQueue() for n in LANES
        }
        for lane in LANES:
            threading.Thread(target=self._work, args=(lane,), daemon=True).start()
        threading.Thread(target=self._import_ahead, daemon=True).start()

    def loop(self) -> None:
        self._send("ready", 0)
        while True:
            message = self._connection.recv()
            if message[0] == "run":
                _, number, lane, job, arguments = message
                self._lanes[lane].put((number, job, arguments))
            elif message[0] == "cancel":
                self._cancelled.add(message[1])
            else:
                return

    def _work(self, lane: str) -> None:
        while True:
            number, job, arguments = self._lanes[lane].get()
            self._running[number] = lane
            self._send("started", number)
            with collect_warnings() as said:
                kind, payload = self._run(number, job, arguments)
            del self._running[number]
            self._cancelled.discard(number)
            if said:
                self._send("warned", number, said)
            self._send(kind, number, payload)

    def _import_ahead(self) -> None:
        """Import the modules of all jobs, one after the other while no job runs.

        So the first job of each kind does not wait for that.
        """
        for module in dict.fromkeys(self._jobs.values()):
            while self._running or not all(lane.empty() for lane in self._lanes.values()):
                time.sleep(0.2)
            importlib.import_module(module)

    def _run(self, number: int, job: str, arguments: dict[str, Any]) -> tuple[str, Any]:
        try:
            if number in self._cancelled:
                raise Cancelled
            send, cancelled = partial(self._send, number=number), lambda: number in self._cancelled
            behind = self._running.get(number) == "background"
            report = Report(send, cancelled, self._give_way) if behind else Report(send, cancelled)
            function = getattr(importlib.import_module(self._jobs[job]), job)
            return "done", function(report, **arguments)
        except Cancelled:
            return "cancelled", None
        except CounterpointError as error:
            return "failed", (str(error), "")
        except MemoryError:
            return "failed", ("There is not enough memory for this; close other programs or use a smaller file.", "")
        except Exception as error:
            if type(error).__name__ == "OutOfMemoryError":
                return "failed", (GPU_FULL, "")
            log.exception("%s failed.", job)
            return "failed", (f"Something went wrong in the engine ({type(error).__name__}).", traceback.format_exc())

    def _give_way(self) -> None:
        """Wait a little while anything runs that somebody waits for."""
        end = time.monotonic() + GIVES_WAY
        while set(self._running.values()) > {"background"} and time.monotonic() < end:
            time.sleep(0.005)

    def _send(self, kind: str, number: int, payload: Any = None) -> None:
        try:
            with self._lock:
                send(self._connection, (kind, number, payload))
        except (BrokenPipeError, OSError):
            os._exit(0)
