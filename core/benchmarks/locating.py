"""Where shapes are in photos without boxes: how often the right object is among the places found."""

import time
from collections.abc import Sequence

import numpy as np

from core.alignment.locate import box_overlap, locate, look_at_photo
from core.alignment.seek import Wanted, ranked_by_poses
from core.alignment.templates import TemplateSet, template_set
from core.benchmarks.bop import BopScene, PosedObject
from core.benchmarks.report import Row, Tables
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import load_encoder
from core.encoders.feature_map import Box
from core.fields.lifting import LiftSettings
from core.geometry.camera import PhotoCamera
from core.geometry.sampling import spread
from core.geometry.viewpoints import UP_AXES
from core.matching.matchable import MatchableShape
from core.matching.prepare import matchable_shape
from core.parts.prominence import likely_box
from core.progress import Progress, silent

UP = "z"
"""Of BOP's models."""

RIGHT = 0.5
"""A box is right whose intersection over union with that of the visible object is at least this."""

Sides = dict[int, tuple[MatchableShape, TemplateSet]]


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> Tables:
    """A table for every second photo, by which the search was made, and one for the others, which it was not.

    Each has a row for the shape's places, one for them as poses rank them, and one for the box of what stands out in the
    photo, which knows no shape.

    Args:
        settings: ``data`` is "bop:PATH"; ``count`` photos at most, spread over all of them.
        progress: told of every photo.

    Raises:
        CounterpointError: no such encoder or data.
    """
    _, place = parse_data(settings.data, TASKS["locating"].data)
    encoder, scene = load_encoder(settings.encoder), BopScene.open(place)
    every = scene.photos()
    chosen = [int(i) for i in spread(len(every), settings.count)]
    sides: Sides = {}
    tables: Tables = {}
    for name, parity in (("even photos", 0), ("odd photos", 1)):
        photos = [every[i] for i in chosen if i % 2 == parity]
        if photos:
            tables[f"objects without a box, {name}"] = measure(scene, photos, encoder, sides, progress)
    return tables


def measure(
    scene: BopScene,
    photos: Sequence[str],
    encoder: ImageEncoder,
    sides: Sides,
    progress: Progress = silent,
) -> list[Row]:
    """Look for every object of some photos that is visible to a tenth or more.

    Args:
        scene: the photos and models.
        photos: which photos.
        encoder: describes photos and shapes.
        sides: the shapes and their templates, by their numbers; what is missing is made.
        progress: told of every photo.

    Returns:
        Rows with the shares of objects that the first, and one of the first three, of the boxes is right for, and the
        seconds that a photo and shape took.
    """
    ranks: dict[str, list[int]] = {"templates of the shape": [], "and poses": [], "what stands out": []}
    seconds: dict[str, list[float]] = {name: [] for name in ranks}
    up = np.array(UP_AXES[UP], np.float64)
    for number, photo in enumerate(photos):
        progress(number / len(photos), f"photo {number + 1} of {len(photos)}")
        objects = list(scene.objects(photo))
        begin = time.perf_counter()
        squares = look_at_photo(objects[0].image, encoder) if objects else []
        looking = time.perf_counter() - begin
        for item in objects:
            wanted = _wanted(item, scene, encoder, sides)
            begin = time.perf_counter()
            places = locate(item.image, wanted.templates, encoder, up, squares)
            middle = time.perf_counter()
            posed = ranked_by_poses(places, wanted)
            after = time.perf_counter()
            guess = likely_box(item.image, encoder)
            end = time.perf_counter()
            for name, boxes, took in (
                ("templates of the shape", [one.box for one in places], looking + middle - begin),
                ("and poses", [one.box for one in posed], looking + after - begin),
                ("what stands out", [guess], end - after),
            ):
                ranks[name].append(_rank(item.box, boxes))
                seconds[name].append(took)
    return [_row(name, found, seconds[name]) for name, found in ranks.items()]


def _wanted(item: PosedObject, scene: BopScene, encoder: ImageEncoder, sides: Sides) -> Wanted:
    """The object as what is looked for in its photo; its shape and templates are made if they are missing."""
    if item.object_id not in sides:
        shape = matchable_shape(scene.models[item.object_id], encoder, LiftSettings(up=UP))
        sides[item.object_id] = shape, template_set(shape.caster, encoder)
    shape, templates = sides[item.object_id]
    camera = PhotoCamera(item.camera.K, (item.image.shape[1], item.image.shape[0]))
    return Wanted(item.image, camera, item.photo, shape, templates, encoder, UP)


def _row(name: str, ranks: Sequence[int], seconds: Sequence[float]) -> Row:
    among = {word: float(np.mean(np.array(ranks) < n)) for word, n in (("first", 1), ("of three", 3), ("of ten", 10))}
    return {"method": name, "objects": len(ranks), **among, "seconds": float(np.median(seconds))}


def _rank(true: Box, boxes: Sequence[Box]) -> int:
    """The number of the first right box, or one that is larger than any where none is."""
    right = np.flatnonzero(box_overlap(true, boxes) >= RIGHT) if boxes else np.zeros(0)
    return int(right[0]) if len(right) else np.iinfo(np.int64).max
