"""The options of ``counterpoint align``."""

from dataclasses import dataclass

from app.cli import values
from app.cli.arguments import argument, option
from app.cli.options.groups import BatchOptions, JsonOptions, MatchableOptions
from core.alignment.freedom import FREEDOMS
from core.interchange.pose_formats import POSE_FORMATS


@dataclass(frozen=True, kw_only=True)
class AlignOptions(BatchOptions, JsonOptions, MatchableOptions):
    """Of one photo and one shape, or of a list of calls."""

    image: str | None = argument("IMAGE", nargs="?", default=None, path="path")
    shape: str | None = argument("SHAPE", nargs="?", default=None, path="path")
    box: tuple[float, float, float, float] | None = option(
        "the object in the image", type=values.box, metavar="X0,Y0,X1,Y1"
    )
    mask: str | None = option("the object's pixels (default: cut out of the box)", metavar="PNG", path="path")
    K: str | None = option(
        "the photo's camera: fx, fy, cx, cy (k1 ..), K, BOP, OpenCV, COLMAP, nerfstudio", metavar="FILE", path="path"
    )
    fov: float | None = option(
        "field of view of the longer side, without --K; auto solves it with five --pins or more, by --edges, or else estimates it "
        "with the pose (default: from EXIF, or 50)",
        type=values.fov,
        metavar="DEG|auto",
    )
    dof: int = option("6: pose, 7: and scale, 9: and scale of each axis", default=6, type=int, choices=(6, 7, 9))
    pins: str | None = option(
        "pixels and points that belong together: three or more decide the pose", metavar="JSON", path="path"
    )
    edges: str | None = option(
        "for --fov auto: edges at right angles in the photo, [[[[u, v], [u, v]], ...], ...]: two or more of each of two or three directions",
        metavar="JSON",
        path="path",
    )
    depth: str | None = option(
        "depth along z: .npy, EXR, float TIFF in the shape's units, or 16-bit PNG in millimetres",
        metavar="FILE",
        path="path",
    )
    depth_model: str | None = option(
        "metric depth by this network of transformers, such as Depth Anything",
        metavar="NAME|FOLDER",
        path="path or name",
    )
    unit: float | None = option(
        "of the shape: m, cm, mm, inch, or metres (default: of the format, or by its size)",
        type=values.unit,
        metavar="UNIT|M",
    )
    start: str | None = option("a pose to start from instead of searching", metavar="FILE", path="path")
    lock: tuple[str, ...] = option(
        "keep x, y, z, 'turn x' .. 'scale z'", action="append", metavar="WHAT", choices=FREEDOMS
    )
    out: str | None = option(
        "write the pose: as JSON, as a 4 x 4 matrix, or as --format says", metavar="JSON|TXT|FOLDER", path="path"
    )
    format: str | None = option(
        "of --out (default: matrix for .txt, else json); bop and colmap write a folder",
        choices=tuple(one.name for one in POSE_FORMATS),
    )
    save: str | None = option("the shape drawn over the photo", metavar="PNG", path="path")
