"""What a pin looks like on a panel."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class PinMark:
    """A mark on an image or a shape.

    Attributes:
        pin_id: the pin it belongs to.
        position: pixel (u, v) or point (x, y, z).
        color: "#rrggbb".
        label: the pin's name.
        role: where the pin was placed, where it was found, or a rival peak that scores nearly as well.
        selected: whether it is the current pin.
        muted: whether the match is not to be trusted.
    """

    pin_id: int
    position: tuple[float, ...]
    color: str
    label: str
    role: Literal["source", "match", "rival"]
    selected: bool = False
    muted: bool = False
