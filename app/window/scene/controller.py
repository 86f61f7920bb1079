"""Scenes opened and gone through in the window, and what is changed of them by hand."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QSettings
from PySide6.QtWidgets import QFileDialog, QInputDialog

from app.document.saved_scene import opened_again
from app.document.scene import IMAGE, PAIR, SHAPE, OpenScene, box_at, photo_state, scene_name
from app.document.scene_commands import GoTo, SetScene
from app.document.session import Session
from app.document.texts import tr
from app.shared.results import OpenedShape, ScenesFound
from app.shared.values import Slot
from app.window.active_pair import ActivePair
from app.window.requests import Requests
from app.window.scene.dock import ScenePanel
from app.window.shell import Shell
from core.errors import CounterpointError
from core.geometry.formats import SHAPE_SUFFIXES
from core.registration.things import InstanceKey
from core.scenes.formats import SIGNS, VIDEOS
from core.scenes.scene import ObjectPose, PoseState, Scene, SceneShape

FILES = tr("Scenes ({patterns});;All files (*)").format(
    patterns=" ".join(("*.json", "*.yaml", *(f"*{suffix}" for suffix in VIDEOS)))
)
SHAPES = tr("Shapes ({suffixes})").format(suffixes=" ".join("*" + suffix for suffix in SHAPE_SUFFIXES))


def is_scene(path: str) -> bool:
    """Whether a file or a folder is opened as a scene, by what it is called."""
    place = Path(path)
    return place.is_dir() or place.name in SIGNS or place.suffix.lower() in VIDEOS


class SceneController(QObject):
    """Connects the scene panel, the engine and the session."""

    def __init__(
        self,
        session: Session,
        requests: Requests,
        pair: ActivePair,
        dock: ScenePanel,
        settings: QSettings,
        shell: Shell,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._requests, self._pair = session, requests, pair
        self._dock, self._settings, self._shell = dock, settings, shell
        self._reading: object = None
        dock.folder_requested.connect(self.ask_folder)
        dock.file_requested.connect(self.ask_file)
        for drops in (dock, dock.strip):
            drops.files_dropped.connect(shell.open_files)
        dock.strip.opened.connect(lambda key: self.go_to(key))
        dock.things.chosen.connect(self.choose)
        dock.checked.connect(self.check)
        dock.shape_requested.connect(self.ask_shape)
        dock.another_requested.connect(self.add_another)
        dock.remove_requested.connect(self.remove_pose)
        session.follow({"scene"}, self._open_kept)
        requests.opened.connect(self._opened)
        session.leaving.connect(self._leave)

    def ask_folder(self) -> None:
        """Ask for a folder to open."""
        folder = QFileDialog.getExistingDirectory(self._dock, tr("Open a scene"), self._folder())
        if folder:
            self.open(folder)

    def ask_file(self) -> None:
        """Ask for a file that stands for a scene, or a video."""
        path, _ = QFileDialog.getOpenFileName(self._dock, tr("Open a scene"), self._folder(), FILES)
        if path:
            self.open(path)

    def open(self, path: str) -> None:
        """Read a scene and go to its first photo; of several scenes one is chosen first."""
        self._shell.show_feature("scene")

        def done(found: Scene | ScenesFound) -> None:
            if isinstance(found, ScenesFound):
                self._ask_which(path, found.places)
            else:
                self._settings.setValue("folder", str(Path(path).parent))
                self._session.set_on_disk(found)
                text = tr("Open the scene {name}").format(name=scene_name(found))
                self._session.undo_stack.push(SetScene(self._session, text, OpenScene.of(found)))
                self._pair.choose(PAIR)

        self._requests.run("open_scene", done, lane="files", path=path)

    def go_to(self, key: str, thing: InstanceKey | None = None) -> None:
        """Open a photo of the scene, and the shape of a thing (None: the one that is chosen) with its pose there."""
        opened = self._session.scene
        if opened is None:
            return
        there = opened.at(key, thing)
        if there.place != opened.place or not opened.shows(self._session.items):
            photo = there.scene.by_key[key]
            name = photo.path.name if photo.frame is None else key
            self._session.undo_stack.push(GoTo(self._session, tr("Go to {name}").format(name=name), there))
        if self._pair.slots() != PAIR:
            self._pair.choose(PAIR)

    def choose(self, thing: InstanceKey) -> None:
        """Work on another thing of the photo."""
        if self._session.scene is not None:
            self.go_to(self._session.scene.photo, thing)

    def step(self, by: int) -> None:
        """Go to the photo after this one in the strip, or before it."""
        opened = self._session.scene
        if opened is None:
            return
        key = self._dock.strip.neighbour(opened.photo, by)
        if key is not None:
            self.go_to(key)
        else:
            self._shell.say(tr("This is the last photo.") if by > 0 else tr("This is the first photo."))

    def is_open(self) -> bool:
        return self._session.scene is not None

    def check(self) -> None:
        """All poses in this photo are right; once more takes that back."""
        opened = self._session.scene
        here = {} if opened is None else opened.scene.by_photo.get(opened.photo, {})
        if opened is None or not here:
            self._shell.say(tr("Nothing is posed in this photo yet."))
            return
        state: PoseState = "made" if photo_state(opened.scene, opened.photo) == "checked" else "checked"
        poses = {(opened.photo, thing): replace(one, state=state) for thing, one in here.items()}
        text = tr("Mark the photo as checked") if state == "checked" else tr("Take back that the photo was checked")
        self._push(text, opened, opened.scene.with_poses(poses))

    def remove_pose(self) -> None:
        """Forget the pose of the chosen thing in this photo."""
        opened = self._session.scene
        if opened is not None and opened.pose is not None:
            rest = {at: one for at, one in opened.scene.poses.items() if at != opened.place}
            self._push(tr("Remove the pose"), opened, replace(opened.scene, poses=rest))

    def ask_shape(self) -> None:
        """Ask for the file of a shape that the scene does not have yet."""
        path, _ = QFileDialog.getOpenFileName(self._dock, tr("Add a shape to the scene"), self._folder(), SHAPES)
        if path:
            self.add_shape(path)

    def takes_shape(self, path: str) -> bool:
        """Whether a file is a shape that is opened while the scene has none: then it becomes a shape of the scene."""
        opened = self._session.scene
        if opened is None or opened.things or Path(path).suffix.lower() not in SHAPE_SUFFIXES:
            return False
        self.add_shape(path)
        return True

    def add_shape(self, path: str) -> None:
        """Read a shape; it becomes the one that is worked on."""
        asked = self._session.scene
        if asked is None:
            return

        def done(shape: SceneShape) -> None:
            opened = self._session.scene
            if opened is None or opened.scene.root != asked.scene.root:
                return
            wider, number = opened.scene.with_shape(shape)
            text = tr("Add {name}").format(name=wider.shapes[number].name)
            self._go_on(text, opened.with_scene(wider), InstanceKey(number))

        self._requests.run("read_scene_shape", done, lane="files", path=path, number=0, unit=asked.scene.unit)

    def add_another(self) -> None:
        """Another thing of the chosen shape, to be posed."""
        opened = self._session.scene
        if opened is not None and opened.thing is not None:
            number = opened.thing.object_id
            new = InstanceKey(number, 1 + max(one.instance for one in opened.things if one.object_id == number))
            self._go_on(tr("Add another object"), replace(opened, added=(*opened.things, new)), new)

    def take(self, text: str, asked: OpenScene, poses: dict[tuple[str, InstanceKey], ObjectPose]) -> None:
        """Poses that were found come into the scene in one step; what was changed meanwhile stays."""
        opened = self._session.scene
        if opened is None or opened.scene.root != asked.scene.root:
            return
        now, then = opened.scene.poses, asked.scene.poses
        same = {at: one for at, one in poses.items() if now.get(at) is then.get(at) and at[0] in opened.scene.by_key}
        new = {at: replace(one, info=now[at].info) if at in now else one for at, one in same.items()}
        if new:
            self._push(text, opened, opened.scene.with_poses(new))
        drifted = len({key for (key, _), one in new.items() if one.state == "drifted"})
        told = tr("{text}: {poses} poses in {photos} photos.").format(
            text=text, poses=len(new), photos=len({key for key, _ in new})
        )
        if drifted:
            told += " " + tr("In {count} photos some do not fit what is seen; they are marked as a problem.").format(
                count=drifted
            )
        self._shell.say(told)

    def _push(self, text: str, opened: OpenScene, scene: Scene) -> None:
        self._session.undo_stack.push(SetScene(self._session, text, opened.with_scene(scene)))

    def _go_on(self, text: str, opened: OpenScene, thing: InstanceKey) -> None:
        self._session.undo_stack.push(SetScene(self._session, text, opened.at(opened.photo, thing)))
        self._pair.choose(PAIR)

    def _ask_which(self, path: str, places: Sequence[str]) -> None:
        """Which scene of a data set?"""
        names = {Path(place).relative_to(path).as_posix(): place for place in places}
        dialog = QInputDialog(self._shell.dialog_parent)
        dialog.setWindowTitle(tr("Open a scene"))
        dialog.setLabelText(
            tr("{name} has {count} scenes. Open which one?").format(name=Path(path).name, count=len(names))
        )
        dialog.setComboBoxItems(list(names))
        dialog.textValueSelected.connect(lambda name: self.open(names[name]))
        dialog.open()

    def _open_kept(self) -> None:
        """What a project says of a scene is read again."""
        kept = self._session.kept_scene
        if kept is None or kept is self._reading:
            return
        self._reading = kept
        if not kept.root.exists():
            lost = tr(
                "{root}, the scene of this project, is not there; put it back or say where it is. What you changed is kept."
            )
            self._shell.fail(lost.format(root=kept.root), "scene", tr("Choose it…"), self._find_kept)
            return

        def done(found: Scene | ScenesFound) -> None:
            if isinstance(found, ScenesFound) or self._session.kept_scene is not kept:
                return
            try:
                opened = opened_again(kept, found)
            except CounterpointError as error:
                self._shell.fail(str(error), "scene")
                return
            self._session.set_on_disk(found)
            self._session.set_scene(opened)

        self._requests.run("open_scene", done, lane="files", path=str(kept.root))

    def _find_kept(self) -> None:
        """Ask where the scene of a project is now; a file of it has the name that it had."""
        kept = self._session.kept_scene
        folder = QFileDialog.getExistingDirectory(self._dock, tr("Where is the scene now?"), self._folder())
        if kept is not None and folder:
            file = Path(folder) / kept.root.name
            self._session.set_scene(None, replace(kept, root=file if file.is_file() else Path(folder)))

    def _opened(self, slot: Slot, content: object) -> None:
        """The box of a shape of which nobody said it is known once it is open; then the photo has its focus box."""
        session, opened = self._session, self._session.scene
        if slot != SHAPE or not isinstance(content, OpenedShape) or opened is None or not opened.shows(session.items):
            return
        shape = opened.shape
        if shape is None or shape.bounds is not None:
            return
        points = content.mesh.points
        bounds = tuple(map(float, points.min(0))), tuple(map(float, points.max(0)))
        shapes = {**opened.scene.shapes, shape.object_id: replace(shape, bounds=bounds)}
        wider = opened.with_scene(replace(opened.scene, shapes=shapes))
        with session.change():
            session.set_scene(wider)
            image = session.items[IMAGE]
            if image.box is None:
                session.set_item(IMAGE, image.with_box(box_at(wider)))

    def _leave(self) -> None:
        self._reading = None

    def _folder(self) -> str:
        return str(self._settings.value("folder", ""))
