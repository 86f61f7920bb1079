"""Lists of calls."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from app.cli import batch
from app.cli.options.align import AlignOptions
from app.cli.options.transfer import TransferOptions
from core.errors import CounterpointError
from core.geometry.shape import load_shape
from core.interchange.labels import Labels
from core.interchange.shape_labels import load_shape_labels, save_shape_labels
from core.notices import collect_warnings, warn
from tests.verb import verb


def test_all_labels_of_a_shape_go_to_another_by_a_list(sample, tmp_path):
    shape, other = load_shape(sample["shape"]), load_shape(sample["shape2"])
    center = shape.normalised[shape.faces].mean(axis=1)
    masks = np.stack([(center[:, 0] > 0.25) & (np.abs(center[:, 2]) < 0.05), center[:, 1] < -0.08])
    save_shape_labels(tmp_path / "toy.ply", shape, Labels(["trunk", "legs"], ["#ff0000", "#00ff00"], masks))
    rows = ["source,target,out,labels,samples,up", f"toy.ply,{sample['shape2']},there.glb,,4000,y"]
    rows += [f"{sample['image']},{sample['shape2']},x.ply,nothing.png,4000,", f"{sample['image']},,y.ply,,,"]
    (tmp_path / "list.csv").write_text("\n".join(rows) + "\n")
    done = verb("transfer", "--batch", tmp_path / "list.csv", "--json")
    first, second, third = json.loads(done.stdout)["rows"]
    assert done.returncode == 2 and first["status"] == "done", done.stderr
    assert "nothing.png does not exist" in second["reason"] and "TARGET" in third["reason"]
    labels = load_shape_labels(tmp_path / "there.glb", len(other.faces))
    there = other.normalised[other.faces].mean(axis=1)
    assert labels.names == ["trunk", "legs"] and not labels.overlap()
    assert np.median(there[labels.masks[0], 0]) > 0.25 and np.median(there[labels.masks[1], 1]) < -0.08
    again = verb("transfer", "--batch", tmp_path / "list.csv")
    assert "row 1: done before" in again.stdout and "row 2: failed" in again.stdout


def test_poses_from_a_list_guide_clicks(sample, tmp_path):
    pose = sample["pose"]
    (tmp_path / "K.json").write_text(json.dumps({"K": pose["K"]}))
    (tmp_path / "start.json").write_text(json.dumps({name: pose[name] for name in ("R", "t")}))
    np.save(tmp_path / "depth.npy", np.full((960, 1280), pose["t"][2], np.float32))
    box = ",".join(map(str, sample["box"]))
    with (tmp_path / "list.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "shape", "out", "format", "box", "K", "start", "depth", "lock", "dof", "samples"])
        rows.writerow([sample["image"], sample["shape"], "pose.json", "", box, "K.json", "start.json", "", "turn x;turn y;turn z", 6, 3000])  # fmt: skip
        rows.writerow([sample["image"], sample["shape"], "colmap", "colmap", box, "K.json", "start.json", "depth.npy", "", 6, 3000])  # fmt: skip
        rows.writerow([sample["image"], sample["shape"], "x.json", "", box, "nothing.json", "", "", "", 6, 3000])
    done = verb("align", "--batch", tmp_path / "list.csv", "--json")
    assert done.returncode == 2, done.stderr
    report = json.loads(done.stdout)["rows"]
    assert [row["status"] for row in report] == ["done", "done", "failed"] and "nothing.json" in report[2]["reason"]
    written = json.loads((tmp_path / "pose.json").read_text())
    assert np.allclose(written["R"], pose["R"], atol=1e-3)  # turning was locked
    assert (tmp_path / "colmap" / "images.txt").exists()
    u, v = sample["at"]
    done = verb("match", sample["image"], sample["shape"], "--at", f"{u},{v}", "--box", box, "--pose", tmp_path / "pose.json", "--samples", 3000, "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    point = np.array(json.loads(done.stdout)["matches"][0]["point"])
    camera = np.array(written["R"]) @ point + written["t"]
    pixel = (np.array(pose["K"]) @ camera / camera[2])[:2]
    assert np.hypot(*(pixel - [u, v])) < 40


def test_columns_are_what_the_options_say(tmp_path):
    """Files lie beside the manifest, names do not; ``also`` takes two values at a time; a ``/`` at the end stays."""
    (tmp_path / "sam.pt").write_bytes(b"")
    header = "source,target,out,also,sam,target-box,depth"
    rows = [
        "a.png,b.glb;c.png,out/,x.png;xm.png;y.png;ym.png,sam.pt,1,",
        'a.png,b.glb,o.ply,,similar-colour,"-1,2,3,4",',
        "a.png,b.glb,o.ply,,,,z.npy",
    ]
    (tmp_path / "list.csv").write_text("\n".join([header, *rows]) + "\n")
    seen = []

    def note(options):
        seen.append(options)
        return {"saved": []}

    report = batch.run("transfer", note, TransferOptions(batch=str(tmp_path / "list.csv")))
    first, second, third = report["rows"]
    assert first["status"] == "failed" and "'1' is not a box" in first["reason"]
    assert third["status"] == "failed" and "--depth" in third["reason"]  # that of another verb
    assert second["status"] == "done" and second["warnings"] == []
    (found,) = seen
    assert found.source == str(tmp_path / "a.png") and found.target == (str(tmp_path / "b.glb"),)
    assert (
        found.sam == "similar-colour" and found.target_box == ((-1, 2, 3, 4),) and found.out == str(tmp_path / "o.ply")
    )
    (tmp_path / "list.csv").write_text("\n".join([header, rows[0].replace(",1,", ",,")]) + "\n")
    batch.run("transfer", note, TransferOptions(batch=str(tmp_path / "list.csv")))
    found = seen[-1]
    assert found.out == f"{tmp_path}/out/" and found.sam == str(tmp_path / "sam.pt")
    beside = [str(tmp_path / name) for name in ("x.png", "xm.png", "y.png", "ym.png")]
    assert [list(pair) for pair in found.also] == [beside[:2], beside[2:]]


def test_each_row_has_its_own_warnings(tmp_path):
    (tmp_path / "list.csv").write_text("image,shape,out\na.png,b.glb,1.json\nc.png,d.glb,2.json\n")

    def odd(options):
        warn(f"{Path(options.image).name} is odd.")
        return {"saved": []}

    options = AlignOptions(batch=str(tmp_path / "list.csv"))
    with collect_warnings() as outside:
        first = batch.run("align", odd, options)
        again = batch.run("align", odd, options)
    assert outside == []
    for report, status in ((first, "done"), (again, "done before")):
        assert [row["warnings"] for row in report["rows"]] == [["a.png is odd."], ["c.png is odd."]]
        assert [row["status"] for row in report["rows"]] == [status] * 2


def test_options_beside_the_list_are_of_all_rows_and_what_changes_is_done_again(tmp_path):
    (tmp_path / "list.csv").write_text("image,shape,out,fov\na.png,b.glb,1.json,\na.png,b.glb,2.json,20\n")
    (tmp_path / "a.png").write_bytes(b"one")
    seen = []

    def note(options):
        seen.append((options.fov, options.dof, options.batch))
        return {"saved": []}

    def states(**given):
        report = batch.run("align", note, AlignOptions(batch=str(tmp_path / "list.csv"), **given))
        return [row["status"] for row in report["rows"]]

    assert states(fov=60.0, dof=7) == ["done"] * 2 and seen == [(60.0, 7, None), (20.0, 7, None)]
    assert states(fov=60.0, dof=7, json=True) == ["done before"] * 2
    assert states(fov=50.0, dof=7) == ["done", "done before"]  # the second says its own
    (tmp_path / "a.png").write_bytes(b"another")
    assert states(fov=50.0, dof=7) == ["done"] * 2
    with pytest.raises(CounterpointError, match="--save names one file for all rows"):
        states(save="all.png")
    (tmp_path / "parts.csv").write_text("source,target,out,mask\na.png,b.glb,o.ply,m.png\n")
    parts = []
    outside = TransferOptions(batch=str(tmp_path / "parts.csv"), labels="l.png")
    batch.run("transfer", lambda options: parts.append((options.mask, options.labels)) or {"saved": []}, outside)
    assert parts == [(str(tmp_path / "m.png"), None)]
