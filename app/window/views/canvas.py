"""The OpenGL widget of a shape panel, which leaves the event loop time between pictures that take long."""

import time
from typing import Any, ClassVar

from PySide6.QtCore import QRect, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget
from pyvistaqt import QtInteractor

from app.window.views.scene import light

SLOW_S = 0.03
"""After a picture that took longer the event loop has its turn before another one."""

BREATH_MS = 8
GL_COLOR_BUFFER_BIT, GL_LINEAR, GL_DRAW_FRAMEBUFFER = 0x4000, 0x2601, 0x8CA9


class Canvas(QtInteractor):
    """Draws with VTK.

    Qt asks for a picture within every change of size, and for those of all views at once. Where the one before took
    long, or what is to be seen was never drawn, such a view shows its last picture, stretched, and is drawn in the
    next turn. A view that has no picture yet is filled with its background for two turns: before the first one is drawn,
    and before it is shown; both make programs of the graphics card.

    Attributes:
        pictures: how many were drawn and shown.
    """

    _drawn: ClassVar[Any] = None
    _drawn_at: ClassVar[float] = 0.0
    _took: ClassVar[float] = 0.0

    def __init__(self, parent: QWidget):
        self._changes_size, self._unknown, self._shows, self.pictures = False, True, False, 0
        self._last_size: tuple[int, int] | None = None
        super().__init__(parent, auto_update=False, line_smoothing=True, multi_samples=0)
        self.setMouseTracking(True)
        self.setAcceptDrops(False)
        light(self)
        self._breath = QTimer(self, singleShot=True, interval=BREATH_MS)
        self._breath.timeout.connect(self.update)

    def end(self) -> None:
        """Free the OpenGL window; the view cannot be used afterwards."""
        Canvas._drawn = None
        self.close()
        # pyvistaqt keeps a wrapper of the OpenGL surface that outlives it; PySide would give it to the next object there.
        self._forget_context()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self._changes_size = True
        try:
            super().resizeEvent(event)
        finally:
            self._changes_size = False

    def draw_later(self) -> None:
        """Something new is in the scene, and nobody knows how long it takes: it is drawn in a turn of its own."""
        self._unknown = True
        self._breath.start()

    def paintGL(self) -> None:  # noqa: N802
        begin = time.perf_counter()
        other = Canvas._drawn is not self and begin - Canvas._drawn_at < BREATH_MS / 2e3
        hurries = self._changes_size or other or self._breath.isActive()
        first = self._last_size is None and self._unknown
        if self._gl is not None and (first or (hurries and (self._unknown or Canvas._took > SLOW_S))):
            self._show_last()
            self._unknown = self._unknown and not first
            self._breath.start()
            return
        super().paintGL()
        window = self.render_window
        self._last_size = None if window is None else (window.GetSize()[0], window.GetSize()[1])
        self.pictures += self._shows
        self._shows = True
        self._unknown = False
        Canvas._drawn = self
        Canvas._drawn_at = time.perf_counter()
        Canvas._took = Canvas._drawn_at - begin

    def _blit(self, target_id: int, rect: QRect) -> None:
        """Copy what VTK drew to the widget; not the first one, which is drawn again in the next turn."""
        if self._shows:
            super()._blit(target_id, rect)
        else:
            self._gl.glBindFramebuffer(GL_DRAW_FRAMEBUFFER, target_id)
            self._fill()
            self._breath.start()

    def _fill(self) -> None:
        """The background alone."""
        self._gl.glClearColor(*self.background_color.float_rgb, 1.0)
        self._gl.glClear(GL_COLOR_BUFFER_BIT)

    def _show_last(self) -> None:
        """The last picture, as large as the widget is now; the background where that would take long, or says nothing."""
        window, last = self.render_window, self._last_size
        if window is not None and last is not None and (not self._unknown or last == tuple(window.GetSize())):
            self._show_again(last)
        else:
            self._fill()

    def _show_again(self, last: tuple[int, int]) -> None:
        """The last picture, of ``last`` pixels, as large as the widget is now."""
        window, ratio = self.render_window, self.devicePixelRatioF()
        window.GetState().Reset()
        self.makeCurrent()
        self._gl.glBindFramebuffer(GL_DRAW_FRAMEBUFFER, self.defaultFramebufferObject())
        self._gl.draw_buffer_attachment0()
        width, height = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        window.BlitDisplayFramebuffer(0, 0, 0, *last, 0, 0, width, height, GL_COLOR_BUFFER_BIT, GL_LINEAR)
