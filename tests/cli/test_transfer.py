"""The verb transfer."""

import json
import os

import numpy as np
import trimesh

from core.geometry.shape import load_shape
from core.images import load_image, save_image
from core.interchange.shape_labels import load_shape_labels
from core.parts.carry import judged_as_kept
from core.parts.marking import outline_mask
from core.parts.transfer import FoundPart
from tests.verb import verb


def test_transfer_a_part_to_a_shape_and_an_image(sample, tmp_path):
    box, other = (",".join(map(str, sample[name])) for name in ("box", "box2"))
    done = verb(
        "transfer", sample["image"], sample["shape"], sample["image2"], "--outline", "925,600,1072,600,1078,740,955,740",
        "--box", box, "--target-box", other, "--out", tmp_path / "trunk", "--samples", 5000, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    on_shape, in_image = json.loads(done.stdout)["parts"]
    keys = {"target", "saved", "name", "share", "uncertain", "overlap", "verdict", "probability", "reasons"}
    assert set(on_shape) == set(in_image) == keys and 0 <= on_shape["probability"] <= 1 and on_shape["overlap"] > 0.3
    mesh = trimesh.load(tmp_path / "trunk-1.ply", process=False)
    label = np.asarray(mesh.metadata["_ply_raw"]["face"]["data"]["label"]).ravel()
    assert len(label) == len(trimesh.load_mesh(sample["shape"]).faces)
    trunk, found = mesh.triangles_center[:, 0] > 0.9, label == 1
    assert np.isclose(mesh.area_faces[found].sum() / mesh.area, on_shape["share"], atol=0.02)
    assert mesh.area_faces[found & trunk].sum() > 0.5 * mesh.area_faces[trunk].sum()
    assert mesh.area_faces[found & (mesh.triangles_center[:, 0] < 0.6)].sum() < 0.1 * mesh.area_faces[found].sum()
    mask = load_image(tmp_path / "trunk-2.png")
    assert in_image["saved"].endswith("trunk-2.png") and mask.shape == load_image(sample["image2"]).shape and mask.any()
    done = verb(
        "transfer", sample["image"], sample["shape"], "--point", "1000,690", "--point", "700,450,-", "--box", box,
        "--samples", 5000, "--out", tmp_path / "cut.ply",
    )  # fmt: skip
    assert done.returncode == 0 and (tmp_path / "cut.ply").exists(), done.stderr
    save_image(tmp_path / "mask.png", np.full((8, 8, 3), 255, np.uint8))
    done = verb("transfer", sample["image"], sample["shape"], "--mask", tmp_path / "mask.png", "--out", tmp_path / "x")
    *before, refused = done.stderr.splitlines()
    assert done.returncode == 2 and "use the mask of this image" in refused
    assert before == ["counterpoint: warning: mask.png marks the whole image."]


def test_targets_of_one_name_get_files_of_their_own_and_none_that_is_read_is_written_over(sample, tmp_path):
    box = ",".join(map(str, sample["box2"]))
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        save_image(tmp_path / folder / "toy.png", load_image(sample["image2"]))
    photos = [tmp_path / folder / "toy.png" for folder in ("a", "b")]
    marked = ("--outline", "925,600,1072,600,1078,740,955,740", "--box", ",".join(map(str, sample["box"])))
    boxes = ("--target-box", box, "--target-box", box)
    done = verb("transfer", sample["image"], *photos, *marked, *boxes, "--out", f"{tmp_path}/out/", "--json")
    assert done.returncode == 0, done.stderr
    saved = [part["saved"] for part in json.loads(done.stdout)["parts"]]
    assert saved == [f"{tmp_path}/out/{folder}-toy.png" for folder in ("a", "b")] and all(map(os.path.exists, saved))
    before = photos[0].read_bytes()
    for out in (f"{tmp_path}/a/", tmp_path / "a"):
        done = verb("transfer", sample["image"], photos[0], *marked, "--out", out)
        assert done.returncode == 2 and "would write over" in done.stderr and photos[0].read_bytes() == before


def test_a_known_pose_and_a_second_picture_have_their_say(sample, tmp_path):
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


def test_a_part_that_the_vote_leaves_nowhere_is_none(sample, tmp_path):
    for name, outline in (
        ("trunk", [(925, 600), (1072, 600), (1078, 740), (955, 740)]),
        ("floor", [(60, 700), (300, 700), (300, 900), (60, 900)]),
    ):
        mask = outline_mask(outline, (1280, 960))
        save_image(tmp_path / f"{name}.png", np.repeat(mask[..., None] * np.uint8(255), 3, axis=2))
    done = verb(
        "transfer", sample["image"], sample["shape"], "--mask", tmp_path / "trunk.png", "--box", ",".join(map(str, sample["box"])),
        "--samples", 5000, "--quick", "--also", sample["image"], tmp_path / "floor.png", "--out", tmp_path / "part.ply", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (part,) = json.loads(done.stdout)["parts"]
    assert part["share"] < 0.01 and part["verdict"] == "none" and part["probability"] < 0.25 and part["reasons"]


def test_a_part_of_which_nothing_is_kept_is_none():
    found = FoundPart(np.ones(3, np.float32), 0, 1.0, 0.9, "good", 0.9)
    assert judged_as_kept(found, np.array([False, True, False])) is found
    nothing = judged_as_kept(found, np.zeros(3, bool))
    assert (nothing.verdict, nothing.probability, nothing.reasons) == ("none", 0.0, ("nothing",))


def test_nearly_everything_found_in_noise_is_not_good(sample, tmp_path):
    save_image(tmp_path / "noise.png", np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8))
    outline = (
        "540,480,600,375,690,345,870,340,980,340,985,450,1080,700,1000,730,930,580,850,690,690,735,690,620,545,665"
    )
    for part in (outline, "0,0,1279,0,1279,959,20,959,20,900,0,900"):
        done = verb(
            "transfer", sample["image"], tmp_path / "noise.png", "--outline", part, "--box", ",".join(map(str, sample["box"])),
            "--out", tmp_path / "part.png", "--json",
        )  # fmt: skip
        if "covers all" not in done.stderr:
            (found,) = json.loads(done.stdout)["parts"]
            assert found["verdict"] != "good", found
