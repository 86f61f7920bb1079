"""Several photos whose cameras are known to each other: a pose in one of them is a pose in all."""

import os
from collections import Counter
from pathlib import Path, PurePosixPath

import numpy as np

from core.errors import CounterpointError
from core.geometry.pose import Pose
from core.interchange.names import short_names
from core.interchange.poses import colmap, nerfstudio
from core.interchange.poses.view import View


def load_rig(path: str | Path) -> dict[str, View]:
    """The cameras of a nerfstudio ``transforms.json`` or of a COLMAP folder (text or binary), by their photos' names.

    Names are as short as tells the photos apart: ``1.png``, or ``cam0/1.png`` where several folders have one. Places
    must be in the units of the shapes that are aligned; where their world lies does not matter.

    Raises:
        CounterpointError: neither of the two, or photos that are there twice.
    """
    path = Path(path)
    of_colmap = os.path.isdir(path) or path.name in ("images.txt", "images.bin", "cameras.txt", "cameras.bin")
    views = colmap.load_views(path) if of_colmap else nerfstudio.load_views(path)
    whole = [str(PurePosixPath(view.image.replace("\\", "/"))) for view in views]
    twice = [name for name, count in Counter(whole).items() if count > 1]
    if not views:
        raise CounterpointError(
            f"{path.name} holds no photo with a pose, so it is no rig; export the model after its photos were registered."
        )
    if not all(PurePosixPath(name).name for name in whole):
        raise CounterpointError(f"{path.name} has a photo without a name, so it cannot be told which it is.")
    if twice:
        raise CounterpointError(f"{path.name} must name each photo of the rig once; {twice[0]} is there twice.")
    return dict(zip(short_names(whole), views, strict=True))


def carried(pose: Pose, source: View, target: View) -> Pose:
    """What is ``pose`` in the photo ``source``, in the photo ``target``."""
    turn = target.pose.R @ source.pose.R.T
    return Pose(turn @ pose.R, turn @ (pose.t - source.pose.t) + target.pose.t, np.asarray(pose.s))
