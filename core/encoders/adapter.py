"""A geometry-aware adapter on an encoder whose weights stay as they are: its descriptors, and what two layers make of them, half and half.

After "Zero-Shot Inexact CAD Model Alignment from a Single Image" (ICCV 2025).
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open
from torch import nn
from torch.nn import functional as F

from core.encoders.base import Encoded, ImageEncoder, pick_device
from core.errors import CounterpointError
from core.files import check_file, file_digest
from core.tensors import save_tensors


class GeometryAdapter(nn.Module):
    """Unit descriptors [..., D] -> [..., out], not of unit length; ``coordinates`` [..., 3] of the object are read off for training."""

    def __init__(self, dim: int, hidden: int = 256, out: int = 128):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, out))
        self.coordinates = nn.Linear(out, 3)
        self.sizes = (dim, hidden, out)

    def forward(self, unit: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.layers(unit)
        return found


class AdaptedEncoder:
    """An :class:`core.encoders.base.ImageEncoder` with an adapter on it; everything but the descriptors is the base's."""

    def __init__(self, base: ImageEncoder, file: str | Path, device: str = "auto"):
        """Raises:
        CounterpointError: no adapter, or one of another base.
        """
        self._adapter, about = load_adapter(file)
        if about["base"] != base.fingerprint:
            raise CounterpointError(
                f"{Path(file).name} was trained on {about['base']} and does not fit {base.name} ({base.fingerprint})."
            )
        self._base, self._device = base, pick_device(device)
        self._adapter.eval().to(self._device)
        self.name = f"{base.name}+{Path(file).stem}"
        self.fingerprint = f"{base.fingerprint}+{file_digest(Path(file))[:16]}"
        self.dim = base.dim + self._adapter.sizes[2]
        self.input_size, self.photo_size = base.input_size, base.photo_size

    @torch.inference_mode()
    def encode(self, images: npt.NDArray[np.uint8]) -> Encoded:
        found = self._base.encode(images)
        unit = F.normalize(found.descriptors.to(self._device), dim=-1)
        both = torch.cat([unit, F.normalize(self._adapter(unit), dim=-1)], dim=-1) * 0.5**0.5
        return Encoded(both, found.foreground, found.vectors)


def save_adapter(file: str | Path, adapter: GeometryAdapter, base: str) -> None:
    """Weights as safetensors; ``base`` is the fingerprint of the encoder it belongs to."""
    about = {"kind": "geometry adapter", "base": base, "sizes": json.dumps(adapter.sizes)}
    save_tensors(file, adapter.state_dict(), about)


def load_adapter(file: str | Path) -> tuple[GeometryAdapter, dict[str, Any]]:
    """The adapter and what is known about it.

    Raises:
        CounterpointError: it cannot be read, or is something else.
    """
    path = check_file(file)
    try:
        with safe_open(path, framework="pt") as content:
            about = content.metadata() or {}
            tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
        adapter = GeometryAdapter(*json.loads(about["sizes"]))
        adapter.load_state_dict(tensors)
        return adapter, {"base": about["base"]}
    except Exception as error:
        raise CounterpointError(f"{path.name} is no adapter of an encoder ({error}).") from error
