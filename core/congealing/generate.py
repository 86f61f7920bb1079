"""Generation of a canonical shape from the photos alone, as in 3D Congealing (sections 3.2 and 4).

A word is learned for what the photos show (textual inversion, Gal et al.), and a radiance field is optimised so that a
diffusion model takes its pictures for pictures of that word (score distillation, DreamFusion; with a multi-view model
such as MVDream, four views at once).
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.alignment.scorer import Photo
from core.congealing.volume import Volume
from core.encoders.base import pick_device
from core.errors import CounterpointError
from core.files import save_mesh
from core.geometry.camera import look_at
from core.matching.crops import rolled
from core.plugins import import_named, make_plugin, plugins
from core.progress import Progress, silent, span

Picture = npt.NDArray[np.uint8]

WORD = "<collection>"


@dataclass(frozen=True)
class GenerateSettings:
    """How a shape is generated.

    Attributes:
        word_steps: the number of steps of textual inversion.
        word_rate: its learning rate.
        steps: the number of steps of score distillation.
        rate: its learning rate.
        views: the number of pictures in each step, taken all around.
        picture: the side of a picture of the field, in pixels.
        grid: the number of cells along a side of the field.
        guidance: the scale of classifier-free guidance; MVDream takes 50, single-view models 100.
        seed: the same seed gives the same shape.
    """

    word_steps: int = 1000
    word_rate: float = 5e-3
    steps: int = 10_000
    rate: float = 0.02
    views: int = 4
    picture: int = 64
    grid: int = 96
    guidance: float = 50.0
    seed: int = 0


def generate(
    photos: Sequence[Photo],
    model: str,
    out: str | Path,
    device: str = "auto",
    progress: Progress = silent,
    settings: GenerateSettings = GenerateSettings(),
) -> Path:
    """Generate a shape and write it to a file with y up; a file that is there is taken as it is.

    Args:
        photos: the photos with their masks.
        model: a Stable Diffusion or MVDream pipeline of diffusers, by name or folder, a plugin's name, or
            ``MODULE:FUNCTION`` (see :mod:`core.plugins`).
        out: the file.
        device: "auto", "cpu" or "cuda".
        progress: is told of every step.
        settings: how the shape is generated.

    Returns:
        The file of the shape.

    Raises:
        CounterpointError: the model cannot be loaded, or the shape is empty.
    """
    out = Path(out)
    if out.exists():
        return out
    pictures = [cut_out_object(photo) for photo in photos]
    module, _, _ = model.rpartition(":")
    named = bool(module) and not Path(model).exists() and module.replace(".", "").isidentifier()
    if named or model in plugins("shapes"):
        made = import_named(model)(pictures) if named else make_plugin("shapes", model, pictures)
        if hasattr(made, "export"):
            save_mesh(out, made)
            return out
        return Path(made)
    pipeline = load_pipeline(model, device)
    learn_word(pipeline, pictures, settings, span(progress, 0.0, 0.2))
    volume = distill(pipeline, settings, span(progress, 0.2, 1.0))
    volume.save_mesh(out)
    return out


def cut_out_object(photo: Photo, size: int = 512) -> Picture:
    """Cut the object out of a photo: RGBA uint8 [size, size, 4], transparent around it."""
    (crop,) = rolled(photo.pixels, photo.mask, size, 0.85, 1)
    return np.concatenate([crop.picture, (crop.mask[..., None] * 255).astype(np.uint8)], axis=-1)


def load_pipeline(model: str, device: str = "auto") -> Any:
    """Load a text-to-image pipeline of diffusers, with frozen weights.

    Raises:
        CounterpointError: diffusers is not installed, or there is no such model.
    """
    try:
        from diffusers import DiffusionPipeline
    except ImportError:
        raise CounterpointError(
            'Shapes from photos alone need diffusers: pip install "counterpoint[diffusion]".'
        ) from None
    try:
        pipeline = DiffusionPipeline.from_pretrained(model, safety_checker=None)
    except Exception as error:
        raise CounterpointError(f"The diffusion model {model} cannot be loaded ({error}).") from error
    pipeline = pipeline.to(pick_device(device))
    for part in (pipeline.vae, pipeline.unet, pipeline.text_encoder):
        part.requires_grad_(False)
    return pipeline


def learn_word(
    pipeline: Any,
    pictures: Sequence[Picture],
    settings: GenerateSettings = GenerateSettings(),
    progress: Progress = silent,
) -> list[float]:
    """Add the word ``WORD`` for what the pictures show to the pipeline's tokenizer and text encoder.

    Only the word's own embedding is trained, by how well noise on the pictures is predicted (textual inversion, Eq. 2).

    Args:
        pipeline: of diffusers; it is changed.
        pictures: RGBA uint8 [S, S, 4] each.
        settings: the number of steps and the learning rate.
        progress: is told of every step.

    Returns:
        The loss of every step.
    """
    tokenizer, text, unet = pipeline.tokenizer, pipeline.text_encoder, pipeline.unet
    device, generator = unet.device, torch.Generator().manual_seed(settings.seed)
    tokenizer.add_tokens(WORD)
    if len(tokenizer) > len(text.get_input_embeddings().weight):
        text.resize_token_embeddings(len(tokenizer))
    table = text.get_input_embeddings().weight
    number = tokenizer.convert_tokens_to_ids(WORD)
    table.data[number] = table.data[:number].mean(0)
    table.requires_grad_(True)
    kept = table.detach().clone()
    optimizer = torch.optim.AdamW([table], settings.word_rate, weight_decay=0.0)
    latents = torch.cat([_latents(pipeline, _on_white(picture)) for picture in pictures])
    losses = []
    for step in range(settings.word_steps):
        progress(step / settings.word_steps, f"Learning a word for the photos: step {step} of {settings.word_steps}")
        chosen = latents[torch.randint(len(latents), (1,), generator=generator)]
        noise = torch.randn(chosen.shape, generator=generator).to(device)
        t = torch.randint(pipeline.scheduler.config.num_train_timesteps, (1,), generator=generator).to(device)
        optimizer.zero_grad()
        predicted = unet(
            pipeline.scheduler.add_noise(chosen, noise, t), t, _words(pipeline, [f"a photo of a {WORD}"])
        ).sample
        loss = F.mse_loss(predicted, noise)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            others = torch.arange(len(table), device=table.device) != number
            table[others] = kept[others]
        losses.append(float(loss.detach()))
    table.requires_grad_(False)
    return losses


def distill(pipeline: Any, settings: GenerateSettings = GenerateSettings(), progress: Progress = silent) -> Volume:
    """Optimise a radiance field of what ``WORD`` means to the pipeline (score distillation, DreamFusion Eq. 3)."""
    unet, scheduler = pipeline.unet, pipeline.scheduler
    device = unet.device
    volume = Volume(settings.grid).to(device)
    optimizer = torch.optim.Adam(volume.parameters(), settings.rate)
    rng, generator = np.random.default_rng(settings.seed), torch.Generator().manual_seed(settings.seed)
    multi_view = "camera" in inspect.signature(unet.forward).parameters
    levels, kept = scheduler.config.num_train_timesteps, scheduler.alphas_cumprod.to(device)
    for step in range(settings.steps):
        progress(step / settings.steps, f"Growing the shape: step {step} of {settings.steps}")
        first, elevation = rng.uniform(0, 360), rng.uniform(0, 30)
        azimuths = first + np.arange(settings.views) * 360 / settings.views
        R = torch.from_numpy(np.stack([_around(a, elevation) for a in azimuths]).astype(np.float32)).to(device)
        drawn = volume.draw(R, np.radians(40), 2.0, settings.picture, background=float(rng.uniform(0.5, 1)))
        latents = _encode(pipeline, drawn)
        # from much noise to little, as MVDream anneals it
        highest = 0.98 - 0.48 * step / max(settings.steps - 1, 1)
        t = torch.full((len(R),), int(levels * rng.uniform(0.02, highest)), device=device)
        noise = torch.randn(latents.shape, generator=generator).to(device)
        with torch.no_grad():
            noisy = scheduler.add_noise(latents, noise, t)
            more = {"camera": torch.cat([_extrinsics(R)] * 2), "num_frames": len(R)} if multi_view else {}
            prompts = [f"a photo of a {WORD}" + ("" if multi_view else f", {_side(a)}") for a in azimuths]
            words = _words(pipeline, [""] * len(R) + prompts)
            without, guided = unet(torch.cat([noisy] * 2), torch.cat([t] * 2), words, **more).sample.chunk(2)
            gradient = (1 - kept[t])[:, None, None, None] * (without + settings.guidance * (guided - without) - noise)
        optimizer.zero_grad()
        density = volume.density
        smooth = sum((density.diff(dim=axis) ** 2).mean() for axis in (2, 3, 4))
        loss = (torch.nan_to_num(gradient) * latents).sum() / len(R) + 0.1 * smooth
        loss.backward()
        optimizer.step()
    return volume


def _words(pipeline: Any, prompts: list[str]) -> torch.Tensor:
    tokens = pipeline.tokenizer(
        prompts,
        padding="max_length",
        truncation=True,
        return_tensors="pt",
        max_length=pipeline.tokenizer.model_max_length,
    )
    words: torch.Tensor = pipeline.text_encoder(tokens.input_ids.to(pipeline.unet.device))[0]
    return words


def _on_white(picture: Picture) -> torch.Tensor:
    """Put a picture RGBA uint8 [S, S, 4] on white: float32 [1, 3, S, S] in [0, 1]."""
    rgba = torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None]
    return rgba[:, :3] * rgba[:, 3:] + 1 - rgba[:, 3:]


@torch.no_grad()
def _latents(pipeline: Any, picture: torch.Tensor) -> torch.Tensor:
    return _encode(pipeline, picture.to(pipeline.unet.device))


def _encode(pipeline: Any, pictures: torch.Tensor) -> torch.Tensor:
    """Return the latents of pictures float32 [B, 3, S, S] in [0, 1], resized to what the network was made for."""
    factor = 2 ** (len(pipeline.vae.config.block_out_channels) - 1)
    size = pipeline.unet.config.sample_size * factor
    resized = F.interpolate(pictures, (size, size), mode="bilinear", align_corners=False)
    mean: torch.Tensor = pipeline.vae.encode(2 * resized - 1).latent_dist.mean
    return mean * float(pipeline.vae.config.scaling_factor)


def _around(azimuth: float, elevation: float) -> npt.NDArray[np.floating]:
    a, e = np.radians(azimuth), np.radians(elevation)
    direction = np.array([np.cos(e) * np.sin(a), np.sin(e), np.cos(e) * np.cos(a)])
    return look_at(direction, np.array([0.0, 1.0, 0.0]))


def _extrinsics(R: torch.Tensor) -> torch.Tensor:
    """Return the cameras as MVDream takes them, [B, 16]: camera to world with OpenGL axes, at distance 1."""
    axes = torch.diag(torch.tensor([1.0, -1.0, -1.0], device=R.device))
    whole = torch.eye(4, device=R.device).repeat(len(R), 1, 1)
    whole[:, :3, :3] = (axes @ R).transpose(1, 2)
    whole[:, :3, 3] = -R[:, 2]
    return whole.flatten(1)


def _side(azimuth: float) -> str:
    away = abs((azimuth + 180) % 360 - 180)
    return "front view" if away < 60 else "side view" if away < 120 else "back view"
