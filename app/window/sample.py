"""Opening the bundled sample in the window."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from app.shared.resources import resource
from app.shared.values import item_for

if TYPE_CHECKING:
    from app.window.main_window import MainWindow


def open_sample(window: "MainWindow") -> None:
    """Photo, focus box and shape of ``resources/sample``, and a first pin once both are open."""
    sample = json.loads(resource("sample/sample.json").read_text())
    photo = replace(item_for(resource(f"sample/{sample['image']}")), box=tuple(sample["box"]))
    shape = item_for(resource(f"sample/{sample['shape']}"))

    nothing_before = not window.session.items

    def first_pin() -> None:
        window.place_pin("image 1", tuple(sample["at"]))
        if nothing_before:
            window.session.undo_stack.clear()

    def place_first_pin(slot: str) -> None:
        items = window.session.items
        if items.get("image 1") == photo and items.get("shape 1") == shape:
            window.session.item_changed.disconnect(place_first_pin)
            QTimer.singleShot(0, window, first_pin)

    window.session.item_changed.connect(place_first_pin)
    window.queries.open("image 1", photo)
    window.queries.open("shape 1", shape)


def open_sample_collection(window: "MainWindow") -> None:
    """Eight pictures of the sample's shape, in the collection dock."""
    files = sorted(resource("sample/collection").glob("*.jpg"))
    window.collection_dock.show()
    window.collector.add([str(file) for file in files])
    if "shape 1" not in window.session.items:
        window.queries.open("shape 1", item_for(resource("sample/toy.glb")))
