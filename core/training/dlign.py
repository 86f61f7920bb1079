"""Training of CLIP's depth branch (OpenDlign): depth pictures learn to say what CLIP says of pictures from the same place.

"OpenDlign" (NeurIPS 2024) makes the pictures from depth by a ControlNet. Here they are what the program draws (surfaces, light and
backgrounds at random), or the user's ControlNet makes them through diffusers.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.encoders.dlign import DepthClip
from core.errors import CounterpointError
from core.geometry.camera import Camera
from core.geometry.depth_maps import depth_picture
from core.progress import Progress, silent
from core.training.pictures import PictureSettings, Surface, take_picture
from core.training.procedural import Object3D

Pixels = npt.NDArray[np.uint8]
Painter = Callable[[Pixels, str, int], Pixels]
"""A depth-aligned picture uint8 [S, S, 3] of a depth picture, the name of what it shows, and a seed."""


@dataclass(frozen=True)
class DlignSettings:
    """Attributes:
    steps, batch, rate: of AdamW.
    views: pairs of every object.
    temperature: of the contrastive loss.
    """

    steps: int = 400
    batch: int = 32
    rate: float = 1e-4
    views: int = 8
    temperature: float = 0.07
    seed: int = 0


@dataclass
class Pair:
    """A depth picture, and the picture from the same place: uint8 [S, S, 3]."""

    depth: Pixels
    picture: Pixels


def train(
    items: list[Object3D],
    model: DepthClip,
    out: str | Path,
    settings: DlignSettings = DlignSettings(),
    progress: Progress = silent,
    paint: Painter | None = None,
) -> list[float]:
    """Train the branch, write ``out`` (safetensors) and beside it what was done (JSON); returns the loss at every step.

    Raises:
        CounterpointError: no objects.
    """
    pairs = [
        pair
        for number, item in enumerate(items)
        for pair in _pairs(item, model.clip.input_size, settings, number, paint, progress, len(items))
    ]
    if len(pairs) < 2:
        raise CounterpointError("There is nothing to learn from: give a folder of meshes, or none for procedural ones.")
    wanted = torch.cat(
        [model.frozen(np.stack([pair.picture for pair in pairs[i : i + 32]])) for i in range(0, len(pairs), 32)]
    )
    for parameter in model.clip.model.parameters():
        parameter.requires_grad_(False)
    for parameter in model.parameters:
        parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(model.parameters, settings.rate, weight_decay=1e-4)
    rng, losses = np.random.default_rng(settings.seed), []
    for step in range(settings.steps):
        chosen = rng.choice(len(pairs), min(settings.batch, len(pairs)), replace=False)
        depths = model.tuned(np.stack([pairs[i].depth for i in chosen])).cpu()
        loss = contrastive(depths, wanted[torch.from_numpy(chosen)], settings.temperature)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        if step % 10 == 0:
            progress(0.5 + 0.5 * step / settings.steps, f"step {step} of {settings.steps}: loss {losses[-1]:.4f}")
    model.trained = True
    model.save(out)
    few = max(1, settings.steps // 20)
    about = {
        "clip": model.clip.name, "objects": len(items), "pairs": len(pairs), "settings": asdict(settings),
        "parameters": sum(p.numel() for p in model.parameters),
        "loss": {"first": float(np.mean(losses[:few])), "last": float(np.mean(losses[-few:]))},
    }  # fmt: skip
    Path(out).with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n")
    return losses


def contrastive(depths: torch.Tensor, pictures: torch.Tensor, temperature: float) -> torch.Tensor:
    """InfoNCE both ways of unit vectors [B, G]: every depth picture finds its picture, and every picture its depth picture."""
    logits = depths @ pictures.T / temperature
    same = torch.arange(len(logits))
    return (F.cross_entropy(logits, same) + F.cross_entropy(logits.T, same)) / 2


def _pairs(
    item: Object3D, size: int, settings: DlignSettings, number: int, paint: Painter | None, progress: Progress, total: int
) -> list[Pair]:  # fmt: skip
    rng = np.random.default_rng((settings.seed, number))
    looks = PictureSettings(size=size, plain=0, any_roll=0, occluded=0, elevation=(-10, 60))
    found = []
    for view in range(settings.views):
        progress(0.5 * (number + view / settings.views) / total, f"Looking at object {number + 1} of {total}")
        picture = take_picture(item, rng, looks, Surface(int(rng.integers(2**31))))
        camera: Camera = picture.camera
        depth = depth_picture(item.caster, camera)
        drawn = picture.image if paint is None else paint(depth, item.category, int(rng.integers(2**31)))
        found.append(Pair(depth, drawn))
    return found


def controlnet(model: str, base: str, device: str = "auto", steps: int = 20) -> Painter:
    """Depth-aligned pictures by Stable Diffusion with a ControlNet for depth, through diffusers.

    Args:
        model, base: folders or names of the ControlNet and of Stable Diffusion.
        steps: of denoising.

    Raises:
        CounterpointError: diffusers is not installed, or the models are not there.
    """
    from core.encoders.base import pick_device

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
    from PIL import Image

    def paint(depth: Pixels, name: str, seed: int) -> Pixels:
        generator = torch.Generator().manual_seed(seed)
        prompt = f"a photo of a {name.replace('_', ' ')}, best quality"
        image = pipeline(prompt, Image.fromarray(depth), num_inference_steps=steps, generator=generator).images[0]
        return np.asarray(image.convert("RGB").resize((depth.shape[1], depth.shape[0])), np.uint8)

    return paint
