"""Pose of objects with little texture from descriptors alone, on OnePose-LowTex (He et al., NeurIPS 2022).

The first sequence of an object is its memory, and frames of the second are posed.
"""

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import poselib
import torch

from core.arrays import Floats
from core.benchmarks.evaluation import BAD, GOOD, EvaluationUnit, Example, Outcome, whole_size
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import encode_image
from core.errors import CounterpointError
from core.files import read_json
from core.geometry.pixel_grid import pixel_grid
from core.geometry.pose import rotation_error
from core.images import load_image

LIMITS = (1, 3, 5)
"""The limits of errors, in centimetres and degrees."""

MEMORY, EVERY, GRID = 120_000, 10, 4
"""The largest number of places in the memory; every so many frames one is posed; the step of its grid of pixels."""

PLACES = "sfm_output/outputs_softmax_loftr_loftr"


def one_pose(place: str | Path, count: int) -> list[EvaluationUnit]:
    """Make a unit of each of the first ``count`` objects of a folder.

    The folder holds ``lowtexture_test_data`` and ``sfm_output``.

    An object's folder NUMBER-NAME-... holds NAME-1 and NAME-2, each with ``color``, ``intrin_ba`` and ``poses_ba``
    (text, metres), and NAME-1 the places seen, ``anno_loftr``; their positions are in ``sfm_output``,
    ``anno/anno_3d_average.npz``.

    Raises:
        CounterpointError: the folder is laid out otherwise.
    """
    root = Path(place)
    folders = sorted(f for f in (root / "lowtexture_test_data").glob("*") if f.is_dir())[:count]
    if not folders:
        raise CounterpointError(f"{place} is not OnePose-LowTex (lowtexture_test_data, {PLACES}).")
    return [EvaluationUnit(folder.name, partial(_object, folder, root / PLACES / folder.name)) for folder in folders]


def _object(folder: Path, places: Path, encoder: ImageEncoder) -> Outcome:
    name = folder.name.split("-")[1]
    try:
        points, described = _remember(folder / f"{name}-1", places, encoder)
        second = folder / f"{name}-2"
        errors, examples = [], []
        for file in sorted((second / "color").glob("*.png"))[::EVERY]:
            K, true = (np.loadtxt(second / part / f"{file.stem}.txt") for part in ("intrin_ba", "poses_ba"))
            image = load_image(file)
            found = find_pose(image, K, points, described, encoder)
            errors.append(pose_error(found, true))
            good = max(errors[-1]) < LIMITS[-1]
            examples.append(Example(float(good), _draw(image, K, points, found, true)))
    except (OSError, KeyError, ValueError) as error:
        raise CounterpointError(f"{folder.name} is not laid out as an object of OnePose-LowTex ({error}).") from error
    if not errors:
        raise CounterpointError(f"{folder.name} has no pictures in {name}-2/color.")
    return Outcome(shares(np.array(errors)), 1.0, examples)


def shares(errors: Floats) -> dict[str, float]:
    """Return the part of errors float [N, 2], in centimetres and degrees, below three limits.

    They are 1 cm and 1 degree, 3 and 3, and 5 and 5.
    """
    return {f"{limit}cm-{limit}deg": float(np.mean((errors < limit).all(axis=1))) for limit in LIMITS}


def pose_error(found: Floats | None, true: Floats) -> tuple[float, float]:
    """Return the errors of translation and of rotation between two poses float [4, 4] in metres.

    They are in centimetres and in degrees.

    Both are infinite if no pose was found.
    """
    if found is None:
        return float("inf"), float("inf")
    angle = rotation_error(found[:3, :3], true[:3, :3])
    return float(np.linalg.norm(found[:3, 3] - true[:3, 3]) * 100), angle


def _remember(sequence: Path, places: Path, encoder: ImageEncoder) -> tuple[Floats, torch.Tensor]:
    """Return the positions of the places seen in a sequence, and their descriptors.

    Positions are float64 [M, 3] in metres, unit descriptors float32 [M, D].
    """
    with np.load(places / "anno" / "anno_3d_average.npz", allow_pickle=False) as content:
        positions = np.asarray(content["keypoints3d"], np.float64)
    points, described = [], []
    for file in sorted((sequence / "anno_loftr").glob("*.json")):
        seen = read_json(file)
        pixel, place = np.asarray(seen["assign_matrix"], np.int64)
        image = load_image(sequence / "color" / f"{file.stem}.png")
        points.append(positions[place])
        pixels = np.asarray(seen["keypoints2d"], np.float64)[pixel]
        described.append(encode_image(encoder, image, size=whole_size(encoder)).sample(pixels))
    if not points:
        raise ValueError(f"{sequence.name} has no anno_loftr")
    every, descriptors = np.concatenate(points), torch.cat(described)
    if len(every) > MEMORY:
        kept = np.random.default_rng(0).choice(len(every), MEMORY, replace=False)
        every, descriptors = every[kept], descriptors[torch.from_numpy(kept)]
    return every, descriptors


def find_pose(
    image: npt.NDArray[np.uint8], K: Floats, points: Floats, described: torch.Tensor, encoder: ImageEncoder
) -> Floats | None:
    """Find a pose by mutual nearest neighbours between a grid of pixels and the places, and PnP in RANSAC (8 pixels).

    Args:
        image: RGB uint8 [H, W, 3].
        K: the intrinsics, float [3, 3] in pixels.
        points: the places, float64 [M, 3] in metres.
        described: their unit descriptors float32 [M, D].
        encoder: describes the image.

    Returns:
        The pose float64 [4, 4], from the object to the camera, or None.
    """
    height, width = image.shape[:2]
    grid = pixel_grid(width, height, GRID).reshape(-1, 2)
    asked = encode_image(encoder, image, size=whole_size(encoder)).sample(grid)
    there, best = _nearest(asked, described)
    back, _ = _nearest(described, asked)
    mutual = np.flatnonzero(back[there] == np.arange(len(asked)))
    if len(mutual) < 6 or not np.isfinite(best).all():
        return None
    camera = {"model": "PINHOLE", "width": width, "height": height, "params": [K[0, 0], K[1, 1], K[0, 2], K[1, 2]]}
    options = {"max_reproj_error": 8.0, "max_iterations": 10_000, "seed": 0}
    pose, about = poselib.estimate_absolute_pose(grid[mutual], points[there[mutual]], camera, options, {})
    if about["num_inliers"] <= 5:
        return None
    found = np.eye(4)
    found[:3] = pose.Rt
    return found if np.isfinite(found).all() else None


def _nearest(one: torch.Tensor, other: torch.Tensor) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return for every row [D] the number of the most similar row of the other, and the similarity.

    A few rows at a time.
    """
    parts = [(rows @ other.T).max(1) for rows in one.split(max(1, 50_000_000 // max(1, len(other))))]
    return torch.cat([p.indices for p in parts]).numpy(), torch.cat([p.values for p in parts]).numpy()


def _draw(
    image: npt.NDArray[np.uint8], K: Floats, points: Floats, found: Floats | None, true: Floats
) -> npt.NDArray[np.uint8]:
    """Draw the places into the picture by the true pose (green) and by the one that was found (red)."""
    canvas = image.copy()
    few = points[:: max(1, len(points) // 300)]
    for pose, color in ((true, GOOD), (found, BAD)):
        if pose is None:
            continue
        seen = few @ pose[:3, :3].T + pose[:3, 3]
        pixels = (seen[seen[:, 2] > 1e-6] @ K.T)[:, :2] / seen[seen[:, 2] > 1e-6, 2:]
        for x, y in pixels[np.isfinite(pixels).all(axis=1)]:
            if abs(x) < 1e4 and abs(y) < 1e4:
                cv2.circle(canvas, (round(x), round(y)), max(2, len(canvas) // 240), color, -1, cv2.LINE_AA)
    scale = 240 / len(canvas)
    return np.asarray(cv2.resize(canvas, (round(canvas.shape[1] * scale), 240), interpolation=cv2.INTER_AREA), np.uint8)
