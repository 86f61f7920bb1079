"""Correspondence between pictures and shapes: pixels of a picture are found on the surface."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from core.alignment.guided import ObjectInPhoto, guided, search_poses
from core.alignment.photo import camera_of
from core.alignment.scorer import Hypothesis
from core.alignment.templates import TemplateSet, template_set
from core.arrays import Floats
from core.benchmarks.bop import BopScene
from core.encoders.base import ImageEncoder, PointEncoder
from core.encoders.feature_map import Box, box_around, encode_turned
from core.errors import CounterpointError
from core.fields.from_points import field_from_points
from core.fields.lifting import LiftSettings, lift
from core.geometry.pixel_grid import random_pixels
from core.geometry.raycasting import Raycaster, surface_position
from core.geometry.sampling import sample_surface
from core.geometry.shape import Shape
from core.matching.joint import ViewSet, joint_prior, view_set
from core.matching.match import Prior, match
from core.matching.matchable import MatchableImage, MatchableShape
from core.progress import Progress, silent
from core.training.pictures import PictureSettings, Surface, take_picture
from core.training.procedural import Object3D


@dataclass
class Target:
    """A shape that places are found on.

    Attributes:
        shape: the shape.
        caster: casts rays at it.
        up: the axis of its file that points up.
        diameter: the largest distance of two of its points, in the normalised frame.
    """

    shape: Shape
    caster: Raycaster
    up: str
    diameter: float

    @classmethod
    def of(cls, shape: Shape, caster: Raycaster, up: str) -> "Target":
        """Make a target and measure its diameter."""
        points = shape.normalised.astype(np.float64)
        hull = ConvexHull(points, qhull_options="QJ")  # joggled, so that flat shapes have one
        return cls(shape, caster, up, float(pdist(points[hull.vertices]).max()))


@dataclass
class SurfaceCase:
    """One object in one picture.

    Attributes:
        target: the object's shape.
        image: RGB uint8 [H, W, 3].
        box: around the object, in pixels.
        pixels: (u, v), float64 [N, 2], that are looked for on the shape.
        truth: the true places float [N, 3] in the shape's normalised frame.
    """

    target: Target
    image: npt.NDArray[np.uint8]
    box: Box
    pixels: Floats
    truth: Floats


@dataclass
class MatchErrors:
    """The results of many pixels.

    Attributes:
        errors: the distances from the true places, as fractions of the diameter.
        verdicts: see :mod:`core.matching.verdict`.
        cases: the number of the picture that each belongs to.
    """

    errors: list[float] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    cases: list[int] = field(default_factory=list)

    def add(self, error: float, verdict: str, case: int) -> None:
        """Add the result of one pixel."""
        self.errors.append(error)
        self.verdicts.append(verdict)
        self.cases.append(case)

    def only(self, verdict: str) -> "MatchErrors":
        """Return the results with a verdict."""
        chosen = MatchErrors()
        for one in zip(self.errors, self.verdicts, self.cases, strict=True):
            if one[1] == verdict:
                chosen.add(*one)
        return chosen


def photo_cases(scene: BopScene, pixels: int) -> list[SurfaceCase]:
    """Make a case of every object of every photo that is visible enough.

    It has the true box and ``pixels`` random visible pixels.
    """
    rng = np.random.default_rng(0)
    targets = {i: Target.of(shape, scene.casters[i], "z") for i, shape in scene.models.items()}
    cases = []
    for photo in scene.photos():
        for item in scene.objects(photo):
            uv = random_pixels(item.visible, pixels, rng)
            at = (uv[:, 1], uv[:, 0])
            truth = surface_position(scene.models[item.object_id], item.hits.face[at], item.hits.bary[at])
            cases.append(SurfaceCase(targets[item.object_id], item.image, item.box, uv.astype(float), truth))
    return cases


def render_cases(items: Sequence[Object3D], pixels: int, per_item: int = 2) -> list[SurfaceCase]:
    """Make cases of pictures of objects in new light before new backgrounds."""
    settings = PictureSettings(plain=0, any_roll=0, fill=(0.6, 0.9), shift=0.03)
    cases = []
    for number, item in enumerate(items):
        target = Target.of(item.shape, item.caster, "y")
        for view in range(per_item):
            rng = np.random.default_rng((number, view))
            picture = take_picture(item, rng, settings, Surface(number))
            if picture.mask.sum() < 200:
                continue
            uv, box = random_pixels(picture.mask, pixels, rng), box_around(picture.mask)
            truth = picture.point[uv[:, 1], uv[:, 0]]
            cases.append(SurfaceCase(target, picture.image, box, uv.astype(float), truth))
    return cases


def by_chance(cases: Sequence[SurfaceCase]) -> MatchErrors:
    """Return the results of random places on the surface."""
    rng = np.random.default_rng(1)
    found = MatchErrors()
    for number, case in enumerate(cases):
        places = sample_surface(case.target.shape, 2000).position
        guess = places[rng.integers(len(places), size=len(case.truth))]
        for error in np.linalg.norm(guess - case.truth, axis=1) / case.target.diameter:
            found.add(float(error), "none", number)
    return found


def measure(
    cases: Sequence[SurfaceCase],
    encoder: ImageEncoder,
    samples: int = 20_000,
    progress: Progress = silent,
    points: PointEncoder | None = None,
) -> tuple[MatchErrors, MatchErrors]:
    """Match every pixel of every case.

    Args:
        cases: the pictures.
        encoder: describes pictures, and shapes by their views.
        samples: the number of surface samples of a shape.
        progress: is told of every picture.
        points: describes shapes by their points instead.

    Returns:
        The results for one pixel alone, and for one with the joint prior of all pixels.
    """
    shapes: dict[int, tuple[MatchableShape, ViewSet]] = {}
    alone, joint = MatchErrors(), MatchErrors()
    for number, case in enumerate(cases):
        progress(number / len(cases), f"{encoder.name}: picture {number + 1} of {len(cases)}")
        target = case.target
        if id(target) not in shapes:
            if points is not None:
                described = field_from_points(target.shape, points, samples, target.up)
            else:
                described = lift(target.shape, encoder, LiftSettings(samples, up=target.up), caster=target.caster)
            by = encoder if points is None else points
            side = MatchableShape(target.shape, target.caster, described, by.fingerprint)
            shapes[id(target)] = side, view_set(side, target.up)
        shape, views = shapes[id(target)]
        maps = encode_turned(encoder, case.image, case.box)
        size = (case.image.shape[1], case.image.shape[0])
        upright = MatchableImage(maps[0], size, maps[1:], encoder.fingerprint)
        turned, prior = joint_prior(upright, shape, views)
        for uv, truth in zip(case.pixels, case.truth, strict=True):
            for answers, image, known in ((alone, upright, None), (joint, turned, prior)):
                found = match(image, shape, tuple(uv), known)
                place = shape.field.points.position[found.candidate]
                answers.add(float(np.linalg.norm(place - truth)) / target.diameter, found.verdict, number)
    return alone, joint


def measure_through_poses(
    cases: Sequence[SurfaceCase], encoder: ImageEncoder, progress: Progress = silent
) -> MatchErrors:
    """Match every pixel of every case as ``counterpoint match`` does: through poses that are looked for.

    The box is all that is known of the object, and nothing of the camera. Where no pose is found, the views count alone.

    Args:
        cases: the pictures.
        encoder: describes pictures, and shapes by their views.
        progress: is told of every picture.
    """
    shapes: dict[int, tuple[MatchableShape, ViewSet, TemplateSet]] = {}
    answers = MatchErrors()
    for number, case in enumerate(cases):
        progress(number / len(cases), f"{encoder.name}, through poses: picture {number + 1} of {len(cases)}")
        target, size = case.target, (case.image.shape[1], case.image.shape[0])
        if id(target) not in shapes:
            field = lift(target.shape, encoder, LiftSettings(up=target.up), caster=target.caster)
            side = MatchableShape(target.shape, target.caster, field, encoder.fingerprint)
            shapes[id(target)] = side, view_set(side, target.up), template_set(target.caster, encoder)
        shape, views, templates = shapes[id(target)]
        maps = encode_turned(encoder, case.image, case.box)
        image, joint = joint_prior(MatchableImage(maps[0], size, maps[1:], encoder.fingerprint), shape, views)
        prior: Prior = joint
        camera = camera_of(size, None, None)[0]
        with contextlib.suppress(CounterpointError):  # without a pose the views alone guide
            photo = ObjectInPhoto(case.image, camera, case.box, "The picture")
            found = _poses(photo, shape, encoder, target.up, templates)
            prior = guided(image, shape, camera, found, joint)
        for uv, truth in zip(case.pixels, case.truth, strict=True):
            answer = match(image, shape, tuple(uv), prior)
            place = shape.field.points.position[answer.candidate]
            answers.add(float(np.linalg.norm(place - truth)) / target.diameter, answer.verdict, number)
    return answers


def _poses(
    photo: ObjectInPhoto, shape: MatchableShape, encoder: ImageEncoder, up: str, templates: TemplateSet
) -> list[Hypothesis]:
    return search_poses(photo, shape, encoder, up, lambda: templates)
