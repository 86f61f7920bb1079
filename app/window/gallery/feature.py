"""The drawer Gallery: shapes that are like what is open."""

from app.document.texts import tr
from app.window.feature import Feature
from app.window.gallery.controller import GalleryController
from app.window.gallery.dock import GalleryPanel
from app.window.services import Services


class GalleryFeature(Feature):
    """Search a folder of shapes."""

    name, title, icon, place, key = "gallery", tr("Gallery"), "gallery", "drawer", "Ctrl+G"

    def __init__(self, use: Services):
        self.panel = GalleryPanel()
        self.controller = GalleryController(
            use.session, use.requests, use.active, self.panel, use.settings, use.shell, use.parent
        )
