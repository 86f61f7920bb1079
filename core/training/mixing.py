"""How learnt descriptors and the trunk's maps become one descriptor, after a run (see LiteNet.side_by_side)."""

from collections.abc import Iterable

import torch

from core.encoders.lite_net import LiteNet

CELLS = 400
"""Cells of each batch that the directions are found from."""


@torch.no_grad()
def fit_mix(net: LiteNet, batches: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> float:
    """Set ``net.mix`` to the directions in which descriptors side by side have most of their length (PCA, uncentred).

    They are turned to be as near as they can to those before (orthogonal Procrustes), which changes no similarity: what
    learnt to speak the language of the net before is still understood.

    Args:
        net: an image net that has learnt, in evaluation mode.
        batches: normalised pictures float32 [B, 3, S, S] on the net's device, and where their objects are, bool [B, h,
            w] (every fourth pixel).

    Returns:
        The share of the squared lengths that is kept.
    """
    dim, width = net.mix.shape
    moments = torch.zeros(width, width, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    for pictures, mask in batches:
        maps = net.begin(pictures)
        cells = net.side_by_side(net.heads(maps)[0], maps).permute(0, 2, 3, 1).reshape(-1, width).cpu()
        weight = 0.3 + mask.reshape(-1).float().cpu()
        chosen = torch.randperm(len(cells), generator=generator)[:CELLS]
        some = (cells[chosen] * weight[chosen, None] ** 0.5).double()
        moments += some.T @ some
    lengths, directions = torch.linalg.eigh(moments)
    longest = directions.flip(1)[:, :dim].T
    u, _, v = torch.linalg.svd(net.mix.cpu().double() @ longest.T)
    net.mix.copy_((u @ v @ longest).float())
    return float(lengths[-dim:].sum() / lengths.sum())
