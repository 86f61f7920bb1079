"""The verb adapt."""

import json

import pytest
import trimesh

from tests.verb import verb


@pytest.mark.slow
def test_an_adapter_is_written_and_what_is_left_out_is_said(tmp_path):
    box, cloud, out = tmp_path / "box.obj", tmp_path / "cloud.xyz", tmp_path / "a.safetensors"
    trimesh.creation.box((1, 2, 3)).export(box)
    cloud.write_text("0 0 0\n1 0 0\n0 1 0\n0 0 1\n")
    done = verb("adapt", box, cloud, "-o", out, "--steps", 1, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report) == {"encoder", "adapter", "before", "after", "curve", "warnings"}
    assert report["adapter"] == str(out) and out.stat().st_size > 1000
    assert report["warnings"] == ["cloud.xyz is a point cloud and is left out; pictures are taken of surfaces."]
    assert (
        report["curve"][0]["consistency"] == report["before"] and report["curve"][-1]["consistency"] == report["after"]
    )


def test_bad_input_ends_with_a_sentence(tmp_path):
    cloud = tmp_path / "cloud.xyz"
    cloud.write_text("0 0 0\n1 0 0\n0 1 0\n0 0 1\n")
    box = tmp_path / "box.obj"
    trimesh.creation.box((1, 2, 3)).export(box)
    for arguments, words in (
        (["adapt", box, "-o", tmp_path / "none" / "a.safetensors"], "does not exist; make it"),
        (["adapt", box, "-o", tmp_path / "a.safetensors", "--minutes", "0"], "not a number above zero"),
        (["adapt", box, "-o", tmp_path / "a.safetensors", "--rate", "nan"], "not a number above zero"),
        (["adapt", box, "-o", tmp_path / "a.safetensors", "--seed", "-1"], "not a whole number"),
        (["adapt", cloud, "-o", tmp_path / "a.safetensors"], "give a mesh"),
        (["adapt", cloud, "-o", tmp_path / "a.pth"], "is kept as .safetensors"),
    ):
        done = verb(*arguments)
        assert done.returncode == 2 and words in done.stderr and done.stdout == "", words
