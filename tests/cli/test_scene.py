"""``counterpoint scene`` and ``evaluate bop-results``: what they report, and how they refuse."""

import json
import shutil

import pytest

from app.cli.main import main
from app.cli.options.scene import ACTIONS
from tests.core.scenes import made


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
    for action in ACTIONS:
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
