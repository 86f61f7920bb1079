"""Formats of shapes: what reads a file is told by the ending of its name. It is light, so that the window can ask."""

from pathlib import Path

READERS = {
    ".obj": "obj.read_obj",
    ".ply": "ply.read_ply",
    ".stl": "stl.read_stl",
    ".off": "off.read_off",
    ".glb": "gltf.read_gltf",
    ".gltf": "gltf.read_gltf",
    ".xyz": "points_text.read_points_text",
    ".asc": "points_text.read_points_text",
    ".pts": "points_text.read_points_text",
    ".ptx": "points_text.read_points_text",
}
"""The function of ``core.geometry.readers`` that reads a file with this suffix: path -> :class:`core.geometry.shape.Shape`."""

SHAPE_SUFFIXES = tuple(READERS)

_Z_UP = (".stl", ".ply", ".xyz", ".asc", ".pts", ".ptx")


def is_shape(path: str | Path) -> bool:
    """Return whether a file name is that of a shape; every other file is taken for an image."""
    return Path(path).suffix.lower() in SHAPE_SUFFIXES


def guess_up(path: str | Path) -> str:
    """Return the usual up axis of a format.

    It is z for STL, PLY and points as text (CAD and scans), y for the others (glTF demands it).
    """
    return "z" if Path(path).suffix.lower() in _Z_UP else "y"
