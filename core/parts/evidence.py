"""Evidence for a part.

It comes from votes of several images or from projection by a known pose; holes are closed, and it is carried to faces
and pixels.

Evidence is float32 in [0, 1] for each of the N samples of a shape, or cells of an image.
"""

import cv2
import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra

from core.geometry.camera import PhotoCamera
from core.geometry.pixel_grid import pixel_grid
from core.geometry.pose import Pose
from core.matching.matchable import MatchableImage, MatchableShape

Evidence = npt.NDArray[np.float32]
Percent = npt.NDArray[np.uint8]

STEP = 5
"""The step of thresholds in per cent: at each of them holes are closed, and evidence is rounded to it."""

HOLE = 0.0008
"""Holes smaller than this part of the surface are closed and islands smaller than it dropped (a disc of 1.6 % of its
square root)."""


def vote(evidences: list[Evidence]) -> Evidence:
    """Combine the evidence [N] of several images of one object.

    It is the mean of the log-odds, so that a sure image outweighs unsure ones.
    """
    clipped = np.clip(np.stack(evidences), 0.02, 0.98)
    return np.asarray(1 / (1 + np.exp(-np.log(clipped / (1 - clipped)).mean(axis=0))), np.float32)


def project_mask(
    side: MatchableShape, mask: npt.NDArray[np.bool_], pose: Pose, camera: PhotoCamera, evidence: Evidence
) -> Evidence:
    """Replace evidence by a mask where the pose is known: samples that the photo sees take it from the mask.

    The others keep half of their own evidence and take half from the surface around them (harmonic over the graph of
    samples, with what is seen held fixed).

    Args:
        side: the shape.
        mask: bool [H, W], the part in the photo.
        pose: of the shape in the photo.
        camera: the camera of the photo.
        evidence: float32 [N] of the shape's samples.

    Returns:
        float32 [N].
    """
    points, shape = side.field.points, side.shape
    pixels, depth = camera.project(pose(shape.to_own_frame(points.position)))
    column, row = np.rint(np.where(np.isfinite(pixels), pixels, -1)).astype(int).T
    height, width = mask.shape
    inside = (depth > 0) & (column >= 0) & (row >= 0) & (column < width) & (row < height)
    eye = shape.to_normalised(pose.inverse(np.zeros(3)))
    facing = np.einsum("nd,nd->n", eye - points.position, points.normal) > 0
    seen = inside & facing & side.caster.visible(points.position, points.normal, eye)
    value = evidence.astype(np.float64)
    value[seen] = mask[row[seen], column[seen]]
    own = value.copy()
    for _ in range(60):
        value = np.where(seen, own, 0.5 * own + 0.5 * (side.surface_graph @ value))
    return value.astype(np.float32)


def grow(side: MatchableShape, evidence: Evidence, share: float) -> Evidence:
    """Return how near each sample is to where evidence is strongest, by region growing over the surface.

    The distance is geodesic; creases and places with little evidence make it longer.

    Args:
        side: the shape.
        evidence: float32 [N].
        share: the part of the surface that gets more than 0.5.

    Returns:
        float32 [N] in [0, 1].
    """
    points, graph = side.field.points, sparse.coo_array(side.surface_graph)
    one, other = graph.row, graph.col
    length = np.linalg.norm(points.position[one] - points.position[other], axis=1)
    turn = 1 - np.einsum("nd,nd->n", points.normal[one], points.normal[other])
    doubt = 1 - 0.5 * (evidence[one] + evidence[other])
    cost = sparse.csr_array((np.maximum(length * (1 + 10 * turn) * (0.2 + 2 * doubt), 1e-9), (one, other)), graph.shape)
    away = dijkstra(cost, directed=False, indices=int(evidence.argmax()))
    away[~np.isfinite(away)] = 1.5 * away[np.isfinite(away)].max()
    reach = float(np.quantile(away, min(share, 1.0)))
    return np.asarray(1 / (1 + np.exp(np.minimum((away - reach) / (0.15 * reach + 1e-6), 50))), np.float32)


def close_holes(side: MatchableShape, evidence: Evidence) -> Evidence:
    """Close small holes and drop small islands, so that there are none whatever the threshold.

    This is grey-scale area closing and opening (Vincent, 1992) over the graph of samples. It finds the connected pieces
    of the graph twice for every ``STEP`` per cent.

    Args:
        side: the shape.
        evidence: float32 [N].

    Returns:
        Evidence float32 [N], rounded to ``STEP`` per cent.
    """
    steps = np.rint(evidence * (100 / STEP)).astype(int)
    least = HOLE * len(steps)
    for level in range(1, 100 // STEP + 1):
        small = _small_pieces(side.surface_graph, steps < level, least)
        steps[small] = level
    for level in range(100 // STEP, 0, -1):
        small = _small_pieces(side.surface_graph, steps >= level, least)
        steps[small] = level - 1
    return np.asarray(steps * (STEP / 100), np.float32)


def _small_pieces(graph: sparse.csr_array, chosen: npt.NDArray[np.bool_], least: float) -> npt.NDArray[np.int64]:
    """Return the chosen nodes whose connected piece has fewer than ``least``.

    None if all that is chosen is as small.
    """
    index = np.flatnonzero(chosen)
    if len(index) < least or len(index) == len(chosen):
        return index[:0]
    _, label = connected_components(graph[index][:, index], directed=True, connection="weak")
    count = np.bincount(label)
    return np.asarray(index[count[label] < least])


def on_elements(side: MatchableShape, evidence: Evidence) -> Percent:
    """Return the evidence in per cent for the faces of the shape's file (points of a cloud).

    It is taken of the samples near their centres: uint8 [F].
    """
    return np.rint(side.to_elements(evidence) * 100).clip(0, 100).astype(np.uint8)


def on_pixels(side: MatchableImage, evidence: Evidence) -> Percent:
    """Return the evidence in per cent for the pixels of the image, uint8 [H, W]; it is 0 outside the box."""
    width, height = side.image_size
    h, w = side.map.descriptors.shape[:2]
    x0, y0, x1, y1 = side.map.box
    left, top = max(0, int(np.ceil(x0))), max(0, int(np.ceil(y0)))
    right, bottom = min(width, int(np.floor(x1)) + 1), min(height, int(np.floor(y1)) + 1)
    whole = np.zeros((height, width), np.uint8)
    if right <= left or bottom <= top:
        return whole
    cells = side.map.to_cells(pixel_grid(right - left, bottom - top) + [left, top]).astype(np.float32)
    values = cv2.remap(
        evidence.reshape(h, w).astype(np.float32), cells[..., 0], cells[..., 1], cv2.INTER_LINEAR, borderValue=0.0
    )
    whole[top:bottom, left:right] = np.rint(values * 100).clip(0, 100).astype(np.uint8)
    return whole
