"""A first minute: one real job in six steps, each of which is done when the document says so."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QSettings

from app.document.session import Session
from app.document.texts import tr
from app.shared.values import kind_of
from app.window.tools import Tools
from app.window.tour_card import TourCard

SEEN = "tour/seen"
"""Where the settings keep that the tour was shown."""

MATCH = "matching"
"""The task in which a match is read."""


@dataclass(frozen=True)
class Step:
    """What to do, and whether it happened."""

    title: str
    sentence: str
    done: Callable[[], bool]


class Tour(QObject):
    """Watches what the user does: steps are done in any order, and are open again when they are undone.

    It is shown once by itself, and whenever it is asked for.
    """

    def __init__(self, session: Session, tools: Tools, settings: QSettings, parent: QObject | None = None):
        super().__init__(parent)
        self._session, self._settings = session, settings
        self._steps = self._make_steps()
        self._last = tr("You have done a whole job. File > New makes room for a photo and a shape of your own.")
        self.card = TourCard([*(step.sentence for step in self._steps), self._last])
        self.card.hide()
        self.card.left.connect(self.leave)
        self._task = MATCH
        self._pointed = self._read = self._written = self._complete = False
        session.changed.connect(lambda _: self._look())
        tools.pointed.connect(self._point)
        tools.left.connect(self._take_back)

    @property
    def runs(self) -> bool:
        """Whether it still leads."""
        return not self.card.isHidden() and not self._complete

    def begin_once(self) -> None:
        """Begin, unless it was seen before, or work of before was recovered."""
        if not self._settings.value(SEEN, False, bool) and not self._session.items:
            self.begin()

    def begin(self) -> None:
        """Show the card, with what is done already."""
        self._settings.setValue(SEEN, True)
        self._pointed = self._read = self._written = self._complete = False
        self.card.show()
        self._look()

    def leave(self) -> None:
        """Hide the card; everything else stays as it is."""
        self.card.hide()

    def show_task(self, name: str) -> None:
        """Another task is current."""
        self._task = name
        self._look()

    def file_written(self) -> None:
        """Something was exported."""
        self._written = True
        self._look()

    def _make_steps(self) -> tuple[Step, ...]:
        return (
            Step(
                tr("Open a photo and a shape"),
                tr("Open the sample, a toy, with this button, or drop a photo and a shape of your own into the window."),
                self._is_open,
            ),
            Step(
                tr("Click a point"),
                tr("In the task Match (Ctrl+1), click something in the photo, such as the tip of the toy's trunk."),
                lambda: self._is_open() and (bool(self._session.pins) or self._pointed),
            ),
            Step(
                tr("Box the object"),
                tr("Press B with the mouse over the photo, and drag a box around the whole toy: only what is inside is matched."),
                lambda: self._is_open() and self._is_boxed(),
            ),
            Step(
                tr("Find the pose"),
                tr("Press Ctrl+L and wait a few seconds: the shape is laid over the photo as the camera saw it."),
                self._is_posed,
            ),
            Step(
                tr("Read the match"),
                tr("Press Ctrl+1. The panel above says where your point is on the shape, how sure that is, and why."),
                lambda: self._read,
            ),
            Step(
                tr("Export"),
                tr("Press Export… at the upper right, choose Pins as CSV, and save the file."),
                lambda: self._written,
            ),
        )  # fmt: skip

    def _point(self) -> None:
        """A place was clicked: it is a pin, or will be one when the question about the box is answered."""
        self._pointed = not self._is_boxed()
        self._look()

    def _take_back(self) -> None:
        self._pointed = False
        self._look()

    def _look(self) -> None:
        """What is done, and what comes next."""
        if not self.runs:
            return
        self._pointed = self._pointed and self._is_open() and not self._is_boxed()
        self._read = self._can_read() and (self._read or self._task == MATCH)
        self._written = self._written and self._is_open()
        done = [step.done() for step in self._steps]
        self._complete = all(done)
        if self._complete:
            self.card.show_step(tr("Done"), self._last, done, None)
            return
        now = done.index(False)
        title = tr("{number}. {step}").format(number=now + 1, step=self._steps[now].title)
        self.card.show_step(title, self._steps[now].sentence, done, now)

    def _is_open(self) -> bool:
        return {kind_of(slot) for slot in self._session.items} == {"image", "shape"}

    def _is_boxed(self) -> bool:
        return any(item.box is not None for item in self._session.items.values())

    def _is_posed(self) -> bool:
        return any(aligned.pose is not None for aligned in self._session.aligned.values())

    def _can_read(self) -> bool:
        """Whether the selected pin has matches that go through a pose."""
        pin = self._session.pins.get(-1 if self._session.current is None else self._session.current)
        return self._is_posed() and pin is not None and bool(pin.answers) and not pin.outdated
