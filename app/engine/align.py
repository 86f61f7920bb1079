"""What the engine does about poses: finds them, scores them, draws them, reads and writes them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.engine.cache import Memo, encoder_of, image_of, segmenter_of, shape_of, side_of, surface_of, templates_of
from app.engine.process import Report
from app.shared.results import Begun, Drawn, PoseSoFar
from app.shared.values import AlignTask, Item, Pair, PoseInPhoto, RigCamera
from core.alignment.align import align, align_from, check
from core.alignment.coarse import facing
from core.alignment.field_of_view import estimate_field_of_view
from core.alignment.fine import FineSettings
from core.alignment.overlay import shaded
from core.alignment.photo import posed_photo, undistorted_pins
from core.alignment.pins import Pins
from core.alignment.rig import carried, load_rig
from core.alignment.scorer import Photo, PoseScorer
from core.alignment.start import check_start
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import Pose, camera_matrix, intrinsics
from core.geometry.undistorted import Undistorted
from core.geometry.units import unit_of
from core.images import field_of_view, load_depth
from core.interchange.cameras import fitted, load_camera
from core.interchange.poses import View, load_entry, save_view
from core.parts.layers import Mask
from core.parts.prompts import Prompts
from core.progress import Progress, silent, span

STRIDE = 5
"""Steps of the descent between two poses that the window shows."""

_photos = Memo(4)


def align_shape(progress: Report, task: AlignTask, dof: int, locked: frozenset[str]) -> Begun:
    """The poses that ``counterpoint align`` finds; a :class:`PoseSoFar` of the likeliest is told while it gets better."""
    scorer, found, _ = _begin(span(progress, 0.0, 0.5), task, dof)
    templates = templates_of(task.shape, task.encoder, span(progress, 0.5, 0.7))
    fine = FineSettings(dof=dof, locked=locked)
    progress(0.7, "Comparing views of the shape with the photo")

    def watch(step: int, poses: list[Pose]) -> None:
        progress(0.75 + 0.2 * step / fine.steps, "Making the pose exact")
        if step % STRIDE == 0:
            progress.tell(PoseSoFar(found.K, PoseInPhoto.of(poses[0]), found.lens))

    found.poses = [_plain(one) for one in align(scorer, templates, fine=fine, watch=watch).hypotheses]
    return found


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
    scorer, begun, flat = _begin(progress, task)
    if start is not None:
        check_start(start, flat.K, flat.size, shape, Path(path).name)
    (found,) = scorer([start or facing(scorer)])
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
    scorer, begun, flat = _begin(progress, task, dof)
    given = Pins(np.array([pair.pixel for pair in pairs]), np.array([pair.point for pair in pairs]))
    pins = undistorted_pins(given, flat)
    settings = FineSettings(steps=30, dof=dof, locked=locked)
    held = start.pose() if start is not None and locked else None
    found = align_from(scorer, settings, None, held, pins)
    begun.poses = [_plain(one) for one in found.hypotheses]
    return begun


def estimate_camera(progress: Progress, task: AlignTask, poses: list[PoseInPhoto], dof: int) -> tuple[float, Begun]:
    """The field of view in degrees, and the poses made exact with it."""
    scorer, begun, _ = _begin(span(progress, 0.0, 0.1), replace(task, lens=None, depth=""))
    starts = scorer([one.pose() for one in poses])
    field, other, found = estimate_field_of_view(starts, scorer, FineSettings(dof=dof), span(progress, 0.1, 1.0))
    begun.poses, begun.K = [_plain(one) for one in found], (other.K[0, 0], other.K[1, 1], other.K[0, 2], other.K[1, 2])
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
    """Poses of the first photo in all photos of a rig, in one order: the first, then as the photos think of them together."""
    found = []
    for number, (task, camera) in enumerate(zip(tasks, cameras, strict=True)):
        scorer, begun, _ = _begin(span(progress, number / len(tasks), (number + 1) / len(tasks)), task)
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
    progress: Progress,
    path: str,
    form: str | None,
    image: Item,
    shape: Item,
    K: tuple[float, ...],
    pose: PoseInPhoto,
    lens: Lens | None = None,
) -> str:
    """Write a pose as :func:`core.interchange.poses.save_view` does; returns the path."""
    height, width = image_of(image).shape[:2]
    unit, name = unit_of(shape.path, shape_of(shape).diagonal), Path(shape.path).name
    save_view(path, View(image.name, (width, height), _matrix(K), pose.pose(), lens, name, unit), form)
    return path


def _begin(progress: Progress, task: AlignTask, dof: int = 6) -> tuple[PoseScorer, Begun, Undistorted]:
    """What judges poses, what it knows of photo and camera, and how its pixels belong to the photo's."""
    image, encoder, pixels = task.image, task.encoder, image_of(task.image)
    height, width = pixels.shape[:2]
    camera = _camera(task, (width, height))
    mask = task.mask
    if mask is None:
        progress(0.05, f"Cutting the object out of {image.name}")
        box = image.box or (-0.5, -0.5, width - 0.5, height - 0.5)
        whole = segmenter_of(image.with_box(None), encoder, "")
        mask = Mask.of(whole.predict(Prompts(box=box))[0].mask)
    side = side_of(task.shape, encoder, span(progress, 0.1, 1.0))

    def make() -> tuple[Photo, Undistorted]:
        shape, depth = side.shape, None
        if task.depth:
            unit = unit_of(task.shape.path, shape.diagonal)
            depth = load_depth(task.depth, (width, height), unit, camera.depth_scale)
        rigid, seen = (shape if dof == 6 else None), mask.array().reshape(height, width)
        return posed_photo(pixels, camera, seen, image.box, encoder_of(encoder, silent), depth, rigid)

    key = (image, encoder, _numbers(camera.K), camera.lens, mask, task.depth and (task.depth, task.shape, dof == 6))
    photo, flat = _photos.get(key, make)
    check(photo)
    return (
        PoseScorer(photo, side, encoder_of(encoder, silent), task.shape.up),
        Begun([], mask, _numbers(camera.K), camera.lens),
        flat,
    )


def _camera(task: AlignTask, size: tuple[int, int]) -> PhotoCamera:
    """Of the document, else of the file that was opened for it, else by the field of view."""
    of_file = load_camera(task.camera, size, task.image.path) if task.camera else None
    if task.K:
        return PhotoCamera(camera_matrix(*task.K), size, task.lens, of_file.depth_scale if of_file else None)
    return of_file or PhotoCamera(intrinsics(size, task.fov or field_of_view(task.image.path) or 50.0), size)


def draw_pose(
    progress: Progress,
    image: Item,
    shape: Item,
    K: tuple[float, ...],
    pose: PoseInPhoto,
    style: Any = "solid",
    most: int = 480,
    lens: Lens | None = None,
) -> Drawn:
    """The shape as its pose puts it, where it appears, ``most`` pixels of its own along the longer side."""
    height, width = image_of(image).shape[:2]
    size, caster = (width, height), surface_of(shape)[1]
    rgba, box = shaded(shape_of(shape), caster, pose.pose(), _matrix(K), size, style, most, lens)
    return Drawn(rgba, box)


def _matrix(K: tuple[float, ...]) -> npt.NDArray[np.floating]:
    return camera_matrix(*K)


def _numbers(K: npt.NDArray[np.floating]) -> tuple[float, float, float, float]:
    return (float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2]))


def _plain(one: Any) -> PoseInPhoto:
    """A hypothesis as the document keeps it."""
    return PoseInPhoto.of(one.pose, one.score, one.similarity, one.overlap)


def _rig_camera(name: str, view: View) -> RigCamera:
    R, t = view.pose.R.ravel().tolist(), view.pose.t.ravel().tolist()
    return RigCamera(name, view.size, _numbers(view.K), tuple(R), tuple(t), view.lens)


def _view(camera: RigCamera) -> View:
    pose = Pose(np.reshape(camera.R, (3, 3)), np.array(camera.t))
    return View(camera.name, camera.size, _matrix(camera.K), pose, camera.lens)


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
