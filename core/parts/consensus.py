"""Which of many masks to believe: the one that would overlap best with all of them, weighed by how likely each is.

That is the decision of minimum Bayes risk (Kumar and Byrne, HLT-NAACL 2004), with the overlap as the gain.
"""

import cv2
import numpy as np
import numpy.typing as npt

SHARPNESS = 6
"""The power of a mask's score that weighs it."""

MIDDLE = 2.0
"""How much a mask gains (e to this power) whose middle was clicked, against one at whose edge it was: people click the middle."""

OWN = 0.3
"""The share of its own score in how good a mask is, beside the overlap that is expected of it."""


def overlap_matrix(masks: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Intersection over union of every two of N masks bool [N, ...], as float32 [N, N]; that of nothing is 0."""
    flat = masks.reshape(len(masks), -1).astype(np.float32)
    both, area = flat @ flat.T, flat.sum(1)
    return np.asarray(both / np.maximum(area[:, None] + area - both, 1), np.float32)


def depth_share(mask: npt.NDArray[np.bool_], pixel: tuple[int, int]) -> float:
    """How deep a pixel (row, column) lies in its piece of a mask bool [H, W]: 1 is farthest from the edge, 0 outside."""
    labels = cv2.connectedComponents(mask.astype(np.uint8))[1]
    if not mask[pixel]:
        return 0.0
    depth = cv2.distanceTransform(np.pad((labels == labels[pixel]).astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    return float(depth[pixel] / depth.max())


def believed(
    masks: npt.NDArray[np.bool_], scores: npt.NDArray[np.floating], depths: npt.NDArray[np.floating], count: int
) -> tuple[list[int], npt.NDArray[np.float32]]:
    """Choose masks, the first the one to believe, each further one such that one of them is right as often as can be.

    Args:
        masks: bool [N, ...].
        scores: float [N], how good each is thought to be; what is below 0.01 counts as 0.01.
        depths: float [N], how deep the click lies in each, see :func:`depth_share`.
        count: how many are chosen, at most N.

    Returns:
        Their numbers, and the overlap that is expected of each of the N, float32 [N].
    """
    overlap = overlap_matrix(masks)
    weight = np.clip(scores, 0.01, 1) ** SHARPNESS * np.exp(MIDDLE * depths)
    weight = weight / weight.sum()
    expected = np.asarray(overlap @ weight, np.float32)
    chosen = [int(np.argmax(expected + OWN * scores))]
    while len(chosen) < count:
        gain = np.maximum(overlap, overlap[:, chosen].max(1)[:, None]).T @ weight
        gain[chosen] = -1
        chosen.append(int(np.argmax(gain)))
    return chosen, expected
