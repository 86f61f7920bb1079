"""The verb ``align``: the pose of a shape in a photo."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.cli.inputs import choice_of, open_shape, ready
from app.cli.options.align import AlignOptions
from app.cli.text import vector
from core.alignment.align import Alignment, align, align_from, check, looks_mirrored, notes
from core.alignment.field_of_view import estimate_field_of_view
from core.alignment.fine import FineSettings
from core.alignment.overlay import overlay
from core.alignment.pins import Pins
from core.alignment.scorer import Hypothesis, Photo, PoseScorer
from core.alignment.templates import template_set
from core.encoders.catalogue import load_encoder
from core.encoders.depth import DepthModel
from core.encoders.feature_map import Box, box_around
from core.errors import CounterpointError
from core.geometry.pose import intrinsics
from core.images import field_of_view, load_depth, load_image, load_mask, save_image
from core.interchange.labels import read_json
from core.interchange.poses import View, load_intrinsics, load_pose, save_view
from core.matching.prepare import is_shape
from core.matching.sides import ImageSide, ShapeSide
from core.parts.grabcut import box_mask
from core.plugins import make_plugin, plugins
from core.progress import Progress, silent, span

FOV = 50.0
"""Of the longer side of a photo whose camera is not known, in degrees."""


def run(options: AlignOptions, progress: Progress = silent) -> dict[str, Any]:
    """The report that ``--json`` prints: ``x_cam = R diag(s) x_shape + t``, OpenCV camera, the units of the shape's file."""
    if not options.image or not options.shape:
        raise CounterpointError("Name an IMAGE and a SHAPE, or a list of calls with --batch.")
    if is_shape(options.image) or not is_shape(options.shape):
        raise CounterpointError("Give an image first and then a shape.")
    image, shape = load_image(options.image), open_shape(options.shape)
    size = (image.shape[1], image.shape[0])
    K = (
        load_intrinsics(options.K)
        if options.K
        else intrinsics(size, options.fov or field_of_view(options.image) or FOV)
    )
    depth = _depth(options, image)
    encoder = load_encoder(choice_of(options))
    mask = load_mask(options.mask) if options.mask else None
    box = options.box or (_around(mask) if mask is not None else None)
    if box is None:
        raise CounterpointError("Say where the object is: give --box X0,Y0,X1,Y1 or --mask PNG.")
    if mask is None:
        mask = box_mask(image, encoder, box)
    picture, _ = ready(options, encoder, options.image, image, box, silent)
    side, up = ready(options, encoder, options.shape, shape, None, span(progress, 0.0, 0.4))
    assert isinstance(picture, ImageSide) and isinstance(side, ShapeSide)
    photo = Photo(image, picture, K, mask, depth)
    check(photo)
    start = None if options.start is None else load_pose(options.start)
    fine = FineSettings(dof=options.dof, locked=frozenset(options.lock or ()))

    def watch(step: int, _: object) -> None:
        progress(0.7 + 0.3 * step / fine.steps, "Making the pose exact")

    scorer, mirrored = PoseScorer(photo, side, encoder, up), False
    if start is not None or options.pins:
        found = align_from(scorer, fine, watch, start, _pins(options.pins))
    else:
        templates = template_set(side.caster, encoder, progress=span(progress, 0.4, 0.7))
        found = align(scorer, templates, fine=fine, watch=watch)
        mirrored = looks_mirrored(scorer, templates)
    if options.fov == 0 and not options.K:
        _, scorer, hypotheses = estimate_field_of_view(found.hypotheses, scorer, fine, span(progress, 0.7, 1.0))
        K, photo, found = scorer.K, scorer.photo, Alignment(hypotheses, found.mask)
    report: dict[str, Any] = {"encoder": encoder.name, "K": K.tolist(), "verdict": found.verdict, **_pose(found.best)}
    report["notes"] = notes(photo, shape, found.best, mirrored)
    report["hypotheses"] = [_pose(one) for one in found.hypotheses]
    if options.out:
        save_view(options.out, View(Path(options.image).name, size, K, found.best.pose), options.format)
        report["pose"] = options.out
    if options.save:
        save_image(options.save, overlay(image, shape, side.caster, found.best.pose, K))
        report["saved"] = options.save
    progress(1.0, "Done")
    return report


def lines(options: AlignOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    rows = [("R", report["R"][0]), *(("", row) for row in report["R"][1:]), ("t", report["t"]), ("s", report["s"])]
    shown = [f"{name:<3}{vector(row)}" for name, row in rows]
    shown.append(f"score {report['score']:.3f}, silhouette overlaps {report['overlap']:.0%}: {report['verdict']}")
    return [*shown, *report["notes"], *([f"saved {report['saved']}"] if "saved" in report else [])]


def run_row(options: AlignOptions) -> dict[str, Any]:
    """A row of a manifest: the pose, and the files."""
    report = run(options)
    del report["hypotheses"]
    return report | {"saved": [report[name] for name in ("pose", "saved") if name in report]}


def _depth(options: AlignOptions, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.floating] | None:
    """In the shape's units, of a file or a network; None where neither is given."""
    if options.depth:
        return load_depth(options.depth, (image.shape[1], image.shape[0]))
    if not options.depth_model:
        return None
    if options.unit <= 0:
        raise CounterpointError("One unit of the shape is more than 0 metres long.")
    named = options.depth_model in plugins("depth")
    model = (
        make_plugin("depth", options.depth_model, options.device)
        if named
        else DepthModel(options.depth_model, options.device)
    )
    return np.asarray(model(image)) / options.unit


def _pins(path: str | None) -> Pins | None:
    """``[{"pixel": [u, v], "point": [x, y, z]}, ...]`` from JSON."""
    if path is None:
        return None
    content = read_json(path)
    try:
        pixels, points = (np.array([pin[name] for pin in content], np.float64) for name in ("pixel", "point"))
        return Pins(pixels.reshape(-1, 2), points.reshape(len(pixels), 3))
    except (KeyError, TypeError, ValueError):
        raise CounterpointError(
            f'{Path(path).name} has no pins: give [{{"pixel": [u, v], "point": [x, y, z]}}, ...].'
        ) from None


def _pose(one: Hypothesis) -> dict[str, Any]:
    pose = {"R": one.pose.R.tolist(), "t": one.pose.t.tolist(), "s": np.asarray(one.pose.s).tolist()}
    return pose | {"score": one.score, "similarity": one.similarity, "overlap": one.overlap}


def _around(mask: npt.NDArray[np.bool_]) -> Box:
    if not mask.any():
        raise CounterpointError("The mask of the object is empty.")
    return box_around(mask)
