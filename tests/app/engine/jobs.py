"""Jobs for the tests of the engine: echo, wait, crash."""

import os
import sys
import time
from pathlib import Path

import numpy as np

from core.errors import CounterpointError
from core.notices import warn


def echo(progress, value):
    progress(0.5, "half way")
    return {"value": value, "pid": os.getpid()}


def array(progress, size):
    return [np.arange(size, dtype=np.float32), {"inner": np.ones((size, 3), np.uint8)}]


def wait(progress, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        progress(0.1, "waiting")
        time.sleep(0.01)


def report(progress, times):
    for number in range(times):
        progress(number / times, "reporting")
        time.sleep(0.01)


def block(progress, seconds):
    time.sleep(seconds)


def crash(progress):
    os._exit(11)


def crash_once(progress, flag):
    if not Path(flag).exists():
        Path(flag).touch()
        os._exit(11)
    return "survived"


def crash_until(progress, flag):
    if not Path(flag).exists():
        os._exit(11)
    return "survived"


def refuse(progress):
    raise CounterpointError("This file is not good.")


def fail(progress):
    raise ValueError("oops")


def gpu_full(progress):
    import torch

    raise torch.OutOfMemoryError("CUDA out of memory.")


def modules(progress):
    return sorted(sys.modules)


def say(progress, sentences):
    for sentence in sentences:
        warn(sentence)
    return len(sentences)


JOBS = {
    job.__name__: __name__
    for job in (echo, array, wait, report, block, crash, crash_once, crash_until, refuse, fail, gpu_full, modules, say)
}
