"""What the engine draws of hypotheses: a small picture of each over the photo, and how it differs from the best."""

from app.engine.cache import surface_of
from app.engine.files import image_of, shape_of
from app.shared.results import PosePicture
from app.shared.values import Box, Item, PoseInPhoto
from core.alignment.overlay import covered, thumbnail, widened
from core.alignment.rivals import relation
from core.encoders.feature_map import box_around
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import camera_matrix
from core.geometry.symmetry import symmetries
from core.parts.layers import Mask
from core.progress import Progress


def pose_pictures(
    progress: Progress,
    image: Item,
    shape: Item,
    K: tuple[float, ...],
    poses: tuple[PoseInPhoto, ...],
    mask: Mask | None,
    lens: Lens | None,
    side: int,
) -> list[PosePicture]:
    """A picture of the object's box for each pose, ``side`` pixels along the longer side; the best pose comes first."""
    pixels, mesh, caster = image_of(image), shape_of(shape), surface_of(shape)[1]
    height, width = pixels.shape[:2]
    camera, best = PhotoCamera(camera_matrix(*K), (width, height), lens), poses[0].pose()
    box = _box_of(mask, (width, height)) or image.box
    if box is None:
        low, high = covered(mesh, best, camera)
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    box, turns = widened(box, (width, height)), symmetries(mesh)
    found = []
    for one in poses:
        pose = one.pose()
        to_best = relation(pose, best, mesh, turns)
        drawn = thumbnail(pixels, caster, pose, camera, box, side)
        found.append(PosePicture(drawn, to_best.kind, to_best.degrees))
    return found


def _box_of(mask: Mask | None, size: tuple[int, int]) -> Box | None:
    """The box of a mask's pixels; None for none."""
    if mask is None or not mask.count or mask.size != size[0] * size[1]:
        return None
    return box_around(mask.array().reshape(size[1], size[0]))
