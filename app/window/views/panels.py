"""The panels by their slots, and which of them was used last."""

from PySide6.QtCore import QObject, Signal

from app.document.texts import title
from app.shared.values import SLOTS, Slot, kind_of
from app.window.views.image import ImagePanel
from app.window.views.mesh import MeshPanel

Panels = dict[Slot, ImagePanel | MeshPanel]


def make_panels() -> Panels:
    """One for each slot, empty."""
    return {slot: _panel(slot) for slot in SLOTS}


def image_panels(panels: Panels) -> dict[Slot, ImagePanel]:
    """Those for images."""
    return {slot: panel for slot, panel in panels.items() if isinstance(panel, ImagePanel)}


def mesh_panels(panels: Panels) -> dict[Slot, MeshPanel]:
    """Those for shapes."""
    return {slot: panel for slot, panel in panels.items() if isinstance(panel, MeshPanel)}


class ActivePanel(QObject):
    """The panel that was used last.

    Signals:
        changed(): it is another one.
        used(slot): it is used, be it another one or not.
    """

    changed = Signal()
    used = Signal(str)

    def __init__(self, panels: Panels, parent: QObject | None = None):
        super().__init__(parent)
        self.slot: Slot = "image 1"
        for slot, panel in panels.items():
            panel.activated.connect(lambda s=slot: self.set(s))

    def set(self, slot: Slot) -> None:
        if slot != self.slot:
            self.slot = slot
            self.changed.emit()
        self.used.emit(slot)


def _panel(slot: Slot) -> ImagePanel | MeshPanel:
    return ImagePanel(title(slot)) if kind_of(slot) == "image" else MeshPanel(title(slot))
