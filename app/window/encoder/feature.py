"""The Encoder panel behind Expert: what turns pictures into descriptors; measured, and adapted to the open shapes."""

from PySide6.QtWidgets import QWidget

from app.document.session import Session
from app.document.texts import tr
from app.window.encoder.controller import EncoderController
from app.window.encoder.dock import EncoderPanel
from app.window.engine_client import EngineClient
from app.window.feature import Feature
from app.window.requests import Requests


class EncoderFeature(Feature):
    """Choose the encoder."""

    name, title, icon, place = "encoder", tr("Encoder"), "expert", "expert"

    def __init__(self, session: Session, engine: EngineClient, requests: Requests, parent: QWidget):
        self.panel = EncoderPanel()
        self.controller = EncoderController(session, engine, requests, self.panel, parent)
