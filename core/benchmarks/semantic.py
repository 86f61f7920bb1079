"""Semantic transfer: keypoints of one photo found in another of the same category, on PF-PASCAL and SPair-71k."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from core.arrays import Floats
from core.benchmarks.evaluation import EvaluationUnit, Example, Outcome, draw_matches, pck, whole_size
from core.benchmarks.spair import pair_files
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import FeatureMap, encode_image
from core.errors import CounterpointError
from core.files import check_file, read_json
from core.geometry.pixel_grid import pixel_grid
from core.images import load_image

THRESHOLDS = (0.05, 0.1, 0.15)

PASCAL = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog", "horse", "motorbike",
    "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip


@dataclass(frozen=True)
class KeypointPair:
    """Keypoints of a photo and the same places in another photo.

    Attributes:
        a: the first photo.
        b: the second photo.
        asked: pixels (u, v) of the first photo, float64 [N, 2].
        truth: pixels (u, v) of the second photo, float64 [N, 2].
        length: the length in pixels that errors are fractions of; None for the second photo's longer side.
    """

    a: Path
    b: Path
    asked: Floats
    truth: Floats
    length: float | None = None


def pf_pascal(place: str | Path) -> dict[str, list[KeypointPair]]:
    """Read the test pairs of PF-PASCAL by category.

    ``test_pairs_pf_different_views.csv`` (or ``test_pairs.csv``) lists in each line two images, the number of the
    category from 1, and the X and Y of the keypoints in both, separated by semicolons.

    Raises:
        CounterpointError: ``place`` is not laid out as PF-PASCAL.
    """
    root = Path(place)
    names = ("test_pairs_pf_different_views.csv", "test_pairs.csv")
    table = next((root / name for name in names if (root / name).exists()), None)
    if table is None:
        raise CounterpointError(f"{place} is not PF-PASCAL: it has no {' or '.join(names)}.")
    pairs: dict[str, list[KeypointPair]] = {}
    with table.open(newline="") as file:
        for number, row in enumerate(list(csv.reader(file))[1:], 2):
            try:
                a, b = (_image(root, name) for name in row[:2])
                kind = PASCAL[int(float(row[2])) - 1]
                xs, ys, other_xs, other_ys = ([float(v) for v in cell.split(";") if v.strip()] for cell in row[3:7])
                asked, truth = np.array([xs, ys]).T, np.array([other_xs, other_ys]).T
                if asked.shape != truth.shape:
                    raise ValueError("the photos have different numbers of keypoints")
            except (ValueError, IndexError) as error:
                raise CounterpointError(f"Line {number} of {table.name} cannot be read ({error}).") from error
            pairs.setdefault(kind, []).append(KeypointPair(a, b, asked, truth))
    return pairs


def _image(root: Path, name: str) -> Path:
    """Return the file of an image, which the lists name from the folder above, whatever that is called."""
    found = root.parent / name
    return found if found.exists() else root / "JPEGImages" / Path(name).name


def spair(place: str | Path) -> dict[str, list[KeypointPair]]:
    """Read the test pairs of SPair-71k by category; errors are fractions of the longer side of the target's box.

    Raises:
        CounterpointError: ``place`` is not laid out as SPair-71k.
    """
    root = Path(place)
    return {kind: [_pair(root, kind, file) for file in files] for kind, files in pair_files(place).items()}


def _pair(root: Path, kind: str, file: Path) -> KeypointPair:
    one = read_json(file)
    try:
        x0, y0, x1, y1 = one["trg_bndbox"]
        a, b = (root / "JPEGImages" / kind / str(one[name]) for name in ("src_imname", "trg_imname"))
        asked, truth = (np.array(one[name], float).reshape(-1, 2) for name in ("src_kps", "trg_kps"))
    except (KeyError, TypeError, ValueError) as error:
        raise CounterpointError(f"{file.name} is no pair of SPair-71k ({error}).") from error
    return KeypointPair(a, b, asked, truth, max(x1 - x0, y1 - y0))


def units(pairs: dict[str, list[KeypointPair]], count: int) -> list[EvaluationUnit]:
    """Make a unit of each category, with at most ``count`` pairs."""
    return [EvaluationUnit(kind, partial(_category, pairs[kind][:count])) for kind in sorted(pairs)]


def _category(pairs: Sequence[KeypointPair], encoder: ImageEncoder) -> Outcome:
    @lru_cache(64)
    def seen(path: Path) -> tuple[npt.NDArray[np.uint8], FeatureMap]:
        image = load_image(check_file(path))
        return image, encode_image(encoder, image, size=whole_size(encoder))

    errors, examples = [], []
    for pair in pairs:
        (a, map_a), (b, map_b) = seen(pair.a), seen(pair.b)
        found = nearest(map_a, map_b, pair.asked)
        error = np.linalg.norm(found - pair.truth, axis=1) / (pair.length or max(b.shape[:2]))
        errors.append(error)
        right = error < 0.1
        examples.append(Example(float(right.mean()), draw_matches(a, b, pair.asked, found, right)))
    return Outcome(pck(np.concatenate(errors), THRESHOLDS), float(sum(map(len, errors))), examples)


def nearest(a: FeatureMap, b: FeatureMap, pixels: npt.ArrayLike) -> Floats:
    """Find in ``b`` the descriptors nearest to those at pixels of ``a``; cells are interpolated four times finer.

    Args:
        a: the feature map of a photo.
        b: the feature map of another.
        pixels: (u, v) [N, 2] of the first photo.

    Returns:
        Pixels (u, v) float64 [N, 2] of the second photo.
    """
    cells = torch.nn.functional.interpolate(b.descriptors.permute(2, 0, 1)[None], scale_factor=4, mode="bilinear")[0]
    unit = torch.nn.functional.normalize(cells, dim=0)
    h, w = unit.shape[1:]
    where = b.to_pixels((pixel_grid(w, h) + 0.5) / 4 - 0.5)
    x0, y0, x1, y1 = b.box
    inside = (where[..., 0] >= x0) & (where[..., 0] <= x1) & (where[..., 1] >= y0) & (where[..., 1] <= y1)
    similarity = a.sample(pixels) @ unit[:, torch.from_numpy(inside)]
    return np.asarray(where[inside][similarity.argmax(1).numpy()])
