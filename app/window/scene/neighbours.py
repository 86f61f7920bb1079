"""The photos before and after the one that is worked on are read ahead."""

from PySide6.QtCore import QObject

from app.document.scene import image_item
from app.document.session import Session
from app.window.requests import Requests
from app.window.scene.filmstrip import Filmstrip


class Neighbours(QObject):
    """Of the strip, in whatever order it shows photos: first those in the direction in which one goes."""

    def __init__(self, session: Session, requests: Requests, strip: Filmstrip, parent: QObject | None = None):
        super().__init__(parent)
        self._session, self._requests, self._strip = session, requests, strip
        self._photo, self._forward = "", True
        session.follow({"scene"}, self._follow)

    def _follow(self) -> None:
        opened = self._session.scene
        if opened is None:
            self._requests.ahead.want(())
            return
        before, now = (self._strip.photos.row(key) for key in (self._photo, opened.photo))
        if before is not None and now is not None and before != now:
            self._forward = now > before
        self._photo = opened.photo
        way = 1 if self._forward else -1
        keys = [self._strip.neighbour(opened.photo, by) for by in (way, -way, 2 * way)]
        self._requests.ahead.want([image_item(opened.scene.by_key[key]) for key in keys if key is not None])
