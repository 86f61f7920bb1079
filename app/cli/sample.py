"""The verb ``sample``: what the window shows first, as pictures and a report in a folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from app.cli.match import save_shape_heatmap
from app.cli.options.sample import SampleOptions
from app.shared.resources import resource
from core.colors import apply_colormap
from core.encoders.catalogue import EncoderChoice, load_encoder
from core.fields.interpolation import Interpolator
from core.fields.lifting import LiftSettings
from core.files import make_folder
from core.geometry.camera import framing_camera, look_at
from core.geometry.formats import guess_up
from core.geometry.raycasting import Raycaster
from core.geometry.render import render
from core.geometry.shape import load_shape
from core.geometry.viewpoints import UP_AXES
from core.images import load_image, save_image
from core.interchange.heatmaps import heat_range, mark, save_overlay
from core.matching.joint import joint_prior, view_set
from core.matching.match import Match, match
from core.matching.matchable import MatchableShape
from core.matching.prepare import matchable_image, matchable_shape
from core.progress import Progress, silent


def run(options: SampleOptions, progress: Progress = silent) -> dict[str, Any]:
    """Match the sample's pixel to its shape and back, and save what is seen."""
    folder = Path(options.save)
    sample = json.loads(resource("sample/sample.json").read_text())
    image_path, shape_path = resource(f"sample/{sample['image']}"), resource(f"sample/{sample['shape']}")
    make_folder(folder)
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
    save_shape_heatmap(side, there, folder / "2-shape-heatmap.ply")
    heatmap, box = picture.heatmap(back.scores)
    save_overlay(folder / "3-matched-back.png", image, heatmap, box, (back.location[0], back.location[1]))
    return {
        "pixel": list(pixel),
        "point": there.location,
        "score": there.score,
        "verdict": there.verdict,
        "back": back.location,
        "folder": str(folder.resolve()),
    }


def lines(options: SampleOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    u, v = report["pixel"]
    point, back = np.round(report["point"], 4).tolist(), np.round(report["back"], 1).tolist()
    return [
        f"pixel ({u:g}, {v:g}) -> point {point}: score {report['score']:.3f}, {report['verdict']}",
        f"back   -> pixel {back}",
        f"The pictures are in {report['folder']}",
    ]


def _draw(side: MatchableShape, answer: Match, size: int = 720) -> Any:
    """The shape in heatmap colours, seen from where the best point faces."""
    carry = Interpolator.build(side.field.points, side.shape.normalised, side.shape.normals)
    colors = apply_colormap(carry(answer.scores), "turbo", *heat_range(answer.scores))
    painted = replace(side.shape, colors=colors, texture=None, uv=None, paint=None)
    up = np.array(UP_AXES["y"], float)
    toward = side.field.points.normal[answer.candidate] + 0.35 * up
    camera = framing_camera(side.shape.normalised, look_at(toward, up), size, np.radians(30), 0.8)
    return render(Raycaster(painted), camera, "own", supersample=2).rgb
