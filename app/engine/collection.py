"""What the engine does with photo collections.

It poses photos, joins them, follows points, carries drawings and writes files.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from app.engine.cache import choice_of, encoder_of, matchable_of, templates_of, weights_of
from app.engine.files import as_opened, image_of, marked_on
from app.engine.keep_last import keep_last
from app.shared.results import Followed
from app.shared.values import Collection, CollectionPhoto, Drawing, EncoderSettings, Item, PoseInPhoto
from core.alignment.scorer import Hypothesis, Photo, PoseScorer
from core.congealing.canonical import choose_from_gallery
from core.congealing.collection import Congealed, OpenedPhoto, congeal_jointly
from core.congealing.export import write_maps, write_poses
from core.congealing.photos import open_photo
from core.congealing.posed_photos import CanonicalShape, PosedPhoto, pose_photo
from core.congealing.propagate import average, blend, draw_parts, draw_picture, from_photo, from_shape, rgba
from core.encoders.feature_map import box_around
from core.errors import CounterpointError
from core.geometry.pose import camera_matrix, resized_intrinsics
from core.images import load_rgba, save_image
from core.interchange.names import file_stems
from core.progress import Progress, span


def choose_canonical(
    progress: Progress, photos: tuple[CollectionPhoto, ...], gallery: str, encoder: EncoderSettings
) -> tuple[str, str]:
    """The file of the gallery's shape that fits the photos best, and what points up in it."""
    opened = []
    for number, one in enumerate(photos):
        progress(0.3 * number / len(photos), f"Cutting out {one.item.name} ({number + 1} of {len(photos)})")
        photo, _, known = _open(one, encoder)
        opened.append(OpenedPhoto(one.item.name, photo, known))
    choices = choose_from_gallery(opened, gallery, choice_of(encoder), encoder_of(encoder), span(progress, 0.3, 1.0))
    return str(choices[0].path), choices[0].up


def pose_one(progress: Progress, photo: CollectionPhoto, shape: Item, encoder: EncoderSettings) -> CollectionPhoto:
    """The photo with its hypotheses, or with the reason why there are none."""
    canon = _canon(shape, encoder, span(progress, 0.0, 0.8))
    progress(0.8, f"Posing {photo.item.name}")
    try:
        opened, shrunk, known = _open(photo, encoder)
        found = pose_photo(opened, canon, known)
    except CounterpointError as error:
        return replace(photo, poses=(), problem=str(error))
    return _plain(photo, found, shrunk)


def join(progress: Progress, collection: Collection) -> tuple[CollectionPhoto, ...]:
    """The photos as they agree."""
    found = _together(collection, progress)
    photos, members = list(collection.photos), found.members
    for number, member in zip(_posed_numbers(collection), members, strict=True):
        plain = _plain(photos[number], member, _open(photos[number], collection.encoder)[1])
        photos[number] = replace(plain, copy_of="" if member.copy_of is None else found.names[member.copy_of])
    return tuple(photos)


def follow(progress: Progress, collection: Collection, number: int | None, at: tuple[float, ...]) -> Followed | None:
    """A pixel of a photo (or with ``number`` None a point of the shape) in all photos.

    None where the photo shows no shape.
    """
    found, shape = _together(collection, progress), _shape(collection)
    if number is None:
        place = shape.to_normalised(np.array([at]))
    else:
        posed = _posed_numbers(collection)
        if number not in posed:
            return None
        factor = _open(collection.photos[number], collection.encoder)[1]
        place, known = found.places(posed.index(number), [_resized(at, factor)])
        if not known[0]:
            return None
    pixels = [(float("nan"), float("nan"), False)] * len(collection.photos)
    for member, index in enumerate(_posed_numbers(collection)):
        (pixel,), (visible,) = found.show(member, place)
        u, v = _resized(pixel, 1 / _open(collection.photos[index], collection.encoder)[1])
        pixels[index] = (u, v, bool(visible))
    return Followed(tuple(map(float, shape.to_own_frame(place)[0])), pixels)


def average_picture(
    progress: Progress, collection: Collection, azimuth: float, elevation: float, size: int
) -> npt.NDArray[np.uint8]:
    """All photos as one picture RGBA uint8 [size, size, 4] of the shape from a side (degrees)."""
    return average(_together(collection, progress), azimuth, elevation, size)


def carry(progress: Progress, collection: Collection, size: int) -> list[npt.NDArray[np.uint8] | None]:
    """The drawing on every photo, RGBA uint8 [h, w, 4] no longer than ``size``; None for photos without a pose."""
    small: list[npt.NDArray[np.uint8] | None] = [None] * len(collection.photos)
    for number, drawn in zip(_posed_numbers(collection), _drawn(collection, progress), strict=True):
        picture = Image.fromarray(drawn)
        picture.thumbnail((size, size), Image.Resampling.BOX)
        small[number] = np.asarray(picture)
    return small


def export_collection(progress: Progress, collection: Collection, folder: str, what: str) -> list[str]:
    """Write "npz" or "exr" (poses as JSON, and maps), "colmap", "nerfstudio", or "edited" photos; returns the files."""
    found, out = _together(collection, span(progress, 0.0, 0.5)), Path(folder)
    shown = [collection.photos[number] for number in _posed_numbers(collection)]
    if what == "edited":
        files = []
        names, pictures = file_stems([one.item.path for one in shown]), _drawn(collection, span(progress, 0.5, 0.9))
        for name, one, drawn in zip(names, shown, pictures, strict=True):
            file = out / f"{name}.png"
            save_image(file, blend(image_of(one.item), drawn))
            files.append(str(file))
        return files
    factors = [_open(one, collection.encoder)[1] for one in shown]
    saved = write_poses(out, found, [one.item.path for one in shown], factors, _shape_path(collection), what)
    if what in ("npz", "exr"):
        saved += write_maps(out, found, [one.item.path for one in shown], what, span(progress, 0.5, 1.0))
    return [str(file) for file in saved]


@keep_last(256, key=lambda photo, encoder: (photo.item, photo.mask, weights_of(choice_of(encoder))))
def _open(photo: CollectionPhoto, encoder: EncoderSettings) -> tuple[Photo, float, bool]:
    """The photo, how much it was shrunk, and whether its camera is known."""
    mask = None
    if photo.mask is not None:
        mask = marked_on(photo.item, photo.mask)
    return open_photo(as_opened(photo.item), encoder_of(encoder), photo.item.box, mask)


def _canon(shape: Item, encoder: EncoderSettings, progress: Progress) -> CanonicalShape:
    side = matchable_of(shape, encoder, span(progress, 0.0, 0.5))
    templates = templates_of(shape, encoder, span(progress, 0.5, 1.0))
    return CanonicalShape(side, templates, encoder_of(encoder), shape.up)


def _posed(collection: Collection) -> list[CollectionPhoto]:
    return [one for one in collection.photos if one.poses]


def _collection_key(collection: Collection, progress: Progress) -> tuple[object, ...]:
    photos = tuple((one.item, one.mask, one.fixed and (one.pose, one.K)) for one in _posed(collection))
    return collection.shape, collection.encoder, weights_of(choice_of(collection.encoder)), photos


@keep_last(2, key=_collection_key)
def _together(collection: Collection, progress: Progress) -> Congealed:
    """The collection congealed; computed again where the engine was started anew."""
    assert collection.shape is not None
    encoder, posed, members = collection.encoder, _posed(collection), []
    if not posed:
        raise CounterpointError("No photo of the collection has a pose yet; press Congeal first.")
    canon = _canon(collection.shape, encoder, span(progress, 0.0, 0.1))
    for number, one in enumerate(posed):
        progress(0.1 + 0.3 * number / len(posed), f"Posing {one.item.name} ({number + 1} of {len(posed)})")
        photo, shrunk, known = _open(one, encoder)
        if one.fixed and one.pose is not None and one.K is not None:
            K = resized_intrinsics(camera_matrix(*one.K), shrunk)
            scorer = PoseScorer(Photo(photo.pixels, photo.side, K, photo.mask), canon.side, canon.encoder, canon.up)
            hypothesis = Hypothesis(one.pose.pose(), one.pose.similarity, one.pose.overlap)
            members.append(PosedPhoto(scorer, [hypothesis], fixed=True))
        else:
            members.append(pose_photo(photo, canon, known))
    names = [one.item.path for one in posed]
    return congeal_jointly(Congealed(canon, names, members, []), span(progress, 0.4, 1.0))


def _posed_numbers(collection: Collection) -> list[int]:
    return [number for number, one in enumerate(collection.photos) if one.poses]


def _plain(photo: CollectionPhoto, found: Any, shrunk: float) -> CollectionPhoto:
    K = resized_intrinsics(found.scorer.K, 1 / shrunk)
    x0, y0, x1, y1 = box_around(found.scorer.photo.mask)
    frame = (*_resized((x0, y0), 1 / shrunk), *_resized((x1, y1), 1 / shrunk))
    poses = tuple(
        PoseInPhoto.of(h.pose, h.score, h.similarity, h.overlap, sure=h.probability, reasons=h.reasons)
        for h in found.hypotheses
    )
    camera = (float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2]))
    return replace(
        photo,
        frame=frame,
        K=camera,
        poses=poses,
        choice=found.choice,
        agreement=found.agreement,
        inlier=found.inlier,
        problem="",
    )


def _drawn(collection: Collection, progress: Progress) -> list[npt.NDArray[np.uint8]]:
    """The drawing on every posed photo, RGBA uint8 [H, W, 4] of its working size."""
    found, drawing = _together(collection, progress), collection.drawing
    if drawing is None:
        raise CounterpointError("Nothing is drawn yet; mark a part, or choose a picture.")
    if drawing.source is None:
        field = found.canon.side.field
        colors = np.zeros((len(field), 4), np.uint8)
        assert collection.shape is not None
        for mask, color in drawing.masks:
            colors[marked_on(collection.shape, mask)[field.points.face]] = rgba(color)
        return from_shape(found, colors)
    posed = _posed_numbers(collection)
    if drawing.source not in posed:
        raise CounterpointError("The photo that was drawn on has no pose; draw on a photo that has one.")
    number = posed.index(drawing.source)
    return from_photo(found, number, _source(collection, drawing, found.members[number].scorer.photo))


def _source(collection: Collection, drawing: Drawing, photo: Photo) -> npt.NDArray[np.uint8]:
    """The drawing on the photo it was made on, of the photo's working size."""
    if drawing.picture:
        return draw_picture(load_rgba(drawing.picture), photo.mask)
    assert drawing.source is not None
    item = collection.photos[drawing.source].item
    height, width = photo.pixels.shape[:2]
    return draw_parts([(marked_on(item, mask), color) for mask, color in drawing.masks], (width, height))


def _shape(collection: Collection) -> Any:
    assert collection.shape is not None
    return matchable_of(collection.shape, collection.encoder).shape


def _shape_path(collection: Collection) -> str:
    assert collection.shape is not None
    return collection.shape.path


def _resized(pixel: Any, factor: float) -> tuple[float, float]:
    """A pixel of the picture resized by ``factor``."""
    return float((pixel[0] + 0.5) * factor - 0.5), float((pixel[1] + 0.5) * factor - 0.5)
