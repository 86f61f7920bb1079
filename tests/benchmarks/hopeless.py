"""How often poses and clicks are called good where nothing can be right: ``python -m tests.benchmarks.hopeless SHARED [PER_SHAPE [SEED]]``.

Each shape of SHARED (meshes, every eighth scan, the models of LM-O) is looked for in random photos of other things, in turns within a
random box, without a box, and in a box around what looks most like it, as if a person had taken that for the object. In boxes nine
pixels are clicked, through the poses and by the joint views alone.
"""

import random
import sys
from collections import Counter
from pathlib import Path

import torch

from core.alignment.guided import ObjectInPhoto, guided, search_poses
from core.alignment.photo import camera_of
from core.alignment.seek import Wanted, seek
from core.alignment.templates import template_set
from core.alignment.verdict import judge
from core.encoders.catalogue import load_encoder
from core.errors import CounterpointError
from core.geometry.shape import load_shape
from core.images import load_image
from core.matching.match import match
from core.matching.prepare import matchable_image, matchable_shape, with_joint_prior

GRID = (0.35, 0.5, 0.65)
"""Where pixels of a box are clicked, as shares of its sides."""


def main(shared: Path, per_shape: int = 3, seed: int = 1) -> None:
    """Print a line for each pair that is not probably wrong, and the counts of all."""
    data, rng, encoder = shared / "data", random.Random(seed), load_encoder()
    photos = sorted([*data.glob("photos/*.jpg"), *data.glob("masks/images/*")])
    meshes, scans, models = (sorted(data.glob(where)) for where in ("meshes/*", "scans/*.glb", "lmo/models/*.ply"))
    poses, clicks = Counter[str](), Counter[str]()
    for file in [*meshes, *scans[::8], *models]:
        up = "z" if file.suffix == ".ply" else "y"
        side = matchable_shape(load_shape(file), encoder)
        templates = template_set(side.caster, encoder)
        for number in range(per_shape):
            photo = rng.choice(photos)
            image = load_image(photo)
            height, width = image.shape[:2]
            x0, y0, x1, y1 = (rng.uniform(*within) for within in ((0.05, 0.3), (0.05, 0.3), (0.7, 0.95), (0.7, 0.95)))
            box = (x0 * width, y0 * height, x1 * width, y1 * height) if number % 3 == 0 else None
            camera = camera_of((width, height), None, None)[0]
            try:
                if number % 3 == 2:
                    box = seek(Wanted(image, camera, photo.name, side, templates, encoder, up))
                found = search_poses(
                    ObjectInPhoto(image, camera, box, photo.name), side, encoder, up, lambda made=templates: made
                )
            except CounterpointError:
                poses["refused"] += 1
                continue
            verdict = judge(found[0].probability, found[0].reasons)
            poses[verdict] += 1
            if verdict != "none":
                print(f"{file.stem:28s} {photo.name:20s} {found[0].probability:.2f} {found[0].reasons}", flush=True)
            if box is None:
                continue
            source, target, views = with_joint_prior(matchable_image(image, encoder, box), side, up)
            through = guided(source, target, camera, found, views)
            for u, v in ((box[0] + a * (box[2] - box[0]), box[1] + b * (box[3] - box[1])) for a in GRID for b in GRID):
                for way, prior in (("through poses", through), ("joint", views)):
                    answer = match(source, target, (u, v), prior)
                    clicks[f"{way}: {answer.verdict}"] += 1
                    if answer.verdict == "good":
                        print(f"{file.stem:28s} {photo.name:20s} {way}: {answer.probability:.2f}", flush=True)
    print("poses", dict(poses))
    print("clicks", dict(sorted(clicks.items())))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), *(int(value) for value in sys.argv[2:]))
