"""How well shapes are aligned to photos whose poses are known.

This is measured on BOP data, with the true mask and with the program's own.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.alignment.coarse import by_correspondences, coarse_poses
from core.alignment.fine import FineSettings, refine
from core.alignment.guided import guided
from core.alignment.metrics import (
    PoseErrors,
    average_recall,
    diameter,
    mspd_recall,
    mssd_recall,
    pose_errors,
    vsd,
    vsd_recall,
)
from core.alignment.polish import polished
from core.alignment.scorer import Hypothesis, Photo, PoseScorer, non_maximum_suppression
from core.alignment.templates import TemplateSet, TemplateSettings, template_set
from core.alignment.verdict import SHOWN, SUPPRESSION_DEGREES
from core.benchmarks import inexact, scan2cad
from core.benchmarks.bop import BopScene, PosedObject
from core.benchmarks.report import Row, Tables
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import load_encoder
from core.fields.lifting import LiftSettings
from core.geometry.camera import PhotoCamera
from core.geometry.pixel_grid import random_pixels
from core.geometry.pose import Pose, nearest_rotation, shape_rays
from core.geometry.raycasting import surface_position
from core.geometry.sampling import spread
from core.matching.joint import ViewSet, joint_prior, view_set
from core.matching.match import Prior, match
from core.matching.prepare import matchable_image, matchable_shape
from core.parts.segmenters import box_mask
from core.progress import Progress, silent, span

if TYPE_CHECKING:
    from core.matching.matchable import MatchableImage, MatchableShape

STAGES = (
    "PnP on correspondences",
    "templates alone",
    "+ NOC",
    "+ silhouette",
    "+ NOC and silhouette",
    "+ outlines and pieces",
)

MOST_POINTS = 20_000
"""Errors of poses are measured at all vertices of a model, or at so many of a large one."""

DELTA = 15.0
"""The tolerance of VSD in the models' units (mm), as in BOP."""

CLICKS = ("one pixel alone", "joint with all pixels", "guided by the poses found")


@dataclass
class StageErrors:
    """The errors of one stage over all objects.

    Attributes:
        best: of the best hypothesis of each object.
        of_all: the least rotation error of all its hypotheses, in degrees.
        diameters: of the objects, in the models' units.
        vsd: see :func:`core.alignment.metrics.vsd`.
    """

    best: list[PoseErrors] = field(default_factory=list)
    of_all: list[float] = field(default_factory=list)
    diameters: list[float] = field(default_factory=list)
    vsd: list[Any] = field(default_factory=list)


def evaluate(
    settings: EvaluateSettings, progress: Progress = silent, templates: TemplateSettings = TemplateSettings()
) -> Tables:
    """One table for true masks and one for the program's own, a row for each stage.

    All twice, without and with the adapter, if one is chosen.

    Args:
        settings: ``data`` is "bop:PATH": the true box is given, no depth; or "procedural": another instance of the
            category, see :mod:`core.benchmarks.inexact`; or "scan2cad:PATH", see :mod:`core.benchmarks.scan2cad`.
            ``count`` objects in photos at most, spread over the photos.
        progress: told of every step.
        templates: that coarse poses are searched with.

    Raises:
        CounterpointError: no such encoder or data.
    """
    choice = settings.encoder
    if choice.adapter is None:
        return _tables(settings, progress, templates)
    tables: Tables = {}
    for number, (word, one) in enumerate((("without", replace(choice, adapter=None)), ("with", choice))):
        found = _tables(replace(settings, encoder=one), span(progress, number / 2, (number + 1) / 2), templates)
        tables |= {f"{name}, {word} adapter": rows for name, rows in found.items()}
    return tables


def _tables(settings: EvaluateSettings, progress: Progress, templates: TemplateSettings) -> Tables:
    kind, place = parse_data(settings.data, TASKS["alignment"].data)
    encoder, count = load_encoder(settings.encoder), settings.count
    if kind == "procedural":
        return {"another instance, true mask and depth": inexact.measure(encoder, count, progress)}
    if kind == "scan2cad":
        return scan2cad.measure(place, encoder, count, progress, templates)
    scene = BopScene.open(place)
    every = [item for photo in scene.photos() for item in scene.objects(photo)]
    items = [every[i] for i in spread(len(every), count)]
    tables: Tables = {}
    for number, true_mask in enumerate((True, False)):
        where = "true mask" if true_mask else "mask cut out of the box"
        part = span(progress, number / 2, (number + 1) / 2)
        tables[f"poses, {where}"], tables[f"clicks, {where}"] = _measure(
            items, scene, encoder, true_mask, templates, part
        )
    return tables


def _measure(
    items: list[PosedObject],
    scene: BopScene,
    encoder: ImageEncoder,
    true_mask: bool,
    settings: TemplateSettings,
    progress: Progress,
) -> tuple[list[Row], list[Row]]:
    sides: dict[int, tuple[MatchableShape, TemplateSet, ViewSet]] = {}
    clicks: dict[str, list[float]] = {name: [] for name in CLICKS}
    stages = {name: StageErrors() for name in STAGES}
    for number, item in enumerate(items):
        progress(number / len(items), f"poses {number + 1} of {len(items)}")
        if item.object_id not in sides:
            side = matchable_shape(scene.models[item.object_id], encoder, LiftSettings(up="z"))
            sides[item.object_id] = side, template_set(side.caster, encoder, settings), view_set(side, "z")
        shape, templates, views = sides[item.object_id]
        mask = item.visible if true_mask else box_mask(item.image, item.box)
        photo = Photo(item.image, matchable_image(item.image, encoder, item.box), item.camera.K, mask)
        scorer = PoseScorer(photo, shape, encoder, "z")
        coarse = coarse_poses(scorer, templates)
        found = [
            scorer(by_correspondences(scorer)),
            coarse,
            refine(coarse, scorer, FineSettings(silhouette=0)),
            refine(coarse, scorer, FineSettings(noc=0)),
            refine(coarse, scorer),
        ]
        found.append(polished(non_maximum_suppression(found[-1], SHOWN, SUPPRESSION_DEGREES), scorer))
        for name, hypotheses in zip(STAGES, found, strict=True):
            _note(stages[name], hypotheses, item, scene)
        for name, errors in _click(item, scorer, views, found[-1]).items():
            clicks[name].extend(errors)
    width = items[0].image.shape[1]
    answered = [
        {"method": name, "clicks": len(e), "< 10 %": float(np.mean(np.array(e) < 0.1)), "median": float(np.median(e))}
        for name, e in clicks.items()
    ]
    return [_row(name, errors, width) for name, errors in stages.items()], answered


def _click(
    item: PosedObject, scorer: PoseScorer, views: ViewSet, hypotheses: list[Hypothesis], count: int = 12
) -> dict[str, list[float]]:
    """Match random visible pixels.

    The errors are the distances of the matches from the true places, as fractions of the diameter.
    """
    pixels = random_pixels(item.visible, count, np.random.default_rng(0))
    at = pixels[:, 1], pixels[:, 0]
    shape, image = scorer.shape, scorer.image
    truth = surface_position(shape.shape, item.hits.face[at], item.hits.bary[at])
    turned, joint = joint_prior(image, shape, views)
    size = diameter(shape.shape.normalised[:: max(1, len(shape.shape.normalised) // 1500)].astype(np.float64))
    priors: tuple[tuple[MatchableImage, Prior | None], ...] = (
        (image, None),
        (turned, joint),
        (turned, guided(turned, shape, PhotoCamera(scorer.K), hypotheses, joint)),
    )
    errors: dict[str, list[float]] = {}
    for name, (side, prior) in zip(CLICKS, priors, strict=True):
        found = [match(side, shape, (float(u), float(v)), prior).candidate for u, v in pixels]
        gaps = np.linalg.norm(shape.field.points.position[found] - truth, axis=1) / size
        errors[name] = [float(gap) for gap in gaps]
    return errors


def _note(errors: StageErrors, hypotheses: list[Hypothesis], item: PosedObject, scene: BopScene) -> None:
    vertices, info = scene.models[item.object_id].vertices, scene.infos[item.object_id]
    points = vertices[:: max(1, len(vertices) // MOST_POINTS)]
    truth = Pose(nearest_rotation(item.camera.R), item.camera.t)
    nothing = PoseErrors(180.0, *[np.inf] * 5)
    each = [pose_errors(h.pose, truth, points, item.camera.K, info.symmetries) for h in hypotheses] or [nothing]
    errors.best.append(each[0])
    errors.of_all.append(min(one.rotation for one in each))
    errors.diameters.append(info.diameter)
    errors.vsd.append(_vsd(hypotheses[0].pose if hypotheses else None, item, scene, info.diameter))


def _vsd(pose: Pose | None, item: PosedObject, scene: BopScene, size: float) -> Any:
    """Compute VSD against the measured distances, or without depth those that the true poses of all objects give."""
    shape, camera = scene.models[item.object_id], item.camera
    estimate = np.full(item.distance.shape, np.inf)
    if pose is not None:
        rays = shape_rays(pose, camera.K, shape, camera.pixel_grid())
        estimate = scene.casters[item.object_id].cast(*rays).distance * shape.diagonal
    return vsd(estimate, item.hits.distance * shape.diagonal, item.distance, size, DELTA)


def _row(name: str, errors: StageErrors, width: int) -> Row:
    rotation = np.array([e.rotation for e in errors.best])
    sizes = np.array(errors.diameters)
    adds, add = (np.array([getattr(e, which) for e in errors.best]) / sizes for which in ("adds", "add"))
    recalls = {
        "VSD": vsd_recall(np.array(errors.vsd)),
        "MSSD": mssd_recall(np.array([e.mssd for e in errors.best]), sizes),
        "MSPD": mspd_recall(np.array([e.mspd for e in errors.best]), width),
    }
    return {
        "method": name,
        "objects": len(rotation),
        "rot < 20": float(np.mean(rotation < 20)),
        "best of all": float(np.mean(np.array(errors.of_all) < 20)),
        "rot median": float(np.median(rotation)),
        "ADD-S < 0.1": float(np.mean(adds < 0.1)),
        "ADD < 0.1": float(np.mean(add < 0.1)),
        **recalls,
        "AR": average_recall(*recalls.values()),
    }
