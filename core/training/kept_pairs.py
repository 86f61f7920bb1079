"""Pairs of pictures that are drawn once, kept on disk, and learnt from several times with fresh changes."""

import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset

from core.files import make_folder, write_atomic
from core.training.pair_data import PairData
from core.training.pair_settings import Batch

FIRST = 8
"""Steps at the beginning of a run whose pairs are all new, so that those after it have something to choose from."""

MAPS = 4
"""Normals, depths and masks are kept at every fourth pixel, which is where the net's maps are compared with them."""


class KeptPairs(Dataset[Any]):
    """Pairs of a :class:`core.training.pair_data.PairData`, kept in a folder.

    A pair is asked for by its number and the number of the use. Each use changes light and colours of both pictures,
    mirrors some pairs (the mirror image of an object is an object too), and turns some pictures by quarter turns.
    """

    def __init__(self, pairs: PairData, folder: Path, seed: int, description: str):
        """Keep pairs.

        Args:
            pairs: draws them.
            folder: where they are kept, in a folder for each ``description``.
            seed: of the changes.
            description: differs where the pairs differ.

        Raises:
            CounterpointError: the folder cannot be made.
        """
        self._pairs, self._seed = pairs, seed
        self._folder = make_folder(folder / hashlib.sha256(description.encode()).hexdigest()[:12])

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, asked: tuple[int, int]) -> Batch:
        """The pair of a number for a use."""
        number, use = asked
        return changed(self._pair(number), np.random.default_rng((self._seed, number, use)))

    def collate(self, items: list[Any]) -> Any:
        """See :meth:`core.training.pair_data.PairData.collate`."""
        return self._pairs.collate(items)

    def finish(self, raw: Any, device: torch.device) -> Batch:
        """See :meth:`core.training.pair_data.PairData.finish`."""
        return self._pairs.finish(raw, device)

    def _pair(self, number: int) -> Batch:
        file = self._folder / f"{number // 1000:04d}" / f"{number:07d}.pt"
        if file.exists():
            kept: Batch = torch.load(file, weights_only=True)
            return kept
        pair = reduced(self._pairs[number])
        file.parent.mkdir(exist_ok=True)
        content = BytesIO()
        torch.save(pair, content)
        write_atomic(file, content.getvalue())
        return pair


def reduced(pair: Batch) -> Batch:
    """A pair with its masks, normals and depths at every ``MAPS``-th pixel."""
    small = [f"{picture}_{name}" for picture in "ab" for name in ("mask", "normal", "depth")]
    every = slice(MAPS // 2, None, MAPS)
    return {name: value[every, every].clone() if name in small else value for name, value in pair.items()}


def order(steps: int, pairs: int, uses: int, seed: int, done: int = 0) -> Iterator[tuple[int, int]]:
    """The numbers of the pairs of a run and of their uses: in each step one in ``uses`` is new, the others were drawn.

    Args:
        steps: of the run.
        pairs: pairs a step.
        uses: how often a pair is used, on average.
        seed: of the choice.
        done: steps that are left out.
    """

    def drawn(step: int) -> int:
        return max(min(step, FIRST) * pairs, -(-step * pairs // uses))

    for step in range(done, steps):
        new = list(range(drawn(step), drawn(step + 1)))
        rng = np.random.default_rng((seed, step))
        again = rng.integers(drawn(step), size=pairs - len(new)).tolist() if len(new) < pairs else []
        yield from ((number, step) for number in [*new, *again])


def changed(pair: Batch, rng: np.random.Generator) -> Batch:
    """A pair under other light, perhaps mirrored, its pictures perhaps turned.

    Args:
        pair: as :func:`core.training.pair_data.draw_pairs` says, without B.
        rng: of all random numbers.
    """
    pair = dict(pair)
    size = pair["a_image"].shape[0]
    mirror = rng.random() < 0.5
    for name in "ab":
        quarters = int(rng.integers(1, 4)) if rng.random() < 0.12 else 0
        places = [f"{name}_pixels", *(["outside"] if name == "b" else [])]
        if mirror:
            _mirror(pair, name, places, size)
        if quarters:
            _turn(pair, name, places, size, quarters)
        pair[f"{name}_image"] = torch.from_numpy(recoloured(pair[f"{name}_image"].numpy(), rng))
    return pair


def _mirror(pair: Batch, name: str, places: list[str], size: int) -> None:
    for key in ("image", "mask", "normal", "depth"):
        pair[f"{name}_{key}"] = pair[f"{name}_{key}"].flip(1)
    pair[f"{name}_normal"] = pair[f"{name}_normal"] * torch.tensor([-1, 1, 1], dtype=torch.float16)
    for key in places:
        u, v = pair[key].unbind(-1)
        pair[key] = torch.stack([size - 1 - u, v], dim=-1)


def _turn(pair: Batch, name: str, places: list[str], size: int, quarters: int) -> None:
    """Turn a picture counterclockwise by quarter turns; the camera is turned the other way."""
    for key in ("image", "mask", "normal", "depth"):
        pair[f"{name}_{key}"] = torch.rot90(pair[f"{name}_{key}"], quarters, (0, 1))
    for _ in range(quarters):
        x, y, z = pair[f"{name}_normal"].unbind(-1)
        pair[f"{name}_normal"] = torch.stack([y, -x, z], dim=-1)
        for key in places:
            u, v = pair[key].unbind(-1)
            pair[key] = torch.stack([v, size - 1 - u], dim=-1)


def recoloured(image: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """An image uint8 [S, S, 3] with other brightness, contrast, colours and noise, and sometimes blur."""
    if rng.random() < 0.3:
        return image
    levels = np.arange(256, dtype=np.float32) / 255
    table = np.clip((levels ** rng.uniform(0.75, 1.35) - 0.5) * rng.uniform(0.75, 1.25) + 0.5, 0, 1)
    table = table[:, None] * rng.uniform(0.88, 1.12, 3) + rng.uniform(-0.06, 0.06)
    picture = np.take_along_axis((np.clip(table, 0, 1) * 255).astype(np.uint8), image.reshape(-1, 3), axis=0)
    picture = picture.reshape(image.shape)
    if rng.random() < 0.4:
        gray = picture.mean(-1, keepdims=True)
        picture = np.clip(gray + (picture - gray) * rng.uniform(0.2, 1.4), 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.0)), np.uint8)
    if rng.random() < 0.25:
        noise = rng.normal(0, rng.uniform(2, 9), picture.shape)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return picture
