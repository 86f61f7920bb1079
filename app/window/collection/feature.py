"""The task Collection: photos of one object or category in one frame."""

from collections.abc import Callable
from functools import partial

from app.document.texts import tr
from app.shared.resources import resource
from app.shared.values import Slot, item_for, kind_of
from app.window.collection.controller import IMAGE, CollectionController
from app.window.collection.dock import EXPORTS, CollectionPanel
from app.window.collection.presenter import SHAPE, CollectionPresenter
from app.window.feature import Entries, Entry, Feature
from app.window.services import Services
from app.window.views.layers import Layer


class CollectionFeature(Feature):
    """Pull photos into the frame of a shape."""

    name, title, icon, key = "collection", tr("Collection"), "task-collection", "Ctrl+4"
    layers: frozenset[Layer] = frozenset({"heat", "pins", "cameras"})

    def __init__(self, use: Services):
        self._session, self._requests, self._shell = use.session, use.requests, use.shell
        session, requests, shell, parent = use.session, use.requests, use.shell, use.parent
        self.panel = CollectionPanel()
        self.toolbar = self.panel.toolbar
        self.presenter = CollectionPresenter(session, requests, use.panels, use.tools, self.panel, shell, parent)
        self.controller = CollectionController(
            session, requests, self.presenter, self.panel, use.settings, shell, parent
        )

    def layers_on(self, slot: Slot) -> frozenset[Layer]:
        """The pose of a photo of the collection lies over it; other poses belong to the task Pose."""
        photo = self._session.items.get(slot if kind_of(slot) == "image" else IMAGE)
        known = self._session.collection.number_of(photo) is not None
        return self.layers | {"pose"} if known else self.layers

    def file_entries(self) -> Entries:
        return (
            Entry(tr("Open sample &collection"), self.open_sample),
            Entry(tr("Add photos to the collection…"), self._add_photos),
        )

    def exports(self) -> Entries:
        """What is written of all photos, once they are in one frame."""
        run, can = self.controller.export, self.controller.is_joined
        return [Entry(text, partial(run, what), can=can) for text, what in EXPORTS]

    def samples(self) -> dict[str, Callable[[], object]]:
        return {tr("the sample collection"): self.open_sample}

    def open_sample(self) -> None:
        """Eight pictures of the sample's shape, and the shape, in the place of what is there."""
        self._shell.show_feature(self.name)
        self.controller.replace_by(sorted(resource("sample/collection").glob("*.jpg")))
        shape = item_for(resource("sample/toy.glb"))
        if self._session.items.get(SHAPE) != shape:
            self._requests.open(SHAPE, shape)

    def _add_photos(self) -> None:
        self._shell.show_feature(self.name)
        self.controller.ask_photos()
