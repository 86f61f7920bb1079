"""The verb align."""

import json

import numpy as np

from tests.verb import verb


def test_align_the_sample(sample, tmp_path):
    K = np.array(sample["pose"]["K"])
    camera = {"fx": K[0, 0], "fy": K[1, 1], "cx": K[0, 2], "cy": K[1, 2]}
    (tmp_path / "camera.json").write_text(json.dumps(camera))
    box = ",".join(map(str, sample["box"]))
    done = verb(
        "align", sample["image"], sample["shape"], "--box", box, "--K", tmp_path / "camera.json", "--samples", 8000,
        "--save", tmp_path / "overlay.png", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    pose, numbers = {"R", "t", "s"}, {"score", "similarity", "overlap", "probability", "reasons"}
    assert (
        set(found)
        == {"encoder", "K", "verdict", "notes", "hypotheses", "saved", "warnings", "mask_probability"} | pose | numbers
    )
    assert all(set(one) == pose | numbers for one in found["hypotheses"])
    turn = np.array(found["R"]).T @ np.array(sample["pose"]["R"])
    assert np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) < 12 and found["verdict"] == "good"
    assert np.linalg.norm(np.subtract(found["t"], sample["pose"]["t"])) < 0.3 and found["s"] == [1, 1, 1]
    assert 1 <= len(found["hypotheses"]) <= 5 and (tmp_path / "overlay.png").exists()
    (tmp_path / "camera.json").write_text("{}")
    done = verb("align", sample["image"], sample["shape"], "--box", box, "--K", tmp_path / "camera.json")
    assert done.returncode == 2 and "fx, fy, cx and cy" in done.stderr


def test_align_looks_for_the_object_where_nobody_says(sample, tmp_path):
    pose = sample["pose"]
    (tmp_path / "start.json").write_text(json.dumps({name: pose[name] for name in ("K", "R", "t")}))
    done = verb(
        "align", sample["image"], sample["shape"], "--start", tmp_path / "start.json", "--samples", 3000, "--json"
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    turn = np.array(found["R"]).T @ np.array(pose["R"])
    assert np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) < 12 and found["overlap"] > 0.6
    assert found["verdict"] != "good" and "looked for" in found["reasons"][0]
    assert any(f"{sample['image'].name} has no box and no mask" in sentence for sentence in found["warnings"])
