"""What the engine does to open files. It imports neither torch nor timm, so that the first picture is there at once."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from app.engine.keep_last import keep_last
from app.shared.results import OpenedShape
from app.shared.values import Item, item_for
from core.errors import CounterpointError
from core.geometry.display import DisplayMesh, display_mesh
from core.geometry.shape import Shape, load_shape
from core.images import load_image
from core.parts.layers import Mask
from core.progress import Progress

PIXELS = 256 << 20
"""Bytes of photos that are kept: seven of 12 megapixels, one of the largest."""


def as_opened(item: Item) -> str:
    """The place of an item's file.

    Raises:
        CounterpointError: the file is another one by now than what the window shows.
    """
    now = item_for(item.path).stamp
    if (0, 0) not in (item.stamp, now) and item.stamp != now:
        raise CounterpointError(f"{item.name} was changed since it was opened; open it again.")
    return item.path


@keep_last(PIXELS, key=lambda item: item.file, bytes_of=lambda pixels: pixels.nbytes)
def image_of(item: Item) -> npt.NDArray[np.uint8]:
    """Pixels uint8 [H, W, 3] of an image's file."""
    if item.frame is None:
        return load_image(as_opened(item))
    from core.scenes.readers.video import frame_image  # with OpenCV, for which the first picture does not wait

    return frame_image(Path(as_opened(item)), item.frame)


@keep_last(4, key=lambda item: item.file)
def shape_of(item: Item) -> Shape:
    """The shape of a file."""
    return load_shape(as_opened(item))


@keep_last(4, key=lambda item: item.file)
def display_of(item: Item) -> DisplayMesh:
    """The mesh that the shape panel draws."""
    return display_mesh(shape_of(item))


def marked_on(item: Item, mask: Mask) -> npt.NDArray[np.bool_]:
    """A mask on an image, bool [H, W], or on a shape, bool [F] of its faces or, of a cloud, points.

    Raises:
        CounterpointError: what was marked was of another size.
    """
    shape = shape_of(item) if item.kind == "shape" else None
    if shape is None:
        size: tuple[int, ...] = image_of(item).shape[:2]
    else:
        size = (len(shape.vertices) if shape.is_point_cloud else len(shape.faces),)
    if mask.size != np.prod(size):
        raise CounterpointError(
            f"{item.name} is of another size than when it was marked, so the marks do not fit it; mark it anew."
        )
    return mask.array().reshape(size)


def open_image(progress: Progress, item: Item) -> npt.NDArray[np.uint8]:
    """Pixels uint8 [H, W, 3]."""
    progress(0.1, f"Opening {item.name}")
    return image_of(item)


def open_shape(progress: Progress, item: Item) -> OpenedShape:
    """What the shape panel draws."""
    progress(0.1, f"Opening {item.name}")
    shape = shape_of(item)
    progress(0.6, f"Preparing {item.name} for the screen")
    mesh, warnings = display_of(item), [f"{item.name}: {warning}" for warning in shape.warnings]
    return OpenedShape(mesh, len(shape.faces), len(shape.vertices), shape.diagonal, warnings)


def small_picture(progress: Progress, item: Item, size: int) -> tuple[npt.NDArray[np.uint8], tuple[int, int]]:
    """A photo uint8 [h, w, 3] no longer than ``size``, and the (width, height) of its file."""
    picture = Image.fromarray(load_image(item.path))
    full = picture.size
    picture.thumbnail((size, size), Image.Resampling.BOX)
    return np.asarray(picture), full
