"""Galleries in the window: what is open becomes a search, and what was found is opened or aligned."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QSettings, Signal

from app.document.session import Session
from app.document.texts import tr
from app.shared.results import FoundShape
from app.shared.search import SearchRequest
from app.shared.values import Item, Slot, kind_of
from app.window.gallery.dock import GalleryPanel
from app.window.requests import Requests
from app.window.shell import Shell
from app.window.views.panels import ActivePanel
from app.window.views.pixels import as_pixmap
from core.parts.layers import Mask

LOOKED_AT = 220
"""Side in pixels of the shape that is looked at."""

TURNED = 160
"""Side in pixels of a shape that is turned in the grid."""


class GalleryController(QObject):
    """Connects the gallery panel, the engine and the session.

    Signals:
        align_requested(): a shape that was to be aligned to the photo is open.
    """

    align_requested = Signal()

    def __init__(
        self,
        session: Session,
        requests: Requests,
        active: ActivePanel,
        dock: GalleryPanel,
        settings: QSettings,
        shell: Shell,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._requests, self._active = session, requests, active
        self._dock, self._shell = dock, shell
        self.part: int | None = None
        self._last: SearchRequest | None = None
        self._aligning = ""
        dock.folder.setText(str(settings.value("gallery", "")))
        dock.folder.textChanged.connect(lambda folder: settings.setValue("gallery", folder))
        dock.search_requested.connect(self._search)
        dock.settings_changed.connect(self._again)
        dock.gallery_requested.connect(self._make)
        dock.naming_requested.connect(self._name)
        dock.results.chosen.connect(self._choose)
        dock.results.turned.connect(self._turn)
        dock.results.looked_at.connect(self._look_at)
        requests.prepared.connect(self._prepared)
        session.follow({"items", "layers"}, self._changed)

    def choose_part(self, part_id: int | None) -> None:
        """The part that "like the part" means."""
        self.part = part_id
        self._changed()

    def _changed(self) -> None:
        kinds = {item.kind for item in self._session.items.values()} | ({"part"} if self._part() else set())
        self._dock.set_open({str(kind) for kind in kinds})

    def _part(self) -> tuple[Item, Mask] | None:
        """Where the chosen part (or the first) is marked: in the panel used last, or in the first."""
        parts = sorted(self._session.layers.parts, key=lambda part: part.part_id != self.part)
        for part in parts[:1]:
            for slot in sorted(part.masks, key=lambda slot: slot != self._active.slot):
                if slot in self._session.items:
                    return self._session.items[slot], part.masks[slot]
        return None

    def _search(self, kind: str) -> None:
        request = SearchRequest(self._dock.folder.text().strip(), "nothing")
        if not request.gallery:
            self._shell.fail(tr("Choose a folder of shapes, or a gallery, first."), "gallery")
            return
        if kind == "words":
            if not self._may_ask_words():
                return
            request = replace(request, kind="words", words=self._dock.words.text())
        elif kind == "part":
            part = self._part()
            if part is None:
                return
            request = replace(request, kind="part", item=part[0], mask=part[1])
        elif kind in ("image", "shape"):
            slot = self._slot(kind)
            if slot is None:
                return
            request = replace(request, kind="object", item=self._session.items[slot])
        self._ask(request)

    def _may_ask_words(self) -> bool:
        """Whether there are words, and a model that knows them; says so where there is none."""
        dock = self._dock
        if not dock.words.text().strip():
            self._shell.fail(tr("Type what to look for, for example: a chair with arms."), "gallery")
        elif not dock.clip and not dock.knows_words:
            sentence = tr("To search by words, choose a CLIP model; the folder is read again with it.")
            self._shell.fail(sentence, "gallery", tr("Choose a model…"), dock.ask_clip)
        else:
            return True
        return False

    def _again(self) -> None:
        if self._last is not None:
            self._ask(self._last)

    def _ask(self, request: SearchRequest) -> None:
        dock = self._dock
        request = replace(
            request,
            closer=dock.closer.isChecked(),
            tag=dock.tag.currentData() or "",
            worst=bool(dock.order.currentData()),
            clip=dock.clip,
        )
        if self._last is None or request.gallery != self._last.gallery:
            request = replace(request, tag="")
        self._last = request
        self._requests.run("search_gallery", self._dock.show_results, request=request, encoder=self._session.encoder)

    def _make(self, folder: str, gallery: str) -> None:
        def done(_: object) -> None:
            self._dock.folder.setText(gallery)
            self._search("nothing")
            self._shell.say(tr("Saved {path}").format(path=gallery))

        encoder, clip = self._session.encoder, self._dock.clip
        self._requests.run("make_gallery", done, folder=folder, gallery=gallery, encoder=encoder, clip=clip)

    def _name(self, labels: str) -> None:
        slot = self._slot("shape")
        if slot is not None:
            self._requests.run(
                "name_shape",
                lambda found: self._dock.show_names(*found),
                item=self._session.items[slot],
                encoder=self._session.encoder,
                gallery=self._dock.folder.text().strip(),
                labels=labels,
                clip=self._dock.clip,
                branch=self._dock.branch,
            )

    def _slot(self, kind: str) -> Slot | None:
        """The open image or shape that is meant: the one used last, or the first."""
        slots = [slot for slot in (self._active.slot, *self._session.items) if kind_of(slot) == kind]
        return next((slot for slot in slots if slot in self._session.items), None)

    def _choose(self, what: str, one: FoundShape) -> None:
        if what == "like" and self._last is not None:
            self._ask(replace(self._last, kind="number", number=one.number, item=None, mask=None))
        elif what == "align":
            self._aligning = one.path
            self._shell.open_files([one.path], "shape 1")
            self._prepared("shape 1")
        else:
            self._shell.open_files([one.path], "shape 2" if what == "second" else "shape 1")

    def _prepared(self, slot: Slot) -> None:
        item = self._session.items.get(slot)
        if item is not None and item.path == self._aligning and self._requests.is_ready(slot):
            self._aligning = ""
            self._active.set(slot)
            self.align_requested.emit()

    def _look_at(self, one: FoundShape) -> None:
        """A larger picture of a shape; what is open stays."""

        def show(pixels: npt.NDArray[np.uint8]) -> None:
            self._dock.show_picture(as_pixmap(pixels))

        self._requests.ask("turn_shape", "look at shape", show, path=one.path, up=one.up, azimuth=0.0, size=LOOKED_AT)

    def _turn(self, one: FoundShape, azimuth: float) -> None:
        show: Any = partial(self._dock.results.set_picture, one.number)
        self._requests.ask(
            "turn_shape", f"turn {one.number}", show, path=one.path, up=one.up, azimuth=azimuth, size=TURNED
        )
