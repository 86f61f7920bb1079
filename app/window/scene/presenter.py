"""What the window shows of an open scene: the strip with its small pictures, and the list of things."""

from collections import Counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QPixmap

from app.document.scene import OpenScene, photo_state
from app.document.session import Session
from app.document.texts import tr
from app.shared.results import SmallPhoto
from app.window.requests import Requests
from app.window.scene.cells import STATES, cells_of
from app.window.scene.dock import HELP, ScenePanel
from app.window.scene.filmstrip import HEIGHT, WIDTH
from app.window.scene.things import ThingRow
from app.window.views.overlays import as_pixmap

if TYPE_CHECKING:
    from app.window.engine_client import Request

SIDE = 2 * max(WIDTH, HEIGHT)
"""Pixels of small pictures, enough for screens of two pixels a point."""

AT_ONCE = 24
"""Small pictures that are asked for at once; then is asked what is seen by now."""


class ScenePresenter(QObject):
    """Keeps panel and strip in step with the session."""

    def __init__(self, session: Session, requests: Requests, dock: ScenePanel, parent: QObject | None = None):
        super().__init__(parent)
        self._session, self._requests, self._dock = session, requests, dock
        self._root: object = None
        self._request: Request | None = None
        dock.arranged.connect(self.show)
        dock.strip.wanted.connect(self._ask)
        session.follow({"scene"}, self.show)

    def show(self) -> None:
        """The scene of the document."""
        opened, dock = self._session.scene, self._dock
        if opened is None:
            dock.set_state(False, False, False, False)
            dock.about.setText(HELP)
            dock.strip.show_cells([], "")
            return
        if opened.scene.root != self._root:
            self._root = opened.scene.root
            dock.strip.photos.forget_pictures()
        checked = photo_state(opened.scene, opened.photo) == "checked"
        dock.set_state(True, opened.thing is not None, opened.pose is not None, checked)
        cells = cells_of(opened, dock.filter.currentData(), dock.order.currentData())
        dock.strip.show_cells(cells, opened.photo)
        dock.things.show_rows(_rows(opened), opened.thing)
        dock.about.setText(_about(opened))
        dock.here.setText(_here(opened))

    def _ask(self, keys: list[str]) -> None:
        """Small pictures that are seen and missing; those that are not seen any more are not made."""
        opened = self._session.scene
        if opened is None or self._request is not None:
            return
        photos = tuple(opened.scene.by_key[key] for key in keys[:AT_ONCE] if key in opened.scene.by_key)
        root = opened.scene.root
        request = self._requests.look("scene_thumbnails", lambda _: None, photos=photos, side=SIDE)
        self._request = request

        def take(small: SmallPhoto) -> None:
            if root == self._root:
                self._dock.strip.photos.set_picture(
                    small.key, QPixmap() if small.picture is None else as_pixmap(small.picture)
                )

        def finished() -> None:
            self._request = None
            self._dock.strip.ask_pictures()

        def failed(*_: object) -> None:
            for photo in photos:
                self._dock.strip.photos.set_picture(photo.key, QPixmap())

        request.partial_result.connect(take)
        request.failed.connect(failed)
        request.finished.connect(finished)


def _rows(opened: OpenScene) -> list[ThingRow]:
    here, counts = opened.scene.by_photo.get(opened.photo, {}), Counter(thing for _, thing in opened.scene.poses)
    several = Counter(thing.object_id for thing in opened.things)
    rows = []
    for thing in opened.things:
        shape, pose = opened.scene.shapes.get(thing.object_id), here.get(thing)
        name = shape.name if shape is not None else tr("object {number} (no shape)").format(number=thing.object_id)
        if several[thing.object_id] > 1:
            name += f" · {thing.instance + 1}"
        state, residual = ("", None) if pose is None else (pose.state, pose.residual)
        rows.append(ThingRow(thing, name, opened.color(thing), counts[thing], state, residual))
    return rows


def _about(opened: OpenScene) -> str:
    scene = opened.scene
    posed = sum(1 for photo in scene.photos if scene.by_photo.get(photo.key))
    text = tr("{name}: {photos} photos, {posed} of them posed, {objects} objects.").format(
        name=scene.root.name, photos=len(scene.photos), posed=posed, objects=len(opened.things)
    )
    if not opened.things:
        text += " " + tr("It has no shapes yet: add those that are seen in the photos with Add object.")
    return text


def _here(opened: OpenScene) -> str:
    photo = opened.scene.by_key[opened.photo]
    name = photo.path.name if photo.frame is None else photo.key
    text = tr("Photo {number} of {count}, {name}: {state}").format(
        number=opened.number + 1,
        count=len(opened.scene.photos),
        name=name,
        state=STATES[photo_state(opened.scene, photo.key)],
    )
    return text if photo.camera is not None else text + ". " + tr("Its camera is not known.")
