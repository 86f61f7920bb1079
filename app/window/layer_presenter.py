"""Keeps panels, the list of layers and its button in step with what is to be seen."""

from collections.abc import Callable, Set

from PySide6.QtCore import QObject

from app.document.session import Session
from app.shared.values import Slot
from app.window.layer_settings import LayerSettings
from app.window.top_bar import TopBar
from app.window.views.layers import Layer
from app.window.views.layers_panel import LayersPanel
from app.window.views.panels import Panels, image_panels


class LayerPresenter(QObject):
    """Shows layers over photos and shapes, and says which there are."""

    def __init__(
        self,
        session: Session,
        settings: LayerSettings,
        panels: Panels,
        listed: LayersPanel,
        bar: TopBar,
        hint: Callable[[], str],
        parent: QObject | None = None,
    ):
        """``hint`` is what stands at the foot of the list."""
        super().__init__(parent)
        self._session, self._settings, self._panels = session, settings, panels
        self._own_on: Callable[[Slot], Set[Layer]] = lambda _: frozenset()
        self._list, self._bar = listed, bar
        bar.layers.clicked.connect(lambda: listed.open_below(bar.layers, hint()))
        listed.eye_toggled.connect(settings.set_visible)
        listed.opacity_changed.connect(settings.set_opacity)
        listed.style_chosen.connect(settings.set_style)
        listed.swiped.connect(settings.swipe)
        listed.reset.connect(settings.reset)
        settings.changed.connect(self.refresh)
        facts = {"items", "pins", "current", "answers", "layers", "draft", "aligned", "collection", "cameras", "scene"}
        session.follow(facts, self._fill)  # type: ignore[arg-type]

    def show_task(self, own_on: Callable[[Slot], Set[Layer]]) -> None:
        """Another task is current, whose layers over the photo or shape of a slot are these."""
        self._own_on = own_on
        self._settings.show_task(frozenset[Layer]().union(*map(own_on, self._panels)))
        self.refresh()

    def refresh(self) -> None:
        """Show everything as it is to be seen now."""
        for slot, panel in self._panels.items():
            panel.show_layers(self._settings.looks(self._own_on(slot)))
        for photo in image_panels(self._panels).values():
            photo.swipe(self._settings.swiped)
        self._fill()

    def _fill(self) -> None:
        settings = self._settings
        by_hand = settings.is_by_hand()
        self._list.show_layers(settings.chosen(), self._there(), settings.style, settings.swiped, by_hand)
        self._bar.mark_layers(by_hand)

    def _there(self) -> set[Layer]:
        """Layers of which there is something."""
        session = self._session
        pin = session.pins.get(session.current) if session.current is not None else None
        kinds = {item.kind for item in session.items.values()}
        aligned = session.aligned.values()
        found: dict[Layer, bool] = {
            "pins": bool(session.pins) or any(one.pairs for one in aligned),
            "heat": pin is not None and bool(pin.answers),
            "parts": bool(session.layers.parts) or session.draft is not None,
            "coordinates": "shape" in kinds,
            "pose": session.collection.joined or any(one.pose is not None for one in aligned) or self._posed_here(),
            "cameras": session.collection.joined,
            "depth": any(session.depth_of(item)[0] for item in session.items.values() if item.kind == "image"),
            "photo": "image" in kinds,
        }
        return {layer for layer, is_there in found.items() if is_there}

    def _posed_here(self) -> bool:
        """Whether anything has a pose in the photo of the open scene, be it another thing than the chosen one."""
        opened = self._session.scene
        return opened is not None and bool(opened.scene.by_photo.get(opened.photo))
