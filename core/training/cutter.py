"""The recipe of the cutter: masks of objects from boxes and clicks.

    counterpoint train cutter --data PHOTOS_WITH_OUTLINES,MESHES,procedural --photos FOLDER -o RUN

Clicks are made as a user makes them, each where the answer before is most wrong (RITM, Sofiiuk et al., 2021); of three
masks the best one learns most (Segment Anything, Kirillov et al., 2023); later the pictures that were hardest come
more often.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from core.encoders.feature_map import box_around
from core.encoders.lite_net import Attention
from core.errors import CounterpointError
from core.files import write_atomic
from core.parts.cutter_net import CutterNet, CutterSettings, draw_prompts
from core.progress import Progress, silent, span
from core.tensors import save_tensors
from core.training.clicks import innermost, next_click
from core.training.cutter_data import CutterData, Sources, draw_examples
from core.training.imagenet import load_trunk
from core.training.loop import Learner, Terms, run_in_folder
from core.training.recipe import LongRecipe

MOST_CLICKS = 8
CORRECTIONS = (0.5, 0.2, 0.15, 0.1, 0.05)
"""Shares of the steps whose answer was corrected by no click, by one, ..."""

OTHERS = (0.6, 0.1)
"""How much masks count that are not the best of an answer, beside it: to a box, which means one thing, and to clicks."""

HARD = 0.4
"""The share of the pictures that counts as hard."""


@dataclass(frozen=True)
class CutterRecipe(LongRecipe):
    """All numbers of a run.

    Attributes:
        net: the size of the net.
        data: what pictures are drawn.
        batch: pictures a step.
        size: side in pixels to which they are reduced, a multiple of 16.
        trunk: rate of the trunk's last two stages, as a share of the rate; the stages before are frozen.
        boxes: share of the pictures with a box.
        hard_after: share of the run after which half of a batch are hard pictures.
        quality: weight of the loss of the expected overlap.
    """

    steps: int = 3000
    start: str = "imagenet"
    rate: float = 1e-3
    warmup: int = 100
    ema_decay: float = 0.998
    final_rate: float = 0.02
    net: CutterSettings = field(default_factory=CutterSettings)
    data: CutterData = field(default_factory=CutterData)
    batch: int = 16
    size: int = 128
    trunk: float = 0.2
    boxes: float = 0.55
    hard_after: float = 0.5
    quality: float = 0.5


@dataclass
class Batch:
    """Pictures of a step.

    Attributes:
        numbers: int64 [B], which they are.
        picture: float32 [B, 3, S, S] in [0, 255].
        mask: bool [B, S, S].
        seed: of the prompts.
    """

    numbers: npt.NDArray[np.int64]
    picture: torch.Tensor
    mask: npt.NDArray[np.bool_]
    seed: int


class CutterLearner(Learner[Batch]):
    """The net, its pictures, and how wrong it was about each of them."""

    def __init__(self, recipe: CutterRecipe, pictures: npt.NDArray[np.uint8], masks: npt.NDArray[np.uint8]):
        super().__init__()
        torch.manual_seed(recipe.seed)
        self.recipe, self.net = recipe, CutterNet(recipe.net)
        load_start(self.net, recipe.start)
        for part in (self.net.backbone.conv_stem, self.net.backbone.bn1, *self.net.backbone.blocks[:3]):
            part.requires_grad_(False)
        self.net.to(memory_format=torch.channels_last)
        self._pictures, self._masks = pictures, masks
        self.hardness: torch.Tensor
        self.register_buffer("hardness", torch.full((len(pictures),), 1.0))

    def groups(self) -> list[dict[str, Any]]:
        """See :meth:`core.training.loop.Learner.groups`."""
        trunk = [parameter for parameter in self.net.backbone.parameters() if parameter.requires_grad]
        of_trunk = {id(parameter) for parameter in self.net.backbone.parameters()}
        others = [parameter for parameter in self.net.parameters() if id(parameter) not in of_trunk]
        return [{"params": others}, {"params": trunk, "lr_scale": self.recipe.trunk}]

    def train(self, mode: bool = True) -> "CutterLearner":
        """Set the mode of training; the trunk keeps its statistics of batches."""
        super().train(mode)
        self.net.backbone.eval()
        return self

    def data(self, done: int, device: torch.device) -> Iterable[Batch]:
        """See :meth:`core.training.loop.Learner.data`."""
        for step in range(done, self.recipe.steps):
            rng = np.random.default_rng((self.recipe.seed, step))
            numbers = self._chosen(rng, step)
            drawn = [self._example(number, rng) for number in numbers]
            picture = torch.from_numpy(np.stack([one for one, _ in drawn])).permute(0, 3, 1, 2).to(device).float()
            picture = picture.contiguous(memory_format=torch.channels_last)
            yield Batch(numbers, picture, np.stack([mask for _, mask in drawn]), int(rng.integers(2**31)))

    def _chosen(self, rng: np.random.Generator, step: int) -> npt.NDArray[np.int64]:
        recipe, count = self.recipe, len(self._pictures)
        numbers = rng.integers(count, size=recipe.batch)
        if step >= recipe.hard_after * recipe.steps:
            hard = torch.topk(self.hardness, max(1, int(HARD * count)))[1].cpu().numpy()
            half = recipe.batch // 2
            numbers[:half] = hard[rng.integers(len(hard), size=half)]
        return np.asarray(numbers)

    def _example(self, number: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """A picture uint8 [S, S, 3] and its mask bool [S, S], mirrored, its colours changed, and worn."""
        size = self.recipe.size
        picture = np.asarray(self._pictures[number])
        mask = np.unpackbits(np.asarray(self._masks[number]), axis=1)
        if picture.shape[0] != size:
            picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
            mask = cv2.resize(mask * np.float32(1), (size, size), interpolation=cv2.INTER_AREA) > 0.5
        if rng.random() < 0.5:
            picture, mask = picture[:, ::-1], mask[:, ::-1]
        return _changed(picture, rng), np.ascontiguousarray(mask > 0)

    def losses(self, batch: Batch, step: int) -> Terms:
        """See :meth:`core.training.loop.Learner.losses`."""
        device = batch.picture.device
        rng = np.random.default_rng(batch.seed)
        maps = self.net.look(batch.picture)
        prompts = SimulatedPrompts(batch.mask, rng, self.recipe.boxes)
        previous = None
        for _ in range(int(rng.choice(len(CORRECTIONS), p=CORRECTIONS))):
            with torch.no_grad():
                logits, overlap = self.net.answer([one.detach() for one in maps], prompts.drawn(previous, device))
            best = overlap.argmax(1)
            previous = torch.sigmoid(logits[torch.arange(len(best)), best])[:, None]
            prompts.correct(previous[:, 0].cpu().numpy())
        logits, overlap = self.net.answer(maps, prompts.drawn(previous, device))
        target = torch.from_numpy(batch.mask).to(device).float()[:, None]
        target = F.avg_pool2d(target, 2)
        wrong = mask_loss(logits, target)
        best_loss = wrong.amin(1)
        share = torch.from_numpy(np.where(prompts.boxed, *OTHERS)).float().to(device)
        self.hardness[torch.from_numpy(batch.numbers)] = best_loss.detach().to(self.hardness.device)
        truth = overlaps(logits.detach() > 0, target > 0.5)
        quality = F.binary_cross_entropy_with_logits(overlap, truth)
        return {
            "mask": (1.0, best_loss.mean()),
            "others": (1.0, (share * wrong.mean(1)).mean()),
            "quality": (self.recipe.quality, quality),
            "overlap": (0.0, truth.gather(1, overlap.argmax(1, keepdim=True)).mean()),
        }


class SimulatedPrompts:
    """Boxes and clicks about B pictures whose masks are known."""

    def __init__(self, masks: npt.NDArray[np.bool_], rng: np.random.Generator, boxes: float):
        """Draw first prompts.

        Args:
            masks: bool [B, S, S].
            rng: of all random numbers.
            boxes: share of the pictures with a box; of them some have a click, too.
        """
        self._masks, self._rng = masks, rng
        count = len(masks)
        self._box = np.full((count, 4), np.nan, np.float32)
        self._clicks = np.full((2, count, MOST_CLICKS, 2), np.nan, np.float32)
        for row, mask in enumerate(masks):
            boxed = rng.random() < boxes
            if not mask.any():
                continue
            if boxed:
                self._box[row] = _box_of(mask, rng)
            if not boxed or rng.random() < 0.15:
                self._add(row, innermost(mask, rng if rng.random() < 0.6 else None), True)

    def correct(self, answer: npt.NDArray[np.floating]) -> None:
        """Add to each picture the click that corrects an answer, float [B, S / 2, S / 2] in [0, 1]."""
        size = self._masks.shape[1]
        for row, mask in enumerate(self._masks):
            whole = cv2.resize(answer[row], (size, size), interpolation=cv2.INTER_LINEAR) > 0.5
            click = next_click(mask, whole, self._rng if self._rng.random() < 0.5 else None)
            if click is not None:
                self._add(row, *click)

    @property
    def boxed(self) -> npt.NDArray[np.bool_]:
        """Which pictures have a box, bool [B]."""
        return np.isfinite(self._box[:, 0])

    def drawn(self, previous: torch.Tensor | None, device: torch.device) -> torch.Tensor:
        """The prompts as channels (see :func:`core.parts.cutter_net.draw_prompts`)."""
        box, add, remove = (torch.from_numpy(values).to(device) for values in (self._box, *self._clicks))
        return draw_prompts(self._masks.shape[1], box, add, remove, previous)

    def _add(self, row: int, pixel: tuple[float, float], adds: bool) -> None:
        places = self._clicks[0 if adds else 1, row]
        free = np.flatnonzero(np.isnan(places[:, 0]))
        if len(free):
            places[free[0]] = pixel


def _box_of(mask: npt.NDArray[np.bool_], rng: np.random.Generator) -> npt.NDArray[np.floating]:
    """The box of a mask; half of the time it is drawn inexactly."""
    box = np.array(box_around(mask))
    if rng.random() < 0.5:
        size = np.tile(box[2:] - box[:2], 2)
        box += rng.normal(0, 0.05, 4) * size + np.array([-1, -1, 1, 1]) * rng.uniform(0, 0.06) * size
    return box


def _changed(picture: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Other light, colours and sharpness, each in some of the pictures."""
    values = picture.astype(np.float32)
    if rng.random() < 0.6:
        values = (values - 127) * rng.uniform(0.6, 1.3) + 127 + rng.uniform(-35, 35)
    if rng.random() < 0.4:
        values *= rng.uniform(0.85, 1.15, 3).astype(np.float32)
    if rng.random() < 0.1:
        values[:] = values.mean(axis=2, keepdims=True)
    if rng.random() < 0.15:
        values = cv2.GaussianBlur(values, (0, 0), rng.uniform(0.4, 1.2))
    if rng.random() < 0.15:
        values += rng.normal(0, rng.uniform(2, 12), values.shape).astype(np.float32)
    return np.clip(values, 0, 255).astype(np.uint8)


def mask_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """How wrong masks are: cross-entropy, weighted so that edges and objects count, and Dice.

    Args:
        logits: float32 [B, M, h, w].
        target: float32 [B, 1, h, w] in [0, 1].

    Returns:
        float32 [B, M].
    """
    target = target.expand_as(logits)
    near = F.avg_pool2d(target, 9, 1, 4, count_include_pad=False)
    weight = 1 + 3 * ((near - target).abs() + 0.5 * target)
    cross = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    soft = torch.sigmoid(logits)
    both = 2 * (soft * target).sum((2, 3)) + 1
    dice = 1 - both / (soft.sum((2, 3)) + target.sum((2, 3)) + 1)
    return 2 * (cross * weight).sum((2, 3)) / weight.sum((2, 3)) + dice


def overlaps(masks: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Intersection over union float32 [B, M] of masks bool [B, M, h, w] and of one, bool [B, 1, h, w]."""
    both, either = (masks & target).sum((2, 3)).float(), (masks | target).sum((2, 3)).float()
    return both / either.clamp(min=1)


def load_start(net: CutterNet, start: str | Path) -> None:
    """Load weights to go on from: of a cutter, of a pocket encoder since 0.2, or "imagenet", the trunk alone.

    A net that starts from an encoder takes its foreground for the mask before it has learnt anything.

    Raises:
        CounterpointError: they do not fit, or the package with the trunk is missing.
    """
    if start == "imagenet":
        load_trunk(net.backbone)
        return
    try:
        found = {name: value.float() for name, value in load_file(start).items()}
        own = net.state_dict()
        fitting = {name: value for name, value in found.items() if name in own and value.shape == own[name].shape}
        net.load_state_dict(fitting, strict=False)
    except Exception as error:
        raise CounterpointError(f"{start} does not hold weights of the cutter or of an encoder.") from error
    if "conv_stem.weight" not in " ".join(fitting):
        raise CounterpointError(f"{start} does not hold weights of the cutter or of an encoder with its trunk.")
    if "aux.weight" in found:
        with torch.no_grad():
            net.head.weight *= 0.1
            net.head.weight[:, :, 1:2, 1:2] += found["aux.weight"][:1]
            assert net.head.bias is not None
            net.head.bias[:] = found["aux.bias"][0]
            for block in list(net.blocks)[sum(f"blocks.{n}.o.weight" in found for n in range(len(net.blocks))) :]:
                assert isinstance(block, Attention)
                for layer in (block.o, block.m[2]):
                    for parameter in layer.parameters():
                        nn.init.zeros_(parameter)


def train(
    out: Path,
    sources: Sources,
    recipe: CutterRecipe = CutterRecipe(),
    device: str = "auto",
    resume: bool = False,
    progress: Progress = silent,
    workers: int = 0,
) -> Path:
    """Draw the pictures into the folder of a run, unless they are there, and run the recipe.

    Args:
        out: the folder.
        sources: what pictures are drawn from.
        recipe: the numbers of the run.
        device: "auto", "cpu" or "cuda".
        resume: whether to go on from the checkpoint in the folder.
        progress: called after every picture and step.
        workers: processes that draw the pictures.

    Returns:
        The file of weights; beside it lies what they were trained on.

    Raises:
        CounterpointError: there is nothing to draw from, or as :func:`core.training.loop.run_in_folder`.
    """
    pictures, masks = draw_examples(out / "pictures", sources, recipe.data, span(progress, 0, 0.2), workers)
    learner = CutterLearner(recipe, pictures, masks)
    nets: dict[str, nn.Module] = {"cutter": learner.net}
    net = run_in_folder(out, learner, nets, recipe, device, resume, span(progress, 0.2, 1))["cutter"]
    state = {key: value.half() for key, value in net.state_dict().items() if value.dtype.is_floating_point}
    save_tensors(out / "cutter.safetensors", state)
    about = {"net": asdict(recipe.net), "size": recipe.size, "photos": sources.names, "recipe": asdict(recipe)}
    write_atomic(out / "cutter.json", (json.dumps(about, indent=1) + "\n").encode())
    return out / "cutter.safetensors"
