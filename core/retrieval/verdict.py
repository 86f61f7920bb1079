"""The verdict on a search: how probable it is that what was found first is of the kind that was asked for.

This is the only place where it is decided. Of a shape that is the very one that was asked for it is true too. It is
known of searches by a photo or a shape; how often searches by words and by parts are right was not measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.calibration import SOUGHT, doubts, probability
from core.matching.verdict import Doubt, limited
from core.retrieval.queries import QueryEncoder
from core.retrieval.search import Query, SearchResult
from core.retrieval.store import Gallery
from core.retrieval.views import Views, most_alike

DOUBTS = {"similarity": "unlike", "vector": "whole", "overlap": "silhouette"}
"""What is said (:data:`core.calibration.REASONS`) where a feature of a search speaks against its first result."""

UNKNOWN = "how often searches by words and by parts are right was not measured"
"""Why their results have no verdict."""


def judge_search(
    query: Query, found: Sequence[SearchResult], gallery: Gallery, query_encoder: QueryEncoder
) -> Doubt | None:
    """Judge the first result of a search; it does not matter which shapes were searched, or how they were ranked.

    Args:
        query: what was searched for.
        found: the results, the most similar first.
        gallery: that was searched.
        query_encoder: that the query was made with.

    Returns:
        The verdict; None where there are no results, and for words and parts.
    """
    kind = kind_of_search(query)
    if kind is None or not found:
        return None
    features = search_features(query, found[0].entry.number, gallery)
    doubt = judge_features(kind, features, query_encoder.encoder.fingerprint)
    if query.sought and doubt.verdict != "good":
        doubt = replace(doubt, reasons=(SOUGHT, *doubt.reasons))
    return doubt


def judge_features(kind: str, features: Mapping[str, float], encoder: str) -> Doubt:
    """Judge a search by its features (see :func:`search_features`).

    Args:
        kind: see :func:`kind_of_search`.
        features: by name.
        encoder: the fingerprint of the encoder.
    """
    reasons = [DOUBTS[name] for name in doubts(kind, features, encoder) if name in DOUBTS]
    return limited(probability(kind, features, encoder), 1.0, reasons, encoder)


def kind_of_search(query: Query) -> str | None:
    """Return the kind of answer that a search gives, or None where it has no verdict."""
    if "shape" not in query.vectors:
        return None
    return "search by image" if query.views is not None and len(query.views.masks) == 1 else "search by shape"


def search_features(query: Query, number: int, gallery: Gallery) -> dict[str, float]:
    """Measure what tells whether a shape of a gallery is of the kind that was asked for, by name; more is better.

    Args:
        query: of a photo or a shape.
        number: of the shape.
        gallery: that it is in.
    """
    features = {"vector": float(query.vectors["shape"][0] @ gallery.vector(number, "shape"))}
    if query.views is not None:
        features["similarity"], features["overlap"] = most_alike(query.views, Views.from_bytes(gallery.views(number)))
    return features
