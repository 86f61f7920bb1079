"""One change of the document makes one refresh of what is shown."""

import pytest

from app.document import commands
from app.shared.values import Aligned, PoseInPhoto, item_for
from tests.e2e.hands import click_pixel, undo


@pytest.fixture
def count(opened, monkeypatch):
    """How often the pins were shown anew, poses were, and the document changed, since the last time it was asked."""
    counts = {"pins": 0, "poses": 0, "changes": []}
    pins, align = opened.features.matching.panel, opened.features.align.panel

    def counting(name, widget, method):
        real = getattr(widget, method)

        def call(*arguments):
            counts[name] += 1
            return real(*arguments)

        monkeypatch.setattr(widget, method, call)

    counting("pins", pins, "set_rows")
    counting("poses", align, "set_poses")
    opened.session.changed.connect(counts["changes"].append)

    def taken():
        result = (counts["pins"], counts["poses"], [set(one) for one in counts["changes"]])
        counts["pins"] = counts["poses"] = 0
        counts["changes"].clear()
        return result

    return taken


def pose_at(x):
    pose = PoseInPhoto((1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0), (x, 0.0, 6.0), (1.0, 1.0, 1.0))
    return Aligned("image 1", "shape 1", (1500.0, 1500.0, 640.0, 480.0), (pose,))


def test_placing_a_pin(opened, count, sample, wait_ready, qtbot):
    """Once when it is placed, once when it is answered."""
    qtbot.waitUntil(lambda: opened.session.guide("image 1", "shape 1") is not None, timeout=120_000)
    wait_ready(opened)
    count()
    click_pixel(opened.panels["image 1"], *sample["at"])
    assert count() == (1, 0, [{"pins", "current"}])
    wait_ready(opened)
    assert count() == (1, 0, [{"answers"}])
    undo(opened)
    assert count() == (1, 0, [{"pins", "current"}])


def test_moving_a_pose(opened, count, sample, wait_ready):
    """Once when it is moved, once when the pin that it guides is answered anew."""
    session = opened.session
    wait_ready(opened)
    click_pixel(opened.panels["image 1"], *sample["at"])
    wait_ready(opened)
    count()
    for x in (0.0, 0.1):
        step = commands.SetAligned(session, "Move", {("image 1", "shape 1"): pose_at(x)})
        session.undo_stack.push(step)
        assert count() == (1, 1, [{"aligned", "answers"}])
        wait_ready(opened)
        assert count() == (1, 0, [{"answers"}])
    undo(opened)
    assert count() == (1, 1, [{"aligned", "answers"}])


def test_a_moved_pose_asks_only_for_what_it_guides(opened, sample, wait_ready, qtbot):
    """The answers on a second photo stay the objects that they were."""
    window, session = opened, opened.session
    window.open_files([str(sample["image2"])], "image 2")
    qtbot.waitUntil(lambda: "image 2" in session.items, timeout=60_000)
    click_pixel(window.panels["image 1"], *sample["at"])
    wait_ready(window)
    (pin,) = session.pins.values()
    before = dict(pin.answers)
    assert set(before) == {"image 2", "shape 1"}
    session.undo_stack.push(commands.SetAligned(session, "Move", {("image 1", "shape 1"): pose_at(0.0)}))
    assert pin.answers == {"image 2": before["image 2"]}
    wait_ready(window)
    assert pin.answers["image 2"] is before["image 2"] and pin.answers["shape 1"] is not before["shape 1"]


def test_opening_a_file_and_undo(opened, count, sample, qtbot, wait_ready):
    session = opened.session
    qtbot.waitUntil(lambda: bool(session.likely) and None not in session.likely.values(), timeout=120_000)
    count()
    opened.requests.open("image 2", item_for(sample["image2"]))
    qtbot.waitUntil(lambda: "image 2" in session.items, timeout=60_000)
    assert count() == (1, 0, [{"items"}])
    wait_ready(opened)
    assert count() == (0, 0, [])
    undo(opened)
    assert count() == (1, 0, [{"items"}])
