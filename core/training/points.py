"""The recipe that puts the point net into the space of an image net, which stays as it is.

    counterpoint train points --data procedural -o RUN

Its tokens learn the descriptors that the image net's views lift onto a shape (see :mod:`core.fields.lifting`), its
vector the mean of those of the views. Only its last layers learn; the others, which know shapes, stay those of 0.1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from core.encoders.base import ImageEncoder
from core.encoders.pocket import WEIGHTS, read_card
from core.encoders.points import BASE, PointNet
from core.errors import CounterpointError
from core.fields.lifting import LiftSettings, lift
from core.geometry.sampling import sample_surface
from core.progress import Progress, silent, span
from core.retrieval.vectors import view_vectors
from core.tensors import save_tensors
from core.training.cards import write_summary
from core.training.loop import Learner, Terms, run
from core.training.losses import place_target, soft_info_nce
from core.training.recipe import Recipe
from core.training.scene import Object3D
from core.training.tango import random_turn


@dataclass(frozen=True)
class PointRecipe(Recipe):
    """The numbers of a run.

    Attributes:
        shapes: shapes a step.
        blocks: of the transformer's layers, how many learn, from the last.
        samples: places of the lifted field that tokens are compared with.
        azimuths: views in each of three rings around a shape, which its field is lifted from.
        sigma: width of the soft targets in object diagonals.
        full_turns: share of shapes that are turned in any way instead of around their up axis.
    """

    steps: int = 600
    rate: float = 5e-4
    warmup: int = 30
    weight_decay: float = 0.03
    gradient_norm: float | None = 1.0
    shapes: int = 8
    blocks: int = 2
    samples: int = 512
    azimuths: int = 6
    sigma: float = 0.05
    full_turns: float = 0.3


@dataclass
class Taught:
    """What a shape's views say.

    Attributes:
        position, normal: float32 [N, 3], in the normalised frame.
        descriptors: float32 [N, D], unit length.
        vector: float32 [G], unit length.
    """

    position: torch.Tensor
    normal: torch.Tensor
    descriptors: torch.Tensor
    vector: torch.Tensor


def look_at_shape(item: Object3D, encoder: ImageEncoder, points: int, azimuths: int) -> Taught:
    """Describe a shape by its views.

    Raises:
        CounterpointError: the encoder has no vector for whole pictures.
    """
    settings = LiftSettings(points, azimuths)
    field = lift(item.shape, encoder, settings, caster=item.caster)
    vector = view_vectors(item.shape, encoder, LiftSettings(azimuths=4, elevations=(20.0,))).mean(0)
    surface = sample_surface(item.shape, points)
    position, normal = (torch.from_numpy(values.astype(np.float32)) for values in (surface.position, surface.normal))
    return Taught(position, normal, field.descriptors.float(), F.normalize(vector, dim=0))


Shapes = list[Taught]


class PointLearner(Learner[Shapes]):
    """The point net of which the last layers learn."""

    def __init__(self, recipe: PointRecipe, taught: Sequence[Taught]):
        super().__init__()
        torch.manual_seed(recipe.seed)
        self.recipe, self._taught = recipe, taught
        self.net = PointNet(read_card()["point_encoder"])
        self.net.load_state_dict(load_file(WEIGHTS / BASE))
        self.net.requires_grad_(False)
        for layer in (*self.net.blocks[-recipe.blocks :], self.net.norm, self.net.head, self.net.glob):
            layer.requires_grad_(True)
        self.scale, self.vector_scale = nn.Parameter(torch.tensor(2.5)), nn.Parameter(torch.tensor(2.5))

    def data(self, done: int, device: torch.device) -> Iterator[Shapes]:
        """See :meth:`core.training.loop.Learner.data`."""
        for step in range(done, self.recipe.steps):
            rng = np.random.default_rng((self.recipe.seed, step))
            chosen = rng.choice(len(self._taught), self.recipe.shapes, replace=len(self._taught) < self.recipe.shapes)
            yield [self._taught[number] for number in chosen]

    def losses(self, batch: Shapes, step: int) -> Terms:
        """Tokens find the places of the field and have their descriptors; vectors find their shape."""
        rng = np.random.default_rng((self.recipe.seed, step, 1))
        turns = torch.from_numpy(
            np.stack([random_turn(rng, self.recipe.full_turns) for _ in batch]).astype(np.float32)
        ).to(next(self.parameters()).device)
        device, count = turns.device, self.net.count
        position, normal, field = (
            torch.stack([getattr(one, name) for one in batch]).to(device)
            for name in ("position", "normal", "descriptors")
        )
        cloud = torch.cat([position @ turns.mT, normal @ turns.mT], dim=-1)
        total = position.shape[1]
        centers, among = (
            torch.from_numpy(np.stack([rng.choice(total, n, replace=False) for _ in batch])).to(device)
            for n in (count, self.recipe.samples)
        )
        _, tokens, vectors = self.net(cloud, centers)
        tokens, rows = F.normalize(tokens.float(), dim=-1), torch.arange(len(batch), device=device)[:, None]
        keys = torch.cat([field[rows, among], field[rows, among[:, :64]].roll(1, dims=0)], dim=1)
        target = F.pad(place_target(position[rows, centers], position[rows, among], self.recipe.sigma), (0, 64))
        own = torch.stack([one.vector for one in batch]).to(device)
        same = torch.eye(len(batch), device=device)[None]
        unit = F.normalize(vectors.float(), dim=-1)
        scale, vector_scale = (s.exp().clamp(max=100) for s in (self.scale, self.vector_scale))
        return {
            "token to place": (0.5, soft_info_nce(tokens, keys, target, scale)),
            "descriptor": (2.0, 1 - (tokens * field[rows, centers]).sum(-1).mean()),
            "shape to pictures": (0.2, soft_info_nce(unit[None], own[None], same, vector_scale)),
            "vector": (1.0, 1 - (unit * own).sum(-1).mean()),
        }


def train(
    out: Path,
    encoder: ImageEncoder,
    items: Sequence[Object3D],
    recipe: PointRecipe = PointRecipe(),
    device: str = "auto",
    progress: Progress = silent,
) -> Path:
    """Teach the point net what an image encoder sees of shapes.

    Args:
        out: the folder for ``pocket_point.safetensors``; it holds what learnt, the rest is in 0.1's.
        encoder: the bundled image encoder, perhaps with other weights.
        items: the shapes, standing along y.
        recipe: the numbers of the run.
        device: "auto", "cpu" or "cuda".
        progress: is told of every shape, then of every step.

    Returns:
        The file.

    Raises:
        CounterpointError: the encoder's descriptors have another length than the point net's.
    """
    sizes = read_card()["point_encoder"]
    if encoder.dim != sizes["descriptor_dim"]:
        raise CounterpointError(
            f"The point net's descriptors are not those of {encoder.name}; choose a pocket encoder."
        )
    taught, looking = [], span(progress, 0, 0.5)
    for number, item in enumerate(items):
        looking(number / len(items), f"Looking at shape {number + 1} of {len(items)}")
        taught.append(look_at_shape(item, encoder, sizes["points"], recipe.azimuths))
    learner = PointLearner(recipe, taught)
    losses = run(learner, recipe, device, span(progress, 0.5, 1))
    learnt = {name: p.detach().half() for name, p in learner.net.named_parameters() if p.requires_grad}
    file = out / "pocket_point.safetensors"
    save_tensors(file, learnt, {"base": BASE, "space": encoder.fingerprint})
    write_summary(file, recipe, losses, shapes=len(items))
    return file
