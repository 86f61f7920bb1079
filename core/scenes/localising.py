"""Where the camera of a photo stood, from photos whose cameras are known and the things that are posed in them.

Keypoints (SIFT, Lowe 2004, as RootSIFT) of the whole photo are matched, its background too. Each known photo
says a rotation and a direction (five points, Nister 2004); those keypoints that lie on a posed thing are points in space.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from core.arrays import Floats
from core.geometry.pose import Pose, nearest_rotation, rotation_error, shape_rays
from core.geometry.raycasting import surface_position
from core.registration.drawing import box_of
from core.registration.solids import LoadedPhoto, Solid
from core.registration.things import InstanceKey

KEYPOINTS = 4000
"""At most so many are found in a photo."""

RATIO = 0.85
"""Of the distances to the nearest and the second descriptor (Lowe)."""

FEWEST = 12
"""Matches with a photo that make it count."""

EPIPOLAR = 1.5
"""Pixels that a match may be off its epipolar line."""

TURNED = 6.0
"""Degrees by which known photos may differ in what they say of the rotation."""


@dataclass(frozen=True)
class Keypoints:
    """Of one photo: pixels float64 [n, 2] and RootSIFT descriptors float32 [n, 128]."""

    pixels: Floats
    descriptors: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Landmarks:
    """A photo whose camera is known.

    Attributes:
        keypoints: of the photo.
        camera: ``x_cam = R x_world + t``; ``K`` float [3, 3] its intrinsics.
        points: float64 [n, 3] in the world of those keypoints that lie on a posed thing, NaN of the others.
    """

    keypoints: Keypoints
    camera: Pose
    K: Floats
    points: Floats


def keypoints_of(photo: LoadedPhoto) -> Keypoints:
    """Find the keypoints of a photo."""
    grey = cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY)
    found, described = cv2.SIFT_create(KEYPOINTS, contrastThreshold=0.02).detectAndCompute(grey, None)  # type: ignore[attr-defined]
    if described is None:
        return Keypoints(np.zeros((0, 2)), np.zeros((0, 128), np.float32))
    described = np.sqrt(described / np.maximum(described.sum(1, keepdims=True), 1e-9))
    return Keypoints(np.array([one.pt for one in found], np.float64), described.astype(np.float32))


def landmarks(
    keypoints: Keypoints,
    photo: LoadedPhoto,
    camera: Pose,
    poses: Mapping[InstanceKey, Pose],
    solids: Mapping[int, Solid],
) -> Landmarks:
    """Find which keypoints of a photo lie on things, whose poses in its camera are given, and where in the world."""
    nearest, points = np.full(len(keypoints.pixels), np.inf), np.full((len(keypoints.pixels), 3), np.nan)
    for thing, pose in poses.items():
        solid = solids[thing.object_id]
        box = box_of(solid, pose, photo.K)
        if box is None:
            continue
        inside = np.flatnonzero(((keypoints.pixels >= box[:2]) & (keypoints.pixels <= box[2:])).all(1))
        hits = solid.caster.cast(*shape_rays(solid.of_file(pose), photo.K, solid.shape, keypoints.pixels[inside]))
        own = solid.shape.to_own_frame(surface_position(solid.shape, hits.face[hits.mask], hits.bary[hits.mask]))
        there, index = pose(own * solid.scale), inside[hits.mask]
        closer = there[:, 2] < nearest[index]
        nearest[index[closer]] = there[closer, 2]
        points[index[closer]] = camera.inverse(there[closer])
    return Landmarks(keypoints, camera, photo.K, points)


def match(one: Keypoints, other: Keypoints) -> npt.NDArray[np.intp]:
    """Match keypoints: mutual nearest neighbours that are much nearer than the second, pairs of numbers [n, 2]."""
    if min(len(one.pixels), len(other.pixels)) < 3:
        return np.zeros((0, 2), np.intp)
    similar = one.descriptors @ other.descriptors.T
    best = np.argpartition(-similar, 1, axis=1)[:, :2]
    rows = np.arange(len(best))
    values = similar[rows[:, None], best]
    first = best[rows, values.argmax(1)]
    distance = np.sqrt(np.maximum(2 - 2 * np.sort(values, axis=1)[:, ::-1], 1e-12))
    good = (distance[:, 0] < RATIO * distance[:, 1]) & (similar.argmax(0)[first] == rows)
    return np.stack([rows[good], first[good]], axis=-1)


@dataclass(frozen=True)
class _Relative:
    """A photo's camera beside a known one: rotation, direction of the move in the world, and the matches that agree."""

    marks: Landmarks
    R: Floats
    direction: Floats
    known: npt.NDArray[np.intp]
    mine: npt.NDArray[np.intp]


def localise(
    keypoints: Keypoints, K: Floats, size: tuple[int, int], known: Mapping[str, Landmarks]
) -> tuple[Pose, int] | None:
    """Find the camera of a photo.

    Each known photo gives a rotation and a direction (five points, PoseLib); where directions meet the camera stands, or
    where the points on things say. Sampson distances and reprojections polish it together.

    Args:
        keypoints: of the photo.
        K: its intrinsics, float [3, 3].
        size: (width, height) of the photo in pixels.
        known: photos whose cameras are known.

    Returns:
        The camera ``x_cam = R x_world + t`` and its number of inliers; None where there is none to be trusted.
    """
    found = [one for marks in known.values() if (one := _relative(keypoints, K, size, marks)) is not None]
    if not found:
        return None
    best = max(found, key=lambda one: len(one.mine))
    agreeing = [one for one in found if rotation_error(one.R, best.R) < TURNED]
    center = _meeting(agreeing)
    if center is None:
        center = _center_by_things(agreeing, keypoints, K)
    if center is None:
        return None
    return _polished(best.R, center, agreeing, keypoints, K), sum(len(one.mine) for one in agreeing)


def _relative(keypoints: Keypoints, K: Floats, size: tuple[int, int], marks: Landmarks) -> _Relative | None:
    import poselib

    pairs = match(keypoints, marks.keypoints)
    if len(pairs) < FEWEST:
        return None
    there, here = marks.keypoints.pixels[pairs[:, 1]], keypoints.pixels[pairs[:, 0]]
    options = {"max_epipolar_error": EPIPOLAR, "max_iterations": 5000, "seed": 0}
    pose, told = poselib.estimate_relative_pose(there, here, _camera(marks.K, size), _camera(K, size), options, {})
    inside = np.asarray(told["inliers"], bool)
    if inside.sum() < FEWEST or not np.isfinite(pose.t).all():
        return None
    R, t = nearest_rotation(np.asarray(pose.R)), np.asarray(pose.t)
    direction = -marks.camera.R.T @ R.T @ t
    return _Relative(marks, R @ marks.camera.R, direction / np.linalg.norm(direction), *pairs[inside, ::-1].T)


def _meeting(found: list[_Relative]) -> Floats | None:
    """Where the directions from known cameras meet [3]; None where they are nearly parallel, or meet behind one."""
    normal, right = np.zeros((3, 3)), np.zeros(3)
    for one in found:
        across = (np.eye(3) - np.outer(one.direction, one.direction)) * len(one.mine)
        normal += across
        right += across @ _center(one.marks.camera)
    if len(found) < 2 or np.linalg.eigvalsh(normal)[0] < 0.02 * np.linalg.eigvalsh(normal)[-1]:
        return None
    center = np.linalg.solve(normal, right)
    ahead = [(center - _center(one.marks.camera)) @ one.direction > 0 for one in found]
    return center if np.mean(ahead) > 0.5 else None


def _center_by_things(found: list[_Relative], keypoints: Keypoints, K: Floats) -> Floats | None:
    """Where the points on things put the camera along the direction from a known one [3]; None with too few of them."""
    best = max(found, key=lambda one: int(np.isfinite(one.marks.points[one.known, 0]).sum()))
    points = best.marks.points[best.known]
    on = np.isfinite(points[:, 0])
    if on.sum() < 4:
        return None
    # R (x - c - l d) is along the ray: its cross product with the ray is zero, linear in l
    ray = np.concatenate([(keypoints.pixels[best.mine[on]] - K[:2, 2]) / [K[0, 0], K[1, 1]], np.ones((on.sum(), 1))], 1)
    start = np.cross(ray, (points[on] - _center(best.marks.camera)) @ best.R.T)
    slope = np.cross(ray, np.broadcast_to(best.R @ best.direction, ray.shape))
    length = float(np.median((start * slope).sum(1) / np.maximum((slope**2).sum(1), 1e-12)))
    return _center(best.marks.camera) + length * best.direction if length > 0 else None


def _polished(R: Floats, center: Floats, found: list[_Relative], keypoints: Keypoints, K: Floats) -> Pose:
    """The camera by robust least squares on all matches, in pixels."""
    unit = max(float(np.mean([np.linalg.norm(center - _center(one.marks.camera)) for one in found])), 1e-12)

    def camera(values: Floats) -> Pose:
        turn = Rotation.from_rotvec(values[:3]).as_matrix() @ R
        return Pose(nearest_rotation(turn), -turn @ (center + unit * values[3:]))

    def residuals(values: Floats) -> Floats:
        pose, rows = camera(values), []
        for one in found:
            rows.append(_sampson(one, pose, keypoints, K))
            points = one.marks.points[one.known]
            on = np.isfinite(points[:, 0])
            x = pose(points[on])
            uv = x[:, :2] / np.maximum(x[:, 2:], 1e-9) * [K[0, 0], K[1, 1]] + K[:2, 2]
            rows.append(np.clip((uv - keypoints.pixels[one.mine[on]]).ravel() / 2, -1e3, 1e3))
        return np.concatenate(rows)

    return camera(least_squares(residuals, np.zeros(6), loss="cauchy", x_scale=0.01, max_nfev=40).x)


def _sampson(one: _Relative, pose: Pose, keypoints: Keypoints, K: Floats) -> Floats:
    """Signed Sampson distances [n] in pixels (Hartley and Zisserman, Eq. 11.9)."""
    turn = pose.R @ one.marks.camera.R.T
    x, y, z = pose.t - turn @ one.marks.camera.t
    E = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ turn
    there, here = _rays(one.marks.keypoints.pixels[one.known], one.marks.K), _rays(keypoints.pixels[one.mine], K)
    line, back = there @ E.T, here @ E
    size = np.sqrt((line[:, :2] ** 2).sum(1) + (back[:, :2] ** 2).sum(1))
    return np.asarray((here * line).sum(1) / np.maximum(size, 1e-12) * K[0, 0])


def _rays(pixels: Floats, K: Floats) -> Floats:
    return np.concatenate([(pixels - K[:2, 2]) / [K[0, 0], K[1, 1]], np.ones((len(pixels), 1))], axis=1)


def _center(camera: Pose) -> Floats:
    return np.asarray(-camera.R.T @ camera.t)


def _camera(K: Floats, size: tuple[int, int]) -> dict[str, object]:
    params = [K[0, 0], K[1, 1], K[0, 2], K[1, 2]]
    return {"model": "PINHOLE", "width": size[0], "height": size[1], "params": params}
