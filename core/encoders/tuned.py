"""An encoder tuned a little to some shapes: low-rank changes of a ViT's attention, or the last parts of the pocket encoder, and one added
convolution; kept in a small file beside the base, which stays as it is.

After "Multiview Equivariance Improves 3D Correspondence Understanding with Minimal Feature Finetuning" (ICLR 2025).
"""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open
from torch import nn

from core.encoders.base import Encoded, TunableEncoder
from core.encoders.published import read_published
from core.errors import CounterpointError
from core.files import check_file, file_digest
from core.tensors import save_tensors

KIND = "equivariance adapter"

RANK = 4
"""Of LoRA."""

POCKET_PARTS = ("lateral.", "smooth.", "descriptor.", "backbone.stages_3.")
"""What is tuned of the pocket encoder."""


class LoraQV(nn.Module):
    """A ViT's fused linear for queries, keys and values with a change of low rank to queries and values (Hu et al., 2021)."""

    def __init__(self, qkv: nn.Linear, rank: int = RANK):
        super().__init__()
        self.qkv, dim = qkv, qkv.in_features
        self.down_q, self.down_v = nn.Linear(dim, rank, bias=False), nn.Linear(dim, rank, bias=False)
        self.up_q, self.up_v = nn.Linear(rank, dim, bias=False), nn.Linear(rank, dim, bias=False)
        for up in (self.up_q, self.up_v):
            nn.init.zeros_(up.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return torch.cat([q + self.up_q(self.down_q(x)), k, v + self.up_v(self.down_v(x))], dim=-1)


class Tuning(nn.Module):
    """A copy of an encoder's network with what can be tuned; it says what the base says until it is trained."""

    def __init__(self, base: TunableEncoder):
        """Raises:
        CounterpointError: the encoder has nothing to tune.
        """
        super().__init__()
        self._base = base
        self.net = copy.deepcopy(base.net).requires_grad_(False)
        self.conv = nn.Conv2d(base.dim, base.dim, 3, padding=1)
        nn.init.zeros_(self.conv.weight)
        assert self.conv.bias is not None
        nn.init.zeros_(self.conv.bias)
        blocks = getattr(self.net, "blocks", None)
        if blocks is not None:
            for number in getattr(base, "tunable_blocks", range(len(blocks))):
                attention: Any = blocks[number].attn
                attention.qkv = LoraQV(attention.qkv)
        else:
            for name, parameter in self.net.named_parameters():
                # timm keeps the biases of attention as they were when they were first needed
                parameter.requires_grad_(name.startswith(POCKET_PARTS) and "attention_biases" not in name)
        self.to(next(base.net.parameters()).device)
        if not self.tuned():
            raise CounterpointError(f"{base.name} has nothing that can be tuned.")

    def tuned(self) -> dict[str, nn.Parameter]:
        """What is trained, by name."""
        return {name: parameter for name, parameter in self.named_parameters() if parameter.requires_grad}

    @torch.no_grad()
    def begin(self, images: npt.NDArray[np.uint8]) -> list[torch.Tensor]:
        """What tuning does not change, of pictures uint8 [B, S, S, 3]: computed once for pictures that are looked at often."""
        return self._base.begin(self.net, images)

    def finish(self, begun: list[torch.Tensor]) -> Encoded:
        """The rest; gradients go through."""
        found = self._base.finish(self.net, begun)
        maps = found.descriptors.permute(0, 3, 1, 2)
        return Encoded((maps + self.conv(maps)).permute(0, 2, 3, 1), found.foreground, found.vectors)


class TunedEncoder:
    """An :class:`core.encoders.base.ImageEncoder` with what was tuned; ``vectors`` of whole pictures stay the base's.

    Of files that say so the base's descriptors count half: what a few minutes taught does not make it forget what it knew.
    """

    def __init__(self, base: TunableEncoder, file: str | Path):
        """Raises:
        CounterpointError: no such file, or one of another base.
        """
        path = check_file(file)
        tensors, about = read_published(path, base) if path.suffix == ".ckpt" else _read(path)
        if about.get("base") != base.fingerprint:
            raise CounterpointError(f"{path.name} was tuned on {about.get('base')} and does not fit {base.name} ({base.fingerprint}).")  # fmt: skip
        self._base, self._tuning = base, Tuning(base)
        missing = self._tuning.tuned().keys() - tensors.keys()
        if missing:
            raise CounterpointError(f"{path.name} does not fit {base.name} (for example {min(missing)}).")
        self._tuning.load_state_dict({name: value.float() for name, value in tensors.items()}, strict=False)
        self._tuning.eval()
        self.name = f"{base.name}+{path.stem}"
        self.fingerprint = f"{base.fingerprint}+{file_digest(path)[:16]}"
        self._fused = about.get("fused") == "half"
        self.dim = base.dim * (2 if self._fused else 1)
        self.input_size, self.photo_size = base.input_size, base.photo_size

    @torch.inference_mode()
    def encode(self, images: npt.NDArray[np.uint8]) -> Encoded:
        begun = self._tuning.begin(images)
        tuned = self._tuning.finish(begun)
        if not self._fused:
            return tuned
        base = self._base.finish(self._base.net, begun)
        halves = [nn.functional.normalize(one.descriptors, dim=-1) for one in (base, tuned)]
        return Encoded(torch.cat(halves, dim=-1) * 0.5**0.5, base.foreground, base.vectors)


def save_tuning(file: str | Path, tuning: Tuning, base: str, fused: bool = True) -> None:
    """What was tuned, in half precision; ``base`` is the fingerprint of the encoder it belongs to, whose descriptors count half if
    ``fused``."""
    tensors = {name: value.half() for name, value in tuning.tuned().items()}
    save_tensors(file, tensors, {"kind": KIND, "base": base, "fused": "half" if fused else "no"})


def is_tuning(file: str | Path) -> bool:
    """Whether a file is of this kind."""
    if Path(file).suffix == ".ckpt":
        return True
    try:
        return _read(check_file(file))[1].get("kind") == KIND
    except CounterpointError:
        return False


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as content:
            return {name: content.get_tensor(name) for name in content.keys()}, content.metadata() or {}  # noqa: SIM118
    except Exception as error:
        raise CounterpointError(f"{path.name} is no adapter of an encoder ({error}).") from error
