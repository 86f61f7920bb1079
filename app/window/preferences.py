"""The preferences: looks, mouse, caches, shortcuts; everything takes effect at once."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.document.texts import title, tr
from app.window.appearance import NAVIGATION, THEMES, Appearance
from app.window.requests import Requests
from core.colors import HEATMAPS


class Preferences(QDialog):
    """Changes the window's settings."""

    def __init__(self, appearance: Appearance, requests: Requests, parent: QWidget | None = None):
        super().__init__(parent)
        self._appearance, self._requests = appearance, requests
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)  # it is made anew each time
        self.setWindowTitle(tr("Preferences"))
        self.resize(560, 460)
        tabs = QTabWidget()
        tabs.addTab(self._general(), tr("General"))
        tabs.addTab(self._shortcuts(), tr("Shortcuts"))
        layout = QVBoxLayout(self)
        layout.addWidget(tabs)

    def _general(self) -> QWidget:
        looks, page = self._appearance, QWidget()
        self.theme, self.navigation, self.colors = QComboBox(), QComboBox(), QComboBox()
        self.theme.addItems([title(name) for name in THEMES])
        self.theme.setCurrentIndex(THEMES.index(looks.theme()))
        self.theme.activated.connect(lambda i: looks.set_theme(THEMES[i]))
        names = list(NAVIGATION)
        self.navigation.addItems([title(name) for name in names])
        self.navigation.setCurrentIndex(names.index(looks.navigation()))
        self.how = QLabel(NAVIGATION[looks.navigation()])
        self.how.setForegroundRole(self.how.foregroundRole().PlaceholderText)
        self.navigation.activated.connect(lambda i: self._navigate(names[i]))
        self.colors.addItems([title(name) for name in HEATMAPS])
        self.colors.setCurrentIndex(HEATMAPS.index(looks.colors()))
        self.steps = QCheckBox(tr("In eight steps"))
        self.steps.setChecked(looks.stepped())
        for signal in (self.colors.activated, self.steps.toggled):
            signal.connect(lambda _: looks.set_colors(HEATMAPS[self.colors.currentIndex()], self.steps.isChecked()))
        self.cache, self.clear = QLabel("…"), QPushButton(tr("Clear"))
        self.cache.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.cache.setWordWrap(True)
        self.clear.setAutoDefault(False)
        self.clear.clicked.connect(lambda: self._requests.ask("clear_caches", "caches", self._show_cache))
        self._requests.ask("measure_caches", "caches", self._show_cache)
        form = QFormLayout(page)
        form.addRow(tr("Theme"), self.theme)
        form.addRow(tr("Mouse over shapes"), self.navigation)
        form.addRow("", self.how)
        form.addRow(tr("Heatmap colours"), self.colors)
        form.addRow("", self.steps)
        row = QHBoxLayout()
        row.addWidget(self.cache, 1)
        row.addWidget(self.clear)
        form.addRow(tr("Cache"), row)
        return page

    def _navigate(self, name: str) -> None:
        self._appearance.set_navigation(name)
        self.how.setText(NAVIGATION[name])

    def _show_cache(self, answer: tuple[str, int]) -> None:
        folder, size = answer
        self.cache.setText(tr("{size:,.0f} MB in {folder}").format(size=size / 1e6, folder=folder))

    def _shortcuts(self) -> QWidget:
        page, self.table = QWidget(), QTableWidget(0, 2)
        self.table.setHorizontalHeaderLabels([tr("Command"), tr("Keys")])
        self.table.verticalHeader().hide()
        self.table.setColumnWidth(1, 170)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.editors: dict[str, QKeySequenceEdit] = {}
        for name, action in self._appearance.named_actions().items():
            row = self.table.rowCount()
            self.table.insertRow(row)
            item = QTableWidgetItem(name)
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
            self.table.setItem(row, 0, item)
            editor = QKeySequenceEdit(action.shortcut())
            editor.setMaximumSequenceLength(1)
            editor.setClearButtonEnabled(True)
            editor.editingFinished.connect(lambda n=name: self._give(n))
            self.table.setCellWidget(row, 1, editor)
            self.editors[name] = editor
        self.note = QLabel(tr("Click a field and press the keys."))
        layout = QVBoxLayout(page)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.note)
        return page

    def _give(self, name: str) -> None:
        editor = self.editors[name]
        taken = self._appearance.set_shortcut(name, editor.keySequence())
        if taken is None:
            keys = editor.keySequence().toString() or tr("no key")
            self.note.setText(f"{name}: {keys}")
        else:
            self.note.setText(
                tr("{keys} is already the key of {taken}; clear it there first.").format(
                    keys=editor.keySequence().toString(), taken=taken
                )
            )
            action = self._appearance.named_actions()[name]
            editor.setKeySequence(QKeySequence(action.shortcut()))
