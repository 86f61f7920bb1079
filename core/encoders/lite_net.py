"""The network of the pocket encoder since 0.2: an ImageNet trunk, attention over the whole picture, a light pyramid."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from core.encoders.efficientnet_lite import CHANNELS, EfficientNetLite


class LiteNet(nn.Module):
    """EfficientNet-Lite0 with two attention layers at stride 16 and a pyramid down to stride 4.

    The names of the modules are those of the checkpoint.
    """

    def __init__(self, settings: Mapping[str, Any]):
        """Build the network with random weights; ``settings`` are the sizes, as in the card ``pocket.json``."""
        super().__init__()
        neck = settings["neck"]
        width, inner = neck["width"], neck["attention_width"]
        self.backbone = EfficientNetLite()
        at4, at8, at16, at32 = CHANNELS
        self.in16, self.in32 = nn.Conv2d(at16, inner, 1), nn.Conv2d(at32, inner, 1)
        self.blocks = nn.ModuleList(Attention(inner, neck["heads"]) for _ in range(neck["attention_layers"]))
        self.norm = nn.LayerNorm(inner)
        self.out16 = nn.Conv2d(inner, width, 1)
        self.lat8, self.lat4 = nn.Conv2d(at8, width, 1), nn.Conv2d(at4, width, 1)
        self.s16, self.s8, self.s4 = Separable(width), Separable(width), Separable(width)
        self.descriptor = nn.Conv2d(width, neck["descriptor_dim"], 1)
        self.aux = nn.Conv2d(width, 5, 1)
        self.glob = nn.Linear(at32 + width, neck["global_dim"])
        self.trunk_share, dim = float(neck["trunk_share"]), neck["descriptor_dim"]
        self.mix: torch.Tensor
        self.register_buffer("mix", torch.eye(dim, dim + at8 + at16))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What learns: as :meth:`finish`, but the descriptors are the learnt ones alone.

        Args:
            x: normalised pictures float32 [B, 3, S, S]; S is a multiple of 32.
        """
        return self.heads(self.begin(x))

    def begin(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The trunk's maps of pictures float32 [B, 3, S, S], at strides 4, 8, 16 and 32."""
        maps: list[torch.Tensor] = self.backbone(x)
        return maps

    def finish(self, maps: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Descriptors, aux and vectors (see :meth:`core.encoders.pocket_net.PocketNet.forward`) of the trunk's maps [B, C, h, w]."""
        learnt, aux, vectors = self.heads(maps)
        return F.conv2d(self.side_by_side(learnt, maps), self.mix[:, :, None, None]), aux, vectors

    def side_by_side(self, learnt: torch.Tensor, maps: list[torch.Tensor]) -> torch.Tensor:
        """Learnt descriptors float32 [B, D, h, w] beside the trunk's maps at strides 8 and 16, [B, C, h, w].

        Each is of unit length times the root of its share, so that the cosine of two cells is the mean of the three
        cosines; ``mix`` reduces them to D again by PCA. What the trunk knows of photos is not forgotten so.
        """
        trunk = [F.normalize(_resized(one, learnt), dim=1) * (self.trunk_share / 2) ** 0.5 for one in maps[1:3]]
        return torch.cat([F.normalize(learnt, dim=1) * (1 - self.trunk_share) ** 0.5, *trunk], dim=1)

    def heads(self, maps: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Learnt descriptors [B, D, h, w], aux and vectors of the trunk's maps [B, C, h, w], at strides of 4, 8, 16 and 32."""
        at4, at8, at16, at32 = maps
        y = self.s16(self.out16(self._attend(self.in16(at16) + _resized(self.in32(at32), at16))))
        y = self.s8(self.lat8(at8) + _resized(y, at8))
        y = self.s4(self.lat4(at4) + _resized(y, at4))
        aux = self.aux(y)
        weight = torch.sigmoid(aux[:, :1])
        inside = (y * weight).sum((2, 3)) / (weight.sum((2, 3)) + 1e-3)
        return self.descriptor(y), aux, self.glob(torch.cat([at32.mean((2, 3)), inside], dim=1))

    def _attend(self, y: torch.Tensor) -> torch.Tensor:
        """Attention over all cells of a map float32 [B, C, h, w]."""
        _, width, rows, columns = y.shape
        tokens = (y + positions(width, rows, columns, y.device)).flatten(2).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
        whole: torch.Tensor = self.norm(tokens).transpose(1, 2).reshape(y.shape)
        return whole


class Attention(nn.Module):
    """A pre-norm transformer layer."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.o = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.m = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Tokens float32 [B, T, C] that have looked at each other."""
        b, t, c = x.shape
        q, k, v = self.qkv(self.n1(x)).view(b, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.o(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, c))
        y: torch.Tensor = x + self.m(self.n2(x))
        return y


class Separable(nn.Module):
    """A map plus the GELU of its depthwise separable 3 x 3 convolution."""

    def __init__(self, width: int):
        super().__init__()
        self.dw, self.pw = nn.Conv2d(width, width, 3, padding=1, groups=width), nn.Conv2d(width, width, 1)

    def forward(self, y: torch.Tensor) -> torch.Tensor:
        """A map float32 [B, C, h, w] of the same shape."""
        return y + F.gelu(self.pw(F.gelu(self.dw(y))))


def positions(width: int, rows: int, columns: int, device: torch.device) -> torch.Tensor:
    """Sine-cosine positions float32 [width, rows, columns] of a map whose sides go from -1 to 1."""
    frequency = torch.pi * 2 ** (torch.arange(width // 4, device=device) / 8)
    y, x = (torch.linspace(-1, 1, count, device=device)[:, None] * frequency for count in (rows, columns))
    across = torch.cat([x.sin(), x.cos()], dim=1).T[:, None].expand(-1, rows, -1)
    down = torch.cat([y.sin(), y.cos()], dim=1).T[:, :, None].expand(-1, -1, columns)
    return torch.cat([across, down])


def _resized(y: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return F.interpolate(y, size=like.shape[-2:], mode="bilinear", align_corners=False)
