"""What is known of the photos' cameras: intrinsics, measured depth, how the cameras of a rig stand to each other."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from app.document.commands import SetAligned
from app.document.session import Session, Slot, kind_of
from app.document.texts import tr
from app.shared.results import Begun
from app.shared.values import Aligned
from app.window.align.controller import Aligner, Pair
from app.window.align.dock import AlignPanel
from app.window.requests import Queries
from core.interchange.names import nearest_name


class Cameras(QObject):
    """Connects the camera menu of the align dock, files and the session."""

    def __init__(
        self, session: Session, queries: Queries, aligner: Aligner, dock: AlignPanel, parent: QObject | None = None
    ):
        super().__init__(parent)
        self._session, self._queries, self._aligner, self._dock = session, queries, aligner, dock
        dock.camera_wanted.connect(self.ask_camera)
        dock.estimate_wanted.connect(self.estimate_camera)
        dock.depth_wanted.connect(self.ask_depth)
        dock.rig_wanted.connect(self.ask_rig)
        dock.carry_wanted.connect(self.carry)
        aligner.shown.connect(self._show)

    def ask_camera(self) -> None:
        """Ask for a file with intrinsics, or forget those that came from one."""
        if self._aligner.camera:
            self._aligner.camera = ""
            self._dock.set_camera("")
            return
        path, _ = QFileDialog.getOpenFileName(
            self._dock,
            tr("Open intrinsics"),
            "",
            tr("Cameras (*.json *.txt *.yaml *.yml *.xml *.npy *.npz *.bin);;All files (*)"),
        )
        if path:
            self.open_camera(path)

    def open_camera(self, path: str) -> None:
        """Take intrinsics from a file."""

        pair = self._aligner.pair()

        def done(_: object) -> None:
            self._aligner.camera = path
            self._dock.set_camera(Path(path).name)

        image = self._session.items[pair[0]] if pair is not None else None
        self._queries.run("read_camera", done, path=path, image=image)

    def ask_depth(self) -> None:
        """Ask for a file with the photo's depth, or forget it."""
        pair = self._aligner.pair()
        if pair is None:
            return
        if self._aligner.depths.pop(self._session.items[pair[0]].path, None) is not None:
            self._show()
            return
        path, _ = QFileDialog.getOpenFileName(
            self._dock,
            tr("Open measured depth of the photo"),
            "",
            tr("Depth (*.png *.npy *.exr *.tif *.tiff);;All files (*)"),
        )
        if path:
            self.open_depth(pair[0], path)

    def open_depth(self, slot: Slot, path: str) -> None:
        """Take the depth of a photo from a file."""

        image = self._session.items[slot]

        def done(_: object) -> None:
            self._aligner.depths[image.path] = path
            self._show()

        self._queries.run("read_depth", done, path=path, image=image)

    def ask_rig(self) -> None:
        """Ask for the cameras of a rig, or forget them."""
        if self._aligner.rig:
            self._aligner.rig = {}
            self._show()
            return
        path, _ = QFileDialog.getOpenFileName(
            self._dock, tr("Open the cameras of a rig (transforms.json, or images.txt of COLMAP)"), "", tr("Cameras (*.json *.txt *.bin)")
        )  # fmt: skip
        if path:
            self.open_rig(str(Path(path).parent) if path.endswith((".txt", ".bin")) else path)

    def open_rig(self, path: str) -> None:
        """Take the cameras of all photos of a rig from a file."""

        def done(rig: dict) -> None:
            self._aligner.rig = rig
            self._show()

        self._queries.run("read_rig", done, path=path)

    def carry(self) -> None:
        """The pose that is shown, and the others behind it as all photos together agree with them, in the rig's other open photos."""
        whole, known, others = self._aligner.pair(), self._aligner.current(), self._others()
        if whole is None or known is None or known.pose is None or not others:
            return
        pairs: list[Pair] = [(image, whole[1]) for image in (whole[0], *others)]

        def done(found: list[Begun]) -> None:
            changes: dict[Pair, Aligned | None] = {}
            for pair, begun in zip(pairs, found, strict=True):
                before = self._session.aligned.get(pair) or Aligned(*pair)
                changes[pair] = replace(
                    before, K=begun.K, poses=tuple(begun.poses), choice=0, mask=begun.mask, lens=begun.lens
                )
            self._session.undo_stack.push(SetAligned(self._session, tr("Carry pose to the rig"), changes))

        tasks = [self._aligner.task(pair, known if pair == whole else None) for pair in pairs]
        rig = self._aligner.rig
        cameras = [rig[nearest_name(list(rig), task.image.path) or ""] for task in tasks]
        first = known.poses[known.choice]
        poses = [first, *(pose for pose in known.poses if pose != first)]
        self._queries.run("carry_poses", done, tasks=tasks, cameras=cameras, poses=poses)

    def _others(self) -> list[Slot]:
        """The open photos of the rig beside the one that is meant; none where that is not of the rig."""
        pair, items = self._aligner.pair(), self._session.items
        there = [
            slot for slot, item in items.items() if kind_of(slot) == "image" and nearest_name(list(self._aligner.rig), item.path)
        ]  # fmt: skip
        return [slot for slot in there if slot != pair[0]] if pair is not None and pair[0] in there else []

    def estimate_camera(self) -> None:
        """The field of view that the photo agrees with best, and the poses for it."""
        known = self._aligner.current()
        if known is None or not known.poses:
            return
        poses = [known.poses[known.choice], *(p for i, p in enumerate(known.poses) if i != known.choice)][:2]
        task = self._aligner.task((known.image, known.shape), known)  # type: ignore[arg-type]
        self._queries.run(
            "estimate_camera", partial(self._estimated, known), task=task, poses=poses, dof=self._dock.dof.currentData()
        )

    def _estimated(self, known: Aligned, found: tuple[float, Begun]) -> None:
        field, begun = found
        self._aligner.camera = ""
        self._dock.set_camera("")
        self._dock.fov.setValue(field)
        again = replace(known, K=begun.K, poses=tuple(begun.poses), choice=0, lens=None)
        self._aligner.push(tr("Estimate field of view: {field:.0f}°").format(field=field), again)

    def _show(self) -> None:
        """What the camera menu says."""
        pair, known = self._aligner.pair(), self._aligner.current()
        depth = self._aligner.depths.get(self._session.items[pair[0]].path, "") if pair is not None else ""
        carries = bool(self._others()) and known is not None and known.pose is not None
        self._dock.set_known(Path(depth).name, len(self._aligner.rig), carries)
