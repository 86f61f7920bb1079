"""Measuring encoders in the window: asks the engine and shows what comes."""

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from app.measure_jobs import Measurement
from app.panels.measure import MeasurePage
from app.queries import Queries
from app.session import Session


class Measuring(QObject):
    """Runs the measure page for a session."""

    def __init__(self, session: Session, queries: Queries, parent: QWidget):
        super().__init__(parent)
        self._session, self._queries = session, queries
        self.page = MeasurePage(parent)
        self._folder = ""
        self.page.wanted.connect(self.measure)
        self.page.opened.connect(self._open_report)

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
        request.cancelled.connect(lambda: self.page.state.setText("Stopped; what was measured is kept."))
        request.failed.connect(lambda *_: self.page.state.setText(""))

    def _done(self, measured: Measurement) -> None:
        self._folder = measured.folder
        self.page.show_measured(measured, done=True)

    def _open_report(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(f"{self._folder}/report.html"))
