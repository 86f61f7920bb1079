"""Pictures of what panels show, saved to files."""

from PySide6.QtWidgets import QFileDialog

from app.document.texts import title, tr
from app.shared.values import Kind, Slot, kind_of, slots_of
from app.window.shell import Shell
from app.window.views.panels import ActivePanel, Panels


class Pictures:
    """Asks for a file, and writes the panel used last, or the first of its kind."""

    def __init__(self, panels: Panels, active: ActivePanel, shell: Shell):
        self._panels, self._active, self._shell = panels, active, shell
        for slot, panel in panels.items():
            panel.picture_requested.connect(lambda s=slot: self.save_of(s))

    def save(self, kind: Kind) -> None:
        """Save the picture of the panel used last, or of the first of its kind."""
        self.save_of(self._active.slot if kind_of(self._active.slot) == kind else slots_of(kind)[0])

    def save_of(self, slot: Slot) -> None:
        """Save the picture of a panel, and say where."""
        parent, caption = self._shell.dialog_parent, tr("Save picture of {slot}").format(slot=title(slot))
        path, _ = QFileDialog.getSaveFileName(parent, caption, f"{slot.replace(' ', '-')}.png", tr("PNG (*.png)"))
        if path and self._panels[slot].save_picture(path):
            self._shell.saved(path)
        elif path:
            sentence = tr(
                "The picture of {slot} could not be written to {path}; check that something is open and the folder exists."
            )
            self._shell.fail(sentence.format(slot=title(slot), path=path), slot)
