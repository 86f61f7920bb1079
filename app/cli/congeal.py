"""The verb ``congeal``: a photo collection in the frame of one shape, written to a folder."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.cli.inputs import choice_of, open_shape
from app.cli.options.congeal import CongealOptions
from app.cli.text import sureness
from core.calibration import verdict_of
from core.congealing.canonical import choose_from_gallery
from core.congealing.collection import OpenedPhoto, canonical_shape, congeal
from core.congealing.export import posed_image, write_maps, write_poses
from core.congealing.generate import generate
from core.congealing.opening import FEWEST, open_photos
from core.congealing.posed_photos import PosedPhoto
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import load_encoder
from core.encoders.feature_map import Box
from core.errors import CounterpointError
from core.files import make_folder, read_json
from core.foreign_photos import say_unread
from core.geometry.formats import guess_up, is_shape
from core.image_formats import IMAGE_SUFFIXES
from core.interchange.collections import PosedImage, save_collection
from core.progress import Progress, silent, span


def run(options: CongealOptions, progress: Progress = silent) -> dict[str, Any]:
    """The report that ``--json`` prints.

    ``x_cam = R diag(s) x_shape + t``, OpenCV camera, the units of the shape's file.
    """
    paths = photos_of(options.images)
    if sum(map(bool, (options.shape, options.gallery, options.generate))) != 1:
        raise CounterpointError(
            "Say what the photos show: give --shape, or --gallery to choose it from, or --generate to make it."
        )
    _check_out(options.out, options.images)
    out = make_folder(options.out)
    encoder = load_encoder(choice_of(options))
    boxes = boxes_from(options.boxes) if options.boxes else {}
    opened = open_photos(paths, encoder, boxes, options.masks, options.K, span(progress, 0.0, 0.15))
    shrunk = opened.shrunk
    shape, up, choices = _shape(options, opened.photos, encoder, span(progress, 0.15, 0.3))
    canon = canonical_shape(open_shape(shape), encoder, up, span(progress, 0.3, 0.4))
    done: list[PosedImage] = []

    def keep(path: str, one: PosedPhoto) -> None:
        done.append(posed_image(path, one, shrunk[path]))
        save_collection(out / "collection.json", str(shape), done, up=up, finished=False)

    found = congeal(opened.photos, canon, span(progress, 0.4, 0.95), keep)
    left_out = [{"path": path, "reason": why} for path, why in opened.refused + found.refused]
    factors = [shrunk[path] for path in found.names]
    more = {"encoder": encoder.name, "choices": choices, "refused": left_out}
    saved = write_poses(out, found, found.names, factors, str(shape), options.format, **more)
    saved += write_maps(out, found, found.names, options.maps, span(progress, 0.95, 1.0))
    progress(1.0, "Done")
    return {**read_json(out / "collection.json"), "saved": [str(file) for file in saved]}


def _check_out(out: str, images: Sequence[str]) -> None:
    """Refuse a folder of the photos: what is written there would be photos of the next call."""
    if os.path.isdir(out) and any(os.path.isdir(one) and os.path.samefile(one, out) for one in images):
        raise CounterpointError(
            f"--out is the folder of the photos ({out}), where the average picture would be taken for one; choose another."
        )


def lines(options: CongealOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    shown = [f"{one['score']:.3f}  {one['path']}: {_sureness(one)}" for one in report["images"]]
    return [f"shape  {report['shape']}", *shown, f"saved {options.out}"]


def _sureness(one: dict[str, Any]) -> str:
    """How far the pose of a photo can be trusted."""
    said = sureness(verdict_of(one["probability"]), one["probability"], one["reasons"])
    copied = (
        f"; nearly the same picture as {Path(one['copy_of']).name}; both count as one" if one.get("copy_of") else ""
    )
    return (said if one["inlier"] else f"outlier, {said}") + copied


def photos_of(given: Sequence[str]) -> list[str]:
    """Files and those of folders, each once.

    Raises:
        CounterpointError: too few, or one is a shape.
    """
    paths: list[str] = []
    for name in given:
        place = Path(name)
        if os.path.isdir(place):
            say_unread(place.iterdir(), str(place))
            paths += sorted(str(file) for file in place.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
        elif is_shape(name):
            raise CounterpointError(f"{place.name} is a shape; give it with --shape.")
        else:
            paths.append(name)
    paths = list(dict.fromkeys(paths))
    if len(paths) < FEWEST:
        raise CounterpointError(f"A collection has {FEWEST} photos or more; {len(paths)} were given.")
    return paths


def boxes_from(path: str) -> dict[str, Box]:
    """``{"photo.jpg": [x0, y0, x1, y1], ...}`` of a JSON file.

    Raises:
        CounterpointError: it holds something else.
    """
    content = read_json(path)
    try:
        boxes = {str(name): tuple(float(v) for v in box) for name, box in content.items()}
        if any(len(box) != 4 for box in boxes.values()):
            raise ValueError
    except (AttributeError, TypeError, ValueError):
        raise CounterpointError(
            f'{Path(path).name} holds no boxes: give {{"photo.jpg": [x0, y0, x1, y1], ...}}.'
        ) from None
    return boxes  # type: ignore[return-value]


def _shape(
    options: CongealOptions, opened: list[OpenedPhoto], encoder: ImageEncoder, progress: Progress
) -> tuple[Path, str, list[dict[str, Any]]]:
    """The canonical shape's file, what points up in it, and the choices there were."""
    if options.shape:
        return Path(options.shape), options.up or guess_up(options.shape), []
    if options.generate:
        photos, out = [one.photo for one in opened], Path(options.out) / "canonical.glb"
        return generate(photos, options.generate, out, options.device, progress), options.up or "y", []
    choices = choose_from_gallery(opened, options.gallery or "", choice_of(options), encoder, progress)
    told = [{"path": str(one.path), "votes": one.votes, "score": one.score} for one in choices]
    return choices[0].path, choices[0].up, told
