"""Objects cut out tightly and described cell by cell, to be compared position by position.

The semantic image distance of 3D Congealing (Eq. 7): descriptors less their mean inside the mask, compared inside both
masks.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.arrays import Floats, Mask
from core.encoders.base import ImageEncoder, encode_fitting
from core.geometry.pixel_grid import pixels_of


@dataclass
class Crop:
    """A photo turned and cut to the object.

    Attributes:
        picture: RGB uint8 [S, S, 3].
        mask: float32 [S, S] in [0, 1], how much of each pixel belongs to the object.
        to_photo: float64 [2, 3], the affine map from pixels (u, v) of the crop to pixels of the photo.
        angle: by how much the photo was turned, in radians.
    """

    picture: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.float32]
    to_photo: Floats
    angle: float


def rolled(
    image: npt.NDArray[np.uint8], mask: Mask, size: int = 112, fill: float = 0.78, rolls: int = 24
) -> list[Crop]:
    """Cut the object out of a photo, turned by several angles.

    Args:
        image: RGB uint8 [H, W, 3].
        mask: bool [H, W], the pixels of the object.
        size: the side of a crop in pixels.
        fill: the part of a crop that the longer side of the mask spans.
        rolls: the number of angles, spread evenly over the full turn; the first is 0.
    """
    points = pixels_of(mask)
    middle = points.mean(0)
    points = cv2.convexHull(points.astype(np.int32))[:, 0].astype(np.float64)
    crops, solid = [], mask.astype(np.float32)
    for angle in np.arange(rolls) * (2 * np.pi / rolls):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turned = (points - middle) @ turn.T
        low, high = turned.min(0) - 0.5, turned.max(0) + 0.5
        step = (high - low).max() / fill / size
        corner = (low + high) / 2 - step * (size - 1) / 2
        matrix = np.concatenate([turn.T * step, (turn.T @ corner + middle)[:, None]], axis=1)
        whole = (size, size)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        picture = cv2.warpAffine(image, matrix, whole, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        cut = cv2.warpAffine(solid, matrix, whole, flags=flags)
        crops.append(Crop(np.asarray(picture, np.uint8), np.asarray(cut, np.float32), matrix, float(angle)))
    return crops


def cells_of(encoder: ImageEncoder, pictures: npt.NDArray[np.uint8], cells: int) -> torch.Tensor:
    """Encode square pictures uint8 [B, S, S, 3] as unit descriptors float32 [B, cells, cells, D]."""
    found = encode_fitting(encoder, pictures).descriptors
    if found.shape[1] != cells:
        found = F.interpolate(found.permute(0, 3, 1, 2), (cells, cells), mode="area").permute(0, 2, 3, 1)
    return F.normalize(found, dim=-1)


def centred(maps: torch.Tensor, masks: torch.Tensor, together: bool = False) -> torch.Tensor:
    """Subtract from descriptors their mean inside masks, and normalise them.

    Args:
        maps: float32 [B, h, w, D].
        masks: float32 [B, h, w] in [0, 1].
        together: whether all maps share one mean.

    Returns:
        Unit descriptors float32 [B, h, w, D].
    """
    axes = (0, 1, 2) if together else (1, 2)
    weight = masks[..., None]
    mean = (maps * weight).sum(axes, keepdim=True) / weight.sum(axes, keepdim=True).clamp(min=1e-6)
    return F.normalize(maps - mean, dim=-1)


def shrink(mask: npt.NDArray[np.float32], cells: int) -> torch.Tensor:
    """Average a mask float32 [S, S] over cells: float32 [cells, cells]."""
    return torch.from_numpy(cv2.resize(mask, (cells, cells), interpolation=cv2.INTER_AREA))
