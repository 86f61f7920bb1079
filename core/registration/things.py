"""Which thing is meant, and how sure its pose is: plain values."""

from dataclasses import dataclass
from typing import NamedTuple


class InstanceKey(NamedTuple):
    """One thing of a scene: the data set's number of its shape, and which of several such things it is (from 0)."""

    object_id: int
    instance: int = 0


@dataclass(frozen=True)
class PoseUncertainty:
    """How far a refined pose may be off, at least (one standard deviation).

    Attributes:
        degrees: of the rotation, over all axes.
        axes: the half axes of the ellipsoid in which the thing's middle is, three vectors in the photo's camera and in units
            of the scene.
    """

    degrees: float
    axes: tuple[tuple[float, float, float], ...]

    @property
    def distance(self) -> float:
        """By which the middle may be off, over all axes, in units of the scene."""
        return float(sum(part * part for axis in self.axes for part in axis) ** 0.5)
