"""Actions by which a part is marked by hand, as plain values."""

from dataclasses import dataclass
from typing import Literal

Tool = Literal["point", "box", "brush", "lasso", "component", "flood"]


@dataclass(frozen=True)
class Action:
    """One use of a tool, in an image or on a shape.

    Attributes:
        tool: in an image "point" or "box" (prompts of the segmenter), "brush" or "lasso" (drawn by hand); on a shape
            "brush", "component" or "flood".
        add: whether the action adds to the part or removes from it.
        places: pixels (u, v), or surface points (x, y, z) in the units and axes of the file: the point, two corners of
            the box, the path of the brush, the vertices of the lasso, or the place that is filled from.
        size: the radius of the brush, in pixels of the image or as a fraction of the shape's diagonal; the angle of the
            flood in degrees.
    """

    tool: Tool
    add: bool
    places: tuple[tuple[float, ...], ...]
    size: float = 0.0
