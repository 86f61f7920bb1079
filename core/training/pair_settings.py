"""What pairs of training pictures are."""

from dataclasses import dataclass, field

import torch

from core.training.look import PictureSettings

Batch = dict[str, torch.Tensor]
"""What a step learns from, by name; of B pairs of pictures with S pixels along a side (see :func:`core.training.pair_data.draw_pairs`)."""


@dataclass(frozen=True)
class PairSettings:
    """What a pair of pictures is.

    Attributes:
        pictures: how they vary.
        across: share of pairs that show two instances of one category.
        same_surface: share of the other pairs in which the object looks the same in both pictures.
        cad: share of pairs of a photo-like picture and a plain one, which is what the program matches.
        given: share of pairs that show one of the given shapes, where there are any; the rest are procedural.
        crops: share of pairs that are two crops of one photo (see :mod:`core.training.photo_pairs`).
        queries: pixels of the object in picture A.
        keys: pixels of the object in picture B.
        outside: pixels of the background in picture B.
    """

    pictures: PictureSettings = field(default_factory=PictureSettings)
    across: float = 0.22
    same_surface: float = 0.62
    cad: float = 0.5
    given: float = 1.0
    crops: float = 0.0
    queries: int = 256
    keys: int = 512
    outside: int = 128


def choose_pixels(mask: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """Choose pixels of masks at random, int64 [B, count, 2] (column, row).

    No pixel is chosen twice but where a mask has too few of them; where a mask is empty it is some other pixel.

    Args:
        mask: bool [B, S, S].
        count: pixels of each.
        generator: on the device of the mask.
    """
    flat, rank = mask.flatten(1), torch.arange(count, device=mask.device)
    order = torch.rand(flat.shape, generator=generator, device=mask.device).masked_fill(~flat, -1)
    first = order.topk(min(count, flat.shape[1]), dim=1).indices
    chosen = first.gather(1, rank % flat.sum(1, keepdim=True).clamp(1, first.shape[1]))
    return torch.stack([chosen % mask.shape[2], chosen // mask.shape[2]], dim=-1)
