"""A shape far from the origin (maps, millimetres) gives the same as beside it, to a millionth of its size."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plyfile import PlyData

from core.alignment.correspondences import Correspondences2D3D, poses_from_correspondences
from core.alignment.scorer import upright_prior
from core.geometry.display import display_mesh
from core.geometry.handles import arcball, moved_along, scaled, turned
from core.geometry.pose import Pose, frustum, intrinsics, project
from core.geometry.raycasting import Raycaster, surface_position
from core.geometry.sampling import sample_surface
from core.geometry.shape import Shape, load_shape, make_shape
from core.interchange.heatmaps import save_heatmap_ply
from core.interchange.labels import Labels
from core.interchange.shape_labels import load_shape_labels, load_split, save_shape_labels, save_split
from core.numbers import coordinate
from tests.conftest import ball

EXACT = 1e-6
VERTICES, FACES = ball(5)
VERTICES = VERTICES * [1.0, 0.6, 0.4]
NEAR = make_shape(VERTICES, FACES)
FAR = st.tuples(*[st.floats(-1e7, 1e7)] * 3).map(np.array)
SOME = settings(max_examples=8, deadline=None)
POSE = Pose(np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0] * [1, 1, 1], np.array([0.1, -0.2, 5.0]))
if np.linalg.det(POSE.R) < 0:
    POSE = Pose(-POSE.R, POSE.t)
K = intrinsics((640, 480))


def there(offset: np.ndarray) -> tuple[Shape, np.ndarray]:
    """The shape at ``offset``, as far as its own numbers tell, and where it really is."""
    shape = make_shape(VERTICES + offset, FACES)
    return shape, shape.center - NEAR.center


def off(points: np.ndarray, others: np.ndarray) -> float:
    """The largest distance, in sizes of the shape."""
    return float(np.abs(np.asarray(points, np.float64) - others).max()) / NEAR.diagonal


@SOME
@given(offset=FAR)
def test_what_is_computed_and_drawn(offset: np.ndarray) -> None:
    shape, real = there(offset)
    assert off(display_mesh(shape).points - real, display_mesh(NEAR).points) < EXACT
    assert display_mesh(shape).closed == display_mesh(NEAR).closed
    a, b = (sample_surface(one, 500) for one in (shape, NEAR))
    assert off(shape.to_own_frame(a.position) - real, NEAR.to_own_frame(b.position)) < EXACT
    places = NEAR.vertices[::7] * 1.02
    found = []
    for one, moved in ((shape, real), (NEAR, np.zeros(3))):
        hits = Raycaster(one).closest(one.to_normalised(places + moved))
        found.append(one.to_own_frame(surface_position(one, hits.face, hits.bary)) - moved)
    assert off(*found) < EXACT


@SOME
@given(offset=FAR)
def test_what_is_written(offset: np.ndarray) -> None:
    shape, real = there(offset)
    labels = Labels(["a", "b"], ["#ff0000", "#00ff00"], np.arange(len(FACES)) % 3 == np.array([[0], [1]]))
    mesh = display_mesh(shape)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_heatmap_ply(folder / "heat.ply", mesh.points, mesh.faces, np.zeros(len(mesh.points), np.float32))
        vertex = PlyData.read(folder / "heat.ply")["vertex"]
        assert off(np.stack([vertex[a] for a in "xyz"], 1) - real, display_mesh(NEAR).points) < EXACT
        for suffix in (".ply", ".glb"):
            save_shape_labels(folder / f"l{suffix}", shape, labels)
            again = load_shape(folder / f"l{suffix}")
            assert off(again.vertices[again.faces] - real, VERTICES[FACES]) < EXACT
            assert np.array_equal(load_shape_labels(folder / f"l{suffix}", len(FACES)).masks, labels.masks)
        files = save_split(folder / "parts", shape, labels)
        part = load_shape(files[0])
        assert off(part.vertices[part.faces] - real, VERTICES[FACES[labels.masks[0]]]) < EXACT
        assert np.array_equal(load_split(files).masks, labels.masks)


def at(offset: np.ndarray, pose: Pose = POSE) -> Pose:
    """What the pose of the near shape is for the far one."""
    return Pose(pose.R, pose.t - pose.R @ (pose.s * offset), pose.s)


@SOME
@given(offset=FAR)
def test_poses_and_handles(offset: np.ndarray) -> None:
    shape, real = there(offset)
    far, middle, near = at(real), shape.center, NEAR.center
    pixels = project(POSE, K, VERTICES)[0]
    assert np.abs(project(far, K, VERTICES + real)[0] - pixels).max() < 1e-3
    assert off(frustum(far, K, (640, 480), middle) - real, frustum(POSE, K, (640, 480), near)) < EXACT
    assert upright_prior(far, np.array([0, 1.0, 0]), middle) == upright_prior(POSE, np.array([0, 1.0, 0]), near)
    start, end = np.array([300.0, 200.0]), np.array([340.0, 260.0])
    for change in (
        lambda pose, center: arcball(pose, K, center, 150, start, end),
        lambda pose, center: moved_along(pose, K, center, 1, start, end),
        lambda pose, center: scaled(pose, center, np.array([1.2, 1, 0.9])),
        lambda pose, center: turned(pose, center, np.array([[0, -1.0, 0], [1, 0, 0], [0, 0, 1]])),
    ):
        assert off(change(far, middle)(VERTICES + real), change(POSE, near)(VERTICES)) < EXACT


@SOME
@given(offset=FAR)
@pytest.mark.parametrize("count", [3, 8])
def test_poses_from_correspondences(count: int, offset: np.ndarray) -> None:
    _, real = there(offset)
    chosen = np.linspace(0, len(VERTICES) - 1, count).astype(int)[[*range(count)]]
    points = VERTICES[chosen] + np.random.default_rng(3).normal(0, 0.1, (count, 3))
    pixels = project(POSE, K, points)[0]
    found = poses_from_correspondences(Correspondences2D3D(pixels, points + real), K, (640, 480))
    assert min(off(pose(VERTICES + real), POSE(VERTICES)) for pose in found) < 1e-4


def test_coordinates_as_text() -> None:
    values = (4649776.25, -450123.412, 0.0, 1.23456789, 0.000123456, 1e12)
    assert [coordinate(v) for v in values] == [
        "4649776.25",
        "-450123.412",
        "0",
        "1.23457",
        "0.000123456",
        "1000000000000",
    ]
    assert coordinate(1.23456, 4) == "1.235" and coordinate(float("nan")) == "nan"
