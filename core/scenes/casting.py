"""What a photo shows of its posed things: rays cast through its own pixels, lens and all, and what hides what."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache, cached

from core.arrays import Floats
from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.geometry.raycasting import Raycaster
from core.geometry.shape import Shape, load_shape
from core.images import load_depth
from core.interchange.names import listed
from core.notices import warn
from core.registration.things import InstanceKey
from core.scenes.models_info import size_doubt
from core.scenes.scene import Scene, ScenePhoto, SceneShape

Bools = npt.NDArray[np.bool_]
Window = tuple[int, int, int, int]
"""Columns x0 to x1 and rows y0 to y1 of a picture, without the last; it may reach beyond the picture."""

DELTA = 0.015
"""Metres that a surface may lie behind the measured depth and still be seen (BOP: 15 mm)."""

KEPT = 1 << 30
"""Bytes of shapes with their casters that stay in memory; one that alone is larger is read again each time."""

_EDGE = 12
"""Points along each edge of a box by which it is found where a shape appears."""

_MARGIN = 3
"""Pixels around that, for what a lens bends between them."""


@dataclass(frozen=True)
class Silhouette:
    """Of one thing in one photo.

    Attributes:
        window: where it may be, as far as one picture beyond each border (as bop_toolkit has it).
        distance: float32 [h, w] of the window, along the rays in units of the scene; inf where the thing is not.
        seen: bool [h, w], where it is in the picture and nothing hides it.
        size: (width, height) of the photo.
        measured: the number of its pixels in the photo for which a depth is known; of a photo without depth all.
    """

    thing: InstanceKey
    window: Window
    distance: Floats
    seen: Bools
    size: tuple[int, int]
    measured: int

    @property
    def whole(self) -> Bools:
        """Where the thing is, hidden or not and also beyond the borders, bool [h, w] of the window."""
        return np.isfinite(self.distance)

    def mask(self, visible: bool = False) -> Bools:
        """The pixels of the thing in the photo, bool [H, W]; those alone that nothing hides if ``visible``."""
        return self._placed(self.seen if visible else self.whole, False)

    def depth(self) -> Floats:
        """The distances in the photo, float32 [H, W], inf where the thing is not."""
        return self._placed(self.distance, np.inf)

    def box(self, visible: bool = False) -> tuple[int, int, int, int] | None:
        """(x, y, width, height) of all of it, beyond the borders too, or of what is seen: counts of pixels.

        None where there is nothing.
        """
        rows, columns = np.nonzero(self.seen if visible else self.whole)
        if len(rows) == 0:
            return None
        x, y = int(columns.min()), int(rows.min())
        return x + self.window[0], y + self.window[1], int(columns.max()) - x + 1, int(rows.max()) - y + 1

    def _placed(self, values: npt.NDArray, empty: object) -> npt.NDArray:
        width, height = self.size
        whole = np.full((height, width), empty, values.dtype)
        photo, own = overlap(self.window, self.size)
        whole[photo] = values[own]
        return whole


def overlap(window: Window, size: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The pixels that a window and a photo of ``size`` (width, height) share: in the photo, and in the window."""
    x0, x1 = max(window[0], 0), max(min(window[2], size[0]), max(window[0], 0))
    y0, y1 = max(window[1], 0), max(min(window[3], size[1]), max(window[1], 0))
    own = slice(y0 - window[1], y1 - window[1]), slice(x0 - window[0], x1 - window[0])
    return (slice(y0, y1), slice(x0, x1)), own


def _bytes(caster: Raycaster) -> int:
    """What a caster and its shape take, about: Embree's tree has some 150 bytes a triangle."""
    shape = caster.shape
    arrays = shape.vertices, shape.faces, shape.texture, shape.uv, shape.colors
    triangles = 6 * len(shape.vertices) if shape.is_point_cloud else len(shape.faces)
    return 150 * triangles + sum(array.nbytes for array in arrays if array is not None)


@cached(LRUCache(KEPT, getsizeof=_bytes), lock=Lock())
def caster_of(path: str, changed: float) -> Raycaster:
    """The caster of a shape's file, kept while the file stays as it is (``changed``: its time)."""
    return Raycaster(load_shape(path))


def shape_of(shape: SceneShape) -> Shape:
    """The shape of a scene's shape, kept in memory with its caster."""
    return caster_for(shape).shape


def caster_for(shape: SceneShape) -> Raycaster:
    """What rays are cast at for a scene's shape, kept in memory with those used last.

    Raises:
        CounterpointError: its file is not there.
    """
    if not shape.path.is_file():
        raise CounterpointError(f"{shape.path}, the shape of object {shape.object_id}, is not there.")
    changed = shape.path.stat().st_mtime
    _say_size(shape, changed)
    return caster_of(str(shape.path), changed)


@cached({}, key=lambda shape, changed: (shape.path, changed), lock=Lock())
def _say_size(shape: SceneShape, changed: float) -> None:
    """Warn once where a file is not as large as the data set says."""
    doubt = size_doubt(caster_of(str(shape.path), changed).shape, shape.info)
    if doubt:
        warn(f"{shape.path.name}: {doubt} Its poses put it where it is not seen; bring it into millimetres first.")


def rays_of(camera: PhotoCamera, window: Window) -> Floats:
    """Unit rays float64 [h, w, 3] of the camera's frame through the pixels of a window, lens and all.

    NaN where the lens shows nothing.
    """
    across, down = np.arange(window[0], window[2], dtype=float), np.arange(window[1], window[3], dtype=float)
    if camera.lens is None:
        pixels = np.stack(np.meshgrid(across, down), axis=-1)
    else:
        pixels = camera.lens.undistort_grid(across, down, camera.K)
        pixels = np.where(np.abs(pixels) < 1e6, pixels, np.nan)
    xy = (pixels - camera.K[:2, 2]) / [camera.K[0, 0], camera.K[1, 1]]
    rays = np.concatenate([xy, np.ones_like(xy[..., :1])], axis=-1)
    return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True))


def window_of(camera: PhotoCamera, pose: Pose, shape: SceneShape) -> Window:
    """Where a posed shape may appear: around the edges of its box, all there is where these are not all before the camera."""
    assert camera.size is not None
    width, height = camera.size
    whole = -width, -height, 2 * width, 2 * height
    low, high = shape_of(shape).bounds / shape.scale
    steps = np.linspace(0, 1, _EDGE)
    corners = np.stack(np.meshgrid(steps, [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(-1, 3)
    edges = np.concatenate([np.roll(corners, turn, axis=1) for turn in range(3)])
    points = pose(low + edges * (high - low))
    pixels, depth = camera.project(points)
    if (depth <= 1e-6).any() or not np.isfinite(pixels).all():
        return whole
    first, last = np.floor(pixels.min(0)) - _MARGIN, np.ceil(pixels.max(0)) + _MARGIN + 1
    x0, y0 = (int(max(whole[i], min(first[i], whole[i + 2]))) for i in range(2))
    x1, y1 = (int(min(whole[i + 2], max(last[i], first[i] + 1, (x0, y0)[i]))) for i in range(2))
    return x0, y0, max(x1, x0), max(y1, y0)


def distances(camera: PhotoCamera, pose: Pose, shape: SceneShape, window: Window | None = None) -> Floats:
    """How far a posed shape is along the rays through the pixels of a window, in units of the scene.

    float32 [h, w], inf where the shape is not; without a window of the whole photo.
    """
    assert camera.size is not None
    window = window or (0, 0, *camera.size)
    rays, caster = rays_of(camera, window), caster_for(shape)
    found = np.full(rays.shape[:2], np.inf, np.float32)
    middle = pose(caster.shape.center / shape.scale)
    reach = float(caster.shape.diagonal / shape.scale * np.max(pose.s) / 2) * 1.001
    along = rays @ middle
    near = np.isfinite(along) & (middle @ middle - np.square(along) <= reach**2)
    if not near.any():
        return found
    unit = shape.scale / caster.shape.diagonal
    origin = caster.shape.to_normalised(pose.inverse(np.zeros(3)) * shape.scale)
    directions = (rays[near] @ pose.R) / pose.s * unit
    found[near] = caster.cast(origin, directions).distance
    return found


def silhouettes(scene: Scene, photo: ScenePhoto) -> list[Silhouette]:
    """Everything that has a pose in a photo with what is seen of it: each may hide the others.

    Where the photo has a depth picture, what lies ``DELTA`` behind that is hidden too. Things without a shape are left
    out, which is said.

    Raises:
        CounterpointError: the photo has no camera, or a shape cannot be read.
    """
    camera = camera_in(photo)
    assert camera.size is not None
    poses = scene.by_photo.get(photo.key, {})
    _say_unknown(scene, poses)
    cast = {}
    for thing, posed in poses.items():
        if thing.object_id in scene.shapes:
            shape = scene.shapes[thing.object_id]
            window = window_of(camera, posed.pose, shape)
            cast[thing] = window, distances(camera, posed.pose, shape, window)
    nearest = np.full(camera.size[::-1], np.inf, np.float32)
    for window, distance in cast.values():
        there, own = overlap(window, camera.size)
        nearest[there] = np.minimum(nearest[there], distance[own])
    measured = measured_distances(scene, photo)
    limit = nearest if measured is None else np.minimum(nearest, measured + DELTA / scene.unit.metres)
    return [_silhouette(thing, *found, limit, measured, camera.size) for thing, found in cast.items()]


def _silhouette(
    thing: InstanceKey, window: Window, distance: Floats, limit: Floats, measured: Floats | None, size: tuple[int, int]
) -> Silhouette:
    there, own = overlap(window, size)
    seen = np.zeros(distance.shape, bool)
    inside = np.isfinite(distance[own])
    seen[own] = inside & (distance[own] <= limit[there])
    known = inside if measured is None else inside & np.isfinite(measured[there])
    return Silhouette(thing, window, distance, seen, size, int(known.sum()))


def measured_distances(scene: Scene, photo: ScenePhoto) -> Floats | None:
    """The depth picture as distances along the rays in units of the scene, float64 [H, W], inf where it says nothing.

    None where the photo has no depth.
    """
    if photo.depth is None:
        return None
    camera = camera_in(photo)
    assert camera.size is not None
    try:
        depth = load_depth(photo.depth, camera.size, scene.unit, camera.depth_scale)
    except CounterpointError as error:
        warn(f"The depth of the photo {photo.key} is left out: {error}")
        return None
    rays = rays_of(camera, (0, 0, *camera.size))
    return np.where(np.isfinite(depth), depth / rays[..., 2], np.inf)


def camera_in(photo: ScenePhoto) -> PhotoCamera:
    """The photo's camera, with its size.

    Raises:
        CounterpointError: nobody said it.
    """
    if photo.camera is None or photo.camera.size is None:
        raise CounterpointError(f"The photo {photo.key} has no camera, so that nothing can be drawn in it; give one.")
    return photo.camera


def _say_unknown(scene: Scene, poses: Mapping[InstanceKey, object]) -> None:
    unknown = sorted({thing.object_id for thing in poses} - set(scene.shapes))
    if unknown:
        warn(f"{scene.root} has no shapes of the objects {listed(unknown)}: neither masks nor boxes are made of them.")
