"""Computed arrays on disk, named by what they were computed from."""

import contextlib
import hashlib
import os
from pathlib import Path

import platformdirs
import torch
from safetensors import safe_open

from core.errors import CounterpointError
from core.tensors import save_tensors

VERSION = "2"
"""Part of every key: raise it when a computation changes."""

LIMIT_BYTES = 4 << 30


def cache_dir() -> Path:
    """Where caches are kept: $COUNTERPOINT_CACHE, or the user's cache folder."""
    return Path(os.environ.get("COUNTERPOINT_CACHE") or platformdirs.user_cache_dir("counterpoint", appauthor=False))


def cache_key(*parts: str) -> str:
    """SHA-256 over the parts and the cache's version."""
    return hashlib.sha256("\x1f".join((VERSION, *parts)).encode()).hexdigest()


def read(key: str) -> dict[str, torch.Tensor] | None:
    """The tensors stored under ``key``, or None; a damaged entry counts as none."""
    path = cache_dir() / f"{key}.safetensors"
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        os.utime(path)
        return tensors
    except Exception:
        return None


def write(key: str, tensors: dict[str, torch.Tensor]) -> None:
    """Store tensors under ``key``, whole or not at all; a cache that cannot be written is no error."""
    with contextlib.suppress(OSError, CounterpointError):
        folder = cache_dir()
        folder.mkdir(parents=True, exist_ok=True)
        _drop_oldest(folder)
        save_tensors(folder / f"{key}.safetensors", tensors)


def _drop_oldest(folder: Path) -> None:
    files = sorted((f.stat().st_mtime, f.stat().st_size, f) for f in folder.glob("*.safetensors"))
    total = sum(size for _, size, _ in files)
    for _, size, file in files:
        if total <= LIMIT_BYTES:
            break
        file.unlink(missing_ok=True)
        total -= size
