"""Answers whose truth is known, with the features that verdicts on them are made of."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from core.alignment.align import align_hypotheses, hypotheses
from core.alignment.guided import guided
from core.alignment.scorer import Hypothesis, Photo, PoseScorer
from core.alignment.templates import TemplateSet, template_set
from core.alignment.trust import pose_features
from core.arrays import Floats
from core.benchmarks.held_out import category_pair
from core.benchmarks.known_cases import KnownCase
from core.benchmarks.pairs import view_pairs
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box, box_around
from core.errors import CounterpointError
from core.fields.lifting import LiftSettings
from core.geometry.camera import PhotoCamera
from core.geometry.pixel_grid import pixels_of
from core.geometry.pose import project
from core.geometry.symmetry import angle
from core.matching.joint import ViewSet, joint_prior, view_set
from core.matching.match import Match, Prior, Supporting, kind_of_match, match, match_features
from core.matching.matchable import MatchableImage, MatchableShape
from core.matching.prepare import matchable_image, matchable_shape
from core.parts.carry import region_of
from core.parts.layers import in_part
from core.parts.outline import mask_features
from core.parts.segmenters import box_mask
from core.parts.transfer import find_part
from core.parts.verdict import RIGHT, intersection_over_union
from core.progress import Progress, silent
from core.training.procedural import HELD_OUT, make_object
from core.training.scene import Object3D

RIGHT_DEGREES, RIGHT_DISTANCE, RIGHT_MATCH, RIGHT_PART, RIGHT_MASK = 20.0, 0.1, 0.1, RIGHT, 0.7
"""A pose is right within so many degrees and this share of its distance; a match within this share of the object's
size; a part and a mask if they overlap with the true ones by this."""


@dataclass
class KnownAnswer:
    """An answer, and whether it is right.

    Attributes:
        kind: that it is judged as, see :func:`core.calibration.probability`.
        features: by name.
        right: whether it is right.
        trap: "" where there is a right answer; else why there is none: "background", "hidden", "another object".
        most: the number in the list of the pose that the answer depends on, -1 for none.
    """

    kind: str
    features: dict[str, float]
    right: bool
    trap: str = ""
    most: int = -1


@dataclass
class _Side:
    shape: MatchableShape
    views: ViewSet
    templates: TemplateSet


@dataclass
class AnswerCollector:
    """Asks what a user might ask about pictures whose truth is known.

    Attributes:
        encoder: describes pictures and shapes.
        pixels: of the object that are asked about in each picture.
        answers: what was answered.
    """

    encoder: ImageEncoder
    pixels: int = 6
    answers: list[KnownAnswer] = field(default_factory=list)
    _sides: dict[str, _Side] = field(default_factory=dict)

    def run(self, cases: Iterable[KnownCase], total: int, others: bool = True, progress: Progress = silent) -> None:
        """Ask about every case, and in every third about a shape that the picture does not show.

        Args:
            cases: the pictures.
            total: how many there are, for the progress.
            others: whether the shapes of former cases are asked about too.
            progress: is told of every case.
        """
        for number, case in enumerate(cases):
            progress(min(number / max(total, 1), 1.0), f"Asking about {case.name}")
            rng = np.random.default_rng(number)
            side = self._side(case)
            self._ask(case, side, rng)
            wrong = [one for one in self._sides.values() if one is not side]
            if others and wrong and number % 3 == 0:
                self._ask_another(case, wrong[int(rng.integers(len(wrong)))], rng)

    def run_alike(self, pairs: int, seed: int) -> None:
        """Ask about pairs of pictures of one object, and about pairs of shapes of one category.

        Args:
            pairs: of each.
            seed: the number of the first held-out object.
        """
        items = [make_object(HELD_OUT[8000 + seed + number]) for number in range(pairs)]
        for pair in view_pairs(items, 2 * self.pixels):
            one, other = (matchable_image(side.image, self.encoder, box_around(side.mask)) for side in (pair.a, pair.b))
            assert pair.truth is not None
            for pixel, true in zip(pair.pixels, pair.truth, strict=True):
                found = match(one, other, (float(pixel[0]), float(pixel[1])))
                right = other.distance(found.location, tuple(true)) < RIGHT_MATCH
                self._note_match(one, other, found, None, right, "", "picture to picture", -1)
            for pixel in _some(_near(pair.a.mask, box_around(pair.a.mask)), self.pixels, np.random.default_rng(seed)):
                found = match(one, other, (float(pixel[0]), float(pixel[1])))
                self._note_match(one, other, found, None, False, "background", "picture to picture", -1)
        for number in range(pairs):
            self._ask_shapes(*category_pair(number, 8500 + seed), np.random.default_rng(number))

    def _ask_shapes(self, one: Object3D, other: Object3D, rng: np.random.Generator) -> None:
        """Match places of a shape with itself, and with another of its category, where parts and places in them agree."""
        sides = [matchable_shape(item.shape, self.encoder, LiftSettings(4000)) for item in (one, other)]
        for target, item in zip(sides, (one, other), strict=True):
            part, local = _in_parts(item, target)
            asked_part, asked_local = _in_parts(one, sides[0])
            for candidate in rng.integers(len(sides[0].field), size=self.pixels):
                same = np.flatnonzero(part == asked_part[candidate])
                found = match(sides[0], target, sides[0].location(int(candidate)))
                right = False
                if len(same):
                    nearest = same[np.linalg.norm(local[same] - asked_local[candidate], axis=1).argmin()]
                    right = target.distance(found.location, target.location(int(nearest))) < RIGHT_MATCH
                trap = "" if len(same) else "part that the shape lacks"
                self._note_match(sides[0], target, found, None, right, trap, "shape to shape", -1)

    def _side(self, case: KnownCase) -> _Side:
        key = case.shape.digest or case.shape.name + str(case.shape.vertices[:3])
        if key not in self._sides:
            shape = matchable_shape(case.shape, self.encoder, LiftSettings(up=case.up))
            made = _Side(shape, view_set(shape, case.up), template_set(shape.caster, self.encoder))
            while len(self._sides) >= 8:
                self._sides.pop(next(iter(self._sides)))
            self._sides[key] = made
        return self._sides[key]

    def _ask(self, case: KnownCase, side: _Side, rng: np.random.Generator) -> None:
        image = matchable_image(case.image, self.encoder, case.box)
        turned, joint = joint_prior(image, side.shape, side.views)
        mask = box_mask(case.image, case.box)
        self._note_mask(case, mask, image)
        scorer, found, pose = self._pose(case, mask if rng.random() < 0.8 else case.visible, side, image, "")
        asked = [(pixel, "") for pixel in _some(case.visible, self.pixels, rng)]
        asked += [(pixel, "background") for pixel in _some(_near(case.visible, case.box), self.pixels // 3, rng)]
        for kind, one, prior in (("alone", image, None), ("joint", turned, joint)):
            for pixel, trap in asked if kind != "alone" else asked[::2]:
                self._to_shape(case, one, side.shape, pixel, trap, prior)
        for one, prior, count in ((image, None, self.pixels // 2), (turned, joint, self.pixels)):
            for place, pixel in _places(case, side.shape, count, rng):
                self._to_image(case, one, side.shape, place, pixel, prior)
        if found:
            camera = PhotoCamera(scorer.K)
            known = guided(turned, side.shape, camera, found, joint)
            for pixel, trap in asked:
                self._to_shape(case, turned, side.shape, pixel, trap, known, pose)
            for place, pixel in _places(case, side.shape, self.pixels // 2, rng):
                self._to_image(case, turned, side.shape, place, pixel, known, pose)
        self._part(case, turned, side.shape, joint, rng)

    def _ask_another(self, case: KnownCase, side: _Side, rng: np.random.Generator) -> None:
        """Ask where the object lies on a shape that is another one."""
        image = matchable_image(case.image, self.encoder, case.box)
        turned, joint = joint_prior(image, side.shape, side.views)
        scorer, found, pose = self._pose(case, box_mask(case.image, case.box), side, image, "another object")
        trap = "another object"
        priors: list[tuple[MatchableImage, Prior | None, int]] = [(image, None, -1), (turned, joint, -1)]
        if found:
            priors.append((turned, guided(turned, side.shape, PhotoCamera(scorer.K), found, joint), pose))
        for one, prior, most in priors:
            for pixel in _some(case.visible, self.pixels // 2, rng):
                self._to_shape(case, one, side.shape, pixel, trap, prior, most)
            for candidate in rng.integers(len(side.shape.field), size=self.pixels // 3):
                if prior is not None:
                    place = side.shape.field.points.position[candidate]
                    self._to_image(case, one, side.shape, place, None, prior, most, trap)

    def _note_mask(self, case: KnownCase, mask: npt.NDArray[np.bool_], image: MatchableImage) -> None:
        features = mask_features(case.image, mask, case.box, image)
        right = intersection_over_union(mask, case.visible) >= RIGHT_MASK
        self.answers.append(KnownAnswer("mask", features, right))

    def _pose(
        self, case: KnownCase, mask: npt.NDArray[np.bool_], side: _Side, image: MatchableImage, trap: str
    ) -> tuple[PoseScorer, list[Hypothesis], int]:
        photo = Photo(case.image, image, case.K, mask)
        scorer = PoseScorer(photo, side.shape, self.encoder, case.up)
        try:
            found = align_hypotheses(hypotheses(scorer, side.templates), scorer).hypotheses
        except CounterpointError:
            return scorer, [], -1
        right = not trap and pose_is_right(found[0], case, side.shape.symmetries)
        self.answers.append(KnownAnswer("pose", pose_features(found, 0, scorer), right, trap))
        return scorer, found, len(self.answers) - 1

    def _to_shape(
        self,
        case: KnownCase,
        image: MatchableImage,
        shape: MatchableShape,
        pixel: Floats,
        trap: str,
        prior: Prior | None,
        most: int = -1,
    ) -> None:
        found = match(image, shape, (float(pixel[0]), float(pixel[1])), prior)
        place, true = shape.field.points.position[found.candidate], case.point[int(pixel[1]), int(pixel[0])]
        right = not trap and bool(np.linalg.norm(place - true) < RIGHT_MATCH)
        self._note_match(image, shape, found, prior, right, trap, case.name, most)

    def _to_image(
        self,
        case: KnownCase,
        image: MatchableImage,
        shape: MatchableShape,
        place: Floats,
        pixel: Floats | None,
        prior: Prior | None,
        most: int = -1,
        trap: str = "hidden",
    ) -> None:
        own = tuple(float(v) for v in shape.shape.to_own_frame(place))
        found = match(shape, image, own, prior)
        right = pixel is not None and image.distance(found.location, tuple(pixel)) < RIGHT_MATCH
        self._note_match(shape, image, found, prior, right, "" if pixel is not None else trap, case.name, most)

    def _note_match(
        self,
        source: MatchableImage | MatchableShape,
        target: MatchableImage | MatchableShape,
        found: Match,
        prior: Prior | None,
        right: bool,
        trap: str,
        case: str,
        most: int,
    ) -> None:
        known = prior if isinstance(prior, Supporting) else None
        numbers = (found.candidate, found.score, found.margin, found.cycle_error)
        features = match_features(source, target, found.query, *numbers, known)
        kind = kind_of_match(source, target, known)
        self.answers.append(KnownAnswer(kind, features, right, trap, most))

    def _part(
        self, case: KnownCase, image: MatchableImage, shape: MatchableShape, prior: Prior, rng: np.random.Generator
    ) -> None:
        """Mark what lies around a visible place, in the picture and on the shape, and look for it on the other."""
        for radius in (0.15, 0.25):
            pixel = _some(case.visible, 1, rng)[0].astype(int)
            middle = case.point[pixel[1], pixel[0]]
            marked = case.visible & (np.linalg.norm(case.point - middle, axis=-1) < radius)
            on_shape = np.linalg.norm(shape.field.points.position - middle, axis=1) < radius
            if not 0.03 < marked.sum() / case.visible.sum() < 0.6 or not 0.01 < on_shape.mean() < 0.6:
                continue
            try:
                region = region_of(image, marked)
            except CounterpointError:
                continue
            there, back = find_part(image, shape, region, prior), find_part(shape, image, on_shape, prior)
            for kind, found, truth in (("part to shape", there, on_shape), ("part to image", back, region)):
                right = intersection_over_union(in_part(100 * found.evidence), truth) >= RIGHT_PART
                self.answers.append(KnownAnswer(kind, found.features, right))


def pose_is_right(one: Hypothesis, case: KnownCase, symmetries: Floats) -> bool:
    """Return whether a pose is right, the symmetries [n, 3, 3] of the shape considered."""
    middle, true = (pose(case.shape.center) for pose in (one.pose, case.pose))
    near = np.linalg.norm(middle - true) < RIGHT_DISTANCE * np.linalg.norm(true)
    return bool(near and angle(one.pose.R, case.pose.R, symmetries) < RIGHT_DEGREES)


def _some(mask: npt.NDArray[np.bool_], count: int, rng: np.random.Generator) -> Floats:
    pixels = pixels_of(mask)
    return np.asarray(pixels[rng.permutation(len(pixels))[:count]], np.float64)


def _in_parts(item: Object3D, side: MatchableShape) -> tuple[npt.NDArray[np.int32], Floats]:
    """Return the part of every sample int32 [N], and where in the part it lies, float64 [N, 3]."""
    points = side.field.points
    corners = item.local[item.shape.faces[points.face]]
    return item.face_part[points.face], np.einsum("nk,nkd->nd", points.bary, corners)


def _near(visible: npt.NDArray[np.bool_], box: Box) -> npt.NDArray[np.bool_]:
    """Return the pixels of a box, a little larger, that do not show the object nor touch it."""
    x0, y0, x1, y1 = box
    margin, size = 0.1 * max(x1 - x0, y1 - y0), visible.shape
    inside = np.zeros(size, bool)
    rows, columns = (slice(max(0, int(a - margin)), int(b + margin) + 1) for a, b in ((y0, y1), (x0, x1)))
    inside[rows, columns] = True
    reach = 2 * int(0.05 * max(x1 - x0, y1 - y0)) + 3
    return np.asarray(inside & (cv2.dilate(visible.astype(np.uint8), np.ones((reach, reach), np.uint8)) == 0))


def _places(
    case: KnownCase, shape: MatchableShape, count: int, rng: np.random.Generator
) -> Iterable[tuple[Floats, Floats | None]]:
    """Places on the shape with their pixels; None for those that the shape itself hides, or the picture's edge."""
    points = shape.field.points
    index = rng.permutation(len(points))[:count]
    position, normal = points.position[index], points.normal[index]
    eye = shape.shape.to_normalised(case.pose.inverse(np.zeros(3)))
    seen = shape.caster.visible(position, normal, eye)
    pixels, _ = project(case.pose, case.K, shape.shape.to_own_frame(position))
    at, (height, width) = np.rint(pixels).astype(int), case.visible.shape
    within = seen & (at >= 0).all(1) & (at < [width, height]).all(1)
    within[within] = case.visible[at[within, 1], at[within, 0]]
    for place, pixel, visible, facing in zip(position, pixels, within, seen, strict=True):
        if visible or not facing:  # what something else hides is left out: the place is known all the same
            yield place.astype(np.float64), pixel if visible else None
