"""Colours and patterns of the objects in training pictures."""

import numpy as np
import torch

from core.training.draw import Draw
from core.training.photos import Cuts
from core.training.scene import TracedScene, Visible, own_colors

PALETTE = 64
"""Colours of a surface: parts beyond that many use them again."""

PATTERNS = {"none": 0.3, "stripes": 0.15, "checks": 0.15, "blotches": 0.25, "speckles": 0.15}
"""Patterns of a surface, and how often each is drawn."""

FREQUENCY = {"stripes": (20.0, 120.0), "checks": (4.0, 16.0), "blotches": (5.0, 25.0)}
"""Range of the waves of a pattern, in radians per object diagonal."""

PHOTO = 256
"""Side in pixels of a photo that is wrapped around an object."""


class Surfaces:
    """M surfaces: a colour for each part, one for all, or the object's own, with a pattern.

    Or a photo around the object.

    Attributes:
        pattern: the pattern of each, of ``PATTERNS``.
    """

    def __init__(self, draw: Draw, count: int, own: float, photos: str | None):
        """Draw surfaces.

        Args:
            draw: the random numbers.
            count: M.
            own: share of surfaces on which an object that has colours wears nothing else.
            photos: a folder of photos, or None.
        """
        palette = draw.between(0.08, 0.95, count, PALETTE, 3)
        self._palette = torch.where(draw.chance(0.35, count, 1, 1), palette[:, :1], palette)
        self._own_plainly, self._own_ground = draw.chance(own, count, 1), draw.chance(0.7, count, 1)
        self._own_gain = draw.between(0.7, 1.3, count, 1) * draw.between(0.85, 1.15, count, 3)
        self._own_shift = draw.between(-0.05, 0.05, count, 1)
        weights = torch.tensor(list(PATTERNS.values()), device=draw.device)
        numbers = torch.multinomial(weights, count, replacement=True, generator=draw.generator).tolist()
        self.pattern = [list(PATTERNS)[number] for number in numbers]
        ranges = torch.tensor([FREQUENCY.get(name, (0.0, 0.0)) for name in self.pattern], device=draw.device)
        frequency = torch.lerp(ranges[:, :1], ranges[:, 1:], draw.between(0, 1, count, 4))
        frequency[:, 1:3] = torch.where(self._are("checks"), frequency[:, :1], frequency[:, 1:3])
        self._waves, self._phase = draw.unit(count, 4, 3) * frequency[..., None], draw.between(0, 2 * np.pi, count, 4)
        self._second, self._strength = draw.between(0.08, 0.95, count, 3), draw.between(0.2, 0.9, count, 1)
        self._photos = Cuts(draw, photos, count)
        self._photo_axes = torch.linalg.qr(draw.normal(count, 3, 2)).Q * draw.between(0.7, 2.5, count, 1, 1)
        self._photo_shift = draw.between(0, 2, count, 2)

    def _are(self, name: str) -> torch.Tensor:
        """Which surfaces have a pattern, bool [M, 1]."""
        return torch.tensor([[pattern == name] for pattern in self.pattern], device=self._palette.device)

    def albedo(self, scene: TracedScene, seen: Visible, surface: torch.Tensor, speckles: torch.Tensor) -> torch.Tensor:
        """Colours float32 [P, 3] without light.

        Args:
            scene: the objects.
            seen: the P pixels.
            surface: int64 [P], the number of the surface of each.
            speckles: bool [P], where there are speckles on surfaces that have them.
        """
        albedo, own, has_own = self._palette[surface, seen.part % PALETTE], None, None
        if scene.colored:
            own, has_own = own_colors(scene, seen)
            albedo = torch.where(has_own & self._own_ground[surface], own, albedo)
        weight = self._weight(seen, surface, speckles)[:, None] * self._strength[surface]
        albedo = albedo * (1 - weight) + self._second[surface] * weight
        if self._photos.rows:
            self._wrap_photos(albedo, seen, surface)
        if own is not None and has_own is not None:
            plain = (own * self._own_gain[surface] + self._own_shift[surface]).clamp(0, 1)
            albedo = torch.where(has_own & self._own_plainly[surface], plain, albedo)
        return albedo

    def _weight(self, seen: Visible, surface: torch.Tensor, speckles: torch.Tensor) -> torch.Tensor:
        """How much of the pattern's colour each pixel shows, float32 [P] in [0, 1]."""
        weight = torch.zeros_like(seen.distance)
        for name in set(self.pattern) - {"none"}:
            here = torch.nonzero(self._are(name)[surface, 0])[:, 0]
            waves, phase = self._waves[surface[here]], self._phase[surface[here]]
            along = (waves @ seen.point[here][..., None])[..., 0] + phase
            if name == "stripes":
                weight[here] = (along[:, 0].sin() > 0).float()
            elif name == "checks":
                weight[here] = along[:, :3].floor().sum(1) % 2
            elif name == "blotches":
                weight[here] = (along.sin().sum(1) / 2 + 0.5).clamp(0, 1)
            else:
                weight[here] = speckles[here].float()
        return weight

    def _wrap_photos(self, albedo: torch.Tensor, seen: Visible, surface: torch.Tensor) -> None:
        """Lay photos over object space along two directions, mirrored at their edges, in place of some albedos."""
        for number, photo in zip(self._photos.rows, self._photos.images(PHOTO, albedo.device), strict=True):
            here = torch.nonzero(surface == number)[:, 0]
            along = seen.point[here] @ self._photo_axes[number] + self._photo_shift[number]
            column, row = ((along % 2 - 1).abs() * (PHOTO - 1)).long().unbind(1)
            albedo[here] = photo[:, row, column].T
