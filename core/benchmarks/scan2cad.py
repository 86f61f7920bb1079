"""Alignment on Scan2CAD (Avetisyan et al., CVPR 2019).

Each annotated CAD model in the frames that show most of it, and merged in its scan.

The layout is that of the data sets: ``full_annotations.json``, ``scans/ID/color/N.jpg``, ``scans/ID/pose/N.txt``
(camera to scan), ``scans/ID/intrinsic/intrinsic_color.txt``, where there is depth ``scans/ID/depth/N.png``
(millimetres), and the models as ShapeNetCore.v2 has them, ``shapenet/CATEGORY/ID/models/model_normalized.obj``. **Not
run on the real data**, which could not be had; tested on data made in this layout.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from core.alignment.align import initial_poses
from core.alignment.coarse import coarse_poses
from core.alignment.fine import FineSettings, refine
from core.alignment.metrics import alignment_errors, alignment_shares
from core.alignment.scorer import Hypothesis, Photo, PoseScorer
from core.alignment.templates import TemplateSettings, template_set
from core.arrays import Floats
from core.benchmarks.report import Tables
from core.benchmarks.scan_merging import PlacedModel, accuracies, right_ones
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box
from core.errors import CounterpointError
from core.fields.lifting import LiftSettings
from core.files import read_json
from core.geometry.pose import Pose, project
from core.geometry.shape import Shape, load_shape
from core.images import load_depth, load_image
from core.interchange.poses.matrix import from_matrix, to_matrix
from core.interchange.poses.scan2cad import from_trs
from core.matching.prepare import matchable_image, matchable_shape
from core.parts.segmenters import box_mask
from core.progress import Progress, silent

TURNS = {"__SYM_NONE": 1, "__SYM_ROTATE_UP_2": 2, "__SYM_ROTATE_UP_4": 4, "__SYM_ROTATE_UP_INF": 36}
"""The number of turns about y after which a model looks the same, by the name of its symmetry."""

FEWEST_PIXELS = 40.0
"""A model counts as not shown if a side of its box is shorter than this, in pixels."""


@dataclass(frozen=True)
class Annotated:
    """A CAD model in a frame.

    Attributes:
        scan: the scan's name.
        number: which of its models this is.
        category: of the model.
        to_scan: float64 [4, 4], from the camera of the frame to the scan, in metres.
        frame: the file of the frame.
        K: its intrinsics, float64 [3, 3] in pixels.
        model: the file of the model.
        truth: the true pose in the camera of the frame, in metres.
        box: around the model, in pixels of the frame.
        depth: a file with the frame's depth, or None.
        symmetries: rotations float64 [k, 3, 3] that leave the model as it is.
    """

    scan: str
    number: int
    category: str
    to_scan: Floats
    frame: Path
    K: Floats
    model: Path
    truth: Pose
    box: Box
    depth: Path | None
    symmetries: Floats


def annotated(root: str | Path, frames_each: int = 1) -> Iterator[Annotated]:
    """List every annotated model that some frame shows, in the frames that show it largest, the largest first.

    Args:
        root: the folder of the data.
        frames_each: the largest number of frames of each model.

    Raises:
        CounterpointError: the layout is another one.
    """
    root = Path(root)
    for entry in read_json(root / "full_annotations.json"):
        try:
            scan, scene = root / "scans" / entry["id_scan"], to_matrix(from_trs(entry["trs"]))
            models = [(m, np.linalg.inv(scene) @ to_matrix(from_trs(m["trs"]))) for m in entry["aligned_models"]]
        except (KeyError, TypeError) as error:
            raise CounterpointError(f"full_annotations.json is not that of Scan2CAD ({error} is missing).") from error
        K = _numbers(scan / "intrinsic" / "intrinsic_color.txt")[:3, :3]
        frames = sorted((scan / "color").glob("*.jpg"))
        if not frames:
            raise CounterpointError(f"{scan} has no frames (color/*.jpg).")
        poses = [np.linalg.inv(_numbers(scan / "pose" / f"{frame.stem}.txt")) for frame in frames]
        height, width = load_image(frames[0]).shape[:2]
        for number, (model, in_scan) in enumerate(models):
            file = root / "shapenet" / model["catid_cad"] / model["id_cad"] / "models" / "model_normalized.obj"
            shape = load_shape(file)
            boxes = [_box(shape, from_matrix(pose @ in_scan), K, (width, height)) for pose in poses]
            areas = [0.0 if box is None else (box[2] - box[0]) * (box[3] - box[1]) for box in boxes]
            angles = 2 * np.pi * np.arange(TURNS.get(model.get("sym", ""), 1)) / TURNS.get(model.get("sym", ""), 1)
            turns = np.stack([[[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]] for a in angles])
            for index in np.argsort(areas)[::-1][:frames_each]:
                box, frame, pose = boxes[index], frames[index], poses[index]
                if box is None:
                    break
                depth = scan / "depth" / f"{frame.stem}.png"
                yield Annotated(
                    scan.name, number, model["catid_cad"], np.linalg.inv(pose), frame, K, file, from_matrix(pose @ in_scan), box,
                    depth if depth.exists() else None, turns,
                )  # fmt: skip


FRAMES = 3
"""The number of frames in which each model is aligned."""

PUBLISHED = {
    "ROCA (published)": (0.274, 0.215),
    "SPARC (published)": (0.339, 0.273),
    "FoundationPose, 9-DoF (published)": (0.257, 0.192),
    "ZeroCAD, coarse (published)": (0.260, 0.183),
    "ZeroCAD (published)": (0.301, 0.231),
}
"""Accuracies over instances and categories of ScanNet25k, from tables 1 and 3 of "Zero-Shot Inexact CAD Model Alignment
from a Single Image"
(ICCV 2025). They can be compared only with care: there objects are detected and models retrieved in every frame, here
boxes and models are given.
"""


def measure(
    root: str | Path,
    encoder: ImageEncoder,
    count: int,
    progress: Progress = silent,
    templates: TemplateSettings = TemplateSettings(),
) -> Tables:
    """Align the models and measure the errors.

    Args:
        root: the folder of the data.
        encoder: describes frames and models.
        count: the largest number of models.
        progress: is told of every alignment.
        templates: how the pictures of models are made.

    Returns:
        Two tables. The first is for single views (the frame that shows a model largest), with templates alone and
        refined with nine degrees of freedom: the parts of the models within 20 degrees, 20 cm and 20 %, and within all
        three. The second
            is for the
        refined alignments of ``FRAMES`` frames merged in their scans.

    Raises:
        CounterpointError: the layout is another one, or no frame shows a model.
    """
    found: dict[str, list[Floats]] = {"templates alone": [], "refined": []}
    placed: dict[str, list[PlacedModel]] = defaultdict(list)
    truth: dict[str, dict[int, PlacedModel]] = defaultdict(dict)
    for one in annotated(root, FRAMES):
        done = sum(map(len, truth.values()))
        first = one.number not in truth[one.scan]
        if first and done == count:
            break
        progress(done / count, f"{one.model.parent.parent.name} in {one.frame.name}")
        start, best = _aligned(one, encoder, templates)
        if first:
            middle = load_shape(one.model).center
            for name, pose in (("templates alone", start.pose), ("refined", best.pose)):
                found[name].append(alignment_errors(pose, one.truth, middle, one.symmetries))
            truth[one.scan][one.number] = _in_scan(one, one.truth)
        placed[one.scan].append(_in_scan(one, best.pose, best.score))
    if not found["refined"]:
        raise CounterpointError(f"No annotated model is shown by a frame of {root}.")
    scans = [right_ones(placed[scan], list(models.values())) for scan, models in truth.items()]
    return _tables(found, scans)


def _tables(found: dict[str, list[Floats]], scans: list[dict[str, tuple[int, int]]]) -> Tables:
    """Make the tables of errors by method and of the counts of right models in each scan."""
    single = [{"method": name, "objects": len(v)} | alignment_shares(np.stack(v)) for name, v in found.items()]
    merged = {"method": f"refined, {FRAMES} frames each", "objects": len(found["refined"]), "scans": len(scans)}
    return {
        "Scan2CAD, single view, mask cut out of the box": single,
        "Scan2CAD, frames merged in their scans": [
            merged | accuracies(scans),
            *({"method": name, "instances": a, "categories": b} for name, (a, b) in PUBLISHED.items()),
        ],
    }


def _aligned(one: Annotated, encoder: ImageEncoder, templates: TemplateSettings) -> tuple[Hypothesis, Hypothesis]:
    """Return the best pose of the templates, and the best after refining all.

    With depth the hypotheses in space compete as well.
    """
    image, side = load_image(one.frame), matchable_shape(load_shape(one.model), encoder, LiftSettings())
    depth = None if one.depth is None else _depth(one.depth, (image.shape[1], image.shape[0]))
    mask = box_mask(image, one.box)
    photo = Photo(image, matchable_image(image, encoder, one.box), one.K, mask, depth)
    scorer = PoseScorer(photo, side, encoder, "y")
    views = template_set(side.caster, encoder, templates)
    begun = initial_poses(coarse_poses(scorer, views), scorer, 9)
    return begun[0], refine(begun, scorer, FineSettings(dof=9))[0]


def _in_scan(one: Annotated, pose: Pose, score: float = 0.0) -> PlacedModel:
    return PlacedModel(one.category, from_matrix(one.to_scan @ to_matrix(pose)), one.symmetries, score)


def _numbers(path: Path) -> Floats:
    try:
        return np.loadtxt(path).reshape(4, 4)
    except (OSError, ValueError) as error:
        raise CounterpointError(f"{path} holds no 4 x 4 matrix ({error}).") from error


def _box(shape: Shape, pose: Pose, K: Floats, size: tuple[int, int]) -> Box | None:
    """Return the box around a model in a frame, or None if it is behind the camera, small or mostly outside."""
    pixels, depth = project(pose, K, shape.vertices[:: max(1, len(shape.vertices) // 3000)])
    if (depth <= 0).any():
        return None
    low, high = np.maximum(pixels.min(0), -0.5), np.minimum(pixels.max(0), np.array(size) - 0.5)
    inside = float(np.prod(np.maximum(high - low, 0)) / np.prod(np.maximum(np.ptp(pixels, axis=0), 1e-9)))
    if (high - low).min() < FEWEST_PIXELS or inside < 0.5:
        return None
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _depth(path: Path, size: tuple[int, int]) -> Floats:
    """Read depth float64 [H, W] in metres.

    It is resized to the size (width, height) of the colour frame, which shows the same view.
    """
    raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if raw is None:
        raise CounterpointError(f"{path.name} holds no depth that can be read.")
    own = load_depth(path, (raw.shape[1], raw.shape[0]))
    return np.asarray(cv2.resize(own, size, interpolation=cv2.INTER_NEAREST))
