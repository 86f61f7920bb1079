"""Files that are opened: by the menus, dropped on a panel, named on the command line, or again."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from app.document.texts import title, tr
from app.shared.values import KINDS, Item, Kind, Slot, item_for, kind_of, slots_of
from app.window.feature import Feature
from app.window.project_files import ProjectFiles
from app.window.services import Services
from core.geometry.formats import SHAPE_SUFFIXES
from core.image_formats import IMAGE_SUFFIXES
from core.interchange.project import SUFFIX

MAX_RECENT = 10


class Files(QObject):
    """Opens images, shapes and projects, and remembers what was open."""

    def __init__(self, use: Services, projects: ProjectFiles, features: Sequence[Feature]):
        super().__init__(use.parent)
        self._session, self._requests, self._projects = use.session, use.requests, projects
        self._features, self._settings, self._shell = features, use.settings, use.shell
        self._known: dict[Slot, Item] = {}
        self._scene: Path | None = None
        use.session.follow({"items", "scene"}, self._remember_items)
        projects.changed.connect(self._remember_project)
        for slot, panel in use.panels.items():
            panel.files_dropped.connect(lambda paths, s=slot: self.open(paths, s))
            panel.open_requested.connect(lambda s=slot: self.ask(s))

    def open(self, paths: list[str], slot: Slot | None = None) -> None:
        """Open files.

        The first of a kind goes where ``slot`` says, or replaces the first of its kind; others follow.
        """
        free = {kind: slots_of(kind) for kind in KINDS}
        if slot is not None:
            kind = kind_of(slot)
            free[kind] = free[kind][free[kind].index(slot) :]
        for project in (path for path in paths if path.endswith(SUFFIX)):
            self._projects.open(Path(project))
        rest = [path for path in paths if not path.endswith(SUFFIX)]
        for item in (item_for(path) for path in rest if not any(one.takes(path) for one in self._features)):
            if free[item.kind]:
                self._requests.open(free[item.kind].pop(0), item)
            else:
                count = len(slots_of(item.kind))
                photos = tr(
                    "{name} was not opened: {count} photos can be open at once. Many photos belong into the task Collection (Ctrl+4), or are opened as a scene (Ctrl+5)."
                )
                shapes = tr("{name} was not opened: {count} shapes can be open at once. Close one first (Ctrl+W).")
                self._shell.say((photos if item.kind == "image" else shapes).format(name=item.name, count=count))

    def ask(self, slot: Slot) -> None:
        """Ask for a file for a slot and open it."""
        kind = kind_of(slot)
        suffixes = IMAGE_SUFFIXES if kind == "image" else SHAPE_SUFFIXES
        patterns = tr("{kind} ({suffixes});;All files (*)").format(
            kind=title(kind), suffixes=" ".join("*" + s for s in suffixes)
        )
        caption, folder = tr("Open {kind}").format(kind=title(kind)), str(self._settings.value("folder", ""))
        path, _ = QFileDialog.getOpenFileName(self._shell.dialog_parent, caption, folder, patterns)
        if path:
            self._settings.setValue("folder", str(Path(path).parent))
            self.open([path], slot)

    def ask_next(self, kind: Kind) -> None:
        """Ask for a file for the first slot of a kind in which nothing is open, or the last."""
        slots = slots_of(kind)
        self.ask(next((slot for slot in slots if slot not in self._session.items), slots[-1]))

    def recent(self) -> list[str]:
        """Files that were opened, the last first."""
        stored = self._settings.value("recent", [])
        return [stored] if isinstance(stored, str) else list(stored or [])  # type: ignore[call-overload]

    def _remember_items(self) -> None:
        """Of an open scene the scene is remembered, not each of its photos and shapes."""
        opened = self._session.scene
        own = set() if opened is None else {str(shape.path.absolute()) for shape in opened.scene.shapes.values()}
        for slot, item in self._session.items.items():
            of_scene = opened is not None and (item.path in own or opened.photo_of(item) is not None)
            if item != self._known.get(slot) and not of_scene:
                self._remember(Path(item.path))
        self._known = dict(self._session.items)
        if opened is not None and opened.scene.root != self._scene:
            self._remember(opened.scene.root)
        self._scene = None if opened is None else opened.scene.root

    def _remember_project(self) -> None:
        if self._projects.path is not None:
            self._remember(self._projects.path)

    def _remember(self, file: Path) -> None:
        path = str(file.absolute())
        self._settings.setValue("recent", [path, *(p for p in self.recent() if p != path)][:MAX_RECENT])
