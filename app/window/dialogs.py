"""Dialogs."""

from PySide6.QtWidgets import QMessageBox, QWidget

import core
from app.document.texts import tr


def say_about(parent: QWidget) -> None:
    """Show the name, the version and the licence of the program."""
    QMessageBox.about(
        parent,
        tr("About Counterpoint"),
        tr(
            "<b>Counterpoint {version}</b><p>Links photos and 3D shapes point by point. Click a pixel and the matching region of the shape lights up; click the shape and the matching pixels light up.</p><p>Apache-2.0</p>"
        ).format(version=core.__version__),
    )


def say_shortcuts(parent: QWidget) -> None:
    """Show what the mouse and the keys do."""
    rows = (
        (tr("Click"), tr("place a pin; every other panel shows where it belongs")),
        (tr("Shift + move"), tr("see matches live")),
        (tr("Drag"), tr("pan the photo, turn the shape (middle button: pan; right button or wheel: zoom)")),
        (tr("Space + drag"), tr("pan the photo whatever tool is in use")),
        (tr("Double-click a shape"), tr("turn around that point")),
        ("B", tr("draw the box around the object in a photo")),
        ("P · X · L · R · C · G", tr("mark a part: points, box, outline, brush, connected piece, up to creases")),
        (tr("Right button with a tool"), tr("take away from the part")),
        ("N · Return · Esc", tr("next candidate, keep the part, discard it or leave the tool")),
        ("Ctrl+L · W · T · S · K", tr("align the shape; move, turn, scale it in the photo by hand; place pairs")),
        (tr("Ctrl + wheel with W, T or S"), tr("move the shape in the photo nearer or farther")),
        ("[ · ]", tr("smaller or larger brush")),
        ("F · 1 · + · −", tr("fit, actual size, zoom (keys act on the panel under the mouse)")),
        (tr("Right button"), tr("what can be done with the panel, or with what is chosen in a list")),
        ("Z", tr("zoom to the box, and back")),
        (tr("H held"), tr("see photos and shapes alone, without what lies over them")),
        ("Ctrl+1 … Ctrl+5 · Ctrl+G", tr("Match, Parts, Pose, Collection, Scene; the gallery")),
        (tr("1 … 7 over a shape"), tr("standard views (number pad: 1 front, 3 right, 7 top)")),
        ("A · D", tr("previous or next photo of the scene or collection (also PgUp and PgDown)")),
        ("V", tr("mark the photo of a scene as checked")),
        ("Del · F2", tr("delete what is selected (also a click of a part), rename it in its list")),
    )
    text = "".join(f"<tr><td><b>{key}</b>&nbsp;&nbsp;</td><td>{what}</td></tr>" for key, what in rows)
    QMessageBox.information(parent, tr("Mouse and keys"), f"<table cellpadding=3>{text}</table>")
