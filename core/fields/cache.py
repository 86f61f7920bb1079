"""Computed arrays on disk, named by what they were computed from."""

import contextlib
import hashlib
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open

from core.errors import CounterpointError
from core.files import cache_dir
from core.tensors import save_tensors

VERSION = "2"
"""A part of every key; raise it when a computation changes."""

LIMIT_BYTES = 4 << 30
"""The largest size of all entries together."""

_room: dict[Path, int] = {}
"""The bytes that may still be written to a folder before it is looked at again."""


def cache_key(*parts: str) -> str:
    """Return the SHA-256, in hexadecimal, of the parts and of the cache's version."""
    return hashlib.sha256("\x1f".join((VERSION, *parts)).encode()).hexdigest()


def array_digest(*arrays: npt.NDArray) -> str:
    """Return the SHA-256, in hexadecimal, of arrays [...] of any shape and dtype."""
    whole = hashlib.sha256()
    for array in arrays:
        whole.update(f"{array.shape} {array.dtype}".encode())
        whole.update(np.ascontiguousarray(array).view(np.uint8).data)
    return whole.hexdigest()


def read(key: str) -> dict[str, torch.Tensor] | None:
    """Return the tensors [...] that were stored under ``key``, as they were written, or None.

    A damaged entry counts as none.
    """
    path = cache_dir() / f"{key}.safetensors"
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        os.utime(path)
        return tensors
    except Exception:  # not there, or safetensors raises of every kind on damaged files
        return None


def write(key: str, tensors: dict[str, torch.Tensor]) -> None:
    """Store tensors [...] of any shape and dtype under ``key``, whole or not at all.

    A cache that cannot be written is no error.
    """
    with contextlib.suppress(OSError, CounterpointError):
        folder = cache_dir()
        folder.mkdir(parents=True, exist_ok=True)
        _make_room(folder, sum(tensor.nbytes for tensor in tensors.values()))
        save_tensors(folder / f"{key}.safetensors", tensors)


def _make_room(folder: Path, size: int) -> None:
    """Drop the entries that were not used for longest.

    That is done when what is written would pass the limit, down to nine tenths of it.
    """
    if _room.get(folder, -1) < size:
        files = sorted((f.stat().st_mtime, f.stat().st_size, f) for f in folder.glob("*.safetensors"))
        total = sum(bytes_ for _, bytes_, _ in files)
        aim = LIMIT_BYTES if total + size <= LIMIT_BYTES else LIMIT_BYTES * 9 // 10
        for _, bytes_, file in files:
            if total + size <= aim:
                break
            file.unlink(missing_ok=True)
            total -= bytes_
        _room[folder] = LIMIT_BYTES - total
    _room[folder] -= size
