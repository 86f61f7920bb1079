"""Names of files that are typed without their suffix."""

from pathlib import Path

from PySide6.QtWidgets import QMessageBox, QWidget

from app.document.texts import tr


def with_suffix(parent: QWidget, path: str | Path, suffix: str, another: bool = True) -> Path | None:
    """Return a chosen file with a suffix where it has none.

    The dialog asked about the name as it was typed. Where the suffix makes it that of another file that is there, it is
    asked here.

    Args:
        parent: of the question.
        path: as it was typed.
        suffix: with its point.
        another: whether another suffix may stay.

    Returns:
        The file, None if one that is there is to stay.
    """
    path = Path(path)
    if path.suffix == suffix or (another and path.suffix):
        return path
    whole = path.with_name(path.name + suffix)
    if whole.exists():
        buttons = QMessageBox.StandardButton
        sentence = tr("{name} is there already. Replace it?").format(name=whole.name)
        answer = QMessageBox.question(parent, tr("Save"), sentence, buttons.Yes | buttons.Cancel, buttons.Cancel)
        if answer != buttons.Yes:
            return None
    return whole
