"""The verb ``congeal``: a photo collection in the frame of one shape, written to a folder."""

import argparse
from pathlib import Path
from typing import Any

from app.cli.options import choice_of
from core.congealing.canonical import choose_shape
from core.congealing.collection import OpenedPhoto, canonical_shape, congeal
from core.congealing.export import posed_image, write_maps, write_poses
from core.congealing.generate import generate
from core.congealing.photos import open_photo
from core.congealing.posed_photos import PosedPhoto
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import load_encoder
from core.encoders.feature_map import Box
from core.errors import CounterpointError
from core.files import read_json
from core.geometry.shape import load_shape
from core.images import SUFFIXES, image_size, load_mask
from core.interchange.cameras import load_camera
from core.interchange.collections import PosedImage, save_collection
from core.matching.prepare import guess_up, is_shape
from core.progress import Progress, silent, span
from core.retrieval.build import gallery_for
from core.retrieval.describe import GallerySpec
from core.retrieval.queries import QueryEncoder
from core.retrieval.search import Searcher

FEWEST = 2
"""Photos that make a collection."""


def congeal_files(options: argparse.Namespace, progress: Progress = silent) -> dict[str, Any]:
    """The report that ``--json`` prints; ``x_cam = R diag(s) x_shape + t``, OpenCV camera, the units of the shape's file."""
    paths = photos_of(options.images)
    if sum(map(bool, (options.shape, options.gallery, options.generate))) != 1:
        raise CounterpointError(
            "Say what the photos show: give --shape, or --gallery to choose it from, or --generate to make it."
        )
    out = Path(options.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CounterpointError(f"{out} cannot be made ({error.strerror}); choose another folder with -o.") from error
    encoder = load_encoder(choice_of(options))
    opened, shrunk, refused = _open(paths, encoder, options, span(progress, 0.0, 0.15))
    shape, up, choices = _shape(options, opened, encoder, span(progress, 0.15, 0.3))
    canon = canonical_shape(load_shape(shape), encoder, up, span(progress, 0.3, 0.4))
    done: list[PosedImage] = []

    def keep(path: str, one: PosedPhoto) -> None:
        done.append(posed_image(path, one, shrunk[path]))
        save_collection(out / "collection.json", str(shape), done, up=up, finished=False)

    found = congeal(opened, canon, span(progress, 0.4, 0.95), keep)
    left_out = [{"path": path, "reason": why} for path, why in refused + found.refused]
    factors = [shrunk[path] for path in found.names]
    more = {"encoder": encoder.name, "choices": choices, "refused": left_out}
    saved = write_poses(out, found, found.names, factors, str(shape), options.format, **more)
    saved += write_maps(out, found, found.names, options.maps, span(progress, 0.95, 1.0))
    progress(1.0, "Done")
    return read_json(out / "collection.json") | {"saved": [str(file) for file in saved]}


def photos_of(given: list[str]) -> list[str]:
    """Files and those of folders, each once.

    Raises:
        CounterpointError: too few, or one is a shape.
    """
    paths: list[str] = []
    for name in given:
        place = Path(name)
        if place.is_dir():
            paths += sorted(str(file) for file in place.iterdir() if file.suffix.lower() in SUFFIXES)
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
        raise CounterpointError(f'{Path(path).name} holds no boxes: give {{"photo.jpg": [x0, y0, x1, y1], ...}}.') from None  # fmt: skip
    return boxes  # type: ignore[return-value]


def _open(
    paths: list[str], encoder: ImageEncoder, options: argparse.Namespace, progress: Progress
) -> tuple[list[OpenedPhoto], dict[str, float], list[tuple[str, str]]]:
    """The photos, how much each was shrunk, and (path, reason) of those left out."""
    boxes = boxes_from(options.boxes) if options.boxes else {}
    opened, shrunk, refused = [], {}, []
    for number, path in enumerate(paths):
        progress(number / len(paths), f"Cutting out photo {number + 1} of {len(paths)}")
        try:
            box = boxes.get(path) or boxes.get(Path(path).name)
            camera = load_camera(options.K, image_size(path), path) if options.K else None
            photo, factor, known = open_photo(path, encoder, box, _mask(path, options.masks), camera)
        except CounterpointError as error:
            refused.append((path, str(error)))
            continue
        opened.append(OpenedPhoto(path, photo, known))
        shrunk[path] = factor
    if len(opened) < FEWEST:
        reasons = "; ".join(f"{Path(path).name}: {why}" for path, why in refused[:3])
        raise CounterpointError(f"Too few photos can be used. {reasons}")
    return opened, shrunk, refused


def _mask(path: str, folder: str | None) -> Any:
    if folder is None:
        return None
    file = Path(folder) / f"{Path(path).stem}.png"
    return load_mask(file) if file.exists() else None


def _shape(
    options: argparse.Namespace, opened: list[OpenedPhoto], encoder: ImageEncoder, progress: Progress
) -> tuple[Path, str, list[dict[str, Any]]]:
    """The canonical shape's file, what points up in it, and the choices there were."""
    if options.shape:
        return Path(options.shape), options.up or guess_up(options.shape), []
    if options.generate:
        photos, out = [one.photo for one in opened], Path(options.out) / "canonical.glb"
        return generate(photos, options.generate, out, options.device, progress), options.up or "y", []
    with gallery_for(options.gallery, GallerySpec(choice_of(options)), progress=span(progress, 0.0, 0.5)) as gallery:
        query_encoder = QueryEncoder(GallerySpec.of(gallery.spec, options.device))
        choices = choose_shape(opened, Searcher(gallery), query_encoder, encoder, span(progress, 0.5, 1.0))
    told = [{"path": str(one.path), "votes": one.votes, "score": one.score} for one in choices]
    return choices[0].path, choices[0].up, told
