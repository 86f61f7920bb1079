"""The menus: what can be done, with its shortcut."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QUrl
from PySide6.QtGui import QActionGroup, QDesktopServices, QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu

from app.document import commands
from app.document.session import SLOTS, Slot, kind_of
from app.document.texts import title, tr
from app.shared.resources import resource
from app.shared.values import IMAGE_SUFFIXES, SHAPE_SUFFIXES
from app.window import appearance as looks
from app.window import dialogs
from app.window.align import menu as pose_menu
from app.window.console import Console
from app.window.parts import menu as part_menu
from app.window.preferences import Preferences
from app.window.sample import open_sample_collection
from core.colors import HEATMAPS

if TYPE_CHECKING:
    from app.window.main_window import MainWindow

MAX_RECENT = 10


@dataclass
class Menus:
    """The menus that change while the program runs."""

    recent: QMenu


def build(window: "MainWindow") -> Menus:
    """Fill the menu bar."""
    bar = window.menuBar()
    file = bar.addMenu(tr("&File"))
    _add(file, tr("&New"), window.projects.new, QKeySequence.StandardKey.New)
    _add(file, tr("Open p&roject…"), window.projects.ask_open)
    _add(file, tr("&Save"), window.projects.save, QKeySequence.StandardKey.Save)
    _add(file, tr("Save &as…"), lambda: window.projects.save_as(), "Ctrl+Shift+S")
    _add(file, tr("Save with all files…"), lambda: window.projects.save_as(whole=True))
    file.addSeparator()
    _add(file, tr("Open &image…"), lambda: ask_open(window, "image 1"), "Ctrl+O")
    _add(file, tr("Open &shape…"), lambda: ask_open(window, "shape 1"), "Ctrl+Shift+O")
    _add(file, tr("Add image…"), lambda: window.open_next("image"))
    _add(file, tr("Add shape…"), lambda: window.open_next("shape"))
    recent = file.addMenu(tr("Open &recent"))
    recent.aboutToShow.connect(lambda: _fill_recent(window, recent))
    _add(file, tr("Open sam&ple"), window.open_sample)
    _add(file, tr("Open sample &collection"), lambda: open_sample_collection(window))
    _add(file, tr("Add photos to the collection…"), lambda: _add_photos(window))
    file.addSeparator()
    _add(file, tr("Save picture of image…"), lambda: _save_picture(window, "image"), "Ctrl+E")
    _add(file, tr("Save picture of shape…"), lambda: _save_picture(window, "shape"), "Ctrl+Shift+E")
    file.addSeparator()
    _add(file, tr("Close panel"), lambda: _close_panel(window), "Ctrl+W")
    _add(file, tr("&Quit"), window.close, QKeySequence.StandardKey.Quit)

    edit = bar.addMenu(tr("&Edit"))
    undo = window.session.undo_stack.createUndoAction(window, tr("&Undo"))
    undo.setShortcut(QKeySequence.StandardKey.Undo)
    redo = window.session.undo_stack.createRedoAction(window, tr("&Redo"))
    redo.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
    edit.addActions([undo, redo])
    edit.addSeparator()
    _add(edit, tr("Delete pin"), lambda: _delete_current(window), "Ctrl+Backspace")
    _add(edit, tr("Delete all pins"), window.clear_pins)
    _add(edit, tr("Forget corrected matches"), partial(_forget_corrections, window))

    edit.addSeparator()
    _add(edit, tr("Preferences…"), lambda: Preferences(window).open(), QKeySequence.StandardKey.Preferences)

    part_menu.build(window, bar.addMenu(tr("&Parts")))
    pose_menu.build(window, bar.addMenu(tr("P&ose")))

    view = bar.addMenu(tr("&View"))
    more = view.addMenu(tr("Panels"))
    for slot in SLOTS:
        action = _add(more, title(slot), partial(window.show_panel, slot), checkable=True)
        more.aboutToShow.connect(lambda a=action, p=window.panels[slot]: a.setChecked(not p.isHidden()))
    view.addSeparator()
    docks = (
        window.pins_dock, window.parts_dock, window.align_dock, window.gallery_dock, window.encoder_dock, window.collection_dock
    )  # fmt: skip
    view.addActions([d.toggleViewAction() for d in docks])
    view.addSeparator()
    heat = view.addMenu(tr("Heatmap colours"))
    _choices(
        heat, list(HEATMAPS), looks.colors(window), lambda name: looks.set_colors(window, name, looks.stepped(window))
    )
    heat.addSeparator()
    steps = _add(
        heat, tr("In eight steps"), lambda on: looks.set_colors(window, looks.colors(window), on), checkable=True
    )
    heat.aboutToShow.connect(lambda: steps.setChecked(looks.stepped(window)))
    mouse = view.addMenu(tr("Mouse over shapes"))
    _choices(mouse, list(looks.NAVIGATION), looks.navigation(window), lambda name: looks.set_navigation(window, name))
    _choices(
        view.addMenu(tr("Theme")), list(looks.THEMES), looks.theme(window), lambda name: looks.set_theme(window, name)
    )

    help_menu = bar.addMenu(tr("&Help"))
    _add(help_menu, tr("Mouse and keys"), lambda: dialogs.say_shortcuts(window), "F1")
    _add(help_menu, tr("Documentation"), lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(resource("docs")))))
    _add(help_menu, tr("Python console"), lambda: _show_console(window))
    _add(help_menu, tr("Show engine log"), lambda: _show_log(window))
    _add(help_menu, tr("About Counterpoint"), lambda: dialogs.say_about(window))
    return Menus(recent)


def ask_open(window: "MainWindow", slot: Slot) -> None:
    """Ask for a file for a slot and open it."""
    kind = kind_of(slot)
    suffixes = IMAGE_SUFFIXES if kind == "image" else SHAPE_SUFFIXES
    patterns = tr("{kind} ({suffixes});;All files (*)").format(
        kind=title(kind), suffixes=" ".join("*" + s for s in suffixes)
    )
    folder = str(window.settings.value("folder", ""))
    path, _ = QFileDialog.getOpenFileName(window, tr("Open {kind}").format(kind=kind), folder, patterns)
    if path:
        window.settings.setValue("folder", str(Path(path).parent))
        window.open_files([path], slot)


def remember(window: "MainWindow", path: str) -> None:
    """Put a file on top of the recent ones."""
    path = str(Path(path).absolute())
    window.settings.setValue("recent", [path, *(p for p in recent_files(window) if p != path)][:MAX_RECENT])


def recent_files(window: "MainWindow") -> list[str]:
    stored = window.settings.value("recent", [])
    return [stored] if isinstance(stored, str) else list(stored or [])  # type: ignore[call-overload]


def _fill_recent(window: "MainWindow", menu: QMenu) -> None:
    menu.clear()
    for path in recent_files(window):
        action = _add(menu, Path(path).name, lambda p=path: window.open_files([p]))
        action.setToolTip(path)
        action.setEnabled(Path(path).exists())
    if menu.isEmpty():
        menu.addAction(tr("Nothing yet")).setEnabled(False)


def _add(menu: QMenu, text: str, run: Any, shortcut: Any = None, checkable: bool = False) -> Any:
    action = menu.addAction(text)
    action.setCheckable(checkable)
    if checkable:
        action.triggered.connect(run)
    else:
        action.triggered.connect(lambda: run())
    if shortcut is not None:
        action.setShortcut(QKeySequence(shortcut))
    return action


def _choices(menu: QMenu, names: list[str], chosen: str, run: Any) -> None:
    group = QActionGroup(menu)
    for name in names:
        action = _add(menu, title(name), lambda _, n=name: run(n), checkable=True)
        action.setChecked(name == chosen)
        group.addAction(action)


def _save_picture(window: "MainWindow", kind: str) -> None:
    slot: Slot = window.active if kind_of(window.active) == kind else f"{kind} 1"  # type: ignore[assignment]
    path, _ = QFileDialog.getSaveFileName(
        window, tr("Save picture of {slot}").format(slot=slot), f"{slot.replace(' ', '-')}.png", tr("PNG (*.png)")
    )
    if path and not window.panels[slot].save_picture(path):
        dialogs.say_error(
            window,
            tr(
                "The picture of {slot} could not be written to {path}; check that something is open and the folder exists."
            ).format(slot=slot, path=path),
        )


def _add_photos(window: "MainWindow") -> None:
    window.collection_dock.show()
    window.collection_panel.add_wanted.emit()


def _close_panel(window: "MainWindow") -> None:
    slot = window.active
    if slot in window.session.items:
        window.session.undo_stack.push(commands.SetItem(window.session, slot, None))
    if not slot.endswith("1"):
        window.show_panel(slot, False)


def _delete_current(window: "MainWindow") -> None:
    if window.session.current is not None:
        window.session.undo_stack.push(commands.DeletePins(window.session, [window.session.current]))


def _forget_corrections(window: "MainWindow") -> None:
    if window.session.corrections:
        step = commands.SetCorrections(window.session, tr("Forget corrected matches"), ())
        window.session.undo_stack.push(step)


def _show_console(window: "MainWindow") -> None:
    console = window.findChild(Console)
    if console is None:
        console = Console({"window": window, "session": window.session, "commands": commands, "np": np}, window)
    console.show()
    console.raise_()
    console.input.setFocus()


def _show_log(window: "MainWindow") -> None:
    if window.engine.log_path:
        QDesktopServices.openUrl(QUrl.fromLocalFile(window.engine.log_path))
