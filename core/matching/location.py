"""Correspondences: places of two things that show the same."""

from dataclasses import dataclass

Location = tuple[float, ...]
"""A pixel (u, v) of an image, or a point (x, y, z) of a shape in the units and axes of its file."""


@dataclass(frozen=True)
class Correspondence:
    """A place of the source, and the place of the target where the same is seen.

    Attributes:
        at: the place in the source.
        to: the place in the target.
    """

    at: Location
    to: Location
