"""Scan2CAD's ``full_annotations.json`` for a scene whose cameras stand in the world: poses and symmetries of its things.

Avetisyan et al., "Scan2CAD: Learning CAD Model Alignment in RGB-D Scans" (CVPR 2019): each model has a ``trs`` into the world, and so
has the scan; ``sym`` says after which turns about y the model looks the same.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import CounterpointError
from core.files import read_json
from core.geometry.pose import Pose
from core.interchange.names import listed
from core.interchange.poses.scan2cad import from_trs, to_trs
from core.interchange.poses.view import guarded
from core.notices import warn
from core.scenes.scene import Scene, SceneShape

Record = dict[str, Any]

TURNS = {"__SYM_ROTATE_UP_2": 2, "__SYM_ROTATE_UP_4": 4}
ROUND = "__SYM_ROTATE_UP_INF"


def is_annotations(path: Path) -> bool:
    """Whether a file is one of Scan2CAD."""
    return path.suffix.lower() == ".json" and path.is_file() and b'"aligned_models"' in path.read_bytes()


def poses_in_photos(path: Path, scene: Scene) -> dict[str, dict[int, list[Pose]]]:
    """The poses of a file's models in all photos whose cameras stand in the world, by photo and object, in units of the scene.

    Raises:
        CounterpointError: it is no such file, it is about several scans of which none is called as the scene, or no photo's camera
            stands in the world.
    """
    placed = [photo for photo in scene.photos if photo.cam_from_world is not None]
    if not placed:
        raise CounterpointError(
            f"{path.name} is an annotation of Scan2CAD, which is about things in the world, and no photo of {scene.root} says "
            "where in the world its camera is."
        )
    worlds = guarded(path, lambda: _world_poses(path, scene))
    found: dict[str, dict[int, list[Pose]]] = {photo.key: {} for photo in placed}
    for photo in placed:
        assert photo.cam_from_world is not None
        camera = photo.cam_from_world
        for number, pose in worlds:
            seen = Pose(camera.R @ pose.R, camera.R @ pose.t + camera.t, pose.s)
            found[photo.key].setdefault(number, []).append(seen)
    return found


def symmetries_of(path: Path, scene: Scene) -> dict[int, Mapping[str, Any]]:
    """What ``sym`` says of the scene's shapes, as ``models_info.json`` writes it; nothing of those that have none."""
    found: dict[int, Mapping[str, Any]] = {}
    for model in _models(path, scene):
        shape, sym = _shape_of(model, scene), str(model.get("sym"))
        if shape is None:
            continue
        if sym == ROUND:
            found[shape.object_id] = {"symmetries_continuous": [{"axis": [0, 1, 0], "offset": [0, 0, 0]}]}
        elif sym in TURNS:
            found[shape.object_id] = {"symmetries_discrete": _turns(TURNS[sym])}
    return found


def _turns(count: int) -> list[list[float]]:
    turns = []
    for step in range(1, count):
        cos, sin = np.cos(2 * np.pi * step / count), np.sin(2 * np.pi * step / count)
        turns.append([cos, 0, sin, 0, 0, 1, 0, 0, -sin, 0, cos, 0, 0, 0, 0, 1.0])
    return [[float(value) for value in turn] for turn in turns]


def _world_poses(path: Path, scene: Scene) -> list[tuple[int, Pose]]:
    found, unknown = [], []
    for model in _models(path, scene):
        shape = _shape_of(model, scene)
        if shape is None:
            unknown.append(str(model.get("id_cad")))
            continue
        pose, metres = from_trs(model["trs"]), scene.unit.metres
        found.append((shape.object_id, Pose(pose.R, pose.t / metres, pose.s * shape.scale / metres)))
    if unknown:
        warn(f"{path.name} has models that are not among the scene's shapes, which are left out: {listed(unknown, 3)}.")
    return found


def _models(path: Path, scene: Scene) -> list[Record]:
    """The models of the one scan that is meant, in the frame of the scan, in which cameras are."""
    scans = read_json(path)
    if not isinstance(scans, list) or not all(isinstance(one, dict) and "aligned_models" in one for one in scans):
        raise CounterpointError(f"{path} is not as Scan2CAD writes it: a list of scans with aligned_models.")
    own = [one for one in scans if one.get("id_scan") == scene.root.stem] or (scans if len(scans) == 1 else [])
    if not own:
        raise CounterpointError(f"{path} has {len(scans)} scans, and none is called {scene.root.stem}.")
    scan = own[0].get("trs")
    models = list(own[0]["aligned_models"])
    return (
        models if scan is None else [{**one, "trs": _unmoved(from_trs(scan), from_trs(one["trs"]))} for one in models]
    )


def _unmoved(scan: Pose, model: Pose) -> dict[str, list[float]]:
    """The ``trs`` of a model in the frame of the scan, of those of both into the world of the data set."""
    if np.ptp(scan.s) > 1e-9:
        raise CounterpointError("A scan has scales that differ by axis, in whose frame a model would be sheared.")
    size = float(scan.s[0])
    return to_trs(Pose(scan.R.T @ model.R, scan.R.T @ (model.t - scan.t) / size, model.s / size))


def _shape_of(model: Record, scene: Scene) -> SceneShape | None:
    """By the number that Counterpoint writes as its category, else by its name."""
    number, name = str(model.get("catid_cad")), str(model.get("id_cad"))
    own = scene.shapes.get(int(number)) if number.isdigit() and len(number) < 7 else None
    return (
        own
        if own is not None and own.name == name
        else next((shape for shape in scene.shapes.values() if shape.name == name), None)
    )
