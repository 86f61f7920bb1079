"""Poses of a scene with their states and residuals as a JSON file, from which a run that was stopped goes on.

It is a list that other programs' readers understand too: each pose as BOP writes it (``cam_R_m2c``, ``cam_t_m2c`` in
millimetres, ``obj_id``), with the photo (``image``), ``instance``, ``state`` and ``residual`` in pixels, and of refined ones
what they may be off by at least (``degrees_at_least``, ``mm_at_least``).
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import CounterpointError
from core.files import make_folder, read_json, write_json
from core.geometry.pose import Pose
from core.registration.things import InstanceKey
from core.scenes.scene import ObjectPose, PoseKey, Scene

if TYPE_CHECKING:
    from core.registration.uncertainty import Uncertainty

SHARE = 10
"""Writing takes at most one of so many parts of the time."""


@dataclass
class KeptPoses:
    """The file of a run.

    Attributes:
        path: of the file.
        entries: what stands in it, by photo and thing.
    """

    path: Path
    entries: dict[PoseKey, dict[str, Any]] = field(default_factory=dict)
    next: float = 0.0

    @classmethod
    def open(cls, path: Path) -> "KeptPoses":
        """The file that is there, or a new one.

        Raises:
            CounterpointError: it is something else.
        """
        kept = cls(path)
        if path.exists():
            try:
                for one in read_json(path):
                    kept.entries[one["image"], InstanceKey(one["obj_id"], one["instance"])] = one
                    np.reshape(one["cam_R_m2c"], (3, 3)), np.reshape(one["cam_t_m2c"], 3), one["state"]
            except (KeyError, TypeError, ValueError) as error:
                raise CounterpointError(f"{path} is no file of kept poses; choose another place.") from error
        return kept

    def poses(self, scene: Scene) -> dict[PoseKey, ObjectPose]:
        """What stands in it, in units of a scene, whose other fields of the poses stay."""
        found = {}
        for at, one in self.entries.items():
            t = np.array(one["cam_t_m2c"], float) / (1000 * scene.unit.metres)
            pose = Pose(np.array(one["cam_R_m2c"], float).reshape(3, 3), t, np.array(one.get("s", 1.0)))
            info = scene.poses[at].info if at in scene.poses else {}
            found[at] = ObjectPose(pose, one["state"], one["residual"], info)
        return found

    def keep(self, scene: Scene, unsure: "Mapping[PoseKey, Uncertainty] | None" = None) -> None:
        """Take the poses of a scene, and write them unless that would take too much of the time."""
        for at, one in scene.poses.items():
            about = self.entries[at] = entry_of(at, one, scene, self.entries.get(at, {}))
            if unsure and at in unsure:
                sure = unsure[at]
                about["degrees_at_least"], about["mm_at_least"] = sure.degrees, sure.moved * scene.unit.metres * 1000
        if time.monotonic() > self.next:
            self.write()

    def write(self) -> None:
        """Write the file, whole."""
        begin = time.monotonic()
        make_folder(self.path.parent)
        write_json(self.path, [self.entries[at] for at in sorted(self.entries)])
        self.next = time.monotonic() + SHARE * (time.monotonic() - begin)


def entry_of(at: PoseKey, one: ObjectPose, scene: Scene, before: Mapping[str, Any] = {}) -> dict[str, Any]:
    """What stands in the file for a pose of a scene; the fields of ``before`` stay."""
    key, thing = at
    millimetres = 1000 * scene.unit.metres
    scaled = {} if np.abs(one.pose.s - 1.0).max() < 1e-8 else {"s": np.asarray(one.pose.s).tolist()}
    return {**before, "image": key, "obj_id": thing.object_id, "instance": thing.instance, "state": one.state,
            "residual": one.residual, "cam_R_m2c": one.pose.R.ravel().tolist(),
            "cam_t_m2c": (one.pose.t * millimetres).tolist()} | scaled  # fmt: skip
