"""What the program said can be read again."""

from PySide6.QtTest import QTest

from app.window.messages import KEPT, MessageList
from tests.e2e.hands import LEFT, choose


def lines(window):
    dialog = next(one for one in window.findChildren(MessageList) if one.isVisible())
    found = [dialog.list.item(row).text() for row in range(dialog.list.count())]
    dialog.close()
    return found


def test_warnings_are_shown_kept_and_found_by_a_click_or_in_the_menu(window):
    window.requests.warned.emit(["toy.ply: 3 faces had no area and were left out.", "toy.ply: it has no colours."])
    said = window.statusBar().currentMessage()
    assert said.startswith("toy.ply: 3 faces") and "1 more" in said
    QTest.mouseClick(window.statusBar(), LEFT)
    first = lines(window)
    assert len(first) == 2 and first[0].endswith("no colours.") and first[1].endswith("left out.")
    window.statusBar().clearMessage()
    QTest.mouseClick(window.statusBar(), LEFT)
    assert not [one for one in window.findChildren(MessageList) if one.isVisible()]  # the hint is no message
    choose(window, "Help", "Messages")
    assert lines(window) == first


def test_only_the_last_messages_are_kept(window):
    for number in range(KEPT + 5):
        window.say(f"message {number}")
    assert len(window.messages.kept) == KEPT and window.messages.kept[-1][1] == f"message {KEPT + 4}"


def test_what_a_file_is_warned_of_is_said(window, qtbot, tmp_path):
    (tmp_path / "odd.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 1 1\nf 2 3 4\n")
    window.open_files([str(tmp_path / "odd.obj")])
    qtbot.waitUntil(lambda: "shape 1" in window.session.items, timeout=90_000)
    assert any("odd.obj" in sentence for _, sentence in window.messages.kept)
