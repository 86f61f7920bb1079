"""The net of the cutter: a picture, a box and clicks to three masks, each with its expected overlap.

The picture is looked at once by a trunk that comes from ImageNet; prompts enter behind it (as in RITM, Sofiiuk et al.,
2021, with a previous mask), so that a further click costs little. Three masks and their overlaps are those of Segment
Anything (Kirillov et al., 2023).
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from core.encoders.efficientnet_lite import CHANNELS, EfficientNetLite
from core.encoders.lite_net import Attention, Separable, positions

PROMPTS = 8
"""Channels of :func:`draw_prompts`."""

NEAR, FAR = 0.8, 4.0
"""Spreads of a click in cells of stride 4: where it is, and what lies around it."""


@dataclass(frozen=True)
class CutterSettings:
    """The size of the net.

    Attributes:
        width: channels of attention at stride 16.
        heads: of attention.
        layers: of attention.
        fine: channels of the pyramid.
        masks: masks that each answer has.
    """

    width: int = 192
    heads: int = 4
    layers: int = 4
    fine: int = 96
    masks: int = 3


class CutterNet(nn.Module):
    """The pocket encoder's net (:class:`core.encoders.lite_net.LiteNet`) without its last stage, and with prompts.

    What both have has the same names, so that an encoder's weights are a start.
    """

    def __init__(self, settings: CutterSettings = CutterSettings()):
        super().__init__()
        width, fine = settings.width, settings.fine
        self.backbone = EfficientNetLite(stages=5)  # what follows is at stride 32
        at4, at8, at16 = CHANNELS[:3]
        self.in16, self.lat8, self.lat4 = nn.Conv2d(at16, width, 1), nn.Conv2d(at8, fine, 1), nn.Conv2d(at4, fine, 1)
        self.blocks = nn.ModuleList(Attention(width, settings.heads) for _ in range(settings.layers))
        self.norm, self.out16 = nn.LayerNorm(width), nn.Conv2d(width, fine, 1)
        self.s16, self.s8, self.s4 = Separable(fine), Separable(fine), Separable(fine)
        self.begin4, self.begin8 = nn.Conv2d(PROMPTS, 32, 3, padding=1), nn.Conv2d(32, 64, 3, stride=2, padding=1)
        self.prompt16 = nn.Conv2d(64, width, 3, stride=2, padding=1)
        self.prompt8, self.prompt4 = nn.Conv2d(64, fine, 1), nn.Conv2d(32, fine, 1)
        self.head = nn.Conv2d(fine, 4 * settings.masks, 3, padding=1)
        self.judge = nn.Sequential(nn.Linear(fine + width + 3, 96), nn.GELU(), nn.Linear(96, 1))
        for silent in (self.prompt16, self.prompt8, self.prompt4):  # at first the net is the encoder's
            for parameter in silent.parameters():
                nn.init.zeros_(parameter)

    def look(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        """Look at pictures float32 [B, 3, S, S] in [0, 255], S a multiple of 16.

        Returns:
            Maps float32 [B, C, S / s, S / s] at strides s of 4, 8 and 16.
        """
        maps: list[torch.Tensor] = self.backbone((pictures - 127) / 128)
        return maps

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
        p4 = F.gelu(self.begin4(prompts))
        p8 = F.gelu(self.begin8(p4))
        x = self.in16(map16) + self.prompt16(p8)
        _, width, rows, columns = x.shape
        tokens = (x + positions(width, rows, columns, x.device)).flatten(2).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
        tokens = self.norm(tokens)
        y16 = self.s16(self.out16(tokens.transpose(1, 2).reshape(x.shape)))
        y8 = self.s8(self.lat8(map8) + self.prompt8(p8) + _twice(y16))
        y4 = self.s4(self.lat4(map4) + self.prompt4(p4) + _twice(y8))
        logits = F.pixel_shuffle(self.head(y4), 2)
        return logits, self._overlap(logits, y8, tokens.mean(1))

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


def _twice(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def draw_prompts(
    size: int,
    box: torch.Tensor,
    add: torch.Tensor,
    remove: torch.Tensor,
    previous: torch.Tensor | None = None,
) -> torch.Tensor:
    """Draw prompts as channels at stride 4.

    Args:
        size: the side S of the pictures in pixels.
        box: float32 [B, 4], x0, y0, x1, y1, its edges in pixels; not a number where no box is given.
        add: float32 [B, K, 2], pixels (u, v) of the object; not a number where there is no further one.
        remove: float32 [B, L, 2], pixels that are none of it; as ``add``.
        previous: float32 [B, 1, h, w], the probabilities of the mask that is corrected; or None.

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
        channels += [small, torch.ones_like(channels[0])]
    return torch.stack(channels, dim=1)
