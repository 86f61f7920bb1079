"""What the engine does about parts: cuts them out, carries them, splits them, reads and writes them."""

from pathlib import Path

import cv2
import numpy as np

from app.engine.cache import guided_pair, segmenter_of, surface_of
from app.engine.files import image_of, marked_on, shape_of
from app.shared.results import Carried, ReadLabels
from app.shared.values import EncoderSettings, Guide, Item
from core.errors import CounterpointError
from core.interchange.image_labels import load_image_labels, save_image_labels
from core.interchange.labels import Labels, check_shape
from core.interchange.lying import say_written_upright
from core.interchange.shape_labels import load_shape_labels, load_split, save_shape_labels, save_split
from core.parts.action import Action
from core.parts.carry import Source, carry, percent
from core.parts.layers import Mask
from core.parts.marking import part_in_image, part_on_shape
from core.parts.sam import fetch_checkpoint
from core.progress import Progress, span

MOST_PIECES = 12
"""A part is split into this many pieces at most; the last has all that are smaller."""


def look_for_parts(progress: Progress, item: Item, encoder: EncoderSettings, sam: str) -> None:
    """Compute what the segmenter needs of an image, so that marking is quick."""
    segmenter_of(item, encoder, sam, progress)
    progress(1.0, f"{item.name} is ready to be marked")


def fetch_segmenter(progress: Progress, folder: str) -> str:
    """Download the smallest checkpoint of Segment Anything, unless it is there; returns its path."""
    return str(fetch_checkpoint("vit_b", folder, progress))


def mark_part(
    progress: Progress, item: Item, actions: tuple[Action, ...], base: Mask | None, encoder: EncoderSettings, sam: str
) -> list[tuple[Mask, float]]:
    """What a series of actions marks, on top of ``base``: candidates with scores, the best first (one on a shape)."""
    if item.kind == "image":
        height, width = image_of(item).shape[:2]
        start = None if base is None else marked_on(item, base)
        segmenter = segmenter_of(item, encoder, sam, progress)
        candidates = part_in_image((width, height), actions, segmenter, start)
        return [(Mask.of(candidate.mask), candidate.score) for candidate in candidates]
    graph, caster = surface_of(item)
    shape = shape_of(item)
    places = [caster.closest(shape.to_normalised(np.array(action.places))).face.astype(np.int64) for action in actions]
    return [(Mask.of(part_on_shape(graph, places, actions, None if base is None else marked_on(item, base))), 1.0)]


def carry_part(
    progress: Progress,
    sources: list[tuple[Item, Mask]],
    targets: list[Item],
    encoder: EncoderSettings,
    known: list[list[Guide | None]],
) -> list[Carried]:
    """A part on every target; several sources vote on shapes.

    ``known`` are for every target the poses of the one in the other of every source.
    """
    carried = []
    for number, (target, guides) in enumerate(zip(targets, known, strict=True)):
        step = span(progress, number / len(targets), (number + 1) / len(targets))
        voters = []
        votes = list(zip(sources, guides, strict=True))
        for (item, mask), poses in votes if target.kind == "shape" else votes[:1]:
            one, other, prior = guided_pair(item, target, encoder, poses, step)
            voters.append(Source(one, marked_on(item, mask)[None], prior))
        (found,) = carry(voters, other)
        numbers = (found.share, found.overlap, found.verdict, found.probability, found.reasons)
        carried.append(Carried(np.ravel(percent(other, found)), *numbers))
    return carried


def split_part(progress: Progress, item: Item, mask: Mask) -> list[Mask]:
    """The connected pieces of a part, the largest first."""
    chosen = marked_on(item, mask)
    if item.kind == "image":
        _, label = cv2.connectedComponents(chosen.astype(np.uint8))
        order = np.argsort(-np.bincount(label.ravel())[1:], kind="stable") + 1
        pieces = [label == name for name in order]
    else:
        pieces = surface_of(item)[0].pieces(chosen)
    if len(pieces) > MOST_PIECES:
        rest = np.logical_or.reduce(pieces[MOST_PIECES - 1 :])
        pieces = [*pieces[: MOST_PIECES - 1], rest]
    return [Mask.of(piece) for piece in pieces]


def save_labels(
    progress: Progress, item: Item, names: list[str], colors: list[str], masks: list[Mask], path: str
) -> str:
    """Write parts to a file, or, where ``path`` has no suffix, those of a shape as meshes to a folder.

    Returns what was written.
    """
    progress(0.1, f"Writing {Path(path).name}")
    labels = Labels(names, colors, np.stack([marked_on(item, mask) for mask in masks]))
    if item.kind == "image":
        say_written_upright([item.path], Path(path).name)
        save_image_labels(path, labels, item.name)
    elif Path(path).suffix:
        save_shape_labels(path, shape_of(item), labels)
    else:
        return f"{len(save_split(path, shape_of(item), labels))} meshes in {path}"
    return path


def read_labels(progress: Progress, item: Item, paths: list[str]) -> ReadLabels:
    """Parts of an image or shape from a file, or from the meshes that its parts were split into."""
    progress(0.1, f"Reading {Path(paths[0]).name}")
    if item.kind == "image":
        labels = load_image_labels(paths[0], image_of(item).shape[:2], item.path)
    else:
        shape = shape_of(item)
        count = len(shape.vertices) if shape.is_point_cloud else len(shape.faces)
        try:
            labels = check_shape(load_split(paths), (count,), Path(paths[0]).name)
        except CounterpointError:
            if len(paths) > 1:
                raise
            labels = load_shape_labels(paths[0], shape)
    return ReadLabels(labels.names, labels.colors, [Mask.of(mask) for mask in labels.masks])
