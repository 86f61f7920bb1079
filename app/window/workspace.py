"""The middle of the window: the bar, the tools and the panel of the current task, the photos and shapes, the drawer."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QByteArray, QEvent, QSettings, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.document.texts import tr
from app.window.feature import Feature
from app.window.theme import icon
from app.window.tools import Tools
from app.window.top_bar import TopBar

LAYOUT = "layout 2"
"""Where the settings keep how the window is laid out; another number whenever an old state would not fit."""

SIDE_WIDTH, DRAWER_HEIGHT = 312, 230
"""Of the side panel and of the drawer at least, in pixels; users make them larger."""


class Workspace(QWidget):
    """One task at a time, with its own tools and its own panel; a tool that is taken up brings its task along.

    Signals:
        changed(name): another task is current.
    """

    changed = Signal(str)

    def __init__(self, features: Sequence[Feature], welcome: QWidget, panels: QWidget, tour: QWidget, tools: Tools):
        super().__init__()
        self._features = {feature.name: feature for feature in features}
        self._owners = {tool.name: feature.name for feature in features for tool in feature.tools() if tool.name}
        self._tools, self._group = tools, QActionGroup(self)
        self._exports: dict[str, QMenu] = {}
        self.actions_of = {feature.name: self._action(feature) for feature in features}
        self.bar = TopBar(*(self._placed(place) for place in ("task", "drawer", "expert")))
        self.toolbars, self.side, self.drawer = QStackedWidget(), QStackedWidget(), QStackedWidget()
        self._pages = {feature.name: self._page(feature) for feature in features}
        self._lay_out(welcome, panels, tour)
        self.current = next(feature.name for feature in features if feature.place == "task")
        self._show_task(self.current)
        tools.changed.connect(self._tool_changed)

    def show_feature(self, name: str) -> None:
        """Make a task the current one, open the drawer, or show what is behind Expert."""
        feature = self._features[name]
        if feature.place == "drawer":
            self.drawer.setCurrentWidget(self._pages[name])
            self.drawer.show()
        elif feature.place == "expert":
            self.side.setCurrentWidget(self._pages[name])
        elif name != self.current:
            self._show_task(name)
            self._tools.leave(keep=self._owners.get(self._tools.active) == name)
            self.changed.emit(name)
        else:
            self.side.setCurrentWidget(self._pages[name])
        self._check()

    def hide_feature(self, name: str) -> None:
        """Close the drawer, or go back from what is behind Expert to the task."""
        if self._features[name].place == "drawer":
            self.drawer.hide()
        else:
            self.side.setCurrentWidget(self._pages[self.current])
        self._check()

    def offer_exports(self, menu_of: Callable[[Feature], QMenu]) -> None:
        """Give every task the menu of its Export button."""
        self._exports = {name: menu_of(one) for name, one in self._features.items() if one.place == "task"}
        self._show_exports()

    def show_pair(self, name: str) -> None:
        """Say which files are worked on; "" for none."""
        self.bar.show_pair(name)
        self.export.setToolTip(tr("Export files of {pair}").format(pair=name) if name else "")

    def save(self, settings: QSettings) -> None:
        """Keep which task is current and how much room everything has."""
        settings.setValue(f"{LAYOUT}/task", self.current)
        settings.setValue(f"{LAYOUT}/side", self._beside.saveState())
        settings.setValue(f"{LAYOUT}/drawer", self._above.saveState())

    def restore(self, settings: QSettings) -> None:
        """As it was the last time."""
        for splitter, key in ((self._beside, "side"), (self._above, "drawer")):
            state = settings.value(f"{LAYOUT}/{key}")
            if isinstance(state, QByteArray):
                splitter.restoreState(state)
        name = str(settings.value(f"{LAYOUT}/task", self.current))
        if name in self._features and self._features[name].place == "task":
            self.show_feature(name)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_icons()

    def _draw_icons(self) -> None:
        self.export.setIcon(icon("export"))
        for name, action in self.actions_of.items():
            action.setIcon(icon(self._features[name].icon))

    def _placed(self, place: str) -> list[QAction]:
        return [self.actions_of[one.name] for one in self._features.values() if one.place == place]

    def _action(self, feature: Feature) -> QAction:
        action = QAction(feature.title, self)
        action.setData(feature.name)
        action.setCheckable(True)
        action.setShortcut(feature.key)
        action.setToolTip(
            tr("{what} ({key})").format(what=feature.title, key=feature.key) if feature.key else feature.title
        )
        if feature.place == "task":
            self._group.addAction(action)
        action.triggered.connect(lambda on, n=feature.name: self._triggered(n, on))
        return action

    def _triggered(self, name: str, on: bool) -> None:
        (self.show_feature if on or self._features[name].place == "task" else self.hide_feature)(name)

    def _show_task(self, name: str) -> None:
        self.current = name
        self.side.setCurrentWidget(self._pages[name])
        self.toolbars.setCurrentWidget(self._features[name].toolbar)
        self._show_exports()
        self._check()
        for feature in self._features.values():
            feature.set_current(feature.name == name)

    def _show_exports(self) -> None:
        if self.current in self._exports:
            self.export.setMenu(self._exports[self.current])

    def _tool_changed(self, tool: str) -> None:
        if tool in self._owners:
            self.show_feature(self._owners[tool])

    def _check(self) -> None:
        """The buttons say what is seen."""
        for name, action in self.actions_of.items():
            place, page = self._features[name].place, self._pages[name]
            seen = {
                "task": name == self.current,
                "drawer": not self.drawer.isHidden(),
                "expert": self.side.currentWidget() is page,
            }
            action.setChecked(seen[place])

    def _page(self, feature: Feature) -> QWidget:
        """The panel in its place; one that is not a task's has a title and can be closed."""
        if feature.place == "task":
            self.side.addWidget(feature.panel)
            self.toolbars.addWidget(feature.toolbar)
            return feature.panel
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        title, close = QLabel(feature.title), QToolButton()
        title.setStyleSheet("font-weight: 600;")
        close.setText("✕")
        close.setToolTip(tr("Close {title}").format(title=feature.title))
        close.setAccessibleName(close.toolTip())
        close.clicked.connect(lambda: self.hide_feature(feature.name))
        head = QHBoxLayout()
        head.setContentsMargins(10, 4, 6, 0)
        head.addWidget(title, 1)
        head.addWidget(close)
        column.addLayout(head)
        column.addWidget(feature.panel, 1)
        (self.drawer if feature.place == "drawer" else self.side).addWidget(page)
        return page

    def _lay_out(self, welcome: QWidget, panels: QWidget, tour: QWidget) -> None:
        self._above, self._beside = QSplitter(Qt.Orientation.Vertical), QSplitter(Qt.Orientation.Horizontal)
        self._above.addWidget(_stacked(panels, *(one.foot for one in self._features.values() if one.foot is not None)))
        self._above.addWidget(self.drawer)
        self._beside.addWidget(self._above)
        self._beside.addWidget(_stacked(self.side, tour))
        for splitter in (self._above, self._beside):
            splitter.setChildrenCollapsible(False)
            splitter.setStretchFactor(0, 1)
            splitter.setSizes([10_000, 1])  # the second as small as it can be
        self.side.setMinimumWidth(SIDE_WIDTH)
        self.drawer.setMinimumHeight(DRAWER_HEIGHT)
        self.drawer.hide()
        self.export = QToolButton()
        self.export.setText(tr("Export…"))
        self.export.setIconSize(QSize(18, 18))
        self.export.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._draw_icons()
        row = QHBoxLayout()
        row.setContentsMargins(8, 4, 8, 4)
        row.addWidget(self.toolbars, 1)
        row.addWidget(self.export)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addLayout(row)
        column.addWidget(welcome)
        column.addWidget(self._beside, 1)


def _stacked(main: QWidget, *feet: QWidget) -> QWidget:
    """What has the room, and what stands at its foot."""
    both = QWidget()
    column = QVBoxLayout(both)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(main, 1)
    for foot in feet:
        column.addWidget(foot)
    return both
