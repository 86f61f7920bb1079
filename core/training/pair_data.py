"""Pairs of pictures for training: number i is always the same pair."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, default_collate

from core.training.categories import CATEGORIES
from core.training.pictures import Picture, PictureSettings, Surface, take_picture
from core.training.procedural import Object3D, make_object, training_seed

NAMES = list(CATEGORIES)


@dataclass(frozen=True)
class PairSettings:
    """What a pair is.

    Attributes:
        across: share of pairs that show two instances of one category.
        same_surface: of the others, the share in which the object looks the same in both pictures.
        cad: share of pairs of a photo-like picture and a plain one, which is what the program matches.
        queries, keys, outside: pixels of A, object pixels of B, and background pixels of B.
    """

    pictures: PictureSettings = field(default_factory=PictureSettings)
    across: float = 0.22
    same_surface: float = 0.62
    cad: float = 0.3
    queries: int = 256
    keys: int = 512
    outside: int = 128


Extras = Callable[[Object3D, np.random.Generator], dict[str, np.ndarray]]
"""More to know about the object of the second picture."""


def _nothing_more(item: Object3D, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {}


class PairData(Dataset[dict[str, torch.Tensor]]):
    """Two views of one object, or of two of a kind; of the given ``items``, or procedural ones."""

    def __init__(
        self,
        settings: PairSettings,
        seed: int,
        count: int,
        items: Sequence[Object3D] | None = None,
        extras: Extras | None = None,
    ):
        self._settings, self._seed, self._count, self._items = settings, seed, count, items
        self._extras = extras or _nothing_more

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> dict[str, torch.Tensor]:
        settings = self._settings
        for attempt in range(20):
            rng = np.random.default_rng((self._seed, number, attempt))
            one, other = self._objects(rng)
            surface = Surface(int(rng.integers(2**31))) if rng.random() < settings.same_surface else None
            looks = [settings.pictures, settings.pictures]
            if rng.random() < settings.cad:
                looks = [replace(settings.pictures, plain=0), replace(settings.pictures, plain=1)]
            a = take_picture(one, rng, looks[0], surface)
            b = take_picture(other, rng, looks[1], surface)
            if min(a.mask.sum(), b.mask.sum()) > 0.01 * a.mask.size and not b.mask.all():
                break
        across = one is not other
        category = NAMES.index(one.category) if one.category in NAMES else -1
        arrays = {"across": np.array(across), "category": np.array(category)}
        for name, picture, count in (("a", a, settings.queries), ("b", b, settings.keys)):
            arrays |= _maps(name, picture) | _places(name, picture, rng, count)
        arrays["outside"] = _choose(~b.mask, rng, settings.outside)
        arrays |= self._extras(other, rng)
        return {name: torch.from_numpy(np.array(array, order="C")) for name, array in arrays.items()}

    def collate(self, items: list[Any]) -> Any:
        """Items joined, in the worker."""
        return default_collate(items)

    def finish(self, raw: Any, device: torch.device) -> dict[str, torch.Tensor]:
        """What was collated as a batch on the device that trains."""
        return {name: value.to(device) for name, value in raw.items()}

    def _objects(self, rng: np.random.Generator) -> tuple[Object3D, Object3D]:
        seeds = [training_seed(int(n)) for n in rng.integers(2**40, size=2)]
        if self._items is not None:
            item = self._items[seeds[0] % len(self._items)]
            return item, item
        if rng.random() < self._settings.across:
            category = NAMES[int(rng.integers(len(NAMES)))]
            return make_object(seeds[0], category), make_object(seeds[1], category)
        item = make_object(seeds[0])
        return item, item


def _maps(name: str, picture: Picture) -> dict[str, np.ndarray]:
    return {
        f"{name}_image": picture.image,
        f"{name}_mask": picture.mask,
        f"{name}_normal": picture.normal.astype(np.float16),
        f"{name}_depth": picture.depth.astype(np.float16),
    }


def _places(name: str, picture: Picture, rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    pixels = _choose(picture.mask, rng, count)
    at = (pixels[:, 1], pixels[:, 0])
    return {
        f"{name}_pixels": pixels,
        f"{name}_point": picture.point[at],
        f"{name}_part": picture.part[at].astype(np.int64),
        f"{name}_local": picture.local[at],
    }


def _choose(mask: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """``count`` pixels (column, row) of a mask, with repetition where it has fewer."""
    rows, columns = np.nonzero(mask)
    chosen = rng.choice(len(rows), count, replace=len(rows) < count)
    return np.stack([columns[chosen], rows[chosen]], axis=1).astype(np.int64)
