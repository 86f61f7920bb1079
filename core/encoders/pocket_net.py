"""The network of pocket 0.1: a TinyViT with a feature pyramid."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F


class PocketNet(nn.Module):
    """Backbone maps at strides 4 to 32 merged top-down into one map at stride 4.

    The names of the modules are those of the checkpoint.
    """

    def __init__(self, settings: Mapping[str, Any]):
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
        """What :meth:`forward` returns, from the maps [B, C, h, w] that :meth:`begin` returned."""
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
