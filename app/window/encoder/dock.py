"""The encoder panel: which encoder, on which device, and how closely shapes are looked at."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.document.texts import tr
from app.shared.values import EncoderSettings
from app.window.encoder.curve import Curve
from core.encoders.names import DEFAULT, POCKETS


class EncoderPanel(QWidget):
    """The panel that edits :class:`EncoderSettings`.

    Signals:
        applied(settings): the user pressed Apply.
        adapt_requested(minutes): adapt the encoder to the open shapes.
    """

    applied = Signal(object)
    adapt_requested = Signal(float)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._make_fields()
        self.apply = QPushButton(tr("Apply"))
        self.apply.clicked.connect(lambda: self.applied.emit(self.settings()))
        layout = QVBoxLayout(self)
        layout.addLayout(self._form())
        layout.addWidget(self.apply)
        layout.addSpacing(8)
        layout.addLayout(self._adapt_row())
        layout.addWidget(self.learnt)
        layout.addWidget(self.curve)
        layout.addWidget(self.measure)
        layout.addStretch()
        self._descriptions: dict[str, str] = {}
        self.name.currentTextChanged.connect(self._changed)
        for signal in (
            self.weights.textChanged,
            self.adapter.textChanged,
            self.layer.valueChanged,
            self.device.currentTextChanged,
            self.samples.valueChanged,
            self.azimuths.valueChanged,
            self.resolution.valueChanged,
            self.points.currentIndexChanged,
        ):
            signal.connect(self._changed)
        self.adapted.toggled.connect(lambda: self.applied.emit(self.settings()))
        self._applied = EncoderSettings()
        self.set_settings(self._applied)

    def _make_fields(self) -> None:
        self.name = QComboBox()
        self.name.setEditable(True)
        self.name.addItems(POCKETS)
        self.name.setToolTip(
            tr(
                "What describes photos and shapes. The bundled pocket encoders need no network; the name of any vision transformer of timm can be typed."
            )
        )
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.about.setForegroundRole(self.about.foregroundRole().PlaceholderText)
        self.weights = QLineEdit()
        self.weights.setPlaceholderText(tr("bundled or published"))
        self.weights.setToolTip(tr("A file with weights, used instead of the bundled or published ones"))
        self.adapter = QLineEdit()
        self.adapter.setPlaceholderText(tr("none"))
        self.adapter.setToolTip(tr("An adapter file made for this encoder, by Adapt below or on the command line"))
        self.layer = _spin(
            -1,
            99,
            tr("three quarters deep"),
            tr("Which block of a vision transformer is read; blocks in the middle hold most of the geometry"),
        )
        self.device = QComboBox()
        self.device.addItems(["auto", "cpu", "cuda"])
        self.samples = _spin(1000, 1_000_000, "", tr("Points on the surface that get a descriptor"))
        self.samples.setSingleStep(10_000)
        self.samples.setGroupSeparatorShown(True)
        self.azimuths = _spin(3, 36, "", tr("How many views are rendered in each of three rings around the shape"))
        self.resolution = _spin(0, 1024, tr("automatic"), tr("Width and height of a rendered view in pixels"))
        self.points = QComboBox()
        self.points.addItems([tr("from views"), tr("from points")])
        self.points.setToolTip(
            tr("How shapes are described: from rendered views is more exact, from points takes a fifth of a second")
        )

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Encoder"), self.name)
        form.addRow(self.about)
        form.addRow(tr("Weights"), self._with_browse(self.weights, tr("Weights (*.safetensors *.pth *.pt *.bin)")))
        self.adapted = QCheckBox(tr("Adapter"))
        self.adapted.setChecked(True)
        self.adapted.setToolTip(
            tr("Use the adapter. Switch it off to compare with the encoder alone; pins are matched again at once.")
        )
        form.addRow(self.adapted, self._with_browse(self.adapter, tr("Adapters (*.safetensors)")))
        form.addRow(tr("Layer"), self.layer)
        form.addRow(tr("Device"), self.device)
        form.addRow(tr("Samples"), self.samples)
        form.addRow(tr("Shapes"), self.points)
        form.addRow(tr("Views per ring"), self.azimuths)
        form.addRow(tr("Resolution"), self.resolution)
        return form

    def set_shapes(self, count: int) -> None:
        """How many shapes are open to adapt to."""
        self.adapt.setEnabled(count > 0)

    def show_curve(self, curve: list[Any]) -> None:
        """How adapting goes (:class:`app.shared.results.AdaptationPoint`): share of places found again, and the loss."""
        first, best = curve[0].consistency, max(one.consistency for one in curve)
        self.learnt.setText(
            tr(
                "In pictures of the open shapes that are not learned from, {first:.0%} of the places were found on the shape before, {best:.0%} so far."
            ).format(first=first, best=best)
        )
        self.learnt.show()
        losses = [(float(one.step), one.loss) for one in curve if one.loss == one.loss]
        self.curve.show_points([(float(one.step), one.consistency) for one in curve], losses)

    def forget_learnt(self) -> None:
        """What adapting came to was for another document."""
        self.learnt.hide()
        self.curve.show_points([], [])

    def show_learnt(self, file: str, curve: list[Any]) -> None:
        """What adapting came to, the last of the curve; it is used at once."""
        self.show_curve(curve[:-1])
        first, last = curve[0].consistency, curve[-1].consistency
        self.learnt.setText(
            tr(
                "In pictures of the open shapes that were not learned from, {first:.0%} of the places were found on the shape before, {last:.0%} adapted. (Measure looks for pixels in one other picture instead, so its shares are other ones.) Saved {file}"
            ).format(first=first, last=last, file=file)
        )
        self.adapted.setChecked(True)
        self.adapter.setText(file)
        self.applied.emit(self.settings())

    def _adapt_row(self) -> QHBoxLayout:
        self.adapt, self.minutes = QPushButton(tr("Adapt to the open shapes")), QDoubleSpinBox()
        self.adapt.setToolTip(
            tr(
                "Learn from pictures of the open shapes to find the same place from all sides; the result is an adapter file"
            )
        )
        self.adapt.clicked.connect(lambda: self.adapt_requested.emit(self.minutes.value()))
        self.minutes.setRange(0.1, 60)
        self.minutes.setDecimals(1)
        self.minutes.setValue(3)
        self.minutes.setSuffix(tr(" min"))
        self.minutes.setToolTip(
            tr("The longest time it may take. It stops earlier when nothing improves; Cancel keeps the best so far.")
        )
        self.measure = QPushButton(tr("Measure…"))
        self.measure.setToolTip(tr("Compare encoders and adapters on the open shapes or on a data set, with pictures"))
        self.learnt, self.curve = QLabel(), Curve()
        self.curve.setToolTip(tr("Places found again (bold) and the loss (thin)"))
        self.learnt.setWordWrap(True)
        self.learnt.hide()
        self.set_shapes(0)
        row = QHBoxLayout()
        row.addWidget(self.adapt, 1)
        row.addWidget(self.minutes)
        return row

    def set_encoders(self, encoders: list[tuple[str, str, bool]]) -> None:
        """Offer encoders (name, description, bundled)."""
        chosen = self.name.currentText()
        self._descriptions = {
            name: text + ("" if bundled else tr("; its weights are downloaded, or come from a file"))
            for name, text, bundled in encoders
        }
        self.name.clear()
        self.name.addItems([name for name, _, _ in encoders])
        self.name.setCurrentText(chosen)

    def set_settings(self, settings: EncoderSettings) -> None:
        self._applied = settings
        self.name.setCurrentText(settings.name)
        self.weights.setText(settings.weights or "")
        if settings.adapter is not None or self.adapted.isChecked():
            self.adapter.setText(settings.adapter or "")
        self.layer.setValue(-1 if settings.layer is None else settings.layer)
        self.device.setCurrentText(settings.device)
        self.samples.setValue(settings.samples)
        self.azimuths.setValue(settings.azimuths)
        self.resolution.setValue(settings.resolution)
        self.points.setCurrentIndex(int(settings.points))
        self._changed()

    def settings(self) -> EncoderSettings:
        """What the fields say."""
        return EncoderSettings(
            name=self.name.currentText().strip() or DEFAULT,
            weights=self.weights.text().strip() or None,
            layer=None if self.layer.value() < 0 else self.layer.value(),
            device=self.device.currentText(),
            samples=self.samples.value(),
            azimuths=self.azimuths.value(),
            resolution=self.resolution.value(),
            points=self.points.currentIndex() == 1,
            adapter=(self.adapter.text().strip() or None) if self.adapted.isChecked() else None,
        )

    def _changed(self) -> None:
        name = self.name.currentText().strip()
        self.about.setText(self._descriptions.get(name, tr("timm model {name}").format(name=name)))
        self.layer.setEnabled(name not in POCKETS)
        self.points.setEnabled(name in POCKETS)
        for of_views in (self.azimuths, self.resolution):
            of_views.setEnabled(self.points.currentIndex() == 0)
        self.apply.setEnabled(self.settings() != self._applied)

    def _with_browse(self, field: QLineEdit, patterns: str) -> QHBoxLayout:
        """A field for a file with a button to look for it."""

        def ask() -> None:
            path, _ = QFileDialog.getOpenFileName(self, field.toolTip(), "", patterns)
            if path:
                field.setText(path)

        browse = QPushButton("…")
        browse.setFixedWidth(34)
        browse.setToolTip(tr("Choose a file"))
        browse.clicked.connect(lambda: ask())
        row = QHBoxLayout()
        row.addWidget(field)
        row.addWidget(browse)
        return row


def _spin(low: int, high: int, special: str, tip: str) -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(low, high)
    spin.setSpecialValueText(special)
    spin.setToolTip(tip)
    return spin
