"""The verb ``align``: the pose of a shape in a photo."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.cli.options import choice_of, ready
from core.alignment.align import Alignment, align, align_from, check, notes
from core.alignment.field_of_view import estimate_field_of_view
from core.alignment.fine import FineSettings
from core.alignment.overlay import overlay
from core.alignment.photo import posed_photo, undistorted_pins
from core.alignment.pins import Pins
from core.alignment.scorer import Hypothesis, PoseScorer
from core.alignment.start import check_start
from core.alignment.templates import template_set
from core.encoders.catalogue import load_encoder
from core.encoders.depth import DepthModel
from core.encoders.feature_map import Box, box_around
from core.errors import CounterpointError
from core.files import read_json
from core.geometry.camera import PhotoCamera
from core.geometry.pose import intrinsics
from core.geometry.shape import load_shape
from core.geometry.units import Unit, unit_of
from core.images import field_of_view, load_depth, load_image, load_mask, save_image
from core.interchange.cameras import fitted, load_camera
from core.interchange.poses import Entry, View, load_entry, save_view
from core.matching.matchable import MatchableShape
from core.matching.prepare import is_shape
from core.notices import warn
from core.parts.grabcut import box_mask
from core.plugins import make_plugin, plugins
from core.progress import Progress, silent, span

FOV = 50.0
"""Of the longer side of a photo whose camera is not known, in degrees."""


def align_files(options: argparse.Namespace, progress: Progress = silent) -> dict[str, Any]:
    """The report that ``--json`` prints: ``x_cam = R diag(s) x_shape + t``, OpenCV camera, the units of the shape's file."""
    if not options.image or not options.shape:
        raise CounterpointError("Name an IMAGE and a SHAPE, or a list of calls with --batch.")
    if is_shape(options.image) or not is_shape(options.shape):
        raise CounterpointError("Give an image first and then a shape.")
    image, shape = load_image(options.image), load_shape(options.shape)
    size = (image.shape[1], image.shape[0])
    unit = unit_of(options.shape, shape.diagonal, options.unit)
    entry = load_entry(options.start, options.image, options.shape, unit) if options.start else None
    camera = _camera(options, size, entry)
    depth = _depth(options, size, image, unit, camera.depth_scale)
    encoder = load_encoder(choice_of(options))
    mask = load_mask(options.mask, size) if options.mask else None
    box = options.box or (_around(mask) if mask is not None else None)
    if box is None:
        raise CounterpointError("Say where the object is: give --box X0,Y0,X1,Y1 or --mask PNG.")
    if mask is None:
        mask = box_mask(image, encoder, box)
    photo, flat = posed_photo(image, camera, mask, box, encoder, depth, shape if options.dof == 6 else None)
    side, up = ready(options, encoder, options.shape, shape, None, span(progress, 0.0, 0.4))
    assert isinstance(side, MatchableShape)
    check(photo)
    start = None if entry is None else entry.pose
    if start is not None:
        check_start(start, flat.K, flat.size, shape, Path(options.start).name)
    fine = FineSettings(dof=options.dof, locked=frozenset(options.lock or ()))

    def watch(step: int, _: object) -> None:
        progress(0.7 + 0.3 * step / fine.steps, "Making the pose exact")

    scorer = PoseScorer(photo, side, encoder, up)
    if start is not None or options.pins:
        pins = undistorted_pins(_pins(options.pins), flat) if options.pins else None
        found = align_from(scorer, fine, watch, start, pins)
    else:
        templates = template_set(side.caster, encoder, progress=span(progress, 0.4, 0.7))
        found = align(scorer, templates, fine=fine, watch=watch)
    if options.fov == 0 and not options.K:
        _, scorer, hypotheses = estimate_field_of_view(found.hypotheses, scorer, fine, span(progress, 0.7, 1.0))
        camera, photo, found = PhotoCamera(scorer.K, size), scorer.photo, Alignment(hypotheses, found.mask)
    lens = {} if camera.lens is None else {"lens": camera.lens.as_json()}
    report = {"encoder": encoder.name, "K": camera.K.tolist(), **lens, "verdict": found.verdict, **_pose(found.best)}
    report["notes"] = notes(photo, shape, found.best)
    report["hypotheses"] = [_pose(one) for one in found.hypotheses]
    if options.out:
        view = View(
            Path(options.image).name, size, camera.K, found.best.pose, camera.lens, Path(options.shape).name, unit
        )
        save_view(options.out, view, options.format)
        report["pose"] = options.out
    if options.save:
        save_image(options.save, overlay(image, shape, side.caster, found.best.pose, camera.K, lens=camera.lens))
        report["saved"] = options.save
    progress(1.0, "Done")
    return report


def align_row(options: argparse.Namespace) -> dict[str, Any]:
    """A row of a manifest: the pose, and the files."""
    report = align_files(options)
    del report["hypotheses"]
    return report | {"saved": [report[name] for name in ("pose", "saved") if name in report]}


def _camera(options: argparse.Namespace, size: tuple[int, int], start: Entry | None) -> PhotoCamera:
    """Of --K; else of the pose to start from, where its file says it; else by the field of view."""
    if options.K:
        return load_camera(options.K, size, options.image)
    if start is not None and start.camera is not None and options.fov is None:
        warn(f"The camera is that of {Path(options.start).name}; give --K or --fov for another.")
        return fitted(start.camera, size, Path(options.start).name)
    return PhotoCamera(intrinsics(size, options.fov or field_of_view(options.image) or FOV), size)


def _depth(
    options: argparse.Namespace, size: tuple[int, int], image: npt.NDArray[np.uint8], unit: Unit, scale: float | None
) -> npt.NDArray[np.floating] | None:
    """In the shape's units, of a file or a network; None where neither is given."""
    if options.depth:
        return load_depth(options.depth, size, unit, scale)
    if not options.depth_model:
        return None
    if not unit.known:
        warn(unit.reason)
    named = options.depth_model in plugins("depth")
    model = (
        make_plugin("depth", options.depth_model, options.device)
        if named
        else DepthModel(options.depth_model, options.device)
    )
    return np.asarray(model(image)) / unit.metres


def _pins(path: str) -> Pins:
    """``[{"pixel": [u, v], "point": [x, y, z]}, ...]`` from JSON."""
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
