"""Pictures that the cutter learns from: square crops, each with the mask of one object.

They are drawn once: objects of photos with outlines, objects cut out and laid over other photos, and renders.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from torch.utils.data import DataLoader, Dataset

from core.arrays import Mask
from core.errors import CounterpointError
from core.files import make_folder
from core.progress import Progress, silent
from core.training.labelled import is_held_out, photo_names, read_labelled
from core.training.meshes import read_meshes
from core.training.photos import photo_files, read_photo
from core.training.pictures import PictureSettings, take_picture
from core.training.procedural import Object3D, make_object, training_seed

Image = npt.NDArray[np.uint8]
GRAY = 127
LEAST = 0.003
"""The smallest share of a crop that an object covers."""


@dataclass(frozen=True)
class CutterData:
    """What pictures are drawn, and how many.

    Attributes:
        count: all of them.
        size: side in pixels.
        real: share that shows objects of photos with outlines as they are, where there are such photos.
        laid: share in which objects are laid over photos.
        near: share that is cut close to the object, as a box frames it; the others show more around it.
        seed: of all random numbers.
    """

    count: int = 12_000
    size: int = 192
    real: float = 0.5
    laid: float = 0.3
    near: float = 0.65
    seed: int = 0


@dataclass
class Sources:
    """Where pictures are drawn from.

    Attributes:
        labelled: photos and the masks of their objects.
        names: of these photos.
        items: shapes.
        photos: a folder of photos, or None.
    """

    labelled: list[tuple[Image, list[Mask]]]
    names: list[str]
    items: list[Object3D]
    photos: str | None


def read_sources(data: Sequence[str], photos: str | None = None, procedural: int = 300) -> Sources:
    """Read what pictures are drawn from.

    Args:
        data: folders of photos with outlines (``images/`` and ``labels/``), folders of meshes, and "procedural".
        photos: a folder of photos for backgrounds, or None.
        procedural: how many procedural objects there are.

    Raises:
        CounterpointError: a folder holds neither.
    """
    found = Sources([], [], [], photos)
    for source in data:
        if source == "procedural":
            found.items += [make_object(training_seed(number)) for number in range(procedural)]
        elif (Path(source) / "labels").is_dir():
            for name in (name for name in photo_names(source) if not is_held_out(name)):
                photo = read_labelled(source, name)
                masks = [photo.mask(number) for number in range(len(photo.outlines))]
                found.labelled.append((photo.image, [mask for mask in masks if mask.sum() > 150]))
                found.names.append(name)
        else:
            found.items += read_meshes(source)
    return found


def draw_examples(
    folder: Path, sources: Sources, settings: CutterData, progress: Progress = silent, workers: int = 0
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Draw the pictures into a folder, or open those that lie there.

    Args:
        folder: where they are kept.
        sources: what they are drawn from.
        settings: what they are.
        progress: called after every picture.
        workers: processes that draw; 0 draws in this one.

    Returns:
        Pictures uint8 [N, S, S, 3], and masks uint8 [N, S, S / 8], eight pixels a byte; both are read from disk as
        they are used.

    Raises:
        CounterpointError: there is nothing to draw from.
    """
    files = folder / "pictures.npy", folder / "masks.npy"
    if not all(file.exists() for file in files):
        make_folder(folder)
        size, count = settings.size, settings.count
        partial = [file.with_suffix(".part") for file in files]
        shapes = (count, size, size, 3), (count, size, size // 8)
        pictures, masks = (
            np.lib.format.open_memmap(file, "w+", np.uint8, shape) for file, shape in zip(partial, shapes, strict=True)
        )
        drawn: DataLoader[Any] = DataLoader(Drawer(sources, settings), batch_size=None, num_workers=workers)
        for number, (picture, mask) in enumerate(drawn):
            pictures[number], masks[number] = picture, mask
            progress(number / count, f"drawing {number + 1} of {count}")
        for file, done in zip(partial, files, strict=True):
            file.rename(done)
    return np.load(files[0], mmap_mode="r"), np.load(files[1], mmap_mode="r")


class Drawer(Dataset[tuple[Image, Image]]):
    """Draws pictures of all kinds."""

    def __init__(self, sources: Sources, settings: CutterData):
        if not sources.labelled and not sources.items:
            raise CounterpointError("There is nothing to learn from: give photos with outlines, meshes or procedural.")
        self._sources, self._settings = sources, settings
        self._objects = [(i, j) for i, (_, masks) in enumerate(sources.labelled) for j in range(len(masks))]
        self._cutouts: list[tuple[Image, Mask]] = []

    def __len__(self) -> int:
        return self._settings.count

    def __getitem__(self, number: int) -> tuple[Image, Image]:
        """The picture of a number, uint8 [S, S, 3], and its mask uint8 [S, S / 8], eight pixels a byte."""
        picture, mask = self.draw(np.random.default_rng((self._settings.seed, number)))
        return picture, np.packbits(mask, axis=1)

    def draw(self, rng: np.random.Generator) -> tuple[Image, Mask]:
        """A picture uint8 [S, S, 3], and the mask bool [S, S] of the object in it."""
        kinds: list[Callable[[np.random.Generator], tuple[Image, Mask]]] = [self._real, self._laid, self._render]
        settings = self._settings
        share = [settings.real, settings.laid, 1 - settings.real - settings.laid]
        if not self._objects:
            share[0] = 0
        if not self._sources.items:
            share[2] = 0
        while True:
            kind = kinds[int(rng.choice(3, p=np.array(share) / sum(share)))]
            picture, mask = kind(rng)
            if mask.mean() > LEAST and mask.mean() < 0.9:
                return picture, mask

    def _real(self, rng: np.random.Generator) -> tuple[Image, Mask]:
        photo, masks = self._sources.labelled[int(rng.integers(len(self._sources.labelled)))]
        if not masks:
            return self._real(rng)
        return self._crop(photo, masks[int(rng.integers(len(masks)))], rng)

    def _laid(self, rng: np.random.Generator) -> tuple[Image, Mask]:
        """Objects laid over a photo one after the other; one of them, or of the photo's own, is what is asked for."""
        if self._sources.photos is None or (self._objects and rng.random() < 0.4):
            if self._objects:
                photo, masks = self._sources.labelled[int(rng.integers(len(self._sources.labelled)))]
                layers = list(masks)
            else:
                photo, layers = self._render(rng)[0], []
        else:
            files = photo_files(self._sources.photos)
            photo, layers = read_photo(files[int(rng.integers(len(files)))]), []
        photo = photo.copy()
        laid: list[Mask] = []
        for _ in range(int(rng.integers(1, 5))):
            thing, cut = self._cutout(rng)
            mask = _lay(photo, thing, cut, rng)
            layers = [layer & ~mask for layer in layers]
            laid = [layer & ~mask for layer in laid] + [mask]
        own = layers and rng.random() < 0.3
        chosen = (layers if own else laid)[int(rng.integers(len(layers if own else laid)))]
        return self._crop(photo, chosen, rng)

    def _cutout(self, rng: np.random.Generator) -> tuple[Image, Mask]:
        """An object with what it was seen before, and its mask."""
        if self._objects and (not self._sources.items or rng.random() < 0.5):
            i, j = self._objects[int(rng.integers(len(self._objects)))]
            photo, masks = self._sources.labelled[i]
            rows, columns = (slice(a.min(), a.max() + 1) for a in np.nonzero(masks[j]))
            if max(rows.stop - rows.start, columns.stop - columns.start) < 40:
                return self._cutout(rng)
            return photo[rows, columns], masks[j][rows, columns]
        if len(self._cutouts) < 1500:
            self._cutouts.append(self._render(rng, whole=True))
        picture, mask = self._cutouts[int(rng.integers(len(self._cutouts)))]
        rows, columns = (slice(a.min(), a.max() + 1) for a in np.nonzero(mask))
        return picture[rows, columns], mask[rows, columns]

    def _render(self, rng: np.random.Generator, whole: bool = False) -> tuple[Image, Mask]:
        """A shape before a photo with things in front; a part of it is asked for at times."""
        items = self._sources.items
        item = items[int(rng.integers(len(items)))]
        low = 0.55 if whole or rng.random() < self._settings.near else 0.15
        settings = PictureSettings(
            size=self._settings.size,
            fill=(low, 1.0 if whole else 1.15),
            shift=0.02 if whole else 0.15,
            any_roll=0.4,
            plain=0.0 if whole else 0.08,
            occluded=0.1 if whole else 0.45,
            own=0.85,
            photos=self._sources.photos,
        )
        made = take_picture(item, rng, settings)
        mask = made.mask
        if mask.sum() < 200:
            return self._render(rng, whole)
        parts, pixels = np.unique(made.part[mask], return_counts=True)
        large = parts[(pixels > 150) & (pixels > 0.05 * mask.sum())]
        if not whole and len(large) > 1 and rng.random() < 0.4:
            mask = made.part == large[int(rng.integers(len(large)))]
        return made.image, mask

    def _crop(self, photo: Image, mask: Mask, rng: np.random.Generator) -> tuple[Image, Mask]:
        """A square around an object, turned and mirrored a little."""
        size = self._settings.size
        rows, columns = np.nonzero(mask)
        if len(rows) < 60:
            return photo[:size, :size], np.zeros((size, size), bool)
        longer = max(np.ptp(rows), np.ptp(columns)) + 1
        whole = max(photo.shape[:2])
        near = rng.random() < self._settings.near
        side = longer * rng.uniform(1.15, 1.9) if near else longer * np.exp(rng.uniform(np.log(1.5), np.log(6)))
        side = max(min(side, 1.05 * whole), 1.05 * longer, 24)
        slack = (side - longer) / 2
        shift = rng.uniform(-1, 1, 2) * (slack if not near else min(slack, 0.12 * side))
        center = np.array([columns.min() + columns.max(), rows.min() + rows.max()]) / 2 + shift
        scale = size / side
        if scale < 0.7:
            factor = scale / 0.7 if scale < 0.35 else 0.5 if scale < 0.5 else 1.0
            photo = cv2.resize(photo, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            mask = cv2.resize(mask.astype(np.uint8), photo.shape[1::-1], interpolation=cv2.INTER_AREA) > 0
            center, scale = (center + 0.5) * factor - 0.5, scale / factor
        angle = rng.uniform(-20, 20) if rng.random() < 0.4 else 0.0
        turn = cv2.getRotationMatrix2D((float(center[0]), float(center[1])), angle, scale)
        turn[:, 2] += (size - 1) / 2 - center
        if rng.random() < 0.5:
            turn[0] = -turn[0]
            turn[0, 2] += size - 1
        border = (GRAY, GRAY, GRAY)
        picture = cv2.warpAffine(photo, turn, (size, size), flags=cv2.INTER_LINEAR, borderValue=border)
        warped = cv2.warpAffine(mask.astype(np.float32), turn, (size, size), flags=cv2.INTER_LINEAR)
        return np.asarray(picture, np.uint8), np.asarray(warped > 0.5)


def _lay(photo: Image, thing: Image, cut: Mask, rng: np.random.Generator) -> Mask:
    """Lay an object over a photo at a random place, in place; returns where it lies, bool [H, W]."""
    height, width = photo.shape[:2]
    longer = rng.uniform(0.15, 0.75) * min(height, width)
    scale = min(longer / max(cut.shape), 2.5)
    angle = rng.uniform(-180, 180) if rng.random() < 0.3 else rng.uniform(-25, 25)
    center = (cut.shape[1] / 2, cut.shape[0] / 2)
    turn = cv2.getRotationMatrix2D(center, angle, scale)
    turn[:, 2] += rng.uniform(0.1, 0.9, 2) * [width, height] - center
    if rng.random() < 0.5:
        thing, cut = thing[:, ::-1], cut[:, ::-1]
    if scale < 0.5:
        thing = cv2.blur(thing, (2 * round(0.5 / scale) - 1,) * 2)
    alpha = cv2.warpAffine(cut.astype(np.float32), turn, (width, height), flags=cv2.INTER_LINEAR)
    alpha = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.4, 1.0))
    pixels = cv2.warpAffine(np.ascontiguousarray(thing), turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    light = rng.uniform(0.7, 1.3) * rng.uniform(0.92, 1.08, 3)
    colored = np.clip(pixels * light + rng.uniform(-15, 15), 0, 255)
    photo[:] = (photo * (1 - alpha[..., None]) + colored * alpha[..., None]).astype(np.uint8)
    return np.asarray(alpha > 0.5)
