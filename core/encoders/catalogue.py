"""The image encoders by name.

A new one is a module beside this one and a line in ``BUILT_IN``, see resources/docs/contributing.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.encoders.base import ImageEncoder, PointEncoder, TunableEncoder
from core.encoders.names import DEFAULT, POCKETS
from core.errors import CounterpointError
from core.plugins import make_plugin, plugins
from core.progress import Progress, silent

TIMM_NAMES = {
    "dinov2": "vit_small_patch14_dinov2.lvd142m",
    "dinov2-base": "vit_base_patch14_dinov2.lvd142m",
    "dinov2-large": "vit_large_patch14_dinov2.lvd142m",
    "dinov3": "vit_small_patch16_dinov3.lvd1689m",
    "dinov3-base": "vit_base_patch16_dinov3.lvd1689m",
    "clip": "vit_base_patch16_clip_224.openai",
    "mae": "vit_base_patch16_224.mae",
}
"""Short names for usual timm models; every other timm ViT goes by its own name."""


@dataclass(frozen=True)
class EncoderInfo:
    """A line of ``counterpoint encoders``.

    Attributes:
        name: what users choose it by.
        description: what it is.
        bundled: whether it works without a network.
    """

    name: str
    description: str
    bundled: bool


@dataclass(frozen=True)
class EncoderChoice:
    """Which encoder is used, completely: equal choices give equal descriptors.

    Attributes:
        name: the name of a built-in encoder, of a plugin's, or of any timm ViT.
        weights: a local file that replaces the bundled or published weights.
        layer: the block of a ViT that descriptors are taken from (-1: the last), None for three quarters of its depth;
            the pocket encoder has none.
        device: "auto", "cpu" or "cuda".
        adapter: a file that ``counterpoint train adapter`` or ``counterpoint adapt`` made for this encoder, a
            checkpoint of 3DCorrEnhance (.ckpt), or "3dcorrenhance" for the published one.
    """

    name: str = DEFAULT
    weights: str | None = None
    layer: int | None = None
    device: str = "auto"
    adapter: str | None = None


def _pocket(choice: EncoderChoice, progress: Progress) -> ImageEncoder:
    from core.encoders.pocket import PocketEncoder

    if choice.layer is not None:
        raise CounterpointError("The pocket encoder has one output; leave the layer out.")
    progress(0.5, "Loading the pocket encoder")
    return PocketEncoder(choice.weights, choice.device, name=choice.name)


def _timm(choice: EncoderChoice, progress: Progress) -> ImageEncoder:
    from core.encoders.timm_vit import TimmEncoder

    model, weights = TIMM_NAMES.get(choice.name, choice.name), Path(choice.weights) if choice.weights else None
    return TimmEncoder(model, choice.name, weights, choice.layer, choice.device, progress)


@dataclass(frozen=True)
class BuiltIn:
    """An encoder of this package: what it is, whether it works without a network, and what builds it."""

    description: str
    bundled: bool
    build: Callable[[EncoderChoice, Progress], ImageEncoder]


BUILT_IN = {
    "pocket": BuiltIn("EfficientNet-Lite0 with attention, trained on shapes, scans and photos", True, _pocket),
    "pocket-0.1": BuiltIn("TinyViT 5M of version 0.1, trained on procedural shapes only", True, _pocket),
    **{name: BuiltIn(f"timm {model}", False, _timm) for name, model in TIMM_NAMES.items()},
}
"""The encoders of this package by name. Their modules are imported when they are built."""


def available() -> list[EncoderInfo]:
    """Return the encoders that have a name of their own: the built-in ones, then those of plugins."""
    built_in = [EncoderInfo(name, one.description, one.bundled) for name, one in BUILT_IN.items()]
    return [*built_in, *(EncoderInfo(name, f"plugin {e.value}", True) for name, e in plugins("encoders").items())]


def load_encoder(choice: EncoderChoice = EncoderChoice(), progress: Progress = silent) -> ImageEncoder:
    """Build an encoder, with its adapter if one is chosen.

    Raises:
        CounterpointError: there is no such encoder, device or file, or the weights do not fit or cannot be fetched.
    """
    if choice.adapter is None:
        return _load_base(choice, progress)
    from core.encoders import published
    from core.encoders.lora import LoraEncoder, is_lora
    from core.encoders.residual_head import ResidualHeadEncoder

    adapter = choice.adapter
    if adapter == published.NAME:
        adapter = str(published.fetch_published(TIMM_NAMES.get(choice.name, choice.name), progress))
    if adapter.endswith(".ckpt") and choice.layer is None:
        choice = replace(choice, layer=-1)
    if is_lora(adapter):
        return LoraEncoder(load_tunable(choice, progress), adapter)
    return ResidualHeadEncoder(_load_base(choice, progress), adapter, choice.device)


def load_tunable(choice: EncoderChoice = EncoderChoice(), progress: Progress = silent) -> TunableEncoder:
    """Build an encoder that can be tuned, without an adapter.

    Raises:
        CounterpointError: as :func:`load_encoder`, or the encoder cannot be tuned.
    """
    base = _load_base(choice, progress)
    if not isinstance(base, TunableEncoder):
        raise CounterpointError(f"{base.name} has nothing that can be tuned.")
    return base


def _load_base(choice: EncoderChoice, progress: Progress) -> ImageEncoder:
    if choice.name not in BUILT_IN and choice.name in plugins("encoders"):
        made: ImageEncoder = make_plugin("encoders", choice.name, choice.weights, choice.layer, choice.device)
        return made
    build = BUILT_IN[choice.name].build if choice.name in BUILT_IN else _timm
    return build(choice, progress)


def need_point_encoder(choice: EncoderChoice = EncoderChoice()) -> PointEncoder:
    """Build the point encoder in the same space as an image encoder.

    Raises:
        CounterpointError: there is none, or its weights cannot be read.
    """
    encoder = load_point_encoder(choice)
    if encoder is None:
        raise CounterpointError(
            f"The encoder {choice.name} has no point encoder with these weights; look at views instead."
        )
    return encoder


def load_point_encoder(choice: EncoderChoice = EncoderChoice()) -> PointEncoder | None:
    """Build the point encoder in the same space as an image encoder, or return None if there is none.

    For weights that are given as a file it is ``pocket_point.safetensors`` beside that file, where a training run puts
    it.

    Raises:
        CounterpointError: its weights cannot be read.
    """
    if choice.name not in POCKETS or choice.adapter is not None:
        return None
    from core.encoders.points import PocketPointEncoder

    if choice.weights is None:
        return PocketPointEncoder(device=choice.device, name=choice.name)
    beside = Path(choice.weights).with_name("pocket_point.safetensors")
    return PocketPointEncoder(beside, choice.device, name=choice.name) if beside.exists() else None
