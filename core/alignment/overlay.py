"""A posed shape drawn over its photo."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.arrays import Floats
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose, shape_rays
from core.geometry.raycasting import Hits, Raycaster, surface_normal, surface_position
from core.geometry.render import surface_color
from core.geometry.shape import Shape

Style = Literal["own", "wireframe", "silhouette", "coordinates", "difference"]
STYLES: tuple[Style, ...] = ("own", "wireframe", "silhouette", "coordinates", "difference")

EDGE = (255, 77, 109)
LINE = (130, 220, 255)
CLAY = 0.78
"""The grey of a shape without colours, as in the window's panel of the shape."""
CREASE = 0.94
"""Cosine between the normals of neighbouring rays below which a line is drawn."""
MOST = 480
"""Rays along the longer side of a picture of :func:`shaded`."""


def overlay(
    image: npt.NDArray[np.uint8],
    caster: Raycaster,
    pose: Pose,
    camera: PhotoCamera,
    opacity: float = 0.65,
    style: Style = "own",
) -> npt.NDArray[np.uint8]:
    """The image uint8 [H, W, 3] with the shape as the pose and the photo's camera put it, its silhouette outlined."""
    height, width = image.shape[:2]
    rgba = _cast(caster, pose, camera, np.arange(width) * 1.0, np.arange(height) * 1.0, style)
    if style == "difference":
        _subtract(rgba, image)
    return _laid_over(image, rgba, opacity)


def thumbnail(
    image: npt.NDArray[np.uint8],
    caster: Raycaster,
    pose: Pose,
    camera: PhotoCamera,
    box: tuple[float, float, float, float],
    side: int,
) -> npt.NDArray[np.uint8]:
    """The part ``box`` of an image uint8 [H, W, 3] with the posed shape over it, uint8 [h, w, 3].

    Its longer side has ``side`` pixels; the box (x0, y0, x1, y1) lies in the image.
    """
    low, high = np.array(box[:2]), np.array(box[2:])
    width, height = np.maximum(np.rint((high - low) * side / (high - low).max()), 1).astype(int)
    u, v = (low[i] + (np.arange(n) + 0.5) / n * (high[i] - low[i]) for i, n in enumerate((width, height)))
    left, top = np.floor(low + 0.5).astype(int)
    right, bottom = np.ceil(high + 0.5).astype(int)
    edges = (low[0] + 0.5 - left, low[1] + 0.5 - top, high[0] + 0.5 - left, high[1] + 0.5 - top)
    part = Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
    small = np.asarray(part.resize((int(width), int(height)), Image.Resampling.BOX, edges))
    return _laid_over(small, _cast(caster, pose, camera, u, v, STYLES[0]), 0.8)


def widened(
    box: tuple[float, float, float, float], size: tuple[int, int], margin: float = 0.12
) -> tuple[float, float, float, float]:
    """A box with a margin (a share of its longer side), as far as a picture of ``size`` (width, height) reaches."""
    more = margin * max(box[2] - box[0], box[3] - box[1], 8.0)
    x0, y0, x1, y1 = (min(max(v, -0.5), size[i % 2] - 0.5) for i, v in enumerate(box))
    return (
        max(-0.5, min(x0 - more, size[0] - 1.5)),
        max(-0.5, min(y0 - more, size[1] - 1.5)),
        min(size[0] - 0.5, x1 + more),
        min(size[1] - 0.5, y1 + more),
    )


def shaded(
    caster: Raycaster,
    pose: Pose,
    camera: PhotoCamera,
    style: Style = "own",
    most: int = MOST,
    photo: npt.NDArray[np.uint8] | None = None,
) -> tuple[npt.NDArray[np.uint8], tuple[float, float, float, float]]:
    """The posed shape alone, uint8 [h, w, 4], and the part of a picture that it covers.

    The part is (x0, y0, x1, y1) in pixels of the photo that the camera took, whose size it has to know. ``photo`` are its
    pixels, uint8 [height, width, 3]; only the style "difference" needs them.
    """
    low, high = covered(caster.shape, pose, camera)
    extent = np.maximum(high - low, 1)
    count = np.maximum(np.rint(extent / max(1.0, extent.max() / most)).astype(int), 1) + 1
    u, v = (np.linspace(low[i], high[i], count[i]) for i in range(2))
    half = extent / np.maximum(count - 1, 1) / 2
    (x0, y0), (x1, y1) = low - half, high + half
    box = float(x0), float(y0), float(x1), float(y1)
    rgba = _cast(caster, pose, camera, u, v, style)
    if style == "difference" and photo is not None:
        sides = photo.shape[1::-1]
        columns, rows = (np.clip(np.rint(at).astype(int), 0, side - 1) for at, side in zip((u, v), sides, strict=True))
        _subtract(rgba, photo[np.ix_(rows, columns)])
    return rgba, box


def covered(shape: Shape, pose: Pose, camera: PhotoCamera) -> tuple[Floats, Floats]:
    """The first and the last pixel [2] of a camera's photo, whose size it knows, that a posed shape may cover.

    They are those of the whole photo where the shape is not all before the camera.
    """
    assert camera.size is not None
    sides = [np.linspace(low, high, 2 if camera.lens is None else 7) for low, high in shape.bounds.T]
    pixels, depth = camera.project(pose(np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 3)))
    low, high = np.zeros(2), np.array(camera.size, float) - 1
    if (depth > 0).all() and np.isfinite(pixels).all():
        low, high = np.maximum(low, pixels.min(0) - 2), np.minimum(high, pixels.max(0) + 2)
    return low, high


def _laid_over(image: npt.NDArray[np.uint8], rgba: npt.NDArray[np.uint8], opacity: float) -> npt.NDArray[np.uint8]:
    """A picture uint8 [h, w, 4] over an image of its size; its outline is as clear as it is."""
    outline = (rgba[..., :3] == EDGE).all(-1, keepdims=True)
    weight = rgba[..., 3:].astype(np.float32) / 255 * np.where(outline, 1.0, opacity)
    return (image * (1 - weight) + rgba[..., :3] * weight).astype(np.uint8)


def _cast(
    caster: Raycaster, pose: Pose, camera: PhotoCamera, u: Floats, v: Floats, style: Style
) -> npt.NDArray[np.uint8]:
    """Pixels [h, w, 4] at columns ``u`` and rows ``v``, the edge of the silhouette marked.

    "own" and "difference" have the shape's own colours, darker where it faces away from the camera; "coordinates" is
    coloured by normalised object coordinates (NOC), "wireframe" shows edges: where normals or depth jump between
    neighbouring rays.
    """
    shape, K, lens = caster.shape, camera.K, camera.lens
    pixels = np.stack(np.meshgrid(u, v), axis=-1) if lens is None else lens.undistort_grid(u, v, K)
    origin, directions = shape_rays(pose, K, shape, pixels)
    hits = caster.cast(origin, directions)
    mask = hits.mask
    rgba = np.zeros((*mask.shape, 4), np.uint8)
    normals = np.zeros((*mask.shape, 3))
    normals[mask] = surface_normal(shape, hits.face[mask], hits.bary[mask])
    if style in ("own", "difference"):
        facing = np.abs(np.sum(normals * directions, axis=-1))[mask]
        rgba[mask, :3] = 255 * _colors(shape, hits) * (0.45 + 0.55 * facing[:, None])
        rgba[mask, 3] = 255
    elif style == "coordinates":
        place = surface_position(shape, hits.face[mask], hits.bary[mask])
        low, high = shape.normalised.min(0), shape.normalised.max(0)
        rgba[mask, :3] = 255 * (place - low) / np.maximum(high - low, 1e-9)
        rgba[mask, 3] = 255
    elif style == "wireframe":
        lines = mask & (_jumps(normals, hits.distance) | _other_face(hits.face))
        rgba[lines] = (*LINE, 255)
    edge = mask.copy()
    edge[1:-1, 1:-1] &= ~(mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:])
    rgba[edge] = (*EDGE, 255)
    return rgba


def _colors(shape: Shape, hits: Hits) -> Floats:
    """Own colours [n, 3] in [0, 1] of the n places that were hit."""
    own = surface_color(shape, hits.face[hits.mask], hits.bary[hits.mask])
    return np.full((int(hits.mask.sum()), 3), CLAY) if own is None else np.clip(own, 0, 1)


def _subtract(rgba: npt.NDArray[np.uint8], photo: npt.NDArray[np.uint8]) -> None:
    """Make what is drawn, uint8 [h, w, 4], its difference from the photo there [h, w, 3], in place; not the edge."""
    inside = (rgba[..., 3] > 0) & (rgba[..., :3] != EDGE).any(-1)
    rgba[inside, :3] = np.abs(rgba[inside, :3].astype(int) - photo[inside])


def _jumps(normals: Floats, distance: Floats) -> npt.NDArray[np.bool_]:
    """Where normals [h, w, 3] or distances [h, w] differ much from the next pixel's, to the right or below."""
    found = np.zeros(distance.shape, bool)
    near = np.where(np.isfinite(distance), distance, 1e3)
    for axis in (0, 1):
        cosine = np.sum(normals * np.roll(normals, -1, axis), axis=-1)
        found |= (cosine < CREASE) | (np.abs(near - np.roll(near, -1, axis)) > 0.03)
    return found


def _other_face(face: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Where the next pixel shows another face.

    Nowhere if the faces are too small on the screen for lines to be told apart.
    """
    found = (face != np.roll(face, -1, 0)) | (face != np.roll(face, -1, 1))
    shown = face >= 0
    return np.asarray(found & (found[shown].mean() < 0.3 if shown.any() else False))
