"""Whether an adapted encoder is worse than it was: on held-out pictures of the objects, and in photos of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from core.encoders.base import TunableEncoder
from core.encoders.feature_map import Box, cut_out, encode_image
from core.encoders.lora import LoraNet
from core.errors import CounterpointError
from core.training.observing import Observation, Pool, describe

WITHIN = 0.1
"""A place is found if what is found lies within this of it: of the object's diagonal, or of the side of the crop."""

NOISE = 0.005
"""Shares that fall by less than this are no worse; it is what another choice of places changes."""

GRID = 24
"""Places along each side of the box of a photo."""


@dataclass(frozen=True)
class OwnPhoto:
    """A photo of one of the objects.

    Attributes:
        name: of its file.
        image: RGB uint8 [H, W, 3].
        box: around the object in pixels, None for the whole photo.
    """

    name: str
    image: npt.NDArray[np.uint8]
    box: Box | None = None


@dataclass(frozen=True)
class Compared:
    """Shares of places, from 0 to 1, that are found again ``before`` and ``after`` adapting, and of ``what``."""

    what: str
    before: float
    after: float

    @property
    def is_worse(self) -> bool:
        """Whether fewer places are found again than before."""
        return self.after < self.before - NOISE


def compare(
    base: TunableEncoder, adapted: LoraNet, names: Sequence[str], pools: Sequence[Pool], photos: Sequence[OwnPhoto]
) -> list[Compared]:
    """Compare an adapted encoder, as it is used beside its base, with the base.

    Args:
        base: the encoder as it was.
        adapted: its changed network.
        names: of the objects.
        pools: what is observed of them, in the same order.
        photos: of the objects; in each, places are matched with the object's views and back, for the object that the
            base finds most of them again with.
    """
    start = LoraNet(base).eval()
    nets: tuple[list[LoraNet], ...] = ([start], [start, adapted])
    found = [
        Compared(f"held-out pictures of {name}", *(found_again(some, pool) for some in nets))
        for name, pool in zip(names, pools, strict=True)
    ]
    for photo in photos:
        seen = _observed(base, start, photo)
        shares = [[cycle_consistency(some, seen, pool) for some in nets] for pool in pools]
        before, after = max(shares, key=lambda pair: pair[0])
        found.append(Compared(photo.name, before, after))
    return found


def refuse_if_worse(compared: Sequence[Compared]) -> None:
    """Raise a CounterpointError that says what got worse and by how much, if anything did."""
    worse = [f"{one.what}: {one.after:.1%} instead of {one.before:.1%}" for one in compared if one.is_worse]
    if worse:
        raise CounterpointError(
            f"Adapting made the encoder worse, and nothing was written. Fewer places are found again ({'; '.join(worse)}). "
            "Adapt for longer, to fewer shapes at once, or keep the encoder as it is."
        )


@torch.no_grad()
def found_again(nets: Sequence[LoraNet], pool: Pool) -> float:
    """Return the share of places of held-out pictures whose most similar places in the views are near them."""
    a, places_a = _described(nets, pool.held_out, 100, 1)
    b, places_b = _described(nets, pool.views, 300, 2)
    nearest = places_b[(a @ b.T).argmax(1)]
    return float(((nearest - places_a).norm(dim=1) < WITHIN).float().mean())


@torch.no_grad()
def cycle_consistency(nets: Sequence[LoraNet], photo: Observation, pool: Pool) -> float:
    """Return the share of places of a photo that matching with the object's views, and back, leads near again."""
    everything = len(photo.points)
    a, places_a = _described(nets, [photo], everything, 1)
    b, _ = _described(nets, pool.views, 300, 2)
    similar = a @ b.T
    back = similar.argmax(0)[similar.argmax(1)]
    return float(((places_a[back] - places_a).norm(dim=1) < WITHIN).float().mean())


def _described(
    nets: Sequence[LoraNet], observed: Sequence[Observation], most: int, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Unit descriptors of the same places by all nets beside each other, and the places."""
    parts = [describe(net, observed, most, np.random.default_rng(seed)) for net in nets]
    return torch.cat([unit for unit, _ in parts], dim=1) / len(nets) ** 0.5, parts[0][1]


def _observed(base: TunableEncoder, net: LoraNet, photo: OwnPhoto) -> Observation:
    """The crop of a photo, with a grid of places in the box; the third coordinate of each is 0."""
    seen = encode_image(base, photo.image, photo.box)
    x0, y0, x1, y1 = seen.box
    u, v = np.meshgrid(np.linspace(x0, x1, GRID + 2)[1:-1], np.linspace(y0, y1, GRID + 2)[1:-1])
    side = seen.frame[2] - seen.frame[0]
    pixels = (np.stack([u.ravel(), v.ravel()], axis=1) - seen.frame[:2]) / side
    points = np.concatenate([pixels, np.zeros((len(pixels), 1))], axis=1).astype(np.float32)
    crop = cut_out(photo.image, seen.frame, base.photo_size)
    return Observation(net.begin(crop[None]), pixels, points)
