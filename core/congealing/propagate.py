"""Propagation: what is drawn on one photo or on the shape is carried to all photos.

And the average picture of all photos.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.congealing.collection import Congealed
from core.geometry.camera import framing_camera, look_at
from core.geometry.pixel_grid import pixels_of, values_at
from core.geometry.raycasting import surface_normal, surface_position
from core.geometry.viewpoints import UP_AXES

Picture = npt.NDArray[np.uint8]

ALPHA = 150
"""Opacity of parts that are carried, of 255."""


def from_photo(found: Congealed, number: int, drawing: Picture) -> list[Picture]:
    """Carry a drawing on one photo to all photos (the editing of 3D Congealing).

    Args:
        found: the collection.
        number: of the photo.
        drawing: RGBA uint8 [H, W, 4], of the photo's size.

    Returns:
        For each photo RGBA uint8 [H, W, 4] of its size.
    """
    result = []
    for other in range(len(found.members)):
        if other == number:
            result.append(drawing)
            continue
        pixels = _object_pixels(found, other)
        there, visible = found.match(other, number, pixels)
        result.append(_painted(found, other, pixels, np.where(visible[:, None], sample_drawing(drawing, there), 0)))
    return result


def from_shape(found: Congealed, colors: Picture) -> list[Picture]:
    """Carry colours RGBA uint8 [N, 4] of the field's samples to all photos.

    Each gets RGBA uint8 [H, W, 4] of its size.
    """
    side, result = found.canon.side, []
    tree = found.members[0].scorer.tree
    for number in range(len(found.members)):
        pixels = _object_pixels(found, number)
        places, known = found.places(number, pixels)
        values = np.zeros((len(pixels), 4), np.float32)
        _, nearest = tree.query(places[known])
        values[known] = colors[nearest]
        result.append(_painted(found, number, pixels, values))
    assert len(colors) == len(side.field)
    return result


def average(found: Congealed, azimuth: float = 45.0, elevation: float = 20.0, size: int = 256) -> Picture:
    """Average all photos of the collection in one picture of the shape.

    Each pixel is the mean of what the photos show there, weighted by how squarely they see it.

    Args:
        found: the collection.
        azimuth: of the view, in degrees.
        elevation: of the view, in degrees.
        size: the side of the picture in pixels.

    Returns:
        RGBA uint8 [size, size, 4], transparent where no photo shows the shape.
    """
    caster = found.canon.side.caster
    up = np.array(UP_AXES[found.canon.up], np.float64)
    ahead = np.roll(up, 1)
    side = np.cross(up, ahead)
    a, e = np.radians(azimuth), np.radians(elevation)
    direction = np.cos(e) * (np.cos(a) * ahead + np.sin(a) * side) + np.sin(e) * up
    hull = caster.shape.normalised[:: max(1, len(caster.shape.normalised) // 5000)]
    camera = framing_camera(hull, look_at(direction, up), size, np.radians(20.0))
    hits = caster.view(camera)
    position = surface_position(caster.shape, hits.face[hits.mask], hits.bary[hits.mask])
    normal = surface_normal(caster.shape, hits.face[hits.mask], hits.bary[hits.mask])
    total, weight = np.zeros((len(position), 3)), np.zeros(len(position))
    for number, one in enumerate(found.members):
        if not one.inlier:
            continue
        pixels, visible = found.show(number, position)
        inside = values_at(one.scorer.photo.mask[..., None].astype(np.uint8), pixels)[:, 0] > 0.5
        eye = caster.shape.to_normalised(one.best.pose.inverse(np.zeros(3)))
        toward = eye - position
        facing = np.abs(np.sum(toward * normal, axis=1)) / np.maximum(np.linalg.norm(toward, axis=1), 1e-12)
        share = np.where(visible & inside, facing**2, 0.0)
        total += share[:, None] * values_at(one.scorer.photo.pixels, pixels)
        weight += share
    picture = np.zeros((size, size, 4), np.uint8)
    seen = weight > 0.05
    colors = np.zeros((len(position), 4))
    colors[seen] = np.concatenate([total[seen] / weight[seen, None], np.full((int(seen.sum()), 1), 255.0)], axis=1)
    picture[hits.mask] = np.rint(colors).astype(np.uint8)
    return picture


def sample_drawing(drawing: Picture, pixels: Floats) -> npt.NDArray[np.float32]:
    """Interpolate a drawing bilinearly; transparent pixels, whatever their colour, do not colour its edge.

    Args:
        drawing: RGBA uint8 [H, W, 4].
        pixels: (u, v) [n, 2].

    Returns:
        RGBA float32 [n, 4], 0 to 255.
    """
    share = drawing[..., 3:].astype(np.float32) / 255
    mixed = values_at(np.concatenate([drawing[..., :3] * share, share], axis=-1), pixels)
    colors = mixed[:, :3] / np.maximum(mixed[:, 3:], 1e-6)
    return np.concatenate([colors.clip(0, 255), 255 * mixed[:, 3:]], axis=1)


def draw_parts(parts: Sequence[tuple[npt.NDArray[np.bool_], str]], size: tuple[int, int]) -> Picture:
    """Draw parts of a photo as a layer that can be carried to other photos.

    Args:
        parts: masks bool [H, W] of one size each, and their colours "#rrggbb"; later ones cover earlier ones.
        size: width and height of the layer in pixels, which may be those of the photo as it was shrunk.

    Returns:
        RGBA uint8 [height, width, 4], clear where there is no part.
    """
    layer = np.zeros((size[1], size[0], 4), np.uint8)
    for mask, color in parts:
        layer[cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0] = rgba(color)
    return layer


def draw_picture(picture: Picture, mask: npt.NDArray[np.bool_]) -> Picture:
    """Stretch a picture RGBA uint8 [h, w, 4] over the box of a mask bool [H, W].

    RGBA uint8 [H, W, 4], clear outside the mask.
    """
    rows, columns = np.nonzero(mask)
    top, left, bottom, right = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
    layer = np.zeros((*mask.shape, 4), np.uint8)
    size = (int(right - left), int(bottom - top))
    layer[top:bottom, left:right] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    layer[~mask] = 0
    return layer


def blend(pixels: Picture, layer: Picture) -> Picture:
    """Blend a layer RGBA uint8 [h, w, 4], resized to the photo, over a photo uint8 [H, W, 3]."""
    height, width = pixels.shape[:2]
    over = cv2.resize(layer, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    share = over[..., 3:] / 255
    return np.asarray(np.rint(pixels * (1 - share) + over[..., :3] * share), np.uint8)


def rgba(color: str) -> tuple[int, int, int, int]:
    """The colour "#rrggbb" as parts are drawn in it: red, green, blue and ``ALPHA``, 0 to 255."""
    red, green, blue = (int(color.lstrip("#")[i : i + 2], 16) for i in (0, 2, 4))
    return red, green, blue, ALPHA


def _object_pixels(found: Congealed, number: int) -> Floats:
    return pixels_of(found.members[number].scorer.photo.mask).astype(np.float64)


def _painted(found: Congealed, number: int, pixels: Floats, values: Floats) -> Picture:
    picture = np.zeros((*found.members[number].scorer.photo.mask.shape, 4), np.uint8)
    at = pixels.astype(np.int64)
    picture[at[:, 1], at[:, 0]] = np.rint(values).astype(np.uint8)
    return picture
