"""A shape in a photo, and what the files of poses have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from core.arrays import Floats
from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import Pose
from core.notices import warn
from core.units import Unit

SAME = 5e-3
"""Scales nearer to 1 come of rotations that were rounded or have drifted."""

Read = TypeVar("Read")


@dataclass(frozen=True)
class View:
    """A shape in a photo.

    Attributes:
        image: name of the photo's file; ``size`` is its (width, height).
        K: float64 [3, 3].
        lens: how the photo's lens bends, or None.
        shape: name of the shape's file, "" where nobody said it.
        unit: of the shape; None where nobody thought of it.
    """

    image: str
    size: tuple[int, int]
    K: Floats
    pose: Pose
    lens: Lens | None = None
    shape: str = ""
    unit: Unit | None = None

    @property
    def camera(self) -> PhotoCamera:
        """Its intrinsics and lens."""
        return PhotoCamera(self.K, self.size if all(self.size) else None, self.lens)


@dataclass(frozen=True)
class Entry:
    """A pose as a file holds it.

    Attributes:
        image: name of the photo, or number of it in a file that has numbers only, "" where the file does not say.
        camera: of the photo, where the file says it.
        object: number of the object (BOP), or None.
        unit: metres that one unit of the pose's translation is; None where it is the shape's unit.
        remark: a sentence to be said where this pose is used, or "".
    """

    pose: Pose
    image: str = ""
    camera: PhotoCamera | None = None
    object: int | None = None
    unit: float | None = None
    remark: str = ""


def rigid(pose: Pose, where: str) -> None:
    """Refuse a scale in a format that has none; one that is nearly 1 is left out, which is said.

    Raises:
        CounterpointError: the scale is other than 1.
    """
    off = float(np.abs(np.asarray(pose.s) - 1).max())
    if off > SAME:
        raise CounterpointError(f"{where} has no scale, and this pose has; save it as JSON, a matrix or Scan2CAD.")
    if off > 1e-9:
        warn(f"{where} has no scale; that of this pose, which differs from 1 by {off:.2g}, is left out.")


def guarded(path: str | Path, read: Callable[[], Read]) -> Read:
    """What ``read`` returns; any way in which a file can be wrong becomes one sentence.

    Raises:
        CounterpointError: the content is not that of the format.
    """
    try:
        return read()
    except CounterpointError:
        raise
    except (
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        AttributeError,
        OverflowError,
        np.linalg.LinAlgError,
        OSError,
    ) as error:
        raise CounterpointError(f"{Path(path).name} holds no poses that can be read ({error}).") from error
