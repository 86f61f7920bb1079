"""Where things are that are far from where they are drawn: places and turns are tried, in all photos together.

What looks like a thing in one photo alone does not mislead: a place in the world counts by the sum of what all photos say of it.
In each, the thing's silhouette is moved over the window (:mod:`core.registration.shifting`), and its outline over edges of the
same direction (Hinterstoisser et al., "Gradient Response Maps for Real-Time Detection of Textureless Objects", PAMI 2012).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from core.arrays import Floats
from core.geometry.pose import Pose, project
from core.registration.descent import SceneViews, composed
from core.registration.drawing import Drawing, box_of, cut_window, draw
from core.registration.outlines import histogram, outline
from core.registration.shifting import Part, colour_score, part_of
from core.registration.things import InstanceKey

SIDE = 96
"""Of the windows in pixels."""

FEWEST = 40
"""Pixels of a thing that must be seen, for a photo to say anything."""

DIRECTIONS = 6
"""Of edges, in half a turn."""

WEAK = 3.0
"""Change of colour from one pixel to the next (CIE 1976) that is half an edge."""

EDGES = 2.0
"""How much edges count beside colours."""

FAR = 0.5
"""What a photo's agreement with a place a diagonal away loses."""

NOWHERE = -0.5
"""What a photo says of places where the thing does not lie in its window."""

LIGHT, OTHER = np.array([0.4, 1, 1], np.float32), 25.0
"""Colours that differ by more (CIE 1976, lightness by less) are of something else, whatever the light."""

DISTINCT = 0.15
"""Diagonals between places that are followed beside each other."""


@dataclass(frozen=True)
class Trial:
    """Which poses are tried around each that there is.

    Attributes:
        reach: how far away, in diagonals of the thing, and in how many ``steps`` to each side.
        margin: of the windows around its box, as a fraction of that.
        turn: by how many degrees it is turned about each axis, to both sides; 0 for not at all.
        keep: how many poses are followed from there.
    """

    reach: float
    steps: int
    margin: float
    turn: float
    keep: int


TRIALS = (
    Trial(0.6, 14, 1.0, 0, 4),
    Trial(0.3, 10, 0.6, 12, 3),
    Trial(0.15, 6, 0.3, 8, 2),
    Trial(0.08, 5, 0.15, 5, 1),
)
HERE = Trial(0, 0, 0.15, 0, 1)


@dataclass(frozen=True)
class Photos:
    """What is looked at.

    Attributes:
        views: photos and what they show.
        cameras: of the photos in the world.
        hiding: poses in photos of further things, which only hide.
    """

    views: SceneViews
    cameras: Mapping[str, Pose]
    hiding: Mapping[str, Mapping[InstanceKey, Pose]]

    def agreement(self, thing: InstanceKey, objects: Mapping[InstanceKey, Pose]) -> float:
        """How well all photos agree with the pose of a thing, among the others."""
        return self._look(thing, objects, HERE)[0][1]

    def placed(self, objects: Mapping[InstanceKey, Pose]) -> dict[InstanceKey, Pose]:
        """Return poses in the world near which the photos show things, from those to begin with.

        Each is looked for by itself first, as those that may hide it are not yet where they belong.
        """
        followed = {thing: [pose] for thing, pose in objects.items()}
        for number, trial in enumerate(TRIALS):
            best = {thing: poses[0] for thing, poses in followed.items()} if number else {}
            followed = {thing: self._followed(thing, poses, best, trial) for thing, poses in followed.items()}
        return {thing: poses[0] for thing, poses in followed.items()}

    def _followed(
        self, thing: InstanceKey, poses: Sequence[Pose], others: Mapping[InstanceKey, Pose], trial: Trial
    ) -> list[Pose]:
        center = self.views.solids[thing.object_id].center
        axes = np.concatenate([np.zeros((1, 3)), np.eye(3), -np.eye(3)])[: 7 if trial.turn else 1]
        found: list[tuple[Pose, float]] = []
        for pose in poses:
            turned = [_turned(pose, center, np.radians(trial.turn) * axis) for axis in axes]
            some = [self._look(thing, {**others, thing: one}, trial) for one in turned]
            found += some[int(np.argmax([places[0][1] for places in some]))]
        return [pose for pose, _ in sorted(found, key=lambda one: -one[1])[: trial.keep]]

    def _look(self, thing: InstanceKey, objects: Mapping[InstanceKey, Pose], trial: Trial) -> list[tuple[Pose, float]]:
        """The best places of a thing as it is turned, and how well the photos agree there; several if only places are tried."""
        solid, pose = self.views.solids[thing.object_id], objects[thing]
        steps = np.linspace(-trial.reach, trial.reach, 2 * trial.steps + 1) if trial.steps else np.zeros(1)
        moves = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
        moves = moves[np.linalg.norm(moves, axis=1) <= trial.reach]
        drawings = self._drawings(thing, objects, trial.margin)
        colours = _common(list(drawings.values()))
        total = np.zeros(len(moves))
        for key, drawing in drawings.items():
            part, middle = part_of(drawing), pose(solid.center)
            score = EDGES * _edge_score(drawing, part)
            if drawing.lab is not None:
                score = score + colour_score(drawing, part, colours)
            pixels = project(self.cameras[key], drawing.K, middle + solid.size * np.vstack([np.zeros((1, 3)), moves]))[
                0
            ]
            at = (pixels[1:] - pixels[0]) / drawing.window.step + [part[1].start, part[0].start]
            total += map_coordinates(score, at[:, ::-1].T, order=1, mode="constant", cval=NOWHERE)
            total -= FAR * (moves**2).sum(1)
        best: list[int] = []
        for number in np.argsort(-total):
            if all(np.linalg.norm(moves[number] - moves[one]) > DISTINCT for one in best):
                best.append(int(number))
            if len(best) == (1 if trial.turn else trial.keep):
                break
        return [(Pose(pose.R, pose.t + solid.size * moves[one], pose.s), float(total[one])) for one in best]

    def _drawings(self, thing: InstanceKey, objects: Mapping[InstanceKey, Pose], margin: float) -> dict[str, Drawing]:
        """The thing in each photo that shows enough of it."""
        found, solids = {}, self.views.solids
        for key, shown in self.views.shown.items():
            if thing not in shown:
                continue
            photo, camera = self.views.photos[key], self.cameras[key]
            poses = {other: composed(camera, pose) for other, pose in objects.items()} | dict(self.hiding.get(key, {}))
            box = box_of(solids[thing.object_id], poses[thing], photo.K)
            height, width = photo.pixels.shape[:2]
            if box is None or (box[:2] > [width, height]).any() or (box[2:] < 0).any():
                continue
            drawing = draw(thing, poses, solids, cut_window(photo, box, SIDE, margin), photo.K)
            if drawing.seen.sum() >= FEWEST:
                found[key] = drawing
        return found


def _turned(pose: Pose, center: Floats, turn: Floats) -> Pose:
    R = Rotation.from_rotvec(turn).as_matrix() @ pose.R
    return Pose(R, pose(center) - R @ (np.asarray(pose.s) * center), pose.s)


def _common(drawings: Sequence[Drawing]) -> Floats | None:
    """How frequent colours are in most photos where the thing is drawn; what hides it or lies behind it differs. None of none.

    They are not too far from those that are drawn: else a car on an egg box would be as good an egg box.
    """
    colours = []
    for drawing in drawings:
        own = drawing.seen
        if drawing.lab is not None:
            apart = (drawing.window.lab - drawing.lab) * LIGHT
            own = own & (np.linalg.norm(apart, axis=-1) < OTHER)
        colours.append(histogram(drawing.window.lab[own]))
    if not colours:
        return None
    common = np.median(colours, axis=0) if len(colours) > 2 else np.mean(colours, axis=0)
    return np.asarray(common / max(float(common.sum()), 1e-6))


def _edge_score(drawing: Drawing, part: Part) -> Floats:
    """Which share of the outline lies on edges of its direction, at every shift of a part of the window [h, w]."""
    at, normal, _ = outline(drawing, drawing.seen)
    lab = cv2.GaussianBlur(drawing.window.lab * np.array([0.5, 1, 1], np.float32), (0, 0), 0.8)
    slope = np.stack([cv2.Sobel(lab, cv2.CV_32F, 1, 0), cv2.Sobel(lab, cv2.CV_32F, 0, 1)], axis=-1) / 8
    steepest = (slope**2).sum(-1).argmax(-1)
    across, down = np.moveaxis(np.take_along_axis(slope, steepest[..., None, None], axis=2)[..., 0, :], -1, 0)
    strength = np.hypot(across, down) + 1e-6
    kind = (np.arctan2(normal[:, 1], normal[:, 0]) % np.pi // (np.pi / DIRECTIONS)).astype(int) % DIRECTIONS
    place = np.rint(at).astype(int) - [part[1].start, part[0].start]
    height, width = part[0].stop - part[0].start, part[1].stop - part[1].start
    score: Floats = np.zeros(np.array(strength.shape) - [height, width] + 1, np.float32)
    for direction in range(DIRECTIONS):
        middle = (direction + 0.5) * np.pi / DIRECTIONS
        along = (across * np.float32(np.cos(middle)) + down * np.float32(np.sin(middle))) / strength
        along *= along
        edge = cv2.dilate(strength / (strength + WEAK) * along * along, np.ones((3, 3), np.uint8))
        points = np.zeros((height, width), np.float32)
        mine = place[kind == direction]
        np.add.at(points, (mine[:, 1], mine[:, 0]), 1 / max(len(at), 8))
        score = score + cv2.matchTemplate(edge, points, cv2.TM_CCORR)
    return score
