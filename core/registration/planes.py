"""What a photo's depth says of a drawn object: how far its surface is, along its normals, from what was measured.

Point-to-plane (Chen and Medioni, "Object modelling by registration of multiple range images", 1992), each drawn pixel beside the depth that
the same pixel measured (Newcombe et al., "KinectFusion", 2011, Sec. 3.5).
"""

from dataclasses import dataclass

import numpy as np

from core.arrays import Floats
from core.registration.drawing import Drawing
from core.registration.solids import LoadedPhoto

MOST = 200
"""Points of one object at most."""

SURE = 0.01
"""Standard deviation that no point falls below, in diagonals of the shape: cameras for depth err alike over whole surfaces."""

SLANT = 0.25
"""Least cosine between a normal and the ray: depth of what is seen edge-on jumps."""


@dataclass(frozen=True)
class Planes:
    """Points of one shape, and planes on which depth puts them.

    Attributes:
        points: float64 [n, 3] in units of the scene and the shape's own axes.
        targets: float64 [n, 3], measured, in the photo's camera; ``normals`` float64 [n, 3] of the surface there.
        sigma: the standard deviation in units of the scene, of each: residuals are ``normal . (x_cam - target) / sigma``.
        pixels: float64 [n, 2], where the photo shows them.
    """

    points: Floats
    targets: Floats
    normals: Floats
    sigma: float
    pixels: Floats

    def __len__(self) -> int:
        return len(self.points)


def depth_planes(drawing: Drawing, photo: LoadedPhoto, size: float, reach: float) -> Planes | None:
    """Find what depth says of a drawn object.

    Args:
        drawing: of the object.
        photo: that it is drawn over.
        size: the diagonal of the shape in units of the scene.
        reach: how far from the surface a measured point may be, in diagonals.

    Returns:
        None where the photo has no depth, or too little of it near the object.
    """
    if photo.depth is None:
        return None
    x, inner = drawing.pose(drawing.points), drawing.seen.copy()
    inner[[0, -1]] = inner[:, [0, -1]] = False
    for shift in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        inner &= np.roll(drawing.own, shift, (0, 1))
    v, u = np.nonzero(inner)
    normal = np.cross(x[v, u + 1] - x[v, u - 1], x[v + 1, u] - x[v - 1, u])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    here = x[v, u]
    slant = np.abs((normal * here).sum(1)) / np.linalg.norm(here, axis=1)
    at = np.rint(drawing.window.pixels[v, u]).astype(int)
    z = photo.depth[at[:, 1], at[:, 0]]
    target = (
        np.concatenate([(at - photo.K[:2, 2]) / [photo.K[0, 0], photo.K[1, 1]], np.ones((len(at), 1))], 1) * z[:, None]
    )
    near = np.flatnonzero((np.linalg.norm(here - target, axis=1) < reach * size) & (slant > SLANT))
    if len(near) < 30:
        return None
    near = near[np.linspace(0, len(near) - 1, min(MOST, len(near))).astype(int)]
    gap = (normal * (here - target)).sum(1)[near]
    sigma = max(SURE * size, 1.4826 * float(np.median(np.abs(gap))))
    return Planes(drawing.points[v, u][near], target[near], normal[near], sigma, at[near].astype(float))
