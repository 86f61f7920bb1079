"""The steps of an open scene: opened, gone through, changed. Each shows the pair of the place where one is."""

from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtGui import QUndoCommand

from app.document.commands import Edit, SetAligned
from app.document.saved_scene import SavedScene
from app.document.scene import IMAGE, PAIR, SHAPE, OpenScene, aligned_at, box_at, bytes_of, image_item, posed_by_hand
from app.document.session import Pair, Pin, Session
from app.shared.values import Aligned, Correction, Draft, Item, Slot, item_for
from core.parts.layers import Layers
from core.registration.things import InstanceKey


class SetScene(Edit):
    """Open a scene, or change it: the pose between image 1 and shape 1 is that of its place, if that is what is open."""

    def __init__(self, session: Session, text: str, opened: OpenScene, going: bool = False):
        super().__init__(session, text)
        known = session.scene
        before = _Place.of(session)
        same = known is not None and (known.scene.root, *known.place) == (opened.scene.root, *opened.place)
        if not same or (going and not opened.shows(session.items)):
            after = before.gone_to(opened)
        elif known is not None and known.shows(session.items) and _pose(known) is not _pose(opened):
            after = replace(before, scene=opened, aligned=_posed(before.aligned, opened))
        else:
            after = replace(before, scene=opened)
        self._before, self._after = before, after
        self.size = bytes_of(opened, known) + (before.layers.bytes() if after.layers is not before.layers else 0)

    def apply(self) -> None:
        self._after.show(self._session)

    def revert(self) -> None:
        self._before.show(self._session)


@dataclass(frozen=True)
class Asked:
    """What a pose is looked for: two files in their slots, and the place of a scene that they are, if they are one.

    One may have gone on to another photo when it is found; it is for this one all the same.
    """

    pair: Pair
    files: tuple[Item | None, ...]
    root: Path | None
    place: tuple[str, InstanceKey | None] | None

    @classmethod
    def now(cls, session: Session, pair: Pair) -> "Asked":
        """For what is open now."""
        opened, files = session.scene, tuple(_file(session, slot) for slot in pair)
        if opened is None or pair != PAIR or not opened.shows(session.items):
            return cls(pair, files, None, None)
        return cls(pair, files, opened.scene.root, opened.place)

    def is_open(self, session: Session) -> bool:
        """Whether it is what is open still."""
        return self == Asked.now(session, self.pair)

    def step(self, session: Session, text: str, aligned: Aligned | None) -> Edit | None:
        """The step that takes what was found; None where neither the files nor the scene are open any more."""
        if self.is_open(session):
            return SetAligned(session, text, {self.pair: aligned})
        opened = session.scene
        if opened is None or opened.scene.root != self.root or self.place is None or aligned is None:
            return None
        photo, thing = self.place
        if aligned.pose is None or thing is None or thing.object_id not in opened.scene.shapes:
            return None
        return SetScene(session, text, opened.with_scene(posed_by_hand(opened.scene, (photo, thing), aligned)))


class GoTo(SetScene):
    """Go to a photo or a thing; steps one after the other are one, so that undo goes back to where something was done."""

    def __init__(self, session: Session, text: str, opened: OpenScene):
        super().__init__(session, text, opened, going=True)

    def id(self) -> int:
        """What merges with each other."""
        return 1

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: N802
        assert isinstance(other, GoTo)
        self._after = other._after
        self.setText(other.text())
        return True


@dataclass(frozen=True)
class _Place:
    """Everything of a session that the place in a scene decides about."""

    scene: OpenScene | None
    kept: SavedScene | None
    items: dict[Slot, Item | None]
    pins: tuple[Pin, ...]
    current: int | None
    corrections: tuple[Correction, ...]
    aligned: dict[Pair, Aligned]
    layers: Layers
    draft: Draft | None

    @classmethod
    def of(cls, session: Session) -> "_Place":
        items = {slot: session.items.get(slot) for slot in PAIR}
        pins = tuple(session.pins.values())
        marks = session.corrections, session.aligned, session.layers, session.draft
        return cls(session.scene, session.kept_scene, items, pins, session.current, *marks)

    def gone_to(self, opened: OpenScene) -> "_Place":
        """With the pair of another place; pins, parts and poses go with the file that they were placed on."""
        image = image_item(opened.scene.by_key[opened.photo]).with_box(box_at(opened))
        shape = self.items[SHAPE]
        if opened.thing is not None:
            wanted = None if opened.shape is None else item_for(opened.shape.path)
            shape = shape if _same_file(shape, wanted) else wanted
        items: dict[Slot, Item | None] = {IMAGE: image, SHAPE: shape}
        gone = {slot for slot in PAIR if not _same_file(self.items[slot], items[slot])}
        layers = self.layers
        for slot in gone:
            layers = layers.forget(slot)
        return _Place(
            scene=opened,
            kept=None,
            items=items,
            pins=tuple(pin for pin in self.pins if pin.slot not in gone),
            current=self.current,
            corrections=tuple(one for one in self.corrections if not gone & {one.source, one.target}),
            aligned=_posed({pair: one for pair, one in self.aligned.items() if not gone & {*pair}}, opened),
            layers=layers,
            draft=None if gone else self.draft,
        )

    def show(self, session: Session) -> None:
        """Make a session so."""
        session.set_draft(None)
        session.set_pins(list(self.pins), self.current)
        session.set_corrections(self.corrections)
        for slot, item in self.items.items():
            if item != session.items.get(slot):
                session.set_item(slot, item)
        session.set_layers(self.layers)
        session.set_draft(self.draft)
        session.set_aligned(self.aligned)
        session.set_scene(self.scene, self.kept)


def _posed(aligned: dict[Pair, Aligned], opened: OpenScene) -> dict[Pair, Aligned]:
    """With the pose of a place between its photo and its shape, or without one."""
    there = aligned_at(opened)
    return {pair: one for pair, one in aligned.items() if pair != PAIR} | ({} if there is None else {PAIR: there})


def _pose(opened: OpenScene) -> object:
    return None if opened.pose is None else opened.pose.pose


def _file(session: Session, slot: Slot) -> Item | None:
    item = session.items.get(slot)
    return None if item is None else item.file


def _same_file(one: Item | None, other: Item | None) -> bool:
    return one is other or (one is not None and other is not None and one.file == other.file)
