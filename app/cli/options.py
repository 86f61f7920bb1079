"""What the verbs of the command line do, with the core called directly in this process."""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from app.shared.resources import resource
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import EncoderChoice, load_encoder, need_point_encoder
from core.errors import CounterpointError
from core.fields.interpolation import Interpolator
from core.fields.lifting import LiftSettings
from core.geometry.display import display_mesh
from core.geometry.render import render
from core.geometry.shape import load_shape
from core.images import load_image, save_image
from core.interchange.heatmaps import mark, save_heatmap_ply, save_overlay
from core.matching.joint import joint_prior, view_set
from core.matching.match import Match, Prior, match
from core.matching.matchable import MatchableImage, MatchableShape
from core.matching.prepare import guess_up, is_shape, lift_settings, matchable_image, matchable_shape, with_joint_prior
from core.progress import Progress, silent, span


def match_files(options: argparse.Namespace, progress: Progress = silent) -> dict[str, Any]:
    """The verb ``match``: the report that ``--json`` prints."""
    source_box, boxes = boxes_of(options)
    loaded = [load_shape(path) if is_shape(path) else load_image(path) for path in (options.source, *options.target)]
    encoder = load_encoder(choice_of(options), span(progress, 0.0, 0.1))
    side_of = partial(ready, options, encoder)
    source, source_up = side_of(options.source, loaded[0], source_box, span(progress, 0.1, 0.4))
    report: dict[str, Any] = {"encoder": encoder.name, "matches": []}
    saved: list[str] = []
    for number, (path, content, box) in enumerate(zip(options.target, loaded[1:], boxes, strict=True)):
        begin = 0.4 + 0.6 * number / len(boxes)
        target, up = side_of(path, content, box, span(progress, begin, begin + 0.3 / len(boxes)))
        one, other, prior = with_joint_prior(source, target, up or source_up)
        if options.pose:
            names = (options.source, path) if isinstance(one, MatchableImage) else (path, options.source)
            prior = _guided(options.pose, names, one, other, prior)
        for at in options.at:
            answer = match(one, other, at, prior)
            report["matches"].append({"target": path} | _report(other, answer))
            if options.save:
                saved.append(_save(other, content, answer, f"{options.save}-{len(saved) + 1}"))
    if options.save:
        report["saved"] = saved
    progress(1.0, "Done")
    return report


def _guided(
    path: str,
    names: tuple[str, str],
    one: MatchableImage | MatchableShape,
    other: MatchableImage | MatchableShape,
    views: Prior | None,
) -> Prior:
    """The prior of a pose of the shape in the image, whose files ``names`` are."""
    from core.alignment.guided import guided
    from core.alignment.scorer import Hypothesis
    from core.alignment.start import open_posed

    image = one if isinstance(one, MatchableImage) else other
    shape = one if isinstance(one, MatchableShape) else other
    if not isinstance(image, MatchableImage) or not isinstance(shape, MatchableShape):
        raise CounterpointError("A pose guides matches between an image and a shape; these are two of a kind.")
    camera, pose = open_posed(path, names[0], image.image_size, names[1], shape.shape)
    return guided(image, shape, camera, [Hypothesis(pose, 1.0, 1.0)], views)


def choice_of(options: argparse.Namespace) -> EncoderChoice:
    return EncoderChoice(options.encoder, options.weights, options.layer, options.device, options.adapter)


def ready(
    options: argparse.Namespace, encoder: ImageEncoder, path: str, content: Any, box: Any, progress: Progress
) -> tuple[MatchableImage | MatchableShape, str]:
    """A side ready to be matched, and a shape's up axis."""
    if not is_shape(path):
        return matchable_image(content, encoder, box), ""
    settings = lift_settings(path, options.samples, options.views, options.resolution, options.up, options.voxels)
    points = need_point_encoder(choice_of(options)) if options.points else None
    return matchable_shape(content, encoder, settings, progress, points), settings.up


def boxes_of(options: argparse.Namespace) -> tuple[Any, list[Any]]:
    """The box of the source and of every target: --box belongs to the source, or from a shape to the image it is matched with."""
    given = list(options.target_box)
    source_box = options.box
    if is_shape(options.source) and not is_shape(options.target[0]) and not given:
        source_box, given = None, [options.box]
    boxes = [None if is_shape(path) or not given else given.pop(0) for path in options.target]
    if source_box is not None and is_shape(options.source):
        raise CounterpointError(f"{Path(options.source).name} is a shape; a box belongs to an image.")
    if given and given[0] is not None:
        raise CounterpointError(f"{Path(options.target[-1]).name} is a shape; a box belongs to an image.")
    return source_box, boxes


def _report(target: MatchableImage | MatchableShape, answer: Match) -> dict[str, Any]:
    report: dict[str, Any] = {"query": list(answer.query)}
    if isinstance(target, MatchableShape):
        point = target.sample_point(answer.candidate)
        report |= {"point": list(point.position), "face": point.face, "barycentric": list(point.bary)}
    else:
        report |= {"pixel": list(answer.location)}
    rivals = [{"at": list(place), "score": score} for place, score in answer.rivals]
    numbers = {"score": answer.score, "margin": answer.margin, "cycle_error": answer.cycle_error}
    return report | numbers | {"verdict": answer.verdict, "rivals": rivals}


def _save(target: MatchableImage | MatchableShape, content: Any, answer: Match, prefix: str) -> str:
    if isinstance(target, MatchableShape):
        _save_shape(target, answer, f"{prefix}.ply")
        return f"{prefix}.ply"
    heatmap, box = target.heatmap(answer.scores)
    save_overlay(f"{prefix}.png", content, heatmap, box, (answer.location[0], answer.location[1]))
    return f"{prefix}.png"


def describe_file(path: str) -> dict[str, Any]:
    """The verb ``info``."""
    if not is_shape(path):
        image = load_image(path)
        return {"file": path, "kind": "image", "width": image.shape[1], "height": image.shape[0]}
    shape = load_shape(path)
    low, high = shape.bounds
    return {
        "file": path,
        "kind": "point cloud" if shape.is_point_cloud else "mesh",
        "vertices": len(shape.vertices),
        "faces": len(shape.faces),
        "bounds": [low.tolist(), high.tolist()],
        "diagonal": shape.diagonal,
        "colours": shape.coloring,
        "up": guess_up(path),
        "warnings": shape.warnings,
    }


def evaluate(options: argparse.Namespace, progress: Progress = silent) -> dict[str, Any]:
    """The verb ``evaluate``: the report that ``--json`` prints and ``--output`` writes."""
    from core.benchmarks import (
        adaptation,
        alignment,
        compare,
        congealing,
        correspondence,
        detection,
        part_transfer,
        retrieval,
        zeroshot,
    )
    from core.training.equivariance import AdaptSettings

    choice = choice_of(options)
    report: dict[str, Any] = {"encoder": options.encoder, "data": options.data}
    if options.what == "retrieval":
        report["tables"] = retrieval.evaluate(choice, options.data, options.count, progress)
    elif options.what == "alignment":
        report["tables"] = alignment.evaluate(choice, options.data, options.count, progress)
    elif options.what == "congealing":
        report["tables"] = congealing.evaluate(choice, options.data, options.count, options.photos, progress)
    elif options.what == "encoders":
        choices = [choice, *(compare.parse_choice(text, choice) for text in options.beside)]
        report["tables"] = compare.evaluate(choices, options.data, options.count, options.report, progress)
    elif options.what == "adaptation":
        settings = AdaptSettings(minutes=options.minutes)
        report["tables"] = adaptation.evaluate(choice, options.data, options.count, options.seeds, settings, progress)
    elif options.what == "zeroshot":
        clip, tuned = options.clip, options.dlign
        report["tables"] = zeroshot.evaluate(clip, tuned, options.data, options.count, options.device, progress)
    elif options.what == "detection":
        report["tables"] = detection.evaluate(options.clip, options.dlign, options.data, options.device, progress)
    elif options.what == "parts":
        report["tables"] = part_transfer.evaluate(choice, options.data, options.count, progress)
    else:
        report["pixels"] = options.pixels
        report["tables"] = correspondence.evaluate(choice, options.data, options.count, options.pixels, progress)
    if options.output:
        try:
            Path(options.output).write_text(json.dumps(report, indent=1) + "\n")
        except OSError as error:
            raise CounterpointError(f"{options.output} cannot be written ({error.strerror}).") from error
    progress(1.0, "Done")
    return report


def run_sample(folder: Path, progress: Progress = silent) -> list[str]:
    """The verb ``sample``: what the window shows first, as pictures and a report in ``folder``; returns lines to print."""
    sample = json.loads(resource("sample/sample.json").read_text())
    image_path, shape_path = resource(f"sample/{sample['image']}"), resource(f"sample/{sample['shape']}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CounterpointError(
            f"{folder} cannot be made ({error.strerror}); choose another folder with --save."
        ) from error
    encoder = load_encoder(EncoderChoice())
    image, shape = load_image(image_path), load_shape(shape_path)
    side = matchable_shape(shape, encoder, LiftSettings(up=guess_up(shape_path)), progress)
    picture, prior = joint_prior(
        matchable_image(image, encoder, tuple(sample["box"])), side, view_set(side, guess_up(shape_path))
    )
    there = match(picture, side, tuple(sample["at"]), prior)
    back = match(side, picture, there.location, prior)
    pixel = (float(sample["at"][0]), float(sample["at"][1]))
    save_image(folder / "1-clicked-pixel.png", mark(image, pixel, (255, 40, 90)))
    save_image(folder / "2-shape-heatmap.png", _draw(side, there))
    _save_shape(side, there, folder / "2-shape-heatmap.ply")
    heatmap, box = picture.heatmap(back.scores)
    save_overlay(folder / "3-matched-back.png", image, heatmap, box, (back.location[0], back.location[1]))
    return [
        f"pixel ({pixel[0]:g}, {pixel[1]:g}) -> point {np.round(there.location, 4).tolist()}: score {there.score:.3f}, {there.verdict}",
        f"back   -> pixel {np.round(back.location, 1).tolist()}",
        f"The pictures are in {folder.resolve()}",
    ]


def _save_shape(side: MatchableShape, answer: Match, path: str | Path) -> None:
    mesh = display_mesh(side.shape)
    carry = Interpolator.build(side.field.points, side.shape.to_normalised(mesh.points), mesh.normals)
    save_heatmap_ply(path, mesh.points, mesh.faces, carry(answer.scores))


def _draw(side: MatchableShape, answer: Match, size: int = 720) -> Any:
    """The shape in heatmap colours, seen from where the best point faces."""
    from dataclasses import replace

    from core.colors import apply_colormap
    from core.geometry.camera import framing_camera, look_at
    from core.geometry.raycasting import Raycaster
    from core.geometry.viewpoints import UP_AXES
    from core.interchange.heatmaps import heat_range

    carry = Interpolator.build(side.field.points, side.shape.normalised, side.shape.normals)
    colors = apply_colormap(carry(answer.scores), "turbo", *heat_range(answer.scores))
    painted = replace(side.shape, colors=colors, texture=None, uv=None, paint=None)
    up = np.array(UP_AXES["y"], float)
    toward = side.field.points.normal[answer.candidate] + 0.35 * up
    camera = framing_camera(side.shape.normalised, look_at(toward, up), size, np.radians(30), 0.8)
    return render(Raycaster(painted), camera, "own", supersample=2).rgb
