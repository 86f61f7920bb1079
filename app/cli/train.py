"""The verbs ``train`` and ``adapt``."""

import argparse
from pathlib import Path
from typing import Any

from core.encoders.catalogue import EncoderChoice, load_encoder
from core.errors import CounterpointError
from core.plugins import import_named
from core.progress import Progress, silent
from core.training.procedural import Object3D


def train(options: argparse.Namespace, progress: Progress = silent) -> Path:
    """The verb ``train``; returns the file of weights."""
    if options.recipe in ("adapter", "dlign"):
        return {"adapter": train_adapter, "dlign": train_dlign}[options.recipe](options, progress)
    from core.training import pocket, tango
    from core.training.meshes import read_meshes
    from core.training.pair_data import PairSettings
    from core.training.pictures import PictureSettings

    size = options.size or PictureSettings().size
    if size % 32:
        raise CounterpointError(f"A side of {size} pixels is not a multiple of 32.")
    given = _given(options, "steps", "pairs", "workers", "start", "rate", "renderer")
    data = PairSettings(PictureSettings(size=size, photos=options.photos))
    items = None if options.data == "procedural" else read_meshes(options.data)
    out = Path(options.output)
    if options.recipe == "tango":
        tokens = import_named(options.tokens)() if options.tokens else None
        recipe = tango.TangoRecipe(data=data, **given)
        return tango.train(out, recipe, items, options.device, options.resume, progress, tokens)
    if options.tokens:
        raise CounterpointError("The pocket recipe has no point net; --tokens belongs to tango.")
    return pocket.train(out, pocket.PocketRecipe(data=data, **given), items, options.device, options.resume, progress)


def train_adapter(options: argparse.Namespace, progress: Progress = silent) -> Path:
    """``train adapter``: a file beside the encoder's own weights."""
    from core.training import adapter

    choice = EncoderChoice(options.encoder, options.start, None, options.device)
    file = _file(options, "adapter.safetensors")
    settings = adapter.AdapterSettings(**_given(options, "steps", "rate"))
    adapter.train(_items(options), load_encoder(choice), file, settings, progress)
    progress(1.0, "Done")
    return file


def train_dlign(options: argparse.Namespace, progress: Progress = silent) -> Path:
    """``train dlign``: a branch for depth pictures beside CLIP's own weights."""
    from core.encoders.clip import HOW, ClipEncoder
    from core.encoders.dlign import DepthClip
    from core.training import dlign

    if not options.clip:
        raise CounterpointError(f"Depth is learnt by a CLIP model. {HOW}")
    paint = None
    if options.controlnet:
        net, _, base = options.controlnet.partition(",")
        if not base:
            raise CounterpointError("Give the ControlNet and Stable Diffusion: --controlnet CONTROLNET,BASE.")
        paint = dlign.controlnet(net, base, options.device)
    model, file = DepthClip(ClipEncoder(options.clip, options.device)), _file(options, "dlign.safetensors")
    given = _given(options, "steps", "rate") | ({"batch": options.pairs} if options.pairs else {})
    dlign.train(_items(options), model, file, dlign.DlignSettings(**given), progress, paint)
    progress(1.0, "Done")
    return file


def _items(options: argparse.Namespace) -> list[Object3D]:
    """What a small training learns from."""
    from core.training.meshes import read_meshes
    from core.training.procedural import make_object, training_seed

    if options.data != "procedural":
        return read_meshes(options.data)
    return [make_object(training_seed(n)) for n in range(options.objects or 60)]


def _given(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def _file(options: argparse.Namespace, name: str) -> Path:
    out = Path(options.output)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CounterpointError(f"{out} cannot be written ({error.strerror}).") from error
    return out / name


def adapt_files(options: argparse.Namespace, progress: Progress = silent) -> dict[str, Any]:
    """The verb ``adapt``: the report that ``--json`` prints; the curve begins with the encoder as it was."""
    from dataclasses import asdict

    from core.encoders.catalogue import load_tunable
    from core.training.equivariance import AdaptSettings, adapt
    from core.training.meshes import read_surfaces

    if not options.out.endswith(".safetensors"):
        raise CounterpointError(f"What is learnt is kept as .safetensors; call {options.out} so.")
    items = list(read_surfaces([(file, None) for file in options.shapes]).values())
    encoder = load_tunable(EncoderChoice(options.encoder, options.weights, options.layer, options.device))
    settings = AdaptSettings(**_given(options, "minutes", "steps", "loss", "rate", "seed"))
    curve = adapt(items, encoder, options.out, settings, progress)
    progress(1.0, "Done")
    report = {
        "encoder": encoder.name,
        "adapter": options.out,
        "before": curve[0].consistency,
        "after": curve[-1].consistency,
    }
    return report | {"curve": [asdict(one) for one in curve]}
