"""The menus: what can be done, with its shortcut; those of the tasks are made of what the tasks say."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QUndoStack
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from app.document.texts import title, tr
from app.window.appearance import NAVIGATION, THEMES, Appearance
from app.window.feature import Entries, Entry, Feature
from app.window.files import Files
from app.window.project_files import ProjectFiles
from app.window.views.columns import Columns
from app.window.views.panels import Panels
from app.window.workspace import Workspace
from core.colors import HEATMAPS

Key = QKeySequence.StandardKey


def file_menu(
    bar: QMenuBar, projects: ProjectFiles, files: Files, features: Iterable[Feature], sample: Entry, ends: Entries
) -> QMenu:
    """Projects, files, samples; ``ends`` are the lines below. Returns the menu of recent files."""
    menu = bar.addMenu(tr("&File"))
    lines: list[Entry | None] = [
        Entry(tr("&New"), projects.new, Key.New),
        Entry(tr("Open p&roject…"), projects.ask_open),
        Entry(tr("&Save"), projects.save, Key.Save),
        Entry(tr("Save &as…"), projects.save_as, "Ctrl+Shift+S"),
        Entry(tr("Save with photos and shapes…"), partial(projects.save_as, whole=True)),
        None,
        Entry(tr("Open &photo…"), partial(files.ask, "image 1"), "Ctrl+O"),
        Entry(tr("Open &shape…"), partial(files.ask, "shape 1"), "Ctrl+Shift+O"),
        Entry(tr("Add another photo…"), partial(files.ask_next, "image")),
        Entry(tr("Add another shape…"), partial(files.ask_next, "shape")),
    ]
    fill(menu, lines)
    recent = menu.addMenu(tr("Open &recent"))
    recent.aboutToShow.connect(lambda: _fill_recent(recent, files))
    fill(menu, [sample, *(line for feature in features for line in feature.file_entries()), None, *ends])
    return recent


def edit_menu(bar: QMenuBar, undo_stack: QUndoStack, features: Iterable[Feature], preferences: Entry) -> None:
    """Undo, redo, what the tasks delete, preferences."""
    menu = bar.addMenu(tr("&Edit"))
    undo = undo_stack.createUndoAction(bar, tr("&Undo"))
    undo.setShortcut(Key.Undo)
    redo = undo_stack.createRedoAction(bar, tr("&Redo"))
    redo.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
    menu.addActions([undo, redo])
    fill(menu, [None, *(line for feature in features for line in feature.edit_entries()), None, preferences])


def task_menus(bar: QMenuBar, features: Iterable[Feature]) -> None:
    """A menu for every task that has one of its own."""
    for feature in features:
        if feature.menu:
            fill(bar.addMenu(feature.menu), feature.entries())


def view_menu(
    bar: QMenuBar, panels: Panels, columns: Columns, workspace: Workspace, appearance: Appearance, blink: QAction
) -> None:
    """Tasks, panels, layers, and how things look."""
    menu = bar.addMenu(tr("&View"))
    menu.addActions(list(workspace.actions_of.values()))
    menu.addSeparator()
    more = menu.addMenu(tr("Panels"))
    for slot, panel in panels.items():
        _switch(more, title(slot), partial(_is_shown, panel), partial(columns.show_panel, slot))
    menu.addSeparator()
    menu.addAction(tr("Layers…")).triggered.connect(workspace.bar.layers.click)
    menu.addAction(blink)
    menu.addSeparator()
    heat = menu.addMenu(tr("Heatmap colours"))
    _choices(heat, HEATMAPS, appearance.colors(), lambda name: appearance.set_colors(name, appearance.stepped()))
    heat.addSeparator()
    _switch(heat, tr("In eight steps"), appearance.stepped, lambda on: appearance.set_colors(appearance.colors(), on))
    mouse = menu.addMenu(tr("Mouse over shapes"))
    _choices(mouse, NAVIGATION, appearance.navigation(), appearance.set_navigation)
    _choices(menu.addMenu(tr("Theme")), THEMES, appearance.theme(), appearance.set_theme)


def export_menu(parent: QWidget, pictures: Entries, feature: Feature) -> QMenu:
    """What a task can write, and pictures of what is seen; lines for which there is nothing to write are grey."""
    menu = QMenu(parent)
    lines = [*feature.exports(), None, *pictures] if feature.exports() else [*pictures]
    for line in lines:
        if line is None:
            menu.addSeparator()
            continue
        action = menu.addAction(line.text)
        action.triggered.connect(lambda _=False, run=line.run: run())
        if line.can is not None:
            menu.aboutToShow.connect(lambda a=action, can=line.can: a.setEnabled(can()))
    return menu


def fill(menu: QMenu, lines: Iterable[Entry | None]) -> None:
    """Add lines to a menu."""
    for line in lines:
        if line is None:
            menu.addSeparator()
        else:
            _add(menu, line)


def _add(menu: QMenu, line: Entry) -> QAction:
    action = menu.addAction(line.text)
    action.triggered.connect(lambda: line.run())
    if line.key is not None:
        action.setShortcut(QKeySequence(line.key))
    return action


def _switch(menu: QMenu, text: str, is_on: Callable[[], bool], set_on: Callable[[bool], Any]) -> QAction:
    """A line that is on or off; looked up whenever the menu is shown."""
    action = menu.addAction(text)
    action.setCheckable(True)
    action.triggered.connect(set_on)
    menu.aboutToShow.connect(lambda: action.setChecked(is_on()))
    return action


def _is_shown(panel: QWidget) -> bool:
    return not panel.isHidden()


def _choices(menu: QMenu, names: Iterable[str], chosen: str, choose: Callable[[str], Any]) -> None:
    group = QActionGroup(menu)
    for name in names:
        action = menu.addAction(title(name))
        action.setCheckable(True)
        action.setChecked(name == chosen)
        action.triggered.connect(lambda _=False, n=name: choose(n))
        group.addAction(action)


def _fill_recent(menu: QMenu, files: Files) -> None:
    menu.clear()
    for path in files.recent():
        action = _add(menu, Entry(Path(path).name, partial(files.open, [path])))
        action.setToolTip(path)
        action.setEnabled(Path(path).exists())
    if menu.isEmpty():
        menu.addAction(tr("Nothing yet")).setEnabled(False)
