"""All posed things drawn over the photo of a scene, each in its colour, and which of them is under the mouse."""

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip

from app.document.scene import IMAGE, OpenScene
from app.document.session import Session
from app.shared.results import DrawnScene
from app.shared.values import Item, Slot
from app.window.content import Content
from app.window.requests import Requests
from app.window.views.image import ImagePanel
from app.window.views.panels import Panels
from core.colors import rgb_of
from core.geometry.pose import Pose
from core.registration.things import InstanceKey


class ScenePictures(QObject):
    """Draws while the task is current; of several changes the newest counts.

    Signals:
        drawn(): what lies over the photo is that of the document.
    """

    drawn = Signal()

    def __init__(
        self,
        session: Session,
        requests: Requests,
        panels: Panels,
        content: Content,
        name_of: Callable[[InstanceKey], str],
        other: Callable[[], Pose | None],
        parent: QObject | None = None,
    ):
        """``name_of`` is what people read of a thing; ``other`` another pose of the thing that is worked on."""
        super().__init__(parent)
        panel = panels[IMAGE]
        assert isinstance(panel, ImagePanel)
        self._session, self._requests, self._panel = session, requests, panel
        self._name_of, self._other = name_of, other
        self._current = self._own = False
        self._asked: tuple[object, ...] = ()
        self._taken: tuple[object, ...] = ()
        self._kept: object = None
        self._seen: Item | None = None
        self._found: tuple[str, DrawnScene] | None = None
        session.follow({"scene", "items"}, self.draw)
        content.shown.connect(self._photo_shown)
        panel.view.viewport().installEventFilter(self)

    def show_task(self, current: bool) -> None:
        """The task is current, or another one is."""
        self._current = current
        self.draw()

    def use_own_colors(self, own: bool) -> None:
        """Draw shapes in the colours that they have themselves, or each thing in its colour."""
        self._own = own
        self.draw()

    def thing_at(self, u: float, v: float) -> InstanceKey | None:
        """What is drawn at a pixel of the photo."""
        if self._found is None or not self._current or self._found[0] != self._shown:
            return None
        return self._found[1].thing_at(u, v, self._panel.image_size)

    def draw(self) -> None:
        """Ask for the picture of what is posed in the photo, if it is another one."""
        opened = self._opened()
        self._panel.put_overlays_away(opened is not None)
        if opened is None:
            self._forget()
            return
        arguments, kept = self._arguments(opened)
        asked = (opened.photo, *map(id, kept), opened.thing, self._own)
        if asked == self._asked:
            return
        self._asked, self._kept = asked, kept
        if arguments is None:
            self._take(asked, None)
        else:
            self._requests.ask("draw_scene", "draw scene", partial(self._take, asked), **arguments)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            place = self._panel.view.mapToScene(event.pos())
            thing = self.thing_at(place.x() - 0.5, place.y() - 0.5)
            if thing is not None:
                QToolTip.showText(event.globalPos(), self._name_of(thing), self._panel.view)
                return True
        return super().eventFilter(watched, event)

    def _opened(self) -> OpenScene | None:
        """The scene, where its photo is open and the task is current."""
        opened = self._session.scene if self._current else None
        photo = None if opened is None else opened.photo_of(self._session.items.get(IMAGE))
        return opened if opened is not None and photo is not None and photo.key == opened.photo else None

    def _arguments(self, opened: OpenScene) -> tuple[dict[str, Any] | None, list[object]]:
        """What the engine needs, None where there is nothing to be drawn; and what that depends on."""
        scene, other = opened.scene, self._other()
        camera, there = scene.by_key[opened.photo].camera, scene.by_photo.get(opened.photo, {})
        poses = {thing: one.pose for thing, one in there.items() if thing.object_id in scene.shapes}
        kept: list[object] = [camera, other, *poses.values()]
        if camera is None or camera.size is None or not poses:
            return None, kept
        arguments = {
            "camera": camera,
            "shapes": {thing.object_id: scene.shapes[thing.object_id] for thing in poses},
            "poses": poses,
            "colors": {thing: rgb_of(opened.color(thing)) for thing in poses},
            "active": opened.thing,
            "own": self._own,
            "other": other,
            "uncertainty": None if opened.pose is None else opened.pose.uncertainty,
        }
        return arguments, kept

    def _take(self, asked: tuple[object, ...], found: DrawnScene | None) -> None:
        if asked == self._asked:
            self._taken = asked
            self._found = None if found is None else (str(asked[0]), found)
            self._lay()

    def _photo_shown(self, slot: Slot, _: int) -> None:
        if slot == IMAGE:
            self._seen = self._session.items.get(IMAGE)
            self._lay()

    @property
    def _shown(self) -> str:
        """The key of the photo that is seen, which may have been there before its scene; "" for none of the scene."""
        opened = self._session.scene
        photo = None if opened is None else opened.photo_of(self._seen)
        return "" if photo is None else photo.key

    def _lay(self) -> None:
        """Lay what was drawn over its photo, once that is seen."""
        opened = self._session.scene
        if opened is None or self._shown != opened.photo or not self._current:
            return
        fits = self._found is not None and self._found[0] == self._shown
        self._panel.set_things(self._found[1].rgba if fits and self._found is not None else None)
        if fits or self._found is None:
            self.drawn.emit()

    def _forget(self) -> None:
        self._asked, self._taken, self._kept, self._found = (), (), None, None
