"""All posed things of a photo drawn together."""

from dataclasses import replace

import numpy as np
import pytest

from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import Pose
from core.registration.things import InstanceKey, PoseUncertainty
from core.scenes import picture
from core.scenes.casting import silhouettes
from core.scenes.opening import open_scene
from core.scenes.picture import HIDDEN, OTHER, OUTLINE, draw_things
from tests.core.scenes import made

BOX, BALL, OUTSIDE = InstanceKey(1), InstanceKey(2), InstanceKey(1, 1)
COLORS = {BOX: (255, 0, 0), BALL: (0, 255, 0), OUTSIDE: (0, 0, 255)}


@pytest.fixture
def scene(tmp_path):
    return open_scene(made.bop(tmp_path, 1))


def drawn(scene, **how):
    photo = scene.photos[0]
    poses = {thing: one.pose for thing, one in scene.by_photo[photo.key].items()}
    return draw_things(photo.camera, scene.shapes, poses, COLORS, **how)


@pytest.mark.parametrize("lens", [None, Lens("opencv", (-0.2, 0.05, 0.001, 0))])
def test_what_is_nearer_hides_the_rest(scene, lens):
    photo = replace(scene.photos[0], camera=replace(scene.photos[0].camera, lens=lens))
    scene = replace(scene, photos=(photo,))
    found = drawn(scene)
    assert found.rgba.shape == (48, 64, 4) and found.things == (BOX, OUTSIDE, BALL)
    for shown in silhouettes(scene, photo):  # which are made in another way
        seen = found.index == found.things.index(shown.thing)
        assert (seen == shown.mask(visible=True)).all()
        assert found.rgba[seen, 3].min(initial=255) == 255
        other = [channel for channel in range(3) if not COLORS[shown.thing][channel]]
        assert not found.rgba[seen][:, other].any()
    assert (found.index == 0).any() and (found.index == 2).any() and not found.rgba[found.index < 0].any()


def test_the_active_thing_is_outlined_also_where_it_is_hidden(scene):
    found = drawn(scene, active=BALL)
    whole = next(one for one in silhouettes(scene, scene.photos[0]) if one.thing == BALL).mask()
    line = (found.rgba[..., :3] == OUTLINE).all(-1)
    inside = whole & ~(np.roll(whole, 1, 0) & np.roll(whole, -1, 0) & np.roll(whole, 1, 1) & np.roll(whole, -1, 1))
    assert line[inside].all() and set(found.rgba[line, 3]) == {255, HIDDEN}
    before = found.index == 0
    assert (found.rgba[line & before, 3] == HIDDEN).any()
    box = scene.by_photo["3"][BALL].pose
    moved = drawn(scene, active=BALL, other=Pose(box.R, box.t + [20.0, 0, 0]))
    orange = (moved.rgba[..., :3] == OTHER).all(-1)
    assert (orange & ~whole).sum() > 20 and (moved.index == found.index).all()


def test_large_photos_get_coarser_pictures(scene, monkeypatch):
    photo = scene.photos[0]
    fine = draw_things(photo.camera, scene.shapes, {BALL: scene.poses["3", BALL].pose}, COLORS)
    K = photo.camera.K.copy()
    K[:2] *= 50
    K[:2, 2] = (photo.camera.K[:2, 2] + 0.5) * 50 - 0.5
    huge = PhotoCamera(K, (3200, 2400))
    whole = draw_things(huge, scene.shapes, {BALL: scene.poses["3", BALL].pose}, COLORS)
    assert whole.index.size <= picture.PIXELS * 1.01 and whole.index.shape[1] > 700
    step = whole.index.shape[0] / 48
    there = ((np.arange(48) + 0.5) * step).astype(int), ((np.arange(64) + 0.5) * step).astype(int)
    assert (whole.index[np.ix_(*there)] != fine.index).mean() < 0.02
    monkeypatch.setattr(picture, "RAYS", 1000)
    assert draw_things(huge, scene.shapes, {BALL: scene.poses["3", BALL].pose}, COLORS).index.size < 10_000


def test_where_a_pose_may_be_is_an_ellipse_of_two_standard_deviations(scene):
    pose, camera = scene.poses["3", BOX].pose, scene.photos[0].camera
    doubt = PoseUncertainty(2.0, ((20.0, 0, 0), (0, 5.0, 0), (0, 0, 3.0)))
    assert doubt.distance == pytest.approx(np.sqrt(434))
    plain, told = drawn(scene, active=BOX), drawn(scene, active=BOX, uncertainty=doubt)
    rows, columns = np.nonzero((plain.rgba != told.rgba).any(-1))
    u, v = camera.project(pose(np.zeros((1, 3))))[0][0]
    wide, high = 2 * 20 * camera.K[0, 0] / pose.t[2], 2 * 5 * camera.K[1, 1] / pose.t[2]
    assert abs(columns.max() - (u + wide)) < 2.5 and abs(columns.min() - (u - wide)) < 2.5
    assert abs(rows.max() - (v + high)) < 2.5 and abs(rows.min() - (v - high)) < 2.5
    far = PoseUncertainty(90.0, ((1e6, 0, 0), (0, 1e6, 0), (0, 0, 1e6)))
    assert (drawn(scene, active=BOX, uncertainty=far).rgba == plain.rgba).all()
