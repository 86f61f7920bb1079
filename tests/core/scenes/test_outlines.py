"""Where outlines are found in photos whose truth is exact, and starts that are far off."""

from dataclasses import replace
from time import process_time

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.geometry.pose import Pose, rotation_error
from core.registration.descent import composed
from core.registration.drawing import box_of, cut_window, draw
from core.registration.outlines import outline_pairs
from core.registration.solids import LoadedPhoto
from core.scenes.refine import RefineSettings, refine
from core.scenes.scene import ObjectPose
from core.scenes.solids import load_photo
from tests.core.scenes.painted import THINGS, K, painted


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The scene with its truth, and its shapes."""
    return painted(tmp_path_factory.mktemp("scene"))


def test_outlines_of_the_truth_lie_on_it(made):
    scene, solids = made
    off = []
    for photo in scene.photos:
        loaded = load_photo(photo, photo.camera)
        poses = {thing: one.pose for thing, one in scene.by_photo[photo.key].items()}
        for thing in THINGS:
            window = cut_window(loaded, box_of(solids[thing.object_id], poses[thing], K), 192, 0.15)
            drawing = draw(thing, poses, solids, window, K)
            pairs = outline_pairs(drawing, 6)
            normal = np.linalg.eigh(pairs.weight)[1][..., -1]
            middle = drawing.project(solids[thing.object_id].center[None])
            away = drawing.project(pairs.points)
            out = normal * np.sign((normal * (away - middle)).sum(1))[:, None]
            off.append(((pairs.pixels - away) * out).sum(1) / window.step)
    gap = np.concatenate(off)
    assert abs(np.median(gap)) < 0.16 and np.median(np.abs(gap)) < 0.32


def test_large_photos_are_seen_alike_and_soon():
    """A photo of eight times the size shows the same in its window; no blur runs over all of its pixels."""
    small = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8), (0, 0), 3)
    large = small.repeat(8, axis=0).repeat(8, axis=1)
    windows, spent = [], []
    for pixels, times in ((small, 1), (large, 8)):
        photo, box = LoadedPhoto(pixels, K), (np.array([90.0, 60, 310, 240]) + 0.5) * times - 0.5
        blurred = photo.lab.copy()
        began = process_time()
        windows.append(cut_window(photo, box, 128, 0.15))
        spent.append(process_time() - began)
    began = process_time()
    cv2.GaussianBlur(blurred, (0, 0), 0.4 * windows[1].step)
    assert spent[1] < 0.3 * (process_time() - began)
    assert np.abs(windows[0].lab - windows[1].lab).mean() < 0.1 and np.ptp(windows[0].lab[..., 0]) > 10


def test_what_is_far_off_comes_back(made):
    whole, solids = made
    truth = replace(whole, photos=whole.photos[::4], poses={at: whole.poses[at] for at in whole.poses if at[0] in "04"})
    poses = dict(truth.poses)
    for thing, axis in zip(THINGS, np.eye(3), strict=False):
        turn = Rotation.from_rotvec(np.radians(10) * axis).as_matrix()
        center = solids[thing.object_id].center
        for photo in truth.photos:
            camera, there = photo.cam_from_world, truth.poses[photo.key, thing].pose
            world = Pose(camera.R.T @ there.R, camera.R.T @ (there.t - camera.t))
            middle = world(center) + 0.08 * np.roll(axis, 1)
            off = Pose(turn @ world.R, middle - turn @ world.R @ center)
            poses[photo.key, thing] = ObjectPose(composed(camera, off))
    found = refine(replace(truth, poses=poses), settings=RefineSettings(far=True), solids=solids).scene
    for at, one in found.poses.items():
        true, center = truth.poses[at].pose, solids[at[1].object_id].center
        assert rotation_error(one.pose.R, true.R) < 0.5 and np.linalg.norm(one.pose(center) - true(center)) < 0.003
