"""The options of ``counterpoint congeal``."""

from dataclasses import dataclass

from app.cli.arguments import argument, option
from app.cli.options.groups import AXES, EncoderOptions, JsonOptions
from core.congealing.formats import MAP_FORMATS, POSES_FORMATS


@dataclass(frozen=True, kw_only=True)
class CongealOptions(JsonOptions, EncoderOptions):
    """Of the photos, of the canonical shape and of what is written."""

    images: tuple[str, ...] = argument("IMAGES", "photos, or folders of them", nargs="+", path="path")
    shape: str | None = option("the canonical shape", metavar="SHAPE", path="path")
    gallery: str | None = option("choose it from a gallery, or a folder of shapes", metavar="GALLERY", path="path")
    generate: str | None = option(
        "make it from the photos: a diffusion model (best with a GPU; MVDream or Stable Diffusion), or your image-to-3D function",
        metavar="MODEL|MODULE:FUNCTION",
    )
    boxes: str | None = option(
        'the object in each photo: {"photo.jpg": [x0, y0, x1, y1], ...}', metavar="JSON", path="path"
    )
    masks: str | None = option(
        "its pixels, which is better: PHOTO.png, not black on the object", metavar="FOLDER", path="path"
    )
    K: str | None = option(
        "intrinsics of all photos (default: EXIF, else estimated for each)", metavar="FILE", path="path"
    )
    up: str | None = option("direction that points up in the shape", choices=AXES)
    out: str = option(
        "poses, coordinate maps, average picture", "-o", "--out", required=True, metavar="FOLDER", path="path"
    )
    maps: str = option("format of the maps (default: %(default)s)", default="npz", choices=MAP_FORMATS)
    format: str | None = option("write the poses in this format too", choices=POSES_FORMATS)
