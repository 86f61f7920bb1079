"""The verbs ``index`` and ``search``."""

import argparse
from pathlib import Path
from typing import Any

from app.cli.options import choice_of
from core.encoders.clip import ClipEncoder
from core.encoders.dlign import DepthClip
from core.errors import CounterpointError
from core.geometry.shape import load_shape
from core.images import load_image, load_mask
from core.matching.prepare import guess_up, is_shape
from core.progress import Progress, silent, span
from core.retrieval.build import gallery_for, index_folder
from core.retrieval.describe import GallerySpec
from core.retrieval.naming import BY_GALLERY, by_words, name_by_gallery, name_by_words
from core.retrieval.queries import QueryEncoder
from core.retrieval.search import Query, Searcher
from core.retrieval.store import Gallery, open_gallery

WORDS = "text:"


def index(options: argparse.Namespace, progress: Progress = silent) -> dict[str, Any]:
    """Make or update a gallery; the report that ``--json`` prints."""
    spec = GallerySpec(choice_of(options), options.clip)
    changes = index_folder(options.folder, options.out, spec, options.workers, options.ray, progress)
    with open_gallery(options.out) as gallery:
        report = {"gallery": options.out, "shapes": len(gallery)}
    counts = {name: getattr(changes, name) for name in ("added", "changed", "removed", "kept")}
    return report | counts | {"refused": _refused(changes.refused)}


def search(options: argparse.Namespace, progress: Progress = silent) -> dict[str, Any]:
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
        progress(1.0, "Done")
        results = [{"path": str(one.path), "score": one.score, "tags": list(one.entry.tags)} for one in found]
        return {"encoder": query_encoder.spec.choice.name, "results": results, "refused": _refused(gallery.refused)}


def classify(options: argparse.Namespace, progress: Progress = silent) -> dict[str, Any]:
    """What a shape is called; the report that ``--json`` prints. ``how`` says by what the shares came about."""
    labels = [] if options.labels is None else options.labels.split(",")
    shape, up = load_shape(options.shape), options.up or guess_up(options.shape)
    if options.clip:
        model = DepthClip(ClipEncoder(options.clip, options.device), options.dlign)
        found, how = name_by_words(shape, up, model, labels), by_words(model)
    elif options.gallery:
        with gallery_for(
            options.gallery, GallerySpec(choice_of(options)), progress=span(progress, 0.0, 0.9)
        ) as gallery:
            query_encoder = QueryEncoder(GallerySpec.of(gallery.spec, options.device))
            query = query_encoder.shape(shape, up)
            query.own = gallery.number_of(Path(options.shape))
            found, how = name_by_gallery(query, Searcher(gallery), labels), BY_GALLERY
    else:
        raise CounterpointError(
            "Names by any words need CLIP: give --clip ARCHITECTURE:WEIGHTS. Without it --gallery names by the tags of similar shapes."
        )
    progress(1.0, "Done")
    return {"results": [{"label": one.label, "share": one.share} for one in found], "how": how}


def _query(options: argparse.Namespace, query_encoder: QueryEncoder, gallery: Gallery, image: bool) -> Query:
    if not image:
        query = query_encoder.shape(load_shape(options.query), guess_up(options.query))
        query.own = gallery.number_of(Path(options.query))
        return query
    pixels = load_image(options.query)
    mask = load_mask(options.mask, pixels.shape[1::-1]) if options.mask else None
    if options.part and mask is not None:
        return query_encoder.part_of_image(pixels, mask, options.box)
    return query_encoder.image(pixels, options.box, mask)


def _refused(files: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"path": path, "reason": reason} for path, reason in files]
