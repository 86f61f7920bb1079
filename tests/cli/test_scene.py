"""``counterpoint scene`` and ``evaluate bop-results``: what they report, and how they refuse."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from app.cli.main import main
from app.cli.options.scene import ACTIONS
from core.errors import Cancelled
from core.files import make_folder
from core.images import load_image, save_image
from core.scenes.kept_poses import KeptPoses
from core.scenes.saving import save_scene
from tests.core.scenes import made
from tests.core.scenes.painted import painted


def report(capsys, *arguments, code=0):
    assert main([*map(str, arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_the_actions_of_a_scene(tmp_path, capsys):
    folder = made.bop(tmp_path / "a")
    shutil.copytree(folder, tmp_path / "a" / "test" / "000008")
    found = report(capsys, "scene", "info", tmp_path / "a")
    assert [one["poses"] for one in found["scenes"]] == [9, 9] and found["scenes"][0]["shapes"][1][
        "name"
    ] == "obj_000002"
    assert len(report(capsys, "scene", "check", folder)["odd"]) == 3
    (folder.parent / "000008" / "rgb" / "000003.png").unlink()
    (error,) = report(capsys, "scene", "check", tmp_path / "a", code=1)["errors"]
    assert error.endswith("rgb [3]: there is no photo 000003.png, .jpg or .tif.")
    written = report(capsys, "scene", "export", folder, "--out", tmp_path / "b", "--to", "bop")
    assert written["saved"] == [str(tmp_path / "b" / "test" / "000007")]
    checked = report(capsys, "scene", "check", tmp_path / "b")
    assert checked["errors"] == checked["odd"] == [] and "exit" not in checked
    rows = report(capsys, "scene", "inspect", folder, written["saved"][0], "--out", tmp_path / "rows.csv")["table"]
    assert len(rows) == 9 and max(row["ADD"] for row in rows) < 1e-9
    assert (tmp_path / "rows.csv").read_text().count("\n") == 10
    for action in set(ACTIONS) - {"propagate", "refine"}:
        extra = {"inspect": [written["saved"][0]], "export": ["--out", str(tmp_path / "c"), "--to", "yolo"]}.get(
            action, []
        )
        main(["scene", action, written["saved"][0], *extra])
        assert capsys.readouterr().out.count("\n") >= 1
    assert main(["scene", "inspect", str(folder)]) == 2
    assert "Give the other poses" in capsys.readouterr().err
    both = report(capsys, "scene", "export", tmp_path / "a", "--to", "coco", "--out", tmp_path / "d")
    assert both["poses"] == 15 and (tmp_path / "d" / "test" / "000008" / "annotations.json").is_file()
    report(capsys, "scene", "export", tmp_path / "a", "--out", tmp_path / "e", "--to", "bop")
    assert len(report(capsys, "scene", "info", tmp_path / "e")["scenes"]) == 2
    assert main(["scene", "inspect", str(tmp_path / "a"), written["saved"][0]]) == 2
    assert "2 scenes (test/000007, test/000008)" in capsys.readouterr().err


def test_results_are_measured(tmp_path, capsys):
    made.bop(tmp_path, 1)
    pose = made.poses(0)[1][1]
    numbers = [" ".join(map(str, values.ravel())) for values in (pose.R, pose.t)]
    (tmp_path / "r.csv").write_text(f"scene_id,im_id,obj_id,score,R,t,time\n7,3,2,1,{numbers[0]},{numbers[1]},0.5\n")
    found = report(capsys, "evaluate", "bop-results", tmp_path / "r.csv", "--data", f"bop:{tmp_path}")
    assert found["tables"]["average recall"][-1]["AR"] == pytest.approx(1 / 3) and "encoder" not in found
    assert main(["evaluate", "retrieval", str(tmp_path / "r.csv")]) == 2
    assert "leave it out" in capsys.readouterr().err
    assert main(["evaluate", "bop-results", str(tmp_path / "r.csv")]) == 2
    assert "'procedural' is not bop:PATH" in capsys.readouterr().err
    assert main(["evaluate", "bop-results", "--data", f"bop:{tmp_path}"]) == 2
    assert "Give the file of results" in capsys.readouterr().err


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A BOP scene that shows what its truth says, small, with the truth itself."""
    folder = tmp_path_factory.mktemp("drawn")
    scene, _ = painted(make_folder(folder / "source"))
    small = replace(scene, photos=scene.photos[:3], poses={at: one for at, one in scene.poses.items() if at[0] < "3"})
    return save_scene(small, folder / "bop", "bop")[0]


def stopped_after(monkeypatch, count):
    """Let a run be stopped once it has kept poses so often."""
    calls, keep = [], KeptPoses.keep

    def keep_and_stop(self, *some):
        keep(self, *some)
        calls.append(self)
        if len(calls) == count:
            raise Cancelled

    monkeypatch.setattr(KeptPoses, "keep", keep_and_stop)


def test_poses_are_carried_to_other_photos_and_a_stopped_run_goes_on(drawn, tmp_path, capsys, monkeypatch):
    out = tmp_path / "out"
    call = ["scene", "propagate", drawn, "--keyframes", "000000", "--out", out]
    with monkeypatch.context() as patch:
        stopped_after(patch, 1)
        main([*map(str, call)])
    capsys.readouterr()
    half = json.loads((out / "propagate.json").read_text())
    assert {one["image"] for one in half} == {"0", "1"} and not (out / "test").exists()
    marked = [one | {"residual": 0.125} if one["image"] == "1" else one for one in half]
    (out / "propagate.json").write_text(json.dumps(marked))
    found = report(capsys, *call)
    assert found["keyframes"] == ["0"] and found["photos"] == 2 and found["drifted"] == 0
    assert [one["residual"] == 0.125 for one in found["poses"]] == [True, True, False, False]
    assert found["saved"] == [str(out / "propagate.json"), str(out / "test" / "000000")]
    for poses in found["saved"]:
        table = report(capsys, "scene", "inspect", drawn, poses)["table"]
        assert len(table) == 6 and max(row["rotation"] for row in table) < 2
    assert main([*map(str, call[:3]), "--keyframes", "1", "--out", str(out)]) == 2
    assert "carried from other keyframes (0)" in capsys.readouterr().err


def test_a_thing_that_is_missing_in_a_photo_is_carried_to_it(drawn, tmp_path, capsys):
    part = shutil.copytree(drawn.parents[1], tmp_path / "part") / "test" / drawn.name
    truth = json.loads((part / "scene_gt.json").read_text())

    def carried(out, **counts):
        poses = {key: entries[: counts.get(f"n{key}", 0)] for key, entries in truth.items()}
        (part / "scene_gt.json").write_text(json.dumps(poses))
        found = report(capsys, "scene", "propagate", part, "--out", tmp_path / out)
        assert found["drifted"] == 0
        return [(one["image"], one["obj_id"]) for one in found["poses"]]

    assert carried("one", n0=1) == [("1", 1), ("2", 1)]
    assert carried("one", n0=2) == [("1", 1), ("1", 2), ("2", 1), ("2", 2)]  # another object was posed since
    assert carried("two", n0=2, n1=1) == [("1", 2), ("2", 1), ("2", 2)]
    assert carried("two", n0=2, n1=1) == [("1", 2), ("2", 1), ("2", 2)]
    written = json.loads((tmp_path / "two" / "test" / "000000" / "scene_gt.json").read_text())
    assert [len(written[key]) for key in "012"] == [2, 2, 2]


def test_what_drifted_is_not_written_as_truth(drawn, tmp_path, capsys):
    off = shutil.copytree(drawn.parents[1], tmp_path / "off") / "test" / drawn.name
    truth = json.loads((off / "scene_gt.json").read_text())
    truth["0"][1]["cam_t_m2c"][1] += 120
    (off / "scene_gt.json").write_text(json.dumps(truth))
    found = report(capsys, "scene", "propagate", off, "--keyframes", "0", "--out", tmp_path / "out")
    assert found["drifted"] == 2 and "2 poses drifted" in " ".join(found["warnings"])
    written = json.loads((tmp_path / "out" / "test" / "000000" / "scene_gt.json").read_text())
    assert [len(written[key]) for key in "012"] == [2, 1, 1]


def test_poses_are_refined_and_say_how_sure_they_are(drawn, tmp_path, capsys):
    alone = shutil.copytree(drawn.parents[1], tmp_path / "alone") / "test" / drawn.name
    cameras = json.loads((alone / "scene_camera.json").read_text())
    del cameras["2"]["cam_R_w2c"], cameras["2"]["cam_t_w2c"]
    (alone / "scene_camera.json").write_text(json.dumps(cameras))
    call = ["scene", "refine", alone, "--out", tmp_path / "poses.json"]
    found = report(capsys, *call)
    assert found["saved"] == [str(tmp_path / "poses.json")] and len(found["poses"]) == 6
    assert all(one["state"] == "refined" and 0 < one["degrees_at_least"] < 10 for one in found["poses"])
    shared = {(one["obj_id"], one["degrees_at_least"]) for one in found["poses"]}
    assert len(shared) == 4  # two photos together, and the third by itself
    rest = [one for one in found["poses"] if one["image"] != "2"]
    (tmp_path / "poses.json").write_text(json.dumps(rest))
    again = report(capsys, *call)
    assert [one for one in again["poses"] if one["image"] != "2"] == rest and len(again["poses"]) == 6
    earlier = [any("poses of an earlier run, which stay" in one for one in run["warnings"]) for run in (found, again)]
    assert earlier == [False, True]
    assert main([*map(str, call)]) == 0
    shown = capsys.readouterr().out
    assert "object 1.0: 3 photos" in shown and "lower bound" in shown


def test_photos_that_show_nothing_of_the_poses_are_said(drawn, tmp_path, capsys):
    """Noise holds no pose: what left the photos stays as it was, and the others are doubted."""
    noise = shutil.copytree(drawn.parents[1], tmp_path / "noise") / "test" / drawn.name
    rng = np.random.default_rng(0)
    for photo in (noise / "rgb").iterdir():
        save_image(photo, rng.integers(0, 256, load_image(photo).shape, dtype=np.uint8))
    found = report(capsys, "scene", "refine", noise, "--out", tmp_path / "poses.json")
    left = 6 - len(found["poses"])
    said = " ".join(found["warnings"])
    assert (f"{left} poses were left as they were" in said) == (left > 0)
    assert f"of {6 - left} refined poses are not what their photos show" in said
    assert all(one["cam_t_m2c"][2] > 0 for one in found["poses"])


def test_poses_that_are_far_off_are_looked_for_where_that_is_asked(drawn, tmp_path, capsys):
    off = shutil.copytree(drawn.parents[1], tmp_path / "off") / "test" / drawn.name
    truth = json.loads((off / "scene_gt.json").read_text())
    for photo in truth.values():
        R, t = np.reshape(photo[1]["cam_R_m2c"], (3, 3)), np.array(photo[1]["cam_t_m2c"])
        photo[1]["cam_R_m2c"] = (R @ Rotation.from_rotvec([0, np.radians(15), 0]).as_matrix()).ravel().tolist()
        photo[1]["cam_t_m2c"] = (t + R @ [0.1 * t[2], 0, 0]).tolist()
    (off / "scene_gt.json").write_text(json.dumps(truth))
    worst = {}
    for name, more in (("near", []), ("far", ["--far"])):
        found = report(capsys, "scene", "refine", off, "--out", tmp_path / f"{name}.json", *more)
        table = report(capsys, "scene", "inspect", drawn, found["saved"][0])["table"]
        worst[name] = max(row["rotation"] for row in table)
    assert worst["far"] < 2 < 10 < worst["near"]


def test_every_scene_of_a_data_set_is_done_by_several_processes(drawn, tmp_path, capsys):
    root = shutil.copytree(drawn.parents[1], tmp_path / "many")
    shutil.copytree(root / "test" / drawn.name, root / "test" / "000004")
    call = ["scene", "propagate", root, "--keyframes", "0", "--to", "bop"]
    alone = report(capsys, *call, "--workers", 1, "--out", tmp_path / "one")
    both = report(capsys, *call, "--workers", 2, "--out", tmp_path / "two")
    assert [Path(part["scene"]).name for part in both["scenes"]] == ["000000", "000004"]
    assert [part["poses"] for part in both["scenes"]] == [part["poses"] for part in alone["scenes"]]
    assert both["saved"][::2] == [str(tmp_path / "two" / f"test_00000{n}" / "propagate.json") for n in (0, 4)]
    assert main([*map(str, call), "--workers", "1", "--out", str(tmp_path / "two")]) == 0
    assert capsys.readouterr().out.count("keyframes") == 2
    assert main([*map(str, call), "--out", str(tmp_path / "poses.json")]) == 2
    assert "has 2 scenes" in capsys.readouterr().err
    assert main([*map(str, call[:3]), "--keyframes", "9", "--workers", "1", "--out", str(tmp_path / "x")]) == 2
    assert "has no photos 9" in capsys.readouterr().err


def test_symmetries_are_proposed_and_written_when_they_are_right(tmp_path, capsys):
    folder = made.bop(tmp_path, 1)
    info = tmp_path / "models" / "models_info.json"
    info.write_text(json.dumps({"1": {"diameter": 53.85, "maker": "us"}}))
    main(["scene", "symmetries", str(folder)])
    shown = capsys.readouterr().out
    assert "object 1: the same after 180 degrees about" in shown and "object 2: round about x" in shown
    assert "2" not in json.loads(info.read_text())
    found = report(capsys, "scene", "symmetries", folder, "--write")
    told = json.loads(info.read_text())
    assert found["saved"] == [str(info)] and told["1"]["maker"] == "us" and len(told["1"]["symmetries_discrete"]) == 3
    assert len(told["2"]["symmetries_continuous"]) == 3
    assert all(one["said"] for one in report(capsys, "scene", "symmetries", folder, "--write")["shapes"])


def test_what_a_scene_lacks_is_said(drawn, tmp_path, capsys):
    bare = shutil.copytree(drawn.parents[1], tmp_path / "bare") / "test" / drawn.name
    for action in ("propagate", "refine"):
        assert main(["scene", action, str(bare)]) == 2
        assert "Say where the poses go" in capsys.readouterr().err
        assert main(["scene", action, str(bare), "--out", str(bare)]) == 2
        assert "choose another folder" in capsys.readouterr().err
    assert main(["scene", "propagate", str(bare), "--keyframes", "7", "--out", str(tmp_path / "a")]) == 2
    assert "has no photos 7" in capsys.readouterr().err
    shutil.rmtree(bare.parents[1] / "models")
    for action in ("propagate", "refine"):
        assert main(["scene", action, str(bare), "--out", str(tmp_path / "a")]) == 2
        assert "has no shapes of the objects 1, 2" in capsys.readouterr().err
    (bare / "scene_camera.json").unlink()
    for action in ("propagate", "refine"):
        assert main(["scene", action, str(bare), "--out", str(tmp_path / "a")]) == 2
        assert "has no cameras" in capsys.readouterr().err
