"""Photos are read ahead in the order in which they are likely, within bytes."""

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.shared.values import Item
from app.window import read_ahead
from app.window.read_ahead import ReadAhead


class Asked(QObject):
    done = Signal(object)
    finished = Signal()

    def __init__(self, item):
        super().__init__()
        self.item = item

    def answer(self):
        self.done.emit(np.zeros((100, 100, 3), np.uint8))
        self.finished.emit()


class Engine(QObject):
    def __init__(self):
        super().__init__()
        self.asked = []

    def submit(self, job, *, lane, item):
        assert (job, lane) == ("open_image", "background")
        self.asked.append(Asked(item))
        return self.asked[-1]


def item(number):
    return Item("image", f"{number}.png", box=(0, 0, 1, 1))


def test_one_after_the_other_and_never_twice(qapp):
    engine = Engine()
    ahead = ReadAhead(engine)
    ahead.want([item(1), item(0), item(2)])
    assert [one.item.path for one in engine.asked] == ["1.png"] and engine.asked[0].item.box is None
    engine.asked[0].answer()
    assert ahead.pixels_of(item(1)).shape == (100, 100, 3) and ahead.pixels_of(item(0)) is None
    ahead.want([item(2), item(1), item(3)])  # 0 is asked for already, and is not wanted any more
    engine.asked[1].answer()
    assert ahead.pixels_of(item(0)) is None and ahead.pixels_of(item(1)) is not None
    for _ in range(2):
        engine.asked[-1].answer()
    assert [one.item.path for one in engine.asked] == ["1.png", "0.png", "2.png", "3.png"]
    ahead.want(())
    assert ahead.bytes() == 0


def test_no_more_than_there_is_room_for(qapp, monkeypatch):
    monkeypatch.setattr(read_ahead, "KEPT", 70_000)  # two photos
    engine = Engine()
    ahead = ReadAhead(engine)
    for start in range(20):
        ahead.want([item(start + more) for more in range(4)])
        for _ in range(4):
            engine.asked[-1].answer()
        assert 0 < ahead.bytes() <= 70_000 and ahead.pixels_of(item(start)) is not None
