"""Pictures and views of shapes as the unchanging part of an encoder sees them, for adapting the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from core.arrays import Floats
from core.encoders.base import TunableEncoder
from core.encoders.feature_map import Box, cut_out, encode_image, sample_grid
from core.encoders.lora import LoraNet
from core.errors import CounterpointError
from core.fields.lifting import LiftSettings, cameras
from core.geometry.raycasting import surface_position
from core.geometry.render import render
from core.progress import Progress, span
from core.training.pictures import PictureSettings, take_picture
from core.training.scene import Object3D

FEWEST = 100
"""Pixels of the object that a picture of use shows at least."""


@dataclass(frozen=True)
class PhotoCorrespondence:
    """A pixel of a photo and the point of an object that it shows, as a user put it right.

    Attributes:
        image: the photo, uint8 [H, W, 3].
        box: around the object, in pixels; None is the whole photo.
        pixel: (column, row).
        number: of the object among those that are adapted to.
        point: (x, y, z) in the object's own units and axes.
    """

    image: npt.NDArray[np.uint8]
    box: Box | None
    pixel: tuple[float, float]
    number: int
    point: tuple[float, float, float]


@dataclass
class Observation:
    """A picture in which places of an object are known.

    Attributes:
        begun: what the unchanging part of the encoder made of it, tensors of one row.
        pixels: float64 [n, 2], (column, row) in sides of the picture.
        points: float32 [n, 3], the places that they show (normalised frame).
    """

    begun: list[torch.Tensor]
    pixels: Floats
    points: Floats


@dataclass
class Pool:
    """What is observed of one object.

    Attributes:
        pictures: as a camera might take them.
        views: as the program draws shapes, from all sides.
        held_out: pictures that are only measured with.
        corrected: photos with places that a user put right.
    """

    pictures: list[Observation]
    views: list[Observation]
    held_out: list[Observation]
    corrected: list[Observation]


class Observer:
    """Takes and encodes pictures, each once: only the rest of the encoder is run in every step."""

    def __init__(self, net: LoraNet, encoder: TunableEncoder):
        self._net, self._encoder = net, encoder
        self._varied = PictureSettings(encoder.photo_size, plain=0.05, any_roll=0.1, fill=(0.6, 1.05), own=0.8)

    def pools(
        self,
        items: Sequence[Object3D],
        pictures: int,
        held_out: int,
        seed: int,
        rng: np.random.Generator,
        progress: Progress,
    ) -> list[Pool]:
        """Observe every object.

        Args:
            items: the objects, meshes.
            pictures: of all objects together, though at least 12 of each.
            held_out: pictures of each to measure with.
            seed: of the pictures to measure with.
            rng: of the others.
            progress: called for every picture.

        Raises:
            CounterpointError: of some objects nothing is seen.
        """
        kept, count, found = np.random.default_rng((seed, 1)), max(12, pictures // len(items)), []
        for number, item in enumerate(items):
            report = span(progress, number / len(items), (number + 1) / len(items))
            pool = Pool(
                self.pictures(item, count, rng, span(report, 0.0, 0.6)),
                self.views(item, span(report, 0.7, 1.0)),
                self.pictures(item, held_out, kept, span(report, 0.6, 0.7)),
                [],
            )
            if pool.pictures and pool.held_out and pool.views:
                found.append(pool)
        if len(found) < len(items):
            unseen = "the shape" if len(items) == 1 else f"{len(items) - len(found)} of {len(items)} shapes"
            raise CounterpointError(
                f"Nothing of {unseen} is seen in pictures; check for shapes that are empty or tiny."
            )
        return found

    def pictures(self, item: Object3D, count: int, rng: np.random.Generator, progress: Progress) -> list[Observation]:
        """Pictures of an object as a camera might take them, at most ``count``: those that show enough of it."""
        found = []
        for number in range(count):
            progress(number / count, f"Taking pictures of {item.category}: {number + 1} of {count}")
            picture = take_picture(item, rng, self._varied)
            found.append(self._observe(picture.image, picture.mask, picture.point))
        return [one for one in found if len(one.points) >= FEWEST]

    def views(self, item: Object3D, progress: Progress) -> list[Observation]:
        """Views of an object such as feature fields are lifted from."""
        found, places = [], cameras(item.shape, self._encoder, LiftSettings())
        for number, camera in enumerate(places):
            progress(number / len(places), f"Looking at {item.category}: view {number + 1} of {len(places)}")
            hits = item.caster.view(camera)
            point = np.zeros((*hits.mask.shape, 3))
            point[hits.mask] = surface_position(item.shape, hits.face[hits.mask], hits.bary[hits.mask])
            found.append(self._observe(render(item.caster, camera, "own").rgb, hits.mask, point))
        return [one for one in found if len(one.points) >= FEWEST]

    def corrected(self, item: Object3D, known: PhotoCorrespondence) -> Observation:
        """A photo with one place that a user put right."""
        frame = encode_image(self._encoder, known.image, known.box).frame
        crop = cut_out(known.image, frame, self._encoder.photo_size)
        pixel = (np.array([known.pixel]) - frame[:2]) / (frame[2] - frame[0])
        place = item.shape.to_normalised(np.array([known.point])).astype(np.float32)
        return Observation(self._net.begin(crop[None]), pixel, place)

    def _observe(self, image: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], point: Floats) -> Observation:
        rows, columns = np.nonzero(mask)
        pixels = (np.stack([columns, rows], axis=1) + 0.5) / len(image)
        return Observation(self._net.begin(image[None]), pixels, point[rows, columns].astype(np.float32))


def describe(
    net: LoraNet, observed: Sequence[Observation], most: int, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Describe some known places of pictures; gradients go through.

    Args:
        net: what is adapted.
        observed: the pictures.
        most: places of each of them at most.
        rng: chooses the places.

    Returns:
        Unit descriptors float32 [n, D], and the places float32 [n, 3] in the normalised frame.
    """
    begun = [torch.cat(parts) for parts in zip(*(one.begun for one in observed), strict=True)]
    maps = net.finish(begun).descriptors
    unit, points = [], []
    for grid, one in zip(maps, observed, strict=True):
        chosen = rng.choice(len(one.points), min(most, len(one.points)), replace=False)
        unit.append(sample_grid(grid, one.pixels[chosen] * [grid.shape[1], grid.shape[0]] - 0.5))
        points.append(torch.from_numpy(one.points[chosen]).to(grid.device))
    return torch.cat(unit), torch.cat(points)
