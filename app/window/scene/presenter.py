"""What the window shows of an open scene: the strip with its small pictures, and the list of things."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QPixmap

from app.document.scene import OpenScene, photo_state, scene_name
from app.document.session import Session
from app.document.texts import tr
from app.shared.results import SmallPhoto
from app.window.requests import Requests
from app.window.scene.cells import STATES, Cell, cells_of
from app.window.scene.dock import HELP, ScenePanel
from app.window.scene.filmstrip import HEIGHT, WIDTH
from app.window.scene.things import ThingRow, thing_name
from app.window.views.pixels import as_pixmap

if TYPE_CHECKING:
    from app.window.engine_client import Request
    from core.scenes.scene import Scene

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
        self._made: tuple[Scene | None, object, list[Cell]] = None, None, []
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
        dock.strip.show_cells(self._cells(opened), opened.photo)
        dock.things.show_rows(_rows(opened), opened.thing)
        dock.about.setText(_about(opened))
        dock.here.setText(_here(opened))

    def _cells(self, opened: OpenScene) -> list[Cell]:
        """The photos of the strip: those of before while the scene and what is chosen of it are the same."""
        chosen, order = self._dock.filter.currentData(), self._dock.order.currentData()
        about = chosen, order, opened.thing if chosen == "object" else None
        if self._made[0] is not opened.scene or self._made[1] != about:
            self._made = opened.scene, about, cells_of(opened, chosen, order)
        return self._made[2]

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
    here, counts = opened.scene.by_photo.get(opened.photo, {}), opened.scene.counts
    rows = []
    for thing in opened.things:
        pose = here.get(thing)
        state, residual = ("", None) if pose is None else (pose.state, pose.residual)
        name, color = thing_name(opened, thing), opened.color(thing)
        rows.append(ThingRow(thing, name, color, counts.get(thing, 0), state, residual))
    return rows


def _about(opened: OpenScene) -> str:
    scene = opened.scene
    text = tr("{name}. Photos: {photos}, posed: {posed}. Objects: {objects}.").format(
        name=scene_name(scene), photos=len(scene.photos), posed=len(scene.by_photo), objects=len(opened.things)
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
    if photo.camera is None:
        return text + ". " + tr("Its camera is not known.")
    return text + _uncertainty(opened)


def _uncertainty(opened: OpenScene) -> str:
    """How far the pose that is worked on may be off, where a refinement said it."""
    unsure = None if opened.pose is None else opened.pose.uncertainty
    if unsure is None or opened.thing is None:
        return ""
    unit = opened.scene.unit
    length = unsure.distance * unit.metres * 1000 if unit.known else unsure.distance
    far = tr("{length:.2g} mm").format(length=length) if unit.known else tr("{length:.2g} units").format(length=length)
    if unsure.degrees > 90:
        return ". " + tr("The photos leave the pose of {name} open.").format(name=thing_name(opened, opened.thing))
    return ". " + tr("{name} is off by {degrees:.1f}° and {far} at least, as a rule (ellipse).").format(
        name=thing_name(opened, opened.thing), degrees=unsure.degrees, far=far
    )
