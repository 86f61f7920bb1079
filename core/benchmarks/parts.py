"""Parts: those of a picture found on the surface of the same object or of another of its kind, and points of one shape on another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from core.encoders.base import ImageEncoder, PointEncoder
from core.encoders.feature_map import encode_turned
from core.fields.field import FeatureField
from core.fields.from_points import field_from_points
from core.fields.lifting import LiftSettings, lift
from core.geometry.sampling import sample_surface
from core.matching.joint import joint_prior, view_set
from core.matching.sides import ImageSide, ShapeSide
from core.parts.transfer import mask_region, transfer
from core.progress import Progress, silent
from core.training.categories import CATEGORIES
from core.training.pictures import Picture, PictureSettings, Surface, take_picture
from core.training.procedural import HELD_OUT, Object3D, make_object

SMALLEST = 0.03
"""A part is asked for if it covers at least this share of the object's pixels in the picture."""


@dataclass
class Case:
    """A picture of one object, and the object (the same, or another of its kind) whose surface is asked."""

    picture: Picture
    target: Object3D


def cases(count: int, across: bool) -> list[Case]:
    """Pictures of held-out objects, the categories in turn."""
    settings = PictureSettings(plain=0, any_roll=0, fill=(0.6, 0.9), shift=0.03, occluded=0)
    names, made = list(CATEGORIES), []
    for number in range(count):
        shown, other = (make_object(HELD_OUT[3000 + 2 * number + i], names[number % len(names)]) for i in range(2))
        picture = take_picture(shown, np.random.default_rng((41, number)), settings, Surface(number))
        if picture.mask.sum() > 400:
            made.append(Case(picture, other if across else shown))
    return made


def measure(
    tested: Sequence[Case], encoder: ImageEncoder | None, samples: int = 6000, progress: Progress = silent
) -> dict[str, float]:
    """``iou``: mean over parts of |found and true| / |found or true| of the surface; without an encoder all of it is found."""
    scores: list[float] = []
    for number, case in enumerate(tested):
        progress(number / len(tested), f"parts {number + 1} of {len(tested)}")
        scores += _one(case, encoder, samples)
    return {"parts": float(len(scores)), "iou": float(np.mean(scores))}


def _one(case: Case, encoder: ImageEncoder | None, samples: int) -> list[float]:
    picture, item = case.picture, case.target
    shown, pixels = np.unique(picture.part[picture.mask], return_counts=True)
    asked = [int(part) for part, n in zip(shown, pixels, strict=True) if n >= SMALLEST * picture.mask.sum()]
    asked = [part for part in asked if (item.face_part == part).any()]
    if encoder is None:
        areas = np.bincount(item.face_part, _areas(item))
        return [float(areas[part] / areas.sum()) for part in asked]
    rows, columns = np.nonzero(picture.mask)
    box = tuple(map(float, (columns.min() - 0.5, rows.min() - 0.5, columns.max() + 0.5, rows.max() + 0.5)))
    maps = encode_turned(encoder, picture.image, box)  # type: ignore[arg-type]
    shape = ShapeSide(item.shape, item.caster, lift(item.shape, encoder, LiftSettings(samples), caster=item.caster))
    image, prior = joint_prior(ImageSide(maps[0], picture.image.shape[1::-1], maps[1:]), shape, view_set(shape, "y"))
    truth = item.face_part[shape.field.points.face]
    scores = []
    for part in asked:
        found = transfer(image, shape, mask_region(image, picture.part == part), prior) > 0.5
        true = truth == part
        scores.append(float((found & true).sum() / max((found | true).sum(), 1)))
    return scores


def measure_shapes(
    count: int, encoder: ImageEncoder | None, points: PointEncoder | None = None, progress: Progress = silent
) -> dict[str, float]:
    """Shape to shape: share of surface points whose match on another instance of the category lies on the same part.

    The shapes are held out and described by views of ``encoder``, or by ``points``; without both the match is a random point.
    """
    names, right = list(CATEGORIES), []
    rng = np.random.default_rng(6)
    for number in range(count):
        progress(number / count, f"shapes {number + 1} of {count}")
        one, other = (make_object(HELD_OUT[3000 + 2 * number + i], names[number % len(names)]) for i in range(2))
        sampled = [sample_surface(item.shape, 4000) for item in (one, other)]
        asked = rng.choice(4000, 200, replace=False)
        part = one.face_part[sampled[0].face[asked]]
        known = np.isin(part, other.face_part)
        if encoder is None and points is None:
            best = rng.integers(4000, size=200)
        else:
            fields = [_described(item, encoder, points) for item in (one, other)]
            similarity = fields[0].descriptors[torch.from_numpy(asked)].float() @ fields[1].descriptors.float().T
            best = similarity.argmax(1).numpy()
        right.append((other.face_part[sampled[1].face[best]] == part)[known])
    every = np.concatenate(right)
    return {"points": float(len(every)), "part_accuracy": float(every.mean())}


def _described(item: Object3D, encoder: ImageEncoder | None, points: PointEncoder | None) -> FeatureField:
    if points is not None:
        return field_from_points(item.shape, points, 4000)
    assert encoder is not None
    return lift(item.shape, encoder, LiftSettings(4000), caster=item.caster)


def _areas(item: Object3D) -> npt.NDArray[np.floating]:
    a, b, c = (item.shape.normalised[item.shape.faces[:, i]].astype(float) for i in range(3))
    return np.asarray(np.linalg.norm(np.cross(b - a, c - a), axis=1))
