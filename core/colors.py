"""Colours of pins and heatmaps, the same in the window, in saved files and in screenshots."""

from functools import lru_cache

import cmap
import numpy as np
import numpy.typing as npt

HEATMAPS = ("turbo", "inferno", "viridis", "magma", "cividis", "coolwarm")
"""The colour maps that are offered for heatmaps; the first is the default."""

STEPPED = ", 8 steps"
"""A suffix of a colour map's name: its eight colours are easy to distinguish."""

PINS = ("#ff4d6d", "#2ec4ff", "#ffd23f", "#7ae582", "#c77dff", "#ff9f1c", "#00f5d4", "#f15bb5")
"""Colours that are given to pins in turn; they are distinct on light, dark and heatmap backgrounds."""


def pair_color(number: int) -> str:
    """Return the colour ``#rrggbb`` of the pair with a number from 1 on, other ones first than those of pins."""
    return PINS[(number + 3) % len(PINS)]


def rgb_of(color: str) -> tuple[int, int, int]:
    """Return the red, green and blue, 0 to 255, of a colour ``#rrggbb``."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


@lru_cache
def lookup_table(name: str) -> npt.NDArray[np.uint8]:
    """Return the table RGB uint8 [256, 3] of a colour map by its name, which may end with ``STEPPED``."""
    table = (np.asarray(cmap.Colormap(name.removesuffix(STEPPED)).lut(256))[:, :3] * 255 + 0.5).astype(np.uint8)
    return table[np.arange(256) // 32 * 255 // 7] if name.endswith(STEPPED) else table


def apply_colormap(
    values: npt.NDArray[np.floating], name: str = HEATMAPS[0], low: float = 0.0, high: float = 1.0
) -> npt.NDArray[np.uint8]:
    """Colour values by a colour map.

    Args:
        values: float [...].
        name: the colour map, a name of ``HEATMAPS``, which may end with ``STEPPED``.
        low: this value, and all below, get the first colour.
        high: this value, and all above, get the last colour.

    Returns:
        RGB uint8 [..., 3].
    """
    scaled = (np.asarray(values, np.float32) - low) * (255.0 / max(high - low, 1e-6))
    index = np.nan_to_num(np.clip(scaled, 0, 255)).astype(np.uint8)
    return np.asarray(lookup_table(name)[index])


def heat_weight(values: npt.NDArray[np.floating], low: float, high: float) -> npt.NDArray[np.float32]:
    """Return the opacity of a heatmap, float32 [...] in [0, 1].

    What matches badly keeps its own colour: the opacity is 0 up to a tenth of the range and 1 from six tenths on.

    Args:
        values: float [...].
        low: the lower end of the range.
        high: the upper end of the range.
    """
    scaled = (np.asarray(values, np.float32) - low) / max(high - low, 1e-6)
    return np.asarray(np.nan_to_num(np.clip((scaled - 0.1) * 2, 0, 1)), np.float32)
