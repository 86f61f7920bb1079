"""What photos say of a place, where something that nobody posed hides the thing."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.geometry.pose import Pose
from core.images import save_image
from core.registration.descent import SceneViews, composed
from core.registration.things import InstanceKey
from core.scenes.arrangements import in_world
from core.scenes.placing import Photos
from core.scenes.solids import load_photo
from tests.core.scenes.painted import THINGS, painted, picture

HIDDEN, STRANGER = THINGS[0], InstanceKey(2, 7)
BEFORE = Pose(Rotation.from_euler("z", 20, degrees=True).as_matrix(), np.array([-0.13, -0.12, 0.05]))


@pytest.fixture(scope="module")
def hidden(tmp_path_factory):
    """Three photos with their truth, and the shapes: before the red thing stands a blue one of like shape, without a pose."""
    whole, solids = painted(tmp_path_factory.mktemp("scene"))
    photos = whole.photos[::2]
    keys = {photo.key for photo in photos}
    scene = replace(whole, photos=photos, poses={at: one for at, one in whole.poses.items() if at[0] in keys})
    rng = np.random.default_rng(2)
    table = cv2.resize(rng.integers(60, 200, (60, 60, 3)).astype(np.uint8), (600, 600), interpolation=cv2.INTER_CUBIC)
    for photo in photos:
        poses = {thing: one.pose for thing, one in scene.by_photo[photo.key].items()}
        poses[STRANGER] = composed(photo.cam_from_world, BEFORE)
        save_image(photo.path, picture(poses, solids, photo.cam_from_world, table, rng))
    return scene, solids


def test_a_stranger_of_the_same_shape_is_not_the_thing(hidden):
    truth, solids = hidden
    cameras = {photo.key: photo.cam_from_world for photo in truth.photos}
    loaded = {photo.key: load_photo(photo, photo.camera) for photo in truth.photos}
    photos = Photos(SceneViews(loaded, solids, {key: frozenset([HIDDEN]) for key in cameras}), cameras, {})
    right = in_world(cameras["0"], truth.poses["0", HIDDEN].pose)
    assert photos.agreement(HIDDEN, {HIDDEN: right}) > photos.agreement(HIDDEN, {HIDDEN: BEFORE}) + 0.5
