"""The verb ``align``: the pose of a shape in a photo."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.cli.cameras import read_pins, solved_camera
from app.cli.inputs import choice_of, matchable_from_file, open_shape
from app.cli.options.align import AlignOptions
from app.cli.text import sentences, sureness, vector
from core.alignment.align import Alignment, align, align_from, notes
from core.alignment.field_of_view import estimate_field_of_view
from core.alignment.fine import FineSettings
from core.alignment.overlay import overlay
from core.alignment.photo import (
    camera_of,
    camera_or_guess,
    compare_with_exif,
    contradicts_exif,
    posed_photo,
    undistorted_correspondences,
)
from core.alignment.scorer import Hypothesis, PoseScorer
from core.alignment.seek import Wanted, seek
from core.alignment.start import check_start
from core.alignment.templates import template_set
from core.alignment.trust import cut_out_well, judged
from core.alignment.verdict import with_distance
from core.calibration import GOOD, per_cent, verdict_of
from core.encoders.catalogue import load_encoder
from core.encoders.depth import DepthModel
from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.formats import is_shape
from core.geometry.pose import Pose
from core.geometry.undistorted import Undistorted
from core.images import load_depth, load_image, load_mask, save_image
from core.interchange.cameras import fitted, load_camera
from core.interchange.lying import say_written_upright
from core.interchange.poses import Entry, View, load_entry, save_view
from core.matching.matchable import MatchableShape
from core.notices import warn
from core.plugins import make_plugin, plugins
from core.progress import Progress, silent, span
from core.units import Unit, unit_of


def run(options: AlignOptions, progress: Progress = silent) -> dict[str, Any]:
    """The report that ``--json`` prints.

    ``x_cam = R diag(s) x_shape + t``, OpenCV camera, the units of the shape's file.
    """
    if not options.image or not options.shape:
        raise CounterpointError("Name an IMAGE and a SHAPE, or a list of calls with --batch.")
    if is_shape(options.image) or not is_shape(options.shape):
        raise CounterpointError("Give an image first and then a shape.")
    image, shape = load_image(options.image), open_shape(options.shape)
    size = (image.shape[1], image.shape[0])
    unit = unit_of(options.shape, shape.diagonal, options.unit)
    entry = load_entry(options.start, options.image, options.shape, unit) if options.start else None
    solved = solved_camera(options, size) if options.fov == 0 and not options.K else None
    camera = _camera(options, size, entry) if solved is None else solved[0]
    depth = _depth(options, size, image, unit, camera.depth_scale)
    encoder = load_encoder(choice_of(options))
    mask = load_mask(options.mask, size) if options.mask else None
    rigid, name = (shape if options.dof == 6 else None), Path(options.image).name
    side, up = matchable_from_file(options, encoder, options.shape, shape, None, span(progress, 0.0, 0.4))
    assert isinstance(side, MatchableShape)
    box, sought = options.box, options.box is None and mask is None
    if sought:
        templates = template_set(side.caster, encoder, progress=span(progress, 0.4, 0.5))
        wanted = Wanted(image, camera, name, side, templates, encoder, up)
        box = seek(wanted, progress=span(progress, 0.5, 0.6))
    told = _is_told(options, size, entry) and not contradicts_exif(camera, size, options.image)
    assumed = solved is None and not told
    photo, flat = posed_photo(image, camera, mask, box, encoder, depth, rigid, name, sought, assumed)
    start = None if entry is None else entry.pose
    if start is not None:
        check_start(start, flat.K, flat.size, shape, Path(options.start or "").name, photo.mask)
    fine = FineSettings(dof=options.dof, locked=frozenset(options.lock or ()))
    scorer = PoseScorer(photo, side, encoder, up)
    found = _search(options, scorer, flat, start, fine, span(progress, 0.6 if sought else 0.4, 1.0))
    if options.fov == 0 and not options.K and solved is None:
        _, scorer, hypotheses = estimate_field_of_view(found.hypotheses, scorer, fine, span(progress, 0.7, 1.0))
        camera, found = PhotoCamera(scorer.K, size), Alignment(judged(hypotheses, scorer), found.mask)
    report: dict[str, Any] = {"encoder": encoder.name, "K": camera.K.tolist()}
    report |= {} if camera.lens is None else {"lens": camera.lens.as_json()}
    report |= {"verdict": found.verdict, **_pose(found.best)}
    report |= {} if options.mask else {"mask_probability": cut_out_well(scorer)}
    report["notes"] = [*([] if solved is None else [solved[1]]), *notes(scorer.photo, shape, found.best)]
    report["hypotheses"] = [_pose(one) for one in found.hypotheses]
    name, shown = Path(options.image).name, Path(options.shape).name
    view = View(name, size, camera.K, found.best.pose, camera.lens, shown, unit)
    report |= _written(options, image, view, side)
    progress(1.0, "Done")
    return report


def _search(
    options: AlignOptions,
    scorer: PoseScorer,
    flat: Undistorted,
    start: Pose | None,
    fine: FineSettings,
    progress: Progress,
) -> Alignment:
    """The poses from a start or from pins, else from templates."""

    def watch(step: int, _: object) -> None:
        progress(0.5 + 0.5 * step / fine.steps, "Making the pose exact")

    if start is None and not options.pins:
        templates = template_set(scorer.shape.caster, scorer.encoder, progress=span(progress, 0.0, 0.5))
        return align(scorer, templates, fine=fine, watch=watch)
    pins = undistorted_correspondences(read_pins(options.pins), flat) if options.pins else None
    return align_from(scorer, fine, watch, start, pins)


def _written(options: AlignOptions, image: npt.NDArray[np.uint8], view: View, side: MatchableShape) -> dict[str, str]:
    """The files that were wished for: the pose, and the overlay."""
    written = {}
    if options.out:
        say_written_upright([options.image or ""], Path(options.out).name)
        save_view(options.out, view, options.format)
        written["pose"] = options.out
    if options.save:
        drawn = overlay(image, side.caster, view.pose, view.camera)
        save_image(options.save, drawn)
        written["saved"] = options.save
    return written


def lines(options: AlignOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    rows = [("R", report["R"][0]), *(("", row) for row in report["R"][1:]), ("t", report["t"]), ("s", report["s"])]
    shown = [f"{name:<3}{vector(row)}" for name, row in rows]
    sure = sureness(verdict_of(report["probability"]), report["probability"], report["reasons"])
    shown.append(f"score {report['score']:.3f}, silhouette overlaps {report['overlap']:.0%}: {sure}")
    if report.get("mask_probability", 1.0) < GOOD:
        shown.append(f"the object was cut out of the photo, probably well with {per_cent(report['mask_probability'])}")
    return [*shown, *report["notes"], *([f"saved {report['saved']}"] if "saved" in report else [])]


def run_row(options: AlignOptions) -> dict[str, Any]:
    """A row of a manifest: the pose, and the files."""
    report = run(options)
    del report["hypotheses"]
    return report | {"saved": [report[name] for name in ("pose", "saved") if name in report]}


def _camera(options: AlignOptions, size: tuple[int, int], start: Entry | None) -> PhotoCamera:
    """Of --K; else of the pose to start from, where its file says it; else by the field of view."""
    if options.K:
        camera = load_camera(options.K, size, options.image)
        compare_with_exif(camera, size, options.image or "")
        return camera
    if start is not None and start.camera is not None and options.fov is None:
        name = Path(options.start or "").name
        warn(f"The camera is that of {name}; give --K or --fov for another.")
        return fitted(start.camera, size, name)
    if options.fov == 0:  # it is estimated with the pose
        return camera_of(size, None, options.image or "")[0]
    return camera_or_guess(size, options.fov, options.image or "")


def _is_told(options: AlignOptions, size: tuple[int, int], start: Entry | None) -> bool:
    """Whether something tells the camera that :func:`_camera` gives."""
    of_start = start is not None and start.camera is not None
    return bool(options.K or of_start or options.fov) or camera_of(size, None, options.image or "")[1]


def _depth(
    options: AlignOptions, size: tuple[int, int], image: npt.NDArray[np.uint8], unit: Unit, scale: float | None
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


def _pose(one: Hypothesis) -> dict[str, Any]:
    pose = {"R": one.pose.R.tolist(), "t": one.pose.t.tolist(), "s": np.asarray(one.pose.s).tolist()}
    pose |= {"score": one.score, "similarity": one.similarity, "overlap": one.overlap}
    return pose | {"probability": with_distance(one.probability, one.reasons), "reasons": sentences(one.reasons)}
