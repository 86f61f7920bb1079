"""The open document: what is in the slots, the pins, the poses, the encoder.

Undo commands change it, and every change is told once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Signal

from app.document.saved_scene import SavedScene
from app.document.scene import OpenScene
from app.document.undo import History
from app.shared.results import Answer
from app.shared.values import (
    SLOTS,
    Aligned,
    Cameras,
    Collection,
    Correction,
    Draft,
    EncoderSettings,
    Guide,
    Item,
    Marking,
    Slot,
)
from core.colors import PINS
from core.parts.layers import Layers
from core.scenes.scene import Scene

if TYPE_CHECKING:
    from pathlib import Path

Pair = tuple[Slot, Slot]
"""A photo's slot and a shape's."""

Fact = Literal[
    "items",
    "pins",
    "current",
    "answers",
    "encoder",
    "layers",
    "draft",
    "marking",
    "aligned",
    "cameras",
    "collection",
    "corrections",
    "likely",
    "scene",
]
"""What a document is made of; answers and likely poses are results and no part of it, but change with it."""


@dataclass
class Pin:
    """A place the user asked about, and what was found for it.

    Attributes:
        slot: where it was placed.
        at: pixel (u, v) or point (x, y, z).
        answers: by slot of the target; missing while they are computed.
        problem: why there are no answers, for the user.
        outdated: slots whose answers stay until better ones are there.
    """

    pin_id: int
    name: str
    color: str
    slot: Slot
    at: tuple[float, ...]
    answers: dict[Slot, Answer] = field(default_factory=dict)
    problem: str = ""
    outdated: set[Slot] = field(default_factory=set)


class Session(QObject):
    """The document. Only undo commands (``app.document.commands``) and results of queries change it.

    Attributes:
        kept_scene: what a project says of a scene that is not opened again yet.
        on_disk: by their roots, what the files of scenes say.

    Signals:
        changed(facts): once after every step, however much it changed; a frozenset of :data:`Fact`.
        leaving(): another document is about to take the place of this one; what is under way for it is given up.
    """

    changed = Signal(object)
    leaving = Signal()

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self.undo_stack = History(self)
        self.items: dict[Slot, Item] = {}
        self.pins: dict[int, Pin] = {}
        self.current: int | None = None
        self.encoder = EncoderSettings()
        self.layers = Layers()
        self.draft: Draft | None = None
        self.marking = Marking()
        self.aligned: dict[Pair, Aligned] = {}
        self.likely: dict[Pair, Guide | None] = {}
        self.cameras = Cameras()
        self.collection = Collection()
        self.corrections: tuple[Correction, ...] = ()
        self.scene: OpenScene | None = None
        self.kept_scene: SavedScene | None = None
        self.on_disk: dict[Path, Scene] = {}
        self._next_pin = 1
        self._depth = 0
        self._facts: set[Fact] = set()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Everything that is set inside is one change."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0 and self._facts:
                facts, self._facts = frozenset(self._facts), set()
                self.changed.emit(facts)

    def follow(self, facts: set[Fact], call: Callable[[], object]) -> None:
        """Call something once after every change of some of the facts."""
        self.changed.connect(lambda changed: call() if facts & changed else None)

    def new_pin(self, slot: Slot, at: tuple[float, ...]) -> Pin:
        """A pin with the next name and the colour least used so far, not yet in the document."""
        number, self._next_pin = self._next_pin, self._next_pin + 1
        used = [pin.color for pin in self.pins.values()]
        return Pin(number, f"Pin {number}", min(PINS, key=used.count), slot, at)

    def set_item(self, slot: Slot, item: Item | None) -> None:
        """Put an image or a shape into a slot, or empty it; answers on and from the slot are forgotten."""
        with self._changing("items"):
            if item is None:
                self.items.pop(slot, None)
            else:
                self.items[slot] = item
            self._forget(lambda source, target: slot in (source, target))

    def set_pins(self, pins: list[Pin], current: int | None) -> None:
        """Other pins; those that come back are matched anew."""
        with self.change():
            if list(map(id, pins)) != list(map(id, self.pins.values())):
                for pin in pins:
                    if pin.pin_id not in self.pins:
                        pin.answers, pin.problem = {}, ""
                self.pins = {pin.pin_id: pin for pin in pins}
                self._facts.add("pins")
            self.set_current(current if current in self.pins else next(reversed(self.pins), None))

    def restore_pins(self, pins: list[Pin], current: int | None) -> None:
        """The pins of a project; new ones get numbers above theirs."""
        self._next_pin = max((pin.pin_id for pin in pins), default=0) + 1
        self.set_pins(pins, current)

    def rename_pin(self, pin_id: int, name: str) -> None:
        """Give a pin of the document another name."""
        with self._changing("pins"):
            self.pins[pin_id].name = name

    def set_current(self, pin_id: int | None) -> None:
        """Choose the current pin; None, or a pin that is gone, chooses none."""
        current = pin_id if pin_id in self.pins else None
        if current != self.current:
            with self._changing("current"):
                self.current = current

    def set_encoder(self, settings: EncoderSettings) -> None:
        """Replace the settings of the encoder; all answers are forgotten when they differ."""
        if settings != self.encoder:
            with self._changing("encoder"):
                self.encoder = settings
                self._forget(lambda source, target: True)

    def set_layers(self, layers: Layers) -> None:
        """Replace the parts and their order."""
        if layers != self.layers:
            with self._changing("layers"):
                self.layers = layers

    def set_draft(self, draft: Draft | None) -> None:
        """Replace the part that is being marked; None ends the marking."""
        if draft != self.draft:
            with self._changing("draft"):
                self.draft = draft

    def set_marking(self, marking: Marking) -> None:
        """Replace the settings that parts are marked with."""
        if marking != self.marking:
            with self._changing("marking"):
                self.marking = marking

    def set_aligned(self, aligned: dict[Pair, Aligned]) -> None:
        """Poses by (image slot, shape slot); answers between the two that a moved pose guided are forgotten."""
        if aligned == self.aligned:
            return
        before = {pair: one.guide for pair, one in self.aligned.items()}
        after = {pair: one.guide for pair, one in aligned.items()}
        moved = {pair for pair in {*before, *after} if before.get(pair) != after.get(pair)}
        with self._changing("aligned"):
            self.aligned = aligned
            self._forget(lambda source, target: (source, target) in moved or (target, source) in moved)

    def set_likely(self, pair: Pair, wanted: bool, guide: Guide | None = None) -> None:
        """Poses that were looked for; answers that they guide become outdated.

        Without ``wanted`` nothing is known any more; a guide of None is being looked for.
        """
        before = self.guide(*pair)
        with self._changing("likely"):
            self.likely.pop(pair, None)
            if wanted:
                self.likely[pair] = guide
            if self.guide(*pair) != before:
                for pin in self.pins.values():
                    pin.outdated |= {slot for slot in pin.answers if {pin.slot, slot} == {*pair}}

    def guide(self, one: Slot, other: Slot) -> Guide | None:
        """What matches between a photo and a shape go through: the pose that somebody aligned, or else likely ones."""
        pair = (one, other) if (one, other) in self.aligned or (one, other) in self.likely else (other, one)
        aligned = self.aligned.get(pair)
        known = None if aligned is None else aligned.guide
        return known or self.likely.get(pair)

    def set_cameras(self, cameras: Cameras) -> None:
        """Replace the cameras of the photos."""
        if cameras != self.cameras:
            with self._changing("cameras"):
                self.cameras = cameras

    def set_collection(self, collection: Collection) -> None:
        """Replace the collection of photos."""
        if collection is not self.collection:
            with self._changing("collection"):
                self.collection = collection

    def set_scene(self, scene: OpenScene | None, kept: SavedScene | None = None) -> None:
        """Replace the open scene, or (``kept``) what is to be opened again."""
        if scene is not self.scene or kept != self.kept_scene:
            with self._changing("scene"):
                self.scene, self.kept_scene = scene, kept

    def set_on_disk(self, scene: Scene) -> None:
        """This is what a scene's files say now."""
        with self._changing("scene"):
            self.on_disk[scene.root] = scene

    def set_corrections(self, corrections: tuple[Correction, ...]) -> None:
        """Matches put right by hand; answers between slots in which they changed are forgotten."""
        if corrections == self.corrections:
            return
        changed = {frozenset((one.source, one.target)) for one in {*corrections} ^ {*self.corrections}}
        with self._changing("corrections"):
            self.corrections = corrections
            self._forget(lambda source, target: frozenset((source, target)) in changed)

    def set_answers(self, pin_id: int, answers: dict[Slot, Answer], problem: str = "") -> None:
        """Results of a query; ignored when the pin is gone."""
        if pin_id in self.pins:
            with self._changing("answers"):
                pin = self.pins[pin_id]
                pin.outdated = {slot for slot in pin.outdated if pin.answers.get(slot) is answers.get(slot)}
                pin.answers, pin.problem = answers, problem

    @contextmanager
    def _changing(self, fact: Fact) -> Iterator[None]:
        with self.change():
            self._facts.add(fact)
            yield

    def _forget(self, stale: Callable[[Slot, Slot], bool]) -> None:
        """Drop the answers of a source slot on a target slot that are no longer true."""
        for pin in self.pins.values():
            gone = {slot for slot in SLOTS if slot != pin.slot and stale(pin.slot, slot)}
            if gone and (pin.problem or gone & pin.answers.keys()):
                pin.answers, pin.problem = {slot: one for slot, one in pin.answers.items() if slot not in gone}, ""
                self._facts.add("answers")
