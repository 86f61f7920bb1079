"""Pictures of what panels show, saved to files."""

from PySide6.QtWidgets import QFileDialog

from app.document.texts import tr
from app.shared.values import Kind, Slot, kind_of, slots_of
from app.window.shell import Shell
from app.window.views.panels import ActivePanel, Panels


class Pictures:
    """Asks for a file, and writes the panel used last, or the first of its kind."""

    def __init__(self, panels: Panels, active: ActivePanel, shell: Shell):
        self._panels, self._active, self._shell = panels, active, shell

    def save(self, kind: Kind) -> None:
        slot: Slot = self._active.slot if kind_of(self._active.slot) == kind else slots_of(kind)[0]
        parent, caption = self._shell.dialog_parent, tr("Save picture of {slot}").format(slot=slot)
        path, _ = QFileDialog.getSaveFileName(parent, caption, f"{slot.replace(' ', '-')}.png", tr("PNG (*.png)"))
        if path and not self._panels[slot].save_picture(path):
            sentence = tr(
                "The picture of {slot} could not be written to {path}; check that something is open and the folder exists."
            )
            self._shell.fail(sentence.format(slot=slot, path=path), slot)
