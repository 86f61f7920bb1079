"""Measuring encoders and adapting them to the open shapes, in the window: asks the engine and shows what comes."""

from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from app.document.session import Session
from app.document.texts import tr
from app.shared.results import Lesson, Measurement
from app.window.encoder.dock import EncoderPanel
from app.window.encoder.measure import MeasurePage
from app.window.requests import Queries


class Tuning(QObject):
    """What the encoder dock asks for, and the page that measures."""

    def __init__(self, session: Session, queries: Queries, dock: EncoderPanel, parent: QWidget):
        super().__init__(parent)
        self._session, self._queries, self._dock = session, queries, dock
        self.page = MeasurePage(parent)
        dock.adapt_wanted.connect(self.adapt)
        dock.measure.clicked.connect(lambda: self.show())
        self._folder = ""
        self.page.wanted.connect(self.measure)
        self.page.opened.connect(self._open_report)

    def adapt(self, minutes: float) -> None:
        """Adapt the encoder of the dock to the open shapes; what it learnt is a file among the program's data, and is used at once."""
        shapes = [item for item in self._session.items.values() if item.kind == "shape"]
        folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation)) / "adapters"
        name = "-".join(Path(item.path).stem for item in shapes)
        number = next(n for n in range(1, 10_000) if not (folder / f"{name}-{n}.safetensors").exists())
        out = str(folder / f"{name}-{number}.safetensors")
        request = self._queries.run(
            "adapt_encoder", lambda curve: self._dock.show_learnt(out, curve), shapes=shapes,
            encoder=self._dock.settings(), out=out, minutes=minutes, lessons=_lessons(self._session),
        )  # fmt: skip
        request.told.connect(self._dock.show_curve)

    def show(self) -> None:
        self.page.show()
        self.page.raise_()

    def measure(self, data: str, beside: list[str], count: int) -> None:
        """Ask the engine; what was measured before on the same data is there at once."""
        shapes = [item for item in self._session.items.values() if item.kind == "shape"]
        request = self._queries.run(
            "measure_encoders", self._done, shapes=shapes, encoder=self._session.encoder, beside=beside, data=data, count=count
        )  # fmt: skip
        self.page.set_busy(True)
        request.told.connect(lambda measured: self.page.show_measured(measured, done=False))
        request.finished.connect(lambda: self.page.set_busy(False))
        request.cancelled.connect(lambda: self.page.state.setText(tr("Stopped; what was measured is kept.")))
        request.failed.connect(lambda *_: self.page.state.setText(""))

    def _done(self, measured: Measurement) -> None:
        self._folder = measured.folder
        self.page.show_measured(measured, done=True)

    def _open_report(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(f"{self._folder}/report.html"))


def _lessons(session: Session) -> list[Lesson]:
    """What the user put right between images and shapes."""
    found = []
    for one in session.corrections:
        a, b = session.items.get(one.source), session.items.get(one.target)  # type: ignore[call-overload]
        if a is not None and b is not None and a.kind != b.kind:
            image, pixel, shape, point = (a, one.at, b, one.to) if a.kind == "image" else (b, one.to, a, one.at)
            found.append(Lesson(image, pixel, shape, point))  # type: ignore[arg-type]
    return found
