"""What went wrong in the engine, said; and what can be done about it, offered."""

from dataclasses import replace

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox

from app.document.session import Session
from app.document.texts import tr
from app.shared.pipe import GPU_FULL
from app.window.dialogs import say_error
from app.window.engine_client import EngineClient
from app.window.requests import Requests
from app.window.shell import Shell


class EngineErrors(QObject):
    """Connects engine and requests with the status bar and dialogs."""

    def __init__(self, engine: EngineClient, requests: Requests, session: Session, shell: Shell, parent: QObject):
        super().__init__(parent)
        self._session, self._shell = session, shell
        engine.ask = self.ask_again
        engine.died.connect(lambda sentence: shell.say(sentence, 15_000))
        requests.failed.connect(self._failed)

    def ask_again(self, sentence: str) -> bool:
        """Whether to go on with what the engine stopped at.

        What was done of it before is kept where it is kept on disk.
        """
        buttons = QMessageBox.StandardButton.Retry | QMessageBox.StandardButton.Cancel
        chosen = QMessageBox.warning(
            self._shell.dialog_parent, "Counterpoint", sentence, buttons, QMessageBox.StandardButton.Retry
        )
        return chosen == QMessageBox.StandardButton.Retry

    def _failed(self, sentence: str, details: str) -> None:
        box = say_error(self._shell.dialog_parent, sentence, details)
        encoder = self._session.encoder
        if sentence == GPU_FULL and encoder.device != "cpu":
            use = box.addButton(tr("Use the CPU"), QMessageBox.ButtonRole.AcceptRole)
            use.clicked.connect(lambda: self._session.set_encoder(replace(encoder, device="cpu")))
