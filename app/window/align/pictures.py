"""Small pictures of hypotheses, asked of the engine when the poses are others, and kept while they are the same."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.shared.results import PosePicture
from app.shared.values import Aligned, Item, PoseInPhoto
from app.window.align.hypotheses import SIDE, PoseRow, pose_row
from app.window.requests import Requests
from app.window.views.pixels import as_pixmap

if TYPE_CHECKING:
    from PySide6.QtGui import QPixmap

PIXELS = 2 * SIDE
"""Of a picture, enough for screens of two pixels a point."""

Geometry = tuple[tuple[float, ...], ...]


class PosePictures(QObject):
    """Makes the lines of the list of hypotheses.

    Signals:
        drawn(): pictures came that the lines have from now on.
    """

    drawn = Signal()

    def __init__(self, requests: Requests, parent: QObject | None = None):
        super().__init__(parent)
        self._requests = requests
        self._about: tuple[object, ...] = ()
        self._asked: tuple[Geometry, ...] = ()
        self._known: dict[Geometry, tuple[PosePicture, QPixmap]] = {}

    def rows(self, aligned: Aligned, image: Item, shape: Item) -> list[PoseRow]:
        """The lines of an alignment's poses; those whose pictures are missing get them soon."""
        about = (image, shape.file, aligned.K, aligned.lens, aligned.mask)
        if about != self._about:
            self._about, self._asked, self._known = about, (), {}
        poses = tuple(_geometry(pose) for pose in aligned.poses)
        if poses and poses != self._asked and aligned.K is not None:
            self._asked = poses
            self._requests.ask(
                "pose_pictures",
                "pose pictures",
                partial(self._take, about, poses),
                image=image,
                shape=shape,
                K=aligned.K,
                poses=aligned.poses,
                mask=aligned.mask,
                lens=aligned.lens,
                side=PIXELS,
            )
        known = [self._known.get(pose, (None, None)) for pose in poses]
        numbered = enumerate(zip(aligned.poses, known, strict=True), 1)
        return [pose_row(number, pose, *picture) for number, (pose, picture) in numbered]

    def _take(self, about: tuple[object, ...], poses: tuple[Geometry, ...], found: list[PosePicture]) -> None:
        if (about, poses) == (self._about, self._asked):
            old = self._known
            self._known = {
                pose: (one, old[pose][1] if pose in old else as_pixmap(one.rgb))
                for pose, one in zip(poses, found, strict=True)
            }
            self.drawn.emit()


def _geometry(pose: PoseInPhoto) -> Geometry:
    return pose.R, pose.t, pose.s
