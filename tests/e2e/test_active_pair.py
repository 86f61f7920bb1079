"""The photo and the shape that are worked on are seen, and stay what they are until the user chooses others."""

from PySide6.QtTest import QTest

from app.window.theme import ACCENT
from app.window.views.outline import WIDTH
from tests.e2e.hands import LEFT, click_pixel, pixels_of


def outlined(window):
    return {slot for slot, panel in window.panels.items() if panel.outlined}


def pair_name(window):
    return window.workspace.bar.pair.full_text()


def test_the_bar_names_the_pair_and_its_panels_have_an_outline(window, open_sample):
    image = window.panels["image 1"]
    before = image.header.geometry()
    assert pair_name(window) == "" and outlined(window) == set()
    open_sample(window, "image", "shape")
    assert pair_name(window) == "toy.jpg × toy.glb" and outlined(window) == {"image 1", "shape 1"}
    assert image.header.geometry().topLeft() == before.topLeft()  # nothing jumps
    accent = [int(ACCENT[i : i + 2], 16) for i in (1, 3, 5)]
    picture = pixels_of(image.grab().toImage())
    middle = picture.shape[0] // 2
    assert (picture[middle, :WIDTH] == accent).all() and not (picture[middle, WIDTH] == accent).all() and WIDTH <= 2
    tools = [window.features.align.panel.start, *window.features.align.panel.tools.values(), window.workspace.export]
    assert all("toy.jpg × toy.glb" in one.toolTip() for one in tools)


def test_a_second_shape_is_said_and_the_first_stays(window, open_sample, sample, wait_ready, qtbot):
    open_sample(window, "image", "shape")
    window.open_files([str(sample["shape2"])], "shape 2")
    qtbot.waitUntil(lambda: "shape 2" in window.session.items, timeout=60_000)
    assert pair_name(window) == "toy.jpg × toy.glb" and outlined(window) == {"image 1", "shape 1"}
    assert any("toy2.glb is open too" in sentence for _, sentence in window.messages.kept)
    wait_ready(window)
    QTest.mouseClick(window.panels["shape 2"].plotter, LEFT)
    assert pair_name(window) == "toy.jpg × toy2.glb" and outlined(window) == {"image 1", "shape 2"}
    assert window.features.align.controller.pair() == ("image 1", "shape 2")
    click_pixel(window.panels["image 1"], 30, 30)  # the shape that was chosen stays chosen
    assert window.features.align.controller.pair() == ("image 1", "shape 2")
    window.content.close("shape 2")
    assert pair_name(window) == "toy.jpg × toy.glb" and outlined(window) == {"image 1", "shape 1"}
