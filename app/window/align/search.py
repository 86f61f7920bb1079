"""Poses looked for in the background, so that clicks go through them though nobody aligned anything."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.document.session import Pair, Session
from app.document.texts import title, tr
from app.shared.values import AlignTask, Box, Guide, slots_of
from app.window.align.controller import AlignController
from app.window.requests import Requests
from app.window.shell import Shell

if TYPE_CHECKING:
    from app.window.engine_client import Request


PATIENCE = 1500
"""Milliseconds after the last change of what is open in which the user may draw the box: then the object is looked for."""


class PoseSearch(QObject):
    """Looks for the poses of open shapes in open photos, a pair at a time; the session keeps what is found.

    Where the photo that is worked on has no box the object is looked for first, which is said; the box stays the user's.

    A pair that somebody aligned is left alone.

    Signals:
        guessed(slot, box): where the object of a photo without a box was taken to be.
    """

    guessed = Signal(str, object)

    def __init__(
        self,
        session: Session,
        requests: Requests,
        aligner: AlignController,
        shell: Shell,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._requests, self._aligner, self._shell = session, requests, aligner, shell
        self._asked: dict[Pair, AlignTask] = {}
        self._request: Request | None = None
        self._looking: Pair | None = None
        self._may_draw = QTimer(self, singleShot=True, interval=PATIENCE)
        self._may_draw.timeout.connect(self._follow)
        session.follow({"items"}, self._may_draw.start)
        session.follow({"items", "encoder", "cameras", "aligned"}, self._follow)
        requests.prepared.connect(lambda _: self._follow())
        aligner.shown.connect(self._follow)

    def _follow(self) -> None:
        """Forget what is no longer asked for, and look for what is."""
        wanted, aligned = self._wanted(), self._session.aligned
        outdated = [pair for pair, task in self._asked.items() if wanted.get(pair) != task]
        for pair in [
            one for one in outdated if one not in aligned or (one == self._looking and self._request is not None)
        ]:
            if pair == self._looking and self._request is not None:
                request, self._request = self._request, None  # before it says that it is over
                request.cancel()
            del self._asked[pair]
            self._session.set_likely(pair, False)
        if self._request is None:
            unasked = [pair for pair in wanted if pair not in self._asked]
            framed = [pair for pair in unasked if wanted[pair].image.box is not None]
            if framed or (unasked and not self._may_draw.isActive()):
                pair = (framed or unasked)[0]
                self._look(pair, wanted[pair])

    def _wanted(self) -> dict[Pair, AlignTask]:
        """What poses are to be looked for now; without a box only in the photo that is worked on, and what was begun."""
        items, aligned = self._session.items, self._session.aligned
        pairs = [(image, shape) for image in slots_of("image") for shape in slots_of("shape")]
        return {
            pair: self._aligner.task(pair)
            for pair in pairs
            if all(map(self._requests.is_ready, pair))
            and (items[pair[0]].box is not None or pair == self._aligner.pair() or pair in self._asked)
            and (pair not in aligned or aligned[pair].guide is None)
        }

    def _look(self, pair: Pair, task: AlignTask) -> None:
        def done(guide: Guide) -> None:
            if self._asked.get(pair) == task:
                pins = [pin for pin in self._session.pins.values() if pin.slot in pair and pin.answers.keys() & {*pair}]
                self._session.set_likely(pair, True, guide)
                if pins:
                    self._shell.say(
                        tr("Likely poses of {shape} in {image} were found; matches are surer with them.").format(
                            shape=title(pair[1]), image=title(pair[0])
                        )
                    )

        def failed(sentence: str, details: str) -> None:
            if self._asked.get(pair) == task:
                self._session.set_likely(pair, False)
                if task.image.box is None:
                    self._shell.say(sentence)

        def guessed(box: Box) -> None:
            if self._asked.get(pair) == task:
                self.guessed.emit(pair[0], box)

        def finished() -> None:
            if self._request is request:
                self._request = None
                self._follow()

        self._asked[pair] = task
        self._session.set_likely(pair, True)
        request = self._requests.look("search_poses", done, task=task)
        self._request, self._looking = request, pair
        request.failed.connect(failed)
        if task.image.box is None:  # where the object was taken to be
            request.warned.connect(self._requests.warned)
            request.partial_result.connect(guessed)
        request.finished.connect(finished)
