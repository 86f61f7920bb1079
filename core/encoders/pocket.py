"""The bundled pocket encoder.

It is a TinyViT with a feature pyramid, trained on procedural shapes only (see its model card).
"""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from core.encoders.base import Encoded, pick_device, to_batch
from core.errors import CounterpointError
from core.files import check_file, file_digest

WEIGHTS = Path(__file__).parents[2] / "resources" / "weights"


class PocketNet(nn.Module):
    """Backbone maps at strides 4 to 32 merged top-down into one map at stride 4.

    The names of the modules are those of the checkpoint.
    """

    def __init__(self, settings: dict[str, Any]):
        import timm

        super().__init__()
        neck = settings["neck"]
        width = neck["width"]
        self.backbone = timm.create_model(settings["backbone"], **settings["backbone_args"])
        channels = self.backbone.feature_info.channels()
        self.lateral = nn.ModuleList(nn.Conv2d(c, width, 1) for c in channels)
        self.smooth = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in channels)
        self.descriptor = nn.Conv2d(width, neck["descriptor_dim"], 1)
        self.aux = nn.Conv2d(width, 5, 1)
        self.glob = nn.Linear(channels[-1] + width, neck["global_dim"])

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Run the network.

        Args:
            x: normalised pictures float32 [B, 3, S, S].

        Returns:
            Descriptors [B, D, S/4, S/4]; aux [B, 5, S/4, S/4]: foreground logit, depth (a quarter of an object diagonal
            is 1) and normal (camera frame); and vectors [B, G] of whole pictures, made of the coarsest map, and of the
            finest where the object is.
        """
        return self.finish(self.begin(x))

    def begin(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The backbone's first three maps of pictures float32 [B, 3, S, S].

        They are float32 [B, C, S/s, S/s] at strides s of 4, 8 and 16.
        """
        maps = []
        x = self.backbone.patch_embed(x)
        for stage in (self.backbone.stages_0, self.backbone.stages_1, self.backbone.stages_2):
            x = stage(x)
            maps.append(x)
        return maps

    def finish(self, maps: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What :meth:`forward` returns, from what :meth:`begin` returned."""
        maps = [*maps, self.backbone.stages_3(maps[-1])]
        y = self._merge(maps)
        aux = self.aux(y)
        weight = torch.sigmoid(aux[:, :1])
        inside = (y * weight).sum((2, 3)) / (weight.sum((2, 3)) + 1e-3)
        return self.descriptor(y), aux, self.glob(torch.cat([maps[-1].mean((2, 3)), inside], dim=1))

    def _merge(self, maps: list[torch.Tensor]) -> torch.Tensor:
        y: torch.Tensor | None = None
        for f, lateral, smooth in reversed(list(zip(maps, self.lateral, self.smooth, strict=True))):
            merged = lateral(f)
            if y is not None:
                merged = merged + F.interpolate(y, size=merged.shape[-2:], mode="bilinear", align_corners=False)
            y = merged + F.gelu(smooth(merged))
        assert y is not None
        return y


PHOTO_SIZE = 160
"""Crops of real photos match better at 160 than at the 224 of training (counterpoint evaluate correspondence --data
bop:PATH)."""


class PocketEncoder:
    """The offline default (a :class:`core.encoders.base.TunableEncoder`).

    The net itself is built at the first picture that no cache knows: importing timm takes longer than all the rest.
    """

    name = "pocket"

    def __init__(self, weights: str | Path | None = None, device: str = "auto", random: bool = False):
        """Choose weights.

        Args:
            weights: a file of weights (safetensors); None is the bundled one.
            device: "auto", "cpu" or "cuda".
            random: whether to keep the initial weights instead, as a baseline.

        Raises:
            CounterpointError: no such device or file, or weights that do not fit.
        """
        card = json.loads((WEIGHTS / "pocket.json").read_text())
        self._settings = settings = card["image_encoder"]
        self.dim: int = settings["neck"]["descriptor_dim"]
        self.input_size: int = settings["input_size"][0]
        self.photo_size = PHOTO_SIZE
        self._mean, self._std = tuple(settings["mean"]), tuple(settings["std"])
        self._device = pick_device(device)
        self._file: Path | None = None
        if random:
            self.name, self.fingerprint = "pocket-random", "pocket-random"
        else:
            self._file = check_file(weights or WEIGHTS / settings["weights"])
            self.fingerprint = f"pocket-{file_digest(self._file)[:16]}"
        if weights is not None:
            _ = self._net  # a file that does not fit is said at once

    @cached_property
    def _net(self) -> PocketNet:
        if self._file is None:
            torch.manual_seed(0)
        net = PocketNet(self._settings)
        if self._file is not None:
            self._load(net, self._file)
        return net.float().eval().to(self._device)

    @staticmethod
    def _load(net: PocketNet, file: Path) -> None:
        try:
            state = load_file(file)
            missing, unexpected = net.load_state_dict(state, strict=False)
        except Exception as error:
            raise CounterpointError(f"{file.name} does not hold weights of the pocket encoder ({error}).") from error
        missing = [key for key in missing if not key.endswith("attention_bias_idxs")]
        if missing or unexpected:
            raise CounterpointError(
                f"{file.name} does not fit the pocket encoder (for example {(missing + unexpected)[0]})."
            )

    @property
    def net(self) -> nn.Module:
        """See :attr:`core.encoders.base.TunableEncoder.net`."""
        return self._net

    def begin(self, net: Any, images: npt.NDArray[np.uint8]) -> list[torch.Tensor]:
        """See :meth:`core.encoders.base.TunableEncoder.begin`: all but the last stage and the neck."""
        return list(net.begin(to_batch(images, self._mean, self._std, self._device)))

    def finish(self, net: Any, begun: list[torch.Tensor]) -> Encoded:
        """See :meth:`core.encoders.base.TunableEncoder.finish`: the last stage and the neck."""
        descriptors, aux, vectors = net.finish(begun)
        return Encoded(descriptors.permute(0, 2, 3, 1).float(), torch.sigmoid(aux[:, 0]).float(), vectors.float())

    @torch.inference_mode()
    def encode(self, images: npt.NDArray[np.uint8]) -> Encoded:
        """See :meth:`core.encoders.base.ImageEncoder.encode`."""
        return self.finish(self._net, self.begin(self._net, images))
