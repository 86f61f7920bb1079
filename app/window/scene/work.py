"""Long work on a whole scene: poses carried and refined, files written and checked."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, QSettings
from PySide6.QtWidgets import QFileDialog

from app.document.scene import OpenScene, scene_name
from app.document.session import Session
from app.document.texts import tr
from app.shared.results import SceneNotes
from app.window.messages import MessageList
from app.window.requests import Requests
from app.window.scene.controller import SceneController
from app.window.scene.dock import ScenePanel
from app.window.shell import Shell
from core.scenes.formats import FORMATS
from core.scenes.scene import ObjectPose, PoseKey

Poses = dict[PoseKey, ObjectPose]

TITLES = {
    "bop": tr("BOP…"),
    "coco": tr("COCO…"),
    "yolo": tr("YOLO, boxes…"),
    "yolo-seg": tr("YOLO, polygons…"),
    "nerfstudio": tr("nerfstudio, cameras…"),
    "colmap": tr("COLMAP, cameras…"),
    "scan2cad": tr("Scan2CAD…"),
}
"""What the formats of :data:`core.scenes.formats.FORMATS` are called in the menu."""

BY_HAND = ("made", "checked")
TRUSTED = ("read", "made", "checked", "refined")
"""States of poses that are carried to other photos: those that a person made, and those that no other photo gave."""


class SceneWork(QObject):
    """Asks the engine for it; what comes back is one step."""

    def __init__(
        self,
        session: Session,
        requests: Requests,
        controller: SceneController,
        dock: ScenePanel,
        settings: QSettings,
        shell: Shell,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._requests, self._controller = session, requests, controller
        self._dock, self._settings, self._shell = dock, settings, shell
        dock.propagate_requested.connect(self.propagate)
        dock.refine_requested.connect(self.refine)

    def propagate(self, only: bool) -> None:
        """Carry poses from all posed photos to where things have none, or (``only``) those of this photo to all others.

        Poses that were made by hand or checked stay as they are in both cases.
        """
        opened = self._session.scene
        if opened is None:
            return
        given = _given(opened, opened.photo if only else None)
        posed = {key for key, _ in given}
        asked = replace(opened.scene, poses=given)
        order = tuple(photo.key for photo in opened.scene.photos if photo.key in posed)
        self._run("propagate_poses", tr("Propagate poses"), opened, scene=asked, keyframes=order)

    def refine(self, only: bool, far: bool) -> None:
        """Let all poses follow what the photos show, or those of the chosen thing; checked ones stay.

        Poses that may be ``far`` off are looked for first.
        """
        opened = self._session.scene
        if opened is not None:
            things = (opened.thing,) if only and opened.thing is not None else None
            self._run("refine_poses", tr("Refine poses"), opened, scene=opened.scene, things=things, far=far)

    def can_save(self) -> bool:
        """Whether the scene can be written in the format that it came in."""
        opened = self._session.scene
        return opened is not None and opened.scene.layout in FORMATS

    def save(self) -> None:
        """Write the scene back to where it came from."""
        self._write(None, None)

    def export(self, file_format: str) -> None:
        """Ask for a folder, and write the scene into it."""
        folder = QFileDialog.getExistingDirectory(
            self._dock, tr("Folder to write to"), str(self._settings.value("folder", ""))
        )
        if folder:
            self._write(folder, file_format)

    def check(self) -> None:
        """Say what bop_toolkit would stumble over in the scene's files."""
        opened = self._session.scene
        if opened is None:
            return

        def done(found: SceneNotes) -> None:
            lines = [tr("Error: {what}").format(what=one) for one in found.errors]
            lines += [tr("Odd: {what}").format(what=one) for one in found.odd]
            if opened.scene is not self._session.on_disk.get(opened.scene.root):
                lines.append(tr("What was changed since the scene was saved is not in the files yet."))
            if not found.errors:
                lines.insert(0, tr("No errors: tools of BOP can read these files."))
            notes = MessageList(lines, self._shell.dialog_parent)
            notes.setWindowTitle(tr("Check of {name}").format(name=scene_name(opened.scene)))
            notes.open()

        self._requests.run("check_scene", done, path=str(opened.scene.root))

    def is_bop(self) -> bool:
        """Whether there are rules for the scene's files."""
        opened = self._session.scene
        return opened is not None and opened.scene.layout == "bop"

    def _write(self, folder: str | None, file_format: str | None) -> None:
        opened = self._session.scene
        if opened is None:
            return

        def done(files: list[str]) -> None:
            if folder is None:
                self._session.set_on_disk(opened.scene)
            self._shell.say(
                tr("Saved {count} files in {folder}").format(count=len(files), folder=folder or opened.scene.root)
            )

        self._requests.run("write_scene", done, scene=opened.scene, path=folder, file_format=file_format)

    def _run(self, job: str, text: str, opened: OpenScene, **arguments: Any) -> None:
        so_far: Poses = {}

        def take(poses: Poses) -> None:
            self._controller.take(text, opened, poses)

        request = self._requests.run(job, take, **arguments)
        request.partial_result.connect(so_far.update)
        request.cancelled.connect(lambda: take(so_far) if so_far else None)


def _given(opened: OpenScene, only: str | None) -> Poses:
    """The poses that are carried, and stay: all that are trusted, or those of one photo, whatever they come from, and those made by hand."""
    given = {}
    for at, one in opened.scene.poses.items():
        if at[0] == only and one.state not in TRUSTED:
            given[at] = replace(one, state="made")
        elif at[0] == only or one.state in (TRUSTED if only is None else BY_HAND):
            given[at] = one
    return given
