"""Several photos whose cameras are known to each other: a pose in one of them is a pose in all."""

from pathlib import Path

import numpy as np

from core.errors import CounterpointError
from core.geometry.pose import Pose
from core.interchange.poses import View, load_colmap, load_nerfstudio


def load_rig(path: str | Path) -> dict[str, View]:
    """The cameras of a nerfstudio ``transforms.json`` or of a COLMAP folder (``cameras.txt``, ``images.txt``), by their photos' names.

    Their places must be in the units of the shapes that are aligned; where their world lies does not matter.

    Raises:
        CounterpointError: neither of the two, or names that occur twice.
    """
    views = load_colmap(path) if Path(path).is_dir() else load_nerfstudio(path)
    rig = {Path(view.image).name: view for view in views}
    if not rig or len(rig) < len(views):
        raise CounterpointError(f"{Path(path).name} must name each photo of the rig once.")
    return rig


def carried(pose: Pose, source: View, target: View) -> Pose:
    """What is ``pose`` in the photo ``source``, in the photo ``target``."""
    turn = target.pose.R @ source.pose.R.T
    return Pose(turn @ pose.R, turn @ (pose.t - source.pose.t) + target.pose.t, np.asarray(pose.s))
