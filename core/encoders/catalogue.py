"""The image encoders by name."""

from dataclasses import dataclass, replace
from pathlib import Path

from core.encoders.base import ImageEncoder, PointEncoder, TunableEncoder
from core.errors import CounterpointError
from core.plugins import make_plugin, plugins
from core.progress import Progress, silent

DEFAULT = "pocket"

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
    """A line of ``counterpoint encoders``: name, what it is, and whether it works without a network."""

    name: str
    description: str
    bundled: bool


@dataclass(frozen=True)
class EncoderChoice:
    """Which encoder, completely: equal choices give equal descriptors.

    Attributes:
        name: "pocket", a short name of ``TIMM_NAMES``, a plugin's, or any timm ViT.
        weights: a local file instead of the bundled or published ones.
        layer: block of a ViT (-1: the last), None for three quarters of its depth; the pocket encoder has none.
        device: "auto", "cpu" or "cuda".
        adapter: a file that ``counterpoint train adapter`` or ``counterpoint adapt`` made for this encoder, a checkpoint of 3DCorrEnhance
            (.ckpt), or "3dcorrenhance" for the published one.
    """

    name: str = DEFAULT
    weights: str | None = None
    layer: int | None = None
    device: str = "auto"
    adapter: str | None = None


def available() -> list[EncoderInfo]:
    """The encoders with short names."""
    pocket = EncoderInfo("pocket", "TinyViT 5M with a feature pyramid, trained on procedural shapes", True)
    own = [EncoderInfo(name, f"plugin {entry.value}", True) for name, entry in plugins("encoders").items()]
    return [pocket, *(EncoderInfo(name, f"timm {model}", False) for name, model in TIMM_NAMES.items()), *own]


def load_encoder(choice: EncoderChoice = EncoderChoice(), progress: Progress = silent) -> ImageEncoder:
    """Build an encoder, with its adapter where there is one.

    Raises:
        CounterpointError: no such encoder, device or file; weights that do not fit or cannot be fetched.
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
    base = _load_base(choice, progress)
    if is_lora(adapter):
        return LoraEncoder(base, adapter)
    return ResidualHeadEncoder(base, adapter, choice.device)


def load_tunable(choice: EncoderChoice = EncoderChoice(), progress: Progress = silent) -> TunableEncoder:
    """The encoder itself, without an adapter; raises as :func:`load_encoder`, and where a plugin's cannot be tuned."""
    base = _load_base(choice, progress)
    if not hasattr(base, "begin"):
        raise CounterpointError(f"{base.name} has nothing that can be tuned.")
    return base


def _load_base(choice: EncoderChoice, progress: Progress) -> TunableEncoder:
    weights = Path(choice.weights) if choice.weights else None
    if choice.name == "pocket":
        from core.encoders.pocket import PocketEncoder

        if choice.layer is not None:
            raise CounterpointError("The pocket encoder has one output; leave the layer out.")
        progress(0.5, "Loading the pocket encoder")
        return PocketEncoder(weights, choice.device)
    if choice.name in plugins("encoders"):
        made: TunableEncoder = make_plugin("encoders", choice.name, choice.weights, choice.layer, choice.device)
        return made
    from core.encoders.timm_vit import TimmEncoder

    model = TIMM_NAMES.get(choice.name, choice.name)
    return TimmEncoder(model, choice.name, weights, choice.layer, choice.device, progress)


def need_point_encoder(choice: EncoderChoice = EncoderChoice()) -> PointEncoder:
    """As :func:`load_point_encoder`, where there must be one.

    Raises:
        CounterpointError: there is none.
    """
    encoder = load_point_encoder(choice)
    if encoder is None:
        raise CounterpointError(
            f"The encoder {choice.name} has no point encoder with these weights; look at views instead."
        )
    return encoder


def load_point_encoder(choice: EncoderChoice = EncoderChoice()) -> PointEncoder | None:
    """The point encoder in the same space as an image encoder, or None where there is none.

    That of weights given as a file is ``pocket_point.safetensors`` beside it, where a training run puts it.
    """
    if choice.name != "pocket" or choice.adapter is not None:
        return None
    from core.encoders.points import PocketPointEncoder

    if choice.weights is None:
        return PocketPointEncoder(device=choice.device)
    beside = Path(choice.weights).with_name("pocket_point.safetensors")
    return PocketPointEncoder(beside, choice.device) if beside.exists() else None
