"""The verb evaluate and the table of benchmarks behind it."""

import inspect
import json
from importlib import import_module

import pytest
import trimesh

from core.benchmarks.tasks import TASKS, parse_data
from core.errors import CounterpointError
from tests.verb import verb


@pytest.mark.parametrize("name", TASKS)
def test_each_benchmark_takes_the_settings_and_refuses_other_data(name):
    function = import_module(TASKS[name].module).evaluate
    assert list(inspect.signature(function).parameters)[:2] == ["settings", "progress"]
    done = verb("evaluate", name, "--data", "nonsense:here")
    assert done.returncode == 2 and done.stderr.startswith("counterpoint: 'nonsense:here' is not ")
    assert all(kind in done.stderr for kind in TASKS[name].data)


def test_data_are_a_kind_and_its_place():
    known = ("procedural", "bop:PATH", "meshes:FOLDER")
    assert parse_data("procedural", known) == ("procedural", "")
    assert parse_data("bop:C:/data", known) == ("bop", "C:/data")
    for wrong in ("bop", "bop:", "procedural:x", "", ":x", "kitti:/x"):
        with pytest.raises(CounterpointError, match="is not procedural, bop:PATH or meshes:FOLDER"):
            parse_data(wrong, known)
    with pytest.raises(CounterpointError, match="is not bop:PATH"):
        parse_data("procedural", known[1:2])


def test_the_file_holds_what_is_printed(tmp_path):
    trimesh.creation.box((1, 2, 3)).export(tmp_path / "box.obj")
    chosen = ["encoders", "--data", f"meshes:{tmp_path}", "--count", 1, "--output", tmp_path / "box.json"]
    done = verb("evaluate", *chosen)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "box.json").read_text())
    assert set(report) == {"encoder", "data", "tables", "warnings"} and report["data"] == f"meshes:{tmp_path}"
    shown = done.stdout.splitlines()
    for name, rows in report["tables"].items():
        begin = shown.index(name) + 1
        assert shown[begin].split() == list(rows[0])
        for row, line in zip(rows, shown[begin + 1 :], strict=False):
            assert line.split() == [value if isinstance(value, str) else f"{value:.6g}" for value in row.values()]


def test_bad_data_is_said_in_one_sentence(tmp_path):
    for data in ("nonsense", "bop:", f"bop:{tmp_path}", f"meshes:{tmp_path}"):
        done = verb("evaluate", "correspondence", "--data", data, "--json")
        assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1, done.stderr
        assert json.dumps(data)[1:5] in done.stderr or "has no shapes" in done.stderr or "BOP" in done.stderr


@pytest.mark.slow
def test_pictures_and_scans_find_their_shapes(tmp_path):
    done = verb("evaluate", "retrieval", "--count", "10", "--output", tmp_path / "r.json")
    assert done.returncode == 0 and "picture to shape" in done.stdout, done.stderr
    tables = json.loads((tmp_path / "r.json").read_text())["tables"]
    for name in ("picture to shape", "scan to shape"):
        rows = {r["method"]: r for r in tables[name]}
        assert rows["closer look"]["recall@1"] >= 0.6 > rows["chance"]["recall@1"] + 0.1
