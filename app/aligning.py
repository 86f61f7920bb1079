"""The verb ``align``: the pose of a shape in a photo."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.headless import choice_of, ready
from core.alignment.align import align
from core.alignment.coarse import Hypothesis
from core.alignment.fine import FineSettings
from core.alignment.overlay import overlay
from core.alignment.pins import Pins
from core.encoders.catalogue import load_encoder
from core.errors import CounterpointError
from core.geometry.pose import intrinsics
from core.geometry.shape import load_shape
from core.images import field_of_view, load_image, load_mask, save_image
from core.interchange.labels import read_json
from core.interchange.poses import View, save_json, save_matrix
from core.matching.joint import view_set
from core.matching.prepare import is_shape
from core.matching.sides import ImageSide, ShapeSide
from core.parts.grabcut import box_mask
from core.progress import Progress, silent, span

FOV = 50.0
"""Of the longer side of a photo whose camera is not known, in degrees."""


def align_files(options: argparse.Namespace, progress: Progress = silent) -> dict[str, Any]:
    """The report that ``--json`` prints: ``x_cam = R diag(s) x_shape + t``, OpenCV camera, the units of the shape's file."""
    if is_shape(options.image) or not is_shape(options.shape):
        raise CounterpointError("Give an image first and then a shape.")
    image, shape = load_image(options.image), load_shape(options.shape)
    size = (image.shape[1], image.shape[0])
    K = (
        read_intrinsics(options.K)
        if options.K
        else intrinsics(size, options.fov or field_of_view(options.image) or FOV)
    )
    if options.fov is not None and not 1 <= options.fov <= 170:
        raise CounterpointError(f"A field of view of {options.fov:g} degrees is none that a photo has; give 1 to 170.")
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
    views = view_set(side, up, progress=span(progress, 0.4, 0.6))
    fine = FineSettings(dof=options.dof)

    def watch(step: int, _: object) -> None:
        progress(0.6 + 0.4 * step / fine.steps, "Making the pose exact")

    found = align(picture, side, views, K, mask, fine=fine, watch=watch, pins=_pins(options.pins))
    report = {"encoder": encoder.name, "K": K.tolist(), "verdict": found.verdict, **_pose(found.best)}
    report["hypotheses"] = [_pose(one) for one in found.hypotheses]
    if options.out:
        view = View(Path(options.image).name, size, K, found.best.pose)
        save_matrix(options.out, view.pose) if options.out.endswith(".txt") else save_json(options.out, view)
        report["pose"] = options.out
    if options.save:
        save_image(options.save, overlay(image, shape, side.caster, found.best.pose, K))
        report["saved"] = options.save
    progress(1.0, "Done")
    return report


def read_intrinsics(path: str) -> npt.NDArray[np.floating]:
    """``K`` [3, 3] from JSON with fx, fy, cx and cy in pixels."""
    content = read_json(path)
    try:
        fx, fy, cx, cy = (float(content[name]) for name in ("fx", "fy", "cx", "cy"))
    except (KeyError, TypeError, ValueError):
        raise CounterpointError(f"{Path(path).name} has no intrinsics: give fx, fy, cx and cy in pixels.") from None
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])


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


def _around(mask: npt.NDArray[np.bool_]) -> tuple[float, float, float, float]:
    rows, columns = np.nonzero(mask)
    if len(rows) == 0:
        raise CounterpointError("The mask of the object is empty.")
    return columns.min() - 0.5, rows.min() - 0.5, columns.max() + 0.5, rows.max() + 0.5
