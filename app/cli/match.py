"""The verb ``match``: the counterparts of places in an image or a shape."""

from functools import partial
from pathlib import Path
from typing import Any

from app.cli.guide import PoseGuide, through
from app.cli.inputs import boxes_of, choice_of, matchable_from_file, open_file
from app.cli.options.match import MatchOptions
from app.cli.text import sentences, sureness, vector
from core.alignment.guided import guided
from core.alignment.scorer import Hypothesis
from core.alignment.start import open_posed
from core.alignment.trust import judged_alone
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import load_encoder
from core.errors import CounterpointError
from core.fields.interpolation import Interpolator
from core.geometry.display import display_mesh
from core.interchange.heatmaps import save_heatmap_ply, save_overlay
from core.matching.match import Match, Prior, match
from core.matching.matchable import MatchableImage, MatchableShape
from core.matching.prepare import with_joint_prior
from core.progress import Progress, silent, span


def run(options: MatchOptions, progress: Progress = silent) -> dict[str, Any]:
    """The report that ``--json`` prints."""
    source_box, boxes = boxes_of(options)
    loaded = [open_file(path) for path in (options.source, *options.target)]
    encoder = load_encoder(choice_of(options), span(progress, 0.0, 0.1))
    matchable_of, guide = partial(matchable_from_file, options, encoder), PoseGuide(encoder)
    source, source_up = matchable_of(options.source, loaded[0], source_box, span(progress, 0.1, 0.4))
    for at in options.at:
        source.snap(at)  # a place that cannot be asked about is refused before long work
    report: dict[str, Any] = {"encoder": encoder.name, "matches": []}
    saved: list[str] = []
    for number, (path, content, box) in enumerate(zip(options.target, loaded[1:], boxes, strict=True)):
        begin = 0.4 + 0.6 * number / len(boxes)
        target, up = matchable_of(path, content, box, span(progress, begin, begin + 0.3 / len(boxes)))
        one, other, prior = with_joint_prior(source, target, up or source_up)
        names = (options.source, path) if isinstance(one, MatchableImage) else (path, options.source)
        if options.pose:
            pixels = loaded[0] if isinstance(one, MatchableImage) else content
            prior = _guided(options.pose, names, pixels, one, other, (encoder, up or source_up), prior)
        elif not options.quick:
            photo = (names[0], *((loaded[0], source_box) if names[0] == options.source else (content, box)))
            step = span(progress, begin + 0.3 / len(boxes), begin + 0.6 / len(boxes))
            clicks = options.at if isinstance(one, MatchableImage) else ()
            prior = guide(one, other, photo, up or source_up, prior, clicks, step)
        for at in options.at:
            answer = match(one, other, at, prior)
            report["matches"].append({"target": path} | _report(other, answer) | {"through": through(prior)})
            if options.save:
                saved.append(_save(other, content, answer, f"{options.save}-{len(saved) + 1}"))
    if options.save:
        report["saved"] = saved
    progress(1.0, "Done")
    return report


_THROUGH = {"poses": ", through poses", "views": ", through views of the shape", "pixel": ""}


def lines(options: MatchOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    shown = []
    for number, answer in enumerate(report["matches"], 1):
        where = f" of {answer['target']}" if len(options.target) > 1 else ""
        shown.append(f"{number}. {vector(answer['query'])} -> {_place(answer)}{where}")
        sure = sureness(answer["verdict"], answer["probability"], answer["reasons"])
        shown.append(
            f"   score {answer['score']:.3f}, margin {answer['margin']:.3f}, "
            f"cycle error {answer['cycle_error']:.3f}: {sure}{_THROUGH[answer['through']]}"
        )
    return shown + [f"saved {path}" for path in report.get("saved", [])]


def _place(answer: dict[str, Any]) -> str:
    if "pixel" in answer:
        return f"pixel {vector(answer['pixel'])}"
    face = f"triangle {answer['face']} of face {answer['polygon']}" if "polygon" in answer else f"face {answer['face']}"
    return f"point {vector(answer['point'])}, {face}, barycentric {vector(answer['barycentric'])}"


def _guided(
    path: str,
    names: tuple[str, str],
    pixels: Any,
    one: MatchableImage | MatchableShape,
    other: MatchableImage | MatchableShape,
    judge: tuple[ImageEncoder, str],
    views: Prior | None,
) -> Prior:
    """The prior of a pose of the shape in the image, whose files ``names`` are, and how sure that pose is."""
    image = one if isinstance(one, MatchableImage) else other
    shape = one if isinstance(one, MatchableShape) else other
    if not isinstance(image, MatchableImage) or not isinstance(shape, MatchableShape):
        raise CounterpointError("A pose guides matches between an image and a shape; these are two of a kind.")
    camera, pose = open_posed(path, names[0], image.image_size, names[1], shape.shape)
    encoder, up = judge
    sure = judged_alone(pose, camera, pixels, shape, encoder, up)
    return guided(image, shape, camera, [Hypothesis(pose, 1.0, 1.0, probability=sure.probability)], views)


def _report(target: MatchableImage | MatchableShape, answer: Match) -> dict[str, Any]:
    report: dict[str, Any] = {"query": list(answer.query)}
    if isinstance(target, MatchableShape):
        point = target.sample_point(answer.candidate)
        report |= {"point": list(point.position), "face": point.face, "barycentric": list(point.bary)}
        if target.shape.polygon is not None:
            report["polygon"] = int(target.shape.polygon[point.face])
    else:
        report |= {"pixel": list(answer.location)}
    rivals = [{"at": list(place), "score": score} for place, score in answer.rivals]
    numbers = {"score": answer.score, "margin": answer.margin, "cycle_error": answer.cycle_error}
    sure = {"probability": answer.probability, "reasons": sentences(answer.reasons)}
    return report | numbers | {"verdict": answer.verdict, **sure, "rivals": rivals}


def _save(target: MatchableImage | MatchableShape, content: Any, answer: Match, prefix: str) -> str:
    if isinstance(target, MatchableShape):
        save_shape_heatmap(target, answer, f"{prefix}.ply")
        return f"{prefix}.ply"
    heatmap, box = target.heatmap(answer.scores)
    save_overlay(f"{prefix}.png", content, heatmap, box, (answer.location[0], answer.location[1]))
    return f"{prefix}.png"


def save_shape_heatmap(side: MatchableShape, answer: Match, path: str | Path) -> None:
    """The scores of a match on the surface, as a PLY in the units and axes of the shape's file."""
    mesh = display_mesh(side.shape)
    carry = Interpolator.build(side.field.points, side.shape.to_normalised(mesh.points), mesh.normals)
    save_heatmap_ply(path, mesh.points, mesh.faces, carry(answer.scores))
