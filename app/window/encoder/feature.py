"""The Encoder panel behind Expert: what turns pictures into descriptors; measured, and adapted to the open shapes."""

from app.document.texts import tr
from app.window.encoder.controller import EncoderController
from app.window.encoder.dock import EncoderPanel
from app.window.feature import Feature
from app.window.services import Services


class EncoderFeature(Feature):
    """Choose the encoder."""

    name, title, icon, place = "encoder", tr("Encoder"), "expert", "expert"

    def __init__(self, use: Services):
        self.panel = EncoderPanel()
        self.controller = EncoderController(use.session, use.engine, use.requests, self.panel, use.parent)
