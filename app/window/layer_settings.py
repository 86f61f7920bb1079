"""What is seen of the layers: as the current task says, unless the user set something else by hand."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, Signal

from app.window.views.layers import ALONE, ByHand, Layer, Looks, PoseStyle, looks_of


@dataclass(frozen=True)
class _State:
    own: Set[Layer] = frozenset()
    by_hand: Mapping[Layer, ByHand] = field(default_factory=dict)
    style: PoseStyle = "own"
    swiped: float = 1.0
    alone: bool = False


class LayerSettings(QObject):
    """Lasts as long as the window: it is no part of the document, and the next start begins without it.

    Signals:
        changed(): something is seen in another way.
        drawing_changed(): posed shapes have to be drawn in another way, see :meth:`drawings`.
    """

    changed = Signal()
    drawing_changed = Signal()

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._state = _State()

    @property
    def style(self) -> PoseStyle:
        """How posed shapes are drawn."""
        return self._state.style

    @property
    def swiped(self) -> float:
        """The share of a photo's width, from the left, that posed shapes are shown over."""
        return self._state.swiped

    def looks(self, own: Set[Layer]) -> Looks:
        """How each layer is to be shown now, where the task has layers of its ``own``."""
        return ALONE if self._state.alone else looks_of(own, self._state.by_hand, self._state.style)

    def chosen(self) -> Looks:
        """The same, also while everything is hidden for a moment."""
        return looks_of(self._state.own, self._state.by_hand, self._state.style)

    def is_by_hand(self) -> bool:
        """Whether the user set anything."""
        return self._state != _State(own=self._state.own, alone=self._state.alone)

    def drawings(self) -> dict[Layer, str]:
        """Layers that are pictures of posed shapes, with the style of :mod:`core.alignment.overlay` each has."""
        wanted: dict[Layer, str] = {"pose": self.style}
        if self.chosen()["coordinates"].visible:
            wanted["coordinates"] = "coordinates"
        return wanted

    def show_task(self, own: Set[Layer]) -> None:
        """Another task is current."""
        self._set(replace(self._state, own=own))

    def set_visible(self, layer: Layer, on: bool) -> None:
        """The user opens or closes the eye of a layer."""
        self._set_by_hand(layer, replace(self._by_hand(layer), visible=on))

    def set_opacity(self, layer: Layer, opacity: float) -> None:
        """The user says how strong a layer is, 0 to 1."""
        self._set_by_hand(layer, replace(self._by_hand(layer), opacity=opacity))

    def set_style(self, style: PoseStyle) -> None:
        """The user says how posed shapes are drawn."""
        self._set(replace(self._state, style=style))

    def swipe(self, share: float) -> None:
        """The user says over how much of a photo, from the left, posed shapes are shown, 0 to 1."""
        self._set(replace(self._state, swiped=share))

    def reset(self) -> None:
        """Leave everything to the task again."""
        self._set(_State(own=self._state.own))

    def show_alone(self, on: bool) -> None:
        """Hide everything that lies over photos and shapes for a moment, or show it again."""
        self._set(replace(self._state, alone=on))

    def _by_hand(self, layer: Layer) -> ByHand:
        return self._state.by_hand.get(layer, ByHand())

    def _set_by_hand(self, layer: Layer, what: ByHand) -> None:
        self._set(replace(self._state, by_hand={**self._state.by_hand, layer: what}))

    def _set(self, state: _State) -> None:
        if state == self._state:
            return
        drawn, self._state = self.drawings(), state
        self.changed.emit()
        if self.drawings() != drawn:
            self.drawing_changed.emit()
