"""Dialogs for files of pins."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from app.document.session import Pin, Session
from app.document.texts import tr
from app.shared.results import Answer
from app.shared.values import Slot
from app.window.feature import Entries, Entry
from app.window.file_names import with_suffix
from app.window.shell import Shell
from core.errors import CounterpointError
from core.interchange.pins import PinMatch, PlacedPin, save_correspondences, save_pins_csv, save_pins_json
from core.notices import collect_warnings

Save = Callable[[Path, Iterable[PlacedPin]], None]


class PinFiles:
    """Asks for a file, and writes all pins as they stand in the document."""

    def __init__(self, session: Session, shell: Shell):
        self._session, self._shell = session, shell

    def entries(self) -> Entries:
        """A line for each kind of file."""
        kinds: tuple[tuple[str, str, Save], ...] = (
            (tr("Pins as CSV…"), "pins.csv", save_pins_csv),
            (tr("Pins as JSON…"), "pins.json", save_pins_json),
            (tr("2D-3D correspondences…"), "correspondences.csv", save_correspondences),
        )
        return [Entry(text, partial(self._save, name, save), can=self._has_pins) for text, name, save in kinds]

    def pins(self) -> list[PlacedPin]:
        """All pins, by the paths of the files they lie in."""
        return [self._placed(pin) for pin in self._session.pins.values()]

    def _save(self, suggestion: str, save: Save) -> None:
        suffix = Path(suggestion).suffix
        pattern = tr("{kind} files (*{suffix})").format(kind=suffix[1:].upper(), suffix=suffix)
        name, _ = QFileDialog.getSaveFileName(self._shell.dialog_parent, tr("Save pins"), suggestion, pattern)
        if not name:
            return
        path = with_suffix(self._shell.dialog_parent, name, suffix)
        if path is None:
            return
        try:
            with collect_warnings() as warned:
                save(path, self.pins())
        except CounterpointError as error:
            self._shell.fail(str(error), "matching")
        else:
            self._shell.saved(path)
            for sentence in warned:
                self._shell.say(sentence)

    def _has_pins(self) -> bool:
        return bool(self._session.pins)

    def _placed(self, pin: Pin) -> PlacedPin:
        right = {one.target for one in self._session.corrections if (one.source, one.at) == (pin.slot, pin.at)}
        matches = tuple(self._match(slot, one, slot in right) for slot, one in pin.answers.items())
        return PlacedPin(pin.name, pin.color, self._session.items[pin.slot].path, pin.at, matches)

    def _match(self, slot: Slot, answer: Answer, by_hand: bool) -> PinMatch:
        return PinMatch(
            self._session.items[slot].path,
            answer.location,
            answer.verdict,
            answer.probability,
            by_hand,
            answer.reasons,
            answer.score,
            answer.margin,
            answer.cycle_error,
            tuple(answer.rivals),
        )
