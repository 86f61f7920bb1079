"""Cameras, rays, sampling and display meshes against what geometry says."""

import numpy as np
import pytest
import trimesh

from core.geometry.camera import Camera, framing_camera, look_at
from core.geometry.display import MAX_FACES, display_mesh
from core.geometry.raycasting import Raycaster, surface_normal, surface_position
from core.geometry.render import render
from core.geometry.sampling import sample_surface, spatial_order
from core.geometry.shape import make_shape
from core.geometry.viewpoints import UP_AXES, ring_directions
from tests.conftest import ball


@pytest.fixture(scope="module")
def sphere():
    return make_shape(*ball(), name="sphere")


def test_projection_and_rays_are_inverse():
    rng = np.random.default_rng(0)
    camera = Camera(
        np.array([[500.0, 0, 310], [0, 480, 250], [0, 0, 1]]),
        look_at([1, 2, 3], [0, 1, 0], 0.3),
        np.array([0.1, 0.2, 5]),
        640,
        480,
    )
    points = rng.uniform(-1, 1, (50, 3))
    pixels, depth = camera.project(points)
    origins, directions = camera.rays(pixels)
    along = np.linalg.norm(points - origins, axis=1, keepdims=True)
    np.testing.assert_allclose(origins + along * directions, points, atol=1e-9)
    assert (depth > 0).all()


@pytest.mark.parametrize("up", UP_AXES)
def test_up_points_up_in_the_image(up):
    axis = np.array(UP_AXES[up], float)
    for direction in ring_directions(up, 5, (0.0, 40.0)):
        R = look_at(direction, axis)
        np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(R) > 0
        camera = framing_camera(np.array([[0.5, 0.5, 0.5], [-0.5, -0.5, -0.5]]), R, 100, 0.6)
        (_, v_low), (_, v_high) = camera.project(np.stack([-0.3 * axis, 0.3 * axis]))[0]
        assert v_high < v_low


def test_a_framed_shape_fills_the_image(sphere):
    camera = framing_camera(sphere.normalised, look_at([1, 0.5, 2], [0, 1, 0]), 200, np.radians(35), 0.9)
    rows, columns = np.nonzero(Raycaster(sphere).view(camera).mask)
    assert 174 <= np.ptp(columns) + 1 <= 182 and 174 <= np.ptp(rows) + 1 <= 182
    assert abs(columns.mean() - 99.5) < 1 and abs(rows.mean() - 99.5) < 1


def test_rays_hit_the_sphere_where_they_should(sphere):
    caster = Raycaster(sphere)
    hits = caster.cast(np.array([[0.0, 0, 2], [0, 0, 2]]), np.array([[0.0, 0, -1], [0, 1, 0]]))
    assert hits.mask.tolist() == [True, False]
    position = surface_position(sphere, hits.face[:1], hits.bary[:1])[0]
    radius = 1 / sphere.diagonal
    np.testing.assert_allclose(position, [0, 0, radius], atol=5e-3)
    np.testing.assert_allclose(surface_normal(sphere, hits.face[:1], hits.bary[:1])[0], [0, 0, 1], atol=0.1)


def test_half_of_a_sphere_is_visible(sphere):
    points = sample_surface(sphere, 4000)
    eye = np.array([0.0, 0, 20])
    visible = Raycaster(sphere).visible(points.position, points.normal, eye)
    np.testing.assert_array_equal(
        visible[np.abs(points.position[:, 2]) > 0.02], (points.position[:, 2] > 0)[np.abs(points.position[:, 2]) > 0.02]
    )


def test_samples_are_uniform_by_area_whatever_the_triangles():
    vertices = np.array([[0, 0, 0], [3, 0, 0], [3, 1, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0]], float)
    faces = np.array([[0, 4, 5], [0, 5, 3], [4, 1, 2], [4, 2, 5]])
    shape = make_shape(vertices, faces)
    points = sample_surface(shape, 3000)
    left = shape.to_own_frame(points.position)[:, 0] < 1
    assert abs(left.mean() - 1 / 3) < 0.02
    np.testing.assert_allclose(points.bary.sum(axis=1), 1, atol=1e-5)


def test_spatial_order_keeps_neighbours_together():
    points = np.random.default_rng(0).random((4096, 3)).astype(np.float32)
    order = spatial_order(points)
    assert sorted(order) == list(range(4096))
    runs = points[order].reshape(-1, 64, 3)
    assert np.ptp(runs, axis=1).mean() < 0.4


def test_closest_point_of_a_cloud_is_one_of_its_points():
    vertices, _ = ball()
    cloud = make_shape(vertices)
    hit = Raycaster(cloud).closest(cloud.normalised[[7]] * 1.05)
    assert np.linalg.norm(cloud.normalised[hit.face[0]] - cloud.normalised[7]) < 0.05
    assert (
        Raycaster(cloud).view(framing_camera(cloud.normalised, look_at([0, 0, 1], [0, 1, 0]), 64, 0.6)).mask.mean()
        > 0.5
    )


def test_render_shows_colours_on_a_plain_background(sphere):
    red = make_shape(*ball(), colors=np.tile(np.array([220, 20, 20], np.uint8), (len(sphere.vertices), 1)))
    camera = framing_camera(red.normalised, look_at([0, 0, 1], [0, 1, 0]), 96, 0.6)
    picture = render(Raycaster(red), camera)
    assert (picture.rgb[0, 0] == 255).all()
    middle = picture.rgb[48, 48].astype(int)
    assert middle[0] > 120 and middle[1] < 60
    plain = render(Raycaster(red), camera, "plain").rgb[48, 48].astype(int)
    assert np.ptp(plain) <= 1


def test_display_mesh_cuts_large_triangles_and_keeps_the_surface():
    cube = make_shape(*_cube())
    shown = display_mesh(cube)
    assert len(shown.faces) > 2000
    a, b, c = (shown.points[shown.faces[:, i]].astype(float) for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    assert area == pytest.approx(6.0, rel=1e-4)
    assert (np.abs(np.abs(shown.normals[np.unique(shown.faces)]).max(axis=1) - 1) < 1e-3).all()  # edges stay sharp


def test_only_closed_meshes_that_face_outward_hide_their_back():
    ball, cube = trimesh.creation.icosphere(2), trimesh.creation.box()
    two = trimesh.util.concatenate([ball, cube.apply_translation([3, 0, 0])])
    inside_out = trimesh.util.concatenate([ball, trimesh.Trimesh(cube.vertices, cube.faces[:, ::-1], process=False)])
    for mesh, closed in ((ball, True), (two, True), (inside_out, False)):
        assert display_mesh(make_shape(mesh.vertices, mesh.faces)).closed == closed
    assert not display_mesh(make_shape(ball.vertices, ball.faces[1:])).closed
    apart = make_shape(ball.vertices[ball.faces.ravel()], np.arange(ball.faces.size).reshape(-1, 3))
    assert display_mesh(apart).closed  # each face with corners of its own, as in STL


def test_display_mesh_merges_what_is_too_fine():
    shape = make_shape(*ball(500))
    assert len(shape.faces) > MAX_FACES
    shown = display_mesh(shape)
    assert 50_000 < len(shown.faces) <= MAX_FACES
    np.testing.assert_allclose(np.linalg.norm(shown.points, axis=1), 1, atol=0.01)
    assert shown.closed and not display_mesh(make_shape(shape.vertices, shape.faces[1:])).closed


def _cube():
    import trimesh

    box = trimesh.creation.box()
    return np.array(box.vertices), np.array(box.faces)
