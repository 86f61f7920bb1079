"""What can lie over a photo or a shape; every task shows its own."""

from typing import Literal, get_args

Layer = Literal["heat", "parts", "pose", "cameras"]
"""The heatmap of the current pin, the parts, the posed shape with its camera, and the cameras of a collection."""

ALL_LAYERS: frozenset[Layer] = frozenset(get_args(Layer))
