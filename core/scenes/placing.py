"""Where things are that are far from where they are drawn: places and turns are tried, in all photos together.

What looks like a thing in one photo alone does not mislead: a place in the world counts by the sum of what all photos say of it.
In each, the thing's silhouette is moved over the window (:mod:`core.scenes.shifting`), and its outline over edges of the
same direction (Hinterstoisser et al., "Gradient Response Maps for Real-Time Detection of Textureless Objects", PAMI 2012).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from core.geometry.pose import Pose, project
from core.scenes.descent import SceneViews, composed
from core.scenes.drawing import Drawing, box_of, cut_window, draw
from core.scenes.outlines import histogram, outline
from core.scenes.scene import InstanceKey
from core.scenes.shifting import Part, colour_score, part_of

Floats = npt.NDArray[np.floating]
Hiding = Mapping[str, Mapping[InstanceKey, Pose]]

SIDE = 96
"""Of the windows in pixels."""

FEWEST = 40
"""Pixels of a thing that must be seen, for a photo to say anything."""

DIRECTIONS = 6
"""Of edges, in half a turn."""

WEAK = 3.0
"""Change of colour from one pixel to the next (CIE 1976) that is half an edge."""

EDGES, FAR = 2.0, 0.2
"""How much edges count beside colours, and what a place at the end of the reach loses."""

NOWHERE = -0.5
"""What a photo says of places where the thing does not lie in its window."""


@dataclass(frozen=True)
class Trial:
    """Which poses are tried around the one there is.

    Attributes:
        reach: how far away, in diagonals of the thing, and in how many ``steps`` to each side.
        margin: of the windows around its box, as a fraction of that.
        turn: by how many degrees it is turned about each axis, to both sides; 0 for not at all.
    """

    reach: float
    steps: int
    margin: float
    turn: float


TRIALS = (Trial(0.6, 14, 1.0, 0), Trial(0.6, 14, 1.0, 12), Trial(0.3, 10, 0.6, 8), Trial(0.3, 10, 0.6, 5))


def placed(
    views: SceneViews,
    objects: Mapping[InstanceKey, Pose],
    cameras: Mapping[str, Pose],
    hiding: Hiding,
    trials: Sequence[Trial] = TRIALS,
) -> dict[InstanceKey, Pose]:
    """Return poses in the world near which the photos show things.

    Args:
        views: photos and what they show.
        objects: poses in the world to begin with.
        cameras: of the photos.
        hiding: poses in photos of further things, which only hide.
        trials: what is tried, one after the other.
    """
    now = dict(objects)
    for trial in trials:
        now = {thing: _best(views, thing, now, cameras, hiding, trial) for thing in now}
    return now


def agreement(
    views: SceneViews,
    thing: InstanceKey,
    objects: Mapping[InstanceKey, Pose],
    cameras: Mapping[str, Pose],
    hiding: Hiding,
) -> float:
    """How well all photos agree with the pose of a thing, among others."""
    return _look(views, thing, objects, cameras, hiding, Trial(0, 0, 0.6, 0))[1]


def _best(
    views: SceneViews,
    thing: InstanceKey,
    objects: Mapping[InstanceKey, Pose],
    cameras: Mapping[str, Pose],
    hiding: Hiding,
    trial: Trial,
) -> Pose:
    axes = np.concatenate([np.zeros((1, 3)), np.eye(3), -np.eye(3)])[: 7 if trial.turn else 1]
    center = views.solids[thing.object_id].center
    turned = [_turned(objects[thing], center, np.radians(trial.turn) * axis) for axis in axes]
    found = [_look(views, thing, {**objects, thing: pose}, cameras, hiding, trial) for pose in turned]
    return max(found, key=lambda one: one[1])[0]


def _turned(pose: Pose, center: Floats, turn: Floats) -> Pose:
    R = Rotation.from_rotvec(turn).as_matrix() @ pose.R
    return Pose(R, pose(center) - R @ (np.asarray(pose.s) * center), pose.s)


def _look(
    views: SceneViews,
    thing: InstanceKey,
    objects: Mapping[InstanceKey, Pose],
    cameras: Mapping[str, Pose],
    hiding: Hiding,
    trial: Trial,
) -> tuple[Pose, float]:
    """The best place of a thing as it is turned, and how well the photos agree there."""
    solid, pose = views.solids[thing.object_id], objects[thing]
    steps = np.linspace(-1, 1, 2 * trial.steps + 1) if trial.steps else np.zeros(1)
    ways = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    ways = ways[np.linalg.norm(ways, axis=1) <= 1]
    moves = trial.reach * solid.size * ways
    drawings = _drawings(views, thing, objects, cameras, hiding, trial.margin)
    colours = _common(list(drawings.values()))
    total = np.zeros(len(moves))
    for key, drawing in drawings.items():
        part = part_of(drawing)
        score = EDGES * _edge_score(drawing, part)
        if drawing.lab is not None:
            score = score + colour_score(drawing, part, colours)
        middle = cameras[key](pose(solid.center))
        pixels = project(Pose(np.eye(3), middle), drawing.K, moves @ cameras[key].R.T)[0]
        start = project(Pose(np.eye(3), middle), drawing.K, np.zeros((1, 3)))[0]
        at = (pixels - start) / drawing.window.step + [part[1].start, part[0].start]
        total += map_coordinates(score, at[:, ::-1].T, order=1, mode="constant", cval=NOWHERE)
        total -= FAR * (ways**2).sum(1)
    best = int(total.argmax())
    return Pose(pose.R, pose.t + moves[best], pose.s), float(total[best])


def _drawings(
    views: SceneViews,
    thing: InstanceKey,
    objects: Mapping[InstanceKey, Pose],
    cameras: Mapping[str, Pose],
    hiding: Hiding,
    margin: float,
) -> dict[str, Drawing]:
    """The thing in each photo that shows enough of it."""
    found = {}
    for key, shown in views.shown.items():
        photo = views.photos[key]
        poses = {other: composed(cameras[key], pose) for other, pose in objects.items()} | dict(hiding.get(key, {}))
        box = box_of(views.solids[thing.object_id], poses[thing], photo.K) if thing in shown else None
        height, width = photo.pixels.shape[:2]
        if box is None or (box[:2] > [width, height]).any() or (box[2:] < 0).any():
            continue
        drawing = draw(thing, poses, views.solids, cut_window(photo, box, SIDE, margin), photo.K)
        if drawing.seen.sum() >= FEWEST:
            found[key] = drawing
    return found


def _common(drawings: Sequence[Drawing]) -> Floats | None:
    """How frequent colours are in most photos where the thing is drawn; what hides it or lies behind it differs. None of none."""
    if not drawings:
        return None
    colours = np.array([histogram(drawing.window.lab[drawing.seen]) for drawing in drawings])
    common = np.median(colours, axis=0) if len(colours) > 2 else colours.mean(axis=0)
    return np.asarray(common / max(float(common.sum()), 1e-6))


def _edge_score(drawing: Drawing, part: Part) -> Floats:
    """Which share of the outline lies on edges of its direction, at every shift of a part of the window [h, w]."""
    at, normal, _ = outline(drawing, drawing.seen)
    lab = cv2.GaussianBlur(drawing.window.lab * np.array([0.5, 1, 1], np.float32), (0, 0), 0.8)
    slope = np.stack([cv2.Sobel(lab, cv2.CV_32F, 1, 0), cv2.Sobel(lab, cv2.CV_32F, 0, 1)], axis=-1) / 8
    steepest = (slope**2).sum(-1).argmax(-1)
    across, down = np.moveaxis(np.take_along_axis(slope, steepest[..., None, None], axis=2)[..., 0, :], -1, 0)
    strength, angle = np.hypot(across, down), np.arctan2(down, across)
    kind = (np.arctan2(normal[:, 1], normal[:, 0]) % np.pi // (np.pi / DIRECTIONS)).astype(int) % DIRECTIONS
    place = np.rint(at).astype(int) - [part[1].start, part[0].start]
    height, width = part[0].stop - part[0].start, part[1].stop - part[1].start
    score: Floats = np.zeros(np.array(strength.shape) - [height, width] + 1, np.float32)
    for direction in range(DIRECTIONS):
        middle = (direction + 0.5) * np.pi / DIRECTIONS
        edge = strength / (strength + WEAK) * np.cos(angle - middle) ** 4
        edge = cv2.dilate(edge.astype(np.float32), np.ones((3, 3), np.uint8))
        points = np.zeros((height, width), np.float32)
        mine = place[kind == direction]
        np.add.at(points, (mine[:, 1], mine[:, 0]), 1 / max(len(at), 8))
        score = score + cv2.matchTemplate(edge, points, cv2.TM_CCORR)
    return score
