"""The object of a photo in which nobody marked it: places that look like the shape, ranked by the poses that agree with them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from core.alignment.coarse import coarse_poses
from core.alignment.locate import SAME, Located, box_overlap, locate
from core.alignment.photo import FEWEST_PIXELS
from core.alignment.scorer import Hypothesis, Photo, PoseScorer
from core.alignment.templates import TemplateSet
from core.arrays import Floats
from core.calibration import NONE
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box, encode_image
from core.errors import CounterpointError
from core.fields import cache
from core.geometry.camera import PhotoCamera
from core.geometry.undistorted import Undistorted
from core.geometry.viewpoints import UP_AXES
from core.matching.location import Location
from core.matching.matchable import MatchableImage, MatchableShape
from core.notices import warn
from core.parts.segmenters import box_mask
from core.progress import Progress, silent

POSED = 3
"""So many of the likeliest places are ranked by poses."""

ALIKE = 0.75
"""Places with which the shape agrees by this share as well as with the best are said: of two equal toys the other one has 0.88,
and what else is in photos 0.45 or less."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for in a photo.

    Attributes:
        image: RGB uint8 [H, W, 3]; ``name`` is what the photo is called, ``camera`` took it.
        shape: described by ``encoder``, its ``templates`` too; ``up`` is the axis of its file that points up.
    """

    image: npt.NDArray[np.uint8]
    camera: PhotoCamera
    name: str
    shape: MatchableShape
    templates: TemplateSet
    encoder: ImageEncoder
    up: str


def seek(wanted: Wanted, clicks: Sequence[Location] = (), progress: Progress = silent) -> Box:
    """Look for a shape in a photo of which nobody said where the object is, and tell the user where it was taken to be.

    Args:
        wanted: the photo and the shape.
        clicks: pixels (u, v) that show the object, as far as is known.
        progress: is told how far it is.

    Returns:
        The box of the likeliest place (x0, y0, x1, y1) in pixels, of those that hold the clicks if some do.

    Raises:
        CounterpointError: nothing in the photo looks like the shape.
    """
    ranked, name = _kept_places(wanted, progress), wanted.name
    places = [one for one, _ in ranked]
    if not places:
        raise CounterpointError(
            f"{name} has no box and no mask, and nothing in it looks like {wanted.shape.shape.name}: draw a box around the object."
        )
    box = next((one for one in places if one.holds(clicks)), places[0]).box
    x0, y0, x1, y1 = box
    warn(
        f"{name} has no box and no mask: the object was looked for, and taken to be between the pixels {x0:.0f},{y0:.0f} and "
        f"{x1:.0f},{y1:.0f}; draw a box around it if that is wrong."
    )
    alike = sum(worth >= ALIKE * ranked[0][1] > 0 for _, worth in ranked[1:])
    if alike and not clicks:
        warn(
            f"{name} has {alike + 1} places that look about as much like {wanted.shape.shape.name}: draw a box around the one that is meant."
        )
    return box


def ranked_by_poses(places: list[Located], wanted: Wanted) -> list[Located]:
    """Rank places by how well the shape agrees with what is cut out there, in the best of its coarse poses.

    Args:
        places: of :func:`core.alignment.locate.locate`, the likeliest first; ``POSED`` of them are looked at.
        wanted: the photo and the shape.

    Returns:
        The same places, the likeliest first.
    """
    return [one for one, _ in _with_worth(places, wanted)]


def _with_worth(places: list[Located], wanted: Wanted) -> list[tuple[Located, float]]:
    """Ranked places, and how well the shape agrees with each; 0 for those that were not looked at."""
    if len(places) < 2:
        return [(one, 0.0) for one in places]
    height, width = wanted.image.shape[:2]
    flat = Undistorted.of(wanted.camera, (width, height))
    picture = flat.picture(wanted.image)
    worth = [one.score * _similarity(picture, flat.K, flat.box(one.box), wanted) for one in places[:POSED]]
    order = np.argsort(-np.array(worth), kind="stable")
    return [(places[i], worth[i]) for i in order] + [(one, 0.0) for one in places[POSED:]]


def around_pose(place: Box, found: Sequence[Hypothesis], camera: PhotoCamera, shape: MatchableShape) -> Box:
    """The box of an object that was looked for, now that poses are known.

    Args:
        place: where it was taken to be (x0, y0, x1, y1) in pixels.
        found: poses that were found there, the best first, judged.
        camera: of the photo, with its lens.
        shape: that the poses are of.

    Returns:
        The box around the shape in its best pose, where that is probably there and roughly the place; else the place.
    """
    if not found or not found[0].probability >= NONE:
        return place
    pixels, depth = camera.project(found[0].pose(shape.shape.to_own_frame(shape.field.points.position)))
    seen = pixels[(depth > 0) & np.isfinite(pixels).all(axis=-1)]
    if len(seen) == 0 or camera.size is None:
        return place
    low, high = np.clip(np.stack([seen.min(0), seen.max(0)]), -0.5, np.array(camera.size) - 0.5)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return box if box_overlap(place, [box])[0] >= SAME else place


def _similarity(picture: npt.NDArray[np.uint8], K: Floats, box: Box, wanted: Wanted) -> float:
    """The similarity of the coarse pose that agrees best with what is in a box of a picture without distortion, 0 without one."""
    mask = box_mask(picture, box)
    if mask.sum() < FEWEST_PIXELS:
        return 0.0
    seen = encode_image(wanted.encoder, picture, box, size=wanted.encoder.photo_size)
    side = MatchableImage(seen, (picture.shape[1], picture.shape[0]), (), wanted.encoder.fingerprint)
    scorer = PoseScorer(Photo(picture, side, K, mask), wanted.shape, wanted.encoder, wanted.up)
    return max((one.similarity for one in coarse_poses(scorer, wanted.templates)), default=0.0)


def _kept_places(wanted: Wanted, progress: Progress) -> list[tuple[Located, float]]:
    """The places of a photo as :func:`_with_worth` ranks them, from the disk cache if they were looked for before."""
    templates, field = wanted.templates, wanted.shape.field.descriptors
    seen = (wanted.image, templates.descriptors.view(torch.uint8).numpy(), templates.masks.numpy())
    shown = cache.array_digest(*seen, field.view(torch.uint8).numpy(), np.asarray(wanted.camera.K, np.float64))
    key = cache.cache_key("ranked places", shown, wanted.encoder.fingerprint, wanted.up, repr(wanted.camera.lens))
    stored = cache.read(key)
    if stored is None:
        up = np.array(UP_AXES[wanted.up], np.float64)
        found = _with_worth(locate(wanted.image, templates, wanted.encoder, up, progress=progress), wanted)
        rows = [[*one.box, one.score, worth] for one, worth in found]
        stored = {"places": torch.tensor(rows, dtype=torch.float64).reshape(-1, 6)}
        cache.write(key, stored)
    return [(Located((x0, y0, x1, y1), score), worth) for x0, y0, x1, y1, score, worth in stored["places"].tolist()]
