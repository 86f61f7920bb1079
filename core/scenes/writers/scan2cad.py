"""Scenes as Scan2CAD's ``full_annotations.json``: each thing once, where it stands in the world."""

from pathlib import Path
from typing import Any

import numpy as np

from core.errors import CounterpointError
from core.files import make_folder, write_json
from core.geometry.pose import Pose
from core.geometry.symmetry import angle
from core.interchange.names import listed
from core.interchange.poses.scan2cad import to_trs
from core.notices import warn
from core.progress import Progress
from core.registration.things import InstanceKey
from core.scenes.casting import shape_of
from core.scenes.models_info import symmetry_transformations
from core.scenes.scene import Scene

MOVED = 0.02
"""Metres between two photos by which a thing of a scene that does not move may seem to have moved."""


def write(scene: Scene, path: Path, progress: Progress) -> list[Path]:
    """Write ``path``, or ``full_annotations.json`` in it.

    Raises:
        CounterpointError: no thing is in a photo whose camera has a place in the world.
    """
    worlds = world_poses(scene)
    if not worlds:
        raise CounterpointError(
            f"No thing of {scene.root} is in a photo whose camera has a place in the world, which Scan2CAD is about."
        )
    file = path if path.suffix.lower() == ".json" else make_folder(path) / "full_annotations.json"
    models = [_model(scene, thing, poses[0]) for thing, poses in worlds.items()]
    identity = to_trs(Pose(np.eye(3), np.zeros(3)))
    write_json(file, [{"id_scan": scene.root.stem, "trs": identity, "n_aligned_models": len(models),
                       "aligned_models": models}], indent=1)  # fmt: skip
    return [file]


def world_poses(scene: Scene) -> dict[InstanceKey, list[Pose]]:
    """Where each thing is in the world by each photo that says it; one that moved is said."""
    found: dict[InstanceKey, list[Pose]] = {}
    for photo, thing, posed in scene.posed():
        place = photo.cam_from_world
        if place is not None:
            R, t = place.R.T @ posed.pose.R, place.R.T @ (posed.pose.t - place.t)
            found.setdefault(thing, []).append(Pose(R, t, posed.pose.s))
    moved = [
        f"{thing.object_id} ({thing.instance})"
        for thing, poses in found.items()
        if max(np.linalg.norm(pose.t - poses[0].t) for pose in poses) * scene.unit.metres > MOVED
    ]
    if moved:
        warn(
            f"{scene.root}: the objects {listed(moved)} are elsewhere in other photos; the place in the first one is taken."
        )
    return found


def _model(scene: Scene, thing: InstanceKey, pose: Pose) -> dict[str, Any]:
    """One thing; Scan2CAD's lengths are metres, and its scales lead from the units of the shape's file to metres."""
    shape, metres = scene.shapes.get(thing.object_id), scene.unit.metres
    scale = 1.0 if shape is None else shape.scale
    trs = to_trs(Pose(pose.R, pose.t * metres, np.asarray(pose.s) * metres / scale))
    box: dict[str, Any] = {}
    if shape is not None and shape.path.is_file():
        low, high = shape_of(shape).bounds
        box = {"center": ((low + high) / 2).tolist(), "bbox": ((high - low) / 2).tolist()}
    name = shape.name if shape else str(thing.object_id)
    return {
        "id_cad": name,
        "catid_cad": str(thing.object_id),
        "sym": _symmetry(shape.info if shape else {}),
        "trs": trs,
    } | box


def _symmetry(info: Any) -> str:
    """Scan2CAD's word for the turns about the y axis after which a shape looks the same."""
    turns = symmetry_transformations(info)[:, :3, :3]
    for count in (36, 4, 2):
        step = 2 * np.pi / count
        cos, sin = np.cos(step), np.sin(step)
        about_y = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
        if angle(np.eye(3), about_y, turns) < 1.0:
            return {36: "__SYM_ROTATE_UP_INF", 4: "__SYM_ROTATE_UP_4", 2: "__SYM_ROTATE_UP_2"}[count]
    return "__SYM_NONE"
