"""The window's side of the engine: requests with progress and cancel, restart when the process dies."""

import atexit
import itertools
import multiprocessing
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from app.document.texts import tr
from app.shared.pipe import free_blocks_of, receive, run_engine

Lane = Literal["work", "files", "query", "background"]

MAX_ATTEMPTS = 2
"""A request that was running in this many engines when they died is given up."""

LEAVE = 0.25
"""Seconds that the engine has to end by itself when the window closes."""

MAX_STARTS = 3
"""An engine that stops this often in a row before it answers is not started again until something is asked."""


class Request(QObject):
    """One piece of work.

    Exactly one of ``done``, ``failed`` and ``cancelled`` is emitted, ``partial_result`` whenever the job has something
    to show.

    Before that ``warned`` is emitted with a list of sentences, if there is something that the user should know about
    the result.

    Attributes:
        title: what people read of it.
        where: the slot or the task that it is about, "" for none.
    """

    done = Signal(object)
    failed = Signal(str, str)
    cancelled = Signal()
    started = Signal()
    progressed = Signal(float, str)
    partial_result = Signal(object)
    warned = Signal(list)
    finished = Signal()

    def __init__(
        self, engine: "EngineClient", number: int, job: str, lane: Lane, latest: str | None, arguments: dict[str, Any]
    ):
        super().__init__()
        self.number, self.job, self.lane, self.latest, self.arguments = number, job, lane, latest, arguments
        self.state: Literal["waiting", "running", "asked", "finished"] = "waiting"
        self.attempts = 0
        self.title = self.where = ""
        self._engine = engine

    def cancel(self) -> None:
        """Ask the job to stop; if it does not, the engine is stopped and started again."""
        self._engine._cancel(self)

    def drop(self) -> None:
        """Ask the job to stop; it is never stopped by force, because the engine has better things to do than to start again."""
        self._engine._cancel(self, by_force=False)

    def try_again(self) -> None:
        """Go on with work that the engine stopped at, see :attr:`EngineClient.ask`."""
        self._engine._try_again(self)


class EngineClient(QObject):
    """One child process that runs the jobs of ``jobs_module.JOBS``: names of functions with the modules that have them.

    Four lanes: "files" opens files and "query" answers short questions while "work" is busy, and "background" does what
    nobody waits for; it gives way to all, and is never stopped by force. Of requests with the same ``latest`` only the
    newest counts.

    Signals:
        ready(): the process answers.
        died(sentence): it stopped by itself and is being started again, or cannot be.

    Attributes:
        ask: asks the user about work that the engine stopped at again and again, with a sentence and details; the
            answer is :meth:`Request.try_again` or :meth:`Request.cancel`. Without, it is given up.
        context: how processes are started, a context of :mod:`multiprocessing`.
    """

    ready = Signal()
    died = Signal(str)
    _received = Signal(int, object)
    context: Any = multiprocessing.get_context("spawn")

    def __init__(
        self, jobs_module: str, parent: QObject | None = None, log_path: Path | None = None, grace: float = 3.0
    ):
        super().__init__(parent)
        self._jobs_module, self.log_path, self._grace = jobs_module, log_path, grace
        self._numbers = itertools.count(1)
        self._requests: dict[int, Request] = {}
        self._in_flight: dict[str, Request] = {}
        self._pending: dict[str, Request] = {}
        self._generation = 0
        self._killed = False
        self._failed_starts = 0
        self._process: Any = None
        self._connection: Any = None
        self.ask: Callable[[Request, str, str], object] | None = None
        self._received.connect(self._handle)

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process; requests may be submitted at once."""
        self._connection, theirs = self.context.Pipe()
        self._process = self.context.Process(target=run_engine, args=(theirs, self._jobs_module, self.log_path))
        self._process.start()
        theirs.close()
        atexit.register(self.shutdown)  # not a daemon, which could not have processes of its own
        self._generation += 1
        self._killed = False
        threading.Thread(target=self._read, args=(self._connection, self._generation), daemon=True).start()

    def submit(self, job: str, *, lane: Lane = "work", latest: str | None = None, **arguments: Any) -> Request:
        """Run the function ``job(progress, **arguments)`` of the module ``JOBS[job]`` in the engine."""
        request = Request(self, next(self._numbers), job, lane, latest, arguments)
        if latest is not None and latest in self._in_flight:
            replaced = self._pending.get(latest)
            self._pending[latest] = request
            if replaced is not None:
                self._finish(replaced, replaced.cancelled.emit)
            return request
        self._post(request)
        return request

    def shutdown(self) -> None:
        """End the process; nothing is emitted afterwards."""
        self._generation += 1
        atexit.unregister(self.shutdown)
        if self._process is None:
            return
        self._send(("stop",))
        self._process.join(LEAVE)
        if self._process.is_alive():
            self._process.kill()  # what it writes is there whole or not at all
            self._process.join(LEAVE)
        free_blocks_of(self._process.pid)
        self._connection.close()
        self._process = None

    def _post(self, request: Request) -> None:
        if self._process is None:
            self.start()
        self._requests[request.number] = request
        if request.latest is not None:
            self._in_flight[request.latest] = request
        self._send(("run", request.number, request.lane, request.job, request.arguments))

    def _send(self, message: tuple[Any, ...]) -> None:
        try:
            self._connection.send(message)
        except OSError:
            pass  # the reader notices that the process is gone and everything unfinished is sent again

    def _read(self, connection: Any, generation: int) -> None:
        while True:
            try:
                message = receive(connection)
            except Exception:  # a killed engine may leave half a message, which is as good as its end
                message = None
            try:
                self._received.emit(generation, message)
            except RuntimeError:  # the window is being torn down
                return
            if message is None:
                return

    def _handle(self, generation: int, message: Any) -> None:
        if generation != self._generation:
            return
        if message is None:
            self._restart()
            return
        kind, number, payload = message
        if kind == "ready":
            self._failed_starts = 0
            self.ready.emit()
            return
        request = self._requests.get(number)
        if request is None:
            return
        if kind == "started":
            request.state = "running"
            request.started.emit()
        elif kind == "progress":
            request.progressed.emit(*payload)
        elif kind == "partial":
            request.partial_result.emit(payload)
        elif kind == "warned":
            request.warned.emit(payload)
        elif kind == "done":
            self._finish(request, lambda: request.done.emit(payload))
        elif kind == "failed":
            self._finish(request, lambda: request.failed.emit(*payload))
        else:
            self._finish(request, request.cancelled.emit)

    def _finish(self, request: Request, tell: Callable[[], None]) -> None:
        if request.state == "finished":
            return
        request.state = "finished"
        self._requests.pop(request.number, None)
        if request.latest is not None and self._in_flight.get(request.latest) is request:
            del self._in_flight[request.latest]
            following = self._pending.pop(request.latest, None)
            if following is not None:
                self._post(following)
        tell()
        request.finished.emit()
        request.deleteLater()

    def _cancel(self, request: Request, by_force: bool = True) -> None:
        if request.state == "finished":
            return
        if request.latest is not None and self._pending.get(request.latest) is request:
            del self._pending[request.latest]
            self._finish(request, request.cancelled.emit)
            return
        self._send(("cancel", request.number))
        if request.state in ("waiting", "asked"):
            self._finish(request, request.cancelled.emit)
            return
        if request.lane == "background" or not by_force:
            return
        QTimer.singleShot(int(self._grace * 1000), self, lambda: self._cancel_hard(request))

    def _cancel_hard(self, request: Request) -> None:
        if request.number not in self._requests or self._process is None:
            return
        self._finish(request, request.cancelled.emit)
        self._killed = True
        self._process.kill()

    def _restart(self) -> None:
        self._process.join(1.0)
        free_blocks_of(self._process.pid)
        self._connection.close()
        lost = sorted(self._requests.values(), key=lambda r: r.number)
        self._failed_starts += 1
        if self._failed_starts >= MAX_STARTS:
            self._process = None
            sentence = tr(
                "The engine, which does the computing, does not start; set Counterpoint up again with packaging/start."
            )
            self.died.emit(sentence)
            for request in lost:
                self._finish(request, lambda r=request: r.failed.emit(sentence, self.log_tail()))  # type: ignore[misc]
            return
        if not self._killed:
            self.died.emit(
                tr(
                    "The engine stopped unexpectedly. It was started again and repeats what it was doing; your work is not lost."
                )
            )
        blame = not self._killed
        self.start()
        for request in lost:
            request.attempts += blame and request.state == "running"
            if request.state == "asked":
                continue  # the user has not answered yet
            if request.attempts >= MAX_ATTEMPTS:
                request.state = "asked"
                QTimer.singleShot(0, self, lambda r=request: self._give_up(r))
            else:
                self._again(request)

    def _try_again(self, request: Request) -> None:
        if request.state == "asked":
            request.attempts = 0
            self._again(request)

    def _again(self, request: Request) -> None:
        request.state = "waiting"
        self._send(("run", request.number, request.lane, request.job, request.arguments))

    def _give_up(self, request: Request) -> None:
        sentence = tr("The engine stopped twice while working on this; try a smaller file or other settings.")
        if request.state == "finished":
            return
        if request.lane == "work" and self.ask is not None:
            self.ask(request, sentence, self.log_tail())
        else:
            self._finish(request, lambda: request.failed.emit(sentence, self.log_tail()))

    def log_tail(self, lines: int = 40) -> str:
        """The end of what the engine wrote to its log, for the details of an error."""
        try:
            text = self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path else ""
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])
