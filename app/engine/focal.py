"""The engine's part in finding what camera took a photo: from pairs, and from edges at right angles."""

from collections.abc import Sequence

import numpy as np

from app.engine.cache import image_of
from app.shared.results import FoundCamera
from app.shared.values import Correspondence2D3D, Item
from core.geometry.lens import Lens
from core.progress import Progress
from core.scenes.focal import PhotoPairs, solve_camera
from core.scenes.vanishing import focal_of_edges

Edge = tuple[tuple[float, float], tuple[float, float]]


def solve_focal(progress: Progress, image: Item, photos: list[tuple[Correspondence2D3D, ...]]) -> FoundCamera:
    """The camera of a photo from its pairs, and from those of other photos that it took; the photo's own come first."""
    height, width = image_of(image).shape[:2]
    given = [
        PhotoPairs(np.array([one.pixel for one in pairs]), np.array([one.point for one in pairs])) for pairs in photos
    ]
    found = solve_camera(given, (width, height))
    if not found.focal_determined:
        return FoundCamera(None, None, 0.0, found.sentence)
    lens = Lens("opencv", (found.k1, 0.0, 0.0, 0.0)) if found.k1_determined else None
    field = float(np.degrees(2 * np.arctan(max(width, height) / 2 / found.focal)))
    K = found.K
    return FoundCamera((float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2])), lens, field, found.sentence)


def focal_from_edges(progress: Progress, image: Item, directions: Sequence[Sequence[Edge]]) -> FoundCamera:
    """The camera of a photo from the ends of edges in two or three directions at right angles."""
    height, width = image_of(image).shape[:2]
    found = focal_of_edges([np.array(one, float) for one in directions], (width, height))
    if found.focal is None:
        return FoundCamera(None, None, 0.0, found.sentence)
    K = (found.focal, found.focal, (width - 1) / 2, (height - 1) / 2)
    return FoundCamera(K, None, found.field_of_view[0], found.sentence)
