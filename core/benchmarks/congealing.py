"""Congealing of photo collections: errors of the poses, and pixels of one photo found in another.

Poses as in table 1 of 3D Congealing: errors of rotation and translation, raw where the canonical shape is that of the
truth, and after one similarity (Procrustes) for the whole collection. Pixels as in table 2: PCK@0.1, beside the nearest
neighbour in 2D by the same descriptors.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from core.alignment.photo import photo_of
from core.arrays import Floats
from core.benchmarks import pixels
from core.benchmarks.photo_collections import Collection, Shot, collections_of
from core.benchmarks.report import Row, Tables
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.spair import measure as measure_spair
from core.benchmarks.tasks import TASKS, parse_data
from core.congealing.collection import Congealed, OpenedPhoto, canonical_shape, congeal
from core.congealing.posed_photos import PosedPhoto
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import load_encoder
from core.errors import CounterpointError
from core.geometry.pixel_grid import random_pixels
from core.geometry.pose import Pose, nearest_rotation, rotation_error
from core.geometry.sampling import sample_surface
from core.geometry.shape import Shape
from core.geometry.viewpoints import UP_AXES
from core.parts.segmenters import box_mask
from core.progress import Progress, silent, span

STEP = 15
"""Degrees between the rotations that are tried as symmetries."""

NEAR = 0.015
"""Diagonals within which the samples of a shape must be to the turned one."""


PAIRS, PIXELS = 40, 20


@dataclass
class CollectionErrors:
    """The errors of poses.

    Attributes:
        rotation: in degrees.
        translation: as fractions of the distance from the camera.
        aligned: of rotation after Procrustes, in degrees.
        inlier: whether the photo was taken for an inlier.
    """

    rotation: list[float] = field(default_factory=list)
    translation: list[float] = field(default_factory=list)
    aligned: list[float] = field(default_factory=list)
    inlier: list[bool] = field(default_factory=list)


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> Tables:
    """Tables of poses and of pixels, with true masks and with those cut out of the true boxes.

    Args:
        settings: ``data`` is "bop:PATH", "navi:PATH", "procedural" (one object each), "procedural-category" (other
            objects of the category), or "spair:PATH" (pixels only, its masks). ``count`` procedural collections, or
            categories of SPair-71k; ``photos`` at most in each.
        progress: told of every step.

    Raises:
        CounterpointError: no such encoder or data.
    """
    kind, place = parse_data(settings.data, TASKS["congealing"].data)
    encoder = load_encoder(settings.encoder)
    if kind == "spair":
        return measure_spair(place, encoder, settings.count, settings.photos, progress)
    read = collections_of(kind, place, settings.count, settings.photos)
    tables: Tables = {}
    for number, true_mask in enumerate((True, False)):
        where = "true mask" if true_mask else "mask cut out of the box"
        stages, note = {"each photo alone": CollectionErrors(), "together": CollectionErrors()}, pixels.PixelErrors()
        for collection in read():
            if len(collection.shots) < 3:
                continue
            part = span(progress, number / 2, (number + 1) / 2)
            part(0.5, f"{where}: {collection.name}")
            found, used = posed(collection, encoder, true_mask)
            turns = (
                collection.symmetries if len(collection.symmetries) > 1 else symmetries(collection.shape, collection.up)
            )
            alone = [replace(one, choice=0) for one in found.alone]
            for name, members in (("each photo alone", alone), ("together", found.congealed.members)):
                _note(stages[name], members, used, turns, collection.shape)
            _match(note, found.congealed, used)
        tables[f"poses, {where}"] = [_row(name, errors) for name, errors in stages.items()]
        tables[f"pixels (PCK@0.1), {where}"] = pixels.rows(note)
    return tables


@dataclass
class Both:
    """A collection posed in two ways.

    Attributes:
        alone: each photo posed by itself.
        congealed: all photos together.
    """

    alone: list[PosedPhoto]
    congealed: Congealed


def posed(collection: Collection, encoder: ImageEncoder, true_mask: bool) -> tuple[Both, list[Shot]]:
    """Congeal a collection.

    Args:
        collection: the photos and their truth.
        encoder: describes them.
        true_mask: whether the true masks are used; otherwise masks are cut out of the true boxes.

    Returns:
        The collection, and the shots that could be posed.
    """
    canon = canonical_shape(collection.shape, encoder, collection.up)
    opened, shots = [], {}
    for shot in collection.shots:
        try:
            mask = shot.visible if true_mask else box_mask(shot.image, shot.box)
            photo = photo_of(shot.image, encoder, shot.K, None, mask, shot.name)
        except CounterpointError:
            continue
        opened.append(OpenedPhoto(shot.name, photo))
        shots[shot.name] = shot
    alone: list[PosedPhoto] = []
    found = congeal(opened, canon, posed=lambda _, one: alone.append(one))
    return Both(alone, found), [shots[name] for name in found.names]


def symmetries(shape: Shape, up: str) -> Floats:
    """Find the rotations about the up axis that leave a shape as it is.

    Args:
        shape: the shape.
        up: the axis of its file that points up.

    Returns:
        float64 [n, 3, 3], the identity first.
    """
    points = sample_surface(shape, 3000).position
    axis, tree = np.array(UP_AXES[up], np.float64), cKDTree(sample_surface(shape, 20_000, seed=1).position)
    found = [np.eye(3)]
    for degrees in range(STEP, 360, STEP):
        turn = Rotation.from_rotvec(np.radians(degrees) * axis).as_matrix()
        if float(np.quantile(tree.query(points @ turn.T)[0], 0.95)) < NEAR:
            found.append(turn)
    return np.stack(found)


def procrustes(found: list[Pose], truth: list[Pose]) -> Floats:
    """Return the rotation float64 [3, 3] of the canonical frame that fits found rotations best.

    It brings them nearest to the true ones (reweighted L1).
    """
    turns = np.stack([one.R.T @ true.R for one, true in zip(found, truth, strict=True)])
    weight: Floats = np.ones(len(turns))
    mean: Floats = np.eye(3)
    for _ in range(20):
        mean = nearest_rotation(np.einsum("n,nij->ij", weight, turns))
        if np.linalg.det(mean) < 0:
            U, _, V = np.linalg.svd(mean)
            mean = U @ np.diag([1.0, 1, -1]) @ V
        angles = np.array([rotation_error(mean, turn) for turn in turns])
        weight = 1 / np.maximum(angles, 1.0)
    return mean


def _note(errors: CollectionErrors, members: list[PosedPhoto], shots: list[Shot], turns: Floats, shape: Shape) -> None:
    gauge = procrustes([one.best.pose for one in members], [shot.truth for shot in shots])
    for one, shot in zip(members, shots, strict=True):
        pose, truth = one.best.pose, shot.truth
        errors.rotation.append(rotation_error(pose.R, truth.R, turns))
        errors.aligned.append(rotation_error(pose.R @ gauge, truth.R, turns))
        errors.translation.append(_apart(pose, truth, shape))
        errors.inlier.append(one.inlier)


def _apart(pose: Pose, truth: Pose, shape: Shape) -> float:
    """Return the distance between the shape's middles at both poses, as a fraction of that from the camera.

    If the truth has scales of its own, which leave the depth of a rigid pose open, the distance is measured across the
    view.
    """
    middle, true = pose(shape.center), truth(shape.center)
    if np.abs(np.asarray(truth.s) - 1).max() > 1e-6:
        middle = middle * (true[2] / middle[2])
    return float(np.linalg.norm(middle - true) / np.linalg.norm(true))


def _row(name: str, errors: CollectionErrors) -> Row:
    rotation, inlier = np.array(errors.rotation), np.array(errors.inlier)
    return {
        "method": name,
        "photos": len(rotation),
        "rot median": float(np.median(rotation)),
        "rot < 30": float(np.mean(rotation < 30)),
        "rot < 15": float(np.mean(rotation < 15)),
        "Procrustes median": float(np.median(errors.aligned)),
        "trans median": float(np.median(errors.translation)),
        "outliers": int((~inlier).sum()),
        "inliers < 30": float(np.mean(rotation[inlier] < 30)) if inlier.any() else float("nan"),
    }


def _match(note: pixels.PixelErrors, found: Congealed, shots: list[Shot]) -> None:
    """Match random pixels of random pairs of photos."""
    rng = np.random.default_rng(len(note.angle))
    matcher = pixels.Matcher(found)
    for _ in range(PAIRS):
        a, b = rng.choice(len(shots), 2, replace=False)
        known = shots[a].visible & np.isfinite(shots[a].place).all(-1)
        if not known.any():
            continue
        asked = random_pixels(known, 4 * PIXELS, rng)
        truth, shown = shots[a].counterparts(asked, shots[b])
        asked, truth = asked[shown][:PIXELS], truth[shown][:PIXELS]
        if len(asked):
            x0, y0, x1, y1 = shots[b].box
            matcher(a, b, asked, truth, 0.1 * max(x1 - x0, y1 - y0), _between(shots[a], shots[b]), note)


def _between(a: Shot, b: Shot) -> float:
    """Return the angle between the viewing directions of two photos, in degrees."""
    one, other = (-(shot.truth.R.T @ (shot.truth.t / np.linalg.norm(shot.truth.t))) for shot in (a, b))
    return float(np.degrees(np.arccos(np.clip(one @ other, -1, 1))))
