"""An encoder adapted a little to some shapes by low-rank adaptation (LoRA).

The changes are kept in a small file beside the base encoder.

What learns are low-rank changes of a ViT's attention, or the last parts of the pocket encoder, and one added
convolution; the base's weights stay as they are. After "Multiview Equivariance Improves 3D Correspondence Understanding
with Minimal Feature Finetuning" (ICLR 2025).
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
from core.encoders.lite_net import LiteNet
from core.encoders.pocket_net import PocketNet
from core.encoders.published import read_published
from core.errors import CounterpointError
from core.files import check_file, file_digest
from core.tensors import save_tensors

KIND = "equivariance adapter"

RANK = 4
"""Rank of the changes."""

POCKET_PARTS: dict[type[nn.Module], tuple[str, ...]] = {
    PocketNet: ("lateral.", "smooth.", "descriptor.", "backbone.stages_3."),
    LiteNet: ("in16.", "in32.", "blocks.", "norm.", "out16.", "lat8.", "lat4.", "s16.", "s8.", "s4.", "descriptor."),
}
"""Beginnings of the names of the bundled encoders' parameters that learn."""


class LoraQV(nn.Module):
    """A ViT's fused linear layer for queries, keys and values with low-rank changes.

    Queries and values are changed (Hu et al., 2021).
    """

    def __init__(self, qkv: nn.Linear, rank: int = RANK):
        super().__init__()
        self.qkv, dim = qkv, qkv.in_features
        self.down_q, self.down_v = nn.Linear(dim, rank, bias=False), nn.Linear(dim, rank, bias=False)
        self.up_q, self.up_v = nn.Linear(rank, dim, bias=False), nn.Linear(rank, dim, bias=False)
        for up in (self.up_q, self.up_v):
            nn.init.zeros_(up.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Tokens float [B, N, D] -> queries, keys and values, float [B, N, 3 D]."""
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return torch.cat([q + self.up_q(self.down_q(x)), k, v + self.up_v(self.down_v(x))], dim=-1)


class LoraNet(nn.Module):
    """A copy of an encoder's network with parameters that learn.

    It gives the base's descriptors until it is trained.
    """

    def __init__(self, base: TunableEncoder):
        """Copy the network of an encoder.

        Raises:
            CounterpointError: the encoder has nothing that could learn.
        """
        super().__init__()
        self._base = base
        self.net = copy.deepcopy(base.net).requires_grad_(False)
        self.conv = nn.Conv2d(base.dim, base.dim, 3, padding=1)
        nn.init.zeros_(self.conv.weight)
        assert self.conv.bias is not None
        nn.init.zeros_(self.conv.bias)
        parts = POCKET_PARTS.get(type(self.net))
        if parts is not None:
            for name, parameter in self.net.named_parameters():
                # timm keeps the biases of attention as they were when they were first needed
                parameter.requires_grad_(name.startswith(parts) and "attention_biases" not in name)
        else:
            blocks: Any = getattr(self.net, "blocks", [])
            for number in getattr(base, "tunable_blocks", range(len(blocks))):
                attention: Any = blocks[number].attn
                attention.qkv = LoraQV(attention.qkv)
        self.to(next(base.net.parameters()).device)
        if not self.trainable():
            raise CounterpointError(f"{base.name} has nothing that can be tuned.")

    def trainable(self) -> dict[str, nn.Parameter]:
        """The parameters that learn, by name."""
        return {name: parameter for name, parameter in self.named_parameters() if parameter.requires_grad}

    @torch.no_grad()
    def begin(self, images: npt.NDArray[np.uint8]) -> list[torch.Tensor]:
        """Run the part of the network that does not learn, once for pictures that are needed often.

        Args:
            images: uint8 [B, S, S, 3], RGB.

        Returns:
            Tensors with B rows, for :meth:`finish`.
        """
        return self._base.begin(self.net, images)

    def finish(self, begun: list[torch.Tensor]) -> Encoded:
        """Run the rest of the network on the tensors [B, ...] that :meth:`begin` returned; gradients go through."""
        found = self._base.finish(self.net, begun)
        maps = found.descriptors.permute(0, 3, 1, 2)
        return Encoded((maps + self.conv(maps)).permute(0, 2, 3, 1), found.foreground, found.vectors)


class LoraEncoder:
    """An :class:`core.encoders.base.ImageEncoder` with low-rank changes; the vectors of whole pictures stay the base's.

    If the file says so, the base's unit descriptors and the changed ones stand beside each other and count half each,
    so that a few minutes of training do not make the encoder forget what it knew.
    """

    def __init__(self, base: TunableEncoder, file: str | Path):
        """Read the changes of an encoder.

        Args:
            base: the encoder they were trained on.
            file: what :func:`save_lora` wrote, or a published checkpoint (``.ckpt``).

        Raises:
            CounterpointError: no such file, or one of another base.
        """
        path = check_file(file)
        tensors, about = read_published(path, base) if path.suffix == ".ckpt" else _read(path)
        if about.get("base") != base.fingerprint:
            raise CounterpointError(
                f"{path.name} was tuned on {about.get('base')} and does not fit {base.name} ({base.fingerprint})."
            )
        self._base, self._lora = base, LoraNet(base)
        missing = self._lora.trainable().keys() - tensors.keys()
        if missing:
            raise CounterpointError(f"{path.name} does not fit {base.name} (for example {min(missing)}).")
        self._lora.load_state_dict({name: value.float() for name, value in tensors.items()}, strict=False)
        self._lora.eval()
        self.name = f"{base.name}+{path.stem}"
        self.fingerprint = f"{base.fingerprint}+{file_digest(path)[:16]}"
        self._fused = about.get("fused") == "half"
        self.dim = base.dim * (2 if self._fused else 1)
        self.input_size, self.photo_size = base.input_size, base.photo_size

    @torch.inference_mode()
    def encode(self, images: npt.NDArray[np.uint8]) -> Encoded:
        """See :meth:`core.encoders.base.ImageEncoder.encode`."""
        begun = self._lora.begin(images)
        changed = self._lora.finish(begun)
        if not self._fused:
            return changed
        base = self._base.finish(self._base.net, begun)
        halves = [nn.functional.normalize(one.descriptors, dim=-1) for one in (base, changed)]
        return Encoded(torch.cat(halves, dim=-1) * 0.5**0.5, base.foreground, base.vectors)


def save_lora(file: str | Path, net: LoraNet, base: str, fused: bool = True) -> None:
    """Write the parameters that learnt, in half precision.

    Args:
        file: the file to write (safetensors).
        net: what learnt.
        base: fingerprint of the encoder it belongs to.
        fused: whether the base's descriptors count half beside the changed ones.

    Raises:
        CounterpointError: the file cannot be written.
    """
    tensors = {name: value.half() for name, value in net.trainable().items()}
    save_tensors(file, tensors, {"kind": KIND, "base": base, "fused": "half" if fused else "no"})


def is_lora(file: str | Path) -> bool:
    """Whether a file holds low-rank changes of an encoder."""
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
