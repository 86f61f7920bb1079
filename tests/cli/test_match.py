"""The verb match."""

import json

import numpy as np
import pytest
import trimesh

from tests.verb import verb


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
    assert set(report) == {"encoder", "matches", "saved", "warnings"} and report["warnings"] == []
    place, numbers = (
        {"point", "face", "barycentric"},
        {"score", "margin", "cycle_error", "rivals", "verdict", "probability", "reasons"},
    )
    assert set(first) == {"target", "query", "through"} | place | numbers and first["through"] == "poses"
    shape = trimesh.load_mesh(sample["shape"])
    corners = shape.vertices[shape.faces[first["face"]]]
    np.testing.assert_allclose(np.array(first["barycentric"]) @ corners, first["point"], atol=1e-4)
    assert first["point"][0] > 0.8  # the trunk
    heat = trimesh.load(tmp_path / "heat-1.ply", process=False)
    assert len(heat.faces) > 10_000
    assert "similarity" in heat.metadata["_ply_raw"]["vertex"]["properties"]


def test_quick_leaves_out_the_search_for_poses(sample):
    """The same click both ways: through poses the true pose shows the point that is found near the pixel."""
    K, R, t = (np.array(sample["pose"][name]) for name in ("K", "R", "t"))
    u, v = sample["at"]
    match = ("match", sample["image"], sample["shape"], "--at", f"{u},{v}", "--samples", 5000, "--json")
    through, error = {}, {}
    for name, more in (("poses", ()), ("views", ("--quick",))):
        done = verb(*match, "--box", ",".join(map(str, sample["box"])), *more)
        assert done.returncode == 0, done.stderr
        (found,) = json.loads(done.stdout)["matches"]
        through[name] = found["through"]
        x, y, z = K @ (R @ np.array(found["point"]) + t)
        error[name] = np.hypot(x / z - u, y / z - v)
    assert through == {"poses": "poses", "views": "views"} and error["poses"] < min(35, error["views"] + 5)


def test_without_a_box_the_object_is_looked_for_and_that_is_said(sample, tmp_path):
    u, v = sample["at"]
    match = ("match", sample["image"], sample["shape"], "--at", f"{u},{v}", "--samples", 5000, "--json")
    report = json.loads(verb(*match).stdout)
    (found,) = report["matches"]
    assert found["through"] == "poses" and found["verdict"] != "good" and "looked for" in found["reasons"][0]
    assert any("has no box and no mask: the object was looked for" in sentence for sentence in report["warnings"])
    quick = json.loads(verb(*match, "--quick").stdout)
    assert quick["matches"][0]["through"] == "views" and quick["warnings"] == []


def test_a_point_for_a_pixel_is_refused_before_the_object_is_looked_for(sample):
    """The search for the object had failed on its third number."""
    done = verb("match", sample["image"], sample["shape"], "--at", "120,80,3", "--samples", 5000)
    assert done.returncode == 2 and "two numbers" in done.stderr and "Traceback" not in done.stderr


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


@pytest.mark.parametrize("kind", ["image", "shape"])
def test_match_two_of_a_kind(sample, kind):
    at = "977,652" if kind == "image" else "1.1,0.3,0.0"
    done = verb("match", sample[kind], sample[kind + "2"], "--at", at, "--json", "--samples", 3000)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["matches"][0]
    assert ("pixel" if kind == "image" else "point") in found
