"""What poses of a shape in a photo are judged by, kept for the next request about the same photo."""

from dataclasses import dataclass, replace

from app.engine.cache import choice_of, encoder_of, matchable_of, templates_of, weights_of
from app.engine.files import image_of, marked_on
from app.engine.keep_last import keep_last
from app.shared.values import AlignTask, Box, item_for
from core.alignment.align import hypotheses
from core.alignment.photo import camera_or_guess, compare_with_exif, contradicts_exif, posed_photo
from core.alignment.scorer import Hypothesis, PoseScorer
from core.alignment.seek import Wanted, seek
from core.exif import field_of_view
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import camera_matrix
from core.geometry.undistorted import Undistorted
from core.images import load_depth
from core.interchange.cameras import load_camera
from core.notices import collect_warnings, warn
from core.parts.layers import Mask
from core.parts.segmenters import box_mask
from core.progress import Progress, span
from core.scenes.regions import region_mask
from core.units import unit_of


@dataclass(frozen=True)
class Judge:
    """What judges the poses of a task.

    Attributes:
        task: the task with the camera and the mask that it left open; without depth where the task asks for none.
        scorer: compares poses with the undistorted photo.
        flat: how the undistorted photo's pixels belong to those of the user's.
        warnings: what the user should know about the photo.
        place: where the object was taken to be, if it was looked for.
    """

    task: AlignTask
    scorer: PoseScorer
    flat: Undistorted
    warnings: tuple[str, ...]
    place: Box | None = None


def judge_of(task: AlignTask, dof: int, progress: Progress) -> Judge:
    """What judges the poses of a task; the user is told what was assumed, each time.

    Args:
        task: what poses are asked for.
        dof: 6, 7 or 9; with 6 depth must be in the shape's units. It counts only where there is depth.
        progress: is told what is computed.
    """
    complete, place, warnings = _completed(task, progress)
    judge = _judge(complete, dof == 6 if task.depth else True, span(progress, 0.3, 1.0))
    for sentence in (*warnings, *judge.warnings):
        warn(sentence)
    return replace(judge, place=place)


def candidates_of(judge: Judge, progress: Progress) -> list[Hypothesis]:
    """The poses that templates say, not exact yet; they depend on photo and shape only."""
    return _candidates(judge, progress)


def camera_of_task(task: AlignTask) -> PhotoCamera:
    """The photo's camera: of the document, else of the file that was opened for it, else by the field of view."""
    height, width = image_of(task.image).shape[:2]
    read = task.camera and (not task.K or task.depth)
    of_file = load_camera(task.camera, (width, height), task.image.path) if read else None
    if task.K:
        return PhotoCamera(camera_matrix(*task.K), (width, height), task.lens, of_file.depth_scale if of_file else None)
    if of_file is not None:
        compare_with_exif(of_file, (width, height), task.image.path)
        return of_file
    return camera_or_guess((width, height), task.fov, task.image.path)


def _photo_key(task: AlignTask) -> tuple[object, ...]:
    camera = item_for(task.camera).stamp if task.camera else None
    sought = (task.shape, task.encoder) if _is_open(task) else task.sought
    said = (task.K, task.lens, task.fov, task.camera, camera, task.assumed)
    return task.image, weights_of(choice_of(task.encoder)), task.mask, task.cut, said, sought


def _is_open(task: AlignTask) -> bool:
    """Whether nobody said where the object is."""
    return task.mask is None and task.image.box is None


def _full_key(task: AlignTask) -> tuple[object, ...]:
    return (
        *_photo_key(task),
        task.shape,
        task.encoder,
        task.depth,
        task.depth_scale,
        item_for(task.depth).stamp if task.depth else None,
    )


def _completed(task: AlignTask, progress: Progress) -> tuple[AlignTask, Box | None, tuple[str, ...]]:
    """The task with K and mask, where the object was taken to be if it was looked for, and what was assumed."""
    task = with_marked_mask(task)
    task = replace(task, cut=task.cut or task.mask is None)
    if not (task.K or task.camera or task.fov or field_of_view(task.image.path)):
        task = replace(task, assumed=True)
    if task.K and task.mask is not None:
        return replace(task, fov=None), None, ()
    K, lens, mask, place, warnings = _camera_and_mask(task, progress)
    return replace(task, K=K, lens=lens, mask=mask, fov=None, sought=task.sought or place is not None), place, warnings


def with_marked_mask(task: AlignTask) -> AlignTask:
    """With the mask that a file of the scene marks, where there is one and nobody gave another."""
    if task.mask is not None or task.region is None:
        return replace(task, region=None)
    height, width = image_of(task.image).shape[:2]
    mask = region_mask(task.region, (width, height))
    return replace(task, region=None, mask=Mask.of(mask) if mask is not None and mask.any() else None)


@keep_last(8, key=lambda task, progress: _photo_key(task))
def _camera_and_mask(
    task: AlignTask, progress: Progress
) -> tuple[tuple[float, float, float, float], Lens | None, Mask, Box | None, tuple[str, ...]]:
    with collect_warnings() as warnings:
        camera, mask, place = camera_of_task(task), task.mask, None
        if mask is None:
            box = task.image.box
            if box is None:
                box = place = _sought(task, camera, progress)
            progress(0.05, f"Cutting the object out of {task.image.name}")
            mask = Mask.of(box_mask(image_of(task.image), box))
    K = camera.K
    return (float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2])), camera.lens, mask, place, tuple(warnings)


def _sought(task: AlignTask, camera: PhotoCamera, progress: Progress) -> Box:
    templates = templates_of(task.shape, task.encoder, progress)
    shape, encoder = matchable_of(task.shape, task.encoder, progress), encoder_of(task.encoder)
    wanted = Wanted(image_of(task.image), camera, task.image.name, shape, templates, encoder, task.shape.up)
    return seek(wanted, progress=progress)


@keep_last(4, key=lambda task, rigid, progress: (*_full_key(task), rigid))
def _judge(task: AlignTask, rigid: bool, progress: Progress) -> Judge:
    image, encoder, pixels = task.image, encoder_of(task.encoder), image_of(task.image)
    height, width = pixels.shape[:2]
    side, depth = matchable_of(task.shape, task.encoder, progress), None
    assert task.mask is not None
    with collect_warnings() as warnings:
        camera = camera_of_task(task)
        if task.depth:
            unit = unit_of(task.shape.path, side.shape.diagonal)
            depth = load_depth(task.depth, (width, height), unit, task.depth_scale or camera.depth_scale)
        mask, shape = marked_on(image, task.mask), side.shape if rigid else None
        assumed = task.assumed or contradicts_exif(camera, (width, height), image.path)
        photo, flat = posed_photo(
            pixels, camera, mask, image.box, encoder, depth, shape, image.name, task.sought, assumed
        )
    photo = replace(photo, cut=task.cut)
    return Judge(task, PoseScorer(photo, side, encoder, task.shape.up), flat, tuple(warnings))


@keep_last(4, key=lambda judge, progress: _full_key(judge.task))
def _candidates(judge: Judge, progress: Progress) -> list[Hypothesis]:
    templates = templates_of(judge.task.shape, judge.task.encoder, span(progress, 0.0, 0.8))
    progress(0.8, "Comparing views of the shape with the photo")
    return hypotheses(judge.scorer, templates)
