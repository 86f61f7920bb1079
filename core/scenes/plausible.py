"""Whether what a scene says can be: poses before the camera and out of the shapes, and cameras that are of their photos."""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from core.interchange.names import listed
from core.notices import warn
from core.scenes.scene import ObjectPose, PoseKey, Region, Scene, ScenePhoto, SceneShape

BEYOND = 0.1
"""Shares of its photo that a box may lie outside."""
MOST = 0.5
"""A share of the poses of a scene above which it is no single slip but a convention."""


def say_odd_poses(scene: Scene) -> None:
    """Warn where poses put shapes behind the camera, or the camera into them, which other axes or another unit do."""
    behind = [photo for (photo, _), posed in scene.poses.items() if posed.pose.t[2] <= 0]
    if behind:
        warn(
            f"{scene.root} has {len(behind)} poses of {len(scene.poses)} that put their shape behind the camera (photos {_first(behind)}): "
            "poses are x_cam = R x_shape + t with OpenCV axes (x right, y down, z forward)."
        )
    radius = {number: size / 2 for number, shape in scene.shapes.items() if (size := _diameter(shape)) is not None}
    small = [
        photo.key for photo, thing, posed in scene.posed() if 0 < _across(photo, radius.get(thing.object_id), posed) < 1
    ]
    if len(small) > MOST * len(scene.poses):
        warn(
            f"{scene.root} has {len(small)} poses of {len(scene.poses)} that make their shape smaller than a pixel (photos {_first(small)}): "
            "check the unit of the translations and of the shapes (BOP: millimetres)."
        )
    near = [
        photo
        for (photo, thing), posed in scene.poses.items()
        if posed.pose.t[2] > 0
        and np.linalg.norm(posed.pose.t) < radius.get(thing.object_id, 0) * float(np.max(posed.pose.s))
    ]
    if len(near) > MOST * len(scene.poses):
        warn(
            f"{scene.root} has {len(near)} poses of {len(scene.poses)} that put the camera into the shape (photos {_first(near)}): "
            "check the unit of the translations (BOP: millimetres)."
        )


def _across(photo: ScenePhoto, radius: float | None, posed: ObjectPose) -> float:
    """About how many pixels a shape is seen across; 0 where nothing says it."""
    if photo.camera is None or radius is None or posed.pose.t[2] <= 0:
        return 0.0
    return float(2 * radius * np.max(posed.pose.s) * photo.camera.K[0, 0] / posed.pose.t[2])


def _first(photos: list[str]) -> str:
    return listed(list(dict.fromkeys(photos)), 3)


def _diameter(shape: SceneShape) -> float | None:
    """In the unit of the scene's translations; None where nobody says it."""
    size = shape.info.get("diameter")
    if not isinstance(size, int | float) and shape.bounds is not None:
        size = float(np.linalg.norm(np.subtract(shape.bounds[1], shape.bounds[0])))
    return float(size) / shape.scale if isinstance(size, int | float) else None


def say_odd_boxes(
    where: object, regions: Mapping[PoseKey, Region], sizes: Mapping[str, tuple[int, int]], rule: str
) -> None:
    """Warn of boxes that reach far out of their photos or are smaller than a pixel; ``rule`` says what their numbers are.

    Args:
        where: begins the sentence.
        regions: with boxes (x, y, width, height) in pixels.
        sizes: (width, height) of the photos by their keys.
        rule: a sentence.
    """
    boxes = [(key, np.array(one.box, np.float64)) for (key, _), one in regions.items() if one.box is not None]
    beyond = [key for key, box in boxes if _beyond(box, sizes[key]) > BEYOND]
    small = [key for key, box in boxes if box[2:].max() < 1]
    for found, what in ((beyond, "reach far out of their photos"), (small, "are smaller than a pixel")):
        if found:
            warn(f"{where} has {len(found)} boxes that {what} (photos {_first(found)}): {rule}")


def _beyond(box: npt.NDArray[np.float64], size: tuple[int, int]) -> float:
    """How far a box [4] (x, y, width, height) reaches out of a photo, as a share of its side."""
    return float(max(0.0, -(box[:2] / size).min(), ((box[:2] + box[2:]) / size).max() - 1))


def say_odd_cameras(photos: Iterable[ScenePhoto], where: str) -> None:
    """Warn of cameras whose principal point lies outside their photos; ``where`` begins the sentence."""
    outside = []
    for photo in photos:
        if photo.camera is not None and photo.camera.size is not None:
            (wide, high), (cx, cy) = photo.camera.size, photo.camera.K[:2, 2]
            if not (0 < cx < wide and 0 < cy < high):
                outside.append(f"{photo.path.name} ({cx:.4g}, {cy:.4g} of {wide} x {high})")
    if outside:
        warn(
            f"{where} has {len(outside)} cameras whose principal point lies outside their photos, so that they seem to be of photos of "
            f"another size: {listed(outside, 3)}."
        )
