"""The form of the mouse over a photo says what a press there would do."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsItem

from app.window.views.image_items import HANDLE_CURSORS
from app.window.views.image_marks import ImageClicks, ImageMarks

Shape = Qt.CursorShape


def cursor_over(
    items: Sequence[QGraphicsItem], handle: str, marks: ImageMarks, clicks: ImageClicks, posing: bool, inside: bool
) -> Shape:
    """The cursor where no tool for boxes or parts is in use.

    Args:
        items: what lies under the mouse, from the top.
        handle: of the focus box, "" for none.
        marks: the pins and pairs of the photo; a match can be dragged, others chosen.
        clicks: those of the part that is being marked; they can be dragged.
        posing: whether a drag moves the posed shape.
        inside: whether the mouse is over a pixel of the photo, where a click places a pin.
    """
    if handle:
        return HANDLE_CURSORS[handle]
    if clicks.at(items) is not None or marks.match_at(items) is not None:
        return Shape.OpenHandCursor
    if marks.at(items) is not None:
        return Shape.PointingHandCursor
    if posing:
        return Shape.SizeAllCursor
    return Shape.CrossCursor if inside else Shape.ArrowCursor
