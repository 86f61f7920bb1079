"""Queries to galleries: pictures, shapes, parts and words, described as the gallery's spec says."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.encoders.base import ImageEncoder, PointEncoder
from core.encoders.catalogue import load_encoder, load_point_encoder
from core.encoders.clip import ClipEncoder
from core.encoders.feature_map import Box, box_around, check_box, encode_image
from core.errors import CounterpointError
from core.geometry.pixel_grid import pixels_of
from core.geometry.raycasting import Raycaster
from core.geometry.shape import Shape
from core.matching.matchable import MatchableShape
from core.parts.prominence import likely_box
from core.parts.segmenters import box_mask
from core.retrieval.describe import GallerySpec, fingerprint_of
from core.retrieval.search import Query
from core.retrieval.store import Gallery
from core.retrieval.vectors import image_vector, shape_vector
from core.retrieval.views import AZIMUTHS, Views, photo_views, shape_views, short

MOST = 64
"""The largest number of descriptors that represent a part."""


class QueryEncoder:
    """Makes queries for the galleries of one spec; its encoders are loaded when they are first needed.

    Attributes:
        spec: how the shapes of the galleries are described.
    """

    def __init__(self, spec: GallerySpec):
        self.spec = spec

    @cached_property
    def encoder(self) -> ImageEncoder:
        """The image encoder."""
        return load_encoder(self.spec.choice)

    @cached_property
    def points(self) -> PointEncoder | None:
        """The point encoder in the same space, or None."""
        return load_point_encoder(self.spec.choice)

    @cached_property
    def clip(self) -> ClipEncoder:
        """CLIP.

        Raises:
            CounterpointError: the gallery was made without CLIP.
        """
        if self.spec.clip is None:
            raise CounterpointError(
                "This gallery was made without CLIP and cannot be searched by words; make it again with a CLIP model "
                "(Model for words in the Gallery's menu, --clip on the command line)."
            )
        return ClipEncoder(self.spec.clip, self.spec.choice.device)

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the weights that queries are described with, see :attr:`core.retrieval.store.Gallery.encoders`."""
        return fingerprint_of(self.encoder, self.points)

    def image(
        self, image: npt.NDArray[np.uint8], box: Box | None = None, mask: npt.NDArray[np.bool_] | None = None
    ) -> Query:
        """Make a query of the object in a photo.

        Args:
            image: RGB uint8 [H, W, 3].
            box: (x0, y0, x1, y1) in pixels around the object, which is cut out of it; where there is no mask either, None
                looks for it.
            mask: bool [H, W], the pixels of the object, which count instead of the box.

        Raises:
            CounterpointError: the mask is empty or of another size, or the box is outside the image.
        """
        if mask is not None:
            _check(image, mask)
            vector = image_vector(image, self.encoder, box_around(mask))
            return self._by_views(vector, photo_views(image, mask, self.encoder))
        sought = box is None
        box = likely_box(image, self.encoder) if box is None else check_box(box, image)
        cut = box_mask(image, box)
        if not cut.any():  # nothing stands out in it
            x0, y0, x1, y1 = box
            cut[max(0, round(y0)) : round(y1) + 1, max(0, round(x0)) : round(x1) + 1] = True
        return replace(self.image(image, mask=cut), sought=sought)

    def shape(self, shape: Shape, up: str) -> Query:
        """Make a query of a shape, whose file has the axis ``up`` pointing up."""
        vector = shape_vector(shape, self.encoder, self.points, up)
        return self._by_views(vector, shape_views(Raycaster(shape), self.encoder, up))

    def part_of_image(self, image: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], box: Box | None = None) -> Query:
        """Make a query of a part of an object in a photo.

        Args:
            image: RGB uint8 [H, W, 3].
            mask: bool [H, W], the pixels of the part.
            box: (x0, y0, x1, y1) in pixels around the object; None for the box of the mask.

        Raises:
            CounterpointError: the mask is empty or of another size.
        """
        _check(image, mask)
        feature_map = encode_image(self.encoder, image, box or box_around(mask), size=self.encoder.input_size)
        pixels = pixels_of(mask)
        return self._by_part(feature_map.sample(pixels[:: max(1, len(pixels) // MOST)]))

    def part_of_shape(self, side: MatchableShape, chosen: npt.NDArray[np.bool_]) -> Query:
        """Make a query of a part of a shape.

        Args:
            side: the shape, described by the same encoder or by its point encoder.
            chosen: bool [F], the faces (points of a cloud) of the part.

        Raises:
            CounterpointError: another encoder described the shape, or no sample lies on these faces.
        """
        if side.encoder not in {one.fingerprint for one in (self.encoder, self.points) if one is not None}:
            raise CounterpointError(
                f"{side.shape.name} was described by another encoder than the gallery; describe it by {self.encoder.name}."
            )
        field = side.field
        return self._by_part(field.descriptors[torch.from_numpy(chosen[field.points.face])].float())

    def words(self, text: str) -> Query:
        """Make a query of words, with CLIP.

        Raises:
            CounterpointError: the gallery was made without CLIP, or there are no words.
        """
        if not text.strip():
            raise CounterpointError("Say in words what to search for.")
        return Query({"words": self.clip.words([f"a rendering of {text.strip()}"]).numpy()})

    def of_gallery(self, gallery: Gallery, number: int) -> Query:
        """Make a query of a shape of the gallery itself ("more like this"), from its record."""
        query = self._by_views(gallery.vector(number, "shape"), Views.from_bytes(gallery.views(number)))
        query.own = number
        return query

    def _by_views(self, vector: npt.NDArray[np.float32], views: Views) -> Query:
        """Make a query of an object's vector float32 [G] and its views; where it is too thin to be seen in them, of the vector alone."""
        if not views.masks.any():
            return Query({"shape": vector[None]}, encoders=self.fingerprint)
        vectors = {"shape": vector[None], "view": short(views)[:AZIMUTHS:3]}
        return Query(vectors, views, encoders=self.fingerprint)

    def _by_part(self, descriptors: torch.Tensor) -> Query:
        """Make a query of the unit descriptors float32 [n, D] of a region."""
        if len(descriptors) == 0:
            raise CounterpointError("The part is too small to be searched for; mark more of it.")
        few = descriptors[:: max(1, len(descriptors) // MOST)]
        vectors = {"part": F.normalize(few.mean(0), dim=0)[None].numpy()}
        return Query(vectors, part=F.normalize(few, dim=-1), encoders=self.fingerprint)


def picture_query(
    query_encoder: QueryEncoder,
    pixels: npt.NDArray[np.uint8],
    box: Box | None,
    mask: npt.NDArray[np.bool_] | None,
    part: bool,
) -> Query:
    """Describe what is looked for by a photo.

    Args:
        query_encoder: of the gallery's spec.
        pixels: the photo, uint8 [H, W, 3].
        box: the object's box x0, y0, x1, y1 in pixels, or None.
        mask: bool [H, W], the object's pixels, or those of the part; or None.
        part: whether the mask is a part of the object, which is looked for.

    Raises:
        CounterpointError: a part has no mask, the mask is empty or of another size, or the box is outside.
    """
    if not part:
        return query_encoder.image(pixels, box, mask)
    if mask is None:
        raise CounterpointError("Say with a mask which pixels are the part.")
    return query_encoder.part_of_image(pixels, mask, box)


def shape_query(query_encoder: QueryEncoder, gallery: Gallery, shape: Shape, up: str, path: str | Path) -> Query:
    """Describe what is looked for by a shape; if the gallery has its file, that entry is not among the results.

    Args:
        query_encoder: of the gallery's spec.
        gallery: that is searched.
        shape: the shape, in its file's own frame.
        up: the direction that points up in the shape's file.
        path: the shape's file.
    """
    query = query_encoder.shape(shape, up)
    query.own = gallery.number_of(Path(path))
    return query


def _check(image: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_]) -> None:
    if mask.shape != image.shape[:2] or not mask.any():
        raise CounterpointError("The mask is empty, or of another size than the image.")
