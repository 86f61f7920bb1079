"""Galleries by the command line."""

import json

import pytest

from tests.verb import verb


def test_the_verb_finds_by_image_and_by_shape(shape_folder, sample):
    box = ",".join(map(str, sample["box"]))
    by_image = json.loads(verb("search", shape_folder, sample["image"], "--box", box, "--json").stdout)
    assert [r["path"].split("/")[-1][:3] for r in by_image["results"]][:2] == ["toy", "toy"]
    scores = [r["score"] for r in by_image["results"]]
    assert scores == sorted(scores, reverse=True) and len(scores) == 4 and len(by_image["refused"]) == 1
    done = verb("search", shape_folder, shape_folder / "toy.glb", "--top", 2)
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and lines[0].endswith("toy2.glb") and "broken.ply" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["nowhere", "toy.glb"], ["{empty}", "{shape}"], ["{folder}", "{shape}", "--box", "0,0,9,9"]]
)
def test_bad_searches_end_with_a_sentence(arguments, shape_folder, sample, tmp_path):
    names = {"empty": tmp_path / "shapes" / "none", "shape": sample["shape"], "folder": shape_folder}
    names["empty"].mkdir()
    done = verb("search", *(a.format(**names) for a in arguments))
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and done.stdout == ""


def test_index_then_search_then_classify(shape_folder, sample, tmp_path):
    made = json.loads(verb("index", shape_folder, "-o", tmp_path / "g", "--workers", "1", "--json").stdout)
    assert made["shapes"] == 4 and made["added"] == 5 and len(made["refused"]) == 1
    tagged = json.loads(
        verb("search", tmp_path / "g", shape_folder / "toy.glb", "--tag", "below", "--quick", "--json").stdout
    )
    assert [r["tags"] for r in tagged["results"]] == [["below"]]
    named = json.loads(verb("classify", shape_folder / "toy.glb", "--gallery", tmp_path / "g", "--json").stdout)
    assert named["results"] == [{"label": "below", "share": 1.0}] and "votes" in named["how"]
    for arguments in ([tmp_path / "g", "text:an elephant"], [tmp_path / "g", sample["image"], "--part"]):
        done = verb("search", *arguments)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and done.stdout == ""
    unnamed = verb("classify", shape_folder / "toy.glb", "--labels", "a,b")
    assert unnamed.returncode == 2 and "CLIP" in unnamed.stderr and unnamed.stdout == ""
