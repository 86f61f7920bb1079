"""The preferences: looks, mouse, caches, shortcuts; everything takes effect at once."""

from typing import TYPE_CHECKING

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
from app.window import appearance as looks
from core.colors import HEATMAPS

if TYPE_CHECKING:
    from app.window.main_window import MainWindow


class Preferences(QDialog):
    """Changes the window's settings."""

    def __init__(self, window: "MainWindow"):
        super().__init__(window)
        self._window = window
        self.setWindowTitle(tr("Preferences"))
        self.resize(560, 460)
        tabs = QTabWidget()
        tabs.addTab(self._general(), tr("General"))
        tabs.addTab(self._shortcuts(), tr("Shortcuts"))
        layout = QVBoxLayout(self)
        layout.addWidget(tabs)

    def _general(self) -> QWidget:
        window, page = self._window, QWidget()
        self.theme, self.navigation, self.colors = QComboBox(), QComboBox(), QComboBox()
        self.theme.addItems([title(name) for name in looks.THEMES])
        self.theme.setCurrentIndex(looks.THEMES.index(looks.theme(window)))
        self.theme.activated.connect(lambda i: looks.set_theme(window, looks.THEMES[i]))
        names = list(looks.NAVIGATION)
        self.navigation.addItems([title(name) for name in names])
        self.navigation.setCurrentIndex(names.index(looks.navigation(window)))
        self.how = QLabel(looks.NAVIGATION[looks.navigation(window)])
        self.how.setForegroundRole(self.how.foregroundRole().PlaceholderText)
        self.navigation.activated.connect(lambda i: self._navigate(names[i]))
        self.colors.addItems([title(name) for name in HEATMAPS])
        self.colors.setCurrentIndex(HEATMAPS.index(looks.colors(window)))
        self.steps = QCheckBox(tr("In eight steps"))
        self.steps.setChecked(looks.stepped(window))
        for signal in (self.colors.activated, self.steps.toggled):
            signal.connect(lambda _: looks.set_colors(window, HEATMAPS[self.colors.currentIndex()], self.steps.isChecked()))  # fmt: skip
        self.cache, self.clear = QLabel("…"), QPushButton(tr("Clear"))
        self.cache.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.cache.setWordWrap(True)
        self.clear.setAutoDefault(False)
        self.clear.clicked.connect(lambda: window.queries.ask("clear_caches", "caches", self._show_cache))
        window.queries.ask("measure_caches", "caches", self._show_cache)
        form = QFormLayout(page)
        form.addRow(tr("Theme"), self.theme)
        form.addRow(tr("Mouse over shapes"), self.navigation)
        form.addRow("", self.how)
        form.addRow(tr("Heatmap colours"), self.colors)
        form.addRow("", self.steps)
        row = QHBoxLayout()
        row.addWidget(self.cache, 1)
        row.addWidget(self.clear)
        form.addRow(tr("Caches"), row)
        return page

    def _navigate(self, name: str) -> None:
        looks.set_navigation(self._window, name)
        self.how.setText(looks.NAVIGATION[name])

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
        for name, action in looks.named_actions(self._window).items():
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
        self.said = QLabel(tr("Click a field and press the keys."))
        layout = QVBoxLayout(page)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.said)
        return page

    def _give(self, name: str) -> None:
        editor = self.editors[name]
        taken = looks.set_shortcut(self._window, name, editor.keySequence())
        if taken is None:
            keys = editor.keySequence().toString() or tr("no key")
            self.said.setText(f"{name}: {keys}")
        else:
            self.said.setText(
                tr("{keys} belongs to {taken}; take it away there first.").format(
                    keys=editor.keySequence().toString(), taken=taken
                )
            )
            action = looks.named_actions(self._window)[name]
            editor.setKeySequence(QKeySequence(action.shortcut()))
