"""A pose made exact on a photo's depth: point-to-plane ICP of the surface that the camera sees (Open3D).

After Chen and Medioni, "Object modelling by registration of multiple range images" (1992), from wide to narrow, with Tukey's weights.
"""

import numpy as np
import numpy.typing as npt

from core.geometry.open3d_import import o3d
from core.geometry.pose import Pose, nearest_rotation, shape_rays
from core.geometry.raycasting import surface_position
from core.scenes.drawing import box_of
from core.scenes.solids import LoadedPhoto, Solid

Floats = npt.NDArray[np.floating]

WIDTHS = (0.12, 0.06, 0.03, 0.015)
"""How far points are looked for, in diagonals of the shape, one after the other."""

ACROSS = 120
"""Rays over the longer side of the shape's box."""

FEWEST = 100
"""Measured points near the shape that there must be."""


def refine_by_depth(solid: Solid, pose: Pose, photo: LoadedPhoto) -> Pose:
    """Return the pose that puts the shape's visible surface on what the photo's depth measured.

    Args:
        solid: the shape.
        pose: in the photo's camera to begin with, some degrees and per cents off.
        photo: with depth; without, or where too little of it is near the shape, the pose stays.
    """
    if photo.depth is None:
        return pose
    for width in WIDTHS:
        measured = _measured(solid, pose, photo, 1.5 * width)
        if len(measured.points) < FEWEST:
            return pose
        source = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(_visible(solid, pose, photo.K)))
        kernel = o3d.pipelines.registration.TukeyLoss(k=width * solid.size)
        answer = o3d.pipelines.registration.registration_icp(
            source,
            measured,
            2 * width * solid.size,
            np.eye(4),
            o3d.pipelines.registration.TransformationEstimationPointToPlane(kernel),
            o3d.pipelines.registration.ICPConvergenceCriteria(max_iteration=30),
        )
        step = np.asarray(answer.transformation)
        turn = nearest_rotation(step[:3, :3])
        pose = Pose(nearest_rotation(turn @ pose.R), turn @ pose.t + step[:3, 3], pose.s)
    return pose


def _visible(solid: Solid, pose: Pose, K: Floats) -> Floats:
    """Points [n, 3] of the shape that the camera sees, in the camera's frame."""
    box = box_of(solid, pose, K)
    if box is None:
        return np.zeros((0, 3))
    step = max(float((box[2:] - box[:2]).max()) / ACROSS, 1e-9)
    u, v = np.arange(box[0], box[2], step), np.arange(box[1], box[3], step)
    hits = solid.caster.cast(*shape_rays(solid.of_file(pose), K, solid.shape, np.stack(np.meshgrid(u, v), axis=-1)))
    there = surface_position(solid.shape, hits.face[hits.mask], hits.bary[hits.mask])
    return pose(solid.shape.to_own_frame(there) * solid.scale)


def _measured(solid: Solid, pose: Pose, photo: LoadedPhoto, reach: float) -> o3d.geometry.PointCloud:
    """What depth measured around the shape, with normals, in the camera's frame."""
    assert photo.depth is not None
    cloud, box = o3d.geometry.PointCloud(), box_of(solid, pose, photo.K)
    if box is None:
        return cloud
    height, width = photo.depth.shape
    margin = 0.3 * (box[2:] - box[:2]).max()
    x0, y0 = np.clip(np.floor(box[:2] - margin), 0, [width - 1, height - 1]).astype(int)
    x1, y1 = np.clip(np.ceil(box[2:] + margin), 0, [width - 1, height - 1]).astype(int)
    step = max(1, int((box[2:] - box[:2]).max() / ACROSS))
    u, v = np.meshgrid(np.arange(x0, x1 + 1, step), np.arange(y0, y1 + 1, step))
    z = photo.depth[v, u]
    known = np.isfinite(z)
    xy = (np.stack([u, v], axis=-1)[known] - photo.K[:2, 2]) / [photo.K[0, 0], photo.K[1, 1]]
    points = np.concatenate([xy, np.ones((len(xy), 1))], axis=1) * z[known, None]
    near = np.linalg.norm(points - pose(solid.center), axis=1) < (0.5 + reach) * solid.size
    cloud.points = o3d.utility.Vector3dVector(points[near])
    if near.sum() >= FEWEST:
        cloud.estimate_normals(o3d.geometry.KDTreeSearchParamHybrid(0.06 * solid.size, 30))
        cloud.orient_normals_towards_camera_location(np.zeros(3))
    return cloud
