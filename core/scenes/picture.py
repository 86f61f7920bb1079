"""The posed things of a photo, drawn together: what is nearer hides what is behind it, each has its own colour."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import Pose, resized_intrinsics
from core.geometry.raycasting import Raycaster, surface_normal
from core.geometry.render import surface_color
from core.registration.things import InstanceKey, PoseUncertainty
from core.scenes.casting import Window, caster_for, overlap, rays_of, window_of
from core.scenes.scene import SceneShape

Rgb = tuple[int, int, int]

PIXELS = 400_000
"""Of a picture at most; a larger photo gets a coarser one."""

RAYS = 500_000
"""Cast at most, of all things together: where they cover the photo several times the picture is coarser still."""

OUTLINE, SHADOW = (255, 255, 255), (20, 20, 20)
"""Of the active thing, and around that, so that it is seen before anything."""

OTHER = (255, 140, 0)
"""Of the outline of the active thing at another pose, and, faint, of what only that covers."""

HIDDEN = 110
"""Opacity, of 255, of an outline where something else is before the thing."""


@dataclass(frozen=True)
class ScenePicture:
    """Things drawn over all of a photo, coarser than the photo where that is large.

    Attributes:
        rgba: uint8 [h, w, 4].
        index: int16 [h, w], the number of the thing that is seen at a pixel, -1 for none; by ``things``.
    """

    rgba: npt.NDArray[np.uint8]
    index: npt.NDArray[np.int16]
    things: tuple[InstanceKey, ...]


def draw_things(
    camera: PhotoCamera,
    shapes: Mapping[int, SceneShape],
    poses: Mapping[InstanceKey, Pose],
    colors: Mapping[InstanceKey, Rgb],
    active: InstanceKey | None = None,
    own: bool = False,
    other: Pose | None = None,
    uncertainty: PoseUncertainty | None = None,
) -> ScenePicture:
    """Draw things whose shapes are known, each in its colour, and the outline of the active one.

    Args:
        camera: of the photo, with its size.
        shapes: by their numbers; ``poses`` in units of the scene.
        poses: of everything that is in the photo.
        colors: red, green and blue, 0 to 255.
        active: the thing that is outlined, also where another hides it.
        own: colours of the shapes themselves, where they have some.
        other: another pose of the active thing, of which the outline is drawn over everything, and filled where the
            thing is not.
        uncertainty: of the active thing's pose; the ellipse in which its middle is with 86 % (two standard deviations) is drawn.

    Raises:
        CounterpointError: a shape cannot be read.
    """
    things = tuple(thing for thing in poses if thing.object_id in shapes)
    camera, windows = _at_size(camera, shapes, {thing: poses[thing] for thing in things})
    assert camera.size is not None
    view = _View(camera)
    rgba = np.zeros((*view.index.shape, 4), np.uint8)
    casters = [caster_for(shapes[thing.object_id]) for thing in things]
    whole = {}
    for number, thing in enumerate(things):
        scale, window = shapes[thing.object_id].scale, windows[thing]
        whole[thing] = view.cast(number, casters[number], scale, poses[thing], window)
    for number, thing in enumerate(things):
        view.shade(rgba, number, casters[number], poses[thing], colors[thing], own)
    _part(rgba, view.index)
    if active is not None and active in things:
        shape, pose = shapes[active.object_id], poses[active]
        if other is not None:
            _other(rgba, camera, shape, other, whole[active])
        _outline(rgba, whole[active], view.index == things.index(active), OUTLINE)
        if uncertainty is not None:
            middle = pose(caster_for(shape).shape.center / shape.scale)
            _ellipse(rgba, camera, middle, np.array(uncertainty.axes))
    return ScenePicture(rgba, view.index, things)


def _other(
    rgba: npt.NDArray[np.uint8], camera: PhotoCamera, shape: SceneShape, pose: Pose, whole: npt.NDArray[np.bool_]
) -> None:
    """Draw a thing at another pose than the one at which it is ``whole``."""
    assert camera.size is not None
    there = _View(camera).cast(0, caster_for(shape), shape.scale, pose, (0, 0, *camera.size))
    rgba[there & ~whole] = (*OTHER, HIDDEN)
    _outline(rgba, there, there, OTHER)


def _ellipse(rgba: npt.NDArray[np.uint8], camera: PhotoCamera, middle: Floats, axes: Floats) -> None:
    """Draw where two standard deviations lie of a place [3] in the camera, whose half axes are the rows of [3, 3]."""
    if middle[2] <= 0 or not np.isfinite(axes).all():
        return
    x, y, z = middle
    slope = np.array(
        [[camera.K[0, 0] / z, 0, -camera.K[0, 0] * x / z**2], [0, camera.K[1, 1] / z, -camera.K[1, 1] * y / z**2]]
    )
    values, vectors = np.linalg.eigh(slope @ axes.T @ axes @ slope.T)
    if values[-1] > max(rgba.shape) ** 2:  # it is nearly open, and would fill the photo
        return
    turn = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    ring = 2 * np.stack([np.cos(turn), np.sin(turn)], axis=1) * np.sqrt(np.maximum(values, 0.25)) @ vectors.T
    pixels = np.rint(camera.project(middle[None])[0] + ring).astype(np.int32)
    for color, width in ((SHADOW, 3), (OUTLINE, 1)):
        cv2.polylines(rgba, [pixels], True, (*color, 255), width)


def _at_size(
    camera: PhotoCamera, shapes: Mapping[int, SceneShape], poses: Mapping[InstanceKey, Pose]
) -> tuple[PhotoCamera, dict[InstanceKey, Window]]:
    """The camera of a picture that is small enough, and where in it each thing may appear."""
    assert camera.size is not None
    small = scaled(camera, PIXELS / (camera.size[0] * camera.size[1]))
    for _ in range(2):
        assert small.size is not None
        windows = {thing: _inside(window_of(small, pose, shapes[thing.object_id]), small.size)
                   for thing, pose in poses.items()}  # fmt: skip
        rays = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in windows.values())
        if rays <= RAYS:
            break
        small = scaled(small, RAYS / rays)
    return small, windows


def scaled(camera: PhotoCamera, share: float) -> PhotoCamera:
    """The camera of the same photo with this ``share`` of its pixels, or with as many where that is 1 and more."""
    assert camera.size is not None
    if share >= 1:
        return camera
    size = tuple(max(1, round(side * share**0.5)) for side in camera.size)
    return replace(camera, K=resized_intrinsics(camera.K, np.divide(size, camera.size)), size=size)


def _inside(window: Window, size: tuple[int, int]) -> Window:
    (rows, columns), _ = overlap(window, size)
    return columns.start, rows.start, columns.stop, rows.stop


@lru_cache(maxsize=4)
def _rays(K: tuple[float, ...], size: tuple[int, int], lens: Lens | None) -> npt.NDArray[np.float32]:
    """Unit rays float32 [h, w, 3] through all pixels, kept for the next photo of the same camera."""
    return rays_of(PhotoCamera(np.reshape(K, (3, 3)), size, lens), (0, 0, *size)).astype(np.float32)


class _View:
    """What is seen at each pixel of a picture: the thing, the face of its shape and where in that, and how far it is."""

    def __init__(self, camera: PhotoCamera):
        assert camera.size is not None
        self.rays = _rays(tuple(np.ravel(camera.K).tolist()), camera.size, camera.lens)
        size = camera.size[::-1]
        self.index = np.full(size, -1, np.int16)
        self.distance = np.full(size, np.inf, np.float32)
        self.face = np.zeros(size, np.int32)
        self.bary = np.zeros((*size, 3), np.float32)

    def cast(self, number: int, caster: Raycaster, scale: float, pose: Pose, window: Window) -> npt.NDArray[np.bool_]:
        """Put a thing before what is farther; where it is, hidden or not, bool [h, w]."""
        x0, y0, x1, y1 = window
        shape, rays = caster.shape, self.rays[y0:y1, x0:x1]
        middle = pose(shape.center / scale)
        reach = float(shape.diagonal / scale * np.max(pose.s) / 2) * 1.001
        along = rays @ middle.astype(np.float32)
        rows, columns = np.nonzero(np.isfinite(along) & (middle @ middle - np.square(along) <= reach**2))
        rows, columns = rows + y0, columns + x0
        unit = scale / shape.diagonal
        origin = shape.to_normalised(pose.inverse(np.zeros(3)) * scale)
        turn = (pose.R / pose.s * unit).astype(np.float32)
        hits = caster.cast(origin.astype(np.float32), self.rays[rows, columns] @ turn)
        met = hits.mask
        whole = np.zeros(self.index.shape, bool)
        whole[rows[met], columns[met]] = True
        first = hits.distance < self.distance[rows, columns]
        at = rows[first], columns[first]
        self.index[at], self.distance[at] = number, hits.distance[first]
        self.face[at], self.bary[at] = hits.face[first], hits.bary[first]
        return whole

    def shade(
        self, rgba: npt.NDArray[np.uint8], number: int, caster: Raycaster, pose: Pose, color: Rgb, own: bool
    ) -> None:
        """Colour the pixels of a thing in rgba [h, w, 4], darker where it faces away from the camera."""
        at = np.nonzero(self.index == number)
        face, bary, shape = self.face[at], self.bary[at], caster.shape
        normal = (surface_normal(shape, face, bary) / pose.s) @ pose.R.T
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        facing = np.abs(np.einsum("nd,nd->n", normal, self.rays[at]))
        base = surface_color(shape, face, bary) if own else None
        base = np.array(color) / 255 if base is None else np.clip(base, 0, 1)
        rgba[..., :3][at] = 255 * base * (0.4 + 0.6 * facing[:, None])
        rgba[..., 3][at] = 255


def _part(rgba: npt.NDArray[np.uint8], index: npt.NDArray[np.int16]) -> None:
    """Darken rgba [h, w, 4] where the next pixel shows another thing, so that things of like colours are told apart."""
    other = np.zeros(index.shape, bool)
    other[:, :-1] |= index[:, :-1] != index[:, 1:]
    other[:-1] |= index[:-1] != index[1:]
    rgba[other & (index >= 0), :3] //= 3


def _outline(
    rgba: npt.NDArray[np.uint8], whole: npt.NDArray[np.bool_], seen: npt.NDArray[np.bool_], color: Rgb
) -> None:
    """Draw the outline of a thing into rgba [h, w, 4]; ``seen`` is the part of the ``whole`` that nothing hides."""
    rows, columns = np.nonzero(whole)
    if len(rows) == 0:
        return
    part = slice(max(rows.min() - 4, 0), rows.max() + 5), slice(max(columns.min() - 4, 0), columns.max() + 5)
    mask, around = whole[part].astype(np.uint8), np.ones((3, 3), np.uint8)
    wider = cv2.dilate(mask, around)
    near = cv2.dilate(seen[part].astype(np.uint8), around, iterations=3) > 0
    line, shadow = wider > cv2.erode(mask, around), cv2.dilate(wider, around) > wider
    drawn = rgba[part]
    drawn[shadow], drawn[line] = (*SHADOW, 255), (*color, 255)
    drawn[(line | shadow) & ~near, 3] = HIDDEN
