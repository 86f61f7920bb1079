"""Part transfer: a part's pixels in a picture, found on the surface of the same object or of another of its kind."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.encoders.base import ImageEncoder
from core.encoders.feature_map import encode_turned
from core.fields.lifting import LiftSettings, lift
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


def _areas(item: Object3D) -> npt.NDArray[np.floating]:
    a, b, c = (item.shape.normalised[item.shape.faces[:, i]].astype(float) for i in range(3))
    return np.asarray(np.linalg.norm(np.cross(b - a, c - a), axis=1))
