"""What the encoder is taught, term by term."""

import torch
from torch.nn import functional as F


def soft_info_nce(query: torch.Tensor, keys: torch.Tensor, target: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """InfoNCE (van den Oord et al., 2018) with soft targets.

    It is the cross-entropy between ``target`` and the softmax of similarities.

    Args:
        query: unit vectors [B, Q, D].
        keys: unit vectors [B, K, D].
        target: how well each key answers each query, [B, Q, K] >= 0; rows of zeros have no answer and do not count.
        scale: inverse temperature.
    """
    total = target.sum(-1)
    answered = total > 1e-4
    log_probability = F.log_softmax(scale * query @ keys.transpose(1, 2), dim=-1)
    per_query = -(target / total.clamp(min=1e-4)[..., None] * log_probability).sum(-1)
    return (per_query * answered).sum() / answered.sum().clamp(min=1)


def smooth_ap(
    similar: torch.Tensor, distance: torch.Tensor, positive_radius: float, negative_radius: float, temperature: float
) -> torch.Tensor:
    """1 - SmoothAP (Brown et al., ECCV 2020), averaged over queries that have a positive; a tensor without axes.

    The rank of a positive is a sum of sigmoids of how much more similar the other keys are; keys between the radii do
    not count.

    Args:
        similar: cosine similarities float [Q, K] of queries and keys.
        distance: float [Q, K], between their places.
        positive_radius: keys nearer than this are positives.
        negative_radius: keys farther than this are negatives.
        temperature: of the sigmoids.
    """
    positive, negative = distance < positive_radius, distance > negative_radius
    most = int(positive.sum(1).max())
    if most == 0:
        return similar.sum() * 0
    found, which = positive.to(similar.dtype).topk(most, dim=1)
    above = torch.sigmoid((similar[:, None] - similar.gather(1, which)[..., None]) / temperature)
    among = 0.5 + (above * positive[:, None]).sum(-1)  # the sigmoid of the positive itself is a half
    rank = among + (above * negative[:, None]).sum(-1)
    precision = (among / rank * found).sum(1) / found.sum(1).clamp(min=1)
    counts = found.sum(1) > 0
    return 1 - precision[counts].mean()


def place_target(query: torch.Tensor, keys: torch.Tensor, sigma: float) -> torch.Tensor:
    """exp(-(d / sigma)^2) of the distance between surface points [B, Q, 3] and [B, K, 3]: [B, Q, K]."""
    return torch.exp(-torch.cdist(query, keys).square() / sigma**2)


def part_target(
    query_part: torch.Tensor,
    query_local: torch.Tensor,
    key_part: torch.Tensor,
    key_local: torch.Tensor,
    sigma: float = 0.3,
) -> torch.Tensor:
    """Across two instances.

    Positives show the same part [B, Q] and [B, K], and are near within it (local coordinates [..., 3]): [B, Q, K].
    """
    same = query_part[:, :, None] == key_part[:, None, :]
    return same * torch.exp(-torch.cdist(query_local, key_local).square() / sigma**2)


def global_loss(
    a: torch.Tensor, b: torch.Tensor, category: torch.Tensor, scale: torch.Tensor, alike: float = 0.5
) -> torch.Tensor:
    """Whole pictures [B, G].

    Row i of ``a`` belongs to row i of ``b``, and half as much to others of its category [B] (-1: of none).
    """
    a, b = F.normalize(a, dim=-1), F.normalize(b, dim=-1)
    same = (category[:, None] == category[None]) & (category[:, None] >= 0)
    target = torch.where(torch.eye(len(a), dtype=torch.bool, device=a.device), 1.0, alike * same)
    both = soft_info_nce(a[None], b[None], target[None], scale) + soft_info_nce(b[None], a[None], target.T[None], scale)
    return both / 2


def picture_losses(
    aux: torch.Tensor, mask: torch.Tensor, normal: torch.Tensor, depth: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Foreground, normal and depth of pictures.

    Args:
        aux: [N, 5, h, w]: foreground logit, depth, camera-frame normal.
        mask: [N, h, w] in {0, 1}.
        normal: unit vectors [N, h, w, 3].
        depth: [N, h, w], along the ray, less its mean over the object (object diagonal 1).
    """
    area = mask.sum().clamp(min=1)
    cosine = F.cosine_similarity(aux[:, 2:].movedim(1, -1), normal, dim=-1)
    distance = F.smooth_l1_loss(aux[:, 1], 4 * depth, reduction="none")
    return {
        "foreground": F.binary_cross_entropy_with_logits(aux[:, 0], mask),
        "normal": ((1 - cosine) * mask).sum() / area,
        "depth": (distance * mask).sum() / area,
    }
