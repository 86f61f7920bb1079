"""BOP's errors against what bop_toolkit's published definitions give, on cases made here."""

import json

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from core.alignment.metrics import TAUS, average_recall, mspd_recall, mssd_recall, pose_errors, vsd, vsd_recall
from core.benchmarks.bop import BopScene
from core.errors import CounterpointError
from core.geometry.pose import Pose, intrinsics
from core.geometry.shape import make_shape
from core.notices import collect_warnings
from core.scenes.models_info import read_models_info, symmetry_transformations

K = intrinsics((64, 48), 40)


def written_out_vsd(estimate, truth, scene, diameter, delta):
    """The definition pixel by pixel (Hodan et al., ECCV Workshops 2020, Eq. 1), visibility as in BOP 2019."""
    errors = []
    for tau in TAUS:
        total = wrong = 0
        for d_est, d_true, d_scene in zip(estimate.ravel(), truth.ravel(), scene.ravel(), strict=True):
            unknown = not np.isfinite(d_scene)
            in_truth = np.isfinite(d_true) and (unknown or d_true - d_scene <= delta)
            in_estimate = np.isfinite(d_est) and (unknown or d_est - d_scene <= delta or in_truth)
            total += in_truth or in_estimate
            matched = in_truth and in_estimate and abs(d_true - d_est) / diameter < tau
            wrong += (in_truth or in_estimate) and not matched
        errors.append(wrong / total if total else 1.0)
    return errors


def test_vsd_is_the_published_definition():
    rng = np.random.default_rng(0)
    for _ in range(20):
        truth, estimate, scene = (
            np.where(rng.random((6, 8)) < 0.7, rng.uniform(900, 1100, (6, 8)), np.inf) for _ in range(3)
        )
        assert vsd(estimate, truth, scene, 150.0, 15.0) == pytest.approx(
            written_out_vsd(estimate, truth, scene, 150.0, 15.0)
        )


def test_symmetries_of_models_info():
    half = np.diag([-1.0, -1.0, 1.0, 1.0])
    info = {
        "diameter": 100.0,
        "symmetries_discrete": [half.ravel().tolist()],
        "symmetries_continuous": [{"axis": [0, 0, 1], "offset": [10, 0, 0]}],
    }
    found = symmetry_transformations(info)
    count = int(np.ceil(np.pi / 0.01))
    assert len(found) == 2 * count and np.allclose(found[0], np.eye(4))
    on_axis = np.array([10.0, 0, 5, 1])
    assert np.allclose(found[:count] @ on_axis, on_axis) and not np.allclose(found[count:] @ on_axis, on_axis)
    angles = np.degrees(np.arctan2(found[:count, 1, 0], found[:count, 0, 0])) % 360
    assert np.sort(angles) == pytest.approx(np.arange(count) * 360 / count, abs=1e-6)
    assert len(symmetry_transformations({"diameter": 1.0})) == 1


def test_mssd_and_mspd_take_the_symmetry_that_fits_best():
    points = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 2]])
    truth = Pose(np.eye(3), np.array([0.0, 0, 10]))
    turned = Pose(Rotation.from_rotvec([0, 0, 0.7]).as_matrix(), np.array([0.0, 0, 10.1]))
    round_ = symmetry_transformations({"symmetries_continuous": [{"axis": [0, 0, 1], "offset": [0, 0, 0]}]})
    exact, plain = pose_errors(turned, truth, points, K, round_), pose_errors(turned, truth, points, K)
    assert exact.mssd == pytest.approx(0.1, abs=0.01) and plain.mssd > 0.6
    by_hand = max(np.linalg.norm(turned(point) - truth(point)) for point in points)
    assert plain.mssd == pytest.approx(by_hand)
    assert exact.mspd < 1 < plain.mspd


def test_recalls_and_their_mean():
    assert mssd_recall(np.array([4.9, 24.0]), np.array([100.0, 100.0])) == pytest.approx((1.0 + 0.6) / 2)
    assert mspd_recall(np.array([4.9, 24.0]), 640) == pytest.approx((1.0 + 0.6) / 2)
    assert mspd_recall(np.array([9.8]), 1280) == 1.0  # limits grow with the width of the picture
    assert vsd_recall(np.full((1, 10), 0.24)) == pytest.approx(0.6)
    assert average_recall(0.3, 0.6, 0.9) == pytest.approx(0.6)


@pytest.fixture
def scene(tmp_path):
    """A cube seen from the front, in the layout of BOP, without and with depth."""
    import trimesh

    (tmp_path / "models").mkdir()
    for name in ("rgb", "depth"):
        (tmp_path / "test" / "000001" / name).mkdir(parents=True)
    trimesh.creation.box((40, 40, 40)).export(tmp_path / "models" / "obj_000003.ply")
    folder = tmp_path / "test" / "000001"
    Image.fromarray(np.full((48, 64, 3), 90, np.uint8)).save(folder / "rgb" / "000000.png")
    pose = {"obj_id": 3, "cam_R_m2c": np.eye(3).ravel().tolist(), "cam_t_m2c": [0, 0, 200]}
    (folder / "scene_gt.json").write_text(json.dumps({"0": [pose]}))
    (folder / "scene_camera.json").write_text(json.dumps({"0": {"cam_K": K.ravel().tolist(), "depth_scale": 0.1}}))
    return tmp_path


def test_distances_are_measured_where_there_is_depth(scene):
    (posed,) = BopScene.open(scene).objects("0")
    middle = (24, 32)
    assert posed.distance[middle] == pytest.approx(180, abs=0.1) and np.isinf(posed.distance[0, 0])
    depth = np.zeros((48, 64), np.uint16)
    depth[20:28, 28:36] = 1700
    Image.fromarray(depth).save(scene / "test" / "000001" / "depth" / "000000.png")
    (measured,) = BopScene.open(scene).objects("0")
    assert measured.distance[middle] == pytest.approx(170, abs=0.1) and np.isinf(measured.distance[10, 32])
    assert measured.distance[20, 28] > 170  # along the ray, not along z


def test_models_info_is_read_or_made_up_for(scene):
    found = BopScene.open(scene)
    with collect_warnings() as said:
        info = found.infos[3]
    assert "models_info.json" in said[0] and info.diameter == pytest.approx(40 * 3**0.5)
    assert len(info.symmetries) == 24  # each rotation of a cube once
    told = {"3": {"diameter": 69.0, "symmetries_discrete": [np.diag([-1.0, -1, 1, 1]).ravel().tolist()]}}
    (scene / "models" / "models_info.json").write_text(json.dumps(told))
    info = BopScene.open(scene).infos[3]
    assert info.diameter == 69 and len(info.symmetries) == 2
    (scene / "models" / "models_info.json").write_text(json.dumps({"3": {"size": 1}}))
    with pytest.raises(CounterpointError, match=r"models_info.json does not say"):
        read_models_info(scene / "models", {3: make_shape(np.eye(3), np.array([[0, 1, 2]]))})
