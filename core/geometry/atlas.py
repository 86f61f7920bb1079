"""Painted meshes made fit for a renderer that has one texture and one colour for each vertex."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.geometry.paint import Paint, Texture

SIZE = 4096
"""Pixels of an atlas along its longer side, at most."""
_LARGEST = 2048
_TILES = 4
"""A triangle that spans more repeats of its texture than this shows the texture's mean colour."""
_BORDER = 2

Ints = npt.NDArray[np.integer]


def split_seams(faces: Ints, paint: Paint) -> tuple[Ints, Ints, dict[str, Floats]]:
    """Vertices doubled where the faces [F, 3] that share them differ in colour, texture or texture coordinates.

    Returns:
        int [N] the vertex that each new one was, int [F, 3] faces of new vertices, and what the paint says of each new
        vertex: "colors" float64 [N, 3] of 255, and "uv" float64 [N, 2] where there are textures.
    """
    columns = [faces.reshape(-1).astype(np.uint64)]
    color = (
        None if paint.color is None else np.broadcast_to(_per_corner(paint.color), (len(faces), 3, 3)).reshape(-1, 3)
    )
    if color is not None:
        columns.append(color.astype(np.uint64) @ np.array([1, 256, 65536], np.uint64))
    if paint.uv is not None and paint.texture is not None:
        uv = np.ascontiguousarray(paint.uv.reshape(-1, 2) + np.float32(0)).view(np.uint32).astype(np.uint64)
        columns += [uv[:, 0] << np.uint64(32) | uv[:, 1], np.repeat(paint.texture, 3).astype(np.int64).view(np.uint64)]
    order = np.lexsort(columns)
    new = np.zeros(len(order), bool)
    for column in columns:
        sorted_column = column[order]
        new[1:] |= sorted_column[1:] != sorted_column[:-1]
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(new)
    first = order[np.concatenate([[0], np.flatnonzero(new)])]
    extra: dict[str, Floats] = {}
    if color is not None:
        extra["colors"] = color[first].astype(np.float64)
    if paint.uv is not None:
        extra["uv"] = paint.uv.reshape(-1, 2)[first].astype(np.float64)
    return faces.reshape(-1)[first], number.reshape(-1, 3), extra


def _per_corner(color: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return color[:, None, :] if color.ndim == 2 else color


@dataclass
class Atlas:
    """All textures of a paint in one picture uint8 [h, w, 3], and coordinates in it.

    The coordinates are float32 [N, 2] (v up) of the vertices ``source`` [N].

    ``faces`` int [F, 3] are of these vertices, which are doubled where triangles lie in different repeats of a texture.
    """

    texture: npt.NDArray[np.uint8]
    uv: npt.NDArray[np.float32]
    source: Ints
    faces: Ints


def make_atlas(paint: Paint, faces: Ints, uv: Floats, texture: Ints) -> Atlas:
    """An atlas for triangles [F, 3] with coordinates [N, 2] of the vertices.

    The texture of each triangle is int [F], -1 for none.
    """
    corners = uv[faces]
    blocks: list[npt.NDArray[np.uint8]] = [np.full((4, 4, 3), 255, np.uint8)]
    places = np.full((len(faces), 3, 2), 0.5)
    block_of = np.zeros(len(faces), np.int64)
    for number, each in enumerate(paint.textures):
        here = np.flatnonzero(texture == number)
        if len(here) == 0:
            continue
        local, wide = _within(corners[here], each)
        tiles = np.maximum(np.ceil(local[~wide].reshape(-1, 2).max(axis=0, initial=0.0) - 1e-6), 1).astype(int)
        block_of[here] = len(blocks)
        places[here] = local / tiles
        blocks.append(_repeated(_limited(each.pixels), each, tiles))
        if wide.any():
            block_of[here[wide]] = len(blocks)
            places[here[wide]] = 0.5
            blocks.append(np.tile(each.pixels.reshape(-1, 3).mean(axis=0).astype(np.uint8), (4, 4, 1)))
    picture, corner, size = _packed(blocks)
    height, width = picture.shape[:2]
    x = corner[block_of, 0][:, None] + places[..., 0] * size[block_of, 0][:, None]
    y = corner[block_of, 1][:, None] + (1 - places[..., 1]) * size[block_of, 1][:, None]
    placed = np.stack([x / width, 1 - y / height], axis=2).astype(np.float32)
    dummy = Paint(None, placed, np.zeros(len(faces), np.int32), [])
    source, new, extra = split_seams(faces, dummy)
    return Atlas(picture, extra["uv"].astype(np.float32), source, new)


def _within(corners: Floats, texture: Texture) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Corners [F, 3, 2] moved by whole repeats to begin in the first.

    The second value says which triangles span too many of them, bool [F].
    """
    local = np.array(corners, np.float64)
    wide = np.zeros(len(local), bool)
    for axis, wrap in enumerate(texture.wrap):
        if wrap == "clamp":
            local[..., axis] = np.clip(local[..., axis], 0, 1)
            continue
        period = 2 if wrap == "mirror" else 1
        low = np.floor(local[..., axis].min(axis=1) / period + 1e-6) * period
        local[..., axis] = np.maximum(local[..., axis] - low[:, None], 0)
        wide |= local[..., axis].max(axis=1) > _TILES
    return local, wide


def _limited(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return resized(pixels, min(1.0, _LARGEST / max(pixels.shape[:2])))


def resized(pixels: npt.NDArray[np.uint8], scale: float) -> npt.NDArray[np.uint8]:
    """A picture uint8 [h, w, C] made smaller by a factor of at most 1."""
    if scale >= 1:
        return pixels
    import cv2

    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _repeated(pixels: npt.NDArray[np.uint8], texture: Texture, tiles: Ints) -> npt.NDArray[np.uint8]:
    """So many repeats to the right and upward, small enough to fit."""
    pixels = resized(pixels, min(1.0, _LARGEST / max(pixels.shape[1] * tiles[0], pixels.shape[0] * tiles[1])))
    row = [pixels[:, ::-1] if texture.wrap[0] == "mirror" and k % 2 else pixels for k in range(tiles[0])]
    band = np.concatenate(row, axis=1)
    column = [band[::-1] if texture.wrap[1] == "mirror" and k % 2 else band for k in range(tiles[1])]
    return np.concatenate(column[::-1], axis=0)


def _packed(blocks: list[npt.NDArray[np.uint8]]) -> tuple[npt.NDArray[np.uint8], Floats, Floats]:
    """Blocks in rows on one picture; where each begins [B, 2] and how large it is [B, 2] in pixels (x, y)."""
    scale = 1.0
    while True:
        small = [resized(block, scale) for block in blocks]
        order = sorted(range(len(small)), key=lambda k: -small[k].shape[0])
        area = sum((b.shape[0] + 2 * _BORDER) * (b.shape[1] + 2 * _BORDER) for b in small)
        width = max(int(1.1 * area**0.5), max(b.shape[1] for b in small) + 2 * _BORDER)
        corner, x, y, row = np.zeros((len(small), 2)), 0, 0, 0
        for k in order:
            height, across = small[k].shape[0] + 2 * _BORDER, small[k].shape[1] + 2 * _BORDER
            if x + across > width:
                x, y, row = 0, y + row, 0
            corner[k] = (x + _BORDER, y + _BORDER)
            x, row = x + across, max(row, height)
        if max(width, y + row) <= SIZE:
            break
        scale *= 0.8
    picture = np.zeros((y + row, width, 3), np.uint8)
    for k, block in enumerate(small):
        left, top = (corner[k] - _BORDER).astype(int)
        padded = np.pad(block, ((_BORDER, _BORDER), (_BORDER, _BORDER), (0, 0)), mode="edge")
        picture[top : top + padded.shape[0], left : left + padded.shape[1]] = padded
    return picture, corner, np.array([[b.shape[1], b.shape[0]] for b in small], np.float64)
