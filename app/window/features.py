"""The tasks of the window: every one of them is listed here, and nowhere else."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QWidget

from app.document.session import Session
from app.window.active_pair import ActivePair
from app.window.align.feature import AlignFeature
from app.window.collection.feature import CollectionFeature
from app.window.content import Content
from app.window.encoder.feature import EncoderFeature
from app.window.engine_client import EngineClient
from app.window.feature import Feature
from app.window.gallery.feature import GalleryFeature
from app.window.layer_settings import LayerSettings
from app.window.matching.feature import MatchingFeature
from app.window.parts.feature import PartsFeature
from app.window.photo_steps import PhotoSteps
from app.window.requests import Requests
from app.window.scene.feature import SceneFeature
from app.window.shell import Shell
from app.window.tools import Tools
from app.window.views.panels import ActivePanel, Panels


@dataclass(frozen=True)
class Services:
    """What there is for tasks to use; each takes what it needs."""

    session: Session
    engine: EngineClient
    requests: Requests
    panels: Panels
    content: Content
    active: ActivePanel
    pair: ActivePair
    tools: Tools
    layers: LayerSettings
    settings: QSettings
    shell: Shell
    steps: PhotoSteps
    parent: QWidget


@dataclass(frozen=True, repr=False)
class Features:
    """One of each, in the order of their buttons."""

    matching: MatchingFeature
    parts: PartsFeature
    align: AlignFeature
    collection: CollectionFeature
    scene: SceneFeature
    gallery: GalleryFeature
    encoder: EncoderFeature

    def __iter__(self) -> Iterator[Feature]:
        return (getattr(self, one.name) for one in fields(self))


def build_features(use: Services) -> Features:
    """Make the tasks, and connect those of which one begins another."""
    features = Features(
        MatchingFeature(use.session, use.requests, use.panels, use.content, use.pair, use.tools, use.shell, use.parent),
        PartsFeature(use.session, use.requests, use.panels, use.content, use.active, use.tools, use.shell, use.parent),
        AlignFeature(
            use.session, use.requests, use.panels, use.content, use.pair, use.tools, use.layers, use.shell, use.parent
        ),
        CollectionFeature(use.session, use.requests, use.panels, use.tools, use.settings, use.shell, use.parent),
        SceneFeature(
            use.session,
            use.requests,
            use.panels,
            use.content,
            use.pair,
            use.tools,
            use.settings,
            use.shell,
            use.parent,
        ),
        GalleryFeature(use.session, use.requests, use.active, use.settings, use.shell, use.parent),
        EncoderFeature(use.session, use.engine, use.requests, use.parent),
    )
    features.align.search.guessed.connect(features.matching.focus.offer)
    features.gallery.controller.align_requested.connect(features.align.align)
    features.parts.panel.selected.connect(lambda ids: features.gallery.controller.choose_part(ids[0] if ids else None))
    use.steps.offer("collection", features.collection.controller.step, features.collection.controller.is_filled)
    use.steps.offer("scene", features.scene.controller.step, features.scene.controller.is_open)
    for feature in features:
        use.tools.offer(feature.tools())
    return features
