"""Opens the window in a language in which every translated text stands in brackets; prints the texts that do not."""

import gettext
import json
import os
import re
import sys
from pathlib import Path

from babel.messages import extract, mofile
from babel.messages.catalog import Catalog

ROOT = Path(__file__).parents[3]
NAMES = re.compile(
    r"⟦[^⟦⟧]*⟧|pocket|auto|cpu|cuda|nerfstudio|timm|dinov\w+|\S+[:/]\S+|NOC|Python|JSON|<[^>]+>|#\w+|[\w.-]+\.(jpg|glb|py)|Viridis|Turbo|Magma|Inferno|Cividis|Coolwarm|procedural|[a-z]+:|Close|Float|Press shortcut|Scroll \w+",
    re.DOTALL,
)
"""What is the same in every language, or Qt's own."""


def catalogue(folder: Path) -> None:
    """One of a made-up language, in ``folder``."""
    texts = Catalog(locale="en")
    for _, _, message, _, _ in extract.extract_from_dir(ROOT / "app", [("**.py", "python")], keywords={"tr": None}):
        assert isinstance(message, str)
        texts.add(message, f"⟦{message}⟧")
    place = folder / "xx" / "LC_MESSAGES"
    place.mkdir(parents=True)
    with open(place / "counterpoint.mo", "wb") as file:
        mofile.write_mo(file, texts)


def texts_of(application, window) -> set[str]:  # type: ignore[no-untyped-def]
    """Every text of the widgets and actions."""
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import (
        QAbstractButton,
        QComboBox,
        QDockWidget,
        QGroupBox,
        QLabel,
        QLineEdit,
        QTabWidget,
        QWidget,
    )

    texts: set[str] = set()
    for widget in [w for top in application.topLevelWidgets() for w in [top, *top.findChildren(QWidget)]]:
        texts |= {widget.toolTip(), widget.accessibleName()}
        if isinstance(widget, QAbstractButton | QLabel):
            texts.add(widget.text())
        if isinstance(widget, QDockWidget) or widget.isWindow():
            texts.add(widget.windowTitle())
        if isinstance(widget, QGroupBox):
            texts.add(widget.title())
        if isinstance(widget, QLineEdit):
            texts.add(widget.placeholderText())
        if isinstance(widget, QComboBox):
            texts |= {widget.itemText(i) for i in range(widget.count())}
        if isinstance(widget, QTabWidget):
            texts |= {widget.tabText(i) for i in range(widget.count())}
    for action in window.findChildren(QAction):
        texts |= {action.text(), action.toolTip()}
    return texts


def main(folder: Path) -> None:
    catalogue(folder)
    os.environ["COUNTERPOINT_LANGUAGE"] = "xx"
    find = gettext.translation
    gettext.translation = lambda domain, _, languages, fallback: find(domain, folder, languages, fallback=fallback)  # type: ignore[assignment]
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    from app.window.main_window import MainWindow
    from app.window.preferences import Preferences

    application = QApplication(["pseudo"])
    window = MainWindow(QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat))
    window.show()
    preferences = Preferences(window.appearance, window.requests, window)
    preferences.show()
    window.features.encoder.controller.show()
    application.processEvents()
    texts = texts_of(application, window)
    texts |= {key for key in (window.features.align.panel.verdict.text(), window.guide.message.text()) if key}
    plain = sorted(
        text for text in texts if re.search(r"[A-Za-z]{3,}", NAMES.sub("", NAMES.sub("", text.replace("&", ""))))
    )
    print(json.dumps({"texts": len(texts), "plain": plain}))
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
