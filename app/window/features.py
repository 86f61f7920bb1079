"""The tasks of the window: every one of them is listed here, and nowhere else."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from app.window.align.feature import AlignFeature
from app.window.collection.feature import CollectionFeature
from app.window.encoder.feature import EncoderFeature
from app.window.feature import Feature
from app.window.gallery.feature import GalleryFeature
from app.window.matching.feature import MatchingFeature
from app.window.parts.feature import PartsFeature
from app.window.scene.feature import SceneFeature
from app.window.services import Services


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
        MatchingFeature(use),
        PartsFeature(use),
        AlignFeature(use),
        CollectionFeature(use),
        SceneFeature(use),
        GalleryFeature(use),
        EncoderFeature(use),
    )
    features.align.search.guessed.connect(features.matching.focus.offer)
    features.gallery.controller.align_requested.connect(features.align.align)
    features.parts.panel.selected.connect(lambda ids: features.gallery.controller.choose_part(ids[0] if ids else None))
    use.steps.offer("collection", features.collection.controller.step, features.collection.controller.is_filled)
    use.steps.offer("scene", features.scene.controller.step, features.scene.controller.is_open)
    for feature in features:
        use.tools.offer(feature.tools())
    return features
