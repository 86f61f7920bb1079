"""What is done with a photo collection in the window: photos posed one after another, joined, drawn on, written."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSettings, QTimer
from PySide6.QtWidgets import QFileDialog

from app.document.commands import SetAligned, SetCollection
from app.document.session import Session
from app.document.texts import tr
from app.shared.values import Aligned, Collection, CollectionPhoto, Drawing, Slot, item_for, kind_of
from app.window.collection.dock import HELP, CollectionPanel, ShapeState
from app.window.collection.presenter import SHAPE, CollectionPresenter
from app.window.requests import Requests
from app.window.shell import Shell
from core.foreign_photos import unread
from core.image_formats import IMAGE_SUFFIXES

if TYPE_CHECKING:
    from app.window.engine_client import Request

IMAGE: Slot = "image 1"
"""Where photos of the collection are opened."""

LENS = tr(
    "This photo has lens distortion, which a collection in the window cannot use. Undistort the photo first, or use "
    "counterpoint congeal --K on the command line."
)

IMAGES = tr("Photos ({suffixes})").format(suffixes=" ".join("*" + suffix for suffix in IMAGE_SUFFIXES))


class CollectionController(QObject):
    """Connects the collection panel, the engine and the session."""

    def __init__(
        self,
        session: Session,
        requests: Requests,
        presenter: CollectionPresenter,
        dock: CollectionPanel,
        settings: QSettings,
        shell: Shell,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._requests, self._presenter = session, requests, presenter
        self._dock, self._settings, self._shell = dock, settings, shell
        self._request: Request | None = None
        self._stopping = False
        self._posing: CollectionPhoto | None = None
        dock.add_requested.connect(self.ask_photos)
        dock.clear_requested.connect(lambda: self._push(tr("Clear the collection"), Collection()))
        dock.congeal_requested.connect(self.start)
        dock.stopped.connect(self.stop)
        dock.shape_requested.connect(self._choose_shape)
        dock.carry_requested.connect(self._carry)
        dock.fix_requested.connect(self.fix)
        dock.strip.files_dropped.connect(self.add)
        dock.strip.opened.connect(self.open_photo)
        dock.strip.removed.connect(self.remove)
        dock.strip.currentItemChanged.connect(lambda *_: self._update())
        session.follow({"collection", "aligned", "items"}, self._update)
        requests.reading_changed.connect(self._update)
        session.follow({"items"}, self._items_changed)
        session.leaving.connect(self._leave)
        self._update()

    @property
    def collection(self) -> Collection:
        return self._session.collection

    def add(self, paths: list[str]) -> None:
        """Photos of files and folders; those that are there already are left out."""
        files: list[Path] = []
        for path in map(Path, paths):
            try:
                files += sorted(path.iterdir()) if path.is_dir() else [path]
            except OSError as error:
                reason = error.strerror or error
                self._shell.fail(
                    tr("{folder} cannot be opened ({reason}).").format(folder=path, reason=reason), "collection"
                )
        left_out = unread(files)
        if left_out:
            said = tr("Pictures of the kinds {kinds} cannot be read and were left out; save them as JPEG or PNG.")
            self._shell.say(said.format(kinds=", ".join(left_out)))
        known = {one.item.path for one in self.collection.photos}
        items = dict.fromkeys(item_for(file) for file in files if file.suffix.lower() in IMAGE_SUFFIXES)
        new = tuple(CollectionPhoto(item) for item in items if item.path not in known)
        if new:
            photos = (*self.collection.photos, *new)
            self._push(
                tr("Add {new} photos").format(new=len(new)),
                replace(self.collection, photos=photos, joined=False, drawing=None),
            )

    def replace_by(self, files: list[Path]) -> None:
        """Begin a collection of these photos, in the place of the one that is there."""
        photos = tuple(CollectionPhoto(item_for(file)) for file in files)
        if [one.item for one in photos] != [one.item for one in self.collection.photos]:
            self._push(tr("Open a collection of {count} photos").format(count=len(photos)), Collection(photos))

    def remove(self, number: int) -> None:
        photos = self.collection.photos
        rest = (*photos[:number], *photos[number + 1 :])
        text = tr("Remove {name}").format(name=photos[number].item.name)
        self._push(text, replace(self.collection, photos=rest, joined=False, drawing=None))

    def start(self) -> None:
        """Pose all photos with shape 1, then make them agree."""
        shape = self._session.items.get(SHAPE)
        if shape is None or len(self.collection.photos) < 2 or self._request is not None:
            return
        before = self.collection
        same = (before.shape, before.encoder) == (shape, self._session.encoder)
        photos = tuple(
            self._as_opened(one) if same else replace(self._as_opened(one), poses=(), fixed=False)
            for one in before.photos
        )
        self._dock.set_running(True)
        self._pose(Collection(photos, shape, self._session.encoder), 0)

    def stop(self) -> None:
        self._stopping = True
        if self._request is not None:
            self._request.cancel()

    def open_photo(self, number: int) -> None:
        """Open a photo as image 1 with its pose, to be seen, clicked or corrected by hand."""
        one = self.collection.photos[number]
        self._posing = one
        self._requests.open(IMAGE, one.item.with_box(one.item.box or one.frame))

    def step(self, by: int) -> None:
        """Open the photo after the open one, or before it; the first where none of them is open."""
        count, number = len(self.collection.photos), self.collection.number_of(self._session.items.get(IMAGE))
        if number is None:
            self.open_photo(0)
        elif 0 <= number + by < count:
            self.open_photo(number + by)
        else:
            self._shell.say(tr("This is the last photo.") if by > 0 else tr("This is the first photo."))

    def fix(self) -> None:
        """The pose that is shown for the opened photo is certain; the others follow."""
        number, aligned = self._fixable()
        if number is None or aligned is None or aligned.pose is None:
            return
        if aligned.lens is not None:
            self._shell.fail(LENS, IMAGE)
            return
        photos = list(self.collection.photos)
        one = replace(photos[number], K=aligned.K, poses=(aligned.pose,), choice=0, fixed=True, inlier=True)
        photos[number] = one
        self._dock.set_running(True)
        self._join(
            replace(self.collection, photos=tuple(photos), joined=False),
            tr("Confirm the pose of {name}").format(name=one.item.name),
        )

    def _push(self, text: str, collection: Collection) -> None:
        self._session.undo_stack.push(SetCollection(self._session, text, collection))

    def _as_opened(self, one: CollectionPhoto) -> CollectionPhoto:
        """With the focus box that the photo has in a panel."""
        for slot, item in self._session.items.items():
            if kind_of(slot) == "image" and item.path == one.item.path and item.box not in (one.item.box, one.frame):
                return replace(one, item=item, poses=(), fixed=False)
        return one

    def _pose(self, collection: Collection, number: int) -> None:
        """One photo after another; each is shown as soon as it is posed, and stays when the rest is stopped."""
        photos = collection.photos
        while number < len(photos) and photos[number].poses:
            number += 1
        if self._stopping:  # the last photo was done before it could be stopped
            self._stopped(collection)
        elif number < len(photos):

            def done(posed: CollectionPhoto) -> None:
                after = replace(collection, photos=(*photos[:number], posed, *photos[number + 1 :]))
                self._presenter.show(after)
                self._pose(after, number + 1)

            asked = {"photo": photos[number], "shape": collection.shape, "encoder": collection.encoder}
            self._run("pose_one", done, lambda: self._stopped(collection), **asked)
        elif any(one.poses for one in photos):
            self._join(collection, tr("Congeal"))
        else:
            self._finish()
            self._push(tr("Congeal"), collection)
            self._shell.say(
                tr(
                    "No photo could be posed. Draw a box around the object in each photo (double-click opens one), or open another shape."
                )
            )

    def _stopped(self, collection: Collection) -> None:
        self._finish()
        if any(one.poses for one in collection.photos):
            self._push(tr("Congeal (stopped)"), replace(collection, joined=False))
        else:
            self._presenter.show()

    def _join(self, collection: Collection, text: str) -> None:
        def done(photos: tuple[CollectionPhoto, ...]) -> None:
            self._finish()
            self._push(text, replace(collection, photos=photos, joined=True))

        self._run("join", done, lambda: self._stopped(collection), collection=collection)

    def _run(self, job: str, done: Any, cancelled: Any, **arguments: Any) -> None:
        self._request = None
        request = self._requests.run(job, done, **arguments)
        self._request = request
        for ended in (request.cancelled, request.failed):
            ended.connect(lambda *_: cancelled() if self._request is request else None)

    def _leave(self) -> None:
        self._posing = None
        self._finish()

    def _finish(self) -> None:
        self._request, self._stopping = None, False
        self._dock.set_running(False)
        self._update()

    def _choose_shape(self) -> None:
        gallery = str(self._settings.value("gallery", "")).strip()
        if not gallery:
            self._shell.say(tr("Choose a folder of shapes in the Gallery first (its button is at the top right)."))
            return
        photos = tuple(self._as_opened(one) for one in self.collection.photos)

        def done(found: tuple[str, str]) -> None:
            self._shell.say(tr("{name} fits the photos best and is opened.").format(name=Path(found[0]).name))
            self._requests.open(SHAPE, item_for(found[0]).with_up(found[1]))

        self._requests.run("choose_canonical", done, photos=photos, gallery=gallery, encoder=self._session.encoder)

    def _items_changed(self) -> None:
        if self._posing is not None:
            QTimer.singleShot(0, self, self._show_pose)  # not within the step that opens the photo

    def _show_pose(self) -> None:
        """Give the photo that was opened its pose."""
        if self._posing is None:
            return
        one = self._posing
        image, shape = (self._session.items.get(slot) for slot in (IMAGE, SHAPE))
        if image is None or image.path != one.item.path:
            return
        self._posing = None
        if one.poses and one.K is not None and shape == self.collection.shape:
            poses = (one.poses[one.choice], *(p for i, p in enumerate(one.poses) if i != one.choice))
            aligned = Aligned(IMAGE, SHAPE, one.K, poses, 0, one.mask)
            text = tr("Show the pose of {name}").format(name=one.item.name)
            self._session.undo_stack.push(SetAligned(self._session, text, {(IMAGE, SHAPE): aligned}))

    def _fixable(self) -> tuple[int | None, Aligned | None]:
        item = self._session.items.get(IMAGE)
        aligned = self._session.aligned.get((IMAGE, SHAPE))
        if item is None or aligned is None or aligned.pose is None:
            return None, None
        return self.collection.number_of(item), aligned

    def _update(self) -> None:
        number, _ = self._fixable()
        photos = self.collection.photos
        opened, opening = SHAPE in self._session.items, self._requests.is_reading(SHAPE)
        shape: ShapeState = "open" if opened else "opening" if opening else ""
        self._dock.set_state(len(photos), shape, self.collection.joined, number is not None)
        if not photos:
            self._dock.about.setText(HELP)
            return
        posed = [one for one in photos if one.poses]
        outliers, copies = sum(not one.inlier for one in posed), sum(bool(one.copy_of) for one in posed)
        text = tr("{photos} photos").format(photos=len(photos))
        if posed:
            text += tr(", {posed} posed").format(posed=len(posed)) + (
                tr(", {outliers} outliers").format(outliers=outliers) if outliers else ""
            )
        if copies:
            text += tr(", {copies} not counted (nearly the same picture as another)").format(copies=copies)
        if self.collection.joined:
            text += tr(
                ". Click a place in a photo to see it in all of them and on the shape; double-click opens the photo."
            )
        self._dock.about.setText(text)

    def _carry(self, what: str) -> None:
        drawing = self._drawing(what)
        if what != "nothing" and drawing is None:
            return
        self._push(
            tr("Draw on all photos") if drawing else tr("Remove the drawing"), replace(self.collection, drawing=drawing)
        )

    def _drawing(self, what: str) -> Drawing | None:
        """What there is to carry; says so where there is nothing."""
        if what == "nothing":
            return None
        if what == "picture":
            number = self._dock.strip.chosen()
            if number is None:
                self._shell.say(
                    tr("Click the photo of the collection that the picture belongs to, then choose this again.")
                )
                return None
            path, _ = QFileDialog.getOpenFileName(self._dock, tr("Picture to lay over the object"), "", IMAGES)
            return Drawing(number, picture=path) if path else None
        slot: Slot = SHAPE
        number = None
        if what == "photo":
            item = self._session.items.get(IMAGE)
            slot = IMAGE
            number = self.collection.number_of(item)
            if number is None:
                self._shell.say(
                    tr("First open a photo of the collection (double-click) and mark parts in it (Ctrl+2).")
                )
                return None
        parts = [part for part in self._session.layers.parts if part.visible and slot in part.masks]
        if not parts:
            self._shell.say(
                tr("No parts are marked on {name}; mark them with the tools of the task Parts.").format(
                    name=self._name(slot)
                )
            )
            return None
        return Drawing(number, tuple((part.masks[slot], part.color) for part in parts))

    def _name(self, slot: Slot) -> str:
        item = self._session.items.get(slot)
        return slot if item is None else item.name

    def is_filled(self) -> bool:
        """Whether there are photos to go through."""
        return bool(self.collection.photos)

    def is_joined(self) -> bool:
        """Whether the photos are in one frame, to be written."""
        return self.collection.joined

    def export(self, what: str) -> None:
        """Write the collection into a folder; ``what`` is of ``EXPORTS``."""
        folder = QFileDialog.getExistingDirectory(
            self._dock, tr("Folder to write to"), str(self._settings.value("folder", ""))
        )
        if folder:
            self._requests.run(
                "export_collection",
                lambda saved: self._shell.say(
                    tr("Saved {saved} files in {folder}").format(saved=len(saved), folder=folder)
                ),
                collection=self.collection if what == "edited" else replace(self.collection, drawing=None),
                folder=folder,
                what=what,
            )

    def ask_photos(self) -> None:
        """Ask for photos to add."""
        folder = str(self._settings.value("folder", ""))
        paths, _ = QFileDialog.getOpenFileNames(self._dock, tr("Add photos"), folder, IMAGES)
        if paths:
            self._settings.setValue("folder", str(Path(paths[0]).parent))
            self.add(paths)
