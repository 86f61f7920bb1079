"""Training of CLIP's depth branch (OpenDlign).

Depth pictures learn to say what CLIP says of pictures from the same place.

"OpenDlign" (NeurIPS 2024) makes the pictures from depth by a ControlNet. Here they are what the program draws
(surfaces, light and backgrounds at random), or the user's ControlNet makes them through diffusers.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from core.encoders.base import pick_device
from core.encoders.dlign import DepthClip
from core.errors import CounterpointError
from core.geometry.depth_maps import depth_picture
from core.progress import Progress, silent, span
from core.training.cards import write_summary
from core.training.loop import Learner, Terms, run
from core.training.pair_settings import Batch
from core.training.pictures import PictureSettings, take_picture
from core.training.recipe import Recipe
from core.training.scene import Object3D

Pixels = npt.NDArray[np.uint8]
Painter = Callable[[Pixels, str, int], Pixels]
"""A depth-aligned picture uint8 [S, S, 3] of a depth picture, the name of what it shows, and a seed."""


@dataclass(frozen=True)
class DlignSettings(Recipe):
    """The numbers of a run; the learning rate stays the same.

    Attributes:
        batch: pairs a step.
        views: pairs made of every object.
        temperature: of the contrastive loss.
    """

    steps: int = 400
    rate: float = 1e-4
    final_rate: float = 1.0
    batch: int = 32
    views: int = 8
    temperature: float = 0.07


@dataclass
class DepthPair:
    """A depth picture, and the picture from the same place: uint8 [S, S, 3]."""

    depth: Pixels
    picture: Pixels


class DepthLearner(Learner[Batch]):
    """CLIP's branch for depth pictures; what CLIP says of the pictures from the same places stays as it is."""

    def __init__(self, model: DepthClip, pairs: Sequence[DepthPair], settings: DlignSettings):
        super().__init__()
        self.branch = nn.ModuleList([model.residual.tuned])
        self._model, self._pairs, self._settings = model, pairs, settings
        parts = [pairs[i : i + 32] for i in range(0, len(pairs), 32)]
        self._aims = torch.cat([model.frozen(np.stack([pair.picture for pair in part])) for part in parts])
        model.clip.model.requires_grad_(False)
        self.branch.requires_grad_(True)

    def data(self, done: int, device: torch.device) -> Iterable[Batch]:
        """See :meth:`core.training.loop.Learner.data`.

        A batch is ``depths`` uint8 [B, S, S, 3] and ``aims`` float32 [B, G].
        """
        rng, count = np.random.default_rng(self._settings.seed), min(self._settings.batch, len(self._pairs))
        for _ in range(done, self._settings.steps):
            chosen = rng.choice(len(self._pairs), count, replace=False)
            depths = np.stack([self._pairs[i].depth for i in chosen])
            yield {"depths": torch.from_numpy(depths), "aims": self._aims[torch.from_numpy(chosen)]}

    def losses(self, batch: Batch, step: int) -> Terms:
        """The contrastive loss of depth pictures and pictures."""
        depths = self._model.tuned(batch["depths"].numpy()).cpu()
        return {"contrastive": (1.0, contrastive(depths, batch["aims"], self._settings.temperature))}


def train(
    items: Sequence[Object3D],
    model: DepthClip,
    out: str | Path,
    settings: DlignSettings = DlignSettings(),
    progress: Progress = silent,
    paint: Painter | None = None,
) -> list[float]:
    """Train the branch, write it (safetensors) and beside it what was done (JSON).

    Args:
        items: the objects, meshes.
        model: whose branch is trained.
        out: the file to write.
        settings: the numbers of the run.
        progress: called for every picture and every step.
        paint: makes the pictures of depth pictures; None takes what the program draws.

    Returns:
        The loss at every step.

    Raises:
        CounterpointError: no objects, or ``out`` cannot be written.
    """
    pairs: list[DepthPair] = []
    for number, item in enumerate(items):
        report = span(progress, 0.5 * number / len(items), 0.5 * (number + 1) / len(items))
        pairs += _pairs(item, model.clip.input_size, settings, (number, len(items)), paint, report)
    if len(pairs) < 2:
        raise CounterpointError("There is nothing to learn from: give a folder of meshes, or none for procedural ones.")
    losses = run(DepthLearner(model, pairs, settings), settings, model.clip.device, span(progress, 0.5, 1.0))
    model.trained = True
    model.save(out)
    parameters = sum(parameter.numel() for parameter in model.parameters)
    facts = {"clip": model.clip.name, "objects": len(items), "pairs": len(pairs), "parameters": parameters}
    write_summary(out, settings, losses, **facts)
    return losses


def contrastive(depths: torch.Tensor, pictures: torch.Tensor, temperature: float) -> torch.Tensor:
    """InfoNCE both ways.

    Every depth picture finds its picture among all of the batch, and every picture its depth picture.

    Args:
        depths: float32 [B, G], of unit length.
        pictures: float32 [B, G], of unit length; row i belongs to row i of ``depths``.
        temperature: of the softmax.
    """
    logits = depths @ pictures.T / temperature
    same = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, same) + F.cross_entropy(logits.T, same)) / 2


def _pairs(
    item: Object3D,
    size: int,
    settings: DlignSettings,
    place: tuple[int, int],
    paint: Painter | None,
    progress: Progress,
) -> list[DepthPair]:
    rng = np.random.default_rng((settings.seed, place[0]))
    varied = PictureSettings(size=size, plain=0, any_roll=0, occluded=0, elevation=(-10, 60))
    found = []
    for view in range(settings.views):
        progress(view / settings.views, f"Looking at object {place[0] + 1} of {place[1]}")
        picture = take_picture(item, rng, varied)
        depth = depth_picture(item.caster, picture.camera)
        drawn = picture.image if paint is None else paint(depth, item.category, int(rng.integers(2**31)))
        found.append(DepthPair(depth, drawn))
    return found


def controlnet(model: str, base: str, device: str = "auto", steps: int = 20) -> Painter:
    """Depth-aligned pictures by Stable Diffusion with a ControlNet for depth, through diffusers.

    Args:
        model: folder or name of the ControlNet.
        base: folder or name of Stable Diffusion.
        device: "auto", "cpu" or "cuda".
        steps: steps of denoising.

    Raises:
        CounterpointError: diffusers is not installed, or the models are not there.
    """
    try:
        from diffusers import ControlNetModel, StableDiffusionControlNetPipeline
    except ImportError:
        raise CounterpointError(
            'Pictures by a ControlNet need diffusers; install it with: pip install "counterpoint[diffusion]".'
        ) from None
    try:
        net = ControlNetModel.from_pretrained(model)
        pipeline = StableDiffusionControlNetPipeline.from_pretrained(base, controlnet=net, safety_checker=None)
    except Exception as error:
        raise CounterpointError(f"The ControlNet {model} with {base} cannot be loaded ({error}).") from error
    pipeline.set_progress_bar_config(disable=True)
    pipeline = pipeline.to(pick_device(device))

    def paint(depth: Pixels, name: str, seed: int) -> Pixels:
        generator = torch.Generator().manual_seed(seed)
        prompt = f"a photo of a {name.replace('_', ' ')}, best quality"
        image = pipeline(prompt, Image.fromarray(depth), num_inference_steps=steps, generator=generator).images[0]
        return np.asarray(image.convert("RGB").resize((depth.shape[1], depth.shape[0])), np.uint8)

    return paint
