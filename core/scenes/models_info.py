"""What BOP's ``models_info.json`` says of models: their diameters and symmetries."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from core.alignment.metrics import diameter
from core.arrays import Floats
from core.errors import CounterpointError
from core.files import read_json, write_json
from core.geometry.shape import Shape
from core.geometry.symmetry import proper_symmetries
from core.geometry.viewpoints import sphere_directions
from core.notices import warn
from core.numbers import by_number
from core.units import OTHER_SIZE

DISC_STEP = 0.01
"""How far, as a fraction of the diameter, a point may move between two steps of a continuous symmetry (bop_toolkit)."""


SYMMETRIES = ("symmetries_discrete", "symmetries_continuous")


@dataclass(frozen=True)
class ModelInfo:
    """Of one model.

    Attributes:
        diameter: the largest distance of two vertices, in the model's units.
        symmetries: float64 [n, 4, 4], the transformations that map the model to itself, the identity first.
    """

    diameter: float
    symmetries: Floats


def read_models_info(folder: Path, models: Mapping[int, Shape]) -> dict[int, ModelInfo]:
    """Read ``models_info.json`` of a folder of models; without one, diameters and symmetries are measured.

    Raises:
        CounterpointError: the file holds something else.
    """
    file = folder / "models_info.json"
    if not file.exists():
        warn(f"{folder} has no models_info.json: symmetries were looked for in the models themselves.")
        return {number: measured_info(shape) for number, shape in models.items()}
    try:
        content = by_number(read_json(file), file.name)
        return {number: _told(content[str(number)]) for number in models}
    except (ValueError, KeyError, TypeError) as error:
        raise CounterpointError(f"{file} does not say diameter and symmetries as BOP has them ({error}).") from None


def _told(info: Mapping[str, Any]) -> ModelInfo:
    return ModelInfo(float(info["diameter"]), symmetry_transformations(info))


def size_doubt(shape: Shape, info: Mapping[str, Any]) -> str:
    """What speaks against a model of the size that an entry of ``models_info.json`` says; empty where nothing does."""
    extent = np.ptp(shape.bounds, axis=0)
    told = [info.get(f"size_{axis}", info.get("diameter")) for axis in "xyz"]
    if not all(isinstance(one, int | float) and np.isfinite(one) and one > 0 for one in told):
        return ""
    if "size_x" in info:
        own = float(np.linalg.norm(extent))
        size = float(np.linalg.norm(told))
        fits = np.abs(np.array(told) - extent).max() <= OTHER_SIZE * max(extent.max(), 1e-12)
    else:
        own, size = _about_diameter(shape.vertices), float(told[0])
        fits = abs(size - own) <= OTHER_SIZE * own
    if fits:
        return ""
    factor = next(
        (one for one in (1000, 0.001, 100, 0.01, 10, 0.1, 25.4) if 0.7 < size / max(own, 1e-12) / one < 1.4), None
    )
    units = {1000: "metres", 100: "decimetres", 10: "centimetres", 25.4: "inches"}
    seems = f": the model seems to be in {units[factor]}" if factor in units else ""
    what = "size" if "size_x" in info else "diameter"
    return f"models_info.json says that its {what} is {size:.4g} mm, and the model's is {own:.4g}{seems}."


def _about_diameter(points: Floats, most: int = 50_000) -> float:
    """The largest width of points [n, 3] in a few hundred directions, which is quick for any number of points."""
    few = points[:: max(1, len(points) // most)]
    along = few @ sphere_directions(300).T
    return float(np.ptp(along, axis=0).max())


def measured_info(shape: Shape) -> ModelInfo:
    """What is found in the shape itself."""
    return _told(proposed_info(shape))


def proposed_info(shape: Shape) -> dict[str, Any]:
    """An entry of ``models_info.json`` that says what is found in the shape itself: its size, and its symmetries if it has any.

    They are rotations about the middle of its box, in units of its file; colours count.
    """
    low, high = shape.bounds
    found, size = proper_symmetries(shape), high - low
    info: dict[str, Any] = {"diameter": float(diameter(shape.vertices))}
    info |= {f"min_{name}": float(value) for name, value in zip("xyz", low, strict=True)}
    info |= {f"size_{name}": float(value) for name, value in zip("xyz", size, strict=True)}
    moved = np.tile(np.eye(4), (len(found.turns), 1, 1))
    moved[:, :3, :3] = found.turns
    moved[:, :3, 3] = shape.center - found.turns @ shape.center
    if len(moved):
        info["symmetries_discrete"] = [one.ravel().tolist() for one in moved]
    if len(found.axes):
        middle = np.asarray(shape.center, float).tolist()
        info["symmetries_continuous"] = [{"axis": axis.tolist(), "offset": middle} for axis in found.axes]
    return info


def add_proposals(folder: Path, proposals: Mapping[int, Mapping[str, Any]]) -> Path:
    """Write what was found into ``models_info.json`` of a folder of models; what it says already stays as it is.

    Raises:
        CounterpointError: the file holds something else, or cannot be written.
    """
    file = folder / "models_info.json"
    content = read_json(file) if file.exists() else {}
    if not isinstance(content, dict):
        raise CounterpointError(f"{file} is no list of models as BOP has it; move it elsewhere.")
    for number, info in proposals.items():
        told = content.get(str(number), {})
        known = any(name in told for name in SYMMETRIES)
        content[str(number)] = {k: v for k, v in info.items() if not (known and k in SYMMETRIES)} | told
    write_json(file, content)
    return file


def symmetry_transformations(info: Mapping[str, Any], step: float = DISC_STEP) -> Floats:
    """Return the symmetries of a model as bop_toolkit's ``get_symmetry_transformations`` does.

    Args:
        info: of the model: ``symmetries_discrete`` (lists of 16 numbers) and ``symmetries_continuous`` (``axis`` and
            ``offset`` of each), both optional.
        step: a continuous symmetry becomes ceil(pi / step) rotations.

    Returns:
        float64 [n, 4, 4], every discrete one (and the identity, first) after every continuous one.
    """
    discrete = [np.eye(4), *(np.reshape(one, (4, 4)).astype(float) for one in info.get("symmetries_discrete", []))]
    continuous = []
    for one in info.get("symmetries_continuous", []):
        axis, offset = np.array(one["axis"], float), np.array(one["offset"], float)
        count = int(np.ceil(np.pi / step))
        for number in range(count):
            turn = np.eye(4)
            turn[:3, :3] = Rotation.from_rotvec(axis / np.linalg.norm(axis) * (2 * np.pi * number / count)).as_matrix()
            turn[:3, 3] = offset - turn[:3, :3] @ offset
            continuous.append(turn)
    return np.array([turn @ other for other in discrete for turn in continuous or [np.eye(4)]])
