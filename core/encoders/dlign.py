"""CLIP that also understands depth pictures: the residual fine-tune of OpenDlign.

After "OpenDlign: Open-World Point Cloud Understanding with Depth-Aligned Images" (NeurIPS 2024): CLIP stays as it is,
and beside the attention of the last block of its image encoder stands another one that is trained on depth pictures
(2.4 million parameters in ViT-B/16, 6.6 million in ViT-H/14). The logits of both branches are added up.
"""

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from core.encoders.clip import ClipEncoder
from core.errors import CounterpointError
from core.tensors import save_tensors

PROMPTS = (
    "a depth map of a {}.",
    "a grayscale depth map of a {}.",
    "a depth image of one {}.",
    "a depth rendering of a 3D model of a {}.",
    "a depth photo of a {} on a black background.",
    "a depth map of the {} seen from the side.",
    "a noisy depth map of a {}.",
    "a silhouette with depth of a {}.",
    "a point cloud depth map of a {}.",
    "an obscure depth map of a {}.",
    "a depth map of a small {}.",
    "a depth map of a large {}.",
)
"""Sentences about depth pictures around a label; their vectors are averaged."""


class Residual(nn.Module):
    """A block of the transformer, and another attention beside it whose output is added to the block's.

    Attributes:
        block: the block as it was.
        tuned: the other attention, which is trained.
        on: whether it is added.
    """

    def __init__(self, block: Any):
        super().__init__()
        self.block: Any = block
        self.tuned: Any = copy.deepcopy(block.attn)
        self.on = True
        nn.init.zeros_(self.tuned.out_proj.weight)
        nn.init.zeros_(self.tuned.out_proj.bias)

    def forward(self, x: torch.Tensor, *arguments: object, **named: object) -> torch.Tensor:
        """Tokens float [N, B, D] or [B, N, D], as the block takes them -> the same shape."""
        out: torch.Tensor = self.block(x, *arguments, **named)
        if not self.on:
            return out
        normal = self.block.ln_1(x)
        more: torch.Tensor = self.tuned(normal, normal, normal, need_weights=False)[0]
        return out + more


class DepthClip:
    """CLIP with a second branch of its image encoder that is trained on depth pictures.

    Attributes:
        clip: the model; its image encoder's last block is a :class:`Residual` from now on, switched off but in
            :meth:`tuned`.
        residual: that block.
        trained: whether the branch has weights; untrained, both branches give the same.
    """

    def __init__(self, clip: ClipEncoder, weights: str | Path | None = None):
        """Add the branch to a model.

        Args:
            clip: the model, which is changed.
            weights: a file that ``counterpoint train dlign`` wrote, or None.

        Raises:
            CounterpointError: the image encoder is no plain ViT, or the weights are of another model.
        """
        blocks = getattr(getattr(clip.model.visual, "transformer", None), "resblocks", None)
        last = None if blocks is None else getattr(blocks[-1], "block", blocks[-1])
        if blocks is None or not hasattr(last, "attn"):
            raise CounterpointError(f"The image encoder of {clip.name} is no plain ViT; depth needs one.")
        self.clip, self.trained = clip, weights is not None
        self.residual = blocks[-1] = Residual(last).to(clip.device)
        self.residual.on = False
        if weights is not None:
            self._load(Path(weights))

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The parameters that are trained."""
        return list(self.residual.tuned.parameters())

    def frozen(self, pictures: npt.NDArray[np.uint8]) -> torch.Tensor:
        """CLIP's own unit vectors float32 [B, G] of pictures, RGB, uint8 [B, S, S, 3]."""
        return self.clip.pictures(pictures)

    def tuned(self, pictures: npt.NDArray[np.uint8]) -> torch.Tensor:
        """Unit vectors float32 [B, G] of the trained branch, of pictures uint8 [B, S, S, 3]; gradients go through."""
        self.residual.on = True
        try:
            return F.normalize(self.clip.model.encode_image(self.clip.batch(pictures)).float(), dim=-1)
        finally:
            self.residual.on = False

    def labels(self, labels: Sequence[str]) -> torch.Tensor:
        """Unit vectors float32 [L, G] of L labels, averaged over ``PROMPTS``."""
        each = [self.clip.words([prompt.format(label) for prompt in PROMPTS]).mean(0) for label in labels]
        return F.normalize(torch.stack(each), dim=-1)

    @torch.no_grad()
    def logits(self, depths: npt.NDArray[np.uint8], labels: torch.Tensor) -> torch.Tensor:
        """How well labels fit a shape.

        Args:
            depths: depth pictures of the shape, uint8 [V, S, S, 3].
            labels: unit vectors float32 [L, G] of the labels.

        Returns:
            Cosine similarities float32 [L], the mean over views and branches, times CLIP's scale.
        """
        branches = [self.frozen(depths), self.tuned(depths).cpu()] if self.trained else [self.frozen(depths)]
        return torch.stack([(vectors @ labels.T).mean(0) for vectors in branches]).mean(0) * self.clip.scale

    def save(self, path: str | Path) -> None:
        """Write the weights of the branch (safetensors).

        Raises:
            CounterpointError: the file cannot be written.
        """
        save_tensors(path, self.residual.tuned.state_dict(), {"dlign": json.dumps({"clip": self.clip.fingerprint})})

    def _load(self, path: Path) -> None:
        try:
            with safe_open(path, framework="pt") as file:
                about = json.loads((file.metadata() or {}).get("dlign", "{}"))
            tensors = load_file(path)
        except Exception as error:
            raise CounterpointError(
                f"{path.name} cannot be read as weights for depth ({type(error).__name__})."
            ) from error
        if about.get("clip") != self.clip.fingerprint:
            raise CounterpointError(f"{path.name} was not trained for {self.clip.name} with these weights.")
        self.residual.tuned.load_state_dict(tensors)
