"""Evidence for a part on a surface: votes of several images, projection by a known pose, holes closed, carried to faces and pixels."""

import cv2
import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra

from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.matching.matchable import MatchableImage, MatchableShape

Evidence = npt.NDArray[np.float32]
Percent = npt.NDArray[np.uint8]

STEP = 5
"""Evidence is told apart, and holes are closed, at every so many per cent: the steps of a threshold."""

HOLE = 0.0008
"""Holes and islands smaller than this share of the surface (a disc of 1.6 % of its square root) are closed and dropped."""


def vote(evidences: list[Evidence]) -> Evidence:
    """Several images of one object together, [N] each: the mean of the log-odds, so that a sure one outweighs unsure ones."""
    clipped = np.clip(np.stack(evidences), 0.02, 0.98)
    return np.asarray(1 / (1 + np.exp(-np.log(clipped / (1 - clipped)).mean(axis=0))), np.float32)


def project_mask(
    side: MatchableShape, mask: npt.NDArray[np.bool_], pose: Pose, camera: PhotoCamera, evidence: Evidence
) -> Evidence:
    """Evidence [N] where the pose and the photo's camera are known: what is seen goes by the mask, the rest is carried on.

    What is not seen keeps half of its own ``evidence`` and takes half from the surface around it (harmonic over the graph of
    samples, with what is seen held fixed).
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
    """How near [N] each sample is to where evidence is strongest, 0 to 1; a ``share`` of the surface is above 0.5.

    Ways lead over the surface; creases and places with little evidence make them longer (region growing, as geodesic distance).
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


def close_holes(side: MatchableShape, evidence: Evidence, size: float = HOLE) -> Evidence:
    """Evidence [N] in which, whatever the threshold, no hole and no island is smaller than ``size`` (share of the surface).

    Grey-scale area closing and opening (Vincent, 1992) over the graph of samples, at every ``STEP`` per cent. Rounded to steps.
    """
    steps = np.rint(evidence * (100 / STEP)).astype(int)
    least = size * len(steps)
    for level in range(1, 100 // STEP + 1):
        small = _small_pieces(side.surface_graph, steps < level, least)
        steps[small] = level
    for level in range(100 // STEP, 0, -1):
        small = _small_pieces(side.surface_graph, steps >= level, least)
        steps[small] = level - 1
    return (steps * (STEP / 100)).astype(np.float32)


def _small_pieces(graph: sparse.csr_array, chosen: npt.NDArray[np.bool_], least: float) -> npt.NDArray[np.int64]:
    """The chosen nodes whose connected piece has fewer than ``least``, unless all that is chosen is as small."""
    index = np.flatnonzero(chosen)
    if len(index) < least or len(index) == len(chosen):
        return index[:0]
    _, label = connected_components(graph[index][:, index], directed=True, connection="weak")
    count = np.bincount(label)
    return index[count[label] < least]


def on_elements(side: MatchableShape, evidence: Evidence) -> Percent:
    """Per cent of evidence for every face of the shape's file (point of a cloud): uint8 [F]; it goes by the samples near its centre."""
    return np.rint(side.to_elements(evidence) * 100).clip(0, 100).astype(np.uint8)


def on_pixels(side: MatchableImage, evidence: Evidence) -> Percent:
    """Per cent of evidence for every pixel of the image: uint8 [H, W]; 0 outside the box."""
    width, height = side.image_size
    h, w = side.map.descriptors.shape[:2]
    x0, y0, x1, y1 = side.map.box
    left, top = max(0, int(np.ceil(x0))), max(0, int(np.ceil(y0)))
    right, bottom = min(width, int(np.floor(x1)) + 1), min(height, int(np.floor(y1)) + 1)
    whole = np.zeros((height, width), np.uint8)
    if right <= left or bottom <= top:
        return whole
    u, v = np.meshgrid(np.arange(left, right, dtype=np.float32), np.arange(top, bottom, dtype=np.float32))
    cells = side.map.to_cells(np.stack([u, v], axis=-1)).astype(np.float32)
    values = cv2.remap(
        evidence.reshape(h, w).astype(np.float32), cells[..., 0], cells[..., 1], cv2.INTER_LINEAR, borderValue=0.0
    )
    whole[top:bottom, left:right] = np.rint(values * 100).clip(0, 100).astype(np.uint8)
    return whole
