"""The focal length of a photo from what is seen in it: edges of a box that are clicked, and pairs."""

from dataclasses import replace

from PySide6.QtCore import QObject

from app.document.commands import SetAligned
from app.document.texts import tr
from app.shared.results import Begun, FoundCamera
from app.shared.values import Aligned, Slot, kind_of
from app.window.align.controller import AlignController
from app.window.align.dock import AlignPanel
from app.window.services import Services
from app.window.views.image import ImagePanel
from app.window.views.panels import image_panels

Pixel = tuple[float, float]

TOOL = "edges"
COLORS = ("#e5484d", "#30a46c", "#3e8bff")
"""Of the three directions."""

EDGES = 2
"""Of each direction."""

PAIRS = 5
"""Pairs of a photo that say its pose and its focal length: four say them with nothing to spare."""


class FocalLength(QObject):
    """Connects the camera menu, clicks along edges, the engine and the session."""

    def __init__(self, use: Services, aligner: AlignController, dock: AlignPanel):
        super().__init__(use.parent)
        self._session, self._requests, self._panels, self._shell = use.session, use.requests, use.panels, use.shell
        self._aligner, self._tools, self._dock = aligner, use.tools, dock
        self._slot: Slot | None = None
        self._ends: list[Pixel] = []
        self._said = ""
        dock.edges_requested.connect(lambda: use.tools.toggle(TOOL))
        dock.focal_requested.connect(self.solve)
        use.tools.changed.connect(self._taken)
        aligner.shown.connect(self._show)
        use.session.follow({"items", "cameras"}, self._items_changed)
        use.session.leaving.connect(self._forget)

    def click(self, slot: Slot, at: tuple[float, ...]) -> bool:
        """A click in a photo is an end of an edge; one on a shape is none, and means nothing meanwhile."""
        if kind_of(slot) != "image":
            return True
        if slot != self._slot or len(self._ends) == 2 * EDGES * len(COLORS):
            self._forget()
            self._slot = slot
        self._ends.append((at[0], at[1]))
        self._draw()
        if len(self._ends) in (4 * EDGES, 6 * EDGES):
            self._ask()
        return True

    def delete(self) -> bool:
        """Take the last end back; returns whether there was one."""
        if self._tools.active != TOOL or not self._ends:
            return False
        self._ends.pop()
        self._draw()
        return True

    def hint(self) -> str:
        """What the next click does."""
        count = len(self._ends) % (2 * EDGES * len(COLORS))
        if self._said and count in (0, 4 * EDGES):
            more = tr("Esc ends") if count == 0 else tr("two edges of the third direction make it surer, Esc ends")
            return tr("{said} · {more}").format(said=self._said, more=more)
        edge = count // 2 % EDGES
        if count == 0:
            return tr(
                "Click the two ends of an edge of a box-like thing in the photo · Delete takes a click back, Esc ends"
            )
        if count % 2:
            return tr("Click the other end of the edge")
        if edge:
            return tr("Click the ends of another edge that is parallel to the last one")
        return tr("Now two edges at right angles to the ones before")

    def solve(self) -> None:
        """The focal length that the pairs demand, of all open photos of the same size together."""
        known = self._aligner.current()
        if known is None:
            return
        image, done = self._session.items[known.image], self._solved
        photos = [known.pairs, *(one.pairs for one in self._others(known))]
        self._requests.run("solve_focal", lambda found: done(known, found), image=image, photos=photos)

    def _others(self, known: Aligned) -> list[Aligned]:
        """Other photos of the same size with pairs on the same shape; they are taken to be of the same camera."""
        size = self._size(known.image)
        return [
            one
            for one in self._session.aligned.values()
            if one.image != known.image
            and one.shape == known.shape
            and len(one.pairs) >= 4
            and self._size(one.image) == size
        ]

    def _size(self, slot: Slot) -> tuple[int, int]:
        panel = self._panels[slot]
        assert isinstance(panel, ImagePanel)
        return panel.image_size

    def _solved(self, known: Aligned, found: FoundCamera) -> None:
        if found.K is None:
            self._shell.fail(found.sentence, "align")
            return
        self._dock.fov.setValue(found.field)
        solved = replace(known, K=found.K, lens=found.lens)
        task = replace(self._aligner.task((known.image, known.shape), solved), assumed=False)
        text = tr("Solve the focal length")

        def done(begun: Begun) -> None:
            again = replace(known, K=found.K, lens=found.lens, poses=tuple(begun.poses), choice=0, mask=begun.mask)
            self._session.undo_stack.push(SetAligned(self._session, text, {(known.image, known.shape): again}))
            self._shell.say(found.sentence)

        self._requests.run(
            "solve_pairs", done, task=task, pairs=known.pairs, start=known.pose, dof=self._dock.dof.currentData(),
            locked=self._dock.locked,
        )  # fmt: skip

    def _ask(self) -> None:
        """The focal length of the edges that are complete."""
        assert self._slot is not None
        pairs = list(zip(self._ends[::2], self._ends[1::2], strict=True))
        directions = [pairs[first : first + EDGES] for first in range(0, len(pairs), EDGES)]
        image = self._session.items[self._slot]
        self._requests.run("focal_from_edges", self._found, image=image, directions=directions)

    def _found(self, found: FoundCamera) -> None:
        if found.K is None:
            self._shell.fail(found.sentence, "align")
            return
        self._dock.fov.setValue(found.field)
        self._said = found.sentence
        self._tools.hint_changed.emit()

    def _taken(self, tool: str) -> None:
        if tool != TOOL:
            self._forget()
        self._dock.edges.setChecked(tool == TOOL)

    def _items_changed(self) -> None:
        if self._slot is not None and self._slot not in self._session.items:
            self._forget()
        self._show()

    def _show(self) -> None:
        known, file = self._aligner.current(), self._session.cameras.file
        self._dock.set_focal(known is not None and len(known.pairs) >= PAIRS and file is None, file is None)

    def _forget(self) -> None:
        self._slot, self._ends, self._said = None, [], ""
        self._draw()

    def _draw(self) -> None:
        """The edges over their photo."""
        complete = list(zip(self._ends[::2], self._ends[1::2], strict=False))
        lines = [(*ends, COLORS[number // EDGES]) for number, ends in enumerate(complete)]
        begun = (self._ends[-1], COLORS[len(complete) // EDGES]) if len(self._ends) % 2 else None
        for slot, panel in image_panels(self._panels).items():
            panel.view.lines.show_lines(*((lines, begun) if slot == self._slot else ((), None)))
        self._tools.hint_changed.emit()
