"""What photos say of poses: pairs of a point of a shape and a pixel, each with how exact it is and in which direction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.arrays import Floats


@dataclass(frozen=True)
class Pairs:
    """Points of one shape and where one photo shows them.

    Attributes:
        points: float64 [n, 3] in units of the scene and the shape's own axes.
        pixels: float64 [n, 2] of the undistorted photo.
        weight: float64 [n, 2, 2], the square root of the inverse covariance: residuals are ``weight @ (projected -
            pixel)``, without unit.
    """

    points: Floats
    pixels: Floats
    weight: Floats

    def __len__(self) -> int:
        return len(self.points)

    @classmethod
    def none(cls) -> "Pairs":
        """No pairs."""
        return cls(np.zeros((0, 3)), np.zeros((0, 2)), np.zeros((0, 2, 2)))

    @classmethod
    def joined(cls, some: Sequence["Pairs"]) -> "Pairs":
        """All pairs of several."""
        return cls(*(np.concatenate([getattr(one, name) for one in some]) for name in ("points", "pixels", "weight")))

    @classmethod
    def exact(cls, points: Floats, pixels: Floats, sigma: float = 1.0) -> "Pairs":
        """Pairs that are as exact in all directions: points [n, 3] and pixels [n, 2] with a standard deviation in pixels."""
        return cls(points, pixels, np.tile(np.eye(2) / sigma, (len(points), 1, 1)))
