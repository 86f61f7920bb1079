"""The verb ``classify``: what a shape is called."""

from typing import Any

from app.cli.inputs import choice_of, open_shape, warn_left_out
from app.cli.options.classify import ClassifyOptions
from core.encoders.clip import ClipEncoder
from core.encoders.dlign import DepthClip
from core.errors import CounterpointError
from core.geometry.formats import guess_up
from core.progress import Progress, silent, span
from core.retrieval.build import gallery_for
from core.retrieval.describe import GallerySpec
from core.retrieval.naming import BY_GALLERY, by_words, name_by_gallery, name_by_words
from core.retrieval.queries import QueryEncoder, shape_query
from core.retrieval.search import Searcher


def run(options: ClassifyOptions, progress: Progress = silent) -> dict[str, Any]:
    """The report that ``--json`` prints. ``how`` says by what the shares came about."""
    labels = [] if options.labels is None else options.labels.split(",")
    shape, up = open_shape(options.shape), options.up or guess_up(options.shape)
    if options.clip:
        model = DepthClip(ClipEncoder(options.clip, options.device), options.dlign)
        found, how = name_by_words(shape, up, model, labels), by_words(model)
    elif options.gallery:
        with gallery_for(
            options.gallery, GallerySpec(choice_of(options)), progress=span(progress, 0.0, 0.9)
        ) as gallery:
            warn_left_out(gallery.refused)
            query_encoder = QueryEncoder(GallerySpec.of(gallery.spec, options.device))
            query = shape_query(query_encoder, gallery, shape, up, options.shape)
            found, how = name_by_gallery(query, Searcher(gallery), labels), BY_GALLERY
    else:
        raise CounterpointError(
            "Names by any words need CLIP: give --clip ARCHITECTURE:WEIGHTS. Without it --gallery names by the tags of similar shapes."
        )
    progress(1.0, "Done")
    return {"results": [{"label": one.label, "share": one.share} for one in found], "how": how}


def lines(options: ClassifyOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    return [*(f"{one['share']:>6.1%}  {one['label']}" for one in report["results"]), report["how"]]
