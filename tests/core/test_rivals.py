"""How hypotheses differ from the best one, in words and in pictures."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.alignment.overlay import overlay, thumbnail, widened
from core.alignment.rivals import half_turns, mirror_images, relation
from core.geometry.pose import Pose
from core.geometry.raycasting import Raycaster
from core.geometry.shape import load_shape
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
    image, shape, K = load_image(sample["image"]), load_shape(sample["shape"]), np.array(sample["pose"]["K"])
    box = widened(tuple(sample["box"]), (1280, 960))
    caster = Raycaster(shape)
    small = thumbnail(image, shape, caster, true, K, box, 144)
    assert max(small.shape[:2]) == 144
    x0, y0, x1, y1 = (round(v) for v in box)
    large = overlay(image, shape, caster, true, K, opacity=0.8)[y0:y1, x0:x1].astype(float)
    step = (np.arange(144) * large.shape[1] / 144).astype(int)[: small.shape[1]]
    rows = (np.arange(small.shape[0]) * large.shape[0] / small.shape[0]).astype(int)
    assert np.median(np.abs(large[rows][:, step] - small)) < 8
    outside = widened((-40.0, 900.0, 30.0, 990.0), (1280, 960))
    assert thumbnail(image, shape, caster, true, K, outside, 40).shape[2] == 3
