"""The command line."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
import trimesh

import core
from core.notices import collect_warnings
from tests.verb import verb


def test_version_and_encoders():
    done = subprocess.run([sys.executable, "-m", "app", "--version"], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == f"counterpoint {core.__version__}"
    listed = json.loads(verb("encoders", "--json").stdout)
    assert listed["default"] == "pocket" and {"pocket", "dinov2", "dinov3"} <= {e["name"] for e in listed["encoders"]}


def test_match_image_to_shape(sample, tmp_path):
    u, v = sample["at"]
    box = ",".join(map(str, sample["box"]))
    done = verb(
        "match", sample["image"], sample["shape"], "--at", f"{u},{v}", "--at", f"{u - 250},{v - 200}", "--box", box,
        "--json", "--save", tmp_path / "heat", "--samples", 5000,
    )  # fmt: skip
    assert done.returncode == 0 and done.stderr == ""
    report = json.loads(done.stdout)
    assert report["encoder"] == "pocket" and len(report["matches"]) == 2
    first = report["matches"][0]
    assert first["query"] == [u, v] and len(first["point"]) == 3
    assert {"score", "margin", "cycle_error", "face", "barycentric", "verdict"} <= set(first)
    shape = trimesh.load_mesh(sample["shape"])
    corners = shape.vertices[shape.faces[first["face"]]]
    np.testing.assert_allclose(np.array(first["barycentric"]) @ corners, first["point"], atol=1e-4)
    assert first["point"][0] > 0.8  # the trunk
    heat = trimesh.load(tmp_path / "heat-1.ply", process=False)
    assert len(heat.faces) > 10_000
    assert "similarity" in heat.metadata["_ply_raw"]["vertex"]["properties"]


def test_match_shape_to_image_and_negative_numbers(sample, tmp_path):
    box = ",".join(map(str, sample["box"]))
    done = verb(
        "match",
        sample["shape"],
        sample["image"],
        "--at",
        "-0.6,0.6,0.0",
        "--box",
        box,
        "--save",
        tmp_path / "h",
        "--samples",
        5000,
    )
    assert done.returncode == 0, done.stderr
    assert "-> pixel" in done.stdout and (tmp_path / "h-1.png").exists()


def test_match_a_point_with_several_images_and_a_shape(sample, tmp_path):
    box, other = (",".join(map(str, sample[name])) for name in ("box", "box2"))
    targets = [sample["image"], sample["shape2"], sample["image2"]]
    done = verb(
        "match", sample["shape"], *targets, "--at", "1.1,0.35,0", "--target-box", box, "--target-box", other,
        "--samples", 5000, "--json", "--save", tmp_path / "h",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["matches"]
    assert [m["target"] for m in found] == [str(path) for path in targets]
    for match, (x0, y0, x1, y1) in ((found[0], sample["box"]), (found[2], sample["box2"])):
        assert x0 <= match["pixel"][0] <= x1 and y0 <= match["pixel"][1] <= y1
    assert len(found[1]["point"]) == 3
    assert {p.name for p in tmp_path.iterdir()} == {"h-1.png", "h-2.ply", "h-3.png"}


def test_transfer_a_part_to_a_shape_and_an_image(sample, tmp_path):
    box, other = (",".join(map(str, sample[name])) for name in ("box", "box2"))
    done = verb(
        "transfer", sample["image"], sample["shape"], sample["image2"], "--outline", "925,600,1072,600,1078,740,955,740",
        "--box", box, "--target-box", other, "--out", tmp_path / "trunk", "--samples", 5000, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    on_shape, in_image = json.loads(done.stdout)["parts"]
    assert 0.02 < on_shape["share"] < 0.4 and on_shape["verdict"] in ("good", "unsure")
    mesh = trimesh.load(tmp_path / "trunk-1.ply", process=False)
    label = np.asarray(mesh.metadata["_ply_raw"]["face"]["data"]["label"]).ravel()
    assert len(label) == len(trimesh.load_mesh(sample["shape"]).faces)
    assert np.median(mesh.triangles_center[label == 1][:, 0]) > 0.7  # the trunk
    from core.images import load_image, save_image

    mask = load_image(tmp_path / "trunk-2.png")
    assert in_image["saved"].endswith("trunk-2.png") and mask.shape == load_image(sample["image2"]).shape and mask.any()
    done = verb(
        "transfer", sample["image"], sample["shape"], "--point", "1000,690", "--point", "700,450,-", "--box", box,
        "--samples", 5000, "--out", tmp_path / "cut.ply",
    )  # fmt: skip
    assert done.returncode == 0 and (tmp_path / "cut.ply").exists(), done.stderr
    save_image(tmp_path / "mask.png", np.full((8, 8, 3), 255, np.uint8))
    done = verb("transfer", sample["image"], sample["shape"], "--mask", tmp_path / "mask.png", "--out", tmp_path / "x")
    assert done.returncode == 2 and "must be the same" in done.stderr and done.stderr.count("\n") == 1


def test_a_known_pose_and_a_second_picture_have_their_say(sample, tmp_path):
    from core.geometry.shape import load_shape
    from core.images import save_image
    from core.interchange.shape_labels import load_shape_labels
    from core.parts.marking import outline_mask

    trunk = outline_mask([(925, 600), (1072, 600), (1078, 740), (955, 740)], (1280, 960))
    save_image(tmp_path / "mask.png", np.repeat(trunk[..., None] * np.uint8(255), 3, axis=2))
    (tmp_path / "pose.json").write_text(json.dumps(sample["pose"]))
    box = ",".join(map(str, sample["box"]))
    done = verb(
        "transfer", sample["image"], sample["shape"], "--mask", tmp_path / "mask.png", "--box", box, "--samples", 5000,
        "--pose", tmp_path / "pose.json", "--also", sample["image"], tmp_path / "mask.png", "--out", tmp_path / "part.glb",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shape = load_shape(sample["shape"])
    part = load_shape_labels(tmp_path / "part.glb", len(shape.faces)).masks[0]
    center = shape.normalised[shape.faces].mean(axis=1)
    assert 0.01 < part.mean() < 0.2 and np.median(center[part, 0]) > 0.28  # the trunk


def test_all_labels_of_a_shape_go_to_another_by_a_list(sample, tmp_path):
    from core.geometry.shape import load_shape
    from core.interchange.labels import Labels
    from core.interchange.shape_labels import load_shape_labels, save_shape_labels

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
    with collect_warnings() as said:
        done = verb(
            "align", sample["image"], sample["shape"], "--start", tmp_path / "start.json", "--samples", 3000, "--json"
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    turn = np.array(found["R"]).T @ np.array(pose["R"])
    assert np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) < 12 and found["overlap"] > 0.6
    assert f"{sample['image'].name} has no box and no mask" in done.stdout + done.stderr + " ".join(said)


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


@pytest.mark.parametrize("kind", ["image", "shape"])
def test_match_two_of_a_kind(sample, kind):
    at = "977,652" if kind == "image" else "1.1,0.3,0.0"
    done = verb("match", sample[kind], sample[kind + "2"], "--at", at, "--json", "--samples", 3000)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["matches"][0]
    assert ("pixel" if kind == "image" else "point") in found


def test_info(sample):
    facts = json.loads(verb("info", sample["shape"], "--json").stdout)
    assert facts["kind"] == "mesh" and facts["faces"] > 10_000 and facts["up"] == "y"
    assert json.loads(verb("info", sample["image"], "--json").stdout)["width"] == 1280


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["match", "nothing.png", "x.glb", "--at", "1,2"], "does not exist"),
        (["match", "{image}", "{shape}", "--at", "1"], "a pixel has two"),
        (["match", "{image}", "{shape}", "--at", "99999,5"], "outside the image"),
        (["match", "{image}", "{shape}", "--at", "5,5", "--box", "1,2,3"], "not a box"),
        (["match", "{image}", "{shape}", "--at", "5,5", "--box", "1,2,2,3"], "less than"),
        (["match", "{image}", "{shape}", "--at", "5,5", "--encoder", "nonsense"], "no model called"),
        (["match", "{shape}", "{image}", "--at", "900,900,900"], "far from the shape"),
        (["match", "{image}", "{shape}"], "--at"),
        (["info", "{folder}"], "folder"),
        (["transfer", "{image}", "{shape}", "--outline", "1,2,3", "--out", "x"], "not a polygon"),
        (["transfer", "{image}", "{shape}", "--out", "x"], "Nothing says"),
        (["transfer", "{image}", "{shape}", "--point", "1,x", "--out", "x"], "not a pixel"),
        (["transfer", "{image}", "--out", "x"], "at least one TARGET"),
        (
            ["transfer", "{image}", "{shape}", "--point", "5,5", "--sam", "{image}", "--out", "x"],
            "none of the published",
        ),
        (["transfer", "{shape}", "{shape}", "--outline", "1,2,3,4,5,6", "--out", "x"], "marked in an image"),
        (["align", "{image}", "{shape}"], "where the object is"),
        (["align", "{shape}", "{image}", "--box", "1,1,9,9"], "an image first"),
        (["match", "{image}", "{shape}", "--at", "5,5", "--points", "--encoder", "dinov2"], "dinov2"),
        (["frobnicate.png", "--wrong"], "unrecognized"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(sample, tmp_path, arguments, words):
    names = {"image": sample["image"], "shape": sample["shape"], "folder": tmp_path}
    done = verb(*(a.format(**names) for a in arguments))
    assert done.returncode == 2
    assert done.stdout == "" and words in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_sample_writes_pictures(tmp_path):
    done = verb("sample", "--save", tmp_path / "out")
    assert done.returncode == 0 and str(tmp_path / "out") in done.stdout
    assert {p.suffix for p in (tmp_path / "out").iterdir()} == {".png", ".ply"}
