"""Aligning a shape to a photo from the window, with the pose shown as it improves."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.document.commands import SetAligned
from app.document.session import Session, Slot, kind_of
from app.document.texts import tr
from app.shared.results import Begun, Drawn, PoseSoFar
from app.shared.values import Aligned, AlignTask, PoseInPhoto
from app.window.align.dock import AlignPanel
from app.window.engine_client import Request
from app.window.matching.presenter import Panels
from app.window.requests import Queries
from app.window.views.image import ImagePanel
from app.window.views.mesh import MeshPanel
from core.alignment.verdict import judge
from core.geometry.pose import camera_matrix, frustum
from core.interchange.names import nearest_name

VERDICTS = {
    "good": tr("Good: the silhouette fits, and no other pose comes near."),
    "rival": tr("Unsure: another pose fits nearly as well."),
    "misfit": tr(
        "Unsure: the silhouette does not fit the object well. Look at the other poses, draw the box tighter, or place pairs."
    ),
}

SKETCH = 200
"""Pixels along the longer side of a pose drawn while it changes."""

Pair = tuple[Slot, Slot]


class Aligner(QObject):
    """Connects the align dock, the engine and the session.

    Attributes:
        camera: a file with the cameras of all photos, or "".
        depths: files with measured depth, by the photo's path.
        rig: :class:`core.interchange.poses.View` of the photos of a rig, by their names.

    Signals:
        shown(): the poses of the document were drawn anew.
    """

    shown = Signal()

    def __init__(
        self, session: Session, queries: Queries, panels: Panels, dock: AlignPanel, parent: QObject | None = None
    ):
        super().__init__(parent)
        self._session, self._queries, self._panels, self._dock = session, queries, panels, dock
        self.active: Slot = "image 1"
        self.camera = ""
        self.depths: dict[str, str] = {}
        self.rig: dict[str, Any] = {}
        self._request: Request | None = None
        dock.wanted.connect(self.start)
        dock.stopped.connect(self.stop)
        dock.forgotten.connect(lambda: self.push(tr("Clear pose"), None))
        dock.chosen.connect(self._choose)
        dock.style_changed.connect(self._show)
        session.aligned_changed.connect(self._show)
        session.item_changed.connect(self._items_changed)
        for panel in self._images().values():
            dock.opacity_changed.connect(panel.view.overlays.setOpacity)
            dock.swiped.connect(panel.view.overlays.swipe)

    def pair(self) -> Pair | None:
        """The photo and the shape that are meant: of the panels used last, or the first that are filled."""
        there = [slot for slot in (self.active, *self._panels) if slot in self._session.items]
        image = next((slot for slot in there if kind_of(slot) == "image"), None)
        shape = next((slot for slot in there if kind_of(slot) == "shape"), None)
        return None if image is None or shape is None else (image, shape)

    def current(self) -> Aligned | None:
        """What is known of :meth:`pair`."""
        pair = self.pair()
        return None if pair is None else self._session.aligned.get(pair)

    def activate(self, slot: Slot) -> None:
        """The panel that was used last."""
        before, self.active = self.pair(), slot
        if self.pair() != before:
            self._show()

    def push(self, text: str, aligned: Aligned | None) -> None:
        """Change what is known of the pair, as a step that can be undone."""
        pair = (aligned.image, aligned.shape) if aligned is not None else self.pair()
        if pair is not None:
            self._session.undo_stack.push(SetAligned(self._session, text, {pair: aligned}))  # type: ignore[dict-item]

    def task(self, pair: Pair, known: Aligned | None = None) -> AlignTask:
        """What a request about a pair is about; mask and camera are those of ``known``, or else what the dock says."""
        image, shape = (self._session.items[slot] for slot in pair)
        mask, K, lens = (known.mask, known.K, known.lens) if known is not None else (None, None, None)
        name = nearest_name(list(self.rig), image.path)
        if K is None and name is not None:
            K, lens = tuple(self.rig[name].K[[0, 1, 0, 1], [0, 1, 2, 2]].tolist()), self.rig[name].lens
        fov, depth = self._dock.fov.value() or None, self.depths.get(image.path, "")
        return AlignTask(image, shape, self._session.encoder, mask, K, fov, depth, lens, self.camera)

    def start(self) -> None:
        """Align the shape to the photo; the likeliest pose is drawn while it gets better."""
        pair = self.pair()
        if pair is None or self._request is not None:
            return
        known = self._session.aligned.get(pair)
        self._dock.set_running(True)

        def done(found: Begun) -> None:
            self._finish()
            pairs = known.pairs if known else ()
            aligned = Aligned(*pair, found.K, tuple(found.poses), 0, found.mask, pairs, found.lens)
            self.push(tr("Align {shape} to {image}").format(shape=pair[1], image=pair[0]), aligned)

        request = self._queries.run(
            "align_shape", done, task=self.task(pair), dof=self._dock.dof.currentData(), locked=self._dock.locked
        )
        self._request = request
        request.told.connect(lambda so_far: self._sketch(pair, so_far))
        request.failed.connect(self._give_up)
        request.cancelled.connect(self._give_up)

    def stop(self) -> None:
        if self._request is not None:
            self._request.cancel()

    def _sketch(self, pair: Pair, so_far: PoseSoFar) -> None:
        self.draw(Aligned(*pair, so_far.K, lens=so_far.lens), so_far.pose, SKETCH)

    def _give_up(self, *_: object) -> None:
        self._finish()
        self._show()

    def _finish(self) -> None:
        self._request = None
        self._dock.set_running(False)

    def draw(self, aligned: Aligned, pose: PoseInPhoto, most: int = 0) -> None:
        """Lay a shape over the photo as a pose puts it; ``most`` for a picture that is soon replaced."""
        items, panel = self._session.items, self._panels[aligned.image]  # type: ignore[index]
        if aligned.image not in items or aligned.shape not in items or not isinstance(panel, ImagePanel):
            return

        during = self._request

        def done(drawn: Drawn) -> None:
            if during is None or during is self._request:  # else it is of an alignment that was stopped
                panel.set_overlay(aligned.shape, drawn.rgba, drawn.box)

        image, shape = items[aligned.image], items[aligned.shape]  # type: ignore[index]
        arguments: dict[str, Any] = {
            "image": image,
            "shape": shape,
            "K": aligned.K,
            "pose": pose,
            "style": self._dock.style_name,
            "lens": aligned.lens,
        }
        if most:
            arguments["most"] = most
        self._queries.ask("draw_pose", f"pose {aligned.image} {aligned.shape}", done, **arguments)

    def _show(self) -> None:
        """The poses of the document."""
        posed = {pair: a for pair, a in self._session.aligned.items() if a.pose is not None}
        for slot, panel in self._images().items():
            for name in panel.view.overlays.shown():
                if (slot, name) not in posed:
                    panel.set_overlay(name, None)
        for shape, mesh in ((s, p) for s, p in self._panels.items() if isinstance(p, MeshPanel)):
            for image in self._images():
                aligned = posed.get((image, shape))
                mesh.set_frustum(image, None if aligned is None else self._frustum(aligned))
        for aligned in posed.values():
            assert aligned.pose is not None
            self.draw(aligned, aligned.pose)
        self._fill_dock()
        self.shown.emit()

    def _fill_dock(self) -> None:
        aligned = self.current()
        if aligned is None:
            self._dock.set_poses([], 0, "")
            return
        lines = [
            tr("{number}. score {score:.3f} · overlap {overlap:.0%}").format(
                number=number, score=pose.score, overlap=pose.overlap
            )
            for number, pose in enumerate(aligned.poses, 1)
        ]
        self._dock.set_poses(lines, aligned.choice, _verdict(aligned))

    def _frustum(self, aligned: Aligned) -> Any:
        """Of the photo's camera in the shape's frame, see :class:`app.window.views.frustums.Frustums`."""
        panel = self._panels[aligned.image]  # type: ignore[index]
        assert isinstance(panel, ImagePanel) and aligned.K is not None and aligned.pose is not None
        shape = self._panels[aligned.shape]  # type: ignore[index]
        assert isinstance(shape, MeshPanel)
        return frustum(aligned.pose.pose(), camera_matrix(*aligned.K), panel.image_size, shape.middle())

    def _images(self) -> dict[Slot, ImagePanel]:
        return {slot: panel for slot, panel in self._panels.items() if isinstance(panel, ImagePanel)}

    def _choose(self, index: int) -> None:
        aligned = self.current()
        if aligned is not None and index != aligned.choice:
            self.push(tr("Choose pose"), replace(aligned, choice=index))

    def _items_changed(self, _: object) -> None:
        self._dock.set_ready(self.pair() is not None)


def _verdict(aligned: Aligned) -> str:
    if aligned.pose is None:
        return tr("{pairs} of at least 3 pairs are placed.").format(pairs=len(aligned.pairs))
    text = VERDICTS[judge([pose.score for pose in aligned.poses], aligned.pose.overlap, aligned.choice)]
    return text
