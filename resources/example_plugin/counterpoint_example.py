"""An encoder, a segmenter, a depth model and a shape generator, each as simple as it can be.

Install with ``pip install ./example_plugin`` beside Counterpoint; ``counterpoint encoders`` then lists ``colours``.
"""

import numpy as np
import torch
import trimesh

from core.encoders.base import Encoded
from core.parts.prompts import Candidate, Prompts


class Colours:
    """Describes a pixel by the colours around it, at three scales."""

    name = fingerprint = "colours-1"
    dim, input_size, photo_size = 9, 224, 224

    def encode(self, images: np.ndarray) -> Encoded:
        batch = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255 - 0.5
        fine = torch.nn.functional.avg_pool2d(batch, 4)
        blurred = [torch.nn.functional.avg_pool2d(fine, k, 1, k // 2, count_include_pad=False) for k in (1, 5, 15)]
        return Encoded(torch.cat(blurred, 1).permute(0, 2, 3, 1))


class SimilarColour:
    """A part is what has the colour of the first click, give or take three amounts."""

    name = "similar colour"

    def set_image(self, image: np.ndarray) -> None:
        self._image = image.astype(float)

    def predict(self, prompts: Prompts) -> list[Candidate]:
        x0, y0, x1, y1 = prompts.box or (0, 0, 0, 0)
        u, v = prompts.add[0] if prompts.add else ((x0 + x1) / 2, (y0 + y1) / 2)
        distance = np.linalg.norm(self._image - self._image[round(v), round(u)], axis=2)
        return [Candidate(distance < limit, score) for limit, score in ((40, 0.6), (20, 0.5), (80, 0.4))]


def encoder(weights: str | None, layer: int | None, device: str) -> Colours:
    return Colours()


def segmenter(device: str) -> SimilarColour:
    return SimilarColour()


def depth(device: str):
    return lambda image: np.full(image.shape[:2], 2.0)


def shape(pictures: list[np.ndarray]) -> trimesh.Trimesh:
    return trimesh.creation.icosphere(subdivisions=3)
