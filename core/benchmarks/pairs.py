"""Correspondence between pictures, of the same object or of two objects of a category."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from core.arrays import Floats
from core.benchmarks.bootstrap import spread_of_share
from core.benchmarks.held_out import category_pair
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import encode_image
from core.geometry.pixel_grid import pixels_of, random_pixels
from core.progress import Progress, silent
from core.training.pictures import Picture, PictureSettings, Surface, take_picture
from core.training.procedural import Object3D

SAME_PLACE = 0.02
"""A pixel of the other picture shows the same place if its surface point is this near (fraction of the diagonal)."""


@dataclass
class PicturePair:
    """Pixels of a picture that are to be found in another.

    Attributes:
        a: the first picture.
        b: the second picture.
        pixels: (u, v) in the first, int64 [N, 2].
        truth: (u, v) in the second, float64 [N, 2]; None between different objects.
    """

    a: Picture
    b: Picture
    pixels: npt.NDArray[np.int64]
    truth: Floats | None


def view_pairs(items: Sequence[Object3D], pixels: int) -> list[PicturePair]:
    """Take two pictures of each object in new light before new backgrounds, and choose pixels that both of them see."""
    pairs = []
    for number, item in enumerate(items):
        rng, surface = np.random.default_rng((7, number)), Surface(number)
        a, b = (take_picture(item, rng, PictureSettings(plain=0.1), surface) for _ in range(2))
        rows, columns = np.nonzero(a.mask)
        there, _ = b.camera.project(a.point[rows, columns])
        at = np.clip(np.rint(there), 0, len(b.mask) - 1).astype(int)
        shown = b.mask[at[:, 1], at[:, 0]]
        near = np.linalg.norm(b.point[at[:, 1], at[:, 0]] - a.point[rows, columns], axis=1) < SAME_PLACE
        both = np.flatnonzero(shown & near)
        if len(both) < 20:
            continue
        chosen = rng.choice(both, min(pixels, len(both)), replace=False)
        pairs.append(PicturePair(a, b, np.stack([columns, rows], axis=1)[chosen], there[chosen]))
    return pairs


def instance_pairs(count: int, pixels: int) -> list[PicturePair]:
    """Take pictures of two held-out objects of one category, and choose pixels of parts that both pictures show."""
    pairs = []
    for number in range(count):
        rng, items = np.random.default_rng((8, number)), category_pair(number, 5000)
        a, b = (take_picture(item, rng, PictureSettings(plain=0.1)) for item in items)
        both = a.mask & np.isin(a.part, np.unique(b.part[b.mask]))
        if both.sum() < 20 or b.mask.sum() < 200:
            continue
        pairs.append(PicturePair(a, b, random_pixels(both, pixels, rng), None))
    return pairs


def find(pair: PicturePair, encoder: ImageEncoder) -> npt.NDArray[np.int64]:
    """Return for every pixel the one of the second picture with the most similar descriptor.

    It is one of the object's: (u, v) int64 [N, 2].
    """
    size = len(pair.a.image)
    maps = [encode_image(encoder, p.image) for p in (pair.a, pair.b)]
    every = pixels_of(pair.b.mask)
    candidates = every[:: max(1, len(every) // 6000)]
    similarity = maps[0].sample(pair.pixels) @ maps[1].sample(candidates).T
    best = torch.argmax(similarity, dim=1).numpy()
    return np.asarray(np.clip(candidates[best], 0, size - 1))


def guess(pair: PicturePair, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return for every pixel a random one of the second picture's object: (u, v) int64 [N, 2]."""
    every = pixels_of(pair.b.mask)
    return every[rng.integers(len(every), size=len(pair.pixels))]


def measure_views(
    pairs: Sequence[PicturePair], encoder: ImageEncoder | None, progress: Progress = silent
) -> dict[str, float]:
    """Measure correspondence between pictures of the same object; without an encoder the matches are random.

    ``ape``: average pixel error, and ``pcdp@t``: share of dense points with an error below t, both as fractions of the
    picture's side (Multiview Equivariance Improves 3D Correspondence Understanding, ICLR 2025). ``pck@t``: share whose
    surface point lies within t of the true one, a fraction of the object's diagonal. ``mirrored``: share that is not
    within 0.1 of the true point but within 0.1 of its mirror image across the plane between left and right, of the
    points farther than 0.1 from that plane.
    """
    rng = np.random.default_rng(3)
    pixel_errors, distances, mirrored = [], [], []
    for number, pair in enumerate(pairs):
        progress(number / len(pairs), f"{encoder.name if encoder else 'chance'}: pair {number + 1} of {len(pairs)}")
        found = find(pair, encoder) if encoder else guess(pair, rng)
        assert pair.truth is not None
        pixel_errors.append(np.linalg.norm(found - pair.truth, axis=1) / len(pair.b.image))
        true = pair.a.point[pair.pixels[:, 1], pair.pixels[:, 0]]
        got = pair.b.point[found[:, 1], found[:, 0]]
        distance = np.linalg.norm(got - true, axis=1)
        distances.append(distance)
        aside = np.abs(true[:, 0]) > 0.1
        swapped = np.linalg.norm(got - true * [-1, 1, 1], axis=1)
        mirrored.append(((distance > 0.1) & (swapped < 0.1))[aside])
    error, distance, swap = np.concatenate(pixel_errors), np.concatenate(distances), np.concatenate(mirrored)
    numbers = {"points": float(len(error)), "ape": float(error.mean())}
    numbers |= {f"pcdp@{t}": float(np.mean(error < t)) for t in (0.05, 0.1, 0.2)}
    numbers |= {f"pck@{t}": float(np.mean(distance < t)) for t in (0.05, 0.1)}
    pictures = np.repeat(np.arange(len(distances)), [len(one) for one in distances])
    numbers["± pck@0.1"] = spread_of_share(distance < 0.1, pictures)
    return numbers | {"mirrored": float(swap.mean()) if len(swap) else 0.0}


def measure_instances(
    pairs: Sequence[PicturePair], encoder: ImageEncoder | None, progress: Progress = silent
) -> dict[str, float]:
    """Measure correspondence between pictures of different objects; without an encoder the matches are random.

    ``part_accuracy`` is the part of the pixels whose match lies on the same part of the other object.
    """
    rng = np.random.default_rng(3)
    right = []
    for number, pair in enumerate(pairs):
        progress(
            number / len(pairs), f"{encoder.name if encoder else 'chance'}: instances {number + 1} of {len(pairs)}"
        )
        found = find(pair, encoder) if encoder else guess(pair, rng)
        asked = pair.a.part[pair.pixels[:, 1], pair.pixels[:, 0]]
        right.append(pair.b.part[found[:, 1], found[:, 0]] == asked)
    every = np.concatenate(right)
    return {"points": float(len(every)), "part_accuracy": float(every.mean())}
