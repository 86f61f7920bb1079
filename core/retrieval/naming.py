"""Names of shapes: by words and CLIP, or by the most similar labelled shapes of a gallery."""

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
"""The number of shapes that vote if there is no CLIP."""

LEAST = 1e-3
"""The least similarity that a shape votes with."""

BY_GALLERY = f"votes of the {NEAREST} most similar shapes that have such a tag"


def by_words(model: DepthClip) -> str:
    """Describe in words how the shares of :func:`name_by_words` were computed."""
    branch = "with the tuned branch" if model.trained else "without a branch tuned for depth"
    return f"probabilities by {model.clip.name.partition(':')[0]} on depth pictures, {branch}"


@dataclass(frozen=True)
class Named:
    """A label of a shape.

    Attributes:
        label: the word or the tag.
        share: in [0, 1], the probability by words, or the part of the votes of the most similar shapes.
    """

    label: str
    share: float


def name_by_words(shape: Shape, up: str, model: DepthClip, labels: Sequence[str]) -> list[Named]:
    """Compute the probabilities of labels, which may be any words (OpenDlign).

    Args:
        shape: the shape.
        up: the axis of its file that points up.
        model: CLIP for depth pictures.
        labels: two or more.

    Returns:
        The labels, the likeliest first.

    Raises:
        CounterpointError: there are less than two labels.
    """
    labels = check_labels(labels)
    depths = depth_views(Raycaster(shape), up, model.clip.input_size)
    return by_share(labels, torch.softmax(model.logits(depths, model.labels(labels)), dim=0).tolist())


def name_by_gallery(query: Query, searcher: Searcher, labels: Sequence[str] = ()) -> list[Named]:
    """Let the most similar shapes of a gallery vote for their tags.

    Each of the first ``NEAREST`` shapes that have a tag votes for it with the square of its similarity.

    Args:
        query: the shape, described by the gallery's encoders.
        searcher: of the gallery.
        labels: the tags that are considered; none for all.

    Returns:
        The tags, the likeliest first.

    Raises:
        CounterpointError: no shape of the gallery has a tag, or one of the labels.
    """
    considered = {label.strip().lower() for label in labels if label.strip()}
    votes: dict[str, float] = {}
    voters = 0
    for found in searcher(query, top=len(searcher.gallery)):
        tags = [tag for tag in found.entry.tags if not considered or tag.lower() in considered]
        if tags and voters < NEAREST:
            voters += 1
            votes[tags[-1]] = votes.get(tags[-1], 0.0) + max(found.score, LEAST) ** 2
    total = sum(votes.values())
    if not votes:
        tags = [tag for tag, _ in searcher.gallery.tags()[:20]]
        if not tags:
            raise CounterpointError(
                "The shapes of this gallery have no tags to name others by; sort them into folders, whose names become "
                "tags, or give labels and a CLIP model."
            )
        raise CounterpointError(
            f"No shape of the gallery is tagged with one of these labels; it has {', '.join(tags)}."
        )
    return by_share(list(votes), [vote / total for vote in votes.values()])


def by_share(labels: Sequence[str], shares: Sequence[float]) -> list[Named]:
    """Return labels with their shares, the largest share first."""
    return sorted(
        (Named(label, float(share)) for label, share in zip(labels, shares, strict=True)), key=lambda n: -n.share
    )


def check_labels(labels: Sequence[str]) -> list[str]:
    """Return labels without blanks and doubles.

    Raises:
        CounterpointError: there are less than two.
    """
    found = list(dict.fromkeys(label.strip() for label in labels if label.strip()))
    if len(found) < 2:
        raise CounterpointError("Give two labels or more, divided by commas.")
    return found
