"""Symmetries of shapes, their colours included, and the outline that follows edges."""

import json

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from core.geometry.shape import make_shape
from core.geometry.symmetry import STEP, angle, proper_symmetries, symmetries, turns_alike
from core.parts.outline import edge_agreement, tightness
from core.scenes.models_info import SYMMETRIES, add_proposals, proposed_info, read_models_info


def shape_of(mesh, name, colors=None):
    made = make_shape(np.array(mesh.vertices, float), np.array(mesh.faces), colors=colors, name=name)
    made.digest = name
    return made


def test_what_looks_the_same_after_turning():
    assert len(symmetries(shape_of(trimesh.creation.box((1, 2, 3)), "brick"))) == 8  # half turns, combined
    found = symmetries(shape_of(trimesh.creation.cylinder(0.5, 2.0, sections=64), "can"))
    assert len(found) == 360 // STEP * 4  # all turns about z, and half turns about x and y
    corner = trimesh.util.concatenate(
        [trimesh.creation.box((2, 0.3, 0.3)), trimesh.creation.box((0.3, 1.2, 0.3)).apply_translation((0.8, 0.6, 0))]
    )
    assert len(symmetries(shape_of(corner, "corner"))) == 1


def test_colours_count():
    can = trimesh.creation.cylinder(0.5, 2.0, sections=64).subdivide().subdivide()
    half = np.where(can.vertices[:, :1] > 0, [[250, 20, 20]], [[20, 20, 250]]).astype(np.uint8)
    assert len(symmetries(shape_of(can, "grey can"))) > len(symmetries(shape_of(can, "label", half)))


def test_small_turns_of_what_is_thin_are_no_symmetries():
    rod = shape_of(trimesh.creation.box((0.05, 0.2, 4)), "rod")
    assert {round(angle(np.eye(3), turn, np.eye(3)[None])) for turn in symmetries(rod)} == {0, 180}


def test_angles_over_symmetries():
    turns = symmetries(shape_of(trimesh.creation.box((1, 2, 3)), "brick"))
    turned = Rotation.from_rotvec([0, 0, np.radians(170)]).as_matrix()
    assert angle(np.eye(3), turned, np.eye(3)[None]) == pytest.approx(170)
    assert angle(np.eye(3), turned, turns) == pytest.approx(10)


def test_an_outline_on_the_edge_agrees_and_one_beside_it_does_not():
    rng = np.random.default_rng(0)
    v, u = np.mgrid[:120, :160]
    disc = np.hypot(u - 80, v - 60) < 35
    image = np.clip(np.where(disc[..., None], 170, 70) + rng.normal(0, 8, (120, 160, 3)), 0, 255).astype(np.uint8)
    on, beside = edge_agreement(image, disc), edge_agreement(image, np.roll(disc, 14, axis=1))
    assert on > 0.9 and beside < on - 0.2
    assert np.isnan(edge_agreement(image, np.zeros_like(disc))) and np.isnan(
        edge_agreement(image, ~np.zeros_like(disc))
    )
    assert tightness(disc, (45.5, 25.5, 114.5, 94.5)) == pytest.approx(1, abs=0.02)
    assert tightness(disc, (45.5, 25.5, 184.5, 94.5)) == pytest.approx(0.5, abs=0.02)


def test_round_shapes_are_told_from_those_that_turn_by_steps():
    can = proper_symmetries(shape_of(trimesh.creation.cylinder(0.5, 2.0, sections=64), "can"))
    assert can.axes.tolist() == [[0, 0, 1]]
    assert len(can.turns) == 1 and np.allclose(can.turns[0, :, 2], [0, 0, -1])  # upside down; about which axis is one
    brick = proper_symmetries(shape_of(trimesh.creation.box((1, 2, 3)), "brick"))
    assert len(brick.axes) == 0 and len(brick.turns) == 3
    post = proper_symmetries(shape_of(trimesh.creation.box((1, 1, 3)), "post"))
    assert len(post.axes) == 0 and len(post.turns) == 7
    ball = proper_symmetries(shape_of(trimesh.creation.icosphere(4, 1.0), "ball"))
    assert len(ball.axes) == 3 and len(ball.turns) == 0


def test_what_is_found_is_proposed_as_bop_writes_it_and_a_label_leaves_nothing(tmp_path):
    outline = np.array([[0, -1.5], [0.5, -1.5], [0.5, 0.5], [0.15, 0.9], [0.15, 1.5], [0, 1.5]])
    bottle = trimesh.creation.revolve(outline, sections=64)
    bottle.apply_translation([3.0, -2.0, 1.0])
    plain = proposed_info(shape_of(bottle, "bottle"))
    assert "symmetries_discrete" not in plain
    assert [one["axis"] for one in plain["symmetries_continuous"]] == [[0, 0, 1]]
    assert np.allclose(plain["symmetries_continuous"][0]["offset"][:2], [3, -2], atol=0.01)
    assert plain["size_z"] == pytest.approx(3.0) and plain["min_z"] == pytest.approx(-0.5)
    fine = bottle.subdivide().subdivide()
    front = (fine.vertices[:, :1] > 3) & (np.abs(fine.vertices[:, 2:] - 0.5) < 0.9)
    label = np.where(front, [[250, 20, 20]], [[235, 235, 235]]).astype(np.uint8)
    assert not {*SYMMETRIES} & {*proposed_info(shape_of(fine, "labelled", label))}
    (tmp_path / "models_info.json").write_text(
        '{"1": {"symmetries_discrete": [], "maker": "us"}, "7": {"diameter": 9}}'
    )
    add_proposals(tmp_path, {1: plain, 2: plain, 7: plain})
    told = json.loads((tmp_path / "models_info.json").read_text())
    assert "symmetries_continuous" not in told["1"] and told["1"]["maker"] == "us"
    assert told["2"] == plain and told["7"] == plain | {"diameter": 9}
    turns = read_models_info(tmp_path, {2: None})[2].symmetries
    axis = np.array([3.0, -2.0, 5.0, 1.0])
    assert len(turns) > 100 and np.allclose(turns @ axis, axis, atol=0.01)


def test_shapes_that_turn_about_other_axes_than_their_files_are_found():
    """A cone that lies askew, a prism whose axis is not in the middle of its box."""
    askew = trimesh.transformations.rotation_matrix(0.7, [1, 0.4, 0.3])
    for mesh in (
        trimesh.creation.cone(0.4, 1),
        trimesh.creation.box((1, 2, 3)),
        trimesh.creation.cylinder(0.5, 1, sections=3),
    ):
        assert turns_alike(shape_of(mesh.copy().apply_transform(askew), "askew"))
    leg = trimesh.creation.box((0.3, 0.3, 0.5), transform=trimesh.transformations.translation_matrix([0.45, 0.1, 0.3]))
    assert not turns_alike(shape_of(trimesh.creation.box((1.2, 0.5, 0.2)) + leg, "hook"))
