"""Photo collections by the command line."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from app.cli.congeal import lines
from app.cli.options.congeal import CongealOptions
from core.geometry.pose import rotation_error
from tests.conftest import SAMPLE
from tests.verb import verb

FOLDER = SAMPLE / "collection"


def test_congeal_writes_poses_maps_and_the_average(sample, tmp_path):
    import numpy as np

    truth = json.loads((FOLDER / "truth.json").read_text())
    names = ("toy-3.jpg", "toy-5.jpg")
    (tmp_path / "in").mkdir()
    for name in names:
        shutil.copy(FOLDER / name, tmp_path / "in")
    (tmp_path / "in" / "broken.jpg").write_text("no image")
    (tmp_path / "boxes.json").write_text(json.dumps({name: truth[name]["box"] for name in names}))
    (tmp_path / "K.json").write_text(json.dumps({"K": truth[names[0]]["K"]}))
    done = verb(
        "congeal", tmp_path / "in", "--shape", sample["shape"], "--boxes", tmp_path / "boxes.json", "--K", tmp_path / "K.json",
        "-o", tmp_path / "out", "--format", "colmap", "--json",
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert done.returncode == 0 and [one["path"].split("/")[-1] for one in report["images"]] == list(names)
    assert {"path", "R", "t", "K", "score", "inlier"} <= set(report["images"][0])
    assert [one["path"].split("/")[-1] for one in report["refused"]] == ["broken.jpg"]
    for name, one in zip(names, report["images"], strict=True):
        np.testing.assert_allclose(one["K"], truth[names[0]]["K"], atol=1e-6)
        assert one["inlier"]
        assert rotation_error(np.array(one["R"]), np.array(truth[name]["R"])) < 20
    kept = json.loads((tmp_path / "out" / "collection.json").read_text())
    assert kept["finished"] and kept["images"] == report["images"]
    assert len(list((tmp_path / "out" / "maps").glob("*.npz"))) == 2 and (tmp_path / "out" / "average.png").exists()
    assert (tmp_path / "out" / "colmap" / "images.txt").exists()


def test_the_folder_of_the_photos_takes_no_results(sample, tmp_path):
    """The average picture of one call was a photo of the next, with a good pose."""
    for name in ("toy-3.jpg", "toy-5.jpg"):
        shutil.copy(FOLDER / name, tmp_path)
    done = verb("congeal", tmp_path, "--shape", sample["shape"], "-o", f"{tmp_path}/")
    assert done.returncode == 2 and "choose another" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["toy-3.jpg", "toy-5.jpg"]


def test_what_is_read_says_which_photos_are_right():
    """A photo of something else may be posed; the line of it says that this is probably wrong."""
    right = {"path": "a.jpg", "score": 0.4, "inlier": True, "probability": 0.98, "reasons": []}
    wrong = {
        "path": "b.jpg",
        "score": 0.02,
        "inlier": True,
        "probability": 0.1,
        "reasons": ["what is there looks different"],
    }
    report = {"shape": "s.ply", "images": [right, wrong, wrong | {"path": "c.jpg", "inlier": False}]}
    said = lines(CongealOptions(images=(), out="o"), report)
    assert said[1:4] == [
        "0.400  a.jpg: good (98%)",
        "0.020  b.jpg: none (10%): what is there looks different",
        "0.020  c.jpg: outlier, none (10%): what is there looks different",
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{photo}", "--shape", "{shape}"], "2 photos or more"),
        (["{photo}", "{shape}", "--shape", "{shape}"], "is a shape"),
        (["{photo}", "{other}"], "what the photos show"),
        (["{photo}", "{other}", "--shape", "{shape}", "--gallery", "."], "what the photos show"),
        (["{photo}", "{other}", "--shape", "{shape}", "--boxes", "{bad}"], "holds no boxes"),
        (["nothing.jpg", "none.jpg", "--shape", "{shape}"], "Too few photos"),
    ],
)
def test_bad_collections_end_with_a_sentence(arguments, sentence, sample, tmp_path):
    (tmp_path / "bad.json").write_text('{"toy-3.jpg": [1, 2]}')
    names = {
        "photo": FOLDER / "toy-3.jpg",
        "other": FOLDER / "toy-5.jpg",
        "shape": sample["shape"],
        "bad": tmp_path / "bad.json",
    }
    done = verb("congeal", *(a.format(**names) for a in arguments), "-o", tmp_path / "out")
    assert done.returncode == 2 and sentence in done.stderr and done.stderr.count("\n") == 1 and done.stdout == ""


@pytest.mark.slow
def test_the_shape_comes_from_a_gallery(shape_folder, tmp_path):
    boxes = {name: facts["box"] for name, facts in json.loads((FOLDER / "truth.json").read_text()).items()}
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    done = verb(
        "congeal", FOLDER / "toy-3.jpg", FOLDER / "toy-5.jpg", "--gallery", shape_folder, "--boxes", tmp_path / "boxes.json",
        "-o", tmp_path / "out", "--json",
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert report["shape"].endswith(("toy.glb", "toy2.glb")) and len(report["choices"]) >= 2
    assert report["choices"][0]["score"] >= report["choices"][1]["score"] > 0


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on(sample, tmp_path):
    """Killed while photos are posed, three times: what is finished stays, and the next run goes on from there."""
    command = [
        sys.executable, "-m", "app.cli.main", "congeal", str(FOLDER), "--shape", str(sample["shape"]), "-o", str(tmp_path / "out"),
    ]  # fmt: skip
    environment = os.environ | {"COUNTERPOINT_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(SAMPLE.parents[1])}
    written, finished = tmp_path / "out" / "collection.json", []
    for wanted in (1, 3, 5):
        running = subprocess.Popen(command, env=environment)
        while not written.exists() or len(json.loads(written.read_text())["images"]) < wanted:
            assert running.poll() is None
            time.sleep(0.05)
        running.kill()
        running.wait()
        report = json.loads(written.read_text())
        assert not report["finished"]
        finished.append({one["path"]: (one["R"], one["score"]) for one in report["images"]})
        assert all(finished[-1][path] == one for path, one in (finished[-2] if len(finished) > 1 else {}).items())
    subprocess.run(command, env=environment, check=True)
    report = json.loads(written.read_text())
    assert report["finished"] and len(report["images"]) == 8
