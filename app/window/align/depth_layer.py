"""The layer of measured depth: a picture over its photo, and points around each shape that is posed there."""

from functools import partial

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject

from app.document.session import Pair
from app.shared.values import Slot
from app.window.align.controller import AlignController
from app.window.services import Services
from app.window.views.image import ImagePanel
from app.window.views.mesh import MeshPanel
from app.window.views.panels import image_panels, mesh_panels

NAME = "depth"


class DepthLayer(QObject):
    """Draws what was measured while its eye is open."""

    def __init__(self, use: Services, aligner: AlignController):
        super().__init__(use.parent)
        self._session, self._requests, self._panels = use.session, use.requests, use.panels
        self._layers, self._aligner, self._shell = use.layers, aligner, use.shell
        self._seen = False
        use.session.follow({"items", "cameras", "aligned", "scene"}, self._show)
        use.content.shown.connect(lambda *_: self._show())
        use.layers.changed.connect(self._toggled)

    def _toggled(self) -> None:
        if self._layers.chosen()["depth"].visible != self._seen:
            self._seen = not self._seen
            self._show()

    def _show(self) -> None:
        """Ask for what is to be seen, and take away what is not."""
        items, shapes = self._session.items, mesh_panels(self._panels)
        for image, panel in image_panels(self._panels).items():
            depth = self._seen and image in items and bool(self._session.depth_of(items[image])[0])
            posed = [shape for shape in shapes if shape in items and self._is_posed((image, shape))] if depth else []
            if depth and panel.image_size != (0, 0):
                self._ask_picture(image, panel)
            else:
                panel.set_overlay(NAME, None, layer="depth")
            for shape, mesh in shapes.items():
                if shape in posed:
                    self._ask_points((image, shape), mesh)
                else:
                    _show_points(mesh, image, None)

    def _is_posed(self, pair: Pair) -> bool:
        aligned = self._session.aligned.get(pair)
        return aligned is not None and aligned.pose is not None

    def _ask_picture(self, image: Slot, panel: ImagePanel) -> None:
        width, height = panel.image_size

        def done(rgba: npt.NDArray[np.uint8]) -> None:
            panel.set_overlay(NAME, rgba, (-0.5, -0.5, width - 0.5, height - 0.5), "depth")

        item = self._session.items[image]
        depth, _ = self._session.depth_of(item)
        asked = self._requests.ask("depth_picture", f"depth {image}", done, image=item, depth=depth)
        asked.failed.connect(lambda sentence, *_: self._shell.fail(sentence, image))

    def _ask_points(self, pair: Pair, mesh: MeshPanel) -> None:
        aligned = self._session.aligned[pair]
        task = self._aligner.task(pair, aligned)
        done = partial(_show_points, mesh, pair[0])
        self._requests.ask("depth_cloud", f"points {pair[0]} {pair[1]}", done, task=task, pose=aligned.pose)


def _show_points(
    mesh: MeshPanel, image: Slot, found: tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]] | None
) -> None:
    if mesh.plotter is None:
        return
    points, colors = found or (None, None)
    mesh.frustums.show_points(f"{NAME} {image}", points, colors, "depth")
    mesh.plotter.update()
