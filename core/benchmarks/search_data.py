"""Galleries and queries whose truth is known: objects as files, pictures and scans of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import trimesh
from scipy.spatial.transform import Rotation

from core.encoders.feature_map import Box, box_around
from core.errors import CounterpointError
from core.fields.cache import cache_key
from core.files import cache_dir, make_folder, write_atomic
from core.geometry.sampling import sample_surface
from core.geometry.shape import Shape, make_shape
from core.progress import Progress
from core.retrieval.build import index_folder
from core.retrieval.describe import GallerySpec
from core.retrieval.store import Gallery, open_gallery
from core.training.pictures import PictureSettings, Surface, take_picture
from core.training.procedural import Object3D

KINDS = {
    "beetle": "car", "CesiumMilkTruck": "car", "cow": "quadruped", "spot": "quadruped", "stanford-bunny": "quadruped",
    "alligator": "quadruped", "homer": "biped", "woody": "biped", "cheburashka": "biped", "Duck": "bird",
    "mustard_bottle": "bottle", "bleach_cleanser": "bottle", "windex_bottle": "bottle", "power_drill": "drill",
}  # fmt: skip
"""Common test models and scans that are of a procedural category; the kind of any other is its name."""

CLUTTER = PictureSettings(plain=0, any_roll=0, fill=(0.6, 0.9), shift=0.03, elevation=(-5, 60))
"""Upright pictures before clutter."""


@dataclass
class QueryPhoto:
    """A picture of an object.

    Attributes:
        item: the number of the object.
        image: RGB uint8 [H, W, 3].
        mask: bool [H, W], the object's pixels.
        box: around them, in pixels.
    """

    item: int
    image: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.bool_]
    box: Box


def gallery_of(items: Sequence[Object3D], name: str, spec: GallerySpec, progress: Progress) -> Gallery:
    """Make the gallery of objects as files; what is in the cache from a run before is used again.

    Args:
        items: the objects.
        name: tells these objects from others.
        spec: how they are described.
        progress: is told how far it is.
    """
    place = cache_dir() / "benchmarks" / cache_key("retrieval", name, str(spec))[:16]
    files = place / "shapes"
    try:
        for number, item in enumerate(items):
            file = files / item.category / f"{number}.ply"
            if not file.exists():
                make_folder(file.parent)
                _write(item.shape, file)
        index_folder(files, place / "gallery", spec, progress=progress)
    except OSError as error:
        raise CounterpointError(f"The gallery of the benchmark cannot be written ({error}).") from error
    return open_gallery(place / "gallery")


def numbers_of(gallery: Gallery, items: Sequence[Object3D]) -> npt.NDArray[np.int64]:
    """Return the numbers in the gallery of :func:`gallery_of` of its objects, int64 [N]."""
    paths = [gallery.root / item.category / f"{number}.ply" for number, item in enumerate(items)]
    return np.array([gallery.number_of(path) for path in paths], np.int64)


def take_photos(
    items: Sequence[Object3D],
    chosen: Sequence[int] | npt.NDArray[np.int64],
    settings: PictureSettings = CLUTTER,
    seed: int = 0,
) -> list[QueryPhoto | None]:
    """Take a picture of each of the chosen objects; None if less than 200 pixels show the object.

    Args:
        items: the objects.
        chosen: the numbers of those that are taken, int [n].
        settings: how pictures vary.
        seed: of the pictures.
    """
    photos: list[QueryPhoto | None] = []
    for number in chosen:
        rng = np.random.default_rng((31, int(number), seed))
        picture = take_picture(items[number], rng, settings, Surface(3 * int(number)))
        seen = picture.mask.sum() >= 200
        photos.append(QueryPhoto(int(number), picture.image, picture.mask, box_around(picture.mask)) if seen else None)
    return photos


def scan(shape: Shape, seed: int) -> Shape:
    """Make a noisy point cloud of a shape, turned about its up axis (+y)."""
    rng = np.random.default_rng((37, seed))
    points = sample_surface(shape, 2048)
    turn = Rotation.from_euler("y", rng.uniform(0, 2 * np.pi)).as_matrix()
    places = points.position + rng.normal(0, 0.01, points.position.shape)
    return make_shape(places @ turn.T, np.zeros((0, 3), np.int64), name="scan")


def _write(shape: Shape, file: Path) -> None:
    """Write a PLY, which has z up; a whole file or none."""
    colors = shape.colors
    mesh = trimesh.Trimesh(shape.vertices[:, [0, 2, 1]] * [1, -1, 1], shape.faces, process=False, vertex_colors=colors)
    write_atomic(file, mesh.export(file_type="ply"))
