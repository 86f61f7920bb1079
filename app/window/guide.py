"""What to do next: said in the status bar, and offered above the panels while nothing is open."""

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QLabel

from app.document.session import Session
from app.document.texts import tr
from app.shared.values import Item
from app.window.engine_client import EngineClient
from app.window.files import Files
from app.window.tools import Tools
from app.window.welcome import Welcome


class Guide(QObject):
    """Fills the label of the status bar and the welcome row."""

    def __init__(
        self,
        session: Session,
        engine: EngineClient,
        tools: Tools,
        files: Files,
        samples: dict[str, Callable[[], object]],
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self.message, self.welcome = QLabel(), Welcome()
        self.message.setContentsMargins(8, 0, 8, 0)
        self._session, self._tools, self._files, self._samples = session, tools, files, samples
        self._engine_runs = False
        session.follow({"items", "collection"}, self.refresh)
        tools.hint_changed.connect(self.refresh)
        engine.ready.connect(self._engine_ready)

    def refresh(self) -> None:
        """Say what can be done now."""
        empty = not self._session.items and not self._session.collection.photos
        if (empty and self.welcome.isHidden()) or not self.welcome.buttons:
            self.welcome.fill(self._samples, self._files.recent(), lambda path: self._files.open([path]))
        self.welcome.setVisible(empty)
        if not self._engine_runs:
            text = tr("Starting the engine…")
        elif not self._session.items and not empty:
            text = tr("Now drop a shape like what the photos show into the window")
        elif empty:
            text = tr("Drop a photo and a shape into the window, or choose File > Open sample")
        elif len(self._session.items) == 1 and not self._tools.active:
            (item,) = self._session.items.values()
            text = self._beside(item)
        else:
            text = self._tools.hint()
        self.message.setText(text)

    def _beside(self, item: Item) -> str:
        """What goes with the only file that is open: a file of the other kind, or the photos of the collection."""
        collection = self._session.collection
        if item.kind == "image":
            return tr("Now drop a shape into the window")
        if not collection.photos:
            return tr("Now drop a photo into the window")
        if collection.joined:
            return tr("Click a place in a photo of the collection to see it in all of them")
        return tr("Press Congeal in the task Collection (Ctrl+4) to pull the photos into the frame of the shape")

    def _engine_ready(self) -> None:
        self._engine_runs = True
        self.refresh()
