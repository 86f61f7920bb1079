"""Light from all around, as high-dynamic-range panoramas give it: the user's photos stand for what surrounds an object.

A diffuse surface sees its surroundings so blurred that nine numbers a colour tell all but 1 % of its light (R. Ramamoorthi,
P. Hanrahan: An efficient representation for irradiance environment maps, SIGGRAPH 2001, Eqs. 3 and 13).
"""

import numpy as np
import torch

from core.training.draw import Draw
from core.training.photos import Cuts
from core.training.scene import Visible

SIDE = 16
"""A panorama is reduced to so many pixels a side before it is looked at."""

GAMMA = 2.2

BURNT, LAMPS = 0.85, (0.0, 12.0)
"""Pixels brighter than this may be lamps or sky, which a photo does not show as bright as they are: how many times brighter they
are made."""

BRIGHTNESS = (0.25, 0.7)
"""Range of the mean light on a surface, where 1 shows its albedo as it is."""

FLAT = float(0.5 / np.sqrt(np.pi))
"""The harmonic of order 0, which is the same in all directions."""

LOBES = (1.0, 2 / 3, 1 / 4)
"""How a diffuse surface blurs each order of spherical harmonics, over the order 0 (Eq. 8)."""


class Surroundings:
    """The light around the objects of about half of N pictures.

    Attributes:
        lit: bool [N], which pictures it lights.
    """

    def __init__(self, draw: Draw, count: int, photos: str):
        """Draw surroundings for N pictures; ``photos`` is the folder of photos that stand for panoramas."""
        self._cuts = Cuts(draw, photos, count)
        self._lamps, self._mean = draw.between(*LAMPS, count, 1, 1), draw.between(*BRIGHTNESS, count, 1, 1)
        self._turn = draw.between(0, 2 * np.pi, count, 1)
        self.lit = torch.zeros(count, dtype=torch.bool, device=draw.device)
        self.lit[self._cuts.rows] = True

    def light(self) -> torch.Tensor:
        """The harmonics of the light on a diffuse surface in each picture, float32 [N, 9, 3]; 0 where none is ``lit``.

        Raises:
            CounterpointError: the folder has no photos in it.
        """
        device, rows = self.lit.device, self._cuts.rows
        light = torch.zeros(len(self.lit), 9, 3, device=device)
        if rows:
            pixels = self._cuts.images(SIDE, device).flatten(2).movedim(1, -1)
            burnt = ((pixels.amax(-1, keepdim=True) - BURNT) / (1 - BURNT)).clamp(0, 1)
            radiance = pixels**GAMMA * (1 + self._lamps[rows] * burnt)
            direction, area = (values.to(device) for values in panorama(SIDE, self._turn[rows].cpu()))
            blur = torch.tensor(np.repeat(LOBES, (1, 3, 5)), dtype=torch.float32, device=device)
            found = torch.einsum("kpi,kpc,p->kic", basis(direction), radiance, area) * blur[:, None]
            mean = found[:, :1].mean(-1, keepdim=True) * FLAT
            light[rows] = found * self._mean[rows] / mean.clamp(min=1e-4)
        return light


def shade(light: torch.Tensor, seen: Visible) -> torch.Tensor:
    """The light on pixels float32 [P, 3], of harmonics [N, 9, 3] for each picture."""
    return torch.einsum("pi,pic->pc", basis(seen.normal), light[seen.picture]).clamp(min=0)


def panorama(side: int, turn: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The directions of the pixels of equirectangular panoramas, row by row, y up.

    Args:
        side: of the panoramas in pixels.
        turn: by which each is turned about y, in radians, float32 [K, 1].

    Returns:
        Unit vectors float32 [K, side * side, 3], and the solid angles of the pixels [side * side], which sum to 4 pi.
    """
    edge = torch.linspace(np.pi / 2, -np.pi / 2, side + 1)
    up = ((edge[1:] + edge[:-1]) / 2).repeat_interleave(side)
    around = ((torch.arange(side) + 0.5) * (2 * np.pi / side)).repeat(side) + turn
    up = up.expand_as(around)
    direction = torch.stack([up.cos() * around.sin(), up.sin(), up.cos() * around.cos()], dim=-1)
    band = edge[:-1].sin() - edge[1:].sin()
    return direction, band.repeat_interleave(side) * (2 * np.pi / side)


def basis(direction: torch.Tensor) -> torch.Tensor:
    """The real spherical harmonics of orders 0 to 2 (Eq. 3) at unit vectors float32 [..., 3]: float32 [..., 9]."""
    x, y, z = direction.unbind(-1)
    first, second = np.sqrt(3 / (4 * np.pi)), np.sqrt(15 / (4 * np.pi))
    return torch.stack(
        [
            torch.full_like(x, FLAT),
            first * y,
            first * z,
            first * x,
            second * x * y,
            second * y * z,
            second / np.sqrt(12) * (3 * z * z - 1),
            second * x * z,
            second / 2 * (x * x - y * y),
        ],
        dim=-1,
    )
