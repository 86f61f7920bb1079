"""Light and dark, and the icons in the colour of the text."""

from typing import Literal

from PySide6.QtCore import QByteArray, QLibraryInfo, QLocale, Qt, QTranslator
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from app.document.texts import LANGUAGE
from app.shared.resources import resource

Theme = Literal["system", "light", "dark"]

ACCENT = "#2a72d3"

_COLORS = {
    # role: (light, dark)
    QPalette.ColorRole.Window: ("#f4f5f7", "#1f2227"),
    QPalette.ColorRole.WindowText: ("#1c2026", "#e6e8eb"),
    QPalette.ColorRole.Base: ("#ffffff", "#17191d"),
    QPalette.ColorRole.AlternateBase: ("#eef0f3", "#23262c"),
    QPalette.ColorRole.Text: ("#1c2026", "#e6e8eb"),
    QPalette.ColorRole.PlaceholderText: ("#646b76", "#99a1ad"),
    QPalette.ColorRole.Button: ("#ffffff", "#2b2f36"),
    QPalette.ColorRole.ButtonText: ("#1c2026", "#e6e8eb"),
    QPalette.ColorRole.ToolTipBase: ("#1c2026", "#e6e8eb"),
    QPalette.ColorRole.ToolTipText: ("#ffffff", "#17191d"),
    QPalette.ColorRole.Highlight: (ACCENT, ACCENT),
    QPalette.ColorRole.HighlightedText: ("#ffffff", "#ffffff"),
    QPalette.ColorRole.Link: ("#1f62b5", "#7db4ff"),
    QPalette.ColorRole.Mid: ("#c9cdd4", "#3a3f48"),
}
_DISABLED = ("#8b929c", "#6c7480")
_DISABLED_FILL = ("#b9c0ca", "#4a515c")

_STYLE = """
QToolTip { border: 0; padding: 4px 6px; background: %(base)s; color: %(text)s; }
QSplitter::handle { background: palette(mid); }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QMainWindow::separator { background: palette(mid); width: 1px; height: 1px; }
QToolButton { border: 1px solid transparent; border-radius: 5px; padding: 4px; }
QToolButton[toolButtonStyle="2"] { padding: 4px 8px 4px 6px; }
QToolButton[popupMode="2"] { padding-right: 18px; }
QToolButton::menu-indicator { subcontrol-origin: padding; subcontrol-position: center right; right: 5px; }
QToolButton:hover { background: palette(alternate-base); }
QToolButton:checked { background: rgba(42, 114, 211, 50); border-color: palette(highlight); }
QToolButton:focus { border-color: palette(highlight); }
#bar QToolButton { border-radius: 0; border: 0; border-bottom: 3px solid transparent; border-top: 3px solid transparent; padding: 8px 12px; }
#bar QToolButton[popupMode="2"] { padding-right: 22px; }
#bar QToolButton:checked { background: transparent; border-bottom-color: palette(highlight); }
#bar QToolButton:focus { background: palette(alternate-base); border-top-color: palette(mid); }
QPushButton[primary="true"] {
  background: palette(highlight); color: palette(highlighted-text); border: 1px solid palette(highlight); border-radius: 5px;
  padding: 5px 12px; font-weight: 600;
}
QPushButton[primary="true"]:disabled { background: transparent; color: palette(placeholder-text); border-color: palette(mid); }
QPushButton[primary="true"]:focus { border-color: palette(text); }
#layers { background: palette(base); border: 1px solid palette(mid); }
QToolButton[eye="true"]:checked { background: transparent; border-color: transparent; }
QToolButton[eye="true"]:hover { background: palette(alternate-base); }
#panelBar { background: palette(base); border: 1px solid palette(highlight); border-radius: 6px; }
#tourCard { background: palette(base); border: 0; border-top: 2px solid palette(highlight); }
QStatusBar::item { border: 0; }
QCheckBox::indicator:unchecked, QTreeView::indicator:unchecked {
  width: 11px; height: 11px; margin: 1px; border: 1px solid palette(placeholder-text); border-radius: 2px; background: palette(base);
}
"""


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Dress the whole program; "system" follows the desktop, now and when it changes."""
    hints = app.styleHints()
    if app.style().name() != "fusion":
        app.setStyle("fusion")
        hints.colorSchemeChanged.connect(lambda _: _paint(app))
    schemes = {"system": Qt.ColorScheme.Unknown, "light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
    hints.setColorScheme(schemes[theme])
    app.setProperty("theme", theme)
    _paint(app)


def is_dark() -> bool:
    """Whether the dark colours are on."""
    app = QGuiApplication.instance()
    chosen = app.property("theme") if app else None
    if chosen in ("light", "dark"):
        return bool(chosen == "dark")
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def _paint(app: QApplication) -> None:
    column = 1 if is_dark() else 0
    palette = QPalette()
    for role, pair in _COLORS.items():
        palette.setColor(role, QColor(pair[column]))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(_DISABLED[column]))
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Highlight, QColor(_DISABLED_FILL[column]))
    app.setPalette(palette)
    tip = (QPalette.ColorRole.ToolTipBase, QPalette.ColorRole.ToolTipText)  # style sheets do not know these roles
    app.setStyleSheet(_STYLE % {name: _COLORS[role][column] for name, role in zip(("base", "text"), tip, strict=True)})


def icon(name: str) -> QIcon:
    """A line icon of ``resources/icons`` in the text colour of the theme."""
    svg = resource(f"icons/{name}.svg").read_text()
    result = QIcon()
    states = ((QIcon.Mode.Normal, "#e6e8eb" if is_dark() else "#2a2f37"), (QIcon.Mode.Disabled, _DISABLED[is_dark()]))
    for mode, color in states:
        renderer = QSvgRenderer(QByteArray(svg.replace("currentColor", color).encode()))
        for size in (18, 36, 72):
            pixmap = QPixmap(size, size)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            renderer.render(painter)
            painter.end()
            result.addPixmap(pixmap, mode)
    return result


def translate_qt(application: QApplication) -> None:
    """Qt's own texts, such as the buttons of dialogs, in the same language."""
    translator = QTranslator(application)
    if translator.load(QLocale(LANGUAGE), "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        application.installTranslator(translator)
