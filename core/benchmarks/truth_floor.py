"""How far a data set's truth lies beside its own photos: below that no error to the truth says anything of a method."""

import numpy as np
from scipy.optimize import least_squares

from core.arrays import Floats
from core.benchmarks.bop_layout import TrueScene
from core.registration.drawing import Drawing, box_of, cut_window, draw
from core.registration.outlines import outline_pairs, share_alike
from core.registration.pairs import Pairs
from core.registration.patches import patch_pairs
from core.scenes.solids import load_photo

VISIBLE, ALIKE = 0.5, 0.6
"""Shares of a silhouette that posed things leave to be seen, and of that which has the colours that are drawn."""

FEWEST = 30


def beside_photos(true: TrueScene) -> Floats:
    """Of each thing that is seen well in a photo: degrees in the picture's plane and share of the distance across it, float64 [n, 2].

    Its outline and patches are looked for where the truth draws it; the turn and shift that explain them are two of the six
    numbers of its pose that one photo determines well.
    """
    found = []
    for photo in true.scene.photos:
        assert photo.camera is not None
        loaded = load_photo(photo, photo.camera)
        poses = {thing: one.pose for thing, one in true.scene.by_photo[photo.key].items()}
        for thing, pose in poses.items():
            box = box_of(true.solids[thing.object_id], pose, loaded.K)
            if box is None:
                continue
            drawing = draw(thing, poses, true.solids, cut_window(loaded, box, 192, 0.2), loaded.K)
            if drawing.seen.sum() < VISIBLE * drawing.own.sum() or share_alike(drawing) < ALIKE:
                continue
            pairs = Pairs.joined([outline_pairs(drawing, 16), patch_pairs(drawing, 6)])
            if len(pairs) >= FEWEST:
                found.append(_beside(drawing, pairs, true.solids[thing.object_id].center))
    return np.array(found).reshape(-1, 2)


def _beside(drawing: Drawing, pairs: Pairs, center: Floats) -> tuple[float, float]:
    drawn, middle = drawing.project(pairs.points), drawing.project(center[None])[0]
    arm = (drawn - middle) / drawing.K[0, 0]

    def residual(values: Floats) -> Floats:
        """Of a shift, a size and a turn, in focal lengths and radians."""
        turned = values[2] * arm + values[3] * arm[:, ::-1] * [-1, 1]
        moved = drawn + drawing.K[0, 0] * (values[:2] + turned)
        return np.asarray(np.einsum("nij,nj->ni", pairs.weight, moved - pairs.pixels).ravel())

    answer = least_squares(residual, np.zeros(4), loss="cauchy", f_scale=2.0, x_scale=0.01)
    return float(np.degrees(abs(answer.x[3]))), float(np.linalg.norm(answer.x[:2]))
