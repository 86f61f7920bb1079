"""The box around the object comes first: a click in a photo without one asks for it."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from app.document.commands import SetBox
from app.document.session import Session
from app.document.texts import tr
from app.shared.values import Box, Item, Slot, kind_of
from app.window.active_pair import ActivePair
from app.window.matching.dock import PinsPanel
from app.window.tools import Tools
from app.window.views.image import ImagePanel
from app.window.views.panels import Panels, image_panels

Place = Callable[[Slot, tuple[float, ...]], bool]
"""Places a pin at a pixel or at a point."""


class FocusFirst(QObject):
    """Takes clicks that are to become pins; one that would be matched with a whole photo waits for an answer."""

    def __init__(
        self,
        session: Session,
        panels: Panels,
        pair: ActivePair,
        dock: PinsPanel,
        tools: Tools,
        place: Place,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._pair, self._place = session, pair, place
        self._images = image_panels(panels)
        self._whole: set[str] = set()
        self._guesses: dict[Slot, tuple[Item, Box]] = {}
        self._waiting: tuple[Slot, Item, tuple[Slot, tuple[float, ...]]] | None = None
        dock.box_requested.connect(self.draw_box)
        dock.zoom_requested.connect(self._zoom)
        session.follow({"items"}, self._items_changed)
        session.follow({"items", "corrections"}, lambda: self._enable(dock))
        self._enable(dock)
        tools.left.connect(self._leave)
        pair.changed.connect(lambda: dock.show_pair(pair.name()))

    def hint(self) -> str:
        """What the next click does."""
        slot = self._boxless(None)
        if slot is not None:
            return tr("Draw a box around the object in {name} first: press B and drag, or click the photo").format(
                name=self._session.items[slot].name
            )
        return tr("Click to place a pin · hold Shift and move the mouse to see matches live")

    def offer(self, slot: Slot, box: Box) -> None:
        """Show where the object of a photo is taken to be; a click can make it the box."""
        item = self._session.items.get(slot)
        if item is not None and item.box is None:
            self._guesses[slot] = item, box
            self._images[slot].view.guess.show_box(box)
            if self._waiting is not None and self._waiting[0] == slot:
                self._ask(slot)

    def click(self, slot: Slot, at: tuple[float, ...]) -> bool:
        """Place a pin, or ask for the box first."""
        photo = self._boxless(slot if kind_of(slot) == "image" else None)
        if photo is None:
            return self._place(slot, at)
        self._leave()
        self._waiting = (photo, self._session.items[photo], (slot, at))
        self._ask(photo)
        return True

    def _ask(self, photo: Slot) -> None:
        draw, anyway = (tr("Draw the box"), lambda: self.draw_box(photo)), (tr("Match anyway"), self._match_anyway)
        if photo in self._guesses:
            text = tr(
                "Is this the object? The program found it by itself; matches are much surer with a box around the object."
            )
            choices = [(tr("Take this box"), lambda: self._take_guess(photo)), draw, anyway]
        else:
            text = tr("Where is the object? Matches are much surer with a box around it.")
            choices = [draw, anyway]
        self._images[photo].bar.ask(text, choices)

    def _take_guess(self, photo: Slot) -> None:
        self._session.undo_stack.push(SetBox(self._session, photo, self._guesses[photo][1]))

    def _boxless(self, slot: Slot | None) -> Slot | None:
        """The photo of a click, or else of the pair, if it goes with a shape and has no box yet."""
        pair = self._pair.slots()
        if pair is None:
            return None
        slot = slot or pair[0]
        item = self._session.items.get(slot)
        return slot if item is not None and item.box is None and item.path not in self._whole else None

    def draw_box(self, slot: Slot | None = None) -> None:
        """Take the tool for the box of a photo up, or of that of the pair."""
        panel = self._panel(slot)
        if panel is not None:
            panel.bar.hide()
            panel.box_tool.defaultAction().setChecked(True)
            panel.view.setFocus()

    def _zoom(self) -> None:
        panel = self._panel(None)
        if panel is not None:
            panel.view.zoom_to_box()

    def _panel(self, slot: Slot | None) -> ImagePanel | None:
        slot = slot or self._pair.slot("image")
        return None if slot is None else self._images[slot]

    def _enable(self, dock: PinsPanel) -> None:
        photo = self._pair.slot("image")
        item = None if photo is None else self._session.items.get(photo)
        dock.set_enabled(item is not None, item is not None and item.box is not None, bool(self._session.corrections))

    def _match_anyway(self) -> None:
        if self._waiting is not None:
            _, item, click = self._waiting
            self._whole.add(item.path)
            self._leave()
            self._place(*click)

    def _items_changed(self) -> None:
        """The box was drawn: the click that waited is a pin if it is on the object. A photo that went is asked anew."""
        items = self._session.items
        self._whole &= {item.path for item in items.values()}
        for slot in [slot for slot, (item, _) in self._guesses.items() if items.get(slot) != item]:
            del self._guesses[slot]
            self._images[slot].view.guess.show_box(None)
        if self._waiting is None:
            return
        photo, before, (slot, at) = self._waiting
        now = self._session.items.get(photo)
        if now == before:
            return
        self._leave()
        box = now.box if now is not None and now.path == before.path else None
        if box is not None and (slot != photo or _inside(at, box)):
            QTimer.singleShot(0, self, lambda: self._place(slot, at))  # not within the step that draws the box

    def _leave(self) -> None:
        if self._waiting is not None:
            self._images[self._waiting[0]].bar.hide()
            self._waiting = None


def _inside(pixel: tuple[float, ...], box: Box) -> bool:
    return box[0] <= pixel[0] <= box[2] and box[1] <= pixel[1] <= box[3]
