"""The Parts menu: tools, the draft, files of labels."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QStandardPaths
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox

from app.document.session import Slot, kind_of
from app.document.texts import tr
from app.window import dialogs
from app.window.parts.dock import TOOLS
from core.interchange.image_labels import FORMATS as IMAGE_FORMATS
from core.interchange.labels import suffixes_of
from core.interchange.shape_labels import FORMATS as SHAPE_FORMATS

if TYPE_CHECKING:
    from app.window.main_window import MainWindow

KEYS = {
    "point": "P",
    "box": "X",
    "lasso": "L",
    "brush": "R",
    "eraser": "Shift+R",
    "component": "C",
    "flood": "G",
}

_FORMATS = {"image": IMAGE_FORMATS, "shape": SHAPE_FORMATS}


def build(window: "MainWindow", menu: QMenu) -> None:
    """Fill the menu and connect what asks for files."""
    dock = window.parts_panel
    for name, text, _ in TOOLS:
        _add(menu, text, partial(_take, window, name), KEYS[name])
    menu.addSeparator()
    _add(menu, tr("Keep the part"), window.parts.keep, "Return")
    _add(menu, tr("Drop it, or put the tool down"), window.parts.drop, "Escape")
    _add(menu, tr("Next candidate"), partial(window.parts.cycle, 1), "N")
    _add(menu, tr("Candidate before"), partial(window.parts.cycle, -1), "Shift+N")
    _add(menu, tr("Smaller brush"), lambda: dock.brush.setValue(dock.brush.value() - 4), "[")
    _add(menu, tr("Larger brush"), lambda: dock.brush.setValue(dock.brush.value() + 4), "]")
    menu.addSeparator()
    _add(menu, tr("Save labels of this panel…"), partial(_save, window))
    _add(menu, tr("Save parts as meshes…"), partial(_save_meshes, window))
    _add(menu, tr("Read labels into this panel…"), partial(_load, window))
    dock.segmenter_chosen.connect(partial(_choose_segmenter, window))


def _add(menu: QMenu, text: str, run: Any, shortcut: str = "") -> None:
    action = menu.addAction(text)
    action.triggered.connect(lambda: run())
    if shortcut:
        action.setShortcut(QKeySequence(shortcut))


def _take(window: "MainWindow", name: str) -> None:
    """Take a tool up and show the dock; the same key again puts it down."""
    dock = window.parts_panel
    on = dock.tool()[0] != name
    dock.choose_tool(name if on else "")
    if on:
        window.parts_dock.show()
        window.parts_dock.raise_()


def _labelled(window: "MainWindow", kind: str = "") -> Slot | None:
    """The panel used last, if it has parts, or the first that has; says so where there is none."""
    parts = window.session.layers.parts
    slots = [window.active, *window.panels]
    found = next((s for s in slots if s.startswith(kind) and any(s in part.masks for part in parts)), None)
    if found is None:
        dialogs.say_error(
            window,
            tr("Nothing is marked on {kind} yet; mark a part first.").format(
                kind="a " + kind if kind else tr("any panel")
            ),
        )
    return found


def _written(kind: str) -> str:
    """What a dialog offers for writing labels of an image or a shape."""
    written = [one for one in _FORMATS[kind] if one.save is not None]
    return ";;".join(f"{tr(one.description)} (*{one.suffixes[0]})" for one in written)


def _save(window: "MainWindow") -> None:
    slot = _labelled(window)
    if slot is None:
        return
    item = window.session.items[slot]
    suggestion = f"{Path(item.path).stem}-labels.{'png' if kind_of(slot) == 'image' else 'ply'}"
    path, chosen = QFileDialog.getSaveFileName(
        window, tr("Save labels of {name}").format(name=item.name), suggestion, _written(kind_of(slot))
    )
    if path:
        if not Path(path).suffix:
            path += chosen[chosen.index("*") + 1 : chosen.index(")")]
        window.parts.save(
            slot, path, lambda where: window.statusBar().showMessage(tr("Saved {where}").format(where=where), 8000)
        )


def _save_meshes(window: "MainWindow") -> None:
    slot = _labelled(window, "shape")
    if slot is None:
        return
    folder = QFileDialog.getExistingDirectory(window, tr("Folder for the meshes of the parts"))
    if folder:
        folder = str(Path(folder) / f"{Path(window.session.items[slot].path).stem}-parts")
        window.parts.save(
            slot,
            folder.replace(".", "-"),
            lambda where: window.statusBar().showMessage(tr("Saved {where}").format(where=where), 8000),
        )


def _load(window: "MainWindow") -> None:
    slot = window.active if window.active in window.session.items else next(iter(window.session.items), None)
    if slot is None:
        dialogs.say_error(window, tr("Open the image or the shape first that the labels belong to."))
        return
    patterns = f"{tr('Labels')} (*{' *'.join(suffixes_of(_FORMATS[kind_of(slot)]))})"
    paths, _ = QFileDialog.getOpenFileNames(
        window, tr("Read labels of {name}").format(name=window.session.items[slot].name), "", patterns
    )
    if paths:
        window.parts.load(slot, paths)


def _choose_segmenter(window: "MainWindow", index: int) -> None:
    """GrabCut, a checkpoint on disk, one that is fetched after asking, or a plugin."""
    dock = window.parts_panel
    path = ""
    if index == 1:
        path, _ = QFileDialog.getOpenFileName(
            window, tr("Checkpoint of Segment Anything"), "", tr("Checkpoints (*.pth)")
        )
    elif index == 2:
        _download(window)
        return
    elif index > 2:
        window.parts.set_segmenter(dock.segmenter.itemText(index))
        return
    dock.segmenter.setCurrentIndex(1 if path else 0)
    window.parts.set_segmenter(path)


def _download(window: "MainWindow") -> None:
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.CacheLocation) or "."
    question = tr("Download sam_vit_b_01ec64.pth (358 MB) from dl.fbaipublicfiles.com into {folder}?").format(
        folder=folder
    )
    window.parts_panel.segmenter.setCurrentIndex(0)
    if QMessageBox.question(window, tr("Segment Anything"), question) != QMessageBox.StandardButton.Yes:
        return

    def done(path: str) -> None:
        window.parts_panel.segmenter.setCurrentIndex(1)
        window.parts.set_segmenter(path)

    window.queries.run("fetch_segmenter", done, folder=folder)
