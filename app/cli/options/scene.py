"""The options of ``counterpoint scene``."""

from dataclasses import dataclass

from app.cli import values
from app.cli.arguments import argument, flag, option
from app.cli.options.groups import JsonOptions
from core.scenes.formats import FORMATS

ACTIONS = {
    "info": "what a data set holds",
    "export": "write it in another format, or complete it in its own",
    "check": "whether a BOP scene is as bop_toolkit needs it (exit code 1 where it is not)",
    "inspect": "how far other poses are from its own",
    "propagate": "carry the poses of some photos to all photos in which they are missing",
    "symmetries": "which turns its shapes look the same after, found in the shapes",
    "refine": "let its poses follow what the photos show, over all photos with cameras together",
}
"""What can be done with a scene: an ACTION is ``run`` and ``lines`` of ``app/cli/scene/ACTION.py``."""


@dataclass(frozen=True, kw_only=True)
class SceneOptions(JsonOptions):
    """Of what is done with which scene."""

    action: str = argument(None, "; ".join(f"{name}: {what}" for name, what in ACTIONS.items()), choices=tuple(ACTIONS))
    path: str = argument(
        "PATH",
        "a BOP data set or scene, a COLMAP capture, transforms.json, COCO annotations, data.yaml of YOLO, a video, or a folder of photos",
        path="path",
    )
    poses: str | None = argument(
        "POSES", "inspect: the other poses: BOP's CSV, another scene, Scan2CAD's annotations, or a file of poses", path="path", default=None,
        nargs="?",
    )  # fmt: skip
    keyframes: tuple[str, ...] = option(
        "propagate: the photos whose poses are right, by number or name (default: all that have poses)",
        default=(), type=values.names, metavar="PHOTO,PHOTO",
    )  # fmt: skip
    to: str | None = option(
        "export, propagate, refine: "
        + "; ".join(f"{name}: {what}" for name, what in FORMATS.items())
        + " (default: the format of PATH; propagate, refine: bop)",
        choices=tuple(FORMATS),
    )
    out: str | None = option(
        "export: the folder or file to write (default: where PATH is); inspect: the rows as CSV or JSON too; "
        "propagate, refine: the folder, or a .json file for poses, states and residuals alone",
        "--out",
        metavar="PATH",
        path="path",
    )
    workers: int | None = option(
        "propagate, refine: processes for a data set of several scenes (default: one for each core)",
        type=values.positive, metavar="N",
    )  # fmt: skip
    ray: str | None = option(
        'propagate, refine: a Ray cluster that sees the same files ("auto", "local", "ray://...")', metavar="ADDRESS"
    )
    far: bool = flag(
        "refine: poses may be off by ten degrees and a twentieth of the distance, things are looked for first (slower)"
    )
    write: bool = flag("symmetries: they are right, add them to models_info.json (what it says already stays)")
    sort: str = option(
        "inspect: the column whose worst rows stand first (default: %(default)s)", default="ADD-S", metavar="COLUMN"
    )
