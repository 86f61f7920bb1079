"""How well a photo shows a thing where a pose puts it, which tells what drifted from what is right."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.geometry.pose import Pose
from core.registration.drawing import box_of, cut_window, draw
from core.registration.residuals import agreement
from core.registration.solids import LoadedPhoto, Solid
from core.registration.things import InstanceKey

VISIBLE = 0.1
"""Share of a thing's silhouette that must be seen for a photo to say something about it."""

DRIFT, AGREEMENT = 0.045, 0.15
"""A residual above this share of the thing's box says that it drifted, as does an agreement below its own."""


@dataclass(frozen=True)
class Shown:
    """A pose of a thing in a photo.

    Attributes:
        pose: of the thing in the photo.
        agreed: how well the photo agrees, see :func:`core.registration.residuals.agreement`.
        residual: how far the photo shows it from there, in pixels.
        side: of the thing's box, in pixels.
    """

    pose: Pose
    agreed: float
    residual: float
    side: float

    @property
    def drifted(self) -> bool:
        """Whether the photo does not show the thing there."""
        return self.agreed < AGREEMENT or self.residual > DRIFT * self.side


def shown(
    photo: LoadedPhoto, thing: InstanceKey, poses: Mapping[InstanceKey, Pose], solids: Mapping[int, Solid]
) -> Shown | None:
    """Judge the pose of a thing by a photo.

    Args:
        photo: the photo.
        thing: which is judged.
        poses: of it and of all things in the photo, which may hide it.
        solids: the shapes by number.

    Returns:
        What the photo says, or None where it says nothing: the thing is not before the camera, or hardly seen.
    """
    box = box_of(solids[thing.object_id], poses[thing], photo.K)
    if box is None:
        return None
    drawing = draw(thing, poses, solids, cut_window(photo, box, 96, 0.3), photo.K)
    if drawing.seen.sum() < max(VISIBLE * drawing.own.sum(), 40):
        return None
    return Shown(poses[thing], *agreement(drawing), float((box[2:] - box[:2]).max()))
