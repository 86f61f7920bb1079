"""Results of the engine's jobs: plain values that the window draws."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.shared.values import Intrinsics, Item, PoseInPhoto
from core.geometry.lens import Lens
from core.geometry.pose import Pose
from core.parts.layers import Mask
from core.registration.things import InstanceKey
from core.scenes.scene import PoseKey


@dataclass
class OpenedShape:
    """A shape's display mesh and the facts shown about it."""

    mesh: Any
    faces: int
    vertices: int
    diagonal: float
    warnings: list[str]

    @property
    def elements(self) -> int:
        """What parts are made of: faces, or the points of a cloud."""
        return self.faces or self.vertices


@dataclass
class Answer:
    """A match on one target, ready to draw.

    Attributes:
        location: pixel (u, v) or point (x, y, z) in the file's units.
        rivals: locations with scores.
        heat: float32 [V] for the display mesh's vertices, or [h, w] for the part ``heat_box`` of the image.
        low, high: the range of similarity that colours span.
        probability, reasons: see :class:`core.matching.match.Match`.
    """

    location: tuple[float, ...]
    score: float
    margin: float
    cycle_error: float
    verdict: str
    rivals: list[tuple[tuple[float, ...], float]]
    heat: npt.NDArray[np.float32]
    low: float
    high: float
    heat_box: tuple[float, float, float, float] | None = None
    probability: float = float("nan")
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemCorrection:
    """A correction between an open image and an open shape, from which an encoder is adapted."""

    image: Item
    pixel: tuple[float, float]
    shape: Item
    point: tuple[float, float, float]


@dataclass
class Carried:
    """A part on one target.

    Attributes:
        percent: uint8 [H * W] or [F], evidence for every pixel or face (point of a cloud).
        share, overlap, verdict, probability, reasons: see :class:`core.parts.transfer.FoundPart`.
    """

    percent: npt.NDArray[np.uint8]
    share: float
    overlap: float
    verdict: str
    probability: float = float("nan")
    reasons: tuple[str, ...] = ()


@dataclass
class ReadLabels:
    """Parts from a file."""

    names: list[str]
    colors: list[str]
    masks: list[Mask]


@dataclass
class Begun:
    """Poses of a shape in a photo, the best first, and what they were judged by.

    That is the object's mask, and the camera with its lens.
    """

    poses: list[PoseInPhoto]
    mask: Mask
    K: tuple[float, float, float, float]
    lens: Lens | None = None


@dataclass(frozen=True)
class FoundCamera:
    """A photo's camera that was solved: fx, fy, cx, cy in pixels, its lens, the field of view in degrees, and how sure that is.

    ``K`` is None where it is not determined; ``sentence`` says why.
    """

    K: Intrinsics | None
    lens: Lens | None
    field: float
    sentence: str


@dataclass
class PoseSoFar:
    """The likeliest pose while an alignment goes on, not scored yet, and the camera.

    The camera is fx, fy, cx, cy in pixels, and its lens.
    """

    K: tuple[float, float, float, float]
    lens: Lens | None
    pose: PoseInPhoto


@dataclass
class Drawn:
    """A posed shape as a picture uint8 [h, w, 4] over the part ``box`` of the image."""

    rgba: npt.NDArray[np.uint8]
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class PosePicture:
    """A hypothesis drawn over the photo.

    Attributes:
        rgb: uint8 [h, w, 3], the object's box.
        kind, degrees: how it stands to the best one, see :class:`core.alignment.rivals.Relation`.
    """

    rgb: npt.NDArray[np.uint8]
    kind: str
    degrees: float


@dataclass
class FoundShape:
    """A result: similarity (NaN when nothing was asked for), and a small picture as PNG."""

    number: int
    path: str
    up: str
    score: float
    tags: tuple[str, ...]
    picture: bytes


@dataclass
class FoundShapes:
    """Results, the number of shapes searched, (tag, shapes) of all, and (path, reason) of those that could not be read.

    Attributes:
        words: whether the gallery can be searched by words.
        verdict: on the first result, of ``probability`` and doubted for ``reasons``: whether it is of the kind that was
            asked for; "unmeasured" where nobody knows how often such searches are right, "" where nothing was asked for.
    """

    results: list[FoundShape]
    shapes: int
    tags: list[tuple[str, int]]
    refused: list[tuple[str, str]]
    words: bool
    verdict: str = ""
    probability: float = float("nan")
    reasons: tuple[str, ...] = ()


@dataclass
class Followed:
    """A point seen everywhere.

    Attributes:
        point: on the shape, in its file's units.
        pixels: (u, v) in every photo's file, and whether nothing hides it.
    """

    point: tuple[float, ...]
    pixels: list[tuple[float, float, bool]]


@dataclass(frozen=True)
class Measurement:
    """What a measurement of encoders found.

    Attributes:
        tables: by title; a row is values by column, and the first column names it.
        cases: pictures of good and bad cases: (encoder, part, share that is right from 0 to 1, file).
        folder: where the report lies, or "".
    """

    tables: dict[str, list[dict[str, Any]]]
    cases: list[tuple[str, str, float, str]]
    folder: str = ""


@dataclass(frozen=True)
class AdaptationPoint:
    """A point of the curve of adapting.

    Attributes:
        step: steps done.
        loss: its mean since the point before, NaN without steps.
        consistency: share of places found again on held-out pictures, in [0, 1].
    """

    step: int
    loss: float
    consistency: float


@dataclass(frozen=True)
class DrawnScene:
    """All posed things of a photo, as :class:`core.scenes.picture.ScenePicture` has them.

    Attributes:
        rgba: uint8 [h, w, 4], over all of the photo.
        index: int16 [h, w], the number in ``things`` of what is seen at a pixel, -1 for nothing.
    """

    rgba: npt.NDArray[np.uint8]
    index: npt.NDArray[np.int16]
    things: tuple[InstanceKey, ...]

    def thing_at(self, u: float, v: float, size: tuple[int, int]) -> InstanceKey | None:
        """What is seen at the pixel (u, v) of a photo of ``size`` (width, height)."""
        height, width = self.index.shape
        column, row = int((u + 0.5) * width / size[0]), int((v + 0.5) * height / size[1])
        number = self.index[min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
        return self.things[number] if number >= 0 else None


@dataclass(frozen=True)
class Inspected:
    """Another set of poses beside those of a scene.

    Attributes:
        path: of the file that has them.
        rows: of :func:`core.scenes.inspect.inspect`.
        others: the pose that was measured of each thing, in units of the scene.
    """

    path: str
    rows: list[dict[str, Any]]
    others: dict[PoseKey, Pose]


@dataclass(frozen=True)
class ScenesFound:
    """Several scenes, of which one is to be chosen, by their folders."""

    places: tuple[str, ...]


@dataclass(frozen=True)
class SmallPhoto:
    """A photo of a scene as a small picture uint8 [h, w, 3]; None where it cannot be read, and why."""

    key: str
    picture: npt.NDArray[np.uint8] | None
    problem: str = ""


@dataclass(frozen=True)
class SceneNotes:
    """What is wrong with the files of a scene, and what is odd."""

    errors: tuple[str, ...]
    odd: tuple[str, ...]
