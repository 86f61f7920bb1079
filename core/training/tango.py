"""The Tango3D recipe at pocket size: an image net and a point net in one space, learnt in three stages.

    counterpoint train tango --data procedural -o RUN

After Tango3D (arXiv:2605.19727): image patches and point tokens, each projected into one space, with a local descriptor each and one
vector a picture or shape; first dense local alignment, then global, then both. The paper's code and exact losses were not at hand
where this was written; the terms here are soft-target InfoNCE (see :mod:`core.training.losses`) and are written out below.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from core.encoders.pocket import WEIGHTS
from core.encoders.points import PointNet, PointTokens
from core.errors import CounterpointError
from core.geometry.sampling import sample_surface
from core.progress import Progress, silent
from core.training import loop
from core.training.loop import Batch
from core.training.losses import global_loss, part_target, place_target, soft_info_nce
from core.training.pair_data import PairSettings
from core.training.pocket import Pictures, aux_losses
from core.training.procedural import Object3D

Stage = Literal["local", "global", "joint"]
STAGES: tuple[Stage, ...] = ("local", "global", "joint")


@dataclass(frozen=True)
class TangoRecipe(loop.Recipe):
    """All numbers of a run. ``start`` is a folder with weights of one or both nets (``pocket_image`` and ``pocket_point`` safetensors).

    Attributes:
        data: what a pair is, as in the pocket recipe.
        shares: how much of the run each stage takes.
        rates: factor of the peak rate in each stage; every stage warms up and falls on its own.
        sigma: width of the soft targets in object diagonals, between pixels at the start and the end, and between pixel and token.
        points, full_turns: points of a shape, and the share that is turned any way; the others are turned around the up axis.
        tokens, vectors, aux: weights of pixel and token, of whole pictures and shapes, of foreground, normal and depth.
    """

    data: PairSettings = field(default_factory=PairSettings)
    shares: tuple[float, float, float] = (0.5, 0.2, 0.3)
    rates: tuple[float, float, float] = (1.0, 1.0, 0.3)
    sigma: tuple[float, float, float] = (0.06, 0.025, 0.05)
    points: int = 2048
    full_turns: float = 0.3
    tokens: float = 0.5
    vectors: float = 0.2
    aux: float = 0.2

    def stage(self, step: int) -> tuple[int, int, int]:
        """Number of the stage of a step (counted from 1), the step within it (from 1), and the stage's length."""
        ends = [round(self.steps * sum(self.shares[: i + 1])) for i in range(3)]
        number = next((i for i, end in enumerate(ends) if step <= end), 2)
        begin = ends[number - 1] if number else 0
        return number, step - begin, max(1, ends[number] - begin)


@dataclass(frozen=True)
class Clouds:
    """Points of an object, for pairs of pictures: ``points`` of them, ``tokens`` of these are centres.

    Gives ``cloud`` [N, 6] turned, ``centers`` [T], the turn, and place, part and local coordinates of all points, unturned.
    """

    points: int
    tokens: int
    full_turns: float

    def __call__(self, item: Object3D, rng: np.random.Generator) -> dict[str, np.ndarray]:
        points = sample_surface(item.shape, self.points, int(rng.integers(2**31)))
        turn = _random_turn(rng, self.full_turns)
        local = np.einsum("nk,nkd->nd", points.bary, item.local[item.shape.faces[points.face]])
        return {
            "cloud": np.concatenate([points.position @ turn.T, points.normal @ turn.T], axis=1).astype(np.float32),
            "centers": rng.choice(len(points), self.tokens, replace=False),
            "cloud_turn": turn.astype(np.float32),
            "cloud_point": points.position,
            "cloud_part": item.face_part[points.face].astype(np.int64),
            "cloud_local": local.astype(np.float32),
        }


class TangoLearner(loop.Learner):
    """Both nets. With ``tokens`` (a pretrained 3D VAE, kept as it is) the point net learns what comes after it only."""

    def __init__(self, recipe: TangoRecipe, tokens: PointTokens | None = None):
        super().__init__()
        torch.manual_seed(recipe.seed)
        self.pictures = Pictures()
        self.points = PointNet(json.loads((WEIGHTS / "pocket.json").read_text())["point_encoder"], tokens)
        self.token_scale = nn.Parameter(torch.tensor(2.3))
        self._own_tokens, self._recipe = tokens is None, recipe
        if recipe.start:
            files = {name: Path(recipe.start) / f"{name}.safetensors" for name in self.nets()}
            if not any(file.exists() for file in files.values()):
                raise CounterpointError(
                    f"{recipe.start} has no weights in it ({', '.join(f.name for f in files.values())})."
                )
            for name, net in self.nets().items():
                if files[name].exists():
                    loop.load_start(net, files[name])

    def nets(self) -> dict[str, nn.Module]:
        return {"pocket_image": self.pictures.net, "pocket_point": self.points}

    def begin(self, step: int) -> float:
        """In the global stage only the heads of the vectors learn, so that the local space stays as it is."""
        number, within, length = self._recipe.stage(step)
        heads = {id(p) for net in (self.pictures.net.glob, self.points.glob) for p in net.parameters()}
        heads.add(id(self.pictures.whole_scale))
        for parameter in self.parameters():
            is_head = id(parameter) in heads
            parameter.requires_grad_(STAGES[number] == "joint" or is_head == (STAGES[number] == "global"))
        return self._recipe.rates[number] * loop.cosine(within, length, min(self._recipe.warmup, length // 4))

    def losses(self, batch: Batch, step: int) -> dict[str, tuple[float, torch.Tensor]]:
        """The terms of the stage.

        local:  dense(pixel, pixel) + tokens * [nce(pixel, token) + nce(token, pixel)] / 2 + aux * (foreground + normal + depth)
        global: nce(vector of a picture, vector of a shape), both ways, and of the two pictures
        joint:  local + vectors * global
        """
        number = self._recipe.stage(step)[0]
        stage, recipe = STAGES[number], self._recipe
        seen = self.pictures.see(batch)
        places, tokens, vector = self.points(batch["cloud"], batch["centers"] if self._own_tokens else None)
        terms: dict[str, tuple[float, torch.Tensor]] = {}
        if stage != "global":
            sigma = recipe.sigma[0] * (recipe.sigma[1] / recipe.sigma[0]) ** (step / recipe.steps)
            terms["dense"] = (1.0, self.pictures.dense(seen, batch, sigma))
            to_token, to_pixel = self._token_losses(seen.a, seen.b, seen.outside, places, tokens, batch)
            terms |= {"pixel to token": (recipe.tokens / 2, to_token), "token to pixel": (recipe.tokens / 2, to_pixel)}
            terms |= {name: (recipe.aux, value) for name, value in aux_losses(seen.aux, batch).items()}
        if stage != "local":
            scale = self.pictures.whole_scale.exp().clamp(max=100)
            weight = 1.0 if stage == "global" else recipe.vectors
            shown = global_loss(seen.whole_b, vector, batch["category"], scale)
            pictures = global_loss(seen.whole_a, seen.whole_b, batch["category"], scale)
            terms |= {"picture to shape": (weight, shown), "picture to picture": (0.5 * weight, pictures)}
        return terms

    def _token_losses(
        self,
        a: torch.Tensor,
        b: torch.Tensor,
        outside: torch.Tensor,
        places: torch.Tensor,
        tokens: torch.Tensor,
        batch: Batch,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Pixels of A (the same object, or another of its kind) and of B find their token; tokens find the pixels of B that show them."""
        tokens, scale = F.normalize(tokens.float(), dim=-1), self.token_scale.exp().clamp(max=100)
        upright = places @ batch["cloud_turn"]
        nearest = torch.cdist(upright, batch["cloud_point"]).argmin(dim=-1)
        part = batch["cloud_part"].gather(1, nearest)
        local = batch["cloud_local"].gather(1, nearest[..., None].expand(-1, -1, 3))
        sigma = self._recipe.sigma[2]
        near = place_target(batch["a_point"], upright, sigma)
        kin = part_target(batch["a_part"], batch["a_local"], part, local)
        of_a = torch.where(batch["across"][:, None, None], kin, near)
        of_b = place_target(batch["b_point"], upright, sigma)
        others = tokens[:, :64].roll(1, dims=0)
        keys = torch.cat([tokens, others], dim=1)
        target = F.pad(torch.cat([of_a, of_b], dim=1), (0, others.shape[1]))
        to_token = soft_info_nce(torch.cat([a, b], dim=1), keys, target, scale)
        shown = of_b.transpose(1, 2) * (of_b.amax(dim=1) > 0.5)[..., None]
        keys = torch.cat([b, outside], dim=1)
        return to_token, soft_info_nce(tokens, keys, F.pad(shown, (0, outside.shape[1])), scale)


def train(
    out: Path,
    recipe: TangoRecipe = TangoRecipe(),
    items: Sequence[Object3D] | None = None,
    device: str = "auto",
    resume: bool = False,
    progress: Progress = silent,
    tokens: PointTokens | None = None,
) -> Path:
    """Run the recipe (see :func:`core.training.loop.run`); ``items`` are shapes to learn from instead of procedural ones.

    Returns the image net's weights, which ``--weights`` takes; those of the point net lie beside them.

    Raises:
        CounterpointError: a token source's places and tokens do not fit each other.
    """
    learner = TangoLearner(recipe, tokens)
    if tokens is not None:
        _check_tokens(tokens, recipe.points)
    clouds = Clouds(recipe.points, learner.points.count, recipe.full_turns)
    data = loop.pairs(recipe, recipe.data, device, items, clouds)
    files = loop.run(out, recipe, learner, data, device, resume, progress)
    loop.write_card(out, "Pocket image and point encoder", "tango", recipe, len(items) if items is not None else None)
    return files["pocket_image"]


def _check_tokens(tokens: PointTokens, points: int) -> None:
    with torch.no_grad():
        cloud = F.normalize(torch.randn(2, points, 6), dim=-1)
        places, features = tokens(cloud)
    if places.shape[:2] != features.shape[:2] or places.shape[2] != 3 or features.shape[2] != tokens.width:
        raise CounterpointError(
            f"The token source gives places {tuple(places.shape)} and tokens {tuple(features.shape)}; [B, T, 3] and [B, T, {tokens.width}] are needed."
        )


def _random_turn(rng: np.random.Generator, full: float) -> np.ndarray:
    from scipy.spatial.transform import Rotation

    if rng.random() < full:
        return np.asarray(Rotation.random(rng=rng).as_matrix())
    return np.asarray(Rotation.from_euler("y", rng.uniform(0, 360), degrees=True).as_matrix())
