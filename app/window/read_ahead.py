"""Photos that are likely to be opened next, read while nothing else is to be done, so that they are there at once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject

from app.shared.values import Item
from app.window.engine_client import EngineClient, Request

KEPT = 160 << 20
"""Bytes of pixels that wait: four photos of 12 megapixels."""

Pixels = npt.NDArray[np.uint8]


class ReadAhead(QObject):
    """Asks the engine for one photo after the other, in the background."""

    def __init__(self, engine: EngineClient, parent: QObject | None = None):
        super().__init__(parent)
        self._engine = engine
        self._wanted: tuple[Item, ...] = ()
        self._pixels: dict[Item, Pixels] = {}
        self._tried: set[Item] = set()
        self._request: Request | None = None
        self._full = False

    def want(self, items: Sequence[Item]) -> None:
        """Read these photos, the likeliest first; what is not among them is forgotten."""
        self._wanted = tuple(item.file for item in items)
        self._pixels = {item: pixels for item, pixels in self._pixels.items() if item in self._wanted}
        self._tried &= {*self._wanted}
        self._full = False
        self._next()

    def pixels_of(self, item: Item) -> Pixels | None:
        """Of a photo uint8 [H, W, 3], None where it was not read yet."""
        return self._pixels.get(item.file)

    def bytes(self) -> int:
        """What waits."""
        return sum(pixels.nbytes for pixels in self._pixels.values())

    def _next(self) -> None:
        item = next((one for one in self._wanted if one not in self._tried), None)
        if self._request is not None or item is None or self._full:
            return
        self._tried.add(item)
        self._request = request = self._engine.submit("open_image", lane="background", item=item)
        request.done.connect(lambda pixels: self._keep(item, pixels))
        request.finished.connect(self._finished)

    def _keep(self, item: Item, pixels: Pixels) -> None:
        """The likeliest are kept, as many as there is room for."""
        if item not in self._wanted:
            return
        less = list(self._wanted[self._wanted.index(item) + 1 :])
        while self.bytes() + pixels.nbytes > KEPT and less:
            self._pixels.pop(less[-1], None)
            self._tried.discard(less.pop())
        self._full = self.bytes() + pixels.nbytes > KEPT
        if self._full:
            self._tried.discard(item)
        else:
            self._pixels[item] = pixels

    def _finished(self) -> None:
        self._request = None
        self._next()
