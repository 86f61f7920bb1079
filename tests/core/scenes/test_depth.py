import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.geometry.pose import Pose, camera_matrix, rotation_error
from core.geometry.raycasting import Raycaster
from core.geometry.shape import make_shape
from core.registration.descent import COARSE, FINE, SceneViews, composed, descend
from core.registration.drawing import Window, draw
from core.registration.solids import LoadedPhoto, Solid
from core.registration.things import InstanceKey
from core.scenes.scene import SceneShape
from core.scenes.solids import load_solid
from tests.core.scenes import made

THING = InstanceKey(1)


def corner_shape():
    """Three boxes of different size: a shape without symmetry."""
    box = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = np.array([f for a, b, c, d in sides for f in ((a, b, c), (a, c, d))])
    parts = [([0, 0, 0], [0.2, 0.06, 0.05]), ([0, 0.06, 0], [0.05, 0.1, 0.05]), ([0.15, 0, 0.05], [0.05, 0.05, 0.08])]
    vertices = np.concatenate([box * size + corner for corner, size in parts])
    return make_shape(vertices, np.concatenate([faces + 8 * i for i in range(3)]))


def measured(truth, solid, K, rng):
    """A grey photo whose depth is noisy, of a shape before a wall."""
    window = Window(np.zeros(2), 1.0, np.zeros((320, 320, 3), np.float32), np.ones((320, 320), bool))
    z = draw(THING, {THING: truth}, {1: solid}, window, K).z[:240]
    depth = np.where(np.isfinite(z), z, 1.2) + 0.002 * rng.normal(size=z.shape)
    depth[rng.random(depth.shape) < 0.1] = np.nan
    return LoadedPhoto(np.full((240, 320, 3), 128, np.uint8), K, depth)


@pytest.mark.parametrize("count", [1, 3])
def test_depth_joins_the_solve_of_one_photo_and_of_several(count):
    rng = np.random.default_rng(0)
    solid, K = Solid(Raycaster(corner_shape()), turns=np.eye(4)[None]), camera_matrix(570.0, 570.0, 159.5, 119.5)
    truth = Pose(Rotation.from_euler("xyz", [160, 35, 20], degrees=True).as_matrix(), np.array([-0.05, 0.04, 0.8]))
    cameras, photos = {}, {}
    for number in range(count):
        turn = Rotation.from_euler("y", 25 * number, degrees=True).as_matrix()
        cameras[str(number)] = Pose(turn, truth.t - turn @ truth.t)
        photos[str(number)] = measured(composed(cameras[str(number)], truth), solid, K, rng)
    views = SceneViews(photos, {1: solid}, {key: frozenset([THING]) for key in photos})
    for axis in np.eye(3):
        turn = Rotation.from_rotvec(np.radians(10) * axis).as_matrix()
        middle = truth(solid.center) + 0.05 * 0.8 * np.roll(axis, 1)
        start = Pose(turn @ truth.R, middle - turn @ truth.R @ solid.center)
        solution = descend(views, {THING: start}, cameras, COARSE + FINE)
        found = solution.objects[THING]
        assert rotation_error(found.R, truth.R) < 1.0
        assert np.linalg.norm(found(solid.center) - truth(solid.center)) < 0.005 * 0.8
        assert 0.1 < solution.uncertainty[THING].degrees < 5


def test_shapes_are_loaded_in_units_of_the_scene_with_the_symmetries_that_are_said(tmp_path):
    made.models(tmp_path / "models")
    about = {"symmetries_discrete": [(made.HALF + 10 * np.eye(4, k=3)).ravel().tolist()]}
    solid = load_solid(SceneShape(1, tmp_path / "models" / "obj_000001.ply", "box", 1000.0, about))
    assert np.isclose(solid.size, np.linalg.norm([0.04, 0.03, 0.02]))
    assert solid.symmetry.shape == (2, 4, 4) and np.isclose(solid.symmetry[1, 0, 3], 0.01)
