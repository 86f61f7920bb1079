"""What BOP's ``models_info.json`` says of models: their diameters and symmetries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from core.alignment.metrics import diameter
from core.errors import CounterpointError
from core.geometry.shape import Shape
from core.geometry.symmetry import symmetries
from core.notices import warn

Floats = npt.NDArray[np.floating]

DISC_STEP = 0.01
"""How far, as a fraction of the diameter, a point may move between two steps of a continuous symmetry (bop_toolkit)."""


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
        content = json.loads(file.read_text())
        return {number: _told(content[str(number)]) for number in models}
    except (ValueError, KeyError, TypeError) as error:
        raise CounterpointError(f"{file} does not say diameter and symmetries as BOP has them ({error}).") from None


def _told(info: Mapping[str, Any]) -> ModelInfo:
    return ModelInfo(float(info["diameter"]), symmetry_transformations(info))


def measured_info(shape: Shape) -> ModelInfo:
    """Rotations about the middle of the box that the shape looks the same after."""
    turns = symmetries(shape)
    transformations = np.tile(np.eye(4), (len(turns), 1, 1))
    transformations[:, :3, :3] = turns
    transformations[:, :3, 3] = shape.center - turns @ shape.center
    return ModelInfo(diameter(shape.vertices), transformations)


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
