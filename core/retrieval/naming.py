"""What a shape is called: by words and CLIP, or by the labelled shapes of a gallery that are most like it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from core.encoders.dlign import DepthClip
from core.errors import CounterpointError
from core.geometry.depth_maps import depth_views
from core.geometry.raycasting import Raycaster
from core.geometry.shape import Shape
from core.retrieval.search import Query, Searcher

NEAREST = 10
"""Shapes that vote where there is no CLIP."""

LEAST = 1e-3
"""Similarity that a shape votes with at least."""

BY_GALLERY = f"votes of the {NEAREST} most similar shapes that have such a tag"


def by_words(model: DepthClip) -> str:
    """How the shares of :func:`name_by_words` came about."""
    branch = "with the tuned branch" if model.trained else "without a branch tuned for depth"
    return f"probabilities by {model.clip.name.partition(':')[0]} on depth pictures, {branch}"


@dataclass(frozen=True)
class Named:
    """A label and its share, 0 to 1: the probability by words, or the votes of the most similar shapes."""

    label: str
    share: float


def name_by_words(shape: Shape, up: str, model: DepthClip, labels: Sequence[str]) -> list[Named]:
    """Probabilities of labels, which may be any words, the likeliest first (OpenDlign).

    Raises:
        CounterpointError: less than two labels.
    """
    labels = check_labels(labels)
    depths = depth_views(Raycaster(shape), up, model.clip.input_size)
    return by_share(labels, torch.softmax(model.logits(depths, model.labels(labels)), dim=0).tolist())


def name_by_gallery(query: Query, searcher: Searcher, labels: Sequence[str] = ()) -> list[Named]:
    """Tags of the most similar shapes of a gallery; only ``labels``, where given. Each of the first ``NEAREST`` that has one votes for it
    with the square of its similarity.

    Raises:
        CounterpointError: no shape of the gallery has a tag, or one of the labels.
    """
    wanted = {label.strip().lower() for label in labels if label.strip()}
    votes: dict[str, float] = {}
    voters = 0
    for found in searcher(query, top=len(searcher.gallery)):
        tags = [tag for tag in found.entry.tags if not wanted or tag.lower() in wanted]
        if tags and voters < NEAREST:
            voters += 1
            votes[tags[-1]] = votes.get(tags[-1], 0.0) + max(found.score, LEAST) ** 2
    total = sum(votes.values())
    if not votes:
        known = ", ".join(tag for tag, _ in searcher.gallery.tags()[:20]) or "none"
        raise CounterpointError(f"No shape of the gallery has one of the labels; the gallery's tags are: {known}.")
    return by_share(list(votes), [vote / total for vote in votes.values()])


def by_share(labels: Sequence[str], shares: Sequence[float]) -> list[Named]:
    return sorted(
        (Named(label, float(share)) for label, share in zip(labels, shares, strict=True)), key=lambda n: -n.share
    )


def check_labels(labels: Sequence[str]) -> list[str]:
    """Without blanks and doubles."""
    found = list(dict.fromkeys(label.strip() for label in labels if label.strip()))
    if len(found) < 2:
        raise CounterpointError("Give two labels or more, divided by commas.")
    return found
