"""The open document: what is in the slots, the pins, the encoder; it changes through undo commands and says so by signals."""

from dataclasses import dataclass, field
from typing import Literal

from PySide6.QtCore import QObject, Signal

from app.document.undo import History
from app.shared.results import Answer
from app.shared.values import Aligned, Collection, Correction, Draft, EncoderSettings, Item, Kind
from core.colors import PINS
from core.parts.layers import Layers

Slot = Literal["image 1", "image 2", "image 3", "image 4", "shape 1", "shape 2"]
SLOTS: tuple[Slot, ...] = ("image 1", "image 2", "image 3", "image 4", "shape 1", "shape 2")


def kind_of(slot: Slot) -> Kind:
    return "image" if slot.startswith("image") else "shape"


def slots_of(kind: Kind) -> list[Slot]:
    return [slot for slot in SLOTS if kind_of(slot) == kind]


@dataclass
class Pin:
    """A place the user asked about, and what was found for it.

    Attributes:
        slot: where it was placed.
        at: pixel (u, v) or point (x, y, z).
        answers: by slot of the target; missing while they are computed.
        problem: why there are no answers, for the user.
    """

    pin_id: int
    name: str
    color: str
    slot: Slot
    at: tuple[float, ...]
    answers: dict[Slot, Answer] = field(default_factory=dict)
    problem: str = ""


class Session(QObject):
    """The document. Only undo commands (``app.document.commands``) and the queries' results change it."""

    item_changed = Signal(str)
    pins_changed = Signal()
    answers_changed = Signal(int)
    current_changed = Signal()
    encoder_changed = Signal()
    layers_changed = Signal()
    draft_changed = Signal()
    aligned_changed = Signal()
    collection_changed = Signal()
    corrections_changed = Signal()

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self.undo_stack = History(self)
        self.items: dict[Slot, Item] = {}
        self.pins: dict[int, Pin] = {}
        self.current: int | None = None
        self.encoder = EncoderSettings()
        self.layers = Layers()
        self.draft: Draft | None = None
        self.aligned: dict[tuple[str, str], Aligned] = {}
        self.collection = Collection()
        self.corrections: tuple[Correction, ...] = ()
        self._next_pin = 1

    def new_pin(self, slot: Slot, at: tuple[float, ...]) -> Pin:
        """A pin with the next name and the colour least used so far, not yet in the document."""
        number, self._next_pin = self._next_pin, self._next_pin + 1
        used = [pin.color for pin in self.pins.values()]
        return Pin(number, f"Pin {number}", min(PINS, key=used.count), slot, at)

    def set_item(self, slot: Slot, item: Item | None) -> None:
        if item is None:
            self.items.pop(slot, None)
        else:
            self.items[slot] = item
        self.forget_answers()
        self.item_changed.emit(slot)

    def set_pins(self, pins: list[Pin], current: int | None) -> None:
        self.pins = {pin.pin_id: pin for pin in pins}
        self.pins_changed.emit()
        self.set_current(current if current in self.pins else next(reversed(self.pins), None))

    def restore_pins(self, pins: list[Pin], current: int | None) -> None:
        """The pins of a project; new ones get numbers above theirs."""
        self._next_pin = max((pin.pin_id for pin in pins), default=0) + 1
        self.set_pins(pins, current)

    def rename_pin(self, pin_id: int, name: str) -> None:
        self.pins[pin_id].name = name
        self.pins_changed.emit()

    def set_current(self, pin_id: int | None) -> None:
        self.current = pin_id if pin_id in self.pins else None
        self.current_changed.emit()

    def set_encoder(self, settings: EncoderSettings) -> None:
        if settings != self.encoder:
            self.encoder = settings
            self.forget_answers()
            self.encoder_changed.emit()

    def set_layers(self, layers: Layers) -> None:
        if layers is not self.layers:
            self.layers = layers
            self.layers_changed.emit()

    def set_draft(self, draft: Draft | None) -> None:
        if draft != self.draft:
            self.draft = draft
            self.draft_changed.emit()

    def set_aligned(self, aligned: dict[tuple[str, str], Aligned]) -> None:
        """Poses by (image slot, shape slot)."""
        if aligned != self.aligned:
            self.aligned = aligned
            self.aligned_changed.emit()

    def set_collection(self, collection: Collection) -> None:
        if collection is not self.collection:
            self.collection = collection
            self.collection_changed.emit()

    def set_corrections(self, corrections: tuple[Correction, ...]) -> None:
        if corrections != self.corrections:
            self.corrections = corrections
            self.forget_answers()
            self.corrections_changed.emit()

    def set_answers(self, pin_id: int, answers: dict[Slot, Answer], problem: str = "") -> None:
        """Results of a query; ignored when the pin is gone."""
        if pin_id in self.pins:
            self.pins[pin_id].answers = answers
            self.pins[pin_id].problem = problem
            self.answers_changed.emit(pin_id)

    def forget_answers(self) -> None:
        for pin in self.pins.values():
            pin.answers, pin.problem = {}, ""
