"""What the engine does about poses: finds them, scores them, draws them, reads and writes them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.engine.cache import surface_of
from app.engine.files import image_of, shape_of
from app.engine.process import Report
from app.engine.scoring import Judge, camera_of_task, candidates_of, judge_of
from app.shared.results import Begun, Drawn, PoseSoFar
from app.shared.values import AlignTask, Correspondence2D3D, Guide, Item, PoseInPhoto, RigCamera
from core.alignment import kept
from core.alignment.align import align_from, align_hypotheses, notes
from core.alignment.coarse import facing
from core.alignment.correspondences import Correspondences2D3D
from core.alignment.field_of_view import estimate_field_of_view
from core.alignment.fine import FineSettings
from core.alignment.overlay import shaded
from core.alignment.photo import undistorted_correspondences
from core.alignment.rig import carried, load_rig
from core.alignment.scorer import Hypothesis
from core.alignment.seek import around_pose
from core.alignment.start import check_start
from core.alignment.trust import judged
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import Pose, camera_matrix
from core.images import load_depth
from core.interchange.cameras import fitted, load_camera
from core.interchange.lying import say_written_upright
from core.interchange.poses import View, load_entry, save_view
from core.notices import warn
from core.progress import Progress, span
from core.units import unit_of

STRIDE = 5
"""Steps of the descent between two poses that the window shows."""


def align_shape(progress: Report, task: AlignTask, dof: int, locked: frozenset[str]) -> Begun:
    """The poses that ``counterpoint align`` finds.

    A :class:`PoseSoFar` of the likeliest is told while it gets better.
    """
    judge = judge_of(task, dof, span(progress, 0.0, 0.5))
    candidates = candidates_of(judge, span(progress, 0.5, 0.7))
    found, fine = _begun(judge), FineSettings(dof=dof, locked=locked)

    def watch(step: int, poses: list[Pose]) -> None:
        progress(0.7 + 0.25 * step / fine.steps, "Making the pose exact")
        if step % STRIDE == 0:
            progress.tell(PoseSoFar(found.K, found.lens, PoseInPhoto.of(poses[0])))

    hypotheses = align_hypotheses(candidates, judge.scorer, fine, watch).hypotheses
    for note in notes(judge.scorer.photo, judge.scorer.shape.shape, hypotheses[0]):
        warn(note)
    found.poses = _plain(hypotheses)
    return found


def search_poses(progress: Report, task: AlignTask) -> Guide:
    """The poses that ``counterpoint match`` looks for, which guide what is matched.

    Without a box it is told first where the object was taken to be, and then where the best pose puts it.
    """
    judge = judge_of(replace(task, depth=""), 6, span(progress, 0.0, 0.5))
    if judge.place is not None:
        progress.tell(judge.place)
    fine = FineSettings()

    def watch(step: int, _: list[Pose]) -> None:
        progress(0.7 + 0.3 * step / fine.steps, "Making the pose exact")

    hypotheses = kept.search(judge.scorer, lambda: candidates_of(judge, span(progress, 0.5, 0.7)), watch)
    if judge.place is not None:
        progress.tell(around_pose(judge.place, hypotheses, camera_of_task(judge.task), judge.scorer.shape))
    found = _begun(judge, hypotheses)
    return found.K, found.lens, tuple(found.poses)


def place_pose(progress: Progress, task: AlignTask, path: str = "") -> Begun:
    """A pose to go on from by hand: the front of the shape in the box, or what the file ``path`` says."""
    shape, start = shape_of(task.shape), None
    if path:
        entry = load_entry(path, task.image.path, task.shape.name, unit_of(task.shape.path, shape.diagonal))
        start, known = entry.pose, entry.camera
        if known is not None and not (task.K or task.camera or task.fov):
            height, width = image_of(task.image).shape[:2]
            known = fitted(known, (width, height), Path(path).name)
            task = replace(task, K=_numbers(known.K), lens=known.lens)
    judge = judge_of(replace(task, depth=""), 6, progress)
    if start is not None:
        check_start(start, judge.flat.K, judge.flat.size, shape, Path(path).name, judge.scorer.photo.mask)
    return _begun(judge, judged(judge.scorer([start or facing(judge.scorer)]), judge.scorer))


def score_pose(progress: Progress, task: AlignTask, pose: PoseInPhoto) -> PoseInPhoto:
    """The same pose with what the picture thinks of it."""
    judge = judge_of(replace(task, depth=""), 6, progress)
    return _plain(judged(judge.scorer([pose.pose()]), judge.scorer))[0]


def solve_pairs(
    progress: Progress,
    task: AlignTask,
    pairs: tuple[Correspondence2D3D, ...],
    start: PoseInPhoto | None,
    dof: int,
    locked: frozenset[str],
) -> Begun:
    """Poses that the pairs allow, the best first; what is locked stays as in ``start``."""
    judge = judge_of(task, dof, progress)
    given = Correspondences2D3D(np.array([pair.pixel for pair in pairs]), np.array([pair.point for pair in pairs]))
    correspondences = undistorted_correspondences(given, judge.flat)
    settings = FineSettings(steps=30, dof=dof, locked=locked)
    held = start.pose() if start is not None and locked else None
    return _begun(judge, align_from(judge.scorer, settings, None, held, correspondences).hypotheses)


def estimate_camera(progress: Progress, task: AlignTask, poses: list[PoseInPhoto], dof: int) -> tuple[float, Begun]:
    """The field of view in degrees, and the poses made exact with it."""
    judge = judge_of(replace(task, lens=None, depth=""), 6, span(progress, 0.0, 0.1))
    starts, settings = judge.scorer([one.pose() for one in poses]), FineSettings(dof=dof)
    field, other, found = estimate_field_of_view(starts, judge.scorer, settings, span(progress, 0.1, 1.0))
    begun = _begun(judge, judged(found, other))
    begun.K = _numbers(other.K)
    return field, begun


def read_camera(progress: Progress, path: str, image: Item | None = None) -> None:
    """Whether a file says a camera, that of a photo where one is open."""
    if image is None:
        load_camera(path)
    else:
        height, width = image_of(image).shape[:2]
        load_camera(path, (width, height), image.path)


def read_depth(progress: Progress, path: str, image: Item) -> None:
    """Whether a file holds depth for a photo."""
    height, width = image_of(image).shape[:2]
    load_depth(path, (width, height))


def read_rig(progress: Progress, path: str) -> tuple[RigCamera, ...]:
    """The cameras of a rig."""
    return tuple(_rig_camera(name, view) for name, view in load_rig(path).items())


def carry_poses(
    progress: Progress, tasks: list[AlignTask], cameras: list[RigCamera], poses: list[PoseInPhoto]
) -> list[Begun]:
    """Poses of the first photo in all photos of a rig, in one order.

    First comes the first one, then the others as the photos think of them together.
    """
    found = []
    for number, (task, camera) in enumerate(zip(tasks, cameras, strict=True)):
        step = span(progress, number / len(tasks), (number + 1) / len(tasks))
        judge = judge_of(replace(task, depth=""), 6, step)
        poses_there = [carried(pose.pose(), _view(cameras[0]), _view(camera)) for pose in poses]
        found.append(_begun(judge, judged(judge.scorer(poses_there), judge.scorer)))
    together = np.prod([[max(pose.score, 1e-6) for pose in begun.poses] for begun in found], axis=0)
    order = [0, *(1 + np.argsort(-together[1:], kind="stable"))]
    for begun in found:
        begun.poses = [begun.poses[index] for index in order]
    return found


def save_pose(
    progress: Progress,
    path: str,
    file_format: str | None,
    image: Item,
    shape: Item,
    K: tuple[float, ...],
    pose: PoseInPhoto,
    lens: Lens | None = None,
) -> str:
    """Write a pose as :func:`core.interchange.poses.save_view` does; returns the path."""
    height, width = image_of(image).shape[:2]
    unit, name = unit_of(shape.path, shape_of(shape).diagonal), Path(shape.path).name
    say_written_upright([image.path], Path(path).name)
    save_view(path, View(image.name, (width, height), camera_matrix(*K), pose.pose(), lens, name, unit), file_format)
    return path


def draw_pose(
    progress: Progress,
    image: Item,
    shape: Item,
    K: tuple[float, ...],
    pose: PoseInPhoto,
    style: Any = "own",
    most: int = 480,
    lens: Lens | None = None,
) -> Drawn:
    """The shape as its pose puts it, where it appears, ``most`` pixels of its own along the longer side."""
    photo = image_of(image)
    camera = PhotoCamera(camera_matrix(*K), (photo.shape[1], photo.shape[0]), lens)
    rgba, box = shaded(surface_of(shape)[1], pose.pose(), camera, style, most, photo)
    return Drawn(rgba, box)


def _numbers(K: npt.NDArray[np.floating]) -> tuple[float, float, float, float]:
    return (float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2]))


def _begun(judge: Judge, found: Sequence[Hypothesis] = ()) -> Begun:
    assert judge.task.K is not None and judge.task.mask is not None
    fx, fy, cx, cy = judge.task.K
    return Begun(_plain(found), judge.task.mask, (fx, fy, cx, cy), judge.task.lens)


def _plain(found: Sequence[Hypothesis]) -> list[PoseInPhoto]:
    """Hypotheses as the document keeps them."""
    return [
        PoseInPhoto.of(one.pose, one.score, one.similarity, one.overlap, sure=one.probability, reasons=one.reasons)
        for one in found
    ]


def _rig_camera(name: str, view: View) -> RigCamera:
    R, t = view.pose.R.ravel().tolist(), view.pose.t.ravel().tolist()
    return RigCamera(name, view.size, _numbers(view.K), tuple(R), tuple(t), view.lens)


def _view(camera: RigCamera) -> View:
    pose = Pose(np.reshape(camera.R, (3, 3)), np.array(camera.t))
    return View(camera.name, camera.size, camera_matrix(*camera.K), pose, camera.lens)
