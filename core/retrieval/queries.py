"""What galleries are searched by: pictures, shapes, parts and words, described as the gallery's spec says."""

from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.encoders.base import ImageEncoder, PointEncoder
from core.encoders.catalogue import load_encoder, load_point_encoder
from core.encoders.clip import ClipEncoder
from core.encoders.feature_map import Box, box_around, encode_image, whole_image
from core.errors import CounterpointError
from core.geometry.raycasting import Raycaster
from core.geometry.shape import Shape
from core.matching.matchable import MatchableShape
from core.retrieval.describe import GallerySpec
from core.retrieval.search import Query
from core.retrieval.store import Gallery
from core.retrieval.vectors import image_vector, shape_vector
from core.retrieval.views import AZIMUTHS, Views, photo_views, shape_views, short

MOST = 64
"""Descriptors that stand for a part."""


class QueryEncoder:
    """Makes queries for the galleries of one spec; encoders are loaded when they are first needed."""

    def __init__(self, spec: GallerySpec):
        self.spec = spec

    @cached_property
    def encoder(self) -> ImageEncoder:
        return load_encoder(self.spec.choice)

    @cached_property
    def points(self) -> PointEncoder | None:
        return load_point_encoder(self.spec.choice)

    @cached_property
    def clip(self) -> ClipEncoder:
        if self.spec.clip is None:
            raise CounterpointError(
                "This gallery was made without CLIP and cannot be searched by words; index it again with --clip."
            )
        return ClipEncoder(self.spec.clip, self.spec.choice.device)

    def image(
        self, image: npt.NDArray[np.uint8], box: Box | None = None, mask: npt.NDArray[np.bool_] | None = None
    ) -> Query:
        """By the object in a photo uint8 [H, W, 3]: what ``mask`` bool [H, W] shows, or the box frames, or all of it.

        Raises:
            CounterpointError: the mask is empty or of another size, or the box is outside.
        """
        if mask is not None:
            _check(image, mask)
            return _looks(image_vector(image, self.encoder, box_around(mask)), photo_views(image, mask, self.encoder))
        vector = image_vector(image, self.encoder, box)
        x0, y0, x1, y1 = box or whole_image(image)
        framed = np.zeros(image.shape[:2], bool)
        framed[max(0, round(y0)) : round(y1) + 1, max(0, round(x0)) : round(x1) + 1] = True
        return _looks(vector, photo_views(image, framed, self.encoder, boxed=True))

    def shape(self, shape: Shape, up: str) -> Query:
        vector = shape_vector(shape, self.encoder, self.points, up)
        return _looks(vector, shape_views(Raycaster(shape), self.encoder, up))

    def part_of_image(self, image: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], box: Box | None = None) -> Query:
        """By what a mask bool [H, W] shows of an object; ``box`` frames the object, as far as the mask tells nothing of it.

        Raises:
            CounterpointError: the mask is empty or of another size.
        """
        _check(image, mask)
        feature_map = encode_image(self.encoder, image, box or box_around(mask), size=self.encoder.input_size)
        rows, columns = np.nonzero(mask)
        few = slice(None, None, max(1, len(rows) // MOST))
        return _part(feature_map.sample(np.stack([columns[few], rows[few]], axis=1)))

    def part_of_shape(self, side: MatchableShape, chosen: npt.NDArray[np.bool_]) -> Query:
        """By some of the faces bool [F] (points of a cloud) of a shape described by the same encoder.

        Raises:
            CounterpointError: there are none that anything is known of.
        """
        field = side.field
        return _part(field.descriptors[torch.from_numpy(chosen[field.points.face])].float())

    def words(self, text: str) -> Query:
        """By words, with CLIP.

        Raises:
            CounterpointError: the gallery was made without CLIP, or there are no words.
        """
        if not text.strip():
            raise CounterpointError("Say in words what to search for.")
        return Query({"words": self.clip.words([f"a rendering of {text.strip()}"]).numpy()})

    def of_gallery(self, gallery: Gallery, number: int) -> Query:
        """By a shape of the gallery itself ("more like this"); nothing is described anew."""
        query = _looks(gallery.vector(number, "shape"), Views.from_bytes(gallery.views(number)))
        query.own = number
        return query


def _looks(vector: npt.NDArray[np.float32], views: Views) -> Query:
    """By how an object looks, as a whole and from a few sides."""
    return Query({"shape": vector[None], "view": short(views)[:AZIMUTHS:3]}, views)


def _part(descriptors: torch.Tensor) -> Query:
    """By unit descriptors float32 [n, D] of a region."""
    if len(descriptors) == 0:
        raise CounterpointError("The part is too small to be searched for.")
    few = descriptors[:: max(1, len(descriptors) // MOST)]
    return Query({"part": F.normalize(few.mean(0), dim=0)[None].numpy()}, part=F.normalize(few, dim=-1))


def _check(image: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_]) -> None:
    if mask.shape != image.shape[:2] or not mask.any():
        raise CounterpointError("The mask is empty, or of another size than the image.")
