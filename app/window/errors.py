"""What went wrong is said in the panel that it is about, and what can be done about it is offered there."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QBoxLayout

from app.document.texts import tr
from app.shared.pipe import GPU_FULL
from app.shared.values import SLOTS
from app.window.engine_client import Request
from app.window.feature import Feature
from app.window.messages import Messages
from app.window.services import Services
from app.window.views.error_bar import ErrorBar
from app.window.views.panels import Panels


class Errors(QObject):
    """A bar for every panel and every task; what is said in one is kept among the messages too."""

    def __init__(self, use: Services, features: Iterable[Feature], messages: Messages):
        super().__init__(use.parent)
        self._session, self._active, self._messages = use.session, use.active, messages
        self.bars: dict[str, ErrorBar] = {slot: panel.errors for slot, panel in use.panels.items()}
        for feature in features:
            layout = feature.panel.layout()
            assert isinstance(layout, QBoxLayout)
            self.bars[feature.name] = ErrorBar()
            layout.insertWidget(0, self.bars[feature.name])
        use.engine.ask = self._ask_again
        use.engine.died.connect(lambda sentence: use.shell.say(sentence, 15_000))
        use.requests.failed.connect(self._failed)
        use.requests.busy.connect(self._begun)
        use.requests.opened.connect(lambda slot, _: self.bars[slot].clear())
        use.session.leaving.connect(lambda: self._clear(self.bars))
        use.session.follow({"pins"}, lambda: self._pins_changed(use.panels))

    def say(
        self,
        sentence: str,
        details: str = "",
        where: str = "",
        action: str = "",
        run: Callable[[], object] | None = None,
        otherwise: Callable[[], object] | None = None,
    ) -> None:
        """Say it in the panel of a slot or of a task; where that cannot be seen, in the panel used last.

        See :meth:`app.window.views.error_bar.ErrorBar.say`.
        """
        self._messages.keep(sentence)
        bar = self.bars.get(where)
        if bar is None or not _is_seen(bar):
            there = [slot for slot in (self._active.slot, *self._session.items) if _is_seen(self.bars[slot])]
            bar = self.bars[next(iter(there), "image 1")]
        bar.say(sentence, details, action, run, otherwise)

    def _ask_again(self, request: Request, sentence: str, details: str) -> None:
        """Ask whether to go on with what the engine stopped at; what was done before is kept where that is on disk."""
        said = f"{request.title}: {sentence}" if request.title else sentence
        self.say(said, details, request.where, tr("Try again"), request.try_again, request.cancel)

    def _clear(self, places: Iterable[str]) -> None:
        for where in places:
            self.bars[where].clear()

    def _pins_changed(self, panels: Panels) -> None:
        self._clear(slot for slot in panels if not self.bars[slot].asks)

    def _begun(self, request: Request) -> None:
        """What went wrong before is tried again; what the program does by itself for a panel is no such try."""
        if request.where in self.bars and (request.where not in SLOTS or request.job.startswith("open_")):
            self.bars[request.where].clear()

    def _failed(self, sentence: str, details: str, where: str) -> None:
        encoder = self._session.encoder
        if sentence == GPU_FULL and encoder.device != "cpu":
            use = lambda: self._session.set_encoder(replace(encoder, device="cpu"))  # noqa: E731
            self.say(sentence, details, where, tr("Use the CPU"), use)
        else:
            self.say(sentence, details, where)


def _is_seen(bar: ErrorBar) -> bool:
    """Whether what a bar is in can be seen."""
    host = bar.parentWidget()
    return host is not None and host.isVisible()
