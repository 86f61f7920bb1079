"""The part of a photo around one object, and the object drawn there as its pose and those before it say."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.geometry.pose import Pose, project, shape_rays
from core.geometry.raycasting import surface_position
from core.geometry.render import surface_color
from core.registration.solids import LoadedPhoto, Solid
from core.registration.things import InstanceKey

Bools = npt.NDArray[np.bool_]

NEARLY = 0.02
"""What lies before an object by more than this, in its diagonals, hides it."""


@dataclass
class Window:
    """A square of a photo, seen at a size of its own.

    Attributes:
        corner: the photo's pixel (u, v) of the first pixel, float64 [2]; ``step`` photo pixels are one of its pixels.
        lab: float32 [side, side, 3]; ``inside`` bool [side, side], where the photo is.
    """

    corner: Floats
    step: float
    lab: npt.NDArray[np.float32]
    inside: Bools

    @property
    def pixels(self) -> Floats:
        """The photo's pixels (u, v) of all of its pixels, float64 [side, side, 2]."""
        side = np.arange(len(self.lab))
        return self.corner + self.step * np.stack(np.meshgrid(side, side), axis=-1)


@dataclass
class Drawing:
    """An object drawn over a window.

    Attributes:
        own: bool [side, side], where the object would be alone; ``seen``, where nothing else hides it; ``other``, where
            something is before it.
        points: float64 [side, side, 3], what is seen of its surface in units of the scene and its own axes.
        lab: float32 [side, side, 3], its colours, or None where it has none.
        pose, K: it is drawn with.
        z: float64 [side, side], its depth in units of the scene, infinite where it is not.
    """

    window: Window
    own: Bools
    seen: Bools
    other: Bools
    points: Floats
    lab: npt.NDArray[np.float32] | None
    z: Floats
    pose: Pose
    K: Floats

    def project(self, points: Floats) -> Floats:
        """The photo's pixels [n, 2] of points [n, 3] of the object."""
        return project(self.pose, self.K, points)[0]


def box_of(solid: Solid, pose: Pose, K: Floats) -> Floats | None:
    """The box (x0, y0, x1, y1) float64 [4] of a shape in a photo; None where it is not whole before the camera."""
    pixels, depth = project(pose, K, solid.corners)
    if (depth <= 0.05 * solid.size).any():
        return None
    return np.concatenate([pixels.min(0), pixels.max(0)])


def cut_window(photo: LoadedPhoto, box: Floats, side: int, margin: float) -> Window:
    """Cut a square window of ``side`` pixels around a box [4], which is wider by ``margin`` of its longer side."""
    middle, wide = (box[:2] + box[2:]) / 2, float((box[2:] - box[:2]).max()) * (1 + 2 * margin)
    step = wide / side
    corner = middle - step * (side - 1) / 2
    # averaging over the pixels that become one: blurred first where the window is coarser than the photo
    x0, y0 = np.floor(corner - 4 * step).astype(int)
    x1, y1 = np.ceil(corner + wide + 4 * step).astype(int) + 1
    height, width = photo.lab.shape[:2]
    left, top = int(np.clip(x0, 0, width - 1)), int(np.clip(y0, 0, height - 1))
    part = photo.lab[top : max(min(y1, height), top + 1), left : max(min(x1, width), left + 1)]
    n = min(max(1, int(step / 2)), *part.shape[:2])  # of large photos whole pixels are averaged, which is quicker
    if n > 1:
        rows, columns = (size // n for size in part.shape[:2])
        part = cv2.resize(part[: rows * n, : columns * n], (columns, rows), interpolation=cv2.INTER_AREA)
    if step > 1.2 * n:
        part = cv2.GaussianBlur(part, (0, 0), 0.4 * step / n)
    x, y = (corner - [left, top] + 0.5) / n - 0.5
    to_part = np.array([[step / n, 0, x], [0, step / n, y]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    lab = cv2.warpAffine(part, to_part, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    window = Window(corner, step, lab, np.ones((side, side), bool))
    at = window.pixels
    window.inside = np.asarray(((at >= 0) & (at <= [width - 1, height - 1])).all(-1))
    return window


def draw(
    thing: InstanceKey, poses: Mapping[InstanceKey, Pose], solids: Mapping[int, Solid], window: Window, K: Floats
) -> Drawing:
    """Draw a thing over a window of a photo with intrinsics K [3, 3].

    Args:
        thing: what is drawn.
        poses: of all things in the photo's camera; what is before the thing hides it.
        solids: the shapes by their numbers.
        window: where it is drawn.
        K: of the photo.
    """
    solid, pose, pixels = solids[thing.object_id], poses[thing], window.pixels
    z, points, lab = _cast(solid, pose, K, pixels)
    nearest = np.full(z.shape, np.inf)
    low, high = pixels[0, 0], pixels[-1, -1]
    for other, where in poses.items():
        if other == thing:
            continue
        box = box_of(solids[other.object_id], where, K)
        if box is None or (box[:2] > high).any() or (box[2:] < low).any():
            continue
        nearest = np.minimum(nearest, _depth(solids[other.object_id], where, K, pixels))
    own = np.isfinite(z)
    before = nearest < np.where(own, z - NEARLY * solid.size, pose(solid.center)[2])
    return Drawing(window, own, own & ~before & window.inside, before, points, lab, z, pose, K)


def _cast(solid: Solid, pose: Pose, K: Floats, pixels: Floats) -> tuple[Floats, Floats, npt.NDArray[np.float32] | None]:
    hits = solid.caster.cast(*shape_rays(solid.of_file(pose), K, solid.shape, pixels))
    mask = hits.mask
    points = np.zeros((*mask.shape, 3))
    where = surface_position(solid.shape, hits.face[mask], hits.bary[mask])
    points[mask] = solid.shape.to_own_frame(where) * solid.scale
    z = np.full(mask.shape, np.inf)
    z[mask] = pose(points[mask])[:, 2]
    color = surface_color(solid.shape, hits.face[mask], hits.bary[mask]) if solid.colored else None
    if color is None:
        return z, points, None
    lab = np.zeros((*mask.shape, 3), np.float32)
    lab[mask] = cv2.cvtColor(color.astype(np.float32)[None], cv2.COLOR_RGB2LAB)[0] if len(color) else color
    return z, points, lab


def _depth(solid: Solid, pose: Pose, K: Floats, pixels: Floats) -> Floats:
    origin, directions = shape_rays(solid.of_file(pose), K, solid.shape, pixels)
    hits = solid.caster.cast(origin, directions)
    mask = hits.mask
    z = np.full(mask.shape, np.inf)
    met = origin + directions[mask] * hits.distance[mask][:, None]
    z[mask] = solid.of_file(pose)(solid.shape.to_own_frame(met))[:, 2]
    return z
