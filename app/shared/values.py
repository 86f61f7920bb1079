"""Plain values that name what is open; they travel to the engine with every request."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from core.alignment.verdict import with_distance
from core.encoders.names import DEFAULT
from core.geometry.formats import guess_up, is_shape
from core.geometry.lens import Lens
from core.geometry.pose import Pose
from core.interchange.names import nearest_name
from core.parts.action import Action
from core.parts.layers import Mask
from core.scenes.scene import Region

Kind = Literal["image", "shape"]
KINDS: tuple[Kind, ...] = ("image", "shape")
Slot = Literal["image 1", "image 2", "image 3", "image 4", "shape 1", "shape 2"]
SLOTS: tuple[Slot, ...] = ("image 1", "image 2", "image 3", "image 4", "shape 1", "shape 2")
Box = tuple[float, float, float, float]
Intrinsics = tuple[float, float, float, float]
"""fx, fy, cx, cy in pixels."""


def kind_of(slot: Slot) -> Kind:
    """What can be opened in a slot."""
    return "image" if slot.startswith("image") else "shape"


def slots_of(kind: Kind) -> list[Slot]:
    """The slots for images, or those for shapes, in order."""
    return [slot for slot in SLOTS if kind_of(slot) == kind]


@dataclass(frozen=True)
class Item:
    """An open image or shape.

    Attributes:
        path: of the file.
        stamp: (modification time in ns, size), so that a file that changed is read again.
        box: the focus box of an image, None for all of it.
        up: the direction that points up in a shape's file.
        frame: of a video the number of its picture from 0.
    """

    kind: Kind
    path: str
    stamp: tuple[int, int] = (0, 0)
    box: Box | None = None
    up: str = "y"
    frame: int | None = None

    @property
    def name(self) -> str:
        """The name of the file without its folder, and which picture of a video it is."""
        return Path(self.path).name + ("" if self.frame is None else f" {self.frame}")

    def with_box(self, box: Box | None) -> "Item":
        """Return the same item with another focus box; None is all of the image."""
        return replace(self, box=box)

    def with_up(self, up: str) -> "Item":
        """Return the same item with another direction that points up."""
        return replace(self, up=up)

    @property
    def file(self) -> "Item":
        """The same without what only concerns matching."""
        return Item(self.kind, self.path, self.stamp, frame=self.frame)


def item_for(path: str | Path) -> Item:
    """The item of a file, its kind told by the file's name; the file itself is read by the engine only."""
    path = Path(path).absolute()
    kind: Kind = "shape" if is_shape(path) else "image"
    try:
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
    except OSError:
        stamp = (0, 0)
    return Item(kind, str(path), stamp, up=guess_up(path))


@dataclass(frozen=True)
class EncoderSettings:
    """The choice of encoder and how shapes are looked at, as in the encoder dock."""

    name: str = DEFAULT
    weights: str | None = None
    layer: int | None = None
    device: str = "auto"
    samples: int = 20_000
    azimuths: int = 8
    resolution: int = 0
    points: bool = False
    """Describe shapes by the point encoder instead of views: quick, less exact."""
    adapter: str | None = None


@dataclass(frozen=True)
class Marking:
    """How parts are marked.

    Attributes:
        segmenter: what cuts a part out of an image: "cutter" (the bundled net), "" for GrabCut, a checkpoint file of
            Segment Anything, or the name of a plugin.
        carries: whether a part that is being marked is looked for on the other panels.
    """

    segmenter: str = ""
    carries: bool = True


@dataclass(frozen=True)
class Draft:
    """A part that is being marked.

    Attributes:
        slot: where.
        actions: what was done, in order.
        choice: which of the candidates is meant.
        part_id: the part that is marked further, 0 for a new one; ``base`` is what it had there before.
    """

    slot: Slot
    actions: tuple[Action, ...] = ()
    choice: int = 0
    part_id: int = 0
    base: Mask | None = None


@dataclass(frozen=True)
class PoseInPhoto:
    """``x_cam = R diag(s) x_shape + t`` (R row by row), and how well the photo agrees with it.

    ``probability`` is how probable it shows the right places, None where nobody asked; ``reasons`` are words for doubts.
    """

    R: tuple[float, ...]
    t: tuple[float, ...]
    s: tuple[float, ...]
    score: float = 0.0
    similarity: float = 0.0
    overlap: float = 0.0
    probability: float | None = None
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, pose: Pose, *scores: float, sure: float = float("nan"), reasons: tuple[str, ...] = ()) -> "PoseInPhoto":
        """Make plain numbers of a pose, of its score, similarity and overlap (0 to 1), and of its probability."""
        R, t, s = (tuple(float(v) for v in np.ravel(values)) for values in (pose.R, pose.t, pose.s))
        score, similarity, overlap = (*scores, 0.0, 0.0, 0.0)[:3]
        return cls(R, t, s, score, similarity, overlap, None if np.isnan(sure) else sure, reasons)

    @property
    def sure(self) -> float | None:
        """How probable it is that the pose is right with its distance, see :func:`core.alignment.verdict.with_distance`."""
        return None if self.probability is None else with_distance(self.probability, self.reasons)

    @property
    def upright_prior(self) -> float:
        """What the score has beside similarity and overlap, see :class:`core.alignment.scorer.Hypothesis`."""
        rest = self.similarity * self.overlap**3
        return self.score / rest if rest > 0 and self.score > 0 else 1.0

    def pose(self) -> Pose:
        """Return the pose as arrays: R float64 [3, 3], t float64 [3] and s float64 [3]."""
        return Pose(np.reshape(self.R, (3, 3)), np.array(self.t), np.array(self.s))


Guide = tuple[Intrinsics, Lens | None, tuple[PoseInPhoto, ...]]
"""A photo's intrinsics and lens, and poses of a shape in it, the best first."""


@dataclass(frozen=True)
class Correspondence2D3D:
    """A pixel (u, v) and a point (x, y, z) of the shape that belong together for certain."""

    pixel: tuple[float, float]
    point: tuple[float, float, float]


@dataclass(frozen=True)
class Correction:
    """A match put right by hand: the place ``at`` of ``source`` belongs to the place ``to`` of ``target`` (slots)."""

    source: Slot
    at: tuple[float, ...]
    target: Slot
    to: tuple[float, ...]


@dataclass(frozen=True)
class Aligned:
    """A shape aligned to a photo.

    Attributes:
        image, shape: the slots.
        K: fx, fy, cx, cy in pixels; ``lens`` is how the photo's lens bends.
        poses: hypotheses, the best first; ``choice`` is the one that is shown. None yet while there are less than three
            pairs.
        mask: of the object in the photo, what poses are scored by.
        pairs: placed by hand.
    """

    image: Slot
    shape: Slot
    K: Intrinsics | None = None
    poses: tuple[PoseInPhoto, ...] = ()
    choice: int = 0
    mask: Mask | None = None
    pairs: tuple[Correspondence2D3D, ...] = ()
    lens: Lens | None = None

    @property
    def pose(self) -> PoseInPhoto | None:
        """The pose that is shown; None while there is none."""
        return self.poses[self.choice] if self.poses else None

    @property
    def guide(self) -> Guide | None:
        """What matches between the two are guided by.

        It is the camera, its lens, and all poses or, where another than the best is chosen, that one.
        """
        if self.pose is None or self.K is None:
            return None
        return self.K, self.lens, self.poses if self.choice == 0 else (self.pose,)


@dataclass(frozen=True)
class DepthFile:
    """A file with measured depth of a photo; both are known by their paths."""

    photo: Item
    file: Item


@dataclass(frozen=True)
class RigCamera:
    """A camera of a rig.

    Attributes:
        name: of its photo's file, with as many folders as tell it from others; ``size`` is the photo's (width, height)
            in pixels.
        lens: how it bends, or None.
        R, t: ``x_camera = R x_rig + t`` (R row by row), in the units of the shapes.
    """

    name: str
    size: tuple[int, int]
    K: Intrinsics
    R: tuple[float, ...]
    t: tuple[float, ...]
    lens: Lens | None = None


@dataclass(frozen=True)
class Cameras:
    """What files say of the photos' cameras.

    Attributes:
        file: with the intrinsics, and lenses, of all photos that are of no rig; None for none.
        depths: measured depth of some photos.
        rig: cameras that are known to each other.
    """

    file: Item | None = None
    depths: tuple[DepthFile, ...] = ()
    rig: tuple[RigCamera, ...] = ()

    def depth_of(self, photo: Item) -> Item | None:
        """The file with a photo's depth."""
        return next((one.file for one in self.depths if one.photo.path == photo.path), None)

    def with_depth(self, photo: Item, file: Item | None) -> "Cameras":
        """With another file with a photo's depth, or (None) without."""
        rest = tuple(one for one in self.depths if one.photo.path != photo.path)
        return replace(self, depths=rest if file is None else (*rest, DepthFile(photo.file, file.file)))

    def of_rig(self, photo: Item) -> RigCamera | None:
        """The camera of the rig that took a photo."""
        name = nearest_name([one.name for one in self.rig], photo.path)
        return next((one for one in self.rig if one.name == name), None)


@dataclass(frozen=True)
class AlignTask:
    """What a request about poses is about.

    Attributes:
        mask: of the object; None cuts it out of the image's box, or of where the object is found.
        K: fx, fy, cx, cy in pixels (``lens``: how it bends); None: of ``fov`` (degrees), or of what the photo says.
        depth: a file with measured depth of the photo, or ""; ``depth_scale`` the millimetres of a count, None for what the
            camera's file says, or one; ``camera``: one with its camera, where ``K`` is None.
        sought: whether the mask is of an object that was looked for.
        assumed: whether ``K`` is of a field of view that nothing told.
        region: what a scene's file marks of it, used where ``mask`` is None.
        cut: whether the program cut ``mask`` out.
    """

    image: Item
    shape: Item
    encoder: EncoderSettings
    mask: Mask | None = None
    K: tuple[float, ...] | None = None
    fov: float | None = None
    depth: str = ""
    lens: Lens | None = None
    camera: str = ""
    sought: bool = False
    assumed: bool = False
    depth_scale: float | None = None
    region: Region | None = None
    cut: bool = False


@dataclass(frozen=True)
class CollectionPhoto:
    """A photo of the collection; pixels are those of its file.

    Attributes:
        item: the image, with the object's box where one is known.
        mask: of the object; None cuts it out.
        K: fx, fy, cx, cy, and ``poses``: hypotheses, of which ``choice`` is taken; none before it was posed.
        frame: box around the mask that was used.
        agreement: with the other photos; NaN before they were asked.
        inlier: whether it belongs to the collection.
        fixed: whether the pose was set by hand.
        problem: why it could not be posed.
        copy_of: the path of another photo that it is nearly the same picture as, both of which count as one; or "".
    """

    item: Item
    mask: Mask | None = None
    frame: Box | None = None
    K: Intrinsics | None = None
    poses: tuple[PoseInPhoto, ...] = ()
    choice: int = 0
    agreement: float = float("nan")
    inlier: bool = True
    fixed: bool = False
    problem: str = ""
    copy_of: str = ""

    @property
    def pose(self) -> PoseInPhoto | None:
        """The pose that is shown; None while there is none."""
        return self.poses[self.choice] if self.poses else None


@dataclass(frozen=True)
class Drawing:
    """What is shown on all photos of the collection.

    Attributes:
        source: number of the photo that it was made on; None: the shape.
        masks: (pixels or faces, colour) of the parts it is made of; or
        picture: an image file laid over the object in the photo.
    """

    source: int | None = None
    masks: tuple[tuple[Mask, str], ...] = ()
    picture: str = ""


@dataclass(frozen=True)
class Collection:
    """Photos of one object or category in the frame of one shape.

    Attributes:
        joined: the photos were made to agree; clicks can be followed through all of them.
    """

    photos: tuple[CollectionPhoto, ...] = ()
    shape: Item | None = None
    encoder: EncoderSettings = EncoderSettings()
    joined: bool = False
    drawing: Drawing | None = None

    def number_of(self, item: Item | None) -> int | None:
        """The number of the photo that an open image is."""
        paths = [one.item.path for one in self.photos]
        return paths.index(item.path) if item is not None and item.path in paths else None
