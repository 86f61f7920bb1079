"""Poses brought onto the photo to the pixel, whatever the mask's rim and the colours are."""

import cv2
import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from core.alignment.fine import FineSettings
from core.alignment.photo import photo_of
from core.alignment.polish import can_polish, polished
from core.alignment.scorer import PoseScorer
from core.encoders.catalogue import load_encoder
from core.geometry.pose import Pose, camera_matrix, rotation_error, shape_rays
from core.geometry.shape import load_shape
from core.matching.prepare import matchable_shape

K = camera_matrix(400.0, 400.0, 160.0, 120.0)
TRUE = Pose(Rotation.from_euler("xyz", [115, 12, 24], degrees=True).as_matrix(), np.array([0.04, -0.02, 1.1]))


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


@pytest.fixture(scope="module")
def shape(encoder, tmp_path_factory):
    """A bent block whose sides have colours of their own and a pattern."""
    parts = [trimesh.creation.box((0.34, 0.18, 0.12)), trimesh.creation.box((0.1, 0.16, 0.24))]
    parts[1].apply_translation([0.12, 0, 0.15])
    mesh = trimesh.util.concatenate([part.subdivide().subdivide().subdivide() for part in parts])
    wave = np.sin(mesh.vertices * [45, 60, 52] + [0, 1, 2])
    mesh.visual.vertex_colors = np.clip([200, 110, 60] + 35 * wave + 25 * mesh.vertex_normals, 0, 255).astype(np.uint8)
    file = tmp_path_factory.mktemp("polish") / "block.ply"
    mesh.export(file)
    return matchable_shape(load_shape(file), encoder)


def picture(shape, others):
    """The shape where it truly is over a grey pattern, in its colours or in the complements of them; and its mask."""
    grid = np.stack(np.meshgrid(np.arange(320.0), np.arange(240.0)), axis=-1)
    hits = shape.caster.cast(*shape_rays(TRUE, K, shape.shape, grid))
    grey = 150 + 25 * np.sin(grid[..., 0] / 31) * np.cos(grid[..., 1] / 23)
    image = np.repeat(grey[..., None], 3, axis=2)
    colors = np.einsum("nk,nkd->nd", hits.bary[hits.mask], shape.shape.colors[shape.shape.faces[hits.face[hits.mask]]])
    image[hits.mask] = 255 - colors if others else colors
    noise = 2 * np.random.default_rng(0).normal(size=image.shape)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.6) + noise, 0, 255).astype(np.uint8), hits.mask


@pytest.mark.parametrize(("others", "degrees", "share"), [(False, 0.3, 0.005), (True, 0.8, 0.004)])
def test_a_pose_ends_on_the_photo_though_the_mask_does_not(shape, encoder, others, degrees, share):
    image, mask = picture(shape, others)
    wide = cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    scorer = PoseScorer(photo_of(image, encoder, K, None, wide, "block.png"), shape, encoder, "z")
    turn = Rotation.from_rotvec(np.radians([3.0, -2.0, 2.5])).as_matrix()
    start = Pose(turn @ TRUE.R, TRUE.t * 0.98)
    (end,) = polished(scorer([start]), scorer)
    assert rotation_error(end.pose.R, TRUE.R) < degrees
    assert np.linalg.norm(end.pose.t - TRUE.t) < share * TRUE.t[2]


def test_only_rigid_free_surfaces_are_polished(shape, encoder):
    image, mask = picture(shape, False)
    scorer = PoseScorer(photo_of(image, encoder, K, None, mask, "block.png"), shape, encoder, "z")
    assert can_polish(scorer, FineSettings())
    assert not can_polish(scorer, FineSettings(dof=7))
    assert not can_polish(scorer, FineSettings(locked=frozenset(["x"])))
