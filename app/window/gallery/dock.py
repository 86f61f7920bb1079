"""The gallery drawer: what to look for, where, and what was found."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.document.texts import search_sureness, tr
from app.window.gallery.grid import ShapeGrid

CLIP = tr("""The CLIP model that words are searched with, as ARCHITECTURE:WEIGHTS, for example
ViT-B-16:/models/open_clip_model.safetensors (a file) or ViT-B-16:openai (downloaded).
Folders are read again with it; leave it empty to do without.""")


class GalleryPanel(QWidget):
    """The drawer that searches a gallery of shapes.

    Signals:
        search_requested(kind): find shapes like the open "image" or "shape", the marked "part", or by "words";
            "nothing" reads the folder anew and lists it.
        settings_changed(): the same with other settings of the drawer.
        gallery_requested(folder, gallery): keep the gallery of a folder of shapes in a folder of its own.
        naming_requested(labels): say which of the labels (divided by commas; of all tags where empty) the open shape
            is.
    """

    search_requested = Signal(str)
    settings_changed = Signal()
    gallery_requested = Signal(str, str)
    naming_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.clip = self.branch = ""
        self.knows_words = False
        self.results = ShapeGrid()
        self.picture = QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.hide()
        self.sure = QLabel()
        self.sure.setWordWrap(True)
        self.sure.hide()
        self.about = QLabel(
            tr(
                "Choose a folder of shapes, or a gallery, to see what is in it and to find shapes like the one in the photo."
            )
        )
        self.about.setWordWrap(True)
        layout, sides, asks, found = QVBoxLayout(self), QHBoxLayout(), QVBoxLayout(), QVBoxLayout()
        layout.setContentsMargins(10, 4, 10, 8)
        sides.setSpacing(12)
        for row in (self._place_row(), self._like_row(), self._words_row(), self._name_row()):
            asks.addLayout(row)
        asks.addWidget(self.names)
        asks.addStretch(1)
        asks.addWidget(self.sure)
        asks.addWidget(self.about)
        found.addLayout(self._filter_row())
        found.addWidget(self.results, 1)
        found.addWidget(self.picture)
        sides.addLayout(asks, 2)
        sides.addLayout(found, 3)
        layout.addLayout(sides)
        self._open: set[str] = set()
        self._update()

    def set_open(self, kinds: set[str]) -> None:
        """What can be searched with: of "image", "shape" and "part" those that are there."""
        self._open = kinds
        self._update()

    def show_results(self, found: Any) -> None:
        """:class:`app.shared.results.FoundShapes`."""
        self.results.show_shapes(found.results)
        judged = bool(found.verdict and found.results)
        self.sure.setText(search_sureness(found.verdict, found.probability, found.reasons[:1]))
        self.sure.setToolTip(search_sureness(found.verdict, found.probability, found.reasons))
        self.sure.setVisible(judged)
        blocker = QSignalBlocker(self.tag)
        chosen = self.tag.currentData()
        self.tag.clear()
        self.tag.addItem(tr("All tags"), "")
        for tag, count in found.tags:
            self.tag.addItem(f"{tag} ({count})", tag)
        self.tag.setCurrentIndex(max(0, self.tag.findData(chosen)))
        blocker.unblock()
        left_out = tr(", {refused} could not be read").format(refused=len(found.refused)) if found.refused else ""
        self.knows_words = found.words
        words = "" if found.words else tr("; a search by words needs a CLIP model")
        shapes = tr("{shapes} shapes{left_out}").format(shapes=found.shapes, left_out=left_out)
        hint = words + tr(". Double-click opens one, drag turns it.")
        self.about.setText(shapes + ("." if judged else hint))
        self.about.setToolTip("\n".join(f"{Path(path).name}: {reason}" for path, reason in found.refused))

    def show_picture(self, picture: QPixmap) -> None:
        """The shape that is looked at."""
        self.picture.setPixmap(picture)
        self.picture.show()

    def ask_clip(self) -> None:
        """Ask for the model that words are searched with; the folder is read anew with it."""
        text, ok = QInputDialog.getText(self, tr("Model for words"), CLIP, text=self.clip)
        if ok:
            self.clip = text.strip()
            self._update()

    def _place_row(self) -> QHBoxLayout:
        self.folder, browse, more = QLineEdit(), QPushButton(tr("Browse…")), QPushButton(tr("More"))
        self.folder.setPlaceholderText(tr("Folder of shapes, or gallery"))
        self.folder.setMinimumWidth(190)
        self.folder.textChanged.connect(lambda: self._update())
        self.folder.returnPressed.connect(self.read_folder)
        browse.setToolTip(tr("Choose the folder of shapes, or a gallery"))
        browse.clicked.connect(self._browse)
        more.setToolTip(tr("Make a gallery to keep or share; choose the model for words"))
        menu = QMenu(more)
        menu.addAction(tr("Make a gallery of a folder…"), self._make)
        menu.addSeparator()
        menu.addAction(tr("Model for words…"), self.ask_clip)
        menu.addAction(tr("Depth weights of that model…"), self._ask_branch)
        more.setMenu(menu)
        self.read = QPushButton(tr("Read"))
        self.read.setToolTip(tr("Read the folder: new and changed shapes are added, removed ones left out"))
        self.read.clicked.connect(self.read_folder)
        return _row(self.folder, browse, self.read, more)

    def read_folder(self) -> None:
        """Read the folder that is named, if one is."""
        if self.folder.text().strip():
            self.search_requested.emit("nothing")

    def _like_row(self) -> QHBoxLayout:
        self.likes: dict[str, QPushButton] = {}
        kinds = {
            "image": (tr("Like the photo"), tr("Find shapes that look like what is in the box of the photo")),
            "shape": (tr("Like the shape"), tr("Find shapes that are like the open one")),
            "part": (
                tr("Like the part"),
                tr("Find shapes that have something like the part chosen in the task Parts"),
            ),
        }
        for kind, (text, tip) in kinds.items():
            button = QPushButton(text)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, k=kind: self.search_requested.emit(k))
            self.likes[kind] = button
        return _row(*self.likes.values())

    def _words_row(self) -> QHBoxLayout:
        self.words, go = QLineEdit(), QPushButton(tr("Find"))
        self.words.setPlaceholderText(tr("Or in words: a chair with arms"))
        self.words.setClearButtonEnabled(True)
        self.words.returnPressed.connect(lambda: self.search_requested.emit("words"))
        go.clicked.connect(self.words.returnPressed)
        return _row(self.words, go)

    def _filter_row(self) -> QHBoxLayout:
        self.tag, self.order, self.closer = QComboBox(), QComboBox(), QCheckBox(tr("Closer look"))
        self.tag.addItem(tr("All tags"), "")
        self.tag.setToolTip(tr("Show only shapes with this tag; tags are the names of the folders they are in"))
        self.order.addItem(tr("Most similar"), False)
        self.order.addItem(tr("Least similar"), True)
        self.order.setToolTip(tr("Which shapes come first"))
        self.closer.setChecked(True)
        self.closer.setToolTip(tr("Compare the best hundred again in detail: finds much better, takes a second"))
        self.tag.currentIndexChanged.connect(lambda: self.settings_changed.emit())
        self.order.currentIndexChanged.connect(lambda: self.settings_changed.emit())
        self.closer.toggled.connect(lambda: self.settings_changed.emit())
        return _row(self.tag, self.order, self.closer)

    def _name_row(self) -> QHBoxLayout:
        self.labels, self.name, self.names = QLineEdit(), QPushButton(tr("Name the shape")), QLabel()
        self.labels.setPlaceholderText(tr("chair, table, lamp"))
        self.labels.setToolTip(
            tr(
                "What the open shape may be, separated by commas. Without a model for words only tags of the gallery can be used; leave it empty for all tags."
            )
        )
        self.labels.returnPressed.connect(self.name.click)
        self.name.clicked.connect(lambda: self.naming_requested.emit(self.labels.text()))
        self.names.setWordWrap(True)
        self.names.hide()
        return _row(self.labels, self.name)

    def show_names(self, found: list[tuple[str, float]], how: str) -> None:
        """(label, share), the likeliest first, and how the shares came about."""
        self.names.setText(" · ".join(f"{label} {share:.0%}" for label, share in found[:6]) + f"\n{how}")
        self.names.show()

    def _ask_branch(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, tr("Depth weights made by counterpoint train dlign"), self.branch, tr("Weights (*.safetensors)")
        )
        self.branch = path

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Folder of shapes, or gallery"), self.folder.text())
        if folder:
            self.folder.setText(folder)
            self.search_requested.emit("nothing")

    def _make(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Folder of shapes"), self.folder.text())
        gallery = folder and QFileDialog.getExistingDirectory(self, tr("Empty folder to keep the gallery in"), folder)
        if folder and gallery:
            self.gallery_requested.emit(folder, gallery)

    def _update(self) -> None:
        there = bool(self.folder.text().strip())
        self.read.setEnabled(there)
        self.name.setEnabled("shape" in self._open and (there or bool(self.clip)))
        for kind, button in self.likes.items():
            button.setEnabled(there and kind in self._open)


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget, 1 if isinstance(widget, QLineEdit | QComboBox) else 0)
    return row
