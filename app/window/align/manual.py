"""Poses changed by hand: shapes dragged in the photo, and pairs of places that belong together."""

from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject

from app.document.session import Pair
from app.document.texts import title, tr
from app.shared.results import Begun, OpenedShape
from app.shared.values import Aligned, Correspondence2D3D, PoseInPhoto, Slot, kind_of
from app.window.align.controller import SKETCH, AlignController
from app.window.align.dock import AlignPanel
from app.window.services import Services
from app.window.views.image import ImagePanel
from app.window.views.mesh import MeshPanel
from app.window.views.panels import image_panels
from app.window.views.pose_handles import RADIUS, TOOLS
from core.geometry import handles
from core.geometry.pose import Pose, camera_matrix, project

PUSH = 1.03
"""Nearer or farther by this factor with every step of the wheel."""

STEEP = 0.3
"""An axis that appears shorter than this points at the camera: it is turned about as a wheel is."""


class ManualPose(QObject):
    """Connects the tools of the pose panel, the handles in the photo and the session."""

    def __init__(self, use: Services, aligner: AlignController, dock: AlignPanel):
        super().__init__(use.parent)
        self._session, self._requests, self._panels, self._shell = use.session, use.requests, use.panels, use.shell
        self._aligner, self._tools, self._dock = aligner, use.tools, dock
        self._middles: dict[Slot, npt.NDArray] = {}
        self._half: tuple[Slot, tuple[float, ...]] | None = None
        self._half_of: Pair | None = None
        use.tools.changed.connect(self._take)
        dock.tool_requested.connect(use.tools.take)
        dock.pairs.deleted.connect(self.delete_pairs)
        dock.view_requested.connect(self.look_as_photo)
        use.requests.opened.connect(self._opened)
        aligner.shown.connect(self._place_handles)
        aligner.shown.connect(self._pair_changed)
        use.session.leaving.connect(self._forget_half)
        for slot, panel in image_panels(use.panels).items():
            panel.view.posed.connect(partial(self._drag, slot))
            panel.view.pushed.connect(partial(self._push, slot))

    def click(self, slot: Slot, at: tuple[float, ...]) -> bool:
        """Whether a click in a panel is one half of a pair; with both halves it is placed."""
        pair = self._aligner.pair()
        if pair is None or slot not in pair:
            return False
        if self._half is None or self._half_of != pair or kind_of(self._half[0]) == kind_of(slot):
            self._begin_pair(pair, slot, at)
            return True
        pixel, point = (at, self._half[1]) if kind_of(slot) == "image" else (self._half[1], at)
        self._forget_half()
        known = self._aligner.current() or Aligned(*pair)
        new = Correspondence2D3D((pixel[0], pixel[1]), (point[0], point[1], point[2]))
        placed = replace(known, pairs=(*known.pairs, new))
        self._settle_pairs(tr("Place pair"), placed)
        return True

    def delete_pairs(self, numbers: list[int]) -> None:
        """Delete pairs by their numbers from 1 on; the pose follows those that are left."""
        known = self._aligner.current()
        if known is not None:
            left = tuple(one for number, one in enumerate(known.pairs, 1) if number not in numbers)
            text = tr("Delete pair") if len(numbers) == 1 else tr("Delete {count} pairs").format(count=len(numbers))
            self._settle_pairs(text, replace(known, pairs=left))

    def _settle_pairs(self, text: str, placed: Aligned) -> None:
        """Other pairs enter the document; with three and more the pose follows them."""
        if len(placed.pairs) >= 3:
            self._solve(text, placed)
        else:
            self._aligner.push(text, placed if placed.pairs or placed.poses else None)

    def _solve(self, text: str, placed: Aligned) -> None:
        """The pose that the pairs demand."""
        take = self._aligner.asking((placed.image, placed.shape))

        def done(begun: Begun) -> None:
            solved = replace(placed, K=begun.K, poses=tuple(begun.poses), choice=0, mask=begun.mask, lens=begun.lens)
            take(text, solved)

        def failed(*_: object) -> None:
            take(text, placed)

        known = replace(placed, K=None, lens=None) if self._session.cameras.file else placed
        task = self._aligner.task((placed.image, placed.shape), known)
        request = self._requests.run(
            "solve_pairs",
            done,
            task=task,
            pairs=placed.pairs,
            start=placed.pose,
            dof=self._dock.dof.currentData(),
            locked=self._dock.locked,
        )
        request.failed.connect(failed)

    def _begin_pair(self, pair: Pair, slot: Slot, at: tuple[float, ...]) -> None:
        self._half, self._half_of = (slot, at), pair
        self._tools.hint_changed.emit()

    def _forget_half(self) -> None:
        self._half = self._half_of = None
        self._tools.hint_changed.emit()

    def _pair_changed(self) -> None:
        """What was clicked for another pair of panels is no half of this one's."""
        if self._half_of is not None and self._aligner.pair() != self._half_of:
            self._forget_half()

    def hint(self) -> str:
        """What the next click does while pairs are placed."""
        if self._half is None:
            return tr("Click a place in the photo or on the shape, then the same place on the other one")
        where = tr("on the shape") if kind_of(self._half[0]) == "image" else tr("in the photo")
        return tr("Now click the same place {where}").format(where=where)

    def _take(self, tool: str) -> None:
        self._forget_half()
        self._dock.show_tool(tool)
        for panel in image_panels(self._panels).values():
            panel.view.handles.take(tool if tool in TOOLS else "")
        aligned = self._aligner.current()
        if tool in TOOLS and (aligned is None or aligned.pose is None):
            self.begin()
        self._place_handles()

    def begin(self, path: str = "") -> None:
        """A pose to go on from: the shape's front, or that of a file."""
        pair = self._aligner.pair()
        if pair is None:
            return
        known, take = self._session.aligned.get(pair) or Aligned(*pair), self._aligner.asking(pair)

        def done(begun: Begun) -> None:
            placed = replace(known, K=begun.K, poses=tuple(begun.poses), choice=0, mask=begun.mask, lens=begun.lens)
            take(tr("Open pose") if path else tr("Place shape"), placed)

        self._requests.run("place_pose", done, task=self._aligner.task(pair), path=path)

    def save(self, path: str, file_format: str | None) -> None:
        """Write the pose that is shown."""
        aligned = self._aligner.current()
        if aligned is not None and aligned.pose is not None:
            image, shape = self._session.items[aligned.image], self._session.items[aligned.shape]
            self._requests.run(
                "save_pose",
                self._shell.saved,
                path=path,
                file_format=file_format,
                image=image,
                shape=shape,
                K=aligned.K,
                pose=aligned.pose,
                lens=aligned.lens,
            )

    def _drag(self, slot: Slot, handle: str, start: tuple, at: tuple, done: bool) -> None:
        aligned = self._aligner.current()
        if aligned is None or aligned.pose is None or aligned.image != slot or aligned.shape not in self._middles:
            return
        before = aligned.pose.pose()
        if aligned.lens is not None:
            start, at = aligned.lens.undistort_pixels(np.array([start, at], float), _matrix(aligned))
            if not np.isfinite([start, at]).all():
                return
        after = self._changed(aligned, before, handle, np.array(start), np.array(at))
        middle = self._middles[aligned.shape]
        self._settle(aligned, handles.held(before, after, middle, self._dock.locked), done, title(self._tools.active))

    def _changed(self, aligned: Aligned, pose: Pose, handle: str, start: npt.NDArray, at: npt.NDArray) -> Pose:
        """What a drag with the present tool makes of a pose."""
        panel, middle, K = self._panels[aligned.image], self._middles[aligned.shape], _matrix(aligned)
        assert isinstance(panel, ImagePanel)
        center, radius = project(pose, K, middle)[0], RADIUS / panel.view.zoom
        axis, way = (int(handle), at - start) if handle != "free" else (-1, at - start)
        if self._tools.active == "move":
            if axis < 0:
                return handles.moved(pose, K, middle, start, at)
            return handles.moved_along(pose, K, middle, axis, start, at)
        if self._tools.active == "turn":
            if axis < 0:
                return handles.arcball(pose, K, middle, radius, start, at)
            return handles.turned_about(pose, middle, axis, _angle(pose.R[:, axis], center, radius, start, at))
        if axis < 0:
            reach = np.linalg.norm(at - center) / max(float(np.linalg.norm(start - center)), 1.0)
            return handles.scaled(pose, middle, np.full(3, reach))
        tip = pose.R[:2, axis] / max(float(np.linalg.norm(pose.R[:2, axis])), 1e-6)
        return handles.scaled(pose, middle, np.where(np.arange(3) == axis, np.exp(float(way @ tip) / radius), 1.0))

    def _push(self, slot: Slot, steps: float) -> None:
        aligned = self._aligner.current()
        if aligned is None or aligned.pose is None or aligned.image != slot or aligned.shape not in self._middles:
            return
        before, middle = aligned.pose.pose(), self._middles[aligned.shape]
        after = handles.held(before, handles.pushed(before, middle, PUSH**-steps), middle, self._dock.locked)
        self._settle(aligned, after, True, tr("Move"))

    def _settle(self, aligned: Aligned, pose: Pose, done: bool, what: str) -> None:
        """Show a pose; when the drag is ``done`` it gets its score and enters the document."""
        assert aligned.pose is not None
        shown = PoseInPhoto.of(pose)
        self._show_handles(aligned, pose)
        self._aligner.draw(aligned, shown, SKETCH)
        if not done:
            return
        take = self._aligner.asking((aligned.image, aligned.shape))

        def scored(found: PoseInPhoto) -> None:
            poses = list(aligned.poses)
            poses[aligned.choice] = found
            take(f"{what} {title(aligned.shape)}", replace(aligned, poses=tuple(poses)))

        task = self._aligner.task((aligned.image, aligned.shape), aligned)
        self._requests.run("score_pose", scored, task=task, pose=shown)

    def _place_handles(self) -> None:
        aligned = self._aligner.current()
        for slot, panel in image_panels(self._panels).items():
            if aligned is None or aligned.pose is None or aligned.image != slot:
                panel.view.handles.place(None)
        if aligned is not None and aligned.pose is not None and aligned.shape in self._middles:
            self._show_handles(aligned, aligned.pose.pose())

    def _show_handles(self, aligned: Aligned, pose: Pose) -> None:
        panel, middle = self._panels[aligned.image], self._middles[aligned.shape]
        assert isinstance(panel, ImagePanel)
        u, v = project(pose, _matrix(aligned), middle)[0]
        if aligned.lens is not None:
            u, v = aligned.lens.distort_pixels(np.array([u, v]), _matrix(aligned))
        axes = tuple((float(x), float(y)) for x, y in pose.R[:2].T)
        panel.view.handles.place((float(u), float(v)), axes)

    def _opened(self, slot: Slot, content: object) -> None:
        if isinstance(content, OpenedShape):
            points = content.mesh.points
            self._middles[slot] = (points.min(0).astype(float) + points.max(0)) / 2
            self._place_handles()

    def look_as_photo(self) -> None:
        """The shape in its panel as the photo's camera sees it."""
        aligned = self._aligner.current()
        if aligned is None or aligned.pose is None or aligned.K is None:
            return
        mesh, panel = self._panels[aligned.shape], self._panels[aligned.image]
        assert isinstance(mesh, MeshPanel) and isinstance(panel, ImagePanel)
        pose, middle = aligned.pose.pose(), self._middles[aligned.shape]
        eye, above = pose.inverse(np.zeros(3)), pose.inverse(np.array([0.0, -1.0, 0.0]))
        box = panel.box or (0, 0, *panel.image_size)
        span = max(box[2] - box[0], box[3] - box[1]) * 1.3
        angle = float(np.degrees(2 * np.arctan(span / 2 / aligned.K[1])))
        mesh.look_from(eye, middle, above - eye, angle)


def _angle(axis: npt.NDArray, center: npt.NDArray, radius: float, start: npt.NDArray, at: npt.NDArray) -> float:
    """By how much a drag turns about an axis [3] (camera): its front goes with the mouse.

    One that points at the camera turns as a wheel.
    """
    across = np.array([-axis[1], axis[0]])
    length = float(np.linalg.norm(across))
    if length >= STEEP:
        return float((at - start) @ across) / (radius * length)
    a, b = start - center, at - center
    turn = float(np.arctan2(a[0] * b[1] - a[1] * b[0], a @ b))
    return turn if axis[2] > 0 else -turn


def _matrix(aligned: Aligned) -> npt.NDArray:
    assert aligned.K is not None
    return camera_matrix(*aligned.K)
