"""What can lie over a photo or a shape; every task shows its own."""

from typing import Literal, get_args

Layer = Literal["heat", "parts", "pose"]
"""The heatmap of the current pin, the parts, and the posed shape with its camera."""

ALL_LAYERS: frozenset[Layer] = frozenset(get_args(Layer))
