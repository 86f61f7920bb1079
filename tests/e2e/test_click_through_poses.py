"""Poses are looked for while nobody waits; a click before they are there is answered at once, and better afterwards."""

import numpy as np

from tests.e2e.hands import answer, click_pixel, differs, draw_focus_box, shown

PAIR = ("image 1", "shape 1")


def answer_of(window):
    return window.session.pins[window.session.current].answers.get("shape 1")


def details(window):
    return window.features.matching.panel.details.text()


def test_a_click_is_answered_at_once_and_refined_when_poses_are_there(window, open_sample, sample, qtbot):
    """The search has begun and is not done when the click is answered by the views of the shape."""
    open_sample(window, "image", "shape")
    session, seen = window.session, []
    like_no_other = np.array([-1, -1, 1, 1]) * np.random.default_rng().uniform(
        0, 40, 4
    )  # what was found is kept on disk
    draw_focus_box(window.panels["image 1"], sample["box"] + like_no_other)
    qtbot.waitUntil(lambda: PAIR in session.likely, timeout=120_000)
    assert session.likely[PAIR] is None
    click_pixel(window.panels["image 1"], *sample["at"])
    qtbot.waitUntil(lambda: answer_of(window) is not None, timeout=60_000)
    assert session.likely[PAIR] is None and "being looked for" in details(window)
    first = answer_of(window)
    before, steps = shown(window.panels["shape 1"]), session.undo_stack.count()
    session.changed.connect(lambda _: seen.append(answer_of(window)))
    qtbot.waitUntil(lambda: session.likely[PAIR] is not None, timeout=120_000)
    qtbot.waitUntil(lambda: answer_of(window) is not first, timeout=60_000)
    assert None not in seen  # the pin never loses its match
    assert "through" in details(window) and "being looked for" not in details(window)
    assert any("matches are surer with them" in sentence for _, sentence in window.messages.kept)
    assert differs(shown(window.panels["shape 1"]), before, 25) > 100
    assert not session.aligned and session.undo_stack.count() == steps  # it is no step of the document


def test_what_somebody_aligned_stays_what_counts(posed, qtbot, wait_ready, sample):
    """A pose from a file guides the click; likely ones are neither looked for nor taken."""
    window = posed
    aligned = window.session.aligned[PAIR]
    assert window.session.guide(*PAIR) == aligned.guide == window.session.guide(*reversed(PAIR))
    assert PAIR not in window.session.likely
    click_pixel(window.panels["image 1"], *sample["at"])
    wait_ready(window)
    assert "through the pose" in details(window)


def test_without_a_box_clicks_go_through_an_object_that_was_looked_for(window, open_sample, sample, qtbot, wait_ready):
    """The photo gets no box by it, and a box that is drawn takes its place."""
    open_sample(window, "image", "shape")
    session = window.session
    qtbot.waitUntil(lambda: session.likely.get(PAIR) is not None, timeout=120_000)
    steps = session.undo_stack.count()
    click_pixel(window.panels["image 1"], *sample["at"])
    answer(window.panels["image 1"], "Match anyway")
    wait_ready(window)
    assert "without a box the object was looked for" in details(window) and answer_of(window).verdict != "good"
    assert any("the object was looked for" in sentence for _, sentence in window.messages.kept)
    assert session.items["image 1"].box is None and session.undo_stack.count() == steps + 1
    draw_focus_box(window.panels["image 1"], sample["box"])
    wait_ready(window)
    assert "looked for" not in details(window) and "through" in details(window)
