"""A scene: the photos of a folder, their cameras, the shapes that are seen in them, and where these are.

A scene holds paths and numbers, never pixels or meshes: a thousand photos are opened without reading one of them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.registration.things import InstanceKey, PoseUncertainty
from core.units import Unit

PoseState = Literal["read", "made", "propagated", "refined", "checked", "drifted"]
"""Where a pose comes from: a file, a hand, another photo, a refinement; seen and found right; or found to have drifted."""


UNSAID = Unit(1.0, False, "Nothing says the unit of the scene: it is taken to be a metre.")
"""Of a scene that has no lengths of its own."""


@dataclass(frozen=True)
class SceneShape:
    """A shape of a scene.

    Attributes:
        object_id: the data set's number of it.
        path: of its file, in units of which ``scale`` make one unit of the scene's translations.
        info: what the data set says of it (BOP's ``models_info``: diameter, symmetries), as it stands there.
        bounds: its lowest and highest x, y and z in units of the file, None where nobody read them.
    """

    object_id: int
    path: Path
    name: str
    scale: float = 1.0
    info: Mapping[str, Any] = field(default_factory=dict)
    bounds: tuple[tuple[float, ...], tuple[float, ...]] | None = None


@dataclass(frozen=True)
class ScenePhoto:
    """A photo of a scene.

    Attributes:
        key: what the data set calls it, a number in BOP, else the path relative to the scene.
        path: of its file; of a video with ``frame`` the number of its picture from 0.
        camera: its intrinsics and lens, None where nobody said them.
        cam_from_world: where its camera is, ``x_cam = R x_world + t`` with OpenCV axes in units of the scene, None where
            nobody said it.
        depth: its depth picture, whose count is ``camera.depth_scale`` millimetres.
        info: what else the data set says of it, as it stands there.
    """

    key: str
    path: Path
    camera: PhotoCamera | None = None
    cam_from_world: Pose | None = None
    depth: Path | None = None
    frame: int | None = None
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ObjectPose:
    """Where one thing is in one photo.

    Attributes:
        pose: ``x_cam = R diag(s) x_shape + t``, ``x_shape`` in units of the scene.
        state: where it comes from.
        residual: how far it is from what the photo shows, in pixels, None where nobody measured it.
        info: what else the data set says of it (BOP's ``scene_gt_info``: box, visibility), as it stands there.
        uncertainty: how far a refinement says that it may be off.
    """

    pose: Pose
    state: PoseState = "read"
    residual: float | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    uncertainty: PoseUncertainty | None = None


@dataclass(frozen=True)
class Outline:
    """Pixels (u, v) whose whole parts are the corners of a thing, the pixels of the border included, as in YOLO's labels."""

    corners: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Region:
    """Where a file says that one thing is seen in one photo.

    Attributes:
        box: (x, y, width, height) of what is seen, in pixels from the photo's corner; None where only a mask is given.
        mask: a picture with the thing's pixels; a segmentation as COCO has it, polygons or run lengths; or an outline.
        drawn: whether it was made of the thing's pose, with which it changes and goes.
        info: what the data set says of it, as it stands there.
    """

    box: tuple[float, float, float, float] | None = None
    mask: Path | Mapping[str, Any] | Sequence[Any] | Outline | None = None
    drawn: bool = False
    info: Mapping[str, Any] = field(default_factory=dict)


PoseKey = tuple[str, InstanceKey]
"""The photo's key, and the thing."""


@dataclass(frozen=True)
class Scene:
    """Photos, shapes and poses of one data set. A value: steps make new ones.

    Attributes:
        root: the folder or file that was opened; ``layout`` is the reader that understood it: ``bop``, ``colmap``,
            ``nerfstudio``, ``coco``, ``yolo``, ``folder`` or ``video``.
        unit: of all translations.
        photos: in their order.
        shapes: by their numbers.
        poses: of things in photos.
        info: what else the data set says, as it stands there.
        regions: masks and boxes of things in photos, with a pose or without.
        names: of objects, where the data set names them.
    """

    root: Path
    layout: str
    photos: tuple[ScenePhoto, ...]
    shapes: Mapping[int, SceneShape] = field(default_factory=dict)
    poses: Mapping[PoseKey, ObjectPose] = field(default_factory=dict)
    unit: Unit = UNSAID
    info: Mapping[str, Any] = field(default_factory=dict)
    regions: Mapping[PoseKey, Region] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}  # without what is cached

    @cached_property
    def by_key(self) -> dict[str, ScenePhoto]:
        """The photos by their keys."""
        return {photo.key: photo for photo in self.photos}

    @cached_property
    def by_photo(self) -> dict[str, dict[InstanceKey, ObjectPose]]:
        """The poses of each photo that has some, by thing."""
        found: dict[str, dict[InstanceKey, ObjectPose]] = {}
        for (key, thing), pose in sorted(self.poses.items()):
            found.setdefault(key, {})[thing] = pose
        return found

    @cached_property
    def regions_by_photo(self) -> dict[str, dict[InstanceKey, Region]]:
        """The masks and boxes of each photo that has some, in their order."""
        found: dict[str, dict[InstanceKey, Region]] = {}
        for (key, thing), region in self.regions.items():
            found.setdefault(key, {})[thing] = region
        return found

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each photo stands in their order, from 0."""
        return {photo.key: number for number, photo in enumerate(self.photos)}

    @cached_property
    def by_file(self) -> dict[tuple[str, int | None], ScenePhoto]:
        """The photos by their files' absolute paths, and the number of a video's picture."""
        return {(str(photo.path.absolute()), photo.frame): photo for photo in self.photos}

    @cached_property
    def counts(self) -> Mapping[InstanceKey, int]:
        """In how many photos each thing has a pose."""
        return Counter(thing for _, thing in self.poses)

    def things(self) -> list[InstanceKey]:
        """Return everything that has a pose somewhere, by number."""
        return sorted(self.counts)

    def name_of(self, object_id: int) -> str:
        """What an object is called: as its shape, or as the data set's categories or classes say."""
        if object_id in self.shapes:
            return self.shapes[object_id].name
        return str(self.names.get(object_id, f"object {object_id}"))

    def with_shape(self, shape: SceneShape) -> tuple["Scene", int]:
        """The same scene with one shape more, and its number: it is called as no other object, neither by its number nor by its name."""
        seen = {thing.object_id for _, thing in (*self.poses, *self.regions)}
        number = 1 + max({0, *self.shapes, *self.names, *seen})
        called = {self.name_of(one) for one in (*self.shapes, *self.names)}
        names = (shape.name, *(f"{shape.name} {count}" for count in range(2, len(called) + 3)))
        new = replace(shape, object_id=number, name=next(name for name in names if name not in called))
        return replace(self, shapes={**self.shapes, number: new}), number

    def with_poses(self, poses: Mapping[PoseKey, ObjectPose]) -> "Scene":
        """The same scene, in which these poses are added or stand for those of the same photo and thing."""
        return replace(self, poses={**self.poses, **poses})

    def posed(self) -> Iterator[tuple[ScenePhoto, InstanceKey, ObjectPose]]:
        """All poses, photo by photo."""
        for photo in self.photos:
            for thing, pose in self.by_photo.get(photo.key, {}).items():
                yield photo, thing, pose
