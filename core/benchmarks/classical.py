"""Classical descriptors for comparison: a dense one of pictures as an encoder, and one of whole shapes."""

import cv2
import numpy as np
import numpy.typing as npt
import torch

from core.encoders.base import Encoded
from core.geometry.sampling import sample_surface
from core.geometry.shape import Shape

BINS = 64
"""Of the shape distribution, between 0 and the diagonal."""


class DenseSift:
    """RootSIFT (Arandjelovic and Zisserman, CVPR 2012) on a grid of 8 pixels at three scales, one orientation."""

    name = fingerprint = "dense-sift"
    dim = 384
    input_size = photo_size = 224
    _stride = 8
    _size = 16.0
    _shrink = (1.0, 2.0, 3.5)

    def __init__(self) -> None:
        self._sift = cv2.SIFT.create()

    def encode(self, images: npt.NDArray[np.uint8]) -> Encoded:
        """See :meth:`core.encoders.base.ImageEncoder.encode`."""
        return Encoded(torch.from_numpy(np.stack([self._one(image) for image in images])))

    def _one(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
        cells = np.arange(image.shape[0] // self._stride)
        places = [((c + 0.5) * self._stride, (r + 0.5) * self._stride) for r in cells for c in cells]
        layers = []
        for shrink in self._shrink:
            small = cv2.resize(grey, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
            keys = [cv2.KeyPoint(x / shrink - 0.5, y / shrink - 0.5, self._size, 0) for x, y in places]
            _, found = self._sift.compute(small, keys)
            layers.append(np.sqrt(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-6)))
        return np.concatenate(layers, axis=1).reshape(len(cells), len(cells), -1).astype(np.float32)


def d2(shape: Shape) -> npt.NDArray[np.floating]:
    """Return the D2 shape distribution (Osada et al., 2002).

    Args:
        shape: the shape.

    Returns:
        The histogram of the distances between random surface points, float64 [BINS], whose sum is 1.
    """
    position = sample_surface(shape, 4000).position
    rng = np.random.default_rng(0)
    a, b = (position[rng.integers(len(position), size=100_000)] for _ in range(2))
    counts, _ = np.histogram(np.linalg.norm(a - b, axis=1), BINS, (0, 1))
    return np.asarray(counts / counts.sum())
