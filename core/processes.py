"""Work in several processes of this machine, or on a Ray cluster."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import connection, parent_process, resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, TypeVar

from core.errors import CounterpointError
from core.notices import collect_warnings, warn

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Process(SpawnProcess):
    """One that Ctrl+C does not reach while it loads its libraries, before :func:`begin`."""

    def start(self) -> None:
        """Start with the signal held back, which the new process inherits; it reaches this one afterwards."""
        if not hasattr(signal, "pthread_sigmask"):
            super().start()
            return
        resource_tracker.ensure_running()  # which lets signals through again when it starts
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Context(SpawnContext):
    def __init__(self) -> None:
        super().__init__()
        self.started: list[_Process] = []

    def Process(self, *given: Any, **named: Any) -> _Process:  # type: ignore[override]  # noqa: N802
        process = _Process(*given, **named)
        self.started.append(process)
        return process


class Processes(ProcessPoolExecutor):
    """Processes that begin anew; ``prepare`` is called in each with the arguments, and calls :func:`begin`."""

    def __init__(self, count: int, prepare: Callable[..., None], *arguments: Any):
        self._context = _Context()
        super().__init__(count, self._context, prepare, arguments)

    def end(self) -> None:
        """End all processes now; what they still work on is given up."""
        self.shutdown(wait=False, cancel_futures=True)
        for process in self._context.started:
            if process.pid is not None:  # it did start
                process.terminate()


def begin(count: int) -> None:
    """Prepare a process of a pool of ``count``.

    It uses its share of the cores, and ends with the process that started it, however that ends.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the one that writes
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // count))


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def each(
    work: Callable[[Item], Result], items: Sequence[Item], workers: int | None = None, ray: str | None = None
) -> Iterator[tuple[Item, Result]]:
    """Do one piece of work for each item, and give each result as it is done, with what was warned of.

    Args:
        work: a function of a module, which writes its own results if any.
        items: can be pickled.
        workers: the number of processes on this machine; None for one on each core, 1 works in this process.
        ray: the address of a Ray cluster ("auto", "local" or "ray://..."), which must see the same files.

    Raises:
        CounterpointError: what a piece of work raised, or there is no such cluster; what has not begun is left.
    """
    count = min(workers or os.cpu_count() or 1, len(items))
    if ray is not None:
        yield from _said(_on_ray(partial(_heard, work), items, ray))
    elif count <= 1:
        for item in items:
            yield item, work(item)
    else:
        yield from _said(_in_processes(partial(_heard, work), items, count))


def _heard(work: Callable[[Item], Result], item: Item) -> tuple[Result, list[str]]:
    with collect_warnings() as sentences:
        return work(item), sentences


def _said(found: Iterator[tuple[Item, tuple[Result, list[str]]]]) -> Iterator[tuple[Item, Result]]:
    for item, (result, sentences) in found:
        for sentence in sentences:
            warn(sentence)
        yield item, result


def _in_processes(work: Callable[[Item], Result], items: Sequence[Item], count: int) -> Iterator[tuple[Item, Result]]:
    pool = Processes(count, begin, count)
    try:
        futures: dict[Future[Result], Item] = {pool.submit(work, item): item for item in items}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.end()


def _on_ray(work: Callable[[Item], Result], items: Sequence[Item], address: str) -> Iterator[tuple[Item, Result]]:
    ray = ray_cluster(address)
    task = ray.remote(work_of(work))
    waiting = {task.remote(item): item for item in items}
    try:
        while waiting:
            done, _ = ray.wait(list(waiting))
            yield waiting.pop(done[0]), ray.get(done[0])
    except ray.exceptions.RayTaskError as error:
        raise error.cause if isinstance(error.cause, CounterpointError) else _failed(address, error) from error
    except ray.exceptions.RayError as error:
        raise _failed(address, error) from error
    finally:
        for left in waiting:
            ray.cancel(left)


def work_of(work: Callable[[Item], Result]) -> Callable[[Item], Result]:
    """A plain function of a partial one, which is what Ray takes."""
    return lambda item: work(item)


def _failed(address: str, error: Exception) -> CounterpointError:
    return CounterpointError(f"The Ray cluster at {address} failed ({str(error).splitlines()[0]}).")


def ray_cluster(address: str) -> Any:
    """The module ``ray``, connected to a cluster.

    Raises:
        CounterpointError: Ray is not installed, or there is no such cluster.
    """
    try:
        import ray
    except ImportError:
        raise CounterpointError('Ray is not installed; install it with: pip install "counterpoint[ray]".') from None
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if host and port.isdigit():  # Ray itself would try for minutes
            socket.create_connection((host, int(port)), timeout=5).close()
        ray.init(address=address, ignore_reinit_error=True, log_to_driver=False)
    except Exception as error:
        raise CounterpointError(f"There is no Ray cluster at {address} ({error}).") from error
    return ray
