"""Photo collections whose truth is known: BOP, NAVI, and pictures of procedural objects."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from core.arrays import Floats, Mask
from core.benchmarks.bop import BopScene
from core.encoders.feature_map import Box, box_around
from core.errors import CounterpointError
from core.files import read_json
from core.geometry.pixel_grid import pixels_of
from core.geometry.pose import Pose, camera_matrix, nearest_rotation, shape_rays
from core.geometry.raycasting import Raycaster, surface_position
from core.geometry.shape import Shape, load_shape
from core.images import load_image, load_mask
from core.training.categories import CATEGORIES
from core.training.pictures import Picture, PictureSettings, Surface, take_picture
from core.training.procedural import HELD_OUT, make_object

GL = np.diag([1.0, -1.0, -1.0])
"""OpenGL camera axes from OpenCV's."""

NEAR = 0.03
"""Surface points this near (of the diagonal, or across bounding boxes) are the same place."""


@dataclass
class Shot:
    """One photo of a collection.

    Attributes:
        name: of the photo.
        image: RGB uint8 [H, W, 3].
        K: the intrinsics, float [3, 3] in pixels.
        truth: the true pose of the canonical shape.
        visible: bool [H, W], the object's pixels.
        place: float [H, W, 3], for each pixel its place on what all photos of the collection have in common; NaN off
            the object.
        part: int [H, W], the part that each pixel shows, or None; places of different parts are never the same.
    """

    name: str
    image: npt.NDArray[np.uint8]
    K: Floats
    truth: Pose
    visible: Mask
    place: Floats
    part: npt.NDArray[np.integer] | None = None

    @property
    def box(self) -> Box:
        """The box around the object, in pixels."""
        return box_around(self.visible)

    @cached_property
    def _seen(self) -> tuple[Floats, cKDTree, npt.NDArray[np.integer] | None]:
        rows, columns = np.nonzero(self.visible & np.isfinite(self.place).all(-1))
        part = None if self.part is None else self.part[rows, columns]
        return np.stack([columns, rows], axis=1).astype(np.float64), cKDTree(self.place[rows, columns]), part

    def counterparts(self, pixels: npt.NDArray[np.integer], other: "Shot") -> tuple[Floats, Mask]:
        """Find the pixels of another photo that show the same places.

        Args:
            pixels: (u, v), int [n, 2].
            other: the other photo.

        Returns:
            Pixels (u, v) float64 [n, 2] of the other photo, and whether they show the same place, bool [n].
        """
        places = self.place[pixels[:, 1], pixels[:, 0]]
        there, tree, part = other._seen
        distance, index = tree.query(places)
        same = distance < NEAR
        if part is not None and self.part is not None:
            same &= part[index] == self.part[pixels[:, 1], pixels[:, 0]]
        return there[index], same


@dataclass
class Collection:
    """Photos of one object or category.

    Attributes:
        name: of the collection.
        shape: the canonical shape.
        up: the axis of its file that points up.
        shots: the photos.
        symmetries: rotations float64 [n, 3, 3] that leave the shape as it is.
    """

    name: str
    shape: Shape
    up: str
    shots: list[Shot]
    symmetries: Floats


def bop(place: str, most: int) -> Iterator[Collection]:
    """Read a collection for each object of a BOP scene, with its own mesh as canonical shape.

    Args:
        place: the folder of the scene.
        most: the largest number of photos of each object.
    """
    scene = BopScene.open(place)
    shots: dict[int, list[Shot]] = {number: [] for number in scene.models}
    for photo in scene.photos():
        for item in scene.objects(photo):
            if len(shots[item.object_id]) >= most:
                continue
            points = np.full((*item.visible.shape, 3), np.nan)
            at = item.hits.mask
            points[at] = surface_position(scene.models[item.object_id], item.hits.face[at], item.hits.bary[at])
            truth = Pose(nearest_rotation(item.camera.R), item.camera.t)
            shots[item.object_id].append(Shot(photo, item.image, item.camera.K, truth, item.visible, points))
    for number, found in shots.items():
        turns = scene.infos[number].symmetries[:, :3, :3]
        yield Collection(f"object {number}", scene.models[number], "z", found, turns)


def navi(place: str, most: int) -> Iterator[Collection]:
    """Read the ``wild_set`` of each object of NAVI (v1.0 or v1.5), with its scan as canonical shape."""
    files = sorted(Path(place).glob("*/wild_set/annotations.json"))
    if not files:
        raise CounterpointError(f"{place} is not NAVI (OBJECT/wild_set/annotations.json).")
    for file in files:
        scans = sorted((file.parent.parent / "3d_scan").glob("*.glb")) or sorted(
            (file.parent.parent / "3d_scan").glob("*.obj")
        )
        if not scans:
            raise CounterpointError(f"{file.parent.parent.name} has no 3d_scan.")
        shape = load_shape(scans[0])
        caster = Raycaster(shape)
        shots = [_navi_shot(entry, file.parent, shape, caster) for entry in read_json(file)[:most]]
        yield Collection(file.parent.parent.name, shape, "y", shots, np.eye(3)[None])


def _navi_shot(entry: dict, folder: Path, shape: Shape, caster: Raycaster) -> Shot:
    camera = entry["camera"]
    height, width = entry["image_size"]
    w, x, y, z = camera["q"]
    R = GL @ Rotation.from_quat([x, y, z, w]).as_matrix()
    truth = Pose(R, GL @ np.array(camera["t"], np.float64))
    focal = float(camera["focal_length"])
    K = camera_matrix(focal, focal, width // 2, height // 2)
    image = load_image(folder / "images" / entry["filename"])
    mask = load_mask(folder / "masks" / f"{Path(entry['filename']).stem}.png", (width, height))
    return Shot(entry["filename"], image, K, truth, mask, _places(shape, caster, truth, K, mask))


def _places(shape: Shape, caster: Raycaster, truth: Pose, K: Floats, mask: Mask) -> Floats:
    points = np.full((*mask.shape, 3), np.nan)
    pixels = pixels_of(mask)
    hits = caster.cast(*shape_rays(truth, K, shape, pixels.astype(np.float64)))
    points[pixels[hits.mask, 1], pixels[hits.mask, 0]] = surface_position(
        shape, hits.face[hits.mask], hits.bary[hits.mask]
    )
    return points


def procedural(category: bool, count: int, photos: int, first: int = 0) -> Iterator[Collection]:
    """Make collections of pictures of held-out objects in new light.

    Args:
        category: whether each photo shows another object of a category. The canonical shape is one more of them then,
            and the true pose brings its bounding box onto the object's. Otherwise all show one object, whose mesh is
            the canonical shape.
        count: the number of collections.
        photos: the number of photos in each.
        first: the number of the first collection.
    """
    settings = PictureSettings(plain=0, any_roll=0, elevation=(0, 60), fill=(0.6, 0.9), shift=0.1, occluded=0)
    names = sorted(CATEGORIES)
    for number in range(first, first + count):
        kind = names[number % len(names)]
        canon = make_object(HELD_OUT[6000 + 60 * number], kind)
        shots = []
        for index in range(photos):
            item = make_object(HELD_OUT[6000 + 60 * number + 1 + index], kind) if category else canon
            seed = index if category else 0
            picture = take_picture(
                item, np.random.default_rng((number, index)), settings, Surface(1000 * number + seed)
            )
            if picture.mask.sum() > 200:
                shots.append(_drawn(picture, f"{index:03d}", item.shape, canon.shape))
        yield Collection(f"{kind} {number}", canon.shape, "y", shots, np.eye(3)[None])


def _drawn(picture: Picture, name: str, shape: Shape, canon: Shape) -> Shot:
    """Make a shot of a picture, whose points are in its object's normalised frame.

    Places in common are across bounding boxes.
    """
    extent = np.maximum(np.ptp(shape.normalised, axis=0), 1e-9)
    s = extent / np.maximum(np.ptp(canon.vertices, axis=0), 1e-9)
    camera = picture.camera
    place = picture.point / extent if canon is not shape else picture.point
    place = np.where(picture.mask[..., None], place, np.nan)
    truth = Pose(camera.R, camera.t - camera.R @ (s * canon.center), s)
    part = picture.part if canon is not shape else None
    return Shot(name, picture.image, camera.K, truth, picture.mask, place, part)


def collections_of(kind: str, place: str, count: int, photos: int) -> Callable[[], Iterator[Collection]]:
    """Return a reader of collections.

    Args:
        kind: "bop", "navi", "procedural" (one object each) or "procedural-category".
        place: where the data of "bop" or "navi" is; "" for the others.
        count: the number of procedural collections.
        photos: the largest number of photos in each.
    """
    readers: dict[str, Callable[[], Iterator[Collection]]] = {
        "bop": lambda: bop(place, photos),
        "navi": lambda: navi(place, photos),
        "procedural": lambda: procedural(False, count, photos),
        "procedural-category": lambda: procedural(True, count, photos),
    }
    return readers[kind]
