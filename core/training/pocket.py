"""The recipe of the pocket image encoder: dense correspondence learnt from pairs of pictures of procedural objects.

    counterpoint train pocket --data procedural -o RUN

Dense soft-target InfoNCE over pixels of two pictures, with foreground, normal, depth and a vector of the whole picture beside it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from core.encoders.pocket import WEIGHTS, PocketNet
from core.progress import Progress, silent
from core.training import loop
from core.training.loop import Batch
from core.training.losses import global_loss, part_target, picture_losses, place_target, soft_info_nce
from core.training.pair_data import PairSettings
from core.training.procedural import Object3D


@dataclass(frozen=True)
class PocketRecipe(loop.Recipe):
    """All numbers of a run.

    Attributes:
        data: what a pair is; its ``pictures.size`` is the side in pixels, a multiple of 32.
        sigma: width of the soft targets at the start and at the end, in object diagonals.
        foreground, normal, depth, whole: weights of the other losses.
    """

    data: PairSettings = field(default_factory=PairSettings)
    sigma: tuple[float, float] = (0.06, 0.025)
    foreground: float = 0.5
    normal: float = 0.2
    depth: float = 0.2
    whole: float = 0.15


class Pictures(nn.Module):
    """The image net with its learnt temperatures, and its losses on a batch of pairs."""

    def __init__(self) -> None:
        super().__init__()
        card = json.loads((WEIGHTS / "pocket.json").read_text())["image_encoder"]
        self.net = PocketNet(card)
        self._statistics = card["mean"], card["std"]
        self.dense_scale = nn.Parameter(torch.tensor(2.3))
        self.whole_scale = nn.Parameter(torch.tensor(2.3))

    def see(self, batch: Batch) -> "Seen":
        """Encode both pictures of every pair."""
        images = torch.cat([batch["a_image"], batch["b_image"]]).movedim(-1, 1).float() / 255
        mean, std = (torch.tensor(v, device=images.device).view(1, 3, 1, 1) for v in self._statistics)
        descriptors, aux, whole = self.net((images - mean) / std)
        a, b = descriptors.chunk(2)
        whole_a, whole_b = whole.chunk(2)
        size = images.shape[-1]
        queries, keys = _sample(a, batch["a_pixels"], size), _sample(b, batch["b_pixels"], size)
        return Seen(queries, keys, _sample(b, batch["outside"], size), whole_a, whole_b, aux)

    def dense(self, seen: "Seen", batch: Batch, sigma: float) -> torch.Tensor:
        """Pixels of A find theirs among those of B, its background, and pixels of another object."""
        keys = torch.cat([seen.b, seen.outside, seen.b[:, :128].roll(1, dims=0)], dim=1)
        near = place_target(batch["a_point"], batch["b_point"], sigma)
        kin = part_target(batch["a_part"], batch["a_local"], batch["b_part"], batch["b_local"])
        target = torch.where(batch["across"][:, None, None], kin, near)
        target = F.pad(target, (0, keys.shape[1] - target.shape[2]))
        return soft_info_nce(seen.a, keys, target, self.dense_scale.exp().clamp(max=100))


@dataclass
class Seen:
    """What the image net says of a batch: unit descriptors [B, N, D] of places in A, B and B's background; vectors; aux maps."""

    a: torch.Tensor
    b: torch.Tensor
    outside: torch.Tensor
    whole_a: torch.Tensor
    whole_b: torch.Tensor
    aux: torch.Tensor


class PocketLearner(loop.Learner):
    """The image net alone."""

    def __init__(self, recipe: PocketRecipe):
        super().__init__()
        torch.manual_seed(recipe.seed)
        self.pictures = Pictures()
        self._recipe = recipe
        if recipe.start:
            loop.load_start(self.pictures.net, recipe.start)

    def nets(self) -> dict[str, nn.Module]:
        return {"pocket_image": self.pictures.net}

    def begin(self, step: int) -> float:
        return loop.cosine(step, self._recipe.steps, self._recipe.warmup)

    def losses(self, batch: Batch, step: int) -> dict[str, tuple[float, torch.Tensor]]:
        recipe = self._recipe
        sigma = recipe.sigma[0] * (recipe.sigma[1] / recipe.sigma[0]) ** (step / recipe.steps)
        seen = self.pictures.see(batch)
        scale = self.pictures.whole_scale.exp().clamp(max=100)
        aux = aux_losses(seen.aux, batch)
        return {
            "dense": (1.0, self.pictures.dense(seen, batch, sigma)),
            "whole": (recipe.whole, global_loss(seen.whole_a, seen.whole_b, batch["category"], scale)),
            "foreground": (recipe.foreground, aux["foreground"]),
            "normal": (recipe.normal, aux["normal"]),
            "depth": (recipe.depth, aux["depth"]),
        }


def train(
    out: Path,
    recipe: PocketRecipe = PocketRecipe(),
    items: Sequence[Object3D] | None = None,
    device: str = "auto",
    resume: bool = False,
    progress: Progress = silent,
) -> Path:
    """Run the recipe (see :func:`core.training.loop.run`); ``items`` are shapes to learn from instead of procedural ones.

    Returns the weights that ``--weights`` takes.
    """
    learner = PocketLearner(recipe)
    data = loop.pairs(recipe, recipe.data, device, items)
    files = loop.run(out, recipe, learner, data, device, resume, progress)
    loop.write_card(out, "Pocket image encoder", "pocket", recipe, len(items) if items is not None else None)
    return files["pocket_image"]


def aux_losses(aux: torch.Tensor, batch: Batch) -> dict[str, torch.Tensor]:
    """Foreground, normal and depth losses of both pictures."""

    def small(name: str) -> torch.Tensor:
        whole = torch.cat([batch[f"a_{name}"], batch[f"b_{name}"]]).float()
        step = whole.shape[1] // aux.shape[-1]
        return whole[:, step // 2 :: step, step // 2 :: step]

    return picture_losses(aux.float(), small("mask"), small("normal"), small("depth"))


def _sample(grid: torch.Tensor, pixels: torch.Tensor, size: int) -> torch.Tensor:
    """Unit descriptors [B, N, D] of maps [B, D, h, w] at pixels [B, N, 2] of pictures of ``size``."""
    at = (pixels.float() + 0.5) * 2 / size - 1
    values = F.grid_sample(grid.float(), at[:, None], align_corners=False, padding_mode="border")
    return F.normalize(values[:, :, 0].transpose(1, 2), dim=-1)
