"""CLIP, through open_clip: pictures and words in one space (Radford et al., 2021)."""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.encoders.base import pick_device, to_batch
from core.errors import CounterpointError

HOW = (
    'Give CLIP as ARCHITECTURE:WEIGHTS, for example "ViT-B-16:/models/open_clip_model.safetensors" (a file) '
    'or "ViT-B-16:openai" (fetched from the network).'
)


class ClipEncoder:
    """A CLIP model, which describes pictures and words by vectors in one space.

    Attributes:
        name: what the user chose, ``ARCHITECTURE:WEIGHTS``.
        fingerprint: a text that changes with the weights.
        dim: G, the length of a vector.
        input_size: the side of the pictures that the model takes, in pixels.
        scale: the factor of cosine similarities before a softmax.
        device: where the model computes.
    """

    def __init__(self, name: str, device: str = "auto"):
        """Load a model.

        Args:
            name: ``ARCHITECTURE:WEIGHTS``, where the weights are a file or the tag of published ones.
            device: "auto", "cpu" or "cuda".

        Raises:
            CounterpointError: open_clip is not installed, there is no such architecture, or the weights are missing or
                do not fit.
        """
        open_clip = _library()
        architecture, _, weights = name.partition(":")
        if architecture not in open_clip.list_models() or not weights:
            raise CounterpointError(f"'{name}' is no CLIP model. {HOW}")
        path, quick = Path(weights), False
        if not path.is_file():
            path, quick = _fetched(open_clip, architecture, weights)
        self.name, self.device = name, pick_device(device)
        self.fingerprint = f"clip {architecture} {_digest(path)}"
        self.model: Any = _empty(open_clip, architecture, quick)
        _load(self.model, path)
        self.model = self.model.to(self.device).eval()
        self._tokenize = open_clip.get_tokenizer(architecture)
        visual = self.model.visual
        self.input_size = int(np.ravel(visual.image_size)[0])
        self._mean, self._std = (
            visual.image_mean or open_clip.OPENAI_DATASET_MEAN,
            visual.image_std or open_clip.OPENAI_DATASET_STD,
        )
        self.scale = float(self.model.logit_scale.detach().exp())
        self.dim = int(visual.output_dim)

    def batch(self, pictures: npt.NDArray[np.uint8]) -> torch.Tensor:
        """Normalise and resize square pictures RGB uint8 [B, S, S, 3].

        The result is float32 [B, 3, input_size, input_size] on the device.
        """
        batch = to_batch(pictures, self._mean, self._std, self.device)
        size = (self.input_size, self.input_size)
        return batch if batch.shape[2:] == size else F.interpolate(batch, size, mode="bicubic", antialias=True)

    @torch.no_grad()
    def pictures(self, pictures: npt.NDArray[np.uint8]) -> torch.Tensor:
        """Return unit vectors float32 [B, G], on the CPU, of square pictures RGB uint8 [B, S, S, 3]."""
        return F.normalize(self.model.encode_image(self.batch(pictures)).float(), dim=-1).cpu()

    @torch.no_grad()
    def words(self, texts: Sequence[str]) -> torch.Tensor:
        """Return unit vectors float32 [n, G], on the CPU, of n texts."""
        tokens = self._tokenize(list(texts)).to(self.device)
        return F.normalize(self.model.encode_text(tokens).float(), dim=-1).cpu()


def _library() -> Any:
    try:
        import open_clip
    except ImportError:
        raise CounterpointError('Words need CLIP; install it with: pip install "counterpoint[clip]".') from None
    return open_clip


def _empty(open_clip: Any, architecture: str, quick: bool) -> Any:
    """The architecture without weights, about which open_clip would warn."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        return open_clip.create_model(architecture, load_weights=False, force_quick_gelu=quick)
    finally:
        logger.setLevel(level)


def _fetched(open_clip: Any, architecture: str, tag: str) -> tuple[Path, bool]:
    """Published weights, and whether they want the quick GELU."""
    known = open_clip.pretrained.list_pretrained_tags_by_model(architecture)
    if tag not in known:
        tags = f" Weights known for {architecture}: {', '.join(known)}." if known else ""
        raise CounterpointError(f"{tag} is neither a file nor published weights of {architecture}.{tags}")
    try:
        settings = open_clip.get_pretrained_cfg(architecture, tag)
        return Path(open_clip.download_pretrained(settings)), bool(settings.get("quick_gelu"))
    except Exception as error:
        raise CounterpointError(
            f"The weights {tag} of {architecture} are not on this machine and cannot be fetched "
            f"({type(error).__name__}). Fetch them elsewhere and give the file. {HOW}"
        ) from error


def _load(model: Any, path: Path) -> None:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
            state = state.get("state_dict", state)
        state = {name.removeprefix("module."): value for name, value in state.items()}
        model.load_state_dict(state)
    except Exception as error:
        raise CounterpointError(f"The weights of {path.name} do not fit the CLIP model ({_first(error)}).") from error


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 22):
            digest.update(chunk)
    return digest.hexdigest()
