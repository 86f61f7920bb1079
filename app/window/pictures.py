"""Pictures of what panels show, saved to files."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage, QImageWriter
from PySide6.QtWidgets import QFileDialog

from app.document.texts import title, tr
from app.shared.values import Kind, Slot, kind_of, slots_of
from app.window.file_names import with_suffix
from app.window.shell import Shell
from app.window.views.panels import ActivePanel, Panels
from core.errors import CounterpointError
from core.files import write_atomic


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
        picture, name = self._panels[slot].picture(), title(slot)
        if picture is None:
            self._shell.fail(tr("Nothing is open in {slot}, so there is no picture to save.").format(slot=name), slot)
            return
        parent, caption = self._shell.dialog_parent, tr("Save picture of {slot}").format(slot=name)
        path, _ = QFileDialog.getSaveFileName(parent, caption, f"{slot.replace(' ', '-')}.png", tr("PNG (*.png)"))
        file = with_suffix(parent, path, ".png") if path else None
        if file is not None:
            try:
                write_picture(file, picture)
                self._shell.saved(file)
            except CounterpointError as error:
                self._shell.fail(str(error), slot)


def write_picture(path: Path, picture: QImage) -> None:
    """Write a picture whole or not at all, in the format of the suffix.

    Raises:
        CounterpointError: no such format, or the file cannot be written.
    """
    content = QBuffer()
    content.open(QIODevice.OpenModeFlag.WriteOnly)
    if not QImageWriter(content, path.suffix[1:].encode()).write(picture):
        sentence = tr("Pictures are not written as {suffix}; give the file a name that ends in .png.")
        raise CounterpointError(sentence.format(suffix=path.suffix))
    write_atomic(path, bytes(content.data().data()))
