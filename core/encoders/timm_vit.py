"""Any vision transformer of timm as an image encoder: DINOv2, DINOv3, CLIP, MAE, ..."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import timm
import torch
from timm.models.vision_transformer import VisionTransformer

from core.encoders.base import Encoded, pick_device, to_batch
from core.encoders.hub import fetch
from core.errors import CounterpointError
from core.files import check_file, file_digest
from core.progress import Progress, silent

EXAMPLE = "vit_small_patch14_dinov2.lvd142m"

TARGET_SIZE = 448
"""The side of the pictures in pixels; it is rounded to whole patches."""

TUNABLE = 4
"""The number of blocks that :mod:`core.encoders.lora` may change."""


class TimmEncoder:
    """The patch tokens of one block of a timm ViT; a :class:`core.encoders.base.TunableEncoder`.

    Middle blocks carry more geometry than the last (FoundPose, ECCV 2024, uses block 18 of 24).
    """

    def __init__(
        self,
        model: str,
        name: str | None = None,
        weights: str | Path | None = None,
        layer: int | None = None,
        device: str = "auto",
        progress: Progress = silent,
    ):
        """Build the network.

        Args:
            model: the model's name in timm.
            name: what the user chose; None for the model's name.
            weights: a file; None for the published weights, which are fetched.
            layer: the block that descriptors are taken from, from 0; -1 for the last, None for three quarters of the
                depth.
            device: "auto", "cpu" or "cuda".
            progress: is told how far it is.

        Raises:
            CounterpointError: there is no such model, it is not a ViT, or the weights do not fit or cannot be fetched.
        """
        self.name = name or model
        self._device = pick_device(device)
        path, origin = _weights_file(model, weights, progress)
        progress(0.95, f"Building {model}")
        net = _build(model, path)
        depth = len(net.blocks)
        if layer is not None and not -1 <= layer < depth:
            raise CounterpointError(f"{model} has blocks 0 to {depth - 1}; there is no block {layer}.")
        layer = depth - 1 if layer == -1 else layer
        self._layer = layer if layer is not None else round(depth * 0.75) - 1
        patch = net.patch_embed.patch_size[0]
        self.dim = int(net.embed_dim)
        self.input_size = self.photo_size = round(TARGET_SIZE / patch) * patch
        self.fingerprint = f"{model}-{origin}-block{self._layer}"
        config = timm.data.resolve_model_data_config(net)
        self._mean, self._std = config["mean"], config["std"]
        self._net: torch.nn.Module = net.eval().to(self._device)
        progress(1.0, f"{self.name} ready")

    @property
    def net(self) -> torch.nn.Module:
        """The network; it must not be changed."""
        return self._net

    @property
    def layer(self) -> int:
        """The number of the block that descriptors are taken from."""
        return self._layer

    @property
    def tunable_blocks(self) -> range:
        """The numbers of the last blocks up to the one that descriptors are taken from."""
        return range(max(0, self._layer - TUNABLE + 1), self._layer + 1)

    def begin(self, net: Any, images: npt.NDArray[np.uint8]) -> list[torch.Tensor]:
        """Compute the blocks before those that can be tuned.

        Args:
            net: a network like :attr:`net`.
            images: RGB uint8 [B, S, S, 3].

        Returns:
            The tokens float32 [B, T, C] and the size (h, w) of the map, int64 [B, 2]; for ViTs of another make only the
            normalised pictures float32 [B, 3, S, S].
        """
        batch = to_batch(images, self._mean, self._std, self._device)
        if not isinstance(net, VisionTransformer):
            return [batch]
        x = net.norm_pre(net.patch_drop(net._pos_embed(net.patch_embed(batch))))
        for block in net.blocks[: self.tunable_blocks.start]:
            x = block(x)
        return [x, torch.tensor([net.patch_embed.dynamic_feat_size(batch.shape[-2:])] * len(batch))]

    def finish(self, net: Any, begun: list[torch.Tensor]) -> Encoded:
        """Compute the other blocks of a network like :attr:`net` from what :meth:`begin` returned.

        Gradients go through.

        Returns:
            Descriptors float32 [B, h, w, D] and vectors float32 [B, G].
        """
        if isinstance(net, VisionTransformer):
            x, sizes = begun
            for block in net.blocks[self.tunable_blocks.start : self.tunable_blocks.stop]:
                x = block(x)
            tokens = net.norm(x)[:, net.num_prefix_tokens :]
            features = tokens.reshape(len(x), *sizes[0].tolist(), -1).permute(0, 3, 1, 2)
        else:
            (features,) = net.forward_intermediates(
                begun[0], indices=[self._layer], norm=True, output_fmt="NCHW", intermediates_only=True
            )
        return Encoded(features.permute(0, 2, 3, 1).float(), vectors=features.mean((2, 3)).float())

    @torch.inference_mode()
    def encode(self, images: npt.NDArray[np.uint8]) -> Encoded:
        """See :meth:`core.encoders.base.ImageEncoder.encode`."""
        return self.finish(self._net, self.begin(self._net, images))


def _build(model: str, path: Path) -> Any:
    """Build the network with the weights of a local file; timm converts the published layouts to its own."""
    try:
        net: Any = timm.create_model(
            model, pretrained=True, num_classes=0, dynamic_img_size=True, pretrained_cfg_overlay={"file": str(path)}
        )
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:160]
        raise CounterpointError(f"{path.name} does not hold weights that fit {model} ({reason}).") from error
    if not all(hasattr(net, part) for part in ("forward_intermediates", "patch_embed", "blocks")):
        raise CounterpointError(f"{model} is not a plain vision transformer; choose one such as {EXAMPLE}.")
    return net


def _weights_file(model: str, weights: str | Path | None, progress: Progress) -> tuple[Path, str]:
    """Return the file of the weights, fetched if none is given, and a text that tells these weights from others."""
    if not timm.is_model(model):
        raise CounterpointError(f"timm knows no model called {model}; choose one such as {EXAMPLE}.")
    if weights is not None:
        path = check_file(weights)
        return path, file_digest(path)[:16]
    config = timm.get_pretrained_cfg(model)
    if config is None or not config.hf_hub_id:
        raise CounterpointError(f"timm knows no published weights for {model}; give a file with weights.")
    path = fetch(config.hf_hub_id, "model.safetensors", model, progress)
    return path, config.hf_hub_id
