"""What a pin looks like on a panel, and a click of a part that is being marked."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy.typing as npt
from PySide6.QtCore import QPointF


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
        numbered: whether its label is seen beside it, as that of the current pin is.
    """

    pin_id: int
    position: tuple[float, ...]
    color: str
    label: str
    role: Literal["source", "match", "rival"]
    selected: bool = False
    muted: bool = False
    numbered: bool = False

    @property
    def says_label(self) -> bool:
        """Whether the label is seen beside the mark."""
        return self.role != "rival" and (self.selected or self.numbered)


@dataclass(frozen=True)
class ClickMark:
    """A click that a part is being marked by, in an image.

    Attributes:
        number: its place among the actions of the draft.
        position: pixel (u, v).
        add: whether it says what belongs to the part, or what does not.
    """

    number: int
    position: tuple[float, ...]
    add: bool


class Surface(Protocol):
    """A 3D view that marks are on."""

    def pick(self, at: QPointF) -> npt.NDArray | None:
        """The point float64 [3] of the surface under a place of the widget, or None."""

    def world_to_widget(self, point: npt.ArrayLike) -> QPointF:
        """Where a point of the shape appears in the widget."""

    def eye(self) -> npt.NDArray:
        """Where it is seen from, float64 [3]."""

    def set_marks(self, marks: list[PinMark]) -> None:
        """Show these marks."""
