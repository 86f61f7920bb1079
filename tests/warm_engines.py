"""Engines that are forked from a process which has imported what engines import, for the windows of tests.

This is a context of :mod:`multiprocessing` as :class:`app.window.engine_client.EngineClient` takes one. An engine does
there what it does in one that is spawned; the seven seconds of imports are done once for all tests.
"""

import multiprocessing
import os
from collections.abc import Callable
from typing import Any

from app.engine.jobs import JOBS

_server = multiprocessing.get_context("forkserver")
MODULES = ["app.engine.process", *dict.fromkeys(JOBS.values()), "timm"]
_server.set_forkserver_preload(MODULES)

Pipe = _server.Pipe


def Process(target: Callable[..., None], args: tuple[Any, ...]) -> Any:  # noqa: N802
    """A process with the environment of this moment, where the server has that of its own start."""
    return _server.Process(target=_run, args=(dict(os.environ), target, args))


def _run(environment: dict[str, str], target: Callable[..., None], args: tuple[Any, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    target(*args)
