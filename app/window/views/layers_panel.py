"""The list of layers, from the top to the bottom: an eye and an opacity each, and how posed shapes are drawn."""

from collections.abc import Set

from PySide6.QtCore import QEvent, QPoint, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QLabel, QPushButton, QSlider, QToolButton, QWidget

from app.document.texts import tr
from app.window.theme import icon, is_dark
from app.window.views.layers import LAYERS, Layer, Looks, PoseStyle

NAMES: dict[Layer, str] = {
    "pins": tr("Pins and pairs"),
    "heat": tr("Heatmap"),
    "parts": tr("Parts"),
    "coordinates": tr("Coordinates (NOC)"),
    "pose": tr("Posed shape"),
    "cameras": tr("Cameras of a collection"),
    "depth": tr("Measured depth"),
    "photo": tr("Photo"),
}

STYLES: dict[PoseStyle, str] = {
    "own": tr("Own colours"),
    "wireframe": tr("Wireframe"),
    "silhouette": tr("Silhouette"),
    "difference": tr("Difference"),
}

SLIDER = 84
"""Width in pixels."""


class LayersPanel(QFrame):
    """Opens below a button and is closed by a click beside it, or Escape.

    Signals:
        eye_toggled(layer, on), opacity_changed(layer, share): of one layer; a share is from 0 to 1.
        style_chosen(style), swiped(share): how posed shapes are drawn, and over how much of the photo from the left.
        reset(): leave everything to the task again.
    """

    eye_toggled = Signal(str, bool)
    opacity_changed = Signal(str, float)
    style_chosen = Signal(str)
    swiped = Signal(float)
    reset = Signal()

    def __init__(self, parent: QWidget):
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_NoMouseReplay)  # the click that closes it places no pin
        self.setObjectName("layers")
        self.eyes: dict[Layer, QToolButton] = {}
        self._drawn: dict[Layer, tuple[str, bool]] = {}
        self.opacities: dict[Layer, QSlider] = {}
        self._names: dict[Layer, QLabel] = {}
        self._shares: dict[Layer, QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(6, 8, 12, 10)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        for layer in LAYERS:
            self._add_row(layer)
            if layer == "pose":
                self._add_pose_rows()
        self.hint, self.reset_button = QLabel(), QPushButton(tr("As the task shows them"))
        self.hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.reset_button.setToolTip(tr("Forget what was set here by hand"))
        self.reset_button.clicked.connect(self.reset)
        self._grid.setRowMinimumHeight(self._grid.rowCount(), 8)
        row = self._grid.rowCount()
        self._grid.addWidget(self.hint, row, 0, 1, 4)
        self._grid.addWidget(self.reset_button, row + 1, 0, 1, 4)

    def show_layers(self, looks: Looks, there: Set[Layer], style: PoseStyle, swiped: float, by_hand: bool) -> None:
        """Show how layers are seen; those that are not ``there`` are grey. ``by_hand``: something can be reset."""
        for layer, look in looks.items():
            self.eyes[layer].setChecked(look.visible)
            self._draw_eye(layer)
            _set(self.opacities[layer], look.opacity)
            self._shares[layer].setText(f"{look.opacity:.0%}")
            _enable(layer in there, self.eyes[layer], self._names[layer])
            _enable(layer in there and look.visible, self.opacities[layer], self._shares[layer])
        _enable("pose" in there and looks["pose"].visible, *self._of_pose)
        self.style_box.setCurrentIndex(list(STYLES).index(style))
        _set(self.swipe, swiped)
        self.reset_button.setEnabled(by_hand)

    def open_below(self, button: QWidget, hint: str) -> None:
        """Show it below a button at the right edge of its window, where it hides no photo.

        The hint is a sentence at its foot, "" for none.
        """
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.adjustSize()
        window = button.window()
        right = window.mapToGlobal(QPoint(window.width(), 0)).x()
        self.move(right - self.width(), button.mapToGlobal(QPoint(0, button.height())).y())
        self.show()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for layer in self.eyes:
                self._draw_eye(layer)

    def _add_row(self, layer: Layer) -> None:
        eye, name, slider, share = QToolButton(), QLabel(NAMES[layer]), _slider(), QLabel()
        eye.setCheckable(True)
        eye.setAutoRaise(True)
        eye.setIconSize(QSize(18, 18))
        eye.setAccessibleName(tr("Show {what}").format(what=NAMES[layer]))
        eye.setProperty("eye", True)
        eye.clicked.connect(lambda on: self.eye_toggled.emit(layer, on))
        slider.setAccessibleName(tr("Opacity of {what}").format(what=NAMES[layer]))
        slider.setToolTip(slider.accessibleName())
        slider.valueChanged.connect(lambda value: self.opacity_changed.emit(layer, value / 100))
        share.setMinimumWidth(share.fontMetrics().horizontalAdvance("100 %"))
        share.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.eyes[layer], self.opacities[layer] = eye, slider
        self._names[layer], self._shares[layer] = name, share
        row = self._grid.rowCount()
        for column, widget in enumerate((eye, name, slider, share)):
            self._grid.addWidget(widget, row, column)

    def _add_pose_rows(self) -> None:
        self.style_box, self.swipe = QComboBox(), _slider()
        style_name, swipe_name = QLabel(tr("drawn as")), QLabel(tr("from the left up to"))
        self._of_pose = style_name, self.style_box, swipe_name, self.swipe
        self.style_box.addItems(list(STYLES.values()))
        self.style_box.setAccessibleName(tr("How the posed shape is drawn"))
        self.style_box.setToolTip(
            tr("The difference is black where the posed shape has the photo's colours, and bright where it has not")
        )
        self.style_box.activated.connect(lambda index: self.style_chosen.emit(list(STYLES)[index]))
        self.swipe.setAccessibleName(tr("How much of the photo, from the left, the shape is shown over"))
        self.swipe.setToolTip(self.swipe.accessibleName())
        self.swipe.valueChanged.connect(lambda value: self.swiped.emit(value / 100))
        for name, widget in ((style_name, self.style_box), (swipe_name, self.swipe)):
            name.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            row = self._grid.rowCount()
            self._grid.addWidget(name, row, 1)
            self._grid.addWidget(widget, row, 2, 1, 2)

    def _draw_eye(self, layer: Layer) -> None:
        eye = self.eyes[layer]
        drawn = "eye" if eye.isChecked() else "eye-off", is_dark()
        if self._drawn.get(layer) != drawn:
            self._drawn[layer] = drawn
            eye.setIcon(icon(drawn[0]))


class _Slider(QSlider):
    """Its own keys are no shortcuts of the window below."""

    KEYS = (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in self.KEYS:
            event.accept()
            return True
        return super().event(event)


def _slider() -> QSlider:
    slider = _Slider(Qt.Orientation.Horizontal)
    slider.setRange(0, 100)
    slider.setMinimumWidth(SLIDER)
    return slider


def _enable(on: bool, *widgets: QWidget) -> None:
    for widget in widgets:
        widget.setEnabled(on)


def _set(slider: QSlider, share: float) -> None:
    """Show a share without telling anyone."""
    blocker = QSignalBlocker(slider)
    slider.setValue(round(100 * share))
    blocker.unblock()
