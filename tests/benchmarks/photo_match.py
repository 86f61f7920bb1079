"""Pixel -> surface on real photos in the BOP layout, with true boxes: error / diameter, against chance and a classical descriptor.

    python -m tests.benchmarks.photo_match ../shared/data/lmo [--turn 1] [--pixels 40]

Prints one row a method: the share of visible pixels whose match lies within 10 % and 20 % of the object's diameter, and the median.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from core.benchmarks.bop import BopScene
from core.benchmarks.classical import DenseSift
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box, encode_turned
from core.encoders.pocket import PocketEncoder
from core.fields.lifting import LiftSettings, lift
from core.geometry.raycasting import surface_position
from core.matching.joint import JointSettings, joint_prior, view_set
from core.matching.match import match
from core.matching.sides import ImageSide, ShapeSide


@dataclass
class Case:
    """One visible object: pixels to ask for and where they lie on the surface (normalised frame)."""

    photo: str
    object_id: int
    image: np.ndarray
    box: Box
    pixels: np.ndarray
    truth: np.ndarray


def cases_of(scene: BopScene, pixels: int, turn: int) -> list[Case]:
    rng = np.random.default_rng(0)
    cases = []
    for photo in scene.photos():
        for item in scene.objects(photo):
            rows, columns = np.nonzero(item.visible)
            chosen = rng.choice(len(rows), min(pixels, len(rows)), replace=False)
            at = (rows[chosen], columns[chosen])
            truth = surface_position(scene.models[item.object_id], item.hits.face[at], item.hits.bary[at])
            image, box, uv = turned(
                item.image, item.box, np.stack([columns[chosen], rows[chosen]], axis=1).astype(float), turn
            )
            cases.append(Case(photo, item.object_id, image, box, uv, truth))
    return cases


def turned(image: np.ndarray, box: Box, uv: np.ndarray, turn: int) -> tuple[np.ndarray, Box, np.ndarray]:
    """A photo turned by quarter turns, with its box and pixels."""
    for _ in range(turn):
        width = image.shape[1]
        image = np.ascontiguousarray(np.rot90(image))
        uv = np.stack([uv[:, 1], width - 1 - uv[:, 0]], axis=1)
        box = (box[1], width - 1 - box[2], box[3], width - 1 - box[0])
    return image, box, uv


def diameters(scene: BopScene) -> dict[int, float]:
    """Largest distance between two points, in the normalised frame."""
    result = {}
    for object_id, shape in scene.models.items():
        points = shape.normalised
        result[object_id] = float(pdist(points[ConvexHull(points).vertices]).max())
    return result


def run(
    scene: BopScene,
    cases: list[Case],
    encoder: ImageEncoder,
    settings: LiftSettings,
    joint: JointSettings | None,
    turns: int = 4,
):
    """Error / diameter and verdict of every pixel, and milliseconds an image and a query."""
    shapes = {
        i: ShapeSide(s, scene.casters[i], lift(s, encoder, settings, caster=scene.casters[i]))
        for i, s in scene.models.items()
    }
    views = {i: view_set(side, settings.up, joint) for i, side in shapes.items()} if joint else {}
    size = diameters(scene)
    errors, verdicts = [], []
    image_time = query_time = 0.0
    for case in cases:
        start = time.perf_counter()
        maps = encode_turned(encoder, case.image, case.box, tuple(range(turns if joint else 1)))
        side = ImageSide(maps[0], (case.image.shape[1], case.image.shape[0]), maps[1:])
        prior = None
        shape = shapes[case.object_id]
        if joint:
            side, prior = joint_prior(side, shape, views[case.object_id], joint)
        image_time += time.perf_counter() - start
        for uv, truth in zip(case.pixels, case.truth, strict=True):
            start = time.perf_counter()
            answer = match(side, shape, tuple(uv), prior)
            query_time += time.perf_counter() - start
            found = shape.field.points.position[answer.candidate]
            errors.append(np.linalg.norm(found - truth) / size[case.object_id])
            verdicts.append(answer.verdict)
    return np.array(errors), np.array(verdicts), 1e3 * image_time / len(cases), 1e3 * query_time / len(errors)


def row(name: str, errors: np.ndarray, *times: float) -> None:
    share = [100 * np.mean(errors < t) for t in (0.1, 0.2)]
    speed = "".join(f" {t:8.1f}" for t in times)
    print(f"{name:<44} {share[0]:6.1f} {share[1]:6.1f} {np.median(errors):8.3f}{speed}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root")
    parser.add_argument("--pixels", type=int, default=20, help="visible pixels asked for in each object")
    parser.add_argument("--turn", type=int, default=0, help="quarter turns the photos are turned by")
    parser.add_argument("--up", default="z")
    parser.add_argument("--only", help="only the method that starts with this")
    parser.add_argument("--every", type=int, default=1, help="take every n-th object")
    options = parser.parse_args()
    torch.set_num_threads(2)
    scene = BopScene.open(options.root)
    cases = cases_of(scene, options.pixels, options.turn)[:: options.every]
    print(f"{len(cases)} objects in {len(scene.photos())} photos, {sum(len(c.pixels) for c in cases)} pixels")
    print(f"{'method':<44} {'<10 %':>6} {'<20 %':>6} {'median':>8} {'ms/image':>8} {'ms/query':>8}")
    settings = LiftSettings(samples=20_000, up=options.up)
    rng = np.random.default_rng(1)
    size = diameters(scene)
    from core.geometry.sampling import sample_surface

    samples = {i: sample_surface(s, 5000).position for i, s in scene.models.items()}
    chance = [
        np.linalg.norm(samples[c.object_id][rng.integers(5000, size=len(c.truth))] - c.truth, axis=1)
        / size[c.object_id]
        for c in cases
    ]
    row("chance", np.concatenate(chance))
    for name, encoder in (
        ("dense SIFT", DenseSift()),
        ("random weights", PocketEncoder(random=True)),
        ("pocket", PocketEncoder()),
    ):
        if options.only and not name.startswith(options.only):
            continue
        for label, joint in ((", one pixel alone", None), (", joint", JointSettings())):
            errors, verdicts, image, query = run(scene, cases, encoder, settings, joint)
            row(name + label, errors, image, query)
    for verdict in ("good", "unsure", "none"):
        chosen = verdicts == verdict
        if chosen.any():
            row(f"  pocket, joint: verdict {verdict} ({chosen.mean():.0%})", errors[chosen])


if __name__ == "__main__":
    main()
