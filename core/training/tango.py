"""The Tango3D recipe at pocket size: an image net and a point net in one space, learnt in three stages.

    counterpoint train tango --data procedural -o RUN

After Tango3D (arXiv:2605.19727): image patches and point tokens, each projected into one space, with a local descriptor
each and one vector a picture or shape; first dense local alignment, then global, then both. The paper's code and exact
losses were not at hand where this was written; the terms here are soft-target InfoNCE (see :mod:`core.training.losses`)
and are written out below.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import nn
from torch.nn import functional as F

from core.encoders.pocket import read_card
from core.encoders.points import PointNet, PointTokens
from core.errors import CounterpointError
from core.geometry.sampling import sample_surface
from core.progress import Progress, silent
from core.training.loop import Terms
from core.training.losses import global_loss, part_target, place_target, soft_info_nce
from core.training.pair_learner import (
    Descriptions,
    ImageRecipe,
    PairLearner,
    aux_losses,
    frozen,
    load_start,
    train_pairs,
)
from core.training.pair_settings import Batch
from core.training.recipe import Stage
from core.training.scene import Object3D

Aim = Literal["local", "global", "joint"]
AIMS: tuple[Aim, ...] = ("local", "global", "joint")


@dataclass(frozen=True)
class TangoRecipe(ImageRecipe):
    """All numbers of a run.

    ``start`` is a folder with weights of one or both nets (``pocket_image`` and ``pocket_point`` safetensors).

    Attributes:
        shares: how much of the run each of the three stages takes.
        rates: peak rate of each stage, as a share of ``rate``; every stage warms up and falls on its own.
        sigma: width of the soft targets in object diagonals: between pixels at the start and at the end, and between
            pixel and token.
        points: points of a shape.
        full_turns: share of shapes that are turned any way; the others are turned around the up axis.
        tokens: weight of the loss between pixels and tokens.
        vectors: weight of the loss of whole pictures and shapes in the last stage.
        aux: weight of the losses of foreground, normal and depth.
    """

    shares: tuple[float, float, float] = (0.5, 0.2, 0.3)
    rates: tuple[float, float, float] = (1.0, 1.0, 0.3)
    sigma: tuple[float, float, float] = (0.06, 0.025, 0.05)
    points: int = 2048
    full_turns: float = 0.3
    tokens: float = 0.5
    vectors: float = 0.2
    aux: float = 0.2

    def stages(self) -> tuple[Stage, ...]:
        """One stage for each of ``AIMS``."""
        ends = [round(self.steps * sum(self.shares[: i + 1])) for i in range(3)]
        spans = zip([0, *ends[:2]], ends, self.rates, strict=True)
        return tuple(
            Stage(begin, end - begin, min(self.warmup, (end - begin) // 4), rate) for begin, end, rate in spans
        )

    def aim(self, step: int) -> Aim:
        """What a step, counted from 1, is for."""
        ends = [stage.begin + stage.length for stage in self.stages()]
        return AIMS[next((i for i, end in enumerate(ends) if step <= end), 2)]


@dataclass(frozen=True)
class Clouds:
    """Points of an object, for pairs of pictures.

    Attributes:
        points: how many, N.
        tokens: how many of them are centres, T.
        full_turns: share of clouds that are turned any way; the others are turned around the up axis.
    """

    points: int
    tokens: int
    full_turns: float

    def __call__(self, item: Object3D, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Draw the points of an object.

        Returns:
            ``cloud`` float32 [N, 6], points and unit normals, turned; ``centers`` int64 [T], numbers of points;
            ``cloud_turn`` float32 [3, 3], the turn; and of all points, unturned, ``cloud_point`` float32 [N, 3]
            (normalised frame), ``cloud_part`` int64 [N] and ``cloud_local`` float32 [N, 3].
        """
        points = sample_surface(item.shape, self.points, int(rng.integers(2**31)))
        turn = random_turn(rng, self.full_turns)
        local = np.einsum("nk,nkd->nd", points.bary, item.local[item.shape.faces[points.face]])
        return {
            "cloud": np.concatenate([points.position @ turn.T, points.normal @ turn.T], axis=1).astype(np.float32),
            "centers": rng.choice(len(points), self.tokens, replace=False),
            "cloud_turn": turn.astype(np.float32),
            "cloud_point": points.position,
            "cloud_part": item.face_part[points.face].astype(np.int64),
            "cloud_local": local.astype(np.float32),
        }


class TangoLearner(PairLearner[TangoRecipe]):
    """Both nets. With ``tokens`` (a pretrained 3D VAE, kept as it is) the point net learns what comes after it only."""

    def __init__(self, recipe: TangoRecipe, tokens: PointTokens | None = None, items: Sequence[Object3D] | None = None):
        super().__init__(recipe, items)
        self.points = PointNet(read_card()["point_encoder"], tokens)
        self.token_scale = nn.Parameter(torch.tensor(2.3))
        self._own_tokens = tokens is None
        if recipe.start:
            self._start(Path(recipe.start))

    def _start(self, folder: Path) -> None:
        if str(folder) == "imagenet":
            load_start(self.teacher.net, "imagenet")
            return
        files = {name: folder / f"{name}.safetensors" for name in self.nets()}
        if not any(file.exists() for file in files.values()):
            raise CounterpointError(f"{folder} has no weights in it ({', '.join(f.name for f in files.values())}).")
        for name, net in self.nets().items():
            if files[name].exists():
                load_start(net, files[name])

    def nets(self) -> dict[str, nn.Module]:
        """See :meth:`core.training.pair_learner.PairLearner.nets`."""
        return {**super().nets(), "pocket_point": self.points}

    def extras(self) -> Clouds:
        """Points of the object of picture B."""
        return Clouds(self.recipe.points, self.points.count, self.recipe.full_turns)

    def begin(self, step: int) -> None:
        """In the global stage only the heads of the vectors learn, so that the local space stays as it is."""
        aim = self.recipe.aim(step)
        heads = {id(p) for net in (self.teacher.net.glob, self.points.glob) for p in net.parameters()}
        heads.add(id(self.teacher.vector_scale))
        for parameter in self.parameters():
            is_head = id(parameter) in heads
            parameter.requires_grad_(aim == "joint" or is_head == (aim == "global"))
        if self.recipe.start:
            for parameter in frozen(self.teacher.net):
                parameter.requires_grad_(False)

    def losses(self, batch: Batch, step: int) -> Terms:
        """The terms of the stage.

        local:  dense(pixel, pixel) + tokens * [nce(pixel, token) + nce(token, pixel)] / 2 + aux * (foreground + normal
        + depth) global: nce(vector of a picture, vector of a shape), both ways, and of the two pictures joint:  local +
        vectors * global
        """
        recipe, aim = self.recipe, self.recipe.aim(step)
        found = self.teacher.encode(batch)
        places, tokens, vector = self.points(batch["cloud"], batch["centers"] if self._own_tokens else None)
        terms: dict[str, tuple[float, torch.Tensor]] = {}
        if aim != "global":
            sigma = recipe.sigma[0] * (recipe.sigma[1] / recipe.sigma[0]) ** (step / recipe.steps)
            terms["dense"] = (1.0, self.teacher.dense(found, batch, sigma))
            to_token, to_pixel = self._token_losses(found, places, tokens, batch)
            terms |= {"pixel to token": (recipe.tokens / 2, to_token), "token to pixel": (recipe.tokens / 2, to_pixel)}
            terms |= {name: (recipe.aux, value) for name, value in aux_losses(found.aux, batch).items()}
        if aim != "local":
            scale = self.teacher.vector_scale.exp().clamp(max=100)
            weight = 1.0 if aim == "global" else recipe.vectors
            shown = global_loss(found.vector_b, vector, batch["category"], scale)
            pictures = global_loss(found.vector_a, found.vector_b, batch["category"], scale)
            terms |= {"picture to shape": (weight, shown), "picture to picture": (0.5 * weight, pictures)}
        return terms

    def _token_losses(
        self, found: Descriptions, places: torch.Tensor, tokens: torch.Tensor, batch: Batch
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Losses between pixels and tokens [B, T, D], which lie at places [B, T, 3] in the turned frame.

        Pixels of A (the same object, or another of its category) and of B find their token; tokens find the pixels of B
        that show them.
        """
        tokens, scale = F.normalize(tokens.float(), dim=-1), self.token_scale.exp().clamp(max=100)
        upright = places @ batch["cloud_turn"]
        nearest = torch.cdist(upright, batch["cloud_point"]).argmin(dim=-1)
        part = batch["cloud_part"].gather(1, nearest)
        local = batch["cloud_local"].gather(1, nearest[..., None].expand(-1, -1, 3))
        sigma = self.recipe.sigma[2]
        same_place = place_target(batch["a_point"], upright, sigma)
        same_part = part_target(batch["a_part"], batch["a_local"], part, local)
        of_a = torch.where(batch["across"][:, None, None], same_part, same_place)
        of_b = place_target(batch["b_point"], upright, sigma)
        others = tokens[:, :64].roll(1, dims=0)
        keys = torch.cat([tokens, others], dim=1)
        target = F.pad(torch.cat([of_a, of_b], dim=1), (0, others.shape[1]))
        to_token = soft_info_nce(torch.cat([found.a, found.b], dim=1), keys, target, scale)
        shown = of_b.transpose(1, 2) * (of_b.amax(dim=1) > 0.5)[..., None]
        keys = torch.cat([found.b, found.outside], dim=1)
        return to_token, soft_info_nce(tokens, keys, F.pad(shown, (0, found.outside.shape[1])), scale)


def train(
    out: Path,
    recipe: TangoRecipe = TangoRecipe(),
    items: Sequence[Object3D] | None = None,
    device: str = "auto",
    resume: bool = False,
    progress: Progress = silent,
    tokens: PointTokens | None = None,
) -> Path:
    """Run the recipe into a folder (see :func:`core.training.loop.run_in_folder`).

    ``items`` are shapes to learn from instead of procedural ones. Returns the image net's weights, which ``--weights``
    takes; those of the point net lie beside them.

    Raises:
        CounterpointError: a token source's places and tokens do not fit each other; and as the loop does.
    """
    learner = TangoLearner(recipe, tokens, items)
    if tokens is not None:
        _check_tokens(tokens, recipe.points)
    return train_pairs(out, "Pocket image and point encoder", "tango", learner, device, resume, progress)


def _check_tokens(tokens: PointTokens, points: int) -> None:
    with torch.no_grad():
        cloud = F.normalize(torch.randn(2, points, 6), dim=-1)
        places, features = tokens(cloud)
    if places.shape[:2] != features.shape[:2] or places.shape[2] != 3 or features.shape[2] != tokens.width:
        raise CounterpointError(
            f"The token source gives places {tuple(places.shape)} and tokens {tuple(features.shape)}; [B, T, 3] and [B, T, {tokens.width}] are needed."
        )


def random_turn(rng: np.random.Generator, full: float) -> np.ndarray:
    """A rotation float64 [3, 3]: any for a share ``full``, else around y."""
    if rng.random() < full:
        return np.asarray(Rotation.random(rng=rng).as_matrix())
    return np.asarray(Rotation.from_euler("y", rng.uniform(0, 360), degrees=True).as_matrix())
