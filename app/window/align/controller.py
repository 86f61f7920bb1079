"""Aligning a shape to a photo from the window, with the pose shown as it improves."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.document.commands import SetAligned
from app.document.scene_commands import Asked
from app.document.session import Fact, Pair
from app.document.texts import sureness, title, tr
from app.shared.results import Begun, Drawn, PoseSoFar
from app.shared.values import Aligned, AlignTask, PoseInPhoto, Slot
from app.window.align.dock import AlignPanel
from app.window.align.pairs import pair_rows
from app.window.align.pictures import PosePictures
from app.window.services import Services
from app.window.views.image import ImagePanel
from app.window.views.layers import Layer
from app.window.views.mesh import MeshPanel
from app.window.views.panels import image_panels, mesh_panels
from core.calibration import ASSUMED, SOUGHT, verdict_of
from core.geometry.pose import camera_matrix, frustum

if TYPE_CHECKING:
    from app.window.engine_client import Request

NEXT = tr("Choose another pose, draw a tighter box, or place pairs.")
NEXT_CAMERA = tr("Give the field of view, or open or solve the intrinsics under Camera.")
"""What helps where a pose is not sure."""

SKETCH = 200
"""Pixels along the longer side of a pose drawn while it changes."""


class AlignController(QObject):
    """Connects the pose panel, the engine and the session.

    Attributes:
        estimated: the last field of view in degrees that was estimated with a pose, which tells no camera.

    Signals:
        shown(): the poses of the document were drawn anew, or another pair of panels is meant.
    """

    shown = Signal()

    def __init__(self, use: Services, dock: AlignPanel):
        super().__init__(use.parent)
        self._session, self._requests, self._panels, self._layers = use.session, use.requests, use.panels, use.layers
        self.pair, self._dock = use.pair.slots, dock
        self._meant: Pair | None = None
        self.estimated: float | None = None
        self._request: Request | None = None
        dock.align_requested.connect(self.start)
        dock.stopped.connect(self.stop)
        dock.clear_requested.connect(lambda: self.push(tr("Clear pose"), None))
        dock.chosen.connect(self._choose)
        self._pictures = PosePictures(use.requests, self)
        self._pictures.drawn.connect(self._fill_dock)
        self._show_next_step()
        use.layers.drawing_changed.connect(self._show)
        use.session.changed.connect(self._follow)
        use.session.leaving.connect(self._finish)
        use.pair.changed.connect(self._pair_changed)
        use.content.shown.connect(self._panel_changed)
        for photo in image_panels(use.panels).values():
            photo.overlays_wanted.connect(self._show)

    def current(self) -> Aligned | None:
        """What is known of the pair that is worked on."""
        pair = self.pair()
        return None if pair is None else self._session.aligned.get(pair)

    def is_posed(self) -> bool:
        """Whether there is a pose to be written."""
        aligned = self.current()
        return aligned is not None and aligned.pose is not None

    def push(self, text: str, aligned: Aligned | None) -> None:
        """Change what is known of the pair, as a step that can be undone."""
        pair = (aligned.image, aligned.shape) if aligned is not None else self.pair()
        if pair is not None:
            self._session.undo_stack.push(SetAligned(self._session, text, {pair: aligned}))

    def asking(self, pair: Pair) -> Callable[[str, Aligned | None], None]:
        """How what is found for what is open now is taken: it is for these files, whatever is open by then."""
        asked = Asked.now(self._session, pair)

        def take(text: str, aligned: Aligned | None) -> None:
            step = asked.step(self._session, text, aligned)
            if step is not None:
                self._session.undo_stack.push(step)

        return take

    def task(self, pair: Pair, known: Aligned | None = None) -> AlignTask:
        """What a request about a pair is about; mask and camera are those of ``known``, or else what the panel says."""
        image, shape = (self._session.items[slot] for slot in pair)
        mask, K, lens = (known.mask, known.K, known.lens) if known is not None else (None, None, None)
        cameras = self._session.cameras
        of_rig, (depth, scale) = cameras.of_rig(image), self._session.depth_of(image)
        scene = self._session.scene
        of_scene = None if scene is None else scene.camera_of(image)
        if K is None and of_scene is not None:
            K, lens = of_scene
        elif K is None and of_rig is not None:
            K, lens = of_rig.K, of_rig.lens
        doubted = {word for one in known.poses for word in one.reasons} if known is not None else set()
        return AlignTask(
            image,
            shape,
            self._session.encoder,
            mask,
            K,
            fov=self._dock.fov.value() or None,
            depth=depth,
            depth_scale=scale,
            region=None if scene is None else scene.region_of(self._session.items, pair),
            lens=lens,
            camera=cameras.file.path if cameras.file else "",
            sought=image.box is None and SOUGHT in doubted,
            cut=known is not None and (scene is None or scene.region_of(self._session.items, pair) is None),
            assumed=ASSUMED in doubted or (K is None and self._dock.fov.value() == self.estimated),
        )

    def start(self) -> None:
        """Align the shape to the photo; the likeliest pose is drawn while it gets better."""
        pair = self.pair()
        if pair is None or self._request is not None:
            return
        known, take = self._session.aligned.get(pair), self.asking(pair)
        self._dock.set_running(True)

        def done(found: Begun) -> None:
            self._finish()
            pairs = known.pairs if known else ()
            aligned = Aligned(*pair, found.K, tuple(found.poses), 0, found.mask, pairs, found.lens)
            take(tr("Align {shape} to {image}").format(shape=title(pair[1]), image=title(pair[0])), aligned)

        request = self._requests.run(
            "align_shape", done, task=self.task(pair), dof=self._dock.dof.currentData(), locked=self._dock.locked
        )
        self._request = request
        request.partial_result.connect(lambda so_far: self._sketch(pair, so_far))
        for ended in (request.failed, request.cancelled):
            ended.connect(lambda *_: self._give_up() if self._request is request else None)

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
        items, panel = self._session.items, self._panels[aligned.image]
        if aligned.image not in items or aligned.shape not in items or not isinstance(panel, ImagePanel):
            return

        during, pair = self._request, (aligned.image, aligned.shape)
        asked, image, shape = Asked.now(self._session, pair), items[aligned.image], items[aligned.shape]

        def done(layer: Layer, drawn: Drawn) -> None:
            known = self._session.aligned.get(pair)
            posed = known is not None and known.pose is not None
            # else it is of an alignment that was stopped, of files that are not open any more, or of a pose that is gone
            if asked.is_open(self._session) and (during is self._request if during is not None else posed):
                panel.set_overlay(aligned.shape, drawn.rgba, drawn.box, layer)

        arguments: dict[str, Any] = {"image": image, "shape": shape, "K": aligned.K, "pose": pose, "lens": aligned.lens}
        if most:
            arguments["most"] = most
        for layer, style in self._layers.drawings().items():
            if layer == "pose" and panel.overlays_away:
                continue
            latest = f"{layer} {aligned.image} {aligned.shape}"
            self._requests.ask("draw_pose", latest, partial(done, layer), style=style, **arguments)

    def _show(self) -> None:
        """The poses of the document."""
        posed = {pair: a for pair, a in self._session.aligned.items() if a.pose is not None}
        for slot, panel in image_panels(self._panels).items():
            for layer, name in panel.overlays():
                if (slot, name) not in posed:
                    panel.set_overlay(name, None, layer=layer)
        for shape, mesh in mesh_panels(self._panels).items():
            for image in image_panels(self._panels):
                aligned = posed.get((image, shape))
                mesh.set_frustum(image, None if aligned is None else self._frustum(aligned))
        for aligned in posed.values():
            assert aligned.pose is not None
            self.draw(aligned, aligned.pose)
        self._fill_dock()
        self.shown.emit()

    def _show_next_step(self) -> None:
        self._dock.show_hint(self._next_step())

    def _next_step(self) -> str:
        """What can be done as long as there is no pose."""
        pair, aligned = self.pair(), self.current()
        if aligned is not None:
            return ""
        if pair is None:
            return tr("Open a photo and a shape first; then the shape can be aligned to the photo.")
        if self._session.items[pair[0]].box is None:
            return tr("Draw a box around the object in the photo (B), then align the shape to it (Ctrl+L).")
        return tr("The box is drawn. Now align the shape to the object in it (Ctrl+L).")

    def _fill_dock(self) -> None:
        self._show_next_step()
        aligned, items = self.current(), self._session.items
        if aligned is None or not {aligned.image, aligned.shape} <= items.keys():
            self._dock.set_poses([], 0, "")
            self._dock.pairs.set_rows([])
            return
        rows = self._pictures.rows(aligned, items[aligned.image], items[aligned.shape])
        self._dock.set_poses(rows, aligned.choice, _verdict(aligned))
        self._dock.pairs.set_rows(pair_rows(aligned))

    def _frustum(self, aligned: Aligned) -> Any:
        """Of the photo's camera in the shape's frame, see :class:`app.window.views.frustums.Frustums`."""
        panel = self._panels[aligned.image]
        assert isinstance(panel, ImagePanel) and aligned.K is not None and aligned.pose is not None
        shape = self._panels[aligned.shape]
        assert isinstance(shape, MeshPanel)
        return frustum(aligned.pose.pose(), camera_matrix(*aligned.K), panel.image_size, shape.middle())

    def _choose(self, index: int) -> None:
        aligned = self.current()
        if aligned is not None and index != aligned.choice:
            self.push(tr("Choose pose"), replace(aligned, choice=index))

    def _follow(self, facts: frozenset[Fact]) -> None:
        if "items" in facts:
            self._dock.set_ready(self.pair() is not None)
            self._show_next_step()
        if "aligned" in facts:
            self._meant = self.pair()
            self._show()
        elif "items" in facts:
            self._pair_changed()

    def _panel_changed(self, slot: Slot, _: int) -> None:
        """A photo that is opened has nothing over it yet, and a shape no cameras around it."""
        if any(slot in pair for pair in self._session.aligned):
            self._show()

    def _pair_changed(self) -> None:
        """Other panels may be meant; the pictures over the photos stay as they are."""
        if self.pair() != self._meant:
            self._meant = self.pair()
            self._fill_dock()
            self.shown.emit()


def _verdict(aligned: Aligned) -> str:
    if aligned.pose is None:
        return tr("{pairs} of 3 pairs are placed; with three and more the pose follows them.").format(
            pairs=len(aligned.pairs)
        )
    probability = aligned.pose.sure
    if probability is None and not aligned.pose.score:
        return tr("Nobody compared this pose with the photo yet; it is compared when you move it.")
    verdict = "unsure" if probability is None else verdict_of(probability)
    said = sureness(verdict, probability, aligned.pose.reasons)
    if verdict == "good":
        return f"{said}."
    return f"{said}. {NEXT_CAMERA if aligned.pose.reasons == (ASSUMED,) else NEXT}"
