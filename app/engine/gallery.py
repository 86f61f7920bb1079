"""What the engine does with galleries: keeps them up to date, searches them, draws what was found from other sides."""

from dataclasses import asdict, replace

import numpy as np
import numpy.typing as npt

from app.engine.cache import choice_of, matchable_of, weights_of
from app.engine.files import image_of, marked_on, shape_of
from app.engine.keep_last import keep_last
from app.shared.results import FoundShape, FoundShapes
from app.shared.search import SearchRequest
from app.shared.values import EncoderSettings, Item, item_for
from core.encoders.clip import ClipEncoder
from core.encoders.dlign import DepthClip
from core.geometry.raycasting import Raycaster
from core.geometry.shape import load_shape
from core.matching.verdict import Doubt
from core.progress import Progress, silent, span
from core.retrieval.build import gallery_for, index_folder
from core.retrieval.describe import GallerySpec
from core.retrieval.naming import BY_GALLERY, by_words, name_by_gallery, name_by_words
from core.retrieval.queries import QueryEncoder, picture_query, shape_query
from core.retrieval.search import Query, Searcher, SearchResult
from core.retrieval.store import Gallery
from core.retrieval.thumbnails import thumbnail
from core.retrieval.verdict import judge_search

MOST_LISTED = 200
"""Shapes of a gallery that are shown, at most, when nothing was asked for."""


def search_gallery(progress: Progress, request: SearchRequest, encoder: EncoderSettings) -> FoundShapes:
    """The shapes that are asked for; a plain folder of shapes becomes a gallery first."""
    spec = GallerySpec(choice_of(encoder), request.clip or None)
    with gallery_for(request.gallery, spec, progress=span(progress, 0.0, 0.9)) as gallery:
        query_encoder = _query_encoder(GallerySpec.of(gallery.spec, encoder.device))
        progress(0.92, f"Searching {len(gallery)} shapes")
        sure: tuple[str, float, tuple[str, ...]] = ("", float("nan"), ())
        if request.kind == "nothing":
            found = _first(gallery, request.tag)
        else:
            query = _query(request, query_encoder, gallery, encoder)
            found = Searcher(gallery)(query, request.top, request.closer, request.tag or None, request.worst)
            if not request.worst:
                sure = _judged(judge_search(query, found, gallery, query_encoder))
        results = [
            FoundShape(
                one.entry.number,
                str(one.path),
                one.entry.up,
                one.score,
                one.entry.tags,
                gallery.picture(one.entry.number),
            )
            for one in found
        ]
        progress(1.0, f"{len(gallery)} shapes searched")
        about = (len(gallery), gallery.tags(), gallery.refused, "words" in gallery.spaces)
        return FoundShapes(results, *about, *sure)


def _judged(doubt: Doubt | None) -> tuple[str, float, tuple[str, ...]]:
    return ("unmeasured", float("nan"), ()) if doubt is None else (doubt.verdict, doubt.probability, doubt.reasons)


def _first(gallery: Gallery, tag: str) -> list[SearchResult]:
    """The first shapes by name, when nothing was asked for; their scores are NaN."""
    tagged = set(gallery.numbers_tagged(tag).tolist()) if tag else None
    numbers = [number for number in gallery.numbers().tolist() if tagged is None or number in tagged]
    return [SearchResult(one, gallery.root / one.path, float("nan")) for one in gallery.entries(numbers[:MOST_LISTED])]


def _query(request: SearchRequest, query_encoder: QueryEncoder, gallery: Gallery, encoder: EncoderSettings) -> Query:
    item, mask = request.item, request.mask
    if request.kind == "words":
        return query_encoder.words(request.words)
    if request.kind == "number":
        return query_encoder.of_gallery(gallery, request.number)
    assert item is not None
    if item.kind == "image":
        pixels = image_of(item)
        chosen = None if mask is None else marked_on(item, mask)
        return picture_query(query_encoder, pixels, item.box, chosen, request.kind == "part")
    if request.kind == "part":
        assert mask is not None
        settings = replace(encoder, **asdict(query_encoder.spec.choice))
        return query_encoder.part_of_shape(matchable_of(item, settings, silent), marked_on(item, mask))
    return shape_query(query_encoder, gallery, shape_of(item), item.up, item.path)


def turn_shape(progress: Progress, path: str, up: str, azimuth: float, size: int) -> npt.NDArray[np.uint8]:
    """A shape of a gallery from another side: uint8 [size, size, 3]; ``azimuth`` in radians from the usual one."""
    return thumbnail(_caster(item_for(path)), up, size, azimuth)


@keep_last(12, key=lambda item: item.file)
def _caster(item: Item) -> Raycaster:
    return Raycaster(load_shape(item.path))


def make_gallery(progress: Progress, folder: str, gallery: str, encoder: EncoderSettings, clip: str) -> None:
    """The gallery of a folder of shapes, kept in a folder of its own."""
    index_folder(folder, gallery, GallerySpec(choice_of(encoder), clip or None), progress=progress)


def name_shape(
    progress: Progress, item: Item, encoder: EncoderSettings, gallery: str, labels: str, clip: str, branch: str
) -> tuple[list[tuple[str, float]], str]:
    """(label, share), the likeliest first, and how the shares came about.

    They come from words where there is CLIP, else from a gallery.
    """
    asked = labels.split(",")
    if clip:
        progress(0.1, "Loading CLIP")
        model = _depth_model(clip, branch, encoder.device)
        progress(0.5, f"Looking at {item.name}")
        return [(one.label, one.share) for one in name_by_words(shape_of(item), item.up, model, asked)], by_words(model)
    with gallery_for(gallery, GallerySpec(choice_of(encoder)), progress=span(progress, 0.0, 0.9)) as opened:
        query_encoder = _query_encoder(GallerySpec.of(opened.spec, encoder.device))
        query = shape_query(query_encoder, opened, shape_of(item), item.up, item.path)
        return [(one.label, one.share) for one in name_by_gallery(query, Searcher(opened), asked)], BY_GALLERY


@keep_last(1, key=lambda clip, branch, device: (clip, branch, device))
def _depth_model(clip: str, branch: str, device: str) -> DepthClip:
    return DepthClip(ClipEncoder(clip, device), branch or None)


@keep_last(2, key=lambda spec: (spec, weights_of(spec.choice)))
def _query_encoder(spec: GallerySpec) -> QueryEncoder:
    return QueryEncoder(spec)
