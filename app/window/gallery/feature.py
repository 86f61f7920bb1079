"""The drawer Gallery: shapes that are like what is open."""

from PySide6.QtCore import QObject, QSettings

from app.document.session import Session
from app.document.texts import tr
from app.window.feature import Feature
from app.window.gallery.controller import GalleryController
from app.window.gallery.dock import GalleryPanel
from app.window.requests import Requests
from app.window.shell import Shell
from app.window.views.panels import ActivePanel


class GalleryFeature(Feature):
    """Search a folder of shapes."""

    name, title, icon, place, key = "gallery", tr("Gallery"), "gallery", "drawer", "Ctrl+G"

    def __init__(
        self,
        session: Session,
        requests: Requests,
        active: ActivePanel,
        settings: QSettings,
        shell: Shell,
        parent: QObject,
    ):
        self.panel = GalleryPanel()
        self.controller = GalleryController(session, requests, active, self.panel, settings, shell, parent)
