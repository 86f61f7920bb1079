"""Where several keyframes say that a thing is, when they do not agree."""

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from core.geometry.pose import Pose, rotation_error
from core.registration.things import InstanceKey
from core.scenes.arrangements import MADE, SAME, Arrangement, arranged
from core.scenes.propagate import propagate
from tests.core.scenes.painted import THINGS, painted


def test_of_places_beside_each_other_a_photo_takes_the_one_that_it_shows(tmp_path):
    truth, solids = painted(tmp_path)
    keys, posed = ["0", "1", "4"], {}
    turn = Rotation.from_rotvec(np.radians(3) * np.array([0.6, 0, 0.8])).as_matrix()
    for at, one in truth.poses.items():
        if at[0] in keys:
            aside = at[0] != "4" and at[1] == THINGS[0]  # within what a hand errs by
            pose = Pose(turn @ one.pose.R, one.pose.t + [0.02, 0.01, 0.0]) if aside else one.pose
            posed[at] = replace(one, pose=pose)
    found = propagate(replace(truth, poses=posed), keys, solids=solids)
    for key in ("2", "3"):
        pose, true = found.poses[key, THINGS[0]].pose, truth.poses[key, THINGS[0]].pose
        assert rotation_error(pose.R, true.R) < 0.1 and np.linalg.norm(pose.t - true.t) < 1e-3


def test_photos_are_one_arrangement_as_far_as_poses_may_differ(tmp_path):
    _, solids = painted(tmp_path)
    still = {InstanceKey(number): Pose(np.eye(3), np.array([0.2 * number, 0, 1.0])) for number in (1, 2)}
    nudged = {**still, InstanceKey(2): Pose(np.eye(3), still[InstanceKey(2)].t + [0.01, 0, 0])}
    solids = {1: solids[1], 2: solids[2]}
    assert len(arranged({"a": still, "b": nudged}, solids)) == 1
    assert len(arranged({"a": still, "b": nudged}, solids, SAME)) == 2
    group = Arrangement(
        {"a": Pose(np.eye(3), np.zeros(3)), "b": Pose(np.eye(3), np.zeros(3))}, {"a": still, "b": nudged}
    )
    assert len(group.worlds()[InstanceKey(2)]) == 2 and len(group.worlds(MADE)[InstanceKey(2)]) == 1
