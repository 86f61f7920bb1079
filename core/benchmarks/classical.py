"""A classical dense descriptor behind the encoders' protocol, to compare with."""

import cv2
import numpy as np
import numpy.typing as npt
import torch

from core.encoders.base import Encoded


class DenseSift:
    """RootSIFT (Arandjelovic and Zisserman, CVPR 2012) on a grid of 8 pixels at three scales, one orientation."""

    name = fingerprint = "dense-sift"
    dim = 384
    input_size = photo_size = 224
    _stride = 8
    _scales = (16.0, 32.0, 56.0)

    def __init__(self) -> None:
        self._sift = cv2.SIFT.create()  # type: ignore[attr-defined]

    def encode(self, images: npt.NDArray[np.uint8]) -> Encoded:
        return Encoded(torch.from_numpy(np.stack([self._one(image) for image in images])))

    def _one(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
        cells = np.arange(image.shape[0] // self._stride)
        places = [(c * self._stride + 1.5, r * self._stride + 1.5) for r in cells for c in cells]
        layers = []
        for size in self._scales:
            _, found = self._sift.compute(grey, [cv2.KeyPoint(x, y, size, 0) for x, y in places])
            layers.append(np.sqrt(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-6)))
        return np.concatenate(layers, axis=1).reshape(len(cells), len(cells), -1).astype(np.float32)
