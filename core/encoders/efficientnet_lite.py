"""EfficientNet-Lite0 (Tan and Le, 2019; https://github.com/tensorflow/tpu, efficientnet/lite) up to its last map.

It is timm's ``tf_efficientnet_lite0``, number by number and name by name (a test holds them together). It stands here
because importing timm and torchvision takes three seconds, which every command would spend.
"""

from copy import deepcopy
from typing import NamedTuple, TypeVar

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

Net = TypeVar("Net", bound=nn.Module)


class BlockGroup(NamedTuple):
    """A group of inverted residual blocks: their number, output channels, kernel, and the first one's stride."""

    blocks: int
    channels: int
    kernel: int
    stride: int


STEM = 32
EXPANSION = 6
STAGES = (
    BlockGroup(1, 16, 3, 1),
    BlockGroup(2, 24, 3, 2),
    BlockGroup(2, 40, 5, 2),
    BlockGroup(3, 80, 3, 2),
    BlockGroup(3, 112, 5, 1),
    BlockGroup(4, 192, 5, 2),
    BlockGroup(1, 320, 3, 1),
)
OUTPUTS = (1, 2, 4, 6)
"""The stages whose maps are used: strides 4, 8, 16 and 32."""

CHANNELS = tuple(STAGES[number].channels for number in OUTPUTS)


class EfficientNetLite(nn.Module):
    """The trunk; ``stages`` leaves out what comes after so many groups of blocks."""

    def __init__(self, stages: int = len(STAGES)):
        super().__init__()
        self.conv_stem, self.bn1 = SameConv(3, STEM, 3, 2), _norm(STEM)
        self.blocks, channels = nn.Sequential(), STEM
        for number, stage in enumerate(STAGES[:stages]):
            group = nn.Sequential()
            for place in range(stage.blocks):
                stride = stage.stride if place == 0 else 1
                made = First(channels, stage) if number == 0 else Inverted(channels, stage, stride)
                group.append(made)
                channels = stage.channels
            self.blocks.append(group)
        for conv in self.modules():
            if isinstance(conv, nn.Conv2d):
                nn.init.normal_(
                    conv.weight, std=(2 * conv.groups / (conv.kernel_size[0] ** 2 * conv.out_channels)) ** 0.5
                )

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Maps float32 [B, C, S / s, S / s] of normalised pictures float32 [B, 3, S, S].

        The strides s are 4, 8, 16 and 32, C is ``CHANNELS``; the last are missing where stages are left out.
        """
        x = F.relu6(self.bn1(self.conv_stem(x)))
        maps = []
        for number, stage in enumerate(self.blocks):
            x = stage(x)
            if number in OUTPUTS:
                maps.append(x)
        return maps


class First(nn.Module):
    """A depthwise separable convolution."""

    def __init__(self, channels: int, stage: BlockGroup):
        super().__init__()
        self.conv_dw, self.bn1 = SameConv(channels, channels, stage.kernel, 1, channels), _norm(channels)
        self.conv_pw, self.bn2 = SameConv(channels, stage.channels, 1), _norm(stage.channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A map float32 [B, C, h, w] of a map."""
        out: torch.Tensor = self.bn2(self.conv_pw(F.relu6(self.bn1(self.conv_dw(x)))))
        return out


class Inverted(nn.Module):
    """An inverted residual block (MobileNetV2, Sandler et al., 2018)."""

    def __init__(self, channels: int, stage: BlockGroup, stride: int):
        super().__init__()
        inner = EXPANSION * channels
        self.conv_pw, self.bn1 = SameConv(channels, inner, 1), _norm(inner)
        self.conv_dw, self.bn2 = SameConv(inner, inner, stage.kernel, stride, inner), _norm(inner)
        self.conv_pwl, self.bn3 = SameConv(inner, stage.channels, 1), _norm(stage.channels)
        self.adds = stride == 1 and channels == stage.channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A map float32 [B, C, h / stride, w / stride] of a map."""
        y = F.relu6(self.bn1(self.conv_pw(x)))
        y = self.bn3(self.conv_pwl(F.relu6(self.bn2(self.conv_dw(y)))))
        out: torch.Tensor = x + y if self.adds else y
        return out


class SameConv(nn.Conv2d):
    """A convolution without bias whose output has the input's size over the stride, as TensorFlow's "same" has it."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__(channels, out, kernel, stride, kernel // 2 if stride == 1 else 0, groups=groups, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A map float32 [B, C, h / stride, w / stride] of a map; what is missing is added at the right and below first."""
        if self.stride[0] > 1:
            pads = [self._missing(length) for length in x.shape[-2:]]
            x = F.pad(x, [pads[1] // 2, pads[1] - pads[1] // 2, pads[0] // 2, pads[0] - pads[0] // 2])
        return super().forward(x)

    def _missing(self, length: int) -> int:
        outputs = -(-length // self.stride[0])
        return max(0, (outputs - 1) * self.stride[0] + self.kernel_size[0] - length)


def folded(net: Net) -> Net:
    """A copy of a net for inference, the norms of its trunk folded into the convolutions before them: an eighth quicker."""
    copy = deepcopy(net)
    for block in copy.modules():
        if isinstance(block, EfficientNetLite | First | Inverted):
            convs = [name for name, child in block.named_children() if isinstance(child, SameConv)]
            norms = [name for name, child in block.named_children() if isinstance(child, nn.BatchNorm2d)]
            for conv, norm in zip(convs, norms, strict=True):
                setattr(block, conv, fuse_conv_bn_eval(getattr(block, conv), getattr(block, norm)))
                setattr(block, norm, nn.Identity())
    return copy.to(memory_format=torch.channels_last)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)
