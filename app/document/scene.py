"""The open scene: its photo and its thing that the window works on, and how these become the pair that is open.

Image 1 is the photo, shape 1 the thing's shape, and the pose between them that of the thing in the photo. A pose of the
scene is in its units, the pose of a pair in those of the shape's file; :func:`pair_pose` and :func:`scene_pose` are the
way there and back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from app.shared.values import Aligned, Box, Intrinsics, Item, PoseInPhoto, Slot, item_for
from core.colors import PINS
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import Pose, camera_matrix
from core.registration.things import InstanceKey
from core.scenes.formats import SIGNS
from core.scenes.scene import ObjectPose, PoseKey, Region, Scene, ScenePhoto, SceneShape

IMAGE: Slot = "image 1"
SHAPE: Slot = "shape 1"
PAIR = (IMAGE, SHAPE)
"""Where the photo and the thing's shape are open."""

HIGH = 1 / 64
"""A residual above this share of the photo's longer side is a problem: 10 pixels of 640."""

MARGIN = 0.05
"""Of a thing's box, on each side."""

BYTES = 300
"""Of a pose in the tables of a scene, about; the pose itself is shared by the scenes before and after."""

PhotoState = Literal["open", "posed", "checked", "problem"]
"""Nothing is posed in a photo; something is; a person found all of it right; a pose drifted or its residual is high."""


@dataclass(frozen=True, eq=False)
class OpenScene:
    """A scene, and where one is in it. A value: steps make new ones.

    Attributes:
        photo: the key of the photo that is worked on.
        thing: what is worked on in it, None where the scene has no shapes.
        added: things that may have no pose yet, beside one for each shape.
    """

    scene: Scene
    photo: str
    thing: InstanceKey | None = None
    added: tuple[InstanceKey, ...] = ()

    @classmethod
    def of(cls, scene: Scene) -> "OpenScene":
        """At its first photo."""
        first = scene.photos[0].key
        opened = cls(scene, first)
        return opened.at(first, next(iter((*scene.by_photo.get(first, {}), *opened.things)), None))

    @cached_property
    def things(self) -> tuple[InstanceKey, ...]:
        """All things, those without a pose too: what files mark, and one of each other shape."""
        known = {*self.scene.things(), *(thing for _, thing in self.scene.regions)}
        seen = {thing.object_id for thing in known}
        bare = {InstanceKey(number) for number in self.scene.shapes if number not in seen}
        return tuple(sorted({*known, *bare, *self.added}))

    @property
    def place(self) -> tuple[str, InstanceKey | None]:
        """The photo and the thing."""
        return self.photo, self.thing

    @property
    def pose(self) -> ObjectPose | None:
        """Of the thing in the photo, None where it has none."""
        return None if self.thing is None else self.scene.poses.get((self.photo, self.thing))

    @property
    def shape(self) -> SceneShape | None:
        """Of the thing, None where the scene does not have it."""
        return None if self.thing is None else self.scene.shapes.get(self.thing.object_id)

    @property
    def number(self) -> int:
        """Of the photo in the scene's order, from 0."""
        return self.scene.places[self.photo]

    def at(self, photo: str, thing: InstanceKey | None = None) -> "OpenScene":
        """The same scene at another photo, and at another thing if one is given."""
        return replace(self, photo=photo, thing=thing or self.thing)

    def with_scene(self, scene: Scene) -> "OpenScene":
        """The same place in another scene; a thing that lost its last pose is still listed."""
        found = replace(self, scene=scene, added=self.things)
        return found if self.thing is not None else replace(found, thing=next(iter(found.things), None))

    def shows(self, items: Mapping[Slot, Item]) -> bool:
        """Whether the pair that is open is that of this place."""
        image, shape, wanted = items.get(IMAGE), items.get(SHAPE), self.shape
        photo = self.photo_of(image)
        return (
            (photo is not None and photo.key == self.photo)
            and (wanted is not None and shape is not None)
            and shape.path == str(wanted.path.absolute())
        )

    def photo_of(self, item: Item | None) -> ScenePhoto | None:
        """The photo that an open image is."""
        return None if item is None else self.scene.by_file.get((item.path, item.frame))

    def color(self, thing: InstanceKey) -> str:
        """The colour ``#rrggbb`` of a thing, in lists and over photos."""
        return PINS[self.things.index(thing) % len(PINS)]

    def region_of(self, items: Mapping[Slot, Item], pair: tuple[Slot, Slot]) -> Region | None:
        """What a file marks of the thing that is worked on, if the pair is that of its photo and its shape; a mark drawn of a pose says no more than that."""
        region = None if self.thing is None else self.scene.regions.get((self.photo, self.thing))
        return region if pair == PAIR and self.shows(items) and region is not None and not region.drawn else None

    def camera_of(self, item: Item) -> tuple[Intrinsics, Lens | None] | None:
        """The intrinsics and the lens of an open image, None where the scene does not have them."""
        photo = self.photo_of(item)
        return None if photo is None or photo.camera is None else (_numbers(photo.camera), photo.camera.lens)

    def depth_of(self, item: Item) -> tuple[str, float | None] | None:
        """The file with the depth of an open image, and the millimetres of a count; None where the scene has none."""
        photo = self.photo_of(item)
        if photo is None or photo.depth is None:
            return None
        return str(photo.depth), None if photo.camera is None else photo.camera.depth_scale


def scene_name(scene: Scene) -> str:
    """What people read of a scene: with the folder of its data set where its own name is that of many."""
    count = 3 if scene.layout == "bop" and scene.root.name.isdigit() else 2 if scene.root.name in SIGNS else 1
    return "/".join(scene.root.parts[-count:])


def photo_state(scene: Scene, key: str) -> PhotoState:
    """How far the work on a photo is."""
    poses = scene.by_photo.get(key, {}).values()
    if any(one.state == "drifted" or (one.residual or 0.0) > _high(scene.by_key[key].camera) for one in poses):
        return "problem"
    if not poses:
        return "open"
    return "checked" if all(one.state == "checked" for one in poses) else "posed"


def _high(camera: PhotoCamera | None) -> float:
    """Pixels above which a residual is high; a camera that does not say its size has its principal point in the middle, about."""
    if camera is None:
        return HIGH * 640
    return HIGH * max(camera.size or 2 * camera.K[:2, 2])


def worst_residual(scene: Scene, key: str) -> float:
    """Pixels, -1 where nobody measured one in this photo."""
    return max((one.residual for one in scene.by_photo.get(key, {}).values() if one.residual is not None), default=-1.0)


def pair_pose(pose: Pose, shape: SceneShape) -> Pose:
    """The pose of a pair, in units of the shape's file, from one in units of the scene."""
    return Pose(pose.R, np.asarray(pose.t) * shape.scale, pose.s)


def scene_pose(pose: Pose, shape: SceneShape) -> Pose:
    """The pose in units of the scene, from that of a pair in units of the shape's file."""
    return Pose(pose.R, np.asarray(pose.t) / shape.scale, pose.s)


def image_item(photo: ScenePhoto) -> Item:
    """The photo as an image that can be opened."""
    return replace(item_for(photo.path), kind="image", frame=photo.frame)


def aligned_at(opened: OpenScene) -> Aligned | None:
    """What is known of the pair at a place; None where the thing has no pose there or the photo no camera."""
    photo, shape, pose = opened.scene.by_key[opened.photo], opened.shape, opened.pose
    if photo.camera is None or shape is None or pose is None:
        return None
    there = PoseInPhoto.of(pair_pose(pose.pose, shape))
    return Aligned(IMAGE, SHAPE, _numbers(photo.camera), (there,), lens=photo.camera.lens)


def box_at(opened: OpenScene) -> Box | None:
    """Where the thing appears in the photo, with a margin: by its pose, or else by what a file marks; None where neither says it."""
    photo, shape, pose = opened.scene.by_key[opened.photo], opened.shape, opened.pose
    if pose is None:
        return _marked_box(opened)
    if shape is None or photo.camera is None or photo.camera.size is None or shape.bounds is None:
        return None
    corners = np.stack(np.meshgrid(*np.array(shape.bounds).T / shape.scale), axis=-1).reshape(-1, 3)
    pixels, depth = photo.camera.project(pose.pose(corners))
    if (depth <= 0).any() or not np.isfinite(pixels).all():
        return None
    low, high = pixels.min(0), pixels.max(0)
    margin = MARGIN * (high - low).max()
    limit = np.array(photo.camera.size, float)
    x0, y0 = np.clip(low - margin, 0, limit)
    x1, y1 = np.clip(high + margin + 1, 0, limit)
    return (float(x0), float(y0), float(x1), float(y1)) if x1 - x0 > 2 and y1 - y0 > 2 else None


def _marked_box(opened: OpenScene) -> Box | None:
    region = None if opened.thing is None else opened.scene.regions.get((opened.photo, opened.thing))
    if region is None or region.box is None or min(region.box[2:]) <= 0:
        return None
    x, y, width, height = region.box
    margin = MARGIN * max(width, height)
    return (max(x - margin - 0.5, 0.0), max(y - margin - 0.5, 0.0), x + width + margin - 0.5, y + height + margin - 0.5)


def corrected(
    opened: OpenScene | None, items: Mapping[Slot, Item], before: Aligned | None, after: Aligned | None
) -> OpenScene | None:
    """The scene after the pair's pose was changed by hand: what is open at its place becomes the thing's pose there."""
    if opened is None or not opened.shows(items) or _geometry(before) == _geometry(after):
        return opened
    assert opened.thing is not None
    return opened.with_scene(posed_by_hand(opened.scene, (opened.photo, opened.thing), after))


def posed_by_hand(scene: Scene, at: PoseKey, aligned: Aligned | None) -> Scene:
    """The scene in which a thing has the pose of a pair in a photo, or none."""
    (photo, thing), info = at, scene.poses[at].info if at in scene.poses else {}
    if aligned is None or aligned.pose is None or aligned.K is None:
        return replace(scene, poses={key: one for key, one in scene.poses.items() if key != at})
    pose = scene_pose(aligned.pose.pose(), scene.shapes[thing.object_id])
    return _with_camera(scene.with_poses({at: ObjectPose(pose, "made", None, info)}), photo, aligned.K, aligned.lens)


def bytes_of(opened: OpenScene | None, known: OpenScene | None) -> int:
    """How many bytes a step holds that makes one of the other: the poses are listed anew where they changed."""
    if opened is None or (known is not None and opened.scene.poses is known.scene.poses):
        return 0
    return BYTES * len(opened.scene.poses)


def _with_camera(scene: Scene, key: str, K: Intrinsics, lens: Lens | None) -> Scene:
    """The photo's camera is the one that its pose was found with; a video has one for all its pictures."""
    known = scene.by_key[key].camera
    if known is not None and (_numbers(known), known.lens) == (K, lens):
        return scene
    old = known or PhotoCamera(camera_matrix(*K))
    camera = PhotoCamera(camera_matrix(*K), old.size, lens, old.depth_scale)
    photos = tuple(
        replace(photo, camera=camera)
        if photo.key == key or (scene.layout == "video" and photo.camera is known)
        else photo
        for photo in scene.photos
    )
    return replace(scene, photos=photos)


def _geometry(aligned: Aligned | None) -> object:
    if aligned is None or aligned.pose is None:
        return None
    return aligned.pose.R, aligned.pose.t, aligned.pose.s, aligned.K, aligned.lens


def _numbers(camera: PhotoCamera) -> Intrinsics:
    K = camera.K
    return float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2])
