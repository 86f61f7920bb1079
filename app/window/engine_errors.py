"""What went wrong in the engine, said; and what can be done about it, offered."""

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox

from app.document.texts import tr
from app.shared.pipe import GPU_FULL
from app.window.dialogs import say_error

if TYPE_CHECKING:
    from app.window.main_window import MainWindow


class Troubles(QObject):
    """Connects engine and queries with the status bar and dialogs."""

    def __init__(self, window: "MainWindow"):
        super().__init__(window)
        self._window = window
        window.engine.ask = self.ask_again
        window.engine.died.connect(lambda sentence: window.statusBar().showMessage(sentence, 15_000))
        window.queries.refused.connect(lambda sentence: window.statusBar().showMessage(sentence, 8000))
        window.queries.failed.connect(self._failed)

    def ask_again(self, sentence: str) -> bool:
        """Whether to go on with what the engine stopped at; what was done of it before is kept where it is kept on disk."""
        buttons = QMessageBox.StandardButton.Retry | QMessageBox.StandardButton.Cancel
        chosen = QMessageBox.warning(self._window, "Counterpoint", sentence, buttons, QMessageBox.StandardButton.Retry)
        return chosen == QMessageBox.StandardButton.Retry

    def _failed(self, sentence: str, details: str) -> None:
        box = say_error(self._window, sentence, details)
        encoder = self._window.session.encoder
        if sentence == GPU_FULL and encoder.device != "cpu":
            use = box.addButton(tr("Use the CPU"), QMessageBox.ButtonRole.AcceptRole)
            use.clicked.connect(lambda: self._window.session.set_encoder(replace(encoder, device="cpu")))
