"""What of a window's texts cannot be read: cut off, shortened, or one over another."""

from itertools import combinations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QStyle,
    QStyleOptionComboBox,
    QToolButton,
    QWidget,
)

from app.window.views.header import ElidedLabel

KINDS = (QLabel, QPushButton, QToolButton, QCheckBox, QComboBox, QLineEdit, QAbstractSpinBox)


def unreadable(window: QWidget) -> list[str]:
    """A line for every text of a window that cannot be read as it is."""
    every = [one for one in window.findChildren(QWidget) if isinstance(one, KINDS) and one.isVisible() and text_of(one)]
    shown = [one for one in every if not isinstance(one.parentWidget(), QComboBox | QAbstractSpinBox)]
    cut = [f"cut off: {name(one)} has {size(one)} of {size(needed(one))}" for one in shown if is_cut(one)]
    outside = [f"outside: {name(one)}" for one in shown if not inside(one, window)]
    over = [
        f"over each other: {name(one)} and {name(other)}"
        for one, other in combinations(shown, 2)
        if area(one, window).intersects(area(other, window)) and not related(one, other)
    ]
    heads = [
        f"cut off: column {head.model().headerData(section, Qt.Orientation.Horizontal)} of {name(head.parentWidget())}"
        for head in window.findChildren(QHeaderView)
        if head.isVisible() and head.orientation() == Qt.Orientation.Horizontal
        for section in range(head.count())
        if head.sectionSize(section) < head.fontMetrics().horizontalAdvance(title_of(head, section))
    ]
    return [*cut, *outside, *over, *heads]


def title_of(head: QHeaderView, section: int) -> str:
    return str(head.model().headerData(section, Qt.Orientation.Horizontal))


def text_of(widget: QWidget) -> str:
    if isinstance(widget, QComboBox):
        return widget.currentText()
    if isinstance(widget, QLineEdit):
        return widget.placeholderText() or widget.text()
    if isinstance(widget, QToolButton) and widget.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly:
        return "" if not widget.icon().isNull() else widget.text()
    return widget.text()


def name(widget: QWidget) -> str:
    return f"{type(widget).__name__} {text_of(widget)[:40]!r}"


def size(what: QWidget | QSize) -> str:
    return f"{what.width()}x{what.height()}"


def needed(widget: QWidget) -> QSize:
    """How large a widget must be for its text."""
    if isinstance(widget, QLabel) and widget.wordWrap():
        return QSize(widget.minimumSizeHint().width(), widget.heightForWidth(widget.width()))
    if isinstance(widget, QLineEdit):
        text = max(widget.placeholderText(), widget.text(), key=len)
        return QSize(widget.fontMetrics().horizontalAdvance(text) + 10, widget.minimumSizeHint().height())
    if isinstance(widget, QPushButton):  # its hint is never under 80 pixels
        return QSize(widget.fontMetrics().horizontalAdvance(widget.text()) + 14, widget.sizeHint().height())
    if isinstance(widget, QComboBox):
        option = QStyleOptionComboBox()
        widget.initStyleOption(option)
        style = widget.style()
        room = style.subControlRect(QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField)
        longest = max(widget.fontMetrics().horizontalAdvance(widget.itemText(i)) for i in range(widget.count()))
        return QSize(longest + widget.width() - room.width(), widget.minimumSizeHint().height())
    return widget.sizeHint()


def is_cut(widget: QWidget) -> bool:
    if isinstance(widget, ElidedLabel) and widget.text() != widget.full_text():
        return True
    wanted = needed(widget)
    width = 0 if isinstance(widget, ElidedLabel) else wanted.width()
    return widget.width() < width or widget.height() < wanted.height()


def area(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


def inside(widget: QWidget, window: QWidget) -> bool:
    """Whether it lies within everything around it."""
    around, place = widget.parentWidget(), area(widget, window)
    while around is not None:
        if not area(around, window).contains(place):
            return False
        if around is window:
            return True
        around = around.parentWidget()
    return True


def related(one: QWidget, other: QWidget) -> bool:
    return one.isAncestorOf(other) or other.isAncestorOf(one)
