"""What is known of the photos' cameras: intrinsics, measured depth, how the cameras of a rig stand to each other."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from app.document.commands import SetAligned, SetCameras, Together
from app.document.scene_commands import Asked
from app.document.session import Pair, Session
from app.document.texts import tr
from app.shared.results import Begun
from app.shared.values import Aligned, Cameras, RigCamera, Slot, item_for, kind_of
from app.window.align.controller import AlignController
from app.window.align.dock import AlignPanel
from app.window.requests import Requests


class CameraController(QObject):
    """Connects the camera menu of the pose panel, files and the session."""

    def __init__(
        self,
        session: Session,
        requests: Requests,
        aligner: AlignController,
        dock: AlignPanel,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._requests, self._aligner, self._dock = session, requests, aligner, dock
        dock.camera_requested.connect(self.ask_camera)
        dock.estimate_requested.connect(self.estimate_camera)
        dock.depth_requested.connect(self.ask_depth)
        dock.rig_requested.connect(self.ask_rig)
        dock.carry_requested.connect(self.carry)
        aligner.shown.connect(self._show)
        session.follow({"cameras", "items"}, self._show)

    def ask_camera(self) -> None:
        """Ask for a file with intrinsics, or forget those that came from one."""
        cameras = self._session.cameras
        if cameras.file is not None:
            text = tr("Forget the intrinsics of {name}").format(name=cameras.file.name)
            self._push(text, replace(cameras, file=None))
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
        file, pair = item_for(path), self._aligner.pair()

        def done(_: object) -> None:
            text = tr("Use the intrinsics of {name}").format(name=file.name)
            self._push(text, replace(self._session.cameras, file=file))

        image = self._session.items[pair[0]] if pair is not None else None
        self._requests.run("read_camera", done, path=path, image=image)

    def ask_depth(self) -> None:
        """Ask for a file with the photo's depth, or forget it."""
        pair = self._aligner.pair()
        if pair is None:
            return
        photo, cameras = self._session.items[pair[0]], self._session.cameras
        known = cameras.depth_of(photo)
        if known is not None:
            self._push(tr("Forget the depth of {depth}").format(depth=known.name), cameras.with_depth(photo, None))
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
        photo, file = self._session.items[slot], item_for(path)

        def done(_: object) -> None:
            text = tr("Use the depth of {name}").format(name=file.name)
            self._push(text, self._session.cameras.with_depth(photo, file))

        self._requests.run("read_depth", done, path=path, image=photo)

    def ask_rig(self) -> None:
        """Ask for the cameras of a rig, or forget them."""
        cameras = self._session.cameras
        if cameras.rig:
            text = tr("Forget the {cameras} cameras of the rig").format(cameras=len(cameras.rig))
            self._push(text, replace(cameras, rig=()))
            return
        path, _ = QFileDialog.getOpenFileName(
            self._dock,
            tr("Open the cameras of a rig (transforms.json, or images.txt of COLMAP)"),
            "",
            tr("Cameras (*.json *.txt *.bin)"),
        )
        if path:
            self.open_rig(str(Path(path).parent) if path.endswith((".txt", ".bin")) else path)

    def open_rig(self, path: str) -> None:
        """Take the cameras of all photos of a rig from a file."""

        def done(rig: tuple[RigCamera, ...]) -> None:
            text = tr("Use the cameras of {name}").format(name=Path(path).name)
            self._push(text, replace(self._session.cameras, rig=rig))

        self._requests.run("read_rig", done, path=path)

    def _push(self, text: str, cameras: Cameras) -> None:
        self._session.undo_stack.push(SetCameras(self._session, text, cameras))

    def carry(self) -> None:
        """Carry the pose that is shown to the rig's other open photos.

        The other poses come behind it, as all photos together agree with them.
        """
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
            self._session.undo_stack.push(SetAligned(self._session, tr("Transfer the pose to the rig"), changes))

        tasks = [self._aligner.task(pair, known if pair == whole else None) for pair in pairs]
        cameras = [self._session.cameras.of_rig(task.image) for task in tasks]
        first = known.poses[known.choice]
        poses = [first, *(pose for pose in known.poses if pose != first)]
        self._requests.run("carry_poses", done, tasks=tasks, cameras=cameras, poses=poses)

    def _others(self) -> list[Slot]:
        """The open photos of the rig beside the one that is meant; none where that is not of the rig."""
        pair, items = self._aligner.pair(), self._session.items
        images = [slot for slot in items if kind_of(slot) == "image"]
        there = [slot for slot in images if self._session.cameras.of_rig(items[slot]) is not None]
        return [slot for slot in there if slot != pair[0]] if pair is not None and pair[0] in there else []

    def estimate_camera(self) -> None:
        """The field of view that the photo agrees with best, and the poses for it."""
        known = self._aligner.current()
        if known is None or not known.poses:
            return
        poses = [known.poses[known.choice], *(p for i, p in enumerate(known.poses) if i != known.choice)][:2]
        task = self._aligner.task((known.image, known.shape), known)
        asked = Asked.now(self._session, (known.image, known.shape))
        done = partial(self._estimated, known, asked)
        self._requests.run("estimate_camera", done, task=task, poses=poses, dof=self._dock.dof.currentData())

    def _estimated(self, known: Aligned, asked: Asked, found: tuple[float, Begun]) -> None:
        field, begun = found
        if not asked.is_open(self._session):
            return
        again = replace(known, K=begun.K, poses=tuple(begun.poses), choice=0, lens=None)
        text = tr("Estimate field of view: {field:.0f}°").format(field=field)
        without = replace(self._session.cameras, file=None)
        step = Together(
            self._session,
            text,
            SetCameras(self._session, text, without),
            SetAligned(self._session, text, {(known.image, known.shape): again}),
        )
        self._session.undo_stack.push(step)
        self._dock.fov.setValue(field)
        self._aligner.estimated = self._dock.fov.value()

    def _show(self) -> None:
        """What the camera menu says."""
        pair, known, cameras = self._aligner.pair(), self._aligner.current(), self._session.cameras
        depth = cameras.depth_of(self._session.items[pair[0]]) if pair is not None else None
        carries = bool(self._others()) and known is not None and known.pose is not None
        self._dock.set_camera(cameras.file.name if cameras.file else "")
        self._dock.set_known(depth.name if depth else "", len(cameras.rig), carries)
