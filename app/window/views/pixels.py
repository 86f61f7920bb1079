"""Arrays of pixels as pictures of Qt: uint8 [h, w, 3], or [h, w, 4] with transparency."""

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage, QPixmap


def as_image(pixels: npt.NDArray[np.uint8]) -> QImage:
    """Return uint8 [h, w, 3] or [h, w, 4] as a picture of its own."""
    pixels = np.ascontiguousarray(pixels)
    return _view(pixels).copy()


def as_pixmap(pixels: npt.NDArray[np.uint8]) -> QPixmap:
    """Return uint8 [h, w, 3] or [h, w, 4] as it is drawn on the screen."""
    pixels = np.ascontiguousarray(pixels)
    return QPixmap.fromImage(_view(pixels))


def _view(pixels: npt.NDArray[np.uint8]) -> QImage:
    """The same memory as a picture, as long as the array lives."""
    height, width, channels = pixels.shape
    layout = QImage.Format.Format_RGB888 if channels == 3 else QImage.Format.Format_RGBA8888
    return QImage(pixels.data, width, height, channels * width, layout)
