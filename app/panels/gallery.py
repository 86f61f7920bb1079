"""The gallery dock: the shapes of a folder that look like what is open."""

from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.jobs import FoundShape

PICTURE = 104


class GalleryPanel(QWidget):
    """Asks for a folder and a query and shows what was found.

    Signals:
        wanted(folder, kind): find shapes like the open "image" or "shape".
        chosen(path, second): open a shape, in the second shape panel or the first.
    """

    wanted = Signal(str, str)
    chosen = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.folder = QLineEdit()
        self.folder.setPlaceholderText("Folder of shapes")
        browse = QToolButton()
        browse.setText("…")
        browse.setToolTip("Choose the folder")
        browse.clicked.connect(self._browse)
        line = QHBoxLayout()
        line.addWidget(self.folder)
        line.addWidget(browse)
        self.like_image = QPushButton("Like the image")
        self.like_image.setToolTip("Find shapes that look like what the focus box of the image frames")
        self.like_image.clicked.connect(lambda: self._want("image"))
        self.like_shape = QPushButton("Like the shape")
        self.like_shape.setToolTip("Find shapes that are like the open one")
        self.like_shape.clicked.connect(lambda: self._want("shape"))
        buttons = QHBoxLayout()
        buttons.addWidget(self.like_image)
        buttons.addWidget(self.like_shape)
        self.results = QListWidget()
        self.results.setViewMode(QListWidget.ViewMode.IconMode)
        self.results.setIconSize(QSize(PICTURE, PICTURE))
        self.results.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.results.setMovement(QListWidget.Movement.Static)
        self.results.setUniformItemSizes(True)
        self.results.setWordWrap(True)
        self.results.setSpacing(4)
        self.results.itemActivated.connect(lambda item: self._open(item, False))
        self.results.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.results.customContextMenuRequested.connect(self._menu)
        self.about = QLabel("Shapes of a folder, the most similar first. Double-click opens one.")
        self.about.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addLayout(line)
        layout.addLayout(buttons)
        layout.addWidget(self.results, 1)
        layout.addWidget(self.about)
        self.folder.textChanged.connect(lambda: self._update())
        self._open_kinds: set[str] = set()
        self._update()

    def set_open(self, kinds: set[str]) -> None:
        """What can be searched with: of "image" and "shape" those that are open."""
        self._open_kinds = kinds
        self._update()

    def show_results(self, found: list[FoundShape], shapes: int, refused: list[tuple[str, str]]) -> None:
        self.results.clear()
        for shape in found:
            height, width, _ = shape.picture.shape
            picture = QImage(shape.picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
            name = self.fontMetrics().elidedText(Path(shape.path).name, Qt.TextElideMode.ElideMiddle, PICTURE)
            item = QListWidgetItem(QIcon(QPixmap.fromImage(picture)), f"{name}\n{shape.score:.3f}")
            item.setToolTip(f"{shape.path}\ncosine similarity {shape.score:.3f}")
            item.setData(Qt.ItemDataRole.UserRole, shape.path)
            self.results.addItem(item)
        left_out = f", {len(refused)} could not be read" if refused else ""
        self.about.setText(f"{shapes} shapes searched{left_out}. Double-click opens one.")
        self.about.setToolTip("\n".join(f"{Path(path).name}: {reason}" for path, reason in refused))

    def _want(self, kind: str) -> None:
        self.wanted.emit(self.folder.text(), kind)

    def _open(self, item: QListWidgetItem, second: bool) -> None:
        self.chosen.emit(item.data(Qt.ItemDataRole.UserRole), second)

    def _menu(self, at: QPoint) -> None:
        item = self.results.itemAt(at)
        if item is not None:
            menu = QMenu(self)
            menu.addAction("Open", lambda: self._open(item, False))
            menu.addAction("Open as second shape", lambda: self._open(item, True))
            menu.popup(self.results.viewport().mapToGlobal(at))

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of shapes", self.folder.text())
        if folder:
            self.folder.setText(folder)

    def _update(self) -> None:
        for kind, button in (("image", self.like_image), ("shape", self.like_shape)):
            button.setEnabled(bool(self.folder.text()) and kind in self._open_kinds)
