"""AR of BOP on cases that are worked out by hand, and errors of a second set of poses as rows."""

import json
from dataclasses import replace

import numpy as np
import pytest

from core.alignment.metrics import TAUS
from core.benchmarks.bop_results import evaluate, matched
from core.benchmarks.settings import EvaluateSettings
from core.errors import CounterpointError
from core.geometry.lens import Lens
from core.geometry.pose import Pose
from core.interchange.poses import json as json_poses
from core.interchange.poses.view import View
from core.notices import collect_warnings
from core.registration.things import InstanceKey
from core.scenes.bop_results import read_results
from core.scenes.casting import distances, silhouettes
from core.scenes.inspect import as_csv, beside_truth, inspect, read_poses
from core.scenes.kept_poses import KeptPoses
from core.scenes.opening import open_scene
from core.scenes.pose_errors import PhotoErrors
from tests.core.scenes import made

HEAD = "scene_id,im_id,obj_id,score,R,t,time"
DIAMETER = 53.85


def line(im, obj, pose, score=0.5, time=0.25, scene=7):
    R, t = (" ".join(map(repr, np.ravel(values).tolist())) for values in (pose.R, pose.t))
    return f"{scene},{im},{obj},{score},{R},{t},{time}"


def truth(photos=1):
    return [(str(10 * n + 3), number, pose) for n in range(photos) for number, pose in made.poses(n)]


def table(tmp_path, lines, data=None):
    """The table of results by row, and what was said."""
    file = tmp_path / "results.csv"
    file.write_text("\n".join([HEAD, *lines]))
    with collect_warnings() as said:
        tables = evaluate(EvaluateSettings(data=f"bop:{data or tmp_path}", results=str(file)))
    return {row["poses"]: row for row in tables["average recall"]}, tables.get("time"), said


def test_matching_is_greedy_by_score():
    errors = np.array([[0.1, 0.3], [0.05, 0.2]])  # of the surer estimate first
    assert [matched(errors, limit) for limit in (0.05, 0.09, 0.15, 0.25)] == [0, 1, 1, 2]
    assert matched(np.array([[0.1, 0.1], [0.1, 9.0]]), 0.5) == 1  # the first of two equal ones is taken, as BOP does
    assert matched(np.zeros((0, 2)), 1) == 0


def published(errors, limit):
    """The greedy matching as ``match_poses`` of bop_toolkit has it, estimates by falling score; the number of matches."""
    taken = []
    for line in errors:
        best_id, best_error = -1, limit
        for number, error in enumerate(line):
            if number not in taken and error < best_error:
                best_id, best_error = number, error
        if best_id >= 0:
            taken.append(best_id)
    return len(taken)


def test_matching_is_as_published():
    rng = np.random.default_rng(0)
    for _ in range(200):
        errors = np.round(rng.random((rng.integers(0, 5), rng.integers(1, 5))), 1)
        limit = float(rng.choice([0.05, 0.3, 0.5]))
        assert matched(errors, limit) == published(errors, limit)


def test_exact_results_are_all_found(tmp_path):
    made.bop(tmp_path, 2)
    rows, time, said = table(tmp_path, [line(*one, time=float(one[0])) for one in truth(2)])
    assert [rows[name]["targets"] for name in ("object 1", "object 2", "all")] == [4, 2, 6]
    assert all(rows["all"][name] == 1 for name in ("AR VSD", "AR MSSD", "AR MSPD", "AR"))
    assert time == [{"poses": "all", "seconds a photo": 8.0}]
    assert any("has no depth: VSD is measured against the true poses" in one for one in said)


def test_mssd_and_mspd_by_hand(tmp_path):
    made.bop(tmp_path, 1)
    ((_, ball),) = [(number, pose) for number, pose in made.poses(0) if number == 2]
    nearer = Pose(ball.R, ball.t - [0, 0, 11])  # 0.22 of 50: below six of ten thresholds
    rows, _, _ = table(tmp_path, [line("3", 2, nearer)])
    assert rows["object 2"]["AR MSSD"] == pytest.approx(0.6) and rows["object 1"]["AR MSSD"] == 0
    assert rows["all"]["AR MSSD"] == pytest.approx(0.6 / 3)
    aside = Pose(ball.R, ball.t + [0.5, 0, 0])  # 70 * 0.5 / 235 = 0.149 at the nearest point, and less elsewhere
    aside_far = Pose(ball.R, ball.t + [6.0, 0, 0])
    gap = 70 * 6 / 235.0  # 1.787 pixels of a picture 64 wide: 17.87 of one of 640, below 20, ..., 50
    assert table(tmp_path, [line("3", 2, aside)])[0]["object 2"]["AR MSPD"] == 1
    found = table(tmp_path, [line("3", 2, aside_far)])[0]["object 2"]
    assert 15 < gap * 10 < 20 and found["AR MSPD"] == pytest.approx(0.7)
    assert found["AR"] == pytest.approx((found["AR VSD"] + found["AR MSSD"] + 0.7) / 3)


def test_symmetries_count(tmp_path):
    made.bop(tmp_path, 1)
    turned = [Pose(pose.R @ made.HALF[:3, :3], pose.t) for number, pose in made.poses(0) if number == 1]
    assert table(tmp_path, [line("3", 1, pose) for pose in turned])[0]["object 1"]["AR"] == 1
    info = tmp_path / "models" / "models_info.json"
    info.write_text(info.read_text().replace("symmetries_discrete", "other"))
    found = table(tmp_path, [line("3", 1, pose) for pose in turned])[0]["object 1"]
    assert found["AR MSSD"] == 0 and found["AR VSD"] == pytest.approx(1)


def test_as_many_poses_as_instances_count(tmp_path):
    made.bop(tmp_path, 1)
    first, second = (pose for number, pose in made.poses(0) if number == 1)
    three = [line("3", 1, first, 0.9), line("3", 1, first, 0.8), line("3", 1, second, 0.1)]
    assert table(tmp_path, three)[0]["object 1"]["AR MSSD"] == 0.5  # the surest two are of one thing
    assert table(tmp_path, [three[0], line("3", 1, second, 0.85), three[1]])[0]["object 1"]["AR MSSD"] == 1


def test_targets_of_the_data_set(tmp_path):
    made.bop(tmp_path, 2)
    targets = [{"scene_id": 7, "im_id": 3, "obj_id": 1, "inst_count": 1}]
    (tmp_path / "test_targets_bop19.json").write_text(json.dumps(targets))
    first, _ = (pose for number, pose in made.poses(0) if number == 1)
    rows, _, _ = table(tmp_path, [line("3", 1, first)])
    assert set(rows) == {"object 1", "all"} and rows["all"]["targets"] == 1 and rows["all"]["AR"] == 1
    (tmp_path / "test_targets_bop19.json").write_text("[{}]")
    with pytest.raises(CounterpointError, match="does not list targets"):
        table(tmp_path, [line("3", 1, first)])


def test_vsd_is_the_definition_pixel_by_pixel(tmp_path):
    scene = open_scene(made.bop(tmp_path, 1))
    photo, thing = scene.photos[0], InstanceKey(2)
    true = scene.by_photo["3"][thing].pose
    estimate = Pose(true.R, true.t + [4.0, 0, 12])
    camera, shape = photo.camera, scene.shapes[2]
    nearest = np.min([one.depth() for one in silhouettes(scene, photo)], axis=0)
    d_true, d_est = distances(camera, true, shape), distances(camera, estimate, shape)
    by_hand = []
    for tau in TAUS:
        costs = []
        for t, e, s in zip(d_true.ravel(), d_est.ravel(), nearest.ravel(), strict=True):
            in_t = np.isfinite(t) and (not np.isfinite(s) or t - s <= 15)
            in_e = np.isfinite(e) and (not np.isfinite(s) or e - s <= 15 or in_t)
            if in_t or in_e:
                costs.append(0 if in_t and in_e and abs(t - e) / 50 < tau else 1)
        by_hand.append(np.mean(costs))
    found = PhotoErrors(scene, photo)(thing, estimate)
    assert found.vsd == pytest.approx(by_hand) and 0 < min(by_hand) < max(by_hand) <= 1
    assert found.mssd == pytest.approx(np.hypot(4, 12)) and found.diameter == 50


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n", "seven fields"),
        (HEAD.replace("time", "when"), "BOP's are"),
        (HEAD, "holds no pose"),
        (line("3", 1, made.poses(0)[0][1]).replace("7,", "x,", 1), "invalid literal"),
        ("7,3,1,0.5,1 0 0 0 1 0 0 0 -1,0 0 9,1", "is none"),
        ("7,3,1,0.5,1 0 0,0 0 9,1", "R has nine numbers"),
    ],
)
def test_results_that_are_not_as_bop_has_them(tmp_path, text, words):
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(CounterpointError, match=words):
        read_results(tmp_path / "r.csv")


def test_times_and_other_scenes_are_said(tmp_path):
    made.bop(tmp_path, 1)
    ours = [line(*one) for one in truth()]
    _, time, said = table(tmp_path, [*ours, line("3", 1, made.poses(0)[0][1], time=3.0, scene=7)])
    assert time[0]["seconds a photo"] == 0.25 and any("different times" in one for one in said)
    _, time, said = table(tmp_path, [*ours, line("3", 1, made.poses(0)[0][1], time=-1, scene=8)])
    assert time is None and any("scenes that the data has not: 8" in one for one in said)
    with pytest.raises(CounterpointError, match="no pose in a scene of the data"):
        table(tmp_path, [line("3", 1, made.poses(0)[0][1], scene=9)])


def test_inspecting_other_poses(tmp_path):
    scene = open_scene(made.bop(tmp_path, 2))
    lines = [
        line(im, obj, Pose(pose.R, pose.t + [0, 0, 2.0 * i])) for i, (im, obj, pose) in enumerate(truth(2)) if i != 4
    ]
    (tmp_path / "r.csv").write_text("\n".join([HEAD, *lines]))
    rows = inspect(scene, read_poses(tmp_path / "r.csv", scene), sort="ADD")
    assert rows[0]["ADD"] is None and (rows[0]["photo"], rows[0]["object"]) == ("13", 2)
    assert [row["ADD"] for row in rows[1:]] == pytest.approx([10, 6, 4, 2, 0], abs=1e-6)
    worst = rows[1]
    assert worst["instance"] == 1 and worst["translation"] == pytest.approx(10) == worst["MSSD"]
    assert worst["distance"] == pytest.approx(np.linalg.norm(made.poses(1)[2][1].t))
    assert rows[-1]["reprojection"] < 1e-6 < 0.1 < worst["reprojection"]
    assert 0.1 < rows[0]["visibility"] < 0.5 and rows[-1]["visibility"] == 1
    x, y, z = made.poses(0)[0][1].R.T @ -made.poses(0)[0][1].t
    assert np.tan(np.radians(rows[-1]["azimuth"])) == pytest.approx(y / x)
    assert np.sin(np.radians(rows[-1]["elevation"])) == pytest.approx(z / np.linalg.norm([x, y, z]))
    others = beside_truth(scene, read_poses(tmp_path / "r.csv", scene))
    assert len(others) == 5 and np.allclose(others["13", InstanceKey(1, 1)].t, made.poses(1)[2][1].t + [0, 0, 10])
    assert [row["object"] for row in inspect(scene, {}, sort="object")] == [1, 1, 1, 1, 2, 2]
    assert [row["photo"] for row in inspect(scene, {}, sort="photo")] == ["3"] * 3 + ["13"] * 3
    text = as_csv(rows).splitlines()
    assert text[0].startswith("photo,object,instance,rotation") and text[1].startswith("13,2,0,,") and len(text) == 7
    with pytest.raises(CounterpointError, match="not by colour"):
        inspect(scene, {}, sort="colour")


def test_the_lens_bends_the_reprojection_error(tmp_path):
    scene = open_scene(made.bop(tmp_path, 1))
    bent = tuple(replace(one, camera=replace(one.camera, lens=Lens("opencv", (-0.3, 0, 0, 0)))) for one in scene.photos)
    thing = InstanceKey(1, 1)  # far from the middle
    estimate = Pose(scene.by_photo["3"][thing].pose.R, scene.by_photo["3"][thing].pose.t + [3.0, 0, 0])
    plain = PhotoErrors(scene, scene.photos[0])(thing, estimate).reprojection
    assert PhotoErrors(replace(scene, photos=bent), bent[0])(thing, estimate).reprojection < 0.9 * plain


def test_other_files_of_poses(tmp_path):
    folder = made.bop(tmp_path, 1)
    scene = open_scene(folder)
    pose = made.poses(0)[1][1]
    json_poses.save(tmp_path / "obj_000002.json", View("000003.png", made.SIZE, made.K, pose, shape="obj_000002.ply"))
    kept = KeptPoses.open(tmp_path / "kept.json")
    kept.keep(scene)
    kept.write()
    for place in (folder, folder / "scene_gt.json", tmp_path / "obj_000002.json", tmp_path / "kept.json"):
        with collect_warnings():
            found = read_poses(place, scene)
        assert np.allclose(found["3"][2][0].t, pose.t)
    with pytest.raises(CounterpointError, match="no poses in photos of"):
        read_poses(folder, replace(scene, photos=()))
