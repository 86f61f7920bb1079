"""SPair-71k (Min et al., 2019) through 3D.

Photos of a category are congealed with a procedural shape of that category.
"""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.alignment.photo import photo_of
from core.benchmarks import pixels
from core.congealing.collection import OpenedPhoto, canonical_shape, congeal
from core.encoders.base import ImageEncoder
from core.errors import CounterpointError
from core.files import check_file, read_json
from core.geometry.pose import intrinsics
from core.images import load_image
from core.progress import Progress, span
from core.training.procedural import HELD_OUT, make_object

SHAPES = {
    "aeroplane": "plane", "bird": "bird", "bottle": "bottle", "car": "car", "cat": "quadruped", "chair": "chair", "cow": "quadruped",
    "dog": "quadruped", "horse": "quadruped", "person": "biped", "sheep": "quadruped",
}  # fmt: skip
"""The procedural category that stands for one of SPair's; the others have none and are left out."""


def measure(
    place: str, encoder: ImageEncoder, count: int, photos: int, progress: Progress
) -> dict[str, list[dict[str, Any]]]:
    """Measure PCK@0.1 (of the larger side of the target's box) over test pairs.

    Args:
        place: the folder of SPair-71k.
        encoder: describes the photos.
        count: the largest number of categories.
        photos: the largest number of photos of each.
        progress: is told how far it is.

    Raises:
        CounterpointError: ``place`` is not laid out as SPair-71k.
    """
    root, by_kind = Path(place), pair_files(place)
    kinds = [kind for kind in sorted(by_kind) if kind in SHAPES][:count]
    tables, every = {}, pixels.PixelErrors()
    for number, kind in enumerate(kinds):
        part = span(progress, number / len(kinds), (number + 1) / len(kinds))
        note = _category(root, kind, by_kind[kind], encoder, photos, part)
        tables[f"{kind} (PCK@0.1)"] = pixels.rows(note)
        for name in pixels.METHODS:
            every.right[name] += note.right[name]
        every.angle += note.angle
    return {"all categories (PCK@0.1)": pixels.rows(every), **tables}


def pair_files(place: str | Path) -> dict[str, list[Path]]:
    """List the files of the test pairs by category.

    Raises:
        CounterpointError: ``place`` is not laid out as SPair-71k.
    """
    files = sorted((Path(place) / "PairAnnotation" / "test").glob("*.json"))
    if not files:
        raise CounterpointError(f"{place} is not SPair-71k (PairAnnotation/test/*.json, JPEGImages, Segmentation).")
    found: dict[str, list[Path]] = {}
    for file in files:
        kind = file.stem.rpartition(":")[2] if ":" in file.stem else str(read_json(file)["category"])
        found.setdefault(kind, []).append(file)
    return found


def _category(
    root: Path, kind: str, files: list[Path], encoder: ImageEncoder, photos: int, progress: Progress
) -> pixels.PixelErrors:
    pairs = [read_json(file) for file in files]
    names = list(dict.fromkeys(name for pair in pairs for name in (pair["src_imname"], pair["trg_imname"])))[:photos]
    canon = canonical_shape(make_object(HELD_OUT[0], SHAPES[kind]).shape, encoder, "y", span(progress, 0.0, 0.2))
    opened = []
    for name in names:
        image = load_image(root / "JPEGImages" / kind / name)
        K = intrinsics((image.shape[1], image.shape[0]))
        mask = _mask(root / "Segmentation" / kind / f"{Path(name).stem}.png")
        try:
            opened.append(OpenedPhoto(name, photo_of(image, encoder, K, None, mask, name), known_camera=False))
        except CounterpointError:
            continue  # too small to be seen
    found = congeal(opened, canon, span(progress, 0.2, 1.0))
    matcher, note = pixels.Matcher(found), pixels.PixelErrors()
    for pair in pairs:
        if pair["src_imname"] in found.names and pair["trg_imname"] in found.names:
            a, b = found.names.index(pair["src_imname"]), found.names.index(pair["trg_imname"])
            x0, y0, x1, y1 = pair["trg_bndbox"]
            limit = 0.1 * max(x1 - x0, y1 - y0)
            matcher(a, b, np.array(pair["src_kps"], float), np.array(pair["trg_kps"], float), limit, float("nan"), note)
    return note


def _mask(path: Path) -> np.ndarray:
    """Read the object's mask bool [H, W].

    It is the most frequent label of a segmentation but 0 (background) and 255 (void).
    """
    with Image.open(check_file(path)) as image:
        labels = np.array(image)
    labels = labels if labels.ndim == 2 else labels.max(axis=2)
    found, counts = np.unique(labels[(labels > 0) & (labels < 255)], return_counts=True)
    return np.asarray(labels == (found[counts.argmax()] if len(found) else 255))
