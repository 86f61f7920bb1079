"""Opening the bundled sample in the window."""

import json
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer

from app.document.session import Session
from app.shared.resources import resource
from app.shared.values import item_for
from app.window.requests import Requests
from app.window.tools import Tools


class Sample(QObject):
    """Photo and shape of ``resources/sample``."""

    def __init__(self, session: Session, requests: Requests, tools: Tools, parent: QObject | None = None):
        super().__init__(parent)
        self._session, self._requests, self._tools = session, requests, tools

    def open(self, worked: bool = True) -> None:
        """Open them in the first panels; ``worked`` with the box drawn, and a first pin once both are open."""
        facts = json.loads(resource("sample/sample.json").read_text())
        photo = item_for(resource(f"sample/{facts['image']}"))
        if worked:
            photo = replace(photo, box=tuple(facts["box"]))
        shape = item_for(resource(f"sample/{facts['shape']}"))
        nothing_before = not self._session.items

        def is_open() -> None:
            if worked:
                self._tools.click("image 1", tuple(facts["at"]))
            if nothing_before:
                self._session.undo_stack.clear()

        def follow(_: object) -> None:
            items = self._session.items
            if items.get("image 1") == photo and items.get("shape 1") == shape:
                self._session.changed.disconnect(follow)
                QTimer.singleShot(0, self, is_open)  # not within the step that opens the file

        self._session.changed.connect(follow)
        self._requests.open("image 1", photo)
        self._requests.open("shape 1", shape)
