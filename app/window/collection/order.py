"""The photos of a collection in another order, and some of them only."""

import numpy as np

from app.shared.values import Collection, CollectionPhoto
from core.arrays import Floats
from core.geometry.viewpoints import viewed_from


def quality(one: CollectionPhoto) -> float:
    """How good a photo's pose is, to sort by."""
    if one.pose is None:
        return -1.0
    return float(one.fixed) + one.pose.score + (0.0 if np.isnan(one.agreement) else one.agreement) + one.inlier


def viewpoint(collection: Collection, number: int, center: Floats) -> tuple[float, float] | None:
    """Azimuth and elevation of the camera around the shape's ``center`` [3], degrees."""
    pose = collection.photos[number].pose
    if pose is None or collection.shape is None:
        return None
    return viewed_from(pose.pose().inverse(np.zeros(3)) - center, collection.shape.up)


def passes(collection: Collection, number: int, chosen: str, center: Floats) -> bool:
    """Whether a photo is of those that a filter (of ``app.window.collection.dock.FILTERS``) chooses."""
    one = collection.photos[number]
    if chosen == "all":
        return True
    if chosen in ("inliers", "outliers"):
        return bool(one.poses) and one.inlier == (chosen == "inliers")
    view = viewpoint(collection, number, center)
    if view is None:
        return False
    azimuth, elevation = view
    if chosen == "above":
        return elevation > 45
    middle = {"front": 0.0, "right": 90.0, "back": 180.0, "left": -90.0}[chosen]
    return elevation <= 45 and abs((azimuth - middle + 180) % 360 - 180) <= 45
