"""Parts as colours for the panels."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from core.colors import rgb_of
from core.parts.layers import Layers, Mask, in_part, is_uncertain

RGBA = npt.NDArray[np.uint8]
View = Callable[[npt.NDArray], npt.NDArray]


MOST_PIXELS = 1_200_000
"""Parts over an image are drawn with no more pixels than this."""

_PART, _DRAFT, _UNCERTAIN = 150, 215, 90


def paint_layers(layers: Layers, where: str, size: int, view: View) -> RGBA:
    """Visible parts as uint8 [..., 4] over what ``view`` makes of the elements [size]."""
    colors = view(np.zeros(size, np.uint8))
    rgba = np.zeros((*colors.shape, 4), np.uint8)
    for part in reversed(layers.parts):
        mask = part.masks.get(where)
        if part.visible and mask is not None and mask.size == size:
            _lay(rgba, view(mask.array()), part.color, _PART)
    return rgba


def paint_mask(rgba: RGBA, mask: Mask, color: str, view: View) -> None:
    """Lay the part that is being marked over the others, in place."""
    _lay(rgba, view(mask.array()), color, _DRAFT)


def paint_evidence(rgba: RGBA, percent: npt.NDArray[np.uint8], threshold: int, color: str, view: View) -> None:
    """Lay what was found over the others, in place: strong above the threshold, faint where that is uncertain."""
    values = view(percent)
    inside, uncertain = in_part(values, threshold), is_uncertain(values, threshold)
    _lay(rgba, inside & ~uncertain, color, _DRAFT)
    _lay(rgba, inside & uncertain, color, (_DRAFT + _UNCERTAIN) // 2)
    _lay(rgba, ~inside & uncertain, color, _UNCERTAIN // 2)


def border(rgba: RGBA) -> None:
    """Make the edges of the parts in a picture [h, w, 4] opaque, in place."""
    code = rgba.astype(np.uint32) @ np.array([1 << 24, 1 << 16, 1 << 8, 1], np.uint32)
    edge = np.zeros(code.shape, bool)
    edge[:, 1:] |= code[:, 1:] != code[:, :-1]
    edge[:, :-1] |= code[:, 1:] != code[:, :-1]
    edge[1:] |= code[1:] != code[:-1]
    edge[:-1] |= code[1:] != code[:-1]
    alpha = rgba[..., 3]
    alpha[edge & (alpha > _UNCERTAIN)] = 255


def image_view(shape: tuple[int, int]) -> tuple[View, int]:
    """How pixels [H * W] become a picture small enough to draw.

    The second value says how many of the image's pixels each of its own stands for.
    """
    step = max(1, int(np.ceil((shape[0] * shape[1] / MOST_PIXELS) ** 0.5)))
    return (lambda values: values.reshape(shape)[step // 2 :: step, step // 2 :: step]), step


def _lay(rgba: RGBA, chosen: npt.NDArray[np.bool_], color: str, alpha: int) -> None:
    rgba[chosen] = (*rgb_of(color), alpha)
