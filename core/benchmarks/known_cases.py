"""Pictures of objects whose poses and surface points are known: photos of BOP data and renders before photos."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.benchmarks.bop import BopScene
from core.encoders.feature_map import Box, box_around
from core.geometry.pose import Pose, nearest_rotation
from core.geometry.raycasting import surface_position
from core.geometry.shape import Shape
from core.training.pictures import PictureSettings, Surface, take_picture
from core.training.scene import Object3D

VISIBLE = 0.3
"""Objects of photos of which less is seen are left out."""

SIZE = 320
"""Of a drawn picture's sides in pixels."""


@dataclass
class KnownCase:
    """One object in one picture.

    Attributes:
        name: of the picture and the object.
        image: RGB uint8 [H, W, 3].
        box: around the visible pixels.
        K: intrinsics float64 [3, 3].
        visible: bool [H, W], pixels that show the object.
        point: float32 [H, W, 3], the place on the surface (normalised frame) behind each visible pixel.
        pose: of the shape.
        shape: the object's shape, and ``up`` the axis of its file that points up.
    """

    name: str
    image: npt.NDArray[np.uint8]
    box: Box
    K: Floats
    visible: npt.NDArray[np.bool_]
    point: npt.NDArray[np.float32]
    pose: Pose
    shape: Shape
    up: str


def photo_cases(scene: BopScene, photos: Sequence[str]) -> Iterator[KnownCase]:
    """Make a case of every object of some photos that is visible enough, photo by photo."""
    for photo in photos:
        for item in scene.objects(photo, VISIBLE):
            shape, hits = scene.models[item.object_id], item.hits
            point = np.zeros((*item.visible.shape, 3), np.float32)
            at = item.visible
            point[at] = surface_position(shape, hits.face[at], hits.bary[at])
            pose = Pose(nearest_rotation(item.camera.R), item.camera.t)
            name = f"{int(photo)} object {item.object_id}"
            yield KnownCase(name, item.image, item.box, item.camera.K, item.visible, point, pose, shape, "z")


def render_cases(items: Sequence[Object3D], photos: str | None, pictures: int, seed: int) -> Iterator[KnownCase]:
    """Make cases of pictures of objects as a camera might take them, object by object.

    Args:
        items: the objects, y up.
        photos: a folder of photos that become backgrounds, textures and things in front half of the time, or None.
        pictures: of each object.
        seed: of the pictures.
    """
    settings = PictureSettings(
        SIZE, plain=0, any_roll=0.05, fill=(0.4, 0.8), shift=0.1, occluded=0.3, own=0.7, photos=photos
    )
    for number, item in enumerate(items):
        for view in range(pictures):
            picture = take_picture(item, np.random.default_rng((seed, number, view)), settings, Surface(seed + number))
            if picture.mask.sum() < 400:
                continue
            shape, camera = item.shape, picture.camera
            pose = Pose(camera.R, camera.t * shape.diagonal - camera.R @ shape.center)
            box, name = box_around(picture.mask), f"{item.category} {number} view {view}"
            yield KnownCase(name, picture.image, box, camera.K, picture.mask, picture.point, pose, shape, "y")
