"""What the engine does about poses: finds them, makes them exact a few steps at a time, draws them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.documents import EncoderSettings, Item, Pair, PoseInPhoto
from app.loaded import encoder_of, image_of, segmenter_of, shape_of, side_of, surface_of, templates_of
from core.parts.layers import Mask
from core.progress import Progress, silent, span

STEPS = 10
"""Of the descent in one request; the window asks again and shows what came of it."""

ROUNDS = 4


@dataclass
class Begun:
    """Hypotheses before they are made exact, and what they were judged by."""

    poses: list[PoseInPhoto]
    mask: Mask
    K: tuple[float, float, float, float]
    mirrored: bool


@dataclass
class Drawn:
    """A posed shape as a picture uint8 [h, w, 4] over the part ``box`` of the image."""

    rgba: npt.NDArray[np.uint8]
    box: tuple[float, float, float, float]


def begin_alignment(
    progress: Progress,
    image: Item,
    shape: Item,
    encoder: EncoderSettings,
    mask: Mask | None,
    fov: float | None,
    camera: tuple[float, ...] | None,
) -> Begun:
    """Hypotheses from templates; the mask is cut out of the focus box where none is given, ``camera`` is fx, fy, cx, cy if known."""
    from core.alignment.align import hypotheses, looks_mirrored

    scorer, begun = _begin(span(progress, 0.0, 0.6), image, shape, encoder, mask, fov, camera)
    templates = templates_of(shape, encoder, span(progress, 0.6, 0.95))
    progress(0.95, "Comparing views of the shape with the photo")
    begun.poses = [_plain(one) for one in hypotheses(scorer, templates)]
    begun.mirrored = looks_mirrored(scorer, templates)
    return begun


def place_pose(
    progress: Progress,
    image: Item,
    shape: Item,
    encoder: EncoderSettings,
    fov: float | None,
    camera: tuple[float, ...] | None,
    path: str = "",
) -> Begun:
    """A pose to go on from by hand: the front of the shape in the box, or what the file ``path`` says."""
    from core.alignment.coarse import facing
    from core.interchange.poses import load_pose

    scorer, begun = _begin(progress, image, shape, encoder, None, fov, camera)
    (found,) = scorer([load_pose(path) if path else facing(scorer)])
    begun.poses = [_plain(found)]
    return begun


def score_pose(
    progress: Progress,
    image: Item,
    shape: Item,
    encoder: EncoderSettings,
    mask: Mask,
    K: tuple[float, ...],
    pose: PoseInPhoto,
) -> PoseInPhoto:
    """The same pose with what the picture thinks of it."""
    (found,) = _scorer(image, shape, encoder, mask, _matrix(K), progress)([pose.pose()])
    return _plain(found)


def solve_pairs(
    progress: Progress,
    image: Item,
    shape: Item,
    encoder: EncoderSettings,
    mask: Mask | None,
    fov: float | None,
    camera: tuple[float, ...] | None,
    pairs: tuple[Pair, ...],
    start: PoseInPhoto | None,
    dof: int,
    locked: frozenset[str],
) -> Begun:
    """Poses that the pairs allow, the best first; what is locked stays as in ``start``."""
    from core.alignment.align import align_from
    from core.alignment.fine import FineSettings
    from core.alignment.pins import Pins

    scorer, begun = _begin(progress, image, shape, encoder, mask, fov, camera)
    pins = Pins(np.array([pair.pixel for pair in pairs]), np.array([pair.point for pair in pairs]))
    settings = FineSettings(steps=30, dof=dof, locked=locked)
    held = start.pose() if start is not None and locked else None
    found = align_from(scorer, settings, None, held, pins)
    begun.poses = [_plain(one) for one in found.hypotheses]
    return begun


def read_camera(progress: Progress, path: str) -> tuple[float, ...]:
    """fx, fy, cx, cy of a file."""
    from core.interchange.poses import load_intrinsics

    K = load_intrinsics(path)
    return (float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2]))


def save_pose(
    progress: Progress, path: str, form: str | None, image: Item, K: tuple[float, ...], pose: PoseInPhoto
) -> str:
    """Write a pose as :func:`core.interchange.poses.save_view` does; returns the path."""
    from core.interchange.poses import View, save_view

    height, width = image_of(image).shape[:2]
    save_view(path, View(image.name, (width, height), _matrix(K), pose.pose()), form)
    return path


def _begin(
    progress: Progress,
    image: Item,
    shape: Item,
    encoder: EncoderSettings,
    mask: Mask | None,
    fov: float | None,
    camera: tuple[float, ...] | None,
) -> tuple[Any, Begun]:
    from core.alignment.align import check
    from core.geometry.pose import intrinsics
    from core.images import field_of_view
    from core.parts.prompts import Prompts

    height, width = image_of(image).shape[:2]
    K = _matrix(camera) if camera else intrinsics((width, height), fov or field_of_view(image.path) or 50.0)
    if mask is None:
        progress(0.05, f"Cutting the object out of {image.name}")
        box = image.box or (-0.5, -0.5, width - 0.5, height - 0.5)
        whole = segmenter_of(image.with_box(None), encoder, "")
        mask = Mask.of(whole.predict(Prompts(box=box))[0].mask)
    scorer = _scorer(image, shape, encoder, mask, K, span(progress, 0.1, 1.0))
    check(scorer.photo)
    return scorer, Begun([], mask, (K[0, 0], K[1, 1], K[0, 2], K[1, 2]), False)


def refine_alignment(
    progress: Progress,
    image: Item,
    shape: Item,
    encoder: EncoderSettings,
    mask: Mask,
    K: tuple[float, float, float, float],
    poses: list[PoseInPhoto],
    dof: int,
    turn: int,
    locked: frozenset[str] = frozenset(),
) -> list[PoseInPhoto]:
    """The poses after some more steps, in their order; ``turn`` counts the requests from 0. Only the last gives them new scores."""
    from core.alignment.fine import FineSettings, descend

    scorer = _scorer(image, shape, encoder, mask, _matrix(K))
    reach = 0.15 * (1 - 0.5 * turn / ROUNDS)
    settings = FineSettings(steps=STEPS, recast=STEPS, reach=reach, dof=dof, locked=locked)
    progress((turn + 0.5) / ROUNDS, "Making the pose exact")
    refined = descend([one.pose() for one in poses], scorer, settings)
    progress((turn + 1) / ROUNDS, "Making the pose exact")
    if turn == ROUNDS - 1:
        return [_plain(one) for one in scorer(refined)]
    return [PoseInPhoto.of(pose) for pose in refined]


def draw_pose(
    progress: Progress,
    image: Item,
    shape: Item,
    K: tuple[float, ...],
    pose: PoseInPhoto,
    style: Any = "solid",
    most: int = 480,
) -> Drawn:
    """The shape as its pose puts it, where it appears, ``most`` pixels of its own along the longer side."""
    from core.alignment.overlay import shaded

    height, width = image_of(image).shape[:2]
    rgba, box = shaded(shape_of(shape), surface_of(shape)[1], pose.pose(), _matrix(K), (width, height), style, most)
    return Drawn(rgba, box)


def _scorer(image: Item, shape: Item, encoder: EncoderSettings, mask: Mask, K: Any, progress: Progress = silent) -> Any:
    from core.alignment.scorer import Photo, PoseScorer

    pixels = image_of(image)
    photo = Photo(pixels, side_of(image, encoder, progress), K, mask.array().reshape(pixels.shape[:2]))
    return PoseScorer(photo, side_of(shape, encoder, progress), encoder_of(encoder, silent), shape.up)


def _matrix(K: tuple[float, ...]) -> npt.NDArray[np.floating]:
    from core.geometry.pose import camera_matrix

    return camera_matrix(*K)


def _plain(one: Any) -> PoseInPhoto:
    """A hypothesis as the document keeps it."""
    return PoseInPhoto.of(one.pose, one.score, one.similarity, one.overlap)


JOBS: dict[str, Callable[..., Any]] = {
    "begin_alignment": begin_alignment,
    "refine_alignment": refine_alignment,
    "draw_pose": draw_pose,
    "place_pose": place_pose,
    "score_pose": score_pose,
    "solve_pairs": solve_pairs,
    "read_camera": read_camera,
    "save_pose": save_pose,
}
