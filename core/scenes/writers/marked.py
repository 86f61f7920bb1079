"""What of a photo is written as masks and boxes: what a file marks there stays, everything else is drawn by its pose."""

from core.registration.things import InstanceKey
from core.scenes.casting import Silhouette, camera_in, silhouettes
from core.scenes.readers.photos import header_size
from core.scenes.scene import Region, Scene, ScenePhoto


def photo_size(scene: Scene, photo: ScenePhoto) -> tuple[int, int] | None:
    """(width, height) of a photo in which something is or may be drawn; None of one without camera, poses and marks.

    Raises:
        CounterpointError: it has poses and no camera.
    """
    if photo.camera is None and photo.key not in scene.by_photo:
        marked = scene.layout in ("coco", "yolo") or photo.key in scene.regions_by_photo
        return header_size(photo.path) if marked else None
    return camera_in(photo).size


def marked_regions(scene: Scene, photo: ScenePhoto) -> dict[InstanceKey, Region]:
    """What a file marks by itself; what was drawn of poses is drawn anew."""
    return {thing: one for thing, one in scene.regions_by_photo.get(photo.key, {}).items() if not one.drawn}


def drawn_things(scene: Scene, photo: ScenePhoto) -> list[Silhouette]:
    """What is seen of posed things that no file marks."""
    if photo.key not in scene.by_photo:
        return []
    marked = marked_regions(scene, photo)
    return [one for one in silhouettes(scene, photo) if one.seen.any() and one.thing not in marked]
