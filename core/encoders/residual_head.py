"""A residual head on an encoder whose weights stay as they are.

It mixes the encoder's descriptors and what two layers make of them, half and half.

After the geometry-aware adapter of "Zero-Shot Inexact CAD Model Alignment from a Single Image" (ICCV 2025).
"""

import json
from pathlib import Path

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


class ResidualHead(nn.Module):
    """Two layers on unit descriptors, and the reading of object coordinates that they are trained by.

    Attributes:
        layers: [..., dim] -> [..., out].
        coordinates: [..., out] -> [..., 3], normalised object coordinates.
        sizes: (dim, hidden, out), the lengths of vectors on their way.
    """

    def __init__(self, dim: int, hidden: int = 256, out: int = 128):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, out))
        self.coordinates = nn.Linear(out, 3)
        self.sizes = (dim, hidden, out)

    def forward(self, unit: torch.Tensor) -> torch.Tensor:
        """Unit descriptors float32 [..., dim] -> float32 [..., out], not of unit length."""
        found: torch.Tensor = self.layers(unit)
        return found


class ResidualHeadEncoder:
    """An :class:`core.encoders.base.ImageEncoder` with a residual head.

    Everything but the descriptors is the base's.
    """

    def __init__(self, base: ImageEncoder, file: str | Path, device: str = "auto"):
        """Read the head of an encoder.

        Raises:
            CounterpointError: no head, one of another base, or no such device.
        """
        self._head, about = load_head(file)
        if about["base"] != base.fingerprint:
            raise CounterpointError(
                f"{Path(file).name} was trained on {about['base']} and does not fit {base.name} ({base.fingerprint})."
            )
        self._base, self._device = base, pick_device(device)
        self._head.eval().to(self._device)
        self.name = f"{base.name}+{Path(file).stem}"
        self.fingerprint = f"{base.fingerprint}+{file_digest(Path(file))[:16]}"
        self.dim = base.dim + self._head.sizes[2]
        self.input_size, self.photo_size = base.input_size, base.photo_size

    @torch.inference_mode()
    def encode(self, images: npt.NDArray[np.uint8]) -> Encoded:
        """See :meth:`core.encoders.base.ImageEncoder.encode`."""
        found = self._base.encode(images)
        unit = F.normalize(found.descriptors.to(self._device), dim=-1)
        both = torch.cat([unit, F.normalize(self._head(unit), dim=-1)], dim=-1) * 0.5**0.5
        return Encoded(both, found.foreground, found.vectors)


def save_head(file: str | Path, head: ResidualHead, base: str) -> None:
    """Write a head as safetensors; ``base`` is the fingerprint of the encoder it belongs to.

    Raises:
        CounterpointError: the file cannot be written.
    """
    about = {"kind": "geometry adapter", "base": base, "sizes": json.dumps(head.sizes)}
    save_tensors(file, head.state_dict(), about)


def load_head(file: str | Path) -> tuple[ResidualHead, dict[str, str]]:
    """Read a head, and the fingerprint of its encoder under "base".

    Raises:
        CounterpointError: it cannot be read, or is something else.
    """
    path = check_file(file)
    try:
        with safe_open(path, framework="pt") as content:
            about = content.metadata() or {}
            tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
        head = ResidualHead(*json.loads(about["sizes"]))
        head.load_state_dict(tensors)
        return head, {"base": about["base"]}
    except Exception as error:
        raise CounterpointError(f"{path.name} is no adapter of an encoder ({error}).") from error
