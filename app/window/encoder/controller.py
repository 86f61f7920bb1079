"""Measuring encoders and adapting them to the open shapes, in the window: asks the engine and shows what comes."""

from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from app.document.session import Session
from app.document.texts import tr
from app.shared.results import ItemCorrection, Measurement
from app.shared.values import Item
from app.window.encoder.dock import EncoderPanel
from app.window.encoder.measure import MeasurePage
from app.window.engine_client import EngineClient
from app.window.requests import Requests


class EncoderController(QObject):
    """What the encoder panel asks for, and the page that measures."""

    def __init__(self, session: Session, engine: EngineClient, requests: Requests, dock: EncoderPanel, parent: QWidget):
        super().__init__(parent)
        self._session, self._engine, self._requests, self._dock = session, engine, requests, dock
        self.page = MeasurePage(parent)
        self._folder = ""
        dock.applied.connect(session.set_encoder)
        dock.adapt_requested.connect(self.adapt)
        dock.measure.clicked.connect(lambda: self.show())
        self.page.measure_requested.connect(self.measure)
        self.page.report_requested.connect(self._open_report)
        engine.ready.connect(self._list_encoders)
        session.leaving.connect(dock.forget_learnt)
        session.follow({"encoder"}, lambda: dock.set_settings(session.encoder))
        session.follow({"items"}, lambda: dock.set_shapes(len(self._shapes())))

    def adapt(self, minutes: float) -> None:
        """Adapt the encoder of the panel to the open shapes.

        What it learnt is a file among the program's data, and is used at once.
        """
        shapes = self._shapes()
        folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation)) / "adapters"
        name = "-".join(Path(item.path).stem for item in shapes)
        number = next(n for n in range(1, 10_000) if not (folder / f"{name}-{n}.safetensors").exists())
        out = str(folder / f"{name}-{number}.safetensors")
        request = self._requests.run(
            "adapt_encoder",
            lambda curve: self._dock.show_learnt(out, curve),
            shapes=shapes,
            encoder=self._dock.settings(),
            out=out,
            minutes=minutes,
            corrections=_item_corrections(self._session),
            photos=[item for item in self._session.items.values() if item.kind == "image"],
        )
        request.partial_result.connect(self._dock.show_curve)

    def show(self) -> None:
        self.page.show()
        self.page.raise_()

    def measure(self, data: str, beside: list[str], count: int) -> None:
        """Ask the engine; what was measured before on the same data is there at once."""
        shapes = self._shapes()
        request = self._requests.run(
            "measure_encoders",
            self._done,
            shapes=shapes,
            encoder=self._session.encoder,
            beside=beside,
            data=data,
            count=count,
        )
        self.page.set_busy(True)
        request.partial_result.connect(lambda measured: self.page.show_measured(measured, done=False))
        request.finished.connect(lambda: self.page.set_busy(False))
        request.cancelled.connect(lambda: self.page.state.setText(tr("Stopped; what was measured is kept.")))
        request.failed.connect(lambda sentence, _: self.page.state.setText(sentence))

    def _shapes(self) -> list[Item]:
        return [item for item in self._session.items.values() if item.kind == "shape"]

    def _list_encoders(self) -> None:
        self._requests.ask("list_encoders", "encoders", self._dock.set_encoders)

    def _done(self, measured: Measurement) -> None:
        self._folder = measured.folder
        self.page.show_measured(measured, done=True)

    def _open_report(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(f"{self._folder}/report.html"))


def _item_corrections(session: Session) -> list[ItemCorrection]:
    """What the user put right between images and shapes."""
    found = []
    for one in session.corrections:
        a, b = session.items.get(one.source), session.items.get(one.target)
        if a is not None and b is not None and a.kind != b.kind:
            image, pixel, shape, point = (a, one.at, b, one.to) if a.kind == "image" else (b, one.to, a, one.at)
            found.append(ItemCorrection(image, pixel, shape, point))  # type: ignore[arg-type]
    return found
