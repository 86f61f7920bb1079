"""Dialogs."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

import core


def say_error(parent: QWidget, sentence: str, details: str = "") -> QMessageBox:
    """A sentence for the user, with a button for the details where there are any; the window stays usable."""
    box = QMessageBox(QMessageBox.Icon.Warning, "Counterpoint", sentence, QMessageBox.StandardButton.Ok, parent)
    if details:
        box.setDetailedText(details)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowModality(Qt.WindowModality.WindowModal)
    box.open()
    return box


def say_about(parent: QWidget) -> None:
    QMessageBox.about(
        parent,
        "About Counterpoint",
        f"<b>Counterpoint {core.__version__}</b><p>Links images and 3D shapes point by point. Click a pixel and the matching "
        "region of the shape lights up; click the shape and the matching pixels light up.</p><p>Apache-2.0</p>",
    )


def say_shortcuts(parent: QWidget) -> None:
    rows = (
        ("Click", "place a pin; every other panel shows where it belongs"),
        ("Shift + move", "live preview"),
        ("Drag", "pan the image, turn the shape (middle: pan, right or wheel: zoom)"),
        ("Double-click a shape", "turn around that point"),
        ("B", "draw the focus box in an image"),
        ("P · X · L · R · C · G", "mark a part: points, box, outline, brush, connected piece, up to creases"),
        ("Right button with a tool", "what does not belong to the part"),
        ("N · Return · Esc", "next candidate, keep the part, drop it or put the tool down"),
        ("Ctrl+L · W · T · S · K", "align the shape; move, turn, scale it in the photo by hand; place pairs"),
        ("Ctrl + wheel with W, T or S", "the posed shape nearer or farther"),
        ("[ · ]", "smaller or larger brush"),
        ("F · 1 · + · −", "fit · actual size · zoom"),
        ("1 … 7 over a shape", "standard views"),
        ("Del · F2", "delete or rename a pin in the list"),
    )
    text = "".join(f"<tr><td><b>{key}</b>&nbsp;&nbsp;</td><td>{what}</td></tr>" for key, what in rows)
    QMessageBox.information(parent, "Mouse and keys", f"<table cellpadding=3>{text}</table>")
