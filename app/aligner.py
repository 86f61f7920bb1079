"""Aligning a shape to a photo from the window: hypotheses, then a few steps at a time with the pose shown as it improves."""

from dataclasses import replace

from PySide6.QtCore import QObject

from app.align_jobs import ROUNDS, Begun, Drawn
from app.commands import SetAligned
from app.documents import Aligned, PoseInPhoto
from app.engine import Request
from app.panels.align import AlignPanel
from app.panels.image import ImagePanel
from app.presenter import Panels
from app.queries import Queries
from app.session import Session, Slot, kind_of
from core.alignment.verdict import judge

VERDICTS = {
    "good": "Good: the silhouette fits, and no other pose comes near.",
    "rival": "Unsure: another pose fits nearly as well.",
    "misfit": "Unsure: the silhouette does not fit the object well. Look at the other poses, or draw the box tighter.",
}


class Aligner(QObject):
    """Connects the align dock, the engine and the session."""

    def __init__(
        self, session: Session, queries: Queries, panels: Panels, dock: AlignPanel, parent: QObject | None = None
    ):
        super().__init__(parent)
        self._session, self._queries, self._panels, self._dock = session, queries, panels, dock
        self.active: Slot = "image 1"
        self._request: Request | None = None
        self._shown: tuple[Slot, PoseInPhoto] | None = None
        dock.wanted.connect(self.start)
        dock.stopped.connect(self.stop)
        dock.forgotten.connect(lambda: session.undo_stack.push(SetAligned(session, "Clear pose", None)))
        dock.chosen.connect(self._choose)
        dock.opacity_changed.connect(self._set_opacity)
        session.aligned_changed.connect(self._show)
        session.item_changed.connect(self._items_changed)

    def start(self) -> None:
        """Align the shape to the photo: of the panels used last, or the first that are filled."""
        pair = self._pair()
        if pair is None or self._request is not None:
            return
        image, shape = pair
        fov = self._dock.fov.value() or None
        self._dock.set_running(True)

        def done(begun: Begun) -> None:
            self._refine(image, shape, begun, begun.poses, 0)

        items = self._session.items
        self._run("begin_alignment", done, image=items[image], shape=items[shape], mask=None, fov=fov)

    def stop(self) -> None:
        if self._request is not None:
            self._request.cancel()

    def _pair(self) -> tuple[Slot, Slot] | None:
        slots: list[Slot] = [self.active, *self._panels]
        there = [slot for slot in slots if slot in self._session.items]
        image = next((slot for slot in there if kind_of(slot) == "image"), None)
        shape = next((slot for slot in there if kind_of(slot) == "shape"), None)
        return None if image is None or shape is None else (image, shape)

    def _refine(self, image: Slot, shape: Slot, begun: Begun, poses: list[PoseInPhoto], turn: int) -> None:
        """One request of the descent after another; every one is shown."""
        best = max(poses, key=lambda pose: pose.score)
        self._draw(image, shape, begun.K, best)
        if turn == ROUNDS:
            ranked = tuple(sorted(poses, key=lambda pose: -pose.score))
            self._finish()
            found = Aligned(image, shape, begun.K, ranked)
            self._session.undo_stack.push(SetAligned(self._session, f"Align {shape} to {image}", found))
            return

        def done(refined: list[PoseInPhoto]) -> None:
            better = [
                max(pair, key=lambda p: p.score) if turn == ROUNDS - 1 else pair[1]
                for pair in zip(poses, refined, strict=True)
            ]
            self._refine(image, shape, begun, better, turn + 1)

        items = self._session.items
        self._run(
            "refine_alignment", done, image=items[image], shape=items[shape], mask=begun.mask, K=begun.K, poses=poses,
            dof=self._dock.dof.currentData(), turn=turn,
        )  # fmt: skip

    def _run(self, job: str, done: object, **arguments: object) -> None:
        request = self._queries.run(job, done, encoder=self._session.encoder, **arguments)
        self._request = request
        request.failed.connect(lambda *_: self._finish())
        request.cancelled.connect(self._finish)

    def _finish(self) -> None:
        self._request = None
        self._dock.set_running(False)
        self._show()

    def _draw(self, image: Slot, shape: Slot, K: tuple[float, float, float, float], pose: PoseInPhoto) -> None:
        items, panel = self._session.items, self._panels[image]
        if image not in items or shape not in items or not isinstance(panel, ImagePanel):
            return

        def done(drawn: Drawn) -> None:
            panel.set_overlay(drawn.rgba, drawn.box)

        self._queries.ask("draw_pose", "pose", done, image=items[image], shape=items[shape], K=K, pose=pose)

    def _show(self) -> None:
        """The pose of the document, or nothing."""
        aligned = self._session.aligned
        if aligned is None:
            for panel in self._panels.values():
                if isinstance(panel, ImagePanel):
                    panel.set_overlay(None)
            self._dock.set_poses([], 0, "")
            return
        lines = [
            f"{number}. score {pose.score:.3f} · overlap {pose.overlap:.0%}"
            for number, pose in enumerate(aligned.poses, 1)
        ]
        self._dock.set_poses(lines, aligned.choice, _verdict(aligned))
        self._draw(aligned.image, aligned.shape, aligned.K, aligned.pose)  # type: ignore[arg-type]

    def _choose(self, index: int) -> None:
        aligned = self._session.aligned
        if aligned is not None and index != aligned.choice:
            chosen = replace(aligned, choice=index)
            self._session.undo_stack.push(SetAligned(self._session, "Choose pose", chosen))

    def _set_opacity(self, opacity: float) -> None:
        for panel in self._panels.values():
            if isinstance(panel, ImagePanel):
                panel.view.overlay.setOpacity(opacity)

    def _items_changed(self, _: object) -> None:
        self._dock.set_ready(self._pair() is not None)


def _verdict(aligned: Aligned) -> str:
    return VERDICTS[judge([pose.score for pose in aligned.poses], aligned.pose.overlap, aligned.choice)]
