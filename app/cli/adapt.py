"""The verb ``adapt``: an encoder tuned to shapes, by what is the same in pictures of them."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.cli.inputs import given, open_shape
from app.cli.options.adapt import AdaptOptions
from core.encoders.catalogue import EncoderChoice, load_tunable
from core.errors import CounterpointError
from core.geometry.formats import guess_up
from core.images import load_image
from core.notices import warn
from core.progress import Progress, silent
from core.training.adaptation_check import OwnPhoto
from core.training.equivariance import AdaptSettings, adapt
from core.training.meshes import stood_up
from core.training.procedural import Object3D


def run(options: AdaptOptions, progress: Progress = silent) -> dict[str, Any]:
    """The report that ``--json`` prints; the curve begins with the encoder as it was."""
    if not options.out.endswith(".safetensors"):
        raise CounterpointError(f"What is learnt is kept as .safetensors; call {options.out} so.")
    items = _meshes(options.shapes)
    if not items:
        raise CounterpointError("Pictures are taken of surfaces: give a mesh, not a point cloud.")
    encoder = load_tunable(EncoderChoice(options.encoder, options.weights, options.layer, options.device))
    settings = AdaptSettings(**given(options, "minutes", "steps", "loss", "rate", "seed"))
    curve = adapt(items, encoder, options.out, settings, progress, photos=_photos(options))
    progress(1.0, "Done")
    report = {
        "encoder": encoder.name,
        "adapter": options.out,
        "before": curve[0].consistency,
        "after": curve[-1].consistency,
    }
    return report | {"curve": [asdict(one) for one in curve]}


def lines(options: AdaptOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    said = f"consistent on held-out pictures: {report['before']:.1%} before, {report['after']:.1%} after"
    return [said, f"saved {options.out} (use it with --adapter)"]


def _photos(options: AdaptOptions) -> list[OwnPhoto]:
    """The photos that the encoder must not get worse in."""
    if options.box and len(options.box) != len(options.photo):
        raise CounterpointError(
            f"There are {len(options.photo)} photos and {len(options.box)} boxes; give one for each."
        )
    boxes = options.box or (None,) * len(options.photo)
    return [OwnPhoto(Path(file).name, load_image(file), box) for file, box in zip(options.photo, boxes, strict=True)]


def _meshes(files: Sequence[str]) -> list[Object3D]:
    """Those of the files that are meshes; of the others it is said that they are left out."""
    found = []
    for file in files:
        item = stood_up(open_shape(file), guess_up(file), Path(file).stem)
        if item is None:
            warn(f"{Path(file).name} is a point cloud and is left out; pictures are taken of surfaces.")
        else:
            found.append(item)
    return found
