"""A photo without the distortion of its lens, to be matched in; pixels go from the user's photo to it and back."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.geometry.camera import PhotoCamera
from core.geometry.lens import remapped
from core.notices import warn

Box = tuple[float, float, float, float]

MARGIN = 0.5
"""How far a undistorted picture may reach beyond the photo on each side, in sizes of the photo: a fisheye's edge would
reach without end."""


@dataclass(frozen=True)
class Undistorted:
    """A pinhole picture that shows what a photo shows; the photo itself where its lens does not bend.

    Attributes:
        camera: of the photo.
        K: float64 [3, 3] of the undistorted picture: the photo's, with the principal point moved.
        size: (width, height) of the undistorted picture.
    """

    camera: PhotoCamera
    K: Floats
    size: tuple[int, int]

    @classmethod
    def of(cls, camera: PhotoCamera, size: tuple[int, int]) -> "Undistorted":
        """Of a photo of ``size`` (width, height). What lies farther out than ``MARGIN`` is left out, which is said."""
        K = np.array(camera.K, np.float64)
        if camera.lens is None:
            return cls(camera, K, size)
        width, height = size
        across, down = np.linspace(-0.5, width - 0.5, 65), np.linspace(-0.5, height - 0.5, 65)
        rim = np.concatenate(
            [np.stack([across, np.full(65, edge)], axis=-1) for edge in (-0.5, height - 0.5)]
            + [np.stack([np.full(65, edge), down], axis=-1) for edge in (-0.5, width - 0.5)]
        )
        there = camera.lens.undistort_pixels(rim, K)
        least, most = -MARGIN * np.array(size), (1 + MARGIN) * np.array(size)
        known = there[np.isfinite(there).all(1)]
        cut = len(known) < len(there) or (known < least - 1).any() or (known > most + 1).any()
        if cut:
            warn("The lens bends so much that the edge of the photo is left out of what is matched.")
        low = least if cut else np.minimum(known.min(0), -0.5)
        high = most if cut else np.maximum(known.max(0), np.array(size) - 0.5)
        low = np.floor(np.maximum(low, least) + 0.5)
        K[:2, 2] -= low
        extent = np.ceil(np.minimum(high, most) + 0.5 - low).astype(int)
        return cls(camera, K, (int(extent[0]), int(extent[1])))

    @cached_property
    def _where(self) -> npt.NDArray[np.float32]:
        assert self.camera.lens is not None
        return self.camera.lens.sources(self.camera.K, self.K, self.size)

    def picture(self, photo: npt.NDArray[Any], nearest: bool = False) -> npt.NDArray[Any]:
        """Move what belongs to the photo's pixels to those of the undistorted picture.

        It is [H, W, ...]: colours, a mask or depth along z.

        0 (False) where the photo shows nothing; ``nearest`` mixes no pixels, as masks never do.
        """
        return photo if self.camera.lens is None else remapped(photo, self._where, nearest)

    def undistort(self, pixels: Floats) -> Floats:
        """Pixels [..., 2] of the photo in the undistorted picture, NaN where the lens has no inverse."""
        if self.camera.lens is None:
            return np.asarray(pixels, np.float64)
        return self.camera.lens.undistort_pixels(pixels, self.camera.K) + self._moved

    def distort(self, pixels: Floats) -> Floats:
        """Pixels [..., 2] of the undistorted picture in the photo."""
        if self.camera.lens is None:
            return np.asarray(pixels, np.float64)
        return self.camera.lens.distort_pixels(np.asarray(pixels, np.float64) - self._moved, self.camera.K)

    def box(self, box: Box) -> Box:
        """The box in the undistorted picture around a box x0, y0, x1, y1 of the photo."""
        if self.camera.lens is None:
            return box
        x, y = np.linspace(box[0], box[2], 33), np.linspace(box[1], box[3], 33)
        rim = np.concatenate(
            [np.stack([x, np.full(33, edge)], -1) for edge in (box[1], box[3])]
            + [np.stack([np.full(33, edge), y], -1) for edge in (box[0], box[2])]
        )
        there = self.undistort(rim)
        there = np.where(np.isfinite(there), there, np.inf * np.sign(rim - self.camera.K[:2, 2]))
        inside = np.clip(there, -0.5, np.array(self.size) - 0.5)
        (x0, y0), (x1, y1) = inside.min(0), inside.max(0)
        return float(x0), float(y0), float(x1), float(y1)

    @property
    def _moved(self) -> Floats:
        return self.K[:2, 2] - self.camera.K[:2, 2]
