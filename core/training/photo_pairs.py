"""Pairs of crops of one photo: what is seen in both is known without drawing anything."""

import cv2
import numpy as np
import numpy.typing as npt
import torch

from core.training.pair_settings import Batch, PairSettings, choose_pixels
from core.training.photos import photo_files, read_photo

Matrix = npt.NDArray[np.floating]


def photo_pair(settings: PairSettings, rng: np.random.Generator) -> Batch:
    """Two crops of one photo under affine and photometric change, as an undrawn-from-shapes pair.

    The place of a pixel is that in the photo, a plane whose unit is the side of crop A; a pixel belongs to the mask if
    the other crop shows it too. There is no surface, so normals and depths are 0.

    Args:
        settings: what a pair is; ``settings.pictures.photos`` is a folder of photos.
        rng: of all random numbers.

    Returns:
        What :func:`core.training.pair_data.draw_pairs` says, without B.

    Raises:
        CounterpointError: the folder has no photos in it.
    """
    size = settings.pictures.size
    files = photo_files(settings.pictures.photos or "")
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    for _ in range(20):
        photo = read_photo(files[int(rng.integers(len(files)))])
        to_photo = _crops(photo.shape[:2], size, rng)
        grids = [_photo_places(matrix, size) for matrix in to_photo]
        masks = [_shown(places, photo.shape[:2], to_photo[1 - i], size) for i, places in enumerate(grids)]
        if all(0.15 < mask.mean() < 0.95 for mask in masks):
            break
    unit = float(np.linalg.norm(to_photo[0][:, 0])) * size
    batch: Batch = {}
    for name, matrix, places, mask, count in zip(
        "ab", to_photo, grids, masks, (settings.queries, settings.keys), strict=True
    ):
        image = cv2.warpAffine(
            photo, matrix, (size, size), flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT
        )
        pixels = choose_pixels(torch.from_numpy(mask)[None], count, generator)[0]
        batch |= _picture(name, _recoloured(np.asarray(image, np.uint8), rng), mask, places / unit, pixels)
    facts = {"across": torch.tensor(False), "category": torch.tensor(-1), "surface": torch.tensor(False)}
    outside = choose_pixels(torch.from_numpy(~masks[1])[None], settings.outside, generator)[0]
    return batch | facts | {"outside": outside}


def _picture(
    name: str, image: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], places: Matrix, pixels: torch.Tensor
) -> Batch:
    """What is known about crop "a" or "b", of which pixels int64 [n, 2] were chosen."""
    size, count = len(image), len(pixels)
    point = torch.zeros(count, 3)
    point[:, :2] = torch.from_numpy(places).float()[pixels[:, 1], pixels[:, 0]]
    values = {
        "image": torch.from_numpy(image),
        "mask": torch.from_numpy(mask),
        "normal": torch.zeros(size, size, 3, dtype=torch.float16),
        "depth": torch.zeros(size, size, dtype=torch.float16),
        "pixels": pixels,
        "point": point,
        "part": torch.zeros(count, dtype=torch.int64),
        "local": torch.zeros(count, 3),
    }
    return {f"{name}_{key}": value for key, value in values.items()}


def _crops(shape: tuple[int, int], size: int, rng: np.random.Generator) -> list[Matrix]:
    """Affine maps float64 [2, 3] from the pixels of two crops to those of a photo [H, W]; they overlap."""
    height, width = shape
    side = min(height, width) * rng.uniform(0.35, 0.8)
    center = np.array([rng.uniform(0.35, 0.65) * width, rng.uniform(0.35, 0.65) * height])
    turns = rng.normal(0, 8), rng.normal(0, 25) if rng.random() < 0.8 else rng.uniform(-180, 180)
    factors = 1.0, float(np.exp(rng.uniform(-0.45, 0.45)))
    shifts = np.zeros(2), rng.uniform(-0.3, 0.3, 2) * side
    found = []
    for turn, factor, shift in zip(turns, factors, shifts, strict=True):
        cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        shear = np.eye(2) + rng.normal(0, 0.08, (2, 2))
        linear = np.array([[cos, -sin], [sin, cos]]) @ shear * (side * factor / size)
        middle = center + shift
        found.append(np.column_stack([linear, middle - linear @ np.full(2, (size - 1) / 2)]))
    return found


def _photo_places(to_photo: Matrix, size: int) -> Matrix:
    """The pixels (u, v) of the photo that the pixels of a crop show, float64 [S, S, 2]."""
    v, u = np.mgrid[:size, :size]
    return np.stack([u, v], axis=-1) @ to_photo[:, :2].T + to_photo[:, 2]


def _shown(places: Matrix, shape: tuple[int, int], other: Matrix, size: int) -> npt.NDArray[np.bool_]:
    """Which places float64 [S, S, 2] lie in the photo [H, W] and in the other crop, bool [S, S]."""
    height, width = shape
    there = (places - other[:, 2]) @ np.linalg.inv(other[:, :2]).T
    in_photo = (places >= 0).all(-1) & (places <= [width - 1, height - 1]).all(-1)
    return np.asarray(in_photo & (there >= 0).all(-1) & (there <= size - 1).all(-1))


def _recoloured(image: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """An image uint8 [S, S, 3] under another light and a worse camera."""
    picture = image.astype(np.float32) / 255
    if rng.random() < 0.4:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.3))
    picture = np.clip(picture, 0, 1) ** rng.uniform(0.7, 1.5)
    picture = (picture - 0.5) * rng.uniform(0.7, 1.3) + 0.5 + rng.uniform(-0.12, 0.12)
    picture = picture * rng.uniform(0.85, 1.15, 3) + rng.normal(0, rng.uniform(0, 0.03), picture.shape)
    if rng.random() < 0.1:
        picture = np.repeat(picture.mean(-1, keepdims=True), 3, axis=-1)
    return np.asarray(np.clip(picture, 0, 1) * 255, np.uint8)
