"""The net of the cutter: a picture, a box and clicks to three masks, each with its expected overlap.

The picture is looked at once by a trunk that comes from ImageNet; prompts enter behind it (as in RITM, Sofiiuk et al.,
2021, with a previous mask), so that a further click costs little. Three masks and their overlaps are those of Segment
Anything (Kirillov et al., 2023).
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

TRUNK = "tf_efficientnet_lite0"
PROMPTS = 8
"""Channels of :func:`draw_prompts`."""

NEAR, FAR = 0.8, 4.0
"""Spreads of a click in cells of stride 4: where it is, and what lies around it."""


@dataclass(frozen=True)
class CutterSettings:
    """The size of the net.

    Attributes:
        width: channels at stride 16, where attention sees the whole picture.
        layers: of attention.
        middle: channels at stride 8.
        fine: channels at stride 4.
        masks: masks that each answer has.
    """

    width: int = 192
    layers: int = 4
    middle: int = 96
    fine: int = 48
    masks: int = 3


class CutterNet(nn.Module):
    """Trunk, attention at stride 16, and a pyramid up to stride 4, whose cells hold four pixels of stride 2 each."""

    def __init__(self, settings: CutterSettings = CutterSettings()):
        import timm  # not at the top: it takes longer than all the rest

        super().__init__()
        self.settings = settings
        width, middle, fine = settings.width, settings.middle, settings.fine
        self.trunk = timm.create_model(TRUNK, features_only=True, out_indices=(1, 2, 3))
        self.trunk.blocks = self.trunk.blocks[:5]  # what follows is at stride 32
        at4, at8, at16 = self.trunk.feature_info.channels()
        self.prompt4 = nn.Conv2d(PROMPTS, fine, 3, padding=1)
        self.prompt8 = nn.Conv2d(fine, middle, 3, stride=2, padding=1)
        self.prompt16 = nn.Conv2d(middle, width, 3, stride=2, padding=1)
        self.in16, self.in8, self.in4 = nn.Conv2d(at16, width, 1), nn.Conv2d(at8, middle, 1), nn.Conv2d(at4, fine, 1)
        self.layers = nn.ModuleList(_Attention(width) for _ in range(settings.layers))
        self.norm = nn.LayerNorm(width)
        self.down8, self.down4 = nn.Conv2d(width, middle, 1), nn.Conv2d(middle, fine, 1)
        self.mix8 = nn.Sequential(_Mix(middle, 5), _Mix(middle, 5))
        self.mix4 = nn.Sequential(_Mix(fine, 5), _Mix(fine, 5))
        self.head = nn.Conv2d(fine, 4 * settings.masks, 3, padding=1)
        self.judge = nn.Sequential(nn.Linear(middle + width + 3, 96), nn.GELU(), nn.Linear(96, 1))

    def look(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        """Look at pictures float32 [B, 3, S, S] in [0, 255], S a multiple of 16.

        Returns:
            Maps float32 [B, C, S / s, S / s] at strides s of 4, 8 and 16.
        """
        return list(self.trunk((pictures - 127) / 128))

    def answer(self, maps: list[torch.Tensor], prompts: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Answer prompts about pictures.

        Args:
            maps: what :meth:`look` made of B pictures.
            prompts: float32 [B, PROMPTS, S / 4, S / 4], see :func:`draw_prompts`.

        Returns:
            Logits float32 [B, M, S / 2, S / 2] of M masks, and of the overlap (intersection over union) that each is
            expected to have with the object meant, float32 [B, M].
        """
        map4, map8, map16 = maps
        p4 = F.gelu(self.prompt4(prompts))
        p8 = F.gelu(self.prompt8(p4))
        x = self.in16(map16) + self.prompt16(p8)
        x = x + _positions(x)
        tokens = x.flatten(2).transpose(1, 2)
        for layer in self.layers:
            tokens = layer(tokens)
        tokens = self.norm(tokens)
        x = tokens.transpose(1, 2).reshape(x.shape)
        y8 = self.mix8(self.in8(map8) + p8 + _twice(self.down8(x)))
        y4 = self.mix4(self.in4(map4) + p4 + _twice(self.down4(y8)))
        logits = F.pixel_shuffle(self.head(F.gelu(y4)), 2).float()
        return logits, self._overlap(logits, y8.float(), tokens.mean(1).float()).float()

    def _overlap(self, logits: torch.Tensor, y8: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
        """The expected overlap (a logit) of each mask.

        It is told by what lies under the mask, by all of the picture, and by how clear-cut the mask is.
        """
        soft = torch.sigmoid(logits.detach())
        under = F.avg_pool2d(soft, 4)
        area = under.sum((2, 3))
        inside = torch.einsum("bmhw,bchw->bmc", under, y8) / (area[..., None] + 1)
        clear = (soft * (soft > 0.5)).sum((2, 3)) / (soft.sum((2, 3)) + 1)
        sure = (2 * soft - 1).abs().mean((2, 3))
        facts = torch.stack([area / under[0, 0].numel(), clear, sure], dim=-1)
        every = whole[:, None].expand(-1, logits.shape[1], -1)
        found: torch.Tensor = self.judge(torch.cat([inside, every, facts], dim=-1))[..., 0]
        return found


class _Attention(nn.Module):
    """A transformer layer, normalised first."""

    def __init__(self, width: int, heads: int = 6):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, count, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*qkv.unbind(0))
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, count, width))
        return x + self.mlp(self.norm2(x))


class _Mix(nn.Module):
    """A residual block: depthwise, then across channels."""

    def __init__(self, width: int, kernel: int):
        super().__init__()
        self.norm = nn.GroupNorm(1, width)
        self.depthwise = nn.Conv2d(width, width, kernel, padding=kernel // 2, groups=width)
        self.wide, self.narrow = nn.Conv2d(width, 2 * width, 1), nn.Conv2d(2 * width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mixed: torch.Tensor = x + self.narrow(F.gelu(self.wide(self.depthwise(self.norm(x)))))
        return mixed


def _twice(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def _positions(x: torch.Tensor) -> torch.Tensor:
    """Sines and cosines of the place of each cell, float32 [1, C, h, w]; the map spans [-1, 1] whatever its size."""
    count = x.shape[1] // 4
    frequency = torch.pi * 2 ** (torch.arange(count, device=x.device) / 8)
    axes = [(torch.arange(n, device=x.device) + 0.5) * 2 / n - 1 for n in x.shape[2:]]
    rows, columns = (torch.cat([(a[:, None] * frequency).sin(), (a[:, None] * frequency).cos()], 1) for a in axes)
    height, width = x.shape[2:]
    both = torch.cat([rows[:, None].expand(-1, width, -1), columns[None].expand(height, -1, -1)], dim=-1)
    return both.permute(2, 0, 1)[None] * 0.3


def draw_prompts(
    size: int,
    box: torch.Tensor,
    add: torch.Tensor,
    remove: torch.Tensor,
    previous: torch.Tensor | None = None,
    has_previous: torch.Tensor | None = None,
) -> torch.Tensor:
    """Draw prompts as channels at stride 4.

    Args:
        size: the side S of the pictures in pixels.
        box: float32 [B, 4], x0, y0, x1, y1, its edges in pixels; not a number where no box is given.
        add: float32 [B, K, 2], pixels (u, v) of the object; not a number where there is no further one.
        remove: float32 [B, L, 2], pixels that are none of it; as ``add``.
        previous: float32 [B, 1, h, w], the probabilities of the mask that is corrected; or None.
        has_previous: bool [B], which rows of ``previous`` count; None is all.

    Returns:
        float32 [B, PROMPTS, S / 4, S / 4].
    """
    cells = size // 4
    given = ~box.isnan().any(1)
    edge = torch.arange(cells, device=box.device) * 4.0 - 0.5
    low, high = box.nan_to_num(0)[:, :2, None], box.nan_to_num(0)[:, 2:, None]
    cover = ((torch.minimum(edge + 4, high) - torch.maximum(edge, low)) / 4).clamp(0, 1) * given[:, None, None]
    channels = [cover[:, 1, :, None] * cover[:, 0, None, :], given.float()[:, None, None].expand(-1, cells, cells)]
    center = edge + 2
    for points in (add, remove):
        away = (center - points.nan_to_num(-1e6)[..., None]).square() / 16
        square = away[:, :, 1, :, None] + away[:, :, 0, None, :]
        for spread in (NEAR, FAR):
            drawn = torch.exp(-square / (2 * spread**2))
            channels.append(drawn.amax(1) if points.shape[1] else torch.zeros_like(channels[0]))
    if previous is None:
        channels += [torch.zeros_like(channels[0])] * 2
    else:
        small = F.interpolate(previous, size=(cells, cells), mode="area")[:, 0]
        counts = torch.ones_like(given) if has_previous is None else has_previous
        counts = counts.float()[:, None, None].expand(-1, cells, cells)
        channels += [small * counts, counts]
    return torch.stack(channels, dim=1)
