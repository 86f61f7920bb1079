"""Dialogs of the parts: files of labels, and what cuts parts out."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths
from PySide6.QtWidgets import QFileDialog, QMessageBox

from app.document.session import Session
from app.document.texts import tr
from app.shared.values import SLOTS, Kind, Slot, kind_of
from app.window.file_names import with_suffix
from app.window.parts.controller import PartsController
from app.window.parts.dock import FROM_FILE, PartsPanel
from app.window.requests import Requests
from app.window.shell import Shell
from app.window.views.panels import ActivePanel
from core.interchange.label_formats import IMAGE_LABELS, SHAPE_LABELS, suffixes_of

_FORMATS = {"image": IMAGE_LABELS, "shape": SHAPE_LABELS}


class PartFiles(QObject):
    """Asks for files, and has them read or written."""

    def __init__(
        self,
        session: Session,
        requests: Requests,
        controller: PartsController,
        active: ActivePanel,
        dock: PartsPanel,
        shell: Shell,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._requests, self._controller = session, requests, controller
        self._active, self._dock, self._shell = active, dock, shell
        dock.segmenter_chosen.connect(self._choose_segmenter)

    def save(self) -> None:
        """Write the parts of the panel used last to a file."""
        slot = self._labelled()
        if slot is None:
            return
        item = self._session.items[slot]
        suggestion = f"{Path(item.path).stem}-labels.{'png' if kind_of(slot) == 'image' else 'ply'}"
        path, chosen = QFileDialog.getSaveFileName(
            self._shell.dialog_parent,
            tr("Save labels of {name}").format(name=item.name),
            suggestion,
            _written(kind_of(slot)),
        )
        suffix = chosen[chosen.index("*") + 1 : chosen.index(")")] if chosen else ""
        file = with_suffix(self._shell.dialog_parent, path, suffix) if path else None
        if file is not None:
            self._controller.save(slot, str(file), self._shell.saved)

    def save_meshes(self) -> None:
        """Write the parts of a shape as meshes into a folder."""
        slot = self._labelled("shape")
        if slot is None:
            return
        parent = self._shell.dialog_parent
        folder = QFileDialog.getExistingDirectory(parent, tr("Folder for the meshes of the parts"))
        if folder:
            folder = str(Path(folder) / f"{Path(self._session.items[slot].path).stem}-parts")
            self._controller.save(slot, folder.replace(".", "-"), self._shell.saved)

    def load(self) -> None:
        """Read parts of a file into the panel used last."""
        items, parent = self._session.items, self._shell.dialog_parent
        slot = self._active.slot if self._active.slot in items else next(iter(items), None)
        if slot is None:
            self._shell.fail(tr("First open the photo or the shape that the labels belong to."))
            return
        patterns = f"{tr('Labels')} (*{' *'.join(suffixes_of(_FORMATS[kind_of(slot)]))})"
        caption = tr("Open labels of {name}").format(name=items[slot].name)
        paths, _ = QFileDialog.getOpenFileNames(parent, caption, "", patterns)
        if paths:
            self._controller.load(slot, paths)

    def has_labels(self, kind: str = "") -> bool:
        """Whether there are parts on a panel, or on one of a kind."""
        return self._with_parts(kind) is not None

    def _with_parts(self, kind: str) -> Slot | None:
        """The panel used last, if it has parts, or the first that has."""
        parts, slots = self._session.layers.parts, (self._active.slot, *SLOTS)
        return next((s for s in slots if s.startswith(kind) and any(s in part.masks for part in parts)), None)

    def _labelled(self, kind: str = "") -> Slot | None:
        """The panel whose parts are meant; says so where there is none."""
        found = self._with_parts(kind)
        if found is None:
            on_shape = tr("No part is marked on a shape yet; mark one first (R over the shape).")
            self._shell.fail(on_shape if kind else tr("No part is marked yet; mark one first (P over a photo)."))
        return found

    def _choose_segmenter(self, index: int) -> None:
        """The bundled cutter, GrabCut, a checkpoint on disk, one that is fetched after asking, or a plugin."""
        path = "cutter" if index == 1 else ""
        if index == FROM_FILE:
            path, _ = QFileDialog.getOpenFileName(
                self._shell.dialog_parent, tr("Checkpoint of Segment Anything"), "", tr("Checkpoints (*.pth)")
            )
            path = path or self._session.marking.segmenter
        elif index == FROM_FILE + 1:
            self._dock.show_marking(self._session.marking)
            self._download()
            return
        elif index > FROM_FILE + 1:
            path = self._dock.segmenter.itemText(index)
        self._controller.set_segmenter(path)

    def _download(self) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.CacheLocation) or "."
        question = tr("Download sam_vit_b_01ec64.pth (358 MB) from dl.fbaipublicfiles.com into {folder}?").format(
            folder=folder
        )
        parent, yes = self._shell.dialog_parent, QMessageBox.StandardButton.Yes
        if QMessageBox.question(parent, tr("Segment Anything"), question) == yes:
            self._requests.run("fetch_segmenter", partial(self._controller.set_segmenter), folder=folder)


def _written(kind: Kind) -> str:
    """What a dialog offers for writing labels of an image or a shape."""
    written = [one for one in _FORMATS[kind] if one.writer]
    return ";;".join(f"{tr(one.description)} (*{one.suffixes[0]})" for one in written)
