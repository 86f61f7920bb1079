"""Classification of given boxes in scenes.

It is measured by average precision at an overlap of 25 and 50 %, as on ScanNet and SUN RGB-D.

The data is a folder of scenes, one JSON file each::

    {"points": "scene.ply", "up": "z",
     "objects": [{"box": [cx, cy, cz, dx, dy, dz, yaw], "label": "chair"}],
     "proposals": [{"box": [...], "score": 0.9}]}

Boxes are in the units of the points; ``yaw`` (radians, may be left out) turns about the up axis. Without proposals the
true boxes are named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from core.arrays import Floats
from core.benchmarks.report import Tables
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.encoders.clip import ClipEncoder
from core.encoders.dlign import DepthClip
from core.errors import CounterpointError
from core.files import read_json
from core.geometry.depth_maps import depth_views
from core.geometry.raycasting import Raycaster
from core.geometry.shape import load_shape, make_shape
from core.geometry.viewpoints import upright_rotation
from core.progress import Progress, silent

Row = dict[str, float | str]

FEWEST = 30
"""The least number of points in a box that is classified."""


@dataclass
class Box3D:
    """A box in a scene.

    Attributes:
        values: float64 [7]: its middle and its size along its own axes, in the units of the points, and its yaw in
            radians; z is up.
        label: what is in it.
        score: of the label, in [0, 1].
    """

    values: Floats
    label: str = ""
    score: float = 1.0


@dataclass
class IndoorScene:
    """A scene.

    Attributes:
        points: float64 [N, 3] with z up.
        objects: the true boxes.
        proposals: the boxes that are classified.
    """

    points: Floats
    objects: list[Box3D]
    proposals: list[Box3D]


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> Tables:
    """A row for each label and one for the mean.

    Args:
        settings: ``data`` is ``scenes:FOLDER``.
        progress: told of every step.

    Raises:
        CounterpointError: no CLIP, or scenes that are not there or not as described.
    """
    _, place = parse_data(settings.data, TASKS["detection"].data)
    files = sorted(Path(place).glob("*.json"))
    if not files:
        raise CounterpointError(f"{place} has no scenes (*.json).")
    scenes = [read_scene(file) for file in files]
    if settings.clip is None:
        raise CounterpointError("Names need CLIP; give --clip ARCHITECTURE:WEIGHTS.")
    model = DepthClip(ClipEncoder(settings.clip, settings.encoder.device), settings.dlign)
    labels = sorted({box.label for scene in scenes for box in scene.objects})
    words = model.labels(labels)
    found: list[list[Box3D]] = []
    for number, scene in enumerate(scenes):
        progress(number / len(scenes), f"scene {number + 1} of {len(scenes)}")
        found.append(name_boxes(scene, model, labels, words))
    truth = [scene.objects for scene in scenes]
    rows: list[Row] = []
    for label in labels:
        count = float(sum(box.label == label for boxes in truth for box in boxes))
        row: Row = {"label": label, "objects": count}
        rows.append(row | {f"AP{t}": precision(found, truth, label, t / 100) for t in (25, 50)})
    mean = {name: float(np.mean([float(row[name]) for row in rows])) for name in ("AP25", "AP50")}
    rows.append({"label": "mean", "objects": sum(float(row["objects"]) for row in rows), **mean})
    return {"detection by given boxes": rows}


def name_boxes(scene: IndoorScene, model: DepthClip, labels: Sequence[str], words: torch.Tensor) -> list[Box3D]:
    """Give each proposal its likeliest label; the score is the proposal's times the probability.

    Args:
        scene: the scene.
        model: CLIP for depth pictures.
        labels: the L labels.
        words: their unit vectors float32 [L, G].
    """
    named = []
    for box in scene.proposals:
        inside = scene.points[in_box(scene.points, box.values)]
        if len(inside) < FEWEST:
            continue
        shape = make_shape(inside, np.zeros((0, 3), np.int64), name="box")
        depths = depth_views(Raycaster(shape), "z", model.clip.input_size)
        shares = torch.softmax(model.logits(depths, words), dim=0)
        best = int(shares.argmax())
        named.append(Box3D(box.values, labels[best], box.score * float(shares[best])))
    return named


def in_box(points: Floats, box: Floats) -> npt.NDArray[np.bool_]:
    """Return which points float [N, 3] lie in a box float [7] (see :class:`Box3D`): bool [N]."""
    c, s = np.cos(box[6]), np.sin(box[6])
    own = (points - box[:3]) @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return np.asarray((np.abs(own) <= box[3:6] / 2).all(1))


def overlap(a: Floats, b: Floats) -> float:
    """Return the intersection over union of the volumes of two boxes float [7] (see :class:`Box3D`)."""
    plan = [((float(x[0]), float(x[1])), (float(x[3]), float(x[4])), float(np.degrees(x[6]))) for x in (a, b)]
    _, corners = cv2.rotatedRectangleIntersection(*plan)
    if corners is None:
        return 0.0
    area = cv2.contourArea(cv2.convexHull(corners))
    low, high = (max(a[2] - a[5] / 2, b[2] - b[5] / 2), min(a[2] + a[5] / 2, b[2] + b[5] / 2))
    both = area * max(0.0, high - low)
    return float(both / (np.prod(a[3:6]) + np.prod(b[3:6]) - both))


def precision(found: Sequence[Sequence[Box3D]], truth: Sequence[Sequence[Box3D]], label: str, least: float) -> float:
    """Return the average precision (area under the curve, every point) of one label over scenes.

    Args:
        found: the classified boxes of each scene.
        truth: the true boxes of each scene; each can be found once.
        label: the label.
        least: the intersection over union from which a box is found.
    """
    boxes = sorted(
        ((box, i) for i, scene in enumerate(found) for box in scene if box.label == label),
        key=lambda pair: -pair[0].score,
    )
    left = [[box for box in scene if box.label == label] for scene in truth]
    count = sum(map(len, left))
    hits = []
    for box, scene in boxes:
        overlaps = [overlap(box.values, other.values) for other in left[scene]]
        best = int(np.argmax(overlaps)) if overlaps else -1
        hits.append(best >= 0 and overlaps[best] >= least)
        if hits[-1]:
            del left[scene][best]
    if count == 0 or not hits:
        return 0.0
    right = np.cumsum(hits)
    curve = np.maximum.accumulate((right / np.arange(1, len(hits) + 1))[::-1])[::-1]
    return float((curve * np.array(hits)).sum() / count)


def read_scene(file: Path) -> IndoorScene:
    """Read the JSON file of a scene; its points and boxes are turned so that z is up.

    Raises:
        CounterpointError: the file is not as described above.
    """
    content: Any = read_json(str(file))
    try:
        up = str(content.get("up", "z"))
        turn = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]) @ upright_rotation(up)
        points = load_shape(file.parent / str(content["points"])).vertices @ turn.T
        objects = [_box(one, turn, str(one["label"])) for one in content["objects"]]
        proposals = [
            _box(one, turn, "", float(one.get("score", 1.0))) for one in content.get("proposals", content["objects"])
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CounterpointError(f"{file.name} is no scene: {type(error).__name__} {error}.") from error
    return IndoorScene(points, objects, proposals)


def _box(one: Any, turn: Floats, label: str, score: float = 1.0) -> Box3D:
    values = np.array([*one["box"], 0.0][:7], np.float64)
    if len(values) < 7 or not np.isfinite(values).all() or (values[3:6] <= 0).any():
        raise ValueError("a box is [cx, cy, cz, dx, dy, dz] or with a yaw, its sizes above zero")
    values[:3] = turn @ values[:3]
    values[3:6] = np.abs(turn) @ values[3:6]
    return Box3D(values, label, score)
