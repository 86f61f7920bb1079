"""What each ingredient of the image encoder's training brings, in short runs: ``python -m tests.benchmarks.ablation SHARED OUT [STEPS]``.

``train pocket`` is run from the ImageNet trunk with three seeds, and without one ingredient at a time. All runs are as long, and those that
learn from the same pictures read the same ones from disk. Each is measured on 47 objects of LM-O's even photos and 14 renders of real meshes
(12 pixels each, joint matching), as the program mixes descriptors and by the learnt ones alone. It says how much an ingredient helps a run of
this length, not one of a million pictures. A run that is in OUT is not run again.
"""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from app.cli.train import CROPS, varied_pictures
from core.benchmarks import surface
from core.benchmarks.bop import BopScene
from core.encoders.catalogue import EncoderChoice, load_encoder
from core.encoders.lite_net import Attention, LiteNet
from core.training.meshes import read_meshes
from core.training.pair_learner import train_pairs
from core.training.pair_settings import PairSettings
from core.training.pocket import PocketLearner, PocketRecipe

STEPS, SHARE_OF_SCANS = 250, 0.4


@dataclass(frozen=True)
class Run:
    """A run: all ingredients but for one, and for light from photos, which came last."""

    seed: int = 0
    imagenet: bool = True
    scans: bool = True
    photos: bool = True
    attention: bool = True
    surrounded: bool = False


RUNS: dict[str, Run | None] = {
    "all, seed 0": Run(),
    "without attention": Run(attention=False),
    "from random weights": Run(imagenet=False),
    "without scans": Run(scans=False),
    "without photos": Run(photos=False),
    "all, seed 1": Run(seed=1),
    "all, seed 2": Run(seed=2),
    "with light from photos, seed 0": Run(surrounded=True),
    "with light from photos, seed 1": Run(seed=1, surrounded=True),
    "the bundled encoder": None,
}


def train(run: Run, shared: Path, out: Path, steps: int) -> Path:
    """Run the recipe into ``out``; pairs are kept beside it. Returns the weights."""
    items = read_meshes(shared / "data/scans") if run.scans else None
    photos = str(shared / "data/photos") if run.photos else None
    pictures = varied_pictures(128, run.scans, photos, run.surrounded)
    data = PairSettings(pictures, given=SHARE_OF_SCANS, crops=CROPS if run.photos else 0.0)
    start = "imagenet" if run.imagenet else None
    recipe = PocketRecipe(data=data, pairs=16, uses=5, steps=steps, warmup=40, rate=1.2e-3, ema_decay=0.98, start=start)
    learner = PocketLearner(replace(recipe, seed=run.seed), items)
    if not run.attention:
        silence(learner.teacher.net)
    out.mkdir(parents=True, exist_ok=True)
    kept = out.parent / ("pairs-surrounded" if run.surrounded else "pairs")
    kept.mkdir(exist_ok=True)
    if not (out / "pairs").exists():
        (out / "pairs").symlink_to(kept)
    return train_pairs(out, "Ablation", "pocket", learner, "cpu", (out / "checkpoint.pt").exists())


def silence(net: torch.nn.Module) -> None:
    """Make the layers of attention pass on what they get, for good."""
    for layer in net.modules():
        if isinstance(layer, Attention):
            for last in (layer.o, layer.m[-1]):
                for parameter in last.parameters():
                    parameter.requires_grad_(False).zero_()


def measured(weights: Path | None, cases: dict[str, list[surface.SurfaceCase]]) -> dict[str, float]:
    """The share of pixels below 0.1 of the diameter, joint, by what was asked; None is the bundled encoder."""
    row = {}
    for learnt_alone in (False, True):
        encoder = load_encoder(EncoderChoice(weights=None if weights is None else str(weights)))
        net = encoder.net
        assert isinstance(net, LiteNet)
        if learnt_alone:
            net.trunk_share = 0.0
            net.mix.copy_(torch.eye(*net.mix.shape))
        for name, some in cases.items():
            _, joint = surface.measure(some, encoder, 5_000)
            row[f"{name}, {'learnt alone' if learnt_alone else 'mixed'}"] = float(np.mean(np.array(joint.errors) < 0.1))
    return row


def main(shared: Path, out: Path, steps: int) -> None:
    """Train, measure and print every run."""
    scene = BopScene.open(shared / "data/lmo")
    even = scene.photos()[0::2]
    scene.photos = lambda: even  # type: ignore[method-assign]
    renders = surface.render_cases(read_meshes(shared / "data/meshes"), 12, per_item=5)
    cases = {"LM-O": surface.photo_cases(scene, 12), "renders": [c for i, c in enumerate(renders) if i % 5 == 4]}
    for name, run in RUNS.items():
        folder = out / name.replace(", ", "-").replace(" ", "-")
        result = folder / "result.json"
        if not result.exists():
            row = measured(None if run is None else train(run, shared, folder, steps), cases)
            folder.mkdir(parents=True, exist_ok=True)
            result.write_text(json.dumps(row))
        print(f"{name:30s}", json.loads(result.read_text()), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else STEPS)
