"""The verb ``search``: the shapes of a gallery by an image, a shape or words."""

from typing import Any

from app.cli.inputs import choice_of, open_shape, refusals
from app.cli.options.search import SearchOptions
from app.cli.text import sentences, sureness
from core.errors import CounterpointError
from core.geometry.formats import guess_up, is_shape
from core.images import load_image, load_mask
from core.matching.verdict import Doubt
from core.progress import Progress, silent, span
from core.retrieval.build import gallery_for
from core.retrieval.describe import GallerySpec
from core.retrieval.queries import QueryEncoder, picture_query, shape_query
from core.retrieval.search import Query, Searcher
from core.retrieval.store import Gallery
from core.retrieval.verdict import UNKNOWN, judge_search, kind_of_search

WORDS = "text:"


def run(options: SearchOptions, progress: Progress = silent) -> dict[str, Any]:
    """Search a gallery; the report that ``--json`` prints."""
    words = options.query.startswith(WORDS)
    image = not words and not is_shape(options.query)
    if not image and (options.box or options.mask or options.part):
        raise CounterpointError("A box, a mask or a part belongs to an image.")
    if options.part and not options.mask:
        raise CounterpointError("Say with --mask which pixels are the part.")
    spec = GallerySpec(choice_of(options), options.clip)
    with gallery_for(options.gallery, spec, progress=span(progress, 0.0, 0.9)) as gallery:
        query_encoder = QueryEncoder(GallerySpec.of(gallery.spec, options.device))
        query = (
            query_encoder.words(options.query[len(WORDS) :])
            if words
            else _query(options, query_encoder, gallery, image)
        )
        found = Searcher(gallery)(query, options.top, not options.quick, options.tag, options.worst)
        doubt = None if options.worst else judge_search(query, found, gallery, query_encoder)
        progress(1.0, "Done")
        results = [{"path": str(one.path), "score": one.score, "tags": list(one.entry.tags)} for one in found]
        report = {"encoder": query_encoder.spec.choice.name, "results": results, "refused": refusals(gallery.refused)}
        return report | _judged(doubt, query, options.worst)


def lines(options: SearchOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    shown = [f"{one['score']:.3f}  {one['path']}" for one in report["results"]]
    if report["verdict"] is not None:
        said = sureness(report["verdict"], report["probability"], report["reasons"])
        return [*shown, f"first of this kind: {said}"]
    if not shown:
        return ["nothing but what was asked for is in the gallery"]
    return [*shown, *(f"no verdict: {why}" for why in report["reasons"])]


def _judged(doubt: Doubt | None, query: Query, worst: bool) -> dict[str, Any]:
    """``verdict``, ``probability`` and ``reasons`` of the first result; of the least similar nothing is said."""
    if doubt is None:
        unknown = [UNKNOWN] if kind_of_search(query) is None and not worst else []
        return {"verdict": None, "probability": None, "reasons": unknown}
    return {"verdict": doubt.verdict, "probability": doubt.probability, "reasons": sentences(doubt.reasons)}


def _query(options: SearchOptions, query_encoder: QueryEncoder, gallery: Gallery, image: bool) -> Query:
    if not image:
        return shape_query(query_encoder, gallery, open_shape(options.query), guess_up(options.query), options.query)
    pixels = load_image(options.query)
    mask = load_mask(options.mask, pixels.shape[1::-1]) if options.mask else None
    return picture_query(query_encoder, pixels, options.box, mask, options.part)
