"""Shapes found in a folder."""

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog

from core.images import load_image
from core.parts.layers import Layers, Mask, Part
from tests.e2e.hands import LEFT, draw_focus_box, errors


def names(window):
    grid = window.features.gallery.panel.results
    return [grid.item(i).text().split("\n")[0] for i in range(grid.count())]


def test_find_shapes_like_the_image_open_turn_and_align_one(
    window, sample, shape_folder, wait_ready, qtbot, open_sample
):
    dock, grid = window.features.gallery.panel, window.features.gallery.panel.results
    assert not dock.likes["image"].isEnabled()
    open_sample(window, "image")
    draw_focus_box(window.panels["image 1"], sample["box"])
    wait_ready(window)
    window.show_feature("gallery")
    QTest.keyClicks(dock.folder, str(shape_folder))
    assert dock.likes["image"].isEnabled() and not dock.likes["shape"].isEnabled()
    QTest.mouseClick(dock.likes["image"], LEFT)
    qtbot.waitUntil(lambda: grid.count() == 4, timeout=90_000)
    assert set(names(window)[:2]) == {"toy.glb", "toy2.glb"}
    assert dock.sure.isVisible() and "of this kind (" in dock.sure.text() and "%" in dock.sure.text()
    assert "1 could not be read" in dock.about.text() and "broken.ply" in dock.about.toolTip()
    assert [dock.tag.itemText(i) for i in range(dock.tag.count())] == ["All tags", "below (1)"]
    toy = names(window).index("toy.glb")
    before = grid.item(toy).icon().pixmap(104).toImage()
    at = grid.visualItemRect(grid.item(toy)).center()
    QTest.mousePress(grid.viewport(), LEFT, pos=at)
    for step in (10, 25, 45):
        QTest.mouseMove(grid.viewport(), at + QPoint(step, 0))
    QTest.mouseRelease(grid.viewport(), LEFT, pos=at + QPoint(45, 0))
    qtbot.waitUntil(lambda: grid.item(toy).icon().pixmap(104).toImage() != before, timeout=60_000)
    assert "shape 1" not in window.session.items  # a drag does not open
    QTest.mouseDClick(grid.viewport(), LEFT, pos=at)
    qtbot.waitUntil(lambda: "shape 1" in window.session.items, timeout=60_000)
    assert window.session.items["shape 1"].name == "toy.glb"
    wait_ready(window)
    dock.order.setCurrentIndex(1)
    qtbot.waitUntil(lambda: names(window)[0] not in ("toy.glb", "toy2.glb"), timeout=60_000)
    assert not dock.sure.isVisible()  # nobody asked what is least similar to be alike
    dock.order.setCurrentIndex(0)
    dock.tag.setCurrentIndex(1)
    qtbot.waitUntil(lambda: names(window) == ["toy2.glb"], timeout=60_000)
    dock.tag.setCurrentIndex(0)
    qtbot.waitUntil(lambda: grid.count() == 4, timeout=60_000)
    QTest.mouseClick(dock.likes["shape"], LEFT)
    qtbot.waitUntil(lambda: grid.count() == 3, timeout=60_000)
    assert names(window)[0] == "toy2.glb"  # the query itself is left out
    grid.chosen.emit("like", grid.item(0).data(Qt.ItemDataRole.UserRole))
    qtbot.waitUntil(lambda: names(window)[0] == "toy.glb", timeout=60_000)
    grid.chosen.emit("align", grid.item(0).data(Qt.ItemDataRole.UserRole))
    qtbot.waitUntil(lambda: bool(window.session.aligned), timeout=120_000)
    assert window.session.aligned[("image 1", "shape 1")].pose is not None


def test_a_gallery_is_made_searched_by_a_part_and_names_a_shape(
    window, sample, shape_folder, tmp_path, wait_ready, qtbot, open_sample
):

    dock = window.features.gallery.panel
    open_sample(window, "image", "shape")
    draw_focus_box(window.panels["image 1"], sample["box"])
    wait_ready(window)
    dock.gallery_requested.emit(str(shape_folder), str(tmp_path / "kept"))
    qtbot.waitUntil(lambda: dock.folder.text() == str(tmp_path / "kept"), timeout=90_000)
    qtbot.waitUntil(lambda: dock.about.text().startswith("4 shapes"), timeout=60_000)
    assert (tmp_path / "kept" / "gallery.sqlite").exists() and not dock.likes["part"].isEnabled()
    x0, y0, x1, y1 = map(int, sample["box"])
    mask = np.zeros(load_image(sample["image"]).shape[:2], bool)
    mask[y0 + (y1 - y0) // 4 : y0 + (y1 - y0) // 2, x0 + (x1 - x0) // 4 : x0 + (x1 - x0) // 2] = True
    window.session.set_layers(Layers((Part(1, "some", "#ff0000", {"image 1": Mask.of(mask)}),)))
    assert dock.likes["part"].isEnabled()
    QTest.mouseClick(dock.likes["part"], LEFT)
    qtbot.waitUntil(lambda: set(names(window)[:2]) == {"toy.glb", "toy2.glb"}, timeout=60_000)
    assert set(names(window)[:2]) == {"toy.glb", "toy2.glb"} and "not measured" in dock.sure.text()
    QTest.mouseClick(dock.name, LEFT)
    qtbot.waitUntil(lambda: not dock.names.isHidden(), timeout=60_000)
    assert dock.names.text().startswith("below 100%") and "votes" in dock.names.text()


def test_a_folder_is_read_looked_at_and_searched_by_words_only_with_a_model(window, shape_folder, qtbot, monkeypatch):
    dock, grid = window.features.gallery.panel, window.features.gallery.panel.results
    window.show_feature("gallery")
    qtbot.waitUntil(dock.isVisible)
    QTest.mouseClick(dock.words, LEFT)
    QTest.keyClicks(dock.words, "an elephant")
    QTest.keyClick(dock.words, Qt.Key.Key_Return)
    assert "folder" in errors(window)["gallery"]
    QTest.mouseClick(dock.folder, LEFT)
    QTest.keyClicks(dock.folder, str(shape_folder))
    QTest.keyClick(dock.folder, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names(window) == ["toy2.glb", "plank.obj", "stick.stl", "toy.glb"], timeout=90_000)
    assert not errors(window)
    QTest.mouseClick(grid.viewport(), LEFT, pos=grid.visualItemRect(grid.item(3)).center())
    qtbot.waitUntil(dock.picture.isVisible, timeout=60_000)
    QTest.qWait(300)
    assert not window.session.items  # a click looks at it
    QTest.mouseClick(dock.words, LEFT)
    QTest.keyClick(dock.words, Qt.Key.Key_Return)
    assert "CLIP" in errors(window)["gallery"]
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("ViT-B-16:nowhere", True))
    QTest.mouseClick(window.errors.bars["gallery"].action, LEFT)
    assert dock.clip == "ViT-B-16:nowhere" and not errors(window)
    dock.clip = ""
    grid.setFocus()
    QTest.keyClick(grid, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "shape 1" in window.session.items, timeout=60_000)
