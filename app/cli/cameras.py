"""The camera of a photo from what the user says of it: pins, and edges at right angles."""

from pathlib import Path

import numpy as np

from app.cli.options.align import AlignOptions
from core.alignment.correspondences import Correspondences2D3D
from core.errors import CounterpointError
from core.files import read_json
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import camera_matrix
from core.scenes.focal import PhotoPairs, solve_camera
from core.scenes.vanishing import focal_of_edges

ENOUGH = 5
"""Pins that say a pose and a focal length."""


def solved_camera(options: AlignOptions, size: tuple[int, int]) -> tuple[PhotoCamera, str] | None:
    """The camera that edges or pins demand for a photo of ``size`` (width, height), and how sure that is; None without them.

    Raises:
        CounterpointError: they do not determine it, or a file cannot be read.
    """
    if options.edges:
        edges = focal_of_edges(_edges(options.edges), size)
        if edges.focal is None:
            raise CounterpointError(edges.sentence)
        K = camera_matrix(edges.focal, edges.focal, (size[0] - 1) / 2, (size[1] - 1) / 2)
        return PhotoCamera(K, size), edges.sentence
    pins = read_pins(options.pins) if options.pins else None
    if pins is None or len(pins.pixels) < ENOUGH:
        return None
    found = solve_camera([PhotoPairs(pins.pixels, pins.points)], size)
    if not found.focal_determined:
        raise CounterpointError(found.sentence)
    lens = Lens("opencv", (found.k1, 0.0, 0.0, 0.0)) if found.k1_determined else None
    return PhotoCamera(found.K, size, lens), found.sentence


def _edges(path: str) -> list[np.ndarray]:
    content = read_json(path)
    try:
        return [np.array(one, np.float64).reshape(-1, 2, 2) for one in content]
    except (TypeError, ValueError):
        raise CounterpointError(
            f"{Path(path).name} has no edges: give [[[[u, v], [u, v]], ...], ...], the edges of each direction."
        ) from None


def read_pins(path: str) -> Correspondences2D3D:
    """``[{"pixel": [u, v], "point": [x, y, z]}, ...]`` from JSON."""
    if Path(path).suffix.lower() in (".csv", ".tsv", ".txt"):
        raise CounterpointError(
            f'{Path(path).name} is a table; pins are given as JSON: [{{"pixel": [u, v], "point": [x, y, z]}}, ...].'
        )
    content = read_json(path)
    try:
        pixels, points = (np.array([pin[name] for pin in content], np.float64) for name in ("pixel", "point"))
        if not (np.isfinite(pixels).all() and np.isfinite(points).all()):
            raise CounterpointError(f"{Path(path).name} has a pin with a number that is not finite; mend or remove it.")
        return Correspondences2D3D(pixels.reshape(-1, 2), points.reshape(len(pixels), 3))
    except (KeyError, TypeError, ValueError):
        raise CounterpointError(
            f'{Path(path).name} has no pins: give [{{"pixel": [u, v], "point": [x, y, z]}}, ...].'
        ) from None
