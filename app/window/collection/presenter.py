"""What the window shows of a photo collection.

These are the strip, the cameras around the shape, the average picture, and places in all photos.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject
from PySide6.QtGui import QPixmap

from app.document.session import Fact, Session
from app.document.texts import sureness, tr
from app.shared.results import Followed
from app.shared.values import Collection, CollectionPhoto, Slot
from app.window.collection.dock import CollectionPanel
from app.window.collection.filmstrip import FIXED, GOOD, OUT, PICTURE, UNSURE, Frame
from app.window.collection.order import passes, quality, viewpoint
from app.window.requests import Requests
from app.window.shell import Shell
from app.window.tools import Tools
from app.window.views.mesh import MeshPanel
from app.window.views.panels import Panels
from app.window.views.pixels import as_pixmap
from core.calibration import per_cent, verdict_of
from core.geometry.pose import camera_matrix, frustum

SIZE = 2 * PICTURE
"""Pixels of small pictures, enough for screens of two pixels a point."""

SHAPE: Slot = "shape 1"
"""Where the collection's shape is open."""


class CollectionPresenter(QObject):
    """Keeps the collection panel and the shape panel in step with the session."""

    def __init__(
        self,
        session: Session,
        requests: Requests,
        panels: Panels,
        tools: Tools,
        dock: CollectionPanel,
        shell: Shell,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._requests, self._panels = session, requests, panels
        self._tools, self._dock, self._shell = tools, dock, shell
        self._shape = session.items.get(SHAPE)
        self._small: dict[str, QPixmap] = {}
        self._sizes: dict[str, tuple[int, int]] = {}
        self._drawings: dict[int, Any] = {}
        self._marks: Followed | None = None
        self._cameras: dict[str, npt.NDArray[np.floating]] = {}
        dock.arranged.connect(self.show)
        dock.turned.connect(lambda: self._show_average(anew=False))
        dock.strip.pointed.connect(self._point)
        session.changed.connect(self._follow)

    def _follow(self, facts: frozenset[Fact]) -> None:
        if "collection" in facts:
            self._changed()
            return
        shape = self._session.items.get(SHAPE)
        if shape != self._shape:
            self._shape = shape
            self.show()
        if facts & {"pins", "current", "items"}:
            self._follow_pin()

    @property
    def collection(self) -> Collection:
        return self._session.collection

    def show(self, collection: Collection | None = None) -> None:
        """The document's collection, or ``collection``, which is not in the document yet."""
        shown = collection or self.collection
        frames = [self._frame(number, one, shown) for number, one in enumerate(shown.photos)]
        panel = self._panels[SHAPE]
        assert isinstance(panel, MeshPanel)
        middle = panel.middle() if self._session.items.get(SHAPE) == shown.shape else np.zeros(3)
        order, chosen = self._dock.order.currentData(), self._dock.filter.currentData()
        frames = [frame for frame in frames if passes(shown, frame.number, chosen, middle)]
        if order == "best":
            frames.sort(key=lambda frame: -quality(shown.photos[frame.number]))
        elif order == "viewpoint":
            frames.sort(key=lambda frame: viewpoint(shown, frame.number, middle) or (1e3, 0))
        self._dock.strip.show_frames(frames)
        self._show_cameras(shown)

    def _frame(self, number: int, one: CollectionPhoto, collection: Collection) -> Frame:
        small = self._small.get(one.item.path)
        if small is None:
            self._small[one.item.path] = QPixmap(1, 1)
            done = partial(self._set_small, one.item.path)
            self._requests.ask("small_picture", f"small {one.item.path}", done, item=one.item.file, size=SIZE)
            small = self._small[one.item.path]
        frame = Frame(number, one.item.name, one.item.path, size=(small.width(), small.height()), picture=small)
        frame.drawing = self._drawings.get(number) if collection.drawing is not None else None
        if one.problem:
            frame.caption, frame.border = tr("not posed"), OUT
            frame.about += f"\n{one.problem}"
        elif one.pose is not None:
            agreement = "" if np.isnan(one.agreement) else f" · {one.agreement:.2f}"
            state = tr("confirmed by hand") if one.fixed else tr("score {score:.2f}").format(score=one.pose.score)
            outlier = "" if one.inlier else tr(", does not agree with the others")
            sure = one.pose.probability
            sure_of = f"{one.pose.score:.2f}" if sure is None else per_cent(sure)
            frame.caption = tr("confirmed") if one.fixed else sure_of + agreement
            frame.about += tr("\n{state}, silhouette overlaps by {overlap:.0%}{outlier}").format(
                state=state, overlap=one.pose.overlap, outlier=outlier
            )
            if one.copy_of:
                frame.about += "\n" + tr("Nearly the same picture as {name}; both count as one").format(
                    name=Path(one.copy_of).name
                )
            if sure is not None and not one.fixed:
                frame.about += "\n" + sureness(verdict_of(sure), sure, one.pose.reasons)
            frame.about += tr("\nClick a place to see it in all photos; double-click to open the photo with its pose")
            frame.border = _color(one)
        if self._marks is not None and number < len(self._marks.pixels):
            u, v, visible = self._marks.pixels[number]
            width, height = self._sizes.get(one.item.path, (1, 1))
            if np.isfinite(u):
                frame.mark = ((u + 0.5) / width, (v + 0.5) / height, visible)
                pin = self._session.pins.get(self._session.current or 0)
                frame.mark_color = pin.color if pin is not None else "#ffd23f"
        return frame

    def _set_small(self, path: str, answer: tuple[npt.NDArray[np.uint8], tuple[int, int]]) -> None:
        self._small[path], self._sizes[path] = as_pixmap(answer[0]), answer[1]
        self.show()

    def _show_cameras(self, collection: Collection) -> None:
        panel, same = self._panels[SHAPE], self._session.items.get(SHAPE) == collection.shape
        assert isinstance(panel, MeshPanel)
        before, wanted = self._cameras, self._dock.cameras.isChecked() and collection.joined and same
        self._cameras = {}
        for number, one in enumerate(collection.photos if wanted else ()):
            if one.pose is not None and one.K is not None and one.item.path in self._sizes:
                points = frustum(
                    one.pose.pose(), camera_matrix(*one.K), self._sizes[one.item.path], panel.middle(), 0.12
                )[:5]
                panel.set_frustum(f"photo {number}", points, _color(one), "cameras")
                self._cameras[f"photo {number}"] = points
        for name in before.keys() - self._cameras.keys():
            panel.set_frustum(name, None)
        if bool(before) != bool(self._cameras):
            panel.reset_view(np.concatenate(list(self._cameras.values())) if self._cameras else None)

    def _show_average(self, anew: bool = True) -> None:
        if not self.collection.joined:
            self._dock.show_average(None)
            return
        self._dock.await_average(anew)
        request = self._requests.ask(
            "average_picture",
            "average",
            lambda picture: self._dock.show_average(as_pixmap(picture)),
            collection=self._asked(),
            azimuth=float(self._dock.azimuth.value()),
            elevation=20.0,
            size=150,
        )
        request.failed.connect(lambda *_: self._dock.show_average(None))

    def _asked(self) -> Collection:
        """What questions are about; the drawing is no part of it."""
        return replace(self.collection, drawing=None)

    def _point(self, number: int, u: float, v: float) -> None:
        """A click in a photo: a pin on the shape where it is, which all photos show."""
        one = self.collection.photos[number]
        if not self.collection.joined or one.item.path not in self._sizes:
            return
        width, height = self._sizes[one.item.path]

        def done(found: Followed | None) -> None:
            if found is None:
                self._shell.say(tr("The shape is not at that place of the photo; click on the object."))
            elif self._session.items.get(SHAPE) == self.collection.shape:
                self._tools.click(SHAPE, found.point)
            else:
                self._set_marks(found)

        at = (u * width - 0.5, v * height - 0.5)
        self._requests.ask("follow", "follow click", done, collection=self._asked(), number=number, at=at)

    def _follow_pin(self) -> None:
        """Show the current pin in all photos."""
        pin = self._session.pins.get(self._session.current) if self._session.current is not None else None
        number, known = None, False
        if pin is not None and self.collection.joined:
            item = self._session.items.get(pin.slot)
            if pin.slot == SHAPE and item == self.collection.shape:
                known = True
            elif item is not None and item.kind == "image":
                number = self.collection.number_of(item)
                known = number is not None
        if not known or pin is None:
            if self._marks is not None:
                self._set_marks(None)
            return
        self._requests.ask("follow", "follow pin", self._set_marks, collection=self._asked(), number=number, at=pin.at)

    def _set_marks(self, found: Followed | None) -> None:
        self._marks = found
        self.show()

    def _changed(self) -> None:
        """The document's collection is another one."""
        self._marks, self._drawings = None, {}
        self.show()
        self._follow_pin()
        self._show_average()
        if self.collection.joined and self.collection.drawing is not None:
            self._requests.run("carry", self._set_drawings, collection=self.collection, size=SIZE)

    def _set_drawings(self, drawings: list[Any]) -> None:
        self._drawings = {number: as_pixmap(one) for number, one in enumerate(drawings) if one is not None}
        self.show()


def _color(one: CollectionPhoto) -> str:
    """Of a posed photo: set by hand, sure and in agreement with the others, not sure, or probably wrong."""
    if one.fixed:
        return FIXED
    sure = None if one.pose is None else one.pose.probability
    verdict = "unsure" if sure is None else verdict_of(sure)
    if not one.inlier or verdict == "none":
        return OUT
    return GOOD if verdict == "good" else UNSURE
