"""The verb evaluate and the table of benchmarks behind it."""

import inspect
import json
from importlib import import_module

import pytest

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
    done = verb("evaluate", "parts", "--count", 1, "--output", tmp_path / "parts.json", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report) == {"encoder", "data", "tables", "warnings"}
    assert json.loads((tmp_path / "parts.json").read_text()) == report
