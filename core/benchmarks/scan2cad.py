"""Single-view alignment on Scan2CAD (Avetisyan et al., CVPR 2019): each annotated CAD model in the frame that shows most of it.

The layout, as the data sets come: ``full_annotations.json``, ``scans/ID/color/N.jpg``, ``scans/ID/pose/N.txt`` (camera to scan),
``scans/ID/intrinsic/intrinsic_color.txt``, where there is depth ``scans/ID/depth/N.png`` (millimetres), and the models as ShapeNetCore.v2 has
them, ``shapenet/CATEGORY/ID/models/model_normalized.obj``. **Not run on the real data**, which could not be had; tested on data made in
this layout.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from core.alignment.align import sized
from core.alignment.coarse import coarse_poses
from core.alignment.fine import FineSettings, refine
from core.alignment.metrics import alignment_errors, alignment_shares
from core.alignment.scorer import Photo, PoseScorer
from core.alignment.templates import TemplateSettings, template_set
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box
from core.errors import CounterpointError
from core.fields.lifting import LiftSettings
from core.geometry.pose import Pose, project
from core.geometry.shape import Shape, load_shape
from core.images import load_depth, load_image
from core.interchange.labels import read_json
from core.interchange.poses import from_matrix, from_scan2cad, matrix
from core.matching.prepare import image_side, shape_side
from core.parts.grabcut import box_mask
from core.progress import Progress, silent

Floats = npt.NDArray[np.floating]
Row = dict[str, Any]

TURNS = {"__SYM_NONE": 1, "__SYM_ROTATE_UP_2": 2, "__SYM_ROTATE_UP_4": 4, "__SYM_ROTATE_UP_INF": 36}
"""Turns about y after which a model looks the same."""

FEWEST_PIXELS = 40.0
"""Sides of the box below which a model counts as not shown."""


@dataclass(frozen=True)
class Annotated:
    """A CAD model in a frame; ``depth`` is a file or None, ``symmetries`` [k, 3, 3]."""

    frame: Path
    K: Floats
    model: Path
    truth: Pose
    box: Box
    depth: Path | None
    symmetries: Floats


def annotated(root: str | Path) -> Iterator[Annotated]:
    """Every annotated model that some frame shows.

    Raises:
        CounterpointError: the layout is another one.
    """
    root = Path(root)
    for entry in read_json(root / "full_annotations.json"):
        try:
            scan, scene = root / "scans" / entry["id_scan"], matrix(from_scan2cad(entry["trs"]))
            models = [(m, np.linalg.inv(scene) @ matrix(from_scan2cad(m["trs"]))) for m in entry["aligned_models"]]
        except (KeyError, TypeError) as error:
            raise CounterpointError(f"full_annotations.json is not that of Scan2CAD ({error} is missing).") from error
        K = _numbers(scan / "intrinsic" / "intrinsic_color.txt")[:3, :3]
        frames = sorted((scan / "color").glob("*.jpg"))
        if not frames:
            raise CounterpointError(f"{scan} has no frames (color/*.jpg).")
        poses = [np.linalg.inv(_numbers(scan / "pose" / f"{frame.stem}.txt")) for frame in frames]
        height, width = load_image(frames[0]).shape[:2]
        for model, to_scan in models:
            file = root / "shapenet" / model["catid_cad"] / model["id_cad"] / "models" / "model_normalized.obj"
            shape = load_shape(file)
            boxes = [_box(shape, from_matrix(pose @ to_scan), K, (width, height)) for pose in poses]
            areas = [0.0 if box is None else (box[2] - box[0]) * (box[3] - box[1]) for box in boxes]
            best = int(np.argmax(areas))
            box = boxes[best]
            if box is None:
                continue
            depth = scan / "depth" / f"{frames[best].stem}.png"
            angles = 2 * np.pi * np.arange(TURNS.get(model.get("sym", ""), 1)) / TURNS.get(model.get("sym", ""), 1)
            turns = np.stack([[[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]] for a in angles])
            truth = from_matrix(poses[best] @ to_scan)
            yield Annotated(frames[best], K, file, truth, box, depth if depth.exists() else None, turns)


def measure(
    root: str | Path,
    encoder: ImageEncoder,
    count: int,
    progress: Progress = silent,
    templates: TemplateSettings = TemplateSettings(),
) -> list[Row]:
    """Templates alone, and refined with nine degrees of freedom: shares within 20 degrees, 20 cm and 20 %, and of all three."""
    found: dict[str, list[Floats]] = {"templates alone": [], "refined": []}
    for number, one in zip(range(count), annotated(root), strict=False):
        progress(number / count, f"{one.model.parent.parent.name} in {one.frame.name}")
        image, side = load_image(one.frame), shape_side(load_shape(one.model), encoder, LiftSettings())
        size = (image.shape[1], image.shape[0])
        depth = None if one.depth is None else _depth(one.depth, size)
        mask = box_mask(image, encoder, one.box)
        photo = Photo(image, image_side(image, encoder, one.box), one.K, mask, depth)
        scorer = PoseScorer(photo, side, encoder, "y")
        views = template_set(side.caster, encoder, templates)
        starts = scorer([sized(h.pose, scorer) for h in coarse_poses(scorer, views)])
        for name, best in (
            ("templates alone", max(starts, key=lambda h: h.score)),
            ("refined", refine(starts, scorer, FineSettings(dof=9))[0]),
        ):
            found[name].append(alignment_errors(best.pose, one.truth, side.shape.center, one.symmetries))
    if not found["refined"]:
        raise CounterpointError(f"No annotated model is shown by a frame of {root}.")
    return [{"method": name, "objects": len(v)} | alignment_shares(np.stack(v)) for name, v in found.items()]


def _numbers(path: Path) -> Floats:
    try:
        return np.loadtxt(path).reshape(4, 4)
    except (OSError, ValueError) as error:
        raise CounterpointError(f"{path} holds no 4 x 4 matrix ({error}).") from error


def _box(shape: Shape, pose: Pose, K: Floats, size: tuple[int, int]) -> Box | None:
    """Around the model in a frame, or None where it is behind the camera, small or mostly outside."""
    pixels, depth = project(pose, K, shape.vertices[:: max(1, len(shape.vertices) // 3000)])
    if (depth <= 0).any():
        return None
    low, high = np.maximum(pixels.min(0), -0.5), np.minimum(pixels.max(0), np.array(size) - 0.5)
    inside = float(np.prod(np.maximum(high - low, 0)) / np.prod(np.maximum(np.ptp(pixels, axis=0), 1e-9)))
    if (high - low).min() < FEWEST_PIXELS or inside < 0.5:
        return None
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _depth(path: Path, size: tuple[int, int]) -> Floats:
    """Of the depth camera's own size, as the colour frame's (ScanNet's frames show the same view)."""
    raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if raw is None:
        raise CounterpointError(f"{path.name} holds no depth that can be read.")
    own = load_depth(path, (raw.shape[1], raw.shape[0]))
    return np.asarray(cv2.resize(own, size, interpolation=cv2.INTER_NEAREST))
