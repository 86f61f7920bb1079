"""Segmentation: the overlap of masks with what a box or clicks meant."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.benchmarks.bop import BopScene
from core.benchmarks.report import Row, Tables
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import load_encoder
from core.encoders.feature_map import box_around
from core.geometry.sampling import spread
from core.notices import warn
from core.parts.cutter import CutterSegmenter, learnt_from
from core.parts.grabcut import GrabCutSegmenter
from core.parts.prompts import Prompts, Segmenter
from core.parts.verdict import intersection_over_union
from core.progress import Progress, silent
from core.training.clicks import innermost, next_click
from core.training.labelled import photo_names, read_labelled
from core.training.pictures import Picture, PictureSettings, take_picture
from core.training.procedural import HELD_OUT, make_object

SMALLEST = 0.03
"""Parts that cover less than this share of the object's pixels are not clicked."""

SMALLEST_OBJECT = 32
"""Objects of photos whose box is less than this many pixels long are left out."""

CLICKS = 5
"""Clicks that a mask is corrected by, with the first."""


@dataclass
class Case:
    """An object in a photo.

    Attributes:
        photo: the name of the photo.
        image: uint8 [H, W, 3].
        mask: bool [H, W], the object's visible pixels.
    """

    photo: str
    image: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.bool_]


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> Tables:
    """One table, a row for each segmenter: the mean overlap from the true box, from one click and from five.

    Of photos with outlines those that the cutter learnt from are left out, which is said.

    Raises:
        CounterpointError: no such encoder or data.
    """
    kind, place = parse_data(settings.data, TASKS["cutting"].data)
    encoder = load_encoder(settings.encoder)
    if kind == "coco":
        cases = _outlined(place, settings.count, learnt_from(settings.cutter))
    else:
        cases = _posed(place, settings.count) if kind == "bop" else _procedural(settings.count)
    ways: dict[str, Callable[[], Segmenter]] = {
        "GrabCut and descriptors": lambda: GrabCutSegmenter(encoder),
        "cutter": lambda: CutterSegmenter(settings.cutter, device=settings.encoder.device),
    }
    table = [measure_whole(cases, name, make, progress) for name, make in ways.items()]
    boxes = [float(np.mean(_within(case.mask))) for case in cases]
    table.append({"method": "the box itself", "objects": len(cases), "box": float(np.mean(boxes))})
    return {f"masks of objects in {settings.data}": table}


def measure_whole(cases: Sequence[Case], name: str, make: Callable[[], Segmenter], progress: Progress = silent) -> Row:
    """Cut every object out by its true box, and by clicks alone, each where the answer before is most wrong.

    Args:
        cases: the objects; those of one photo one after the other.
        name: of the segmenter.
        make: makes one.
        progress: is told of every object.

    Returns:
        The number of objects; the mean intersection over union of the first candidate from the box, from one click and
        from ``CLICKS``; and the share of masks from the box that overlap by 0.7.
    """
    found: dict[str, list[float]] = {"box": [], "one click": [], f"{CLICKS} clicks": []}
    segmenter, shown = make(), ""
    for number, case in enumerate(cases):
        progress(number / len(cases), f"{name}: cutting {number + 1} of {len(cases)}")
        if case.photo != shown:
            segmenter.set_image(case.image)
            shown = case.photo
        answer = segmenter.predict(Prompts(box=box_around(case.mask)))[0].mask
        found["box"].append(intersection_over_union(answer, case.mask))
        prompts = Prompts([innermost(case.mask)])
        for click in range(1, CLICKS + 1):
            answer = segmenter.predict(prompts)[0].mask
            if click == 1:
                found["one click"].append(intersection_over_union(answer, case.mask))
            correction = next_click(case.mask, answer)
            if correction is None or click == CLICKS:
                break
            (prompts.add if correction[1] else prompts.remove).append(correction[0])
        found[f"{CLICKS} clicks"].append(intersection_over_union(answer, case.mask))
    means = {way: float(np.mean(values)) for way, values in found.items()}
    return {"method": name, "objects": len(cases), **means, "box >= 0.7": float(np.mean(np.array(found["box"]) >= 0.7))}


def measure(
    pictures: Sequence[Picture],
    make: Callable[[tuple[float, float, float, float]], Segmenter],
    corrected: bool = False,
    progress: Progress = silent,
) -> dict[str, float]:
    """Click the innermost pixel of every part and compare the candidates with the part.

    Args:
        pictures: pictures whose parts are known.
        make: makes a segmenter with the object's box as its focus.
        corrected: whether a second click removes the innermost pixel of the rest of the object.
        progress: is told of every picture.

    Returns:
        The number of parts, and the mean intersection over union of the first candidate and of the best of the three.
    """
    first, best = [], []
    for number, picture in enumerate(pictures):
        progress(number / len(pictures), f"cutting {number + 1} of {len(pictures)}")
        segmenter = make(box_around(picture.mask))
        segmenter.set_image(picture.image)
        parts, pixels = np.unique(picture.part[picture.mask], return_counts=True)
        for part in parts[pixels >= SMALLEST * picture.mask.sum()] if len(parts) > 1 else []:
            true, rest = picture.part == part, picture.mask & (picture.part != part)
            prompts = Prompts([innermost(true)], [innermost(rest)] if corrected else [])
            scores = [intersection_over_union(c.mask, true) for c in segmenter.predict(prompts)]
            first.append(scores[0])
            best.append(max(scores))
    return {"parts": float(len(first)), "first": float(np.mean(first)), "best of three": float(np.mean(best))}


def part_ways(encoder: ImageEncoder, weights: str | None) -> dict[str, tuple[Callable[..., Segmenter], bool]]:
    """The segmenters that are compared on parts, and whether the click is corrected, by name.

    ``weights`` are those of a cutter, or None.
    """
    trained = {} if weights is None else {"cutter": False, "cutter, corrected": True}
    return {
        **{name: (lambda box: CutterSegmenter(str(weights), box), corrected) for name, corrected in trained.items()},
        "GrabCut, colours alone": (lambda box: GrabCutSegmenter(None, box), False),
        "GrabCut and descriptors": (lambda box: GrabCutSegmenter(encoder, box), False),
        "GrabCut and descriptors, corrected": (lambda box: GrabCutSegmenter(encoder, box), True),
    }


def _within(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _large(cases: Iterator[Case], count: int) -> list[Case]:
    """Objects that are large enough, spread over all of them, ``count`` at most."""
    every = [case for case in cases if case.mask.any() and max(_within(case.mask).shape) >= SMALLEST_OBJECT]
    return [every[i] for i in spread(len(every), count)]


def _outlined(place: str, count: int, learnt: frozenset[str]) -> list[Case]:
    names = photo_names(place)
    new = [name for name in names if name not in learnt]
    if len(new) < len(names):
        warn(f"{len(names) - len(new)} photos of {place} were left out: the cutter learnt from them.")

    def every() -> Iterator[Case]:
        for name in new:
            photo = read_labelled(place, name)
            for number in range(len(photo.outlines)):
                yield Case(name, photo.image, photo.mask(number))

    return _large(every(), count)


def _posed(place: str, count: int) -> list[Case]:
    scene = BopScene.open(place)
    objects = (one for photo in scene.photos() for one in scene.objects(photo))
    return _large((Case(one.photo, one.image, one.visible) for one in objects), count)


def _procedural(count: int) -> list[Case]:
    rng, settings = np.random.default_rng(47), PictureSettings(plain=0, fill=(0.3, 0.9), occluded=0.3)
    made = (take_picture(make_object(HELD_OUT[4000 + number]), rng, settings) for number in range(count))
    return _large((Case(str(number), one.image, one.mask) for number, one in enumerate(made)), count)
