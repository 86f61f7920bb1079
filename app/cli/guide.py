"""Poses that are looked for, so that what verbs match between an image and a shape goes through them."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.cli.options.groups import Box
from core.alignment.guided import GuidedPrior, ObjectInPhoto, guided, search_poses
from core.alignment.photo import camera_of
from core.alignment.templates import TemplateSet, template_set
from core.encoders.base import ImageEncoder
from core.errors import CounterpointError
from core.matching.location import Location
from core.matching.match import Prior
from core.matching.matchable import MatchableImage, MatchableShape
from core.notices import warn
from core.progress import Progress, silent

Side = MatchableImage | MatchableShape


class PoseGuide:
    """Looks for poses of shapes in images; the templates of a shape are made once."""

    def __init__(self, encoder: ImageEncoder):
        self._encoder = encoder
        self._templates: list[tuple[MatchableShape, TemplateSet]] = []

    def __call__(
        self,
        one: Side,
        other: Side,
        photo: tuple[str, npt.NDArray[np.uint8], Box | None],
        up: str,
        views: Prior | None,
        clicks: tuple[Location, ...] = (),
        progress: Progress = silent,
    ) -> Prior | None:
        """The prior of an image and a shape through poses of the one in the other.

        It is ``views`` for two of a kind and, with a warning, where no pose is found. Where no box says which object is
        meant, it is looked for.

        Args:
            one: an image or a shape.
            other: the same.
            photo: the image's path, its pixels uint8 [H, W, 3], and the object's box or None.
            up: the axis of the shape's file that points up.
            views: the joint prior.
            clicks: pixels of the image that show the object.
            progress: is told how far it is.
        """
        image, shape = (one, other) if isinstance(one, MatchableImage) else (other, one)
        if not isinstance(image, MatchableImage) or not isinstance(shape, MatchableShape):
            return views
        path, pixels, box = photo
        camera, name = camera_of(image.image_size, None, path)[0], Path(path).name
        try:
            found = search_poses(
                ObjectInPhoto(pixels, camera, box, name, clicks),
                shape,
                self._encoder,
                up,
                lambda: self._of(shape),
                progress,
            )
        except CounterpointError as error:
            warn(f"No pose of the shape guides the matches with {name}: {error}")
            return views
        return guided(image, shape, camera, found, views)

    def _of(self, shape: MatchableShape) -> TemplateSet:
        for known, templates in self._templates:
            if known is shape:
                return templates
        self._templates.append((shape, template_set(shape.caster, self._encoder)))
        return self._templates[-1][1]


def through(prior: Prior | None) -> str:
    """What a match went through: "poses", "views" of the shape, or "pixel" alone."""
    return "poses" if isinstance(prior, GuidedPrior) else "pixel" if prior is None else "views"
