"""``counterpoint scene symmetries``: what the shapes of a scene look the same after, found in the shapes themselves."""

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from app.cli.options.scene import SceneOptions
from core.errors import CounterpointError
from core.geometry.shape import load_shape
from core.progress import Progress, silent
from core.scenes.models_info import SYMMETRIES, add_proposals, proposed_info
from core.scenes.opening import list_scenes, open_scene


def run(options: SceneOptions, progress: Progress = silent) -> dict[str, Any]:
    """What was found of each shape, and what the data set says; written only where ``--write`` confirms it."""
    scenes = [open_scene(place) for place in list_scenes(options.path)]
    shapes = {shape.path: shape for scene in scenes for shape in scene.shapes.values()}
    if not shapes:
        raise CounterpointError(f"{options.path} has no shapes whose symmetries could be found.")
    found: list[dict[str, Any]] = []
    proposals: dict[Any, dict[int, Any]] = {}
    for number, (path, shape) in enumerate(sorted(shapes.items())):
        progress(number / len(shapes), f"Turning {shape.name}")
        info = proposed_info(load_shape(path))
        proposals.setdefault(path.parent, {})[shape.object_id] = info
        said = {name: shape.info[name] for name in SYMMETRIES if name in shape.info}
        found.append({"object": shape.object_id, "file": str(path), "found": info, "said": said})
    saved = [str(add_proposals(folder, some)) for folder, some in proposals.items()] if options.write else []
    return {"shapes": found, "saved": saved}


def lines(options: SceneOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    shown = []
    for one in report["shapes"]:
        shown.append(f"object {one['object']}: {_told(one['found'])}")
        if one["said"]:
            shown.append(f"  the data set says: {_told(one['said'])}, which stays")
    if not report["saved"]:
        shown.append("Nothing was written; where this is right, --write adds it to models_info.json.")
    return [*shown, *(f"  {place}" for place in report["saved"])]


def _told(info: dict[str, Any]) -> str:
    told = [f"round about {_axis(one['axis'])}" for one in info.get("symmetries_continuous", [])]
    for one in info.get("symmetries_discrete", []):
        turn = Rotation.from_matrix(np.reshape(one, (4, 4))[:3, :3]).as_rotvec(degrees=True)
        told.append(f"the same after {np.linalg.norm(turn):.0f} degrees about {_axis(turn)}")
    return ", ".join(told) or "no symmetry"


def _axis(axis: Any) -> str:
    unit = np.asarray(axis, float) / np.linalg.norm(axis)
    names = [f"{'-' if value < 0 else ''}{name}" for name, value in zip("xyz", unit, strict=True) if abs(value) > 0.99]
    return names[0] if names else "(" + ", ".join(f"{value:.2f}" for value in unit) + ")"
