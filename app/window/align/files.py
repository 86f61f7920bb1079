"""Dialogs for files of poses."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from app.document.texts import tr
from app.window.align.manual import ManualPose
from app.window.shell import Shell
from core.interchange.pose_formats import POSE_FORMATS

FORMATS = {f"{one.description} (*{one.suffix})": one for one in POSE_FORMATS}


class PoseFiles:
    """Asks for a file, and has a pose read or written."""

    def __init__(self, manual: ManualPose, shell: Shell):
        self._manual, self._shell = manual, shell

    def open(self) -> None:
        """Take the pose of a file."""
        patterns = tr("Poses (*.json *.txt *.npy *.bin);;All files (*)")
        path, _ = QFileDialog.getOpenFileName(self._shell.dialog_parent, tr("Open pose"), "", patterns)
        if path:
            self._manual.begin(path)

    def save(self) -> None:
        """Write the pose that is shown."""
        parent = self._shell.dialog_parent
        path, chosen = QFileDialog.getSaveFileName(parent, tr("Save pose"), "pose.json", ";;".join(FORMATS))
        if path:
            file_format = FORMATS.get(chosen)
            if file_format is not None and not file_format.suffix:
                path = str(Path(path).with_suffix(""))
            self._manual.save(path, None if file_format is None else file_format.name)
