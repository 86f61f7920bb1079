"""The verb search."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.verb import verb


def test_the_verb_finds_by_image_and_by_shape(shape_folder, sample):
    box = ",".join(map(str, sample["box"]))
    by_image = json.loads(verb("search", shape_folder, sample["image"], "--box", box, "--json").stdout)
    assert [r["path"].split("/")[-1][:3] for r in by_image["results"]][:2] == ["toy", "toy"]
    scores = [r["score"] for r in by_image["results"]]
    assert scores == sorted(scores, reverse=True) and len(scores) == 4 and len(by_image["refused"]) == 1
    assert by_image["verdict"] in ("good", "unsure") and by_image["probability"] > 0.5
    done = verb("search", shape_folder, shape_folder / "toy.glb", "--top", 2)
    lines = done.stdout.splitlines()
    assert (
        len(lines) == 3
        and lines[2].startswith("first of this kind: ")
        and "%" in lines[2]
        and lines[0].endswith("toy2.glb")
        and "broken.ply" in done.stderr
    )


def test_a_search_for_noise_says_that_it_is_probably_nothing(shape_folder, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    done = verb("search", shape_folder, tmp_path / "noise.png", "--box", "40,30,260,210")
    assert done.stdout.splitlines()[-1].startswith("first of this kind: none (")
    (tmp_path / "one").mkdir()
    shutil.copy(shape_folder / "toy.glb", tmp_path / "one")
    own = verb("search", tmp_path / "one", tmp_path / "one" / "toy.glb")
    assert own.stdout == "nothing but what was asked for is in the gallery\n"
    worst = json.loads(verb("search", shape_folder, tmp_path / "noise.png", "--worst", "--json").stdout)
    assert worst["verdict"] is None and worst["reasons"] == []
    Image.fromarray(np.full((240, 320), 255, np.uint8)).save(tmp_path / "mask.png")
    part = verb("search", shape_folder, tmp_path / "noise.png", "--mask", tmp_path / "mask.png", "--part")
    assert part.stdout.splitlines()[-1].startswith("no verdict: how often searches by words and by parts")


@pytest.mark.parametrize(
    "arguments", [["nowhere", "toy.glb"], ["{empty}", "{shape}"], ["{folder}", "{shape}", "--box", "0,0,9,9"]]
)
def test_bad_searches_end_with_a_sentence(arguments, shape_folder, sample, tmp_path):
    names = {"empty": tmp_path / "shapes" / "none", "shape": sample["shape"], "folder": shape_folder}
    names["empty"].mkdir()
    done = verb("search", *(a.format(**names) for a in arguments))
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and done.stdout == ""


def test_words_and_parts_need_what_they_need(shape_folder, sample):
    words = verb("search", shape_folder, "text:an elephant")
    assert words.returncode == 2 and "CLIP" in words.stderr and words.stderr.count("\n") == 1 and words.stdout == ""
    part = verb("search", shape_folder, sample["image"], "--part")
    assert part.returncode == 2 and "--mask" in part.stderr and part.stderr.count("\n") == 1 and part.stdout == ""
