"""Colours of meshes with several textures or materials: a colour for each corner or face times a texture."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Wrap = Literal["repeat", "clamp", "mirror"]

PLAIN = 184
"""Grey (of 255) of what has no colour of its own."""

SEE_THROUGH = "Parts of its surface are transparent, which is not shown: they look and act as if they were opaque."
"""The warning about alpha that is left out."""


@dataclass
class Texture:
    """A picture uint8 [h, w, 3] laid on a surface, and what it does beyond its left and right, and its lower and upper edge."""

    pixels: npt.NDArray[np.uint8]
    wrap: tuple[Wrap, Wrap] = ("repeat", "repeat")

    def sample(self, uv: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
        """The texels uint8 [..., 3] at places [..., 2] (u to the right, v up, the picture spans 0 to 1)."""
        return sample_texture(self.pixels, uv, self.wrap)


@dataclass
class Paint:
    """Own colours of a mesh, face by face. What a point shows is its colour times its texture, multiplied as light (linear).

    Attributes:
        color: uint8 sRGB [F, 3] (one for each face) or [F, 3, 3] (one for each corner), or None for white.
        uv: float32 [F, 3, 2] texture coordinates of the corners (v up), or None without textures.
        texture: int32 [F], the number in ``textures`` of each face's texture, -1 where it has none.
        textures: the pictures.
    """

    color: npt.NDArray[np.uint8] | None = None
    uv: npt.NDArray[np.float32] | None = None
    texture: npt.NDArray[np.int32] | None = None
    textures: list[Texture] = field(default_factory=list)

    def arrays(self) -> Iterator[npt.NDArray | None]:
        """All arrays [...] that decide the look, for digests."""
        yield from (self.color, self.uv, self.texture, *(texture.pixels for texture in self.textures))

    def at(self, face: npt.NDArray[np.integer], bary: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """sRGB colours float64 [..., 3] in [0, 1] of surface points: faces [...] and barycentric coordinates [..., 3]."""
        texels = self._texels(face, bary)
        if self.color is None:
            return texels / 255.0
        light = to_linear(self.color[face] / 255.0)
        if self.color.ndim == 3:
            light = np.einsum("...k,...kd->...d", bary, light)
        return to_srgb(light * to_linear(texels / 255.0))

    def _texels(self, face: npt.NDArray[np.integer], bary: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
        """What the textures alone show at surface points, uint8 [..., 3]; white where there is none."""
        texels = np.full((*np.shape(face), 3), 255, np.uint8)
        if self.textures and self.uv is not None and self.texture is not None:
            uv = np.einsum("...k,...kd->...d", bary, self.uv[face])
            number = self.texture[face]
            for each in np.unique(number[number >= 0]):
                here = number == each
                texels[here] = self.textures[each].sample(uv[here])
        return texels


def sample_texture(
    pixels: npt.NDArray[np.uint8], uv: npt.NDArray[np.floating], wrap: tuple[Wrap, Wrap] = ("repeat", "repeat")
) -> npt.NDArray[np.uint8]:
    """The texels uint8 [..., 3] of a picture [h, w, 3] at places [..., 2] (u to the right, v up)."""
    height, width = pixels.shape[:2]
    column = np.floor(_wrapped(uv[..., 0], wrap[0]) * width).astype(int).clip(0, width - 1)
    row = np.floor((1 - _wrapped(uv[..., 1], wrap[1])) * height).astype(int).clip(0, height - 1)
    return np.asarray(pixels[row, column], np.uint8)


def _wrapped(t: npt.NDArray[np.floating], wrap: Wrap) -> npt.NDArray[np.float64]:
    """A coordinate inside the picture, 0 to 1; 1 stays 1, so that the last texel is not the first."""
    t = np.nan_to_num(np.asarray(t, np.float64))
    if wrap == "clamp":
        return np.asarray(np.clip(t, 0, 1), np.float64)
    if wrap == "mirror":
        return np.asarray(1 - np.abs(t % 2 - 1), np.float64)
    within = t % 1.0
    return np.asarray(np.where((within == 0) & (t > 0), 1.0, within), np.float64)


def to_linear(srgb: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """sRGB values in [0, 1] as amounts of light in [0, 1] (IEC 61966-2-1)."""
    srgb = np.asarray(srgb, np.float64)
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Amounts of light as sRGB values in [0, 1]; more than 1 is white."""
    linear = np.clip(np.asarray(linear, np.float64), 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def as_light(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """sRGB bytes [...] as bytes [...] that say amounts of light, which is what glTF stores at vertices."""
    return to_bytes(to_linear(rgb / 255.0))


def to_bytes(values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """Values in [0, 1] as uint8, rounded; what is not a number becomes 0."""
    return np.asarray(np.clip(np.nan_to_num(values), 0, 1) * 255 + 0.5).astype(np.uint8)


def from_numbers(values: npt.NDArray) -> npt.NDArray[np.uint8]:
    """Colours of a file [..., 3] as uint8, by the largest of them.

    Whole numbers are of 8 bits, or of 16 where one is larger than 255. Others are 0 to 1, also where some shine more than white
    (up to 2), and else like whole numbers.
    """
    if values.dtype == np.uint8:
        return values
    is_integer = values.dtype.kind in "iu"
    values = np.nan_to_num(np.asarray(values, np.float64))
    top = float(values.max(initial=0))
    if not is_integer and (top <= 1 or (top < 2 and (values % 1).any())):
        return to_bytes(values)
    return to_bytes(values / (255.0 if top <= 255.5 else 65535.0))
