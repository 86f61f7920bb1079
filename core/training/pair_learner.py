"""What the recipes on pairs of pictures share: the image net, the data, and the files of a run."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from core.encoders.base import pick_device
from core.encoders.lite_net import LiteNet
from core.encoders.pocket import load_weights, make_net, read_card
from core.errors import CounterpointError
from core.files import check_file
from core.progress import Progress, silent
from core.tensors import save_tensors
from core.training.cards import write_card
from core.training.data import pairs
from core.training.imagenet import load_trunk
from core.training.kept_pairs import KeptPairs, order
from core.training.loop import Learner, run_in_folder
from core.training.losses import part_target, picture_losses, place_target, soft_info_nce
from core.training.mixing import fit_mix
from core.training.pair_data import Extras, PairData
from core.training.pair_settings import Batch, PairSettings
from core.training.recipe import PairRecipe
from core.training.scene import Object3D


@dataclass(frozen=True)
class ImageRecipe(PairRecipe):
    """The numbers of a run that teaches the image net.

    Attributes:
        data: what a pair is; the side of its pictures is a multiple of 32 pixels.
    """

    data: PairSettings = field(default_factory=PairSettings)


FIT_BATCHES = 24
"""Batches that the mix of descriptors is found from."""

SomeRecipe = TypeVar("SomeRecipe", bound=ImageRecipe)


@dataclass
class Descriptions:
    """What the image net makes of a batch of B pairs; descriptors are of unit length.

    Attributes:
        a: float32 [B, N, D], descriptors of the places in picture A.
        b: float32 [B, K, D], descriptors of the places in picture B.
        outside: float32 [B, O, D], descriptors of pixels of B's background.
        vector_a, vector_b: float [B, G], one for each whole picture, not of unit length.
        aux: float [2 B, 5, h, w], foreground logit, depth and normal of all A, then of all B.
    """

    a: torch.Tensor
    b: torch.Tensor
    outside: torch.Tensor
    vector_a: torch.Tensor
    vector_b: torch.Tensor
    aux: torch.Tensor


class ImageTeacher(nn.Module):
    """The image net with its learnt temperatures, and its losses on a batch of pairs."""

    def __init__(self) -> None:
        super().__init__()
        card = read_card()["image_encoder"]
        self.net = make_net(card).to(memory_format=torch.channels_last)
        self._statistics = card["mean"], card["std"]
        self.dense_scale = nn.Parameter(torch.tensor(2.3))
        self.vector_scale = nn.Parameter(torch.tensor(2.3))

    def encode(self, batch: Batch) -> Descriptions:
        """Encode both pictures of every pair of a batch (see :func:`core.training.pair_data.draw_pairs`)."""
        images = self.pictures(batch)
        descriptors, aux, vectors = self.net(images)
        a, b = descriptors.chunk(2)
        vector_a, vector_b = vectors.chunk(2)
        size = images.shape[-1]
        queries, keys = sample_unit(a, batch["a_pixels"], size), sample_unit(b, batch["b_pixels"], size)
        return Descriptions(queries, keys, sample_unit(b, batch["outside"], size), vector_a, vector_b, aux)

    def pictures(self, batch: Batch) -> torch.Tensor:
        """The pictures A, then B, of a batch for the net: float32 [2 B, 3, S, S], channels last."""
        images = torch.cat([batch["a_image"], batch["b_image"]]).movedim(-1, 1).float() / 255
        mean, std = (torch.tensor(v, device=images.device).view(1, 3, 1, 1) for v in self._statistics)
        return (images - mean) / std

    def dense(self, found: Descriptions, batch: Batch, sigma: float) -> torch.Tensor:
        """The loss of pixels of A that look for theirs among those of B, its background, and pixels of another object.

        Args:
            found: what the net makes of the batch.
            batch: B pairs.
            sigma: width of the soft targets in object diagonals.
        """
        keys = torch.cat([found.b, found.outside, found.b[:, :128].roll(1, dims=0)], dim=1)
        same_place = place_target(batch["a_point"], batch["b_point"], sigma)
        same_part = part_target(batch["a_part"], batch["a_local"], batch["b_part"], batch["b_local"])
        target = torch.where(batch["across"][:, None, None], same_part, same_place)
        target = F.pad(target, (0, keys.shape[1] - target.shape[2]))
        return soft_info_nce(found.a, keys, target, self.dense_scale.exp().clamp(max=100))


class PairLearner(Learner[Batch], Generic[SomeRecipe]):
    """A learner of pairs of pictures; ``items`` are shapes to learn from instead of procedural ones.

    Attributes:
        recipe: the numbers of the run.
        items: the shapes, or None.
        teacher: the image net and its losses.
        folder: where pairs are kept that are used several times.
    """

    mixed_precision = True

    def __init__(self, recipe: SomeRecipe, items: Sequence[Object3D] | None = None):
        super().__init__()
        torch.manual_seed(recipe.seed)
        self.teacher = ImageTeacher()
        self.recipe, self.items = recipe, items
        self.folder: Path | None = None

    def nets(self) -> dict[str, nn.Module]:
        """The nets whose averaged weights are the result, by the name of their file."""
        return {"pocket_image": self.teacher.net}

    def extras(self) -> Extras | None:
        """More to know about the object of picture B."""
        return None

    def data(self, done: int, device: torch.device) -> Iterable[Batch]:
        """See :meth:`core.training.loop.Learner.data`."""
        recipe = self.recipe
        made: Any = pairs(recipe, recipe.data, device, self.items, self.extras())
        asked: Any = range(done * recipe.pairs, recipe.steps * recipe.pairs)
        if recipe.uses > 1:
            if self.folder is None or type(made) is not PairData:
                raise CounterpointError("Pairs are kept for several uses by a run that draws them with open3d.")
            description = repr((recipe.data, recipe.seed, [item.shape.digest for item in self.items or []]))
            made = KeptPairs(made, self.folder / "pairs", recipe.seed, description)
            asked = list(order(recipe.steps, recipe.pairs, recipe.uses, recipe.seed, done))
        loader: DataLoader[Any] = DataLoader(
            made, recipe.pairs, sampler=asked, num_workers=recipe.workers, drop_last=True, collate_fn=made.collate
        )
        return (made.finish(raw, device) for raw in loader)

    def groups(self) -> list[dict[str, Any]]:
        """See :meth:`core.training.loop.Learner.groups`; a trunk that started from weights learns more slowly."""
        if not self.recipe.start:
            return super().groups()
        kept = {id(p) for p in frozen(self.teacher.net)}
        for parameter in frozen(self.teacher.net):
            parameter.requires_grad_(False)
        trunk = [p for p in self.teacher.net.backbone.parameters() if id(p) not in kept]
        slow = {id(p) for p in trunk} | kept
        rest = [p for p in self.parameters() if id(p) not in slow]
        return [{"params": rest}, {"params": trunk, "lr_scale": self.recipe.trunk_rate}]

    def train(self, mode: bool = True) -> "PairLearner[SomeRecipe]":
        """Set the mode of training; a net that started from weights keeps its statistics of batches."""
        super().train(mode)
        if self.recipe.start:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self


def train_pairs(
    out: Path,
    title: str,
    name: str,
    learner: PairLearner[Any],
    device: str = "auto",
    resume: bool = False,
    progress: Progress = silent,
) -> Path:
    """Run a recipe into a folder (see :func:`core.training.loop.run_in_folder`), and write its weights and its card.

    Args:
        out: the folder.
        title: of the card.
        name: of the recipe.
        learner: what is taught.
        device: "auto", "cpu" or "cuda".
        resume: whether to go on from the checkpoint in the folder.
        progress: called after every step.

    Returns:
        The image net's weights, which ``--weights`` takes; those of other nets lie beside them (safetensors, float16).
    """
    recipe, items = learner.recipe, learner.items
    learner.folder = out
    for net_name, net in run_in_folder(out, learner, learner.nets(), recipe, device, resume, progress).items():
        if isinstance(net, LiteNet):
            fit_mix(net.eval(), _to_fit(learner, pick_device(device)))
        state = {key: value.half() for key, value in net.state_dict().items() if value.dtype.is_floating_point}
        save_tensors(out / f"{net_name}.safetensors", state)
    write_card(out, title, name, recipe, None if items is None else len(items))
    return out / "pocket_image.safetensors"


def _to_fit(learner: PairLearner[Any], device: torch.device) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Pictures of the first batches of a run, and where their objects are (see :mod:`core.training.mixing`)."""
    for batch in islice(learner.data(0, device), FIT_BATCHES):
        mask = torch.cat([batch["a_mask"], batch["b_mask"]])
        step = batch["a_image"].shape[1] // mask.shape[1]
        yield learner.teacher.pictures(batch), mask if step > 1 else mask[:, 2::4, 2::4]


def load_start(net: nn.Module, start: str | Path) -> None:
    """Load weights to go on from: a file, or "imagenet" for those of an image net's trunk.

    Raises:
        CounterpointError: they do not fit.
    """
    if str(start) == "imagenet" and isinstance(net, LiteNet):
        load_trunk(net.backbone)
    else:
        load_weights(net, check_file(start))


def frozen(net: nn.Module) -> list[nn.Parameter]:
    """The parameters of an image net's first layers, which every picture needs alike: edges and colours."""
    if not isinstance(net, LiteNet):
        return []
    first = (net.backbone.conv_stem, net.backbone.bn1, *net.backbone.blocks[:2])
    return [parameter for layer in first for parameter in layer.parameters()]


def aux_losses(aux: torch.Tensor, batch: Batch) -> dict[str, torch.Tensor]:
    """Foreground, normal and depth losses of both pictures of B pairs; ``aux`` is that of :class:`Descriptions`.

    Pairs without a surface have none.
    """
    surface = batch["surface"].repeat(2)
    if not surface.any():
        return dict.fromkeys(("foreground", "normal", "depth"), aux.sum() * 0)

    def small(name: str) -> torch.Tensor:
        whole = torch.cat([batch[f"a_{name}"], batch[f"b_{name}"]])[surface].float()
        step = whole.shape[1] // aux.shape[-1]
        return whole[:, step // 2 :: step, step // 2 :: step]

    return picture_losses(aux[surface].float(), small("mask"), small("normal"), small("depth"))


def sample_unit(grid: torch.Tensor, pixels: torch.Tensor, size: int) -> torch.Tensor:
    """Unit descriptors float32 [B, N, D] of maps [B, D, h, w] at pixels [B, N, 2].

    The pixels are (column, row) of pictures of ``size`` pixels.
    """
    at = (pixels.float() + 0.5) * 2 / size - 1
    values = F.grid_sample(grid.float(), at[:, None], align_corners=False, padding_mode="border")
    return F.normalize(values[:, :, 0].transpose(1, 2), dim=-1)
