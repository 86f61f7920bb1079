"""A shape in a photo, and what the files of poses have in common."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.files import write_atomic
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import Pose
from core.geometry.units import Unit

Floats = npt.NDArray[np.floating]
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
    """

    pose: Pose
    image: str = ""
    camera: PhotoCamera | None = None
    object: int | None = None
    unit: float | None = None


def rigid(pose: Pose, where: str) -> None:
    """Refuse a scale in a format that has none.

    Raises:
        CounterpointError: the scale is other than 1.
    """
    if np.abs(np.asarray(pose.s) - 1).max() > 1e-9:
        raise CounterpointError(f"{where} has no scale, and this pose has; save it as JSON, a matrix or Scan2CAD.")


def write_json(path: str | Path, content: Any) -> None:
    """Write a JSON document whole or not at all."""
    write_atomic(path, (json.dumps(content, indent=1) + "\n").encode())


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
