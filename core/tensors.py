"""Tensors in files: safetensors, written whole or not at all."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save

from core.files import write_atomic


def save_tensors(path: str | Path, tensors: Mapping[str, torch.Tensor], about: dict[str, str] | None = None) -> None:
    """Write tensors [...], wherever they are, with what is known about them.

    Raises:
        CounterpointError: the folder is missing, full or not writable.
    """
    write_atomic(path, save({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, about))
