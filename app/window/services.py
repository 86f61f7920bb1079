"""What the window has for its tasks to use."""

from dataclasses import dataclass

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QWidget

from app.document.session import Session
from app.window.active_pair import ActivePair
from app.window.content import Content
from app.window.engine_client import EngineClient
from app.window.layer_settings import LayerSettings
from app.window.photo_steps import PhotoSteps
from app.window.requests import Requests
from app.window.shell import Shell
from app.window.tools import Tools
from app.window.views.panels import ActivePanel, Panels


@dataclass(frozen=True)
class Services:
    """What tasks are made with; ``parent`` is the window, which owns them."""

    session: Session
    engine: EngineClient
    requests: Requests
    panels: Panels
    content: Content
    active: ActivePanel
    pair: ActivePair
    tools: Tools
    layers: LayerSettings
    settings: QSettings
    shell: Shell
    steps: PhotoSteps
    parent: QWidget
