"""The options of ``counterpoint train``."""

from dataclasses import dataclass

from app.cli import values
from app.cli.arguments import argument, flag, option
from app.cli.options.groups import DEVICES
from core.encoders.names import DEFAULT


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """Of a training; what is None is as the recipe has it."""

    recipe: str = argument(
        None,
        "the image net alone, image and point net, the point net for an image net, the cutter, two layers on an encoder "
        "that stays as it is, CLIP's branch for depth, or how sure an encoder's answers are",
        choices=("pocket", "tango", "points", "cutter", "adapter", "dlign", "verdicts"),
    )
    encoder: str = option(
        "points, adapter, verdicts: of this encoder (with --start as its weights)", default=DEFAULT, metavar="NAME"
    )
    clip: str | None = option("dlign: the CLIP model", metavar="ARCH:WEIGHTS")
    controlnet: str | None = option(
        "dlign: pictures by Stable Diffusion with this ControlNet for depth", metavar="NET,BASE"
    )
    objects: int | None = option(
        "points, adapter, dlign, cutter: procedural objects (default 60; cutter 300)",
        type=values.positive,
        metavar="N",
    )
    data: str = option(
        "what to learn from (default: %(default)s); cutter: several with commas between, folders of photos with outlines "
        "(images/ and labels/) too; verdicts: bop:PATH, meshes:FOLDER or several with + between them",
        default="procedural",
        metavar="procedural|FOLDER",
        path="path or name",
    )
    share: float = option(
        "of the pairs that show the shapes of --data; the rest are procedural (default: %(default)s)",
        default=1.0,
        type=values.fraction,
        metavar="0..1",
    )
    output: str = option(
        "checkpoint, log, weights and card; verdicts: the file",
        "-o",
        "--output",
        required=True,
        metavar="FOLDER",
        path="path",
    )
    device: str = option("", default="auto", choices=DEVICES)
    resume: bool = flag("go on from the folder's checkpoint")
    start: str | None = option(
        "weights to go on from: a file for pocket and cutter, a folder for tango (fine-tuning), imagenet for the trunk's alone",
        metavar="PATH",
        path="path",
    )
    photos: str | None = option(
        "your photos: cut-outs become backgrounds, surfaces and things in front, crops become pairs (pocket)",
        metavar="FOLDER",
        path="path",
    )
    tokens: str | None = option(
        "tango: your pretrained 3D VAE instead of the bundled point tokens", metavar="MODULE:FUNCTION"
    )
    steps: int | None = option("steps", type=values.positive, metavar="N")
    pictures: int | None = option("cutter: pictures that are drawn once", type=values.positive, metavar="N")
    pairs: int | None = option("pairs of pictures a step (cutter: pictures)", type=values.positive, metavar="N")
    uses: int | None = option(
        "learn from each pair N times, changed afresh; pairs are kept in the folder", type=values.positive, metavar="N"
    )
    workers: int | None = option("processes for data", type=values.positive, metavar="N")
    renderer: str | None = option(
        "draw pictures in the workers, or in batches on the device (default: warp on a GPU)",
        choices=("auto", "open3d", "warp"),
    )
    rate: float | None = option("peak learning rate", type=values.above_zero)
    size: int | None = option(
        "side of a picture, a multiple of 32 (cutter: 16)", type=values.positive, metavar="PIXELS"
    )
