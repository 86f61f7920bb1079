"""The checkpoints of the published code of an ICLR 2025 paper as adapters.

The paper is "Multiview Equivariance Improves 3D Correspondence Understanding".

They could not be fetched where this was written: the layout is that of the published code, tested with made numbers.
"""

from pathlib import Path
from typing import Any

import torch

from core.encoders.base import TunableEncoder
from core.encoders.hub import fetch
from core.errors import CounterpointError
from core.progress import Progress, silent

NAME = "3dcorrenhance"

REPOSITORY = "qq456cvb/3DCorrEnhance"

FILES = {
    **{f"vit_{size}_patch14_dinov2.lvd142m": f"dinov2_{size}.ckpt" for size in ("small", "base", "large", "giant")},
    "vit_base_patch16_224.mae": "mae.ckpt",
    "vit_base_patch16_clip_384.laion2b_ft_in12k_in1k": "clip.ckpt",
    "deit3_base_patch16_224.fb_in1k": "deit.ckpt",
}
"""The checkpoint of each timm model."""


def fetch_published(model: str, progress: Progress = silent) -> Path:
    """The checkpoint for a timm model.

    Raises:
        CounterpointError: there is none, or it cannot be fetched.
    """
    if model not in FILES:
        raise CounterpointError(f"There is no published adapter of {model}; there are some of {', '.join(FILES)}.")
    return fetch(REPOSITORY, FILES[model], f"{NAME} ({FILES[model]})", progress)


def read_published(file: Path, base: TunableEncoder) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Read a checkpoint.

    Its convolution replaces the map and that of :class:`core.encoders.lora.LoraNet` is added to it: one is the other
    less the identity.

    Returns:
        The parameters float32 [...] by their names in :class:`core.encoders.lora.LoraNet`, and the fingerprint of the encoder
        under "base".

    Raises:
        CounterpointError: another layout, other sizes, or not the encoder's last blocks.
    """
    blocks, depth = list(getattr(base, "tunable_blocks", ())), len(getattr(base.net, "blocks", ()))
    if not blocks or blocks[-1] != depth - 1:
        raise CounterpointError(
            "The published adapters belong to the last block of a vision transformer; choose the layer -1."
        )
    try:
        content: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        conv = content["state_dict"]["refine_conv"]
        weight = conv["weight"].float().clone()
        weight[range(len(weight)), range(len(weight)), 1, 1] -= 1
        tensors = {"conv.weight": weight, "conv.bias": conv["bias"].float()}
        for number, block in enumerate(blocks):
            for place, part in enumerate("qv"):
                for ours, theirs in (("down", "a"), ("up", "b")):
                    name = f"net.blocks.{block}.attn.qkv.{ours}_{part}.weight"
                    tensors[name] = content[f"w_{theirs}_{2 * number + place:03d}"].float()
    except Exception as error:
        raise CounterpointError(f"{file.name} is no checkpoint of 3DCorrEnhance ({error}).") from error
    if len(weight) != base.dim:
        raise CounterpointError(
            f"{file.name} is of an encoder with {len(weight)} channels; {base.name} has {base.dim}."
        )
    return tensors, {"base": base.fingerprint}
