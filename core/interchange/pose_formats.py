"""The formats that a pose is written in.

This is the table that the command line's choices and the window's menu are made of.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class PoseFormat:
    """A way to write a pose.

    Attributes:
        name: as the command line calls it; ``description`` is what a menu calls it.
        suffix: of its file, or "" where it is a folder.
    """

    name: str
    description: str
    suffix: str


POSE_FORMATS = (
    PoseFormat("json", "JSON", ".json"),
    PoseFormat("matrix", "4 x 4 matrix", ".txt"),
    PoseFormat("bop", "BOP folder", ""),
    PoseFormat("scan2cad", "Scan2CAD", ".json"),
    PoseFormat("colmap", "COLMAP folder", ""),
    PoseFormat("nerfstudio", "nerfstudio transforms.json", ".json"),
)
"""How each is written is in :mod:`core.interchange.poses`."""
