"""Colours of pins and heatmaps, the same in the window, in saved files and in screenshots."""

from functools import lru_cache

import cmap
import numpy as np
import numpy.typing as npt

HEATMAPS = ("turbo", "inferno", "viridis", "magma", "cividis", "coolwarm")
"""Colour maps offered for heatmaps; the first is the default."""

STEPPED = ", 8 steps"
"""Behind the name of a colour map: eight colours that can be told apart."""

PINS = ("#ff4d6d", "#2ec4ff", "#ffd23f", "#7ae582", "#c77dff", "#ff9f1c", "#00f5d4", "#f15bb5")
"""Colours given to pins in turn (distinct on light, dark and heatmap backgrounds)."""


@lru_cache
def lookup_table(name: str) -> npt.NDArray[np.uint8]:
    """RGB table uint8 [256, 3] of a colour map by name, smooth or with ``STEPPED`` behind it."""
    table = (np.asarray(cmap.Colormap(name.removesuffix(STEPPED)).lut(256))[:, :3] * 255 + 0.5).astype(np.uint8)
    return table[np.arange(256) // 32 * 255 // 7] if name.endswith(STEPPED) else table


def apply_colormap(
    values: npt.NDArray[np.floating], name: str = HEATMAPS[0], low: float = 0.0, high: float = 1.0
) -> npt.NDArray[np.uint8]:
    """Colours uint8 [..., 3] of ``values`` [...]: ``low`` and below map to the first colour, ``high`` and above to the last."""
    scaled = (np.asarray(values, np.float32) - low) * (255.0 / max(high - low, 1e-6))
    index = np.nan_to_num(np.clip(scaled, 0, 255)).astype(np.uint8)
    return lookup_table(name)[index]


def heat_weight(values: npt.NDArray[np.floating], low: float, high: float) -> npt.NDArray[np.float32]:
    """How much of the heatmap's colour to lay over what is below, float32 [...] in [0, 1].

    What matches badly keeps its own look: nothing up to a tenth of the range, all from six tenths on.
    """
    scaled = (np.asarray(values, np.float32) - low) / max(high - low, 1e-6)
    return np.nan_to_num(np.clip((scaled - 0.1) * 2, 0, 1)).astype(np.float32)
