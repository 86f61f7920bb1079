"""Measured depth and a shape in the same units: compared by how large the shape would appear there."""

from dataclasses import replace

import numpy as np

from core.alignment.scorer import Photo
from core.errors import CounterpointError
from core.geometry.shape import Shape
from core.notices import warn

FACTORS = (1.0, 1000.0, 0.001, 100.0, 0.01)
"""How many times larger the unit of depth may be than the shape's: metres and millimetres, or with centimetres."""

HIDDEN, NARROW = 3.0, 1.5
"""The object may show a third of its extent, and the distance by its size be this much too small."""

DIFFERS = 2.5
"""How many times the depth measured may differ from that of a pose."""


def in_shape_units(photo: Photo, shape: Shape) -> Photo:
    """The photo with depth in the shape's units, for a pose without scale.

    How far the shape is follows from how large it appears. Where depth says something else, and a change between
    metres, centimetres and millimetres explains it, depth is scaled, which is said.

    Raises:
        CounterpointError: no such change explains it.
    """
    near, far, measured = _distances(photo, shape)
    if measured is None:
        return photo
    fits = [factor for factor in FACTORS if near <= measured * factor <= far]
    if not fits:
        raise CounterpointError(
            f"The depth puts the object at {measured:.4g}, and a shape of this size appears as large at {near:.4g} to {far:.4g} units: "
            "check the unit of the depth (--unit on the command line) and the intrinsics, or solve for the size too (7 degrees of freedom, --dof 7)."
        )
    factor = fits[0]
    if factor == 1:
        return photo
    assert photo.depth is not None
    warn(
        f"The depth and the shape are in different units: the object is {measured:.4g} away by the depth, and a shape of this size at "
        f"about {np.sqrt(near * far):.4g}; the depth was multiplied by {factor:g}."
    )
    return replace(photo, depth=photo.depth * factor)


def check_distance(measured: float, posed: float) -> None:
    """Refuse depth that is far from where a pose without scale puts the shape.

    Raises:
        CounterpointError: they differ by more than ``DIFFERS`` times.
    """
    ratio = measured / posed
    if not 1 / DIFFERS < ratio < DIFFERS:
        raise CounterpointError(
            f"The depth puts the object at {measured:.4g}, and its size in the photo at {posed:.4g} of the shape's units: "
            "check the unit of the depth (--unit on the command line, or its scale) and the intrinsics, or solve for the size too (7 degrees of freedom, --dof 7)."
        )


def _distances(photo: Photo, shape: Shape) -> tuple[float, float, float | None]:
    """Least and most distance by the size, and the median of the depth on the object (None where none is known)."""
    rows, columns = np.nonzero(photo.mask)
    if photo.depth is None or len(rows) == 0:
        return 0.0, 0.0, None
    known = photo.depth[photo.mask]
    known = known[np.isfinite(known)]
    if len(known) == 0:
        warn("The depth is known nowhere on the object, and is not used.")
        return 0.0, 0.0, None
    extent = max(float(np.ptp(rows)) + 1, float(np.ptp(columns)) + 1) / photo.K[0, 0]
    sides = np.sort(np.ptp(shape.bounds, axis=0))
    return float(sides[1]) / extent / HIDDEN, shape.diagonal / extent * NARROW, float(np.median(known))
