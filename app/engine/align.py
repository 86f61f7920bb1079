"""What the engine does about poses: finds them, scores them, draws them, reads and writes them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from app.engine.cache import encoder_of, image_of, segmenter_of, shape_of, side_of, surface_of, templates_of
from app.engine.process import Report
from app.shared.results import Begun, Drawn, PoseSoFar
from app.shared.values import AlignTask, Item, Pair, PoseInPhoto, RigCamera
from core.alignment.align import align, align_from, check, looks_mirrored
from core.alignment.coarse import facing
from core.alignment.field_of_view import estimate_field_of_view
from core.alignment.fine import FineSettings
from core.alignment.overlay import shaded
from core.alignment.pins import Pins
from core.alignment.rig import carried, load_rig
from core.alignment.scorer import Photo, PoseScorer
from core.geometry.pose import Pose, camera_matrix, intrinsics
from core.images import field_of_view, load_depth
from core.interchange.poses import View, load_intrinsics, load_pose, save_view
from core.parts.layers import Mask
from core.parts.prompts import Prompts
from core.progress import Progress, silent, span

STRIDE = 5
"""Steps of the descent between two poses that the window shows."""


def align_shape(progress: Report, task: AlignTask, dof: int, locked: frozenset[str]) -> Begun:
    """The poses that ``counterpoint align`` finds; a :class:`PoseSoFar` of the likeliest is told while it gets better."""
    scorer, found = _begin(span(progress, 0.0, 0.5), task)
    templates = templates_of(task.shape, task.encoder, span(progress, 0.5, 0.7))
    fine = FineSettings(dof=dof, locked=locked)
    progress(0.7, "Comparing views of the shape with the photo")

    def watch(step: int, poses: list[Pose]) -> None:
        progress(0.75 + 0.2 * step / fine.steps, "Making the pose exact")
        if step % STRIDE == 0:
            progress.tell(PoseSoFar(found.K, PoseInPhoto.of(poses[0])))

    found.poses = [_plain(one) for one in align(scorer, templates, fine=fine, watch=watch).hypotheses]
    found.mirrored = looks_mirrored(scorer, templates)
    return found


def place_pose(progress: Progress, task: AlignTask, path: str = "") -> Begun:
    """A pose to go on from by hand: the front of the shape in the box, or what the file ``path`` says."""
    scorer, begun = _begin(progress, task)
    (found,) = scorer([load_pose(path) if path else facing(scorer)])
    begun.poses = [_plain(found)]
    return begun


def score_pose(progress: Progress, task: AlignTask, pose: PoseInPhoto) -> PoseInPhoto:
    """The same pose with what the picture thinks of it."""
    (found,) = _begin(progress, task)[0]([pose.pose()])
    return _plain(found)


def solve_pairs(
    progress: Progress,
    task: AlignTask,
    pairs: tuple[Pair, ...],
    start: PoseInPhoto | None,
    dof: int,
    locked: frozenset[str],
) -> Begun:
    """Poses that the pairs allow, the best first; what is locked stays as in ``start``."""
    scorer, begun = _begin(progress, task)
    pins = Pins(np.array([pair.pixel for pair in pairs]), np.array([pair.point for pair in pairs]))
    settings = FineSettings(steps=30, dof=dof, locked=locked)
    held = start.pose() if start is not None and locked else None
    found = align_from(scorer, settings, None, held, pins)
    begun.poses = [_plain(one) for one in found.hypotheses]
    return begun


def estimate_camera(progress: Progress, task: AlignTask, poses: list[PoseInPhoto], dof: int) -> tuple[float, Begun]:
    """The field of view in degrees, and the poses made exact with it."""
    scorer, begun = _begin(span(progress, 0.0, 0.1), task)
    starts = scorer([one.pose() for one in poses])
    field, other, found = estimate_field_of_view(starts, scorer, FineSettings(dof=dof), span(progress, 0.1, 1.0))
    begun.poses, begun.K = [_plain(one) for one in found], (other.K[0, 0], other.K[1, 1], other.K[0, 2], other.K[1, 2])
    return field, begun


def read_camera(progress: Progress, path: str) -> tuple[float, ...]:
    """fx, fy, cx, cy of a file."""
    K = load_intrinsics(path)
    return (float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2]))


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
    """Poses of the first photo in all photos of a rig, in one order: the first, then as the photos think of them together."""
    found = []
    for number, (task, camera) in enumerate(zip(tasks, cameras, strict=True)):
        scorer, begun = _begin(span(progress, number / len(tasks), (number + 1) / len(tasks)), task)
        begun.poses = [
            _plain(one) for one in scorer([carried(pose.pose(), _view(cameras[0]), _view(camera)) for pose in poses])
        ]
        found.append(begun)
    together = np.prod([[max(pose.score, 1e-6) for pose in begun.poses] for begun in found], axis=0)
    order = [0, *(1 + np.argsort(-together[1:], kind="stable"))]
    for begun in found:
        begun.poses = [begun.poses[index] for index in order]
    return found


def save_pose(
    progress: Progress, path: str, form: str | None, image: Item, K: tuple[float, ...], pose: PoseInPhoto
) -> str:
    """Write a pose as :func:`core.interchange.poses.save_view` does; returns the path."""
    height, width = image_of(image).shape[:2]
    save_view(path, View(image.name, (width, height), _matrix(K), pose.pose()), form)
    return path


def _begin(progress: Progress, task: AlignTask) -> tuple[Any, Begun]:
    """What judges poses, and what it knows of photo and camera."""
    image, encoder, pixels = task.image, task.encoder, image_of(task.image)
    height, width = pixels.shape[:2]
    fov = task.fov or field_of_view(image.path) or 50.0
    K = camera_matrix(*task.K) if task.K else intrinsics((width, height), fov)
    mask = task.mask
    if mask is None:
        progress(0.05, f"Cutting the object out of {image.name}")
        box = image.box or (-0.5, -0.5, width - 0.5, height - 0.5)
        whole = segmenter_of(image.with_box(None), encoder, "")
        mask = Mask.of(whole.predict(Prompts(box=box))[0].mask)
    sides = span(progress, 0.1, 1.0)
    depth = load_depth(task.depth, (width, height)) if task.depth else None
    photo = Photo(pixels, side_of(image, encoder, sides), K, mask.array().reshape(height, width), depth)
    check(photo)
    scorer = PoseScorer(photo, side_of(task.shape, encoder, sides), encoder_of(encoder, silent), task.shape.up)
    return scorer, Begun([], mask, (K[0, 0], K[1, 1], K[0, 2], K[1, 2]), False)


def draw_pose(
    progress: Progress,
    image: Item,
    shape: Item,
    K: tuple[float, ...],
    pose: PoseInPhoto,
    style: Any = "solid",
    most: int = 480,
) -> Drawn:
    """The shape as its pose puts it, where it appears, ``most`` pixels of its own along the longer side."""
    height, width = image_of(image).shape[:2]
    rgba, box = shaded(shape_of(shape), surface_of(shape)[1], pose.pose(), _matrix(K), (width, height), style, most)
    return Drawn(rgba, box)


def _matrix(K: tuple[float, ...]) -> npt.NDArray[np.floating]:
    return camera_matrix(*K)


def _plain(one: Any) -> PoseInPhoto:
    """A hypothesis as the document keeps it."""
    return PoseInPhoto.of(one.pose, one.score, one.similarity, one.overlap)


def _rig_camera(name: str, view: View) -> RigCamera:
    K, R, t = view.K, view.pose.R.ravel().tolist(), view.pose.t.ravel().tolist()
    intrinsics = (float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2]))
    return RigCamera(name, view.size, intrinsics, tuple(R), tuple(t))


def _view(camera: RigCamera) -> View:
    pose = Pose(np.reshape(camera.R, (3, 3)), np.array(camera.t))
    return View(camera.name, camera.size, _matrix(camera.K), pose)


JOBS: dict[str, Callable[..., Any]] = {
    "align_shape": align_shape,
    "draw_pose": draw_pose,
    "place_pose": place_pose,
    "score_pose": score_pose,
    "solve_pairs": solve_pairs,
    "estimate_camera": estimate_camera,
    "read_camera": read_camera,
    "read_depth": read_depth,
    "read_rig": read_rig,
    "carry_poses": carry_poses,
    "save_pose": save_pose,
}
