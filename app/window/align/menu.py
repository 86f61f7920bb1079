"""The menu of poses: align, tools to change a pose by hand, files."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu

from app.document.texts import tr
from app.window.align.dock import TOOLS
from core.interchange.pose_formats import POSE_FORMATS

if TYPE_CHECKING:
    from app.window.main_window import MainWindow

FORMATS = {f"{one.description} (*{one.suffix})": one for one in POSE_FORMATS}

_KEYS = {"move": "W", "turn": "T", "scale": "S", "pairs": "K"}


def build(window: "MainWindow", menu: QMenu) -> None:
    """Fill it; every entry shows the dock."""
    dock = window.align_panel

    def add(text: str, run: Any, key: str = "") -> None:
        def do() -> None:
            window.align_dock.show()
            window.align_dock.raise_()
            run()

        action = menu.addAction(text)
        action.triggered.connect(lambda: do())
        if key:
            action.setShortcut(QKeySequence(key))

    add(tr("Align shape to photo"), window.aligner.start, "Ctrl+L")
    menu.addSeparator()
    for name, text, _ in TOOLS:
        add(
            tr("{what} by hand").format(what=text) if name != "pairs" else tr("Place pairs"),
            partial(dock.take, name),
            _KEYS[name],
        )
    menu.addSeparator()
    add(tr("See shape as in photo"), window.posing.look_as_photo, "Ctrl+Shift+L")
    menu.addSeparator()
    add(tr("Open pose…"), lambda: _open(window))
    add(tr("Save pose…"), lambda: _save(window))
    menu.addSeparator()
    add(tr("Open intrinsics…"), window.cameras.ask_camera)
    add(tr("Open measured depth…"), window.cameras.ask_depth)
    add(tr("Open camera rig…"), window.cameras.ask_rig)
    add(tr("Carry pose to the rig's other photos"), window.cameras.carry)


def _open(window: "MainWindow") -> None:
    path, _ = QFileDialog.getOpenFileName(
        window, tr("Open pose"), "", tr("Poses (*.json *.txt *.npy *.bin);;All files (*)")
    )
    if path:
        window.posing.begin(path)


def _save(window: "MainWindow") -> None:
    path, chosen = QFileDialog.getSaveFileName(window, tr("Save pose"), "pose.json", ";;".join(FORMATS))
    if path:
        form = FORMATS.get(chosen)
        if form is not None and not form.suffix:
            path = str(Path(path).with_suffix(""))
        window.posing.save(path, None if form is None else form.name)
