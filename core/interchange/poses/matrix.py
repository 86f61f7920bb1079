"""Poses as matrices of 3 x 4 or 4 x 4 numbers, and rotations whose digits were cut off."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from core.arrays import Floats
from core.errors import CounterpointError
from core.files import check_file, write_atomic
from core.geometry.pose import Pose, nearest_rotation
from core.interchange.poses.view import Entry, View, guarded
from core.notices import warn

COARSEST = 0.05
"""How far rounded numbers may be off and still be taken for a rotation."""


def to_matrix(pose: Pose) -> Floats:
    """float64 [4, 4], scale included."""
    whole = np.eye(4)
    whole[:3, :3], whole[:3, 3] = pose.R * pose.s, pose.t
    return whole


def from_matrix(values: Any, name: str = "The matrix") -> Pose:
    """The pose of a matrix [4, 4] or [3, 4], or of its numbers in a row; rounded as far as its digits say.

    A matrix whose last column instead of its last row is 0 0 0 1 is read column by column, which is said.

    Raises:
        CounterpointError: it shears, mirrors, flattens, is not finite or not of this size.
    """
    whole = np.asarray(values, np.float64)
    if whole.size not in (12, 16) or not np.isfinite(whole).all():
        raise CounterpointError(f"{name} is no pose: a pose is a matrix of 4 x 4 (or 3 x 4) finite numbers.")
    if whole.shape[-2:] == (4, 3):
        warn(
            f"{name} gives its 4 x 3 numbers column by column (the last row is the translation); it is read so. "
            "If its first three rows are the rows of R, write 4 x 4 numbers."
        )
        whole = whole.reshape(4, 3).T
    whole = whole.reshape(-1, 4)
    if len(whole) == 4 and np.abs(whole[3] - [0, 0, 0, 1]).max() > 1e-9:
        if np.abs(whole[:, 3] - [0, 0, 0, 1]).max() > 1e-9:
            raise CounterpointError(f"{name} is no pose: the last row of its 4 x 4 numbers must be 0 0 0 1.")
        warn(f"{name} gives its 4 x 4 numbers column by column (the last column is 0 0 0 1); it is read so.")
        whole = whole.T
    R, s = rotation_and_scale(whole[:3, :3], name)
    return Pose(R, whole[:3, 3].copy(), s)


def rotation_and_scale(linear: Floats, name: str) -> tuple[Floats, Floats]:
    """R [3, 3] and s [3] of ``R diag(s)`` whose numbers may be rounded: as exact as their digits allow.

    Raises:
        CounterpointError: it shears more than rounding explains, mirrors, or flattens.
    """
    linear = np.asarray(linear, np.float64).reshape(3, 3)
    s = np.linalg.norm(linear, axis=0)
    if not np.isfinite(s).all() or (s <= 0).any():
        raise CounterpointError(f"{name} flattens the shape: one of its scales is zero.")
    if np.linalg.det(linear) < 0:
        raise CounterpointError(f"{name} mirrors the shape; give a rotation.")
    rounding = 0.5 * 10.0 ** -decimals(linear) / float(s.min())
    off = float(np.abs((linear / s).T @ (linear / s) - np.eye(3)).max())
    if off > min(max(1e-3, 4 * rounding), COARSEST):
        raise CounterpointError(f"{name} shears the shape: the columns of its rotation are not at right angles.")
    exact = off < 1e-9 and np.ptp(s) < 1e-9
    if off > 2e-3 or (rounding > 4e-3 and not exact):
        warn(f"{name} has few digits: its rotation is uncertain by about {np.degrees(max(off, rounding)):.1g} degrees.")
    near = max(1e-6, np.sqrt(3) * rounding) if rounding < 0.01 else 1e-6
    if np.abs(s - 1).max() <= near and np.abs(linear).max() <= 1 + rounding:
        s = np.ones(3)
    elif np.ptp(s) <= near * s.mean():
        s = np.full(3, s.mean())
    return nearest_rotation(linear / s), s


def rotation_of(values: Any, name: str) -> Floats:
    """A rotation [3, 3] of nine numbers that were rounded or have drifted: the nearest one. See :func:`drift`.

    Raises:
        CounterpointError: it is none: it mirrors, or is off by more than ``COARSEST``.
    """
    linear = np.array(values, np.float64).reshape(3, 3)
    if not np.isfinite(linear).all() or drift(linear) > COARSEST:
        raise CounterpointError(f"The rotation in {name} is none: its columns must be at right angles and of length 1.")
    if np.linalg.det(linear) < 0:
        raise CounterpointError(f"The rotation in {name} mirrors the shape; give a rotation.")
    return nearest_rotation(linear)


def drift(values: Any) -> float:
    """How far nine numbers are from a rotation: the largest deviation of ``R.T @ R`` from the identity."""
    linear = np.array(values, np.float64).reshape(3, 3)
    return float(np.abs(linear.T @ linear - np.eye(3)).max())


def decimals(values: Floats) -> int:
    """Digits behind the point that numbers [...] were written with: of the one that has the most, 17 at most."""
    return min(17, max(_places(float(value)) for value in np.ravel(values)))


def _places(value: float) -> int:
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(0, -int(exponent)) if isinstance(exponent, int) else 17


def save(path: str | Path, view: View) -> None:
    """Four lines of four numbers."""
    lines = [" ".join(f"{value:.17g}" for value in row) for row in to_matrix(view.pose)]
    write_atomic(path, ("\n".join(lines) + "\n").encode())


def load(path: str | Path) -> list[Entry]:
    """Of a text file of 4 x 4 or 3 x 4 numbers, or a ``.npy`` array of them."""
    file = check_file(path)

    def read() -> list[Entry]:
        if file.suffix.lower() == ".npy":
            values = np.load(file, allow_pickle=False)
        else:
            text = file.read_text(encoding="utf-8-sig")
            for mark in ",;[]":
                text = text.replace(mark, " ")
            rows = [[float(word) for word in line.split("#")[0].split()] for line in text.splitlines()]
            rows = [row for row in rows if row]
            values = np.array(rows if len({len(row) for row in rows}) == 1 else [v for row in rows for v in row])
        if values.size in (7, 8):
            raise CounterpointError(
                f"{file.name} has {values.size} numbers, which seem to be a translation and a quaternion whose order is not known; "
                "give a matrix of 4 x 4."
            )
        return [Entry(from_matrix(values, file.name))]

    return guarded(file, read)
