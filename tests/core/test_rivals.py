"""How hypotheses differ from the best one, in words and in pictures."""

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from core.alignment.overlay import overlay, thumbnail, widened
from core.alignment.rivals import half_turns, mirror_images, relation
from core.alignment.unseen import unseen_turn
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose, camera_matrix
from core.geometry.raycasting import Raycaster
from core.geometry.shape import load_shape, make_shape
from core.geometry.symmetry import symmetries
from core.images import load_image
from core.matching.matchable import MatchableShape

AXES = np.eye(3)


@pytest.fixture(scope="module")
def true(sample):
    return Pose(np.array(sample["pose"]["R"]), np.array(sample["pose"]["t"]))


def test_poses_are_told_by_how_they_differ(toy_side: MatchableShape, true):
    def told(R, symmetries=AXES[None]):
        return relation(Pose(R, true.t), true, toy_side.shape, symmetries).kind

    half, near = half_turns(true)[1], Rotation.from_euler("y", 10, degrees=True).as_matrix()
    assert told(near @ true.R) == "same"
    assert told(half) == "half turn"
    assert told(half, np.stack([AXES, np.diag([-1.0, 1, -1])])) == "symmetric"
    assert told(mirror_images(true, toy_side.shape)[0]) == "mirror"
    away = relation(
        Pose(true.R @ Rotation.from_euler("y", 70, degrees=True).as_matrix(), true.t), true, toy_side.shape, AXES[None]
    )
    assert away.kind == "turned" and away.degrees == pytest.approx(70)


def test_a_thumbnail_is_the_boxs_part_of_the_overlay(sample, true):
    image, camera = load_image(sample["image"]), PhotoCamera(np.array(sample["pose"]["K"]))
    box = widened(tuple(sample["box"]), (1280, 960))
    caster = Raycaster(load_shape(sample["shape"]))
    small = thumbnail(image, caster, true, camera, box, 144)
    assert max(small.shape[:2]) == 144
    x0, y0, x1, y1 = (round(v) for v in box)
    large = overlay(image, caster, true, camera, opacity=0.8)[y0:y1, x0:x1].astype(float)
    step = (np.arange(144) * large.shape[1] / 144).astype(int)[: small.shape[1]]
    rows = (np.arange(small.shape[0]) * large.shape[0] / small.shape[0]).astype(int)
    assert np.median(np.abs(large[rows][:, step] - small)) < 8
    outside = widened((-40.0, 900.0, 30.0, 990.0), (1280, 960))
    assert thumbnail(image, caster, true, camera, outside, 40).shape[2] == 3


def test_turns_that_a_photo_cannot_tell(toy_side, true, sample):
    """A cup whose handle is behind it, and half of a ball that lies askew in its file."""
    K = camera_matrix(600, 600, 320, 240)
    handle = trimesh.creation.box((0.3, 0.1, 0.6), transform=trimesh.transformations.translation_matrix([0.6, 0, 0]))
    cup = trimesh.util.concatenate([trimesh.creation.cylinder(0.5, 1, sections=64), handle])
    ball = trimesh.creation.icosphere(4)
    half = trimesh.Trimesh(ball.vertices, ball.faces[ball.triangles_center[:, 2] > 0])
    half.remove_unreferenced_vertices()
    half.apply_transform(trimesh.transformations.rotation_matrix(0.7, [1, 0.4, 0.3]))
    for mesh, angles, turn in ((cup, (90, -90, 0), 30), (cup, (90, 0, 90), None), (half, (30, 40, 10), 30)):
        caster = Raycaster(make_shape(mesh.vertices, mesh.faces))
        R = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
        pose = Pose(R, np.array([0, 0, 4 * caster.shape.diagonal]) - R @ caster.shape.center)
        found = unseen_turn(pose, K, caster, symmetries(caster.shape))
        assert (found is None) == (turn is None), (angles, found)
    assert unseen_turn(true, np.array(sample["pose"]["K"]), toy_side.caster, toy_side.symmetries) is None
