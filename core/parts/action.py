"""What a hand does to mark a part, as plain values."""

from dataclasses import dataclass
from typing import Literal

Tool = Literal["point", "box", "brush", "lasso", "component", "flood"]


@dataclass(frozen=True)
class Action:
    """One thing done with a tool, in an image or on a shape.

    Attributes:
        tool: in an image "point", "box" (prompts of the segmenter), "brush" or "lasso" (drawn by hand); on a shape "brush",
            "component" or "flood".
        add: whether it adds to the part or takes from it.
        places: pixels (u, v) or surface points (x, y, z) in the file's units: the point, two corners of the box, the way of the brush,
            the vertices of the lasso, or the place that is filled from.
        size: radius of the brush in pixels, or as a fraction of the shape's diagonal; angle of the flood in degrees.
    """

    tool: Tool
    add: bool
    places: tuple[tuple[float, ...], ...]
    size: float = 0.0
