"""Lenses: exact inverses, and the same numbers as OpenCV's and COLMAP's own code."""

import cv2
import numpy as np
import pycolmap
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.lens import FISHEYE, OPENCV, Lens, opencv_lens
from core.geometry.undistorted import Undistorted

QUICK = settings(max_examples=40, deadline=None)
K = np.array([[572.4, 0, 325.3], [0, 573.6, 242.0], [0, 0, 1]])
SIZE = (640, 480)
EVERY = {
    "opencv strong": Lens(OPENCV, (-0.3, 0.0, 0.0, 0.0)),
    "opencv": Lens(OPENCV, (-0.28, 0.1, 0.002, -0.001, -0.02)),
    "rational": Lens(OPENCV, (-0.3, 0.1, 0.001, -0.002, 0.01, 0.1, 0.02, 0.003)),
    "thin prism": Lens(OPENCV, (-0.2, 0.1, 0.001, -0.002, 0.01, 0, 0, 0, 0.003, 0.001, 0.002, 0.001)),
    "pincushion": Lens(OPENCV, (0.25, 0.05, 0.0, 0.0)),
    "fisheye": Lens(FISHEYE, (0.03, 0.01, -0.004, 0.001)),
    "SIMPLE_RADIAL": Lens("SIMPLE_RADIAL", (-0.2,)),
    "RADIAL_FISHEYE": Lens("RADIAL_FISHEYE", (0.02, 0.01)),
    "FOV": Lens("FOV", (0.9,)),
    "DIVISION": Lens("DIVISION", (-0.2,)),
    "EUCM": Lens("EUCM", (0.6, 1.1)),
    "THIN_PRISM_FISHEYE": Lens("THIN_PRISM_FISHEYE", (0.02, 0.01, 0.001, 0.001, 0, 0, 0.001, 0.001)),
}


@pytest.mark.parametrize("name", EVERY)
def test_every_model_is_inverted_exactly(name):
    lens, seen = EVERY[name], np.random.default_rng(0).uniform([-0.56, -0.42], [0.56, 0.42], (500, 2))
    bent = lens.distort(seen)
    assert np.abs(bent - seen).max() > 1e-3
    np.testing.assert_allclose(lens.undistort(bent), seen, atol=1e-9)
    pixels = seen * [572.4, 573.6] + K[:2, 2]
    np.testing.assert_allclose(lens.undistort_pixels(lens.distort_pixels(pixels, K), K), pixels, atol=1e-6)


@QUICK
@given(st.floats(-0.35, 0.3), st.floats(-0.05, 0.15), st.floats(-0.005, 0.005), st.floats(-0.005, 0.005), st.data())
def test_opencv_is_inverted_wherever_it_does_not_fold(k1, k2, p1, p2, data):
    lens = Lens(OPENCV, (k1, k2, p1, p2))
    r = data.draw(st.floats(0.01, 0.55))
    angle = data.draw(st.floats(0, 6.3))
    place = np.array([r * np.cos(angle), r * np.sin(angle)])
    np.testing.assert_allclose(lens.undistort(lens.distort(place)), place, atol=1e-8)


@QUICK
@given(st.floats(-0.05, 0.05), st.floats(-0.01, 0.01), st.floats(0.01, 1.35), st.floats(0, 6.3))
def test_a_fisheye_is_inverted_far_out(k1, k2, theta, angle):
    place = np.tan(theta) * np.array([np.cos(angle), np.sin(angle)])
    lens = Lens(FISHEYE, (k1, k2, 0.0, 0.0))
    np.testing.assert_allclose(lens.undistort(lens.distort(place)), place, rtol=1e-6, atol=1e-9)


def test_what_no_ray_reaches_has_no_inverse():
    lens = Lens(OPENCV, (-0.3, 0.0, 0.0, 0.0))  # folds at 1 / sqrt(0.9) = 1.054, where it puts 0.703
    assert np.isfinite(lens.undistort(np.array([0.70, 0.0]))).all()
    assert np.isnan(lens.undistort(np.array([[0.72, 0.0], [np.nan, 0.0]]))).all()
    assert np.isnan(Lens(FISHEYE, (0.0, 0.0, 0.0, 0.0)).undistort(np.array([1.6, 0.0]))).all()


def test_opencv_and_colmap_say_the_same():
    seen = np.random.default_rng(1).uniform([-0.56, -0.42], [0.56, 0.42], (200, 2))
    rays = np.concatenate([seen, np.ones((200, 1))], axis=1)
    for name, model, params in (
        ("opencv", "FULL_OPENCV", (-0.28, 0.1, 0.002, -0.001, -0.02, 0, 0, 0)),
        ("rational", "FULL_OPENCV", EVERY["rational"].coefficients),
        ("opencv strong", "OPENCV", (-0.3, 0, 0, 0)),
        ("fisheye", "OPENCV_FISHEYE", EVERY["fisheye"].coefficients),
    ):
        camera = pycolmap.Camera.create_from_model_name(1, model, 572.4, *SIZE)
        camera.params = [572.4, 573.6, 325.3, 242.0, *params]
        np.testing.assert_allclose(
            EVERY[name].distort_pixels(rays[:, :2] * [572.4, 573.6] + K[:2, 2], K), camera.img_from_cam(rays), atol=1e-8
        )
        bent = camera.img_from_cam(rays)
        np.testing.assert_allclose(EVERY[name].undistort((bent - K[:2, 2]) / [572.4, 573.6]), seen, atol=1e-8)
        np.testing.assert_allclose(camera.cam_from_img(bent), seen, atol=1e-6)


def test_pictures_are_undistorted_as_opencv_does():
    image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8), (0, 0), 3)
    lens = EVERY["opencv"]
    theirs = cv2.undistort(image, K, np.array(lens.coefficients)).astype(int)
    assert np.abs(lens.undistort_image(image, K).astype(int) - theirs).max() <= 2
    fisheye = EVERY["fisheye"]
    theirs = cv2.fisheye.undistortImage(image, K, np.array(fisheye.coefficients), Knew=K).astype(int)
    assert np.abs(fisheye.undistort_image(image, K).astype(int) - theirs).max() <= 2
    mask = lens.undistort_image(image[..., 0] > 128, K)
    assert mask.dtype == bool and 0.2 < mask.mean() < 0.8


def test_a_lens_that_folds_back_shows_nothing_twice():
    """A wide picture of a strong lens: beyond its fold the polynomial comes back into the photo."""
    wide = np.array([[150.0, 0, 320], [0, 150, 240], [0, 0, 1]])
    seen = Lens(OPENCV, (-0.3, 0.0, 0.0, 0.0)).undistort_image(np.full((480, 640), 255, np.uint8), wide)
    assert (
        seen[240, 320] == 255 and seen[240, 320 + 155] == 255 and not seen[:, :150].any() and not seen[240, 490:].any()
    )


@pytest.mark.parametrize("name", ["opencv", "pincushion", "fisheye", "FOV"])
def test_the_undistorted_picture_has_all_of_the_photo(name):
    flat = Undistorted.of(PhotoCamera(K, SIZE, EVERY[name]), SIZE)
    rng = np.random.default_rng(2)
    pixels = rng.uniform(0, [639, 479], (300, 2))
    there = flat.undistort(pixels)
    assert ((there > -0.6) & (there < np.array(flat.size) - 0.4)).all()
    np.testing.assert_allclose(flat.distort(there), pixels, atol=1e-6)
    mask = np.zeros(SIZE[::-1], bool)
    mask[100:200, 50:150] = True
    x0, y0, x1, y1 = flat.box((49.5, 99.5, 149.5, 199.5))
    rows, columns = np.nonzero(flat.picture(mask))
    assert abs(columns.min() - 0.5 - x0) < 2 and abs(columns.max() + 0.5 - x1) < 2
    assert abs(rows.min() - 0.5 - y0) < 2 and abs(rows.max() + 0.5 - y1) < 2
    grid = EVERY[name].undistort_grid(np.arange(640.0), np.arange(480.0), K)
    exact = EVERY[name].undistort_pixels(np.array([[13.0, 7.0], [601.0, 455.0]]), K)
    np.testing.assert_allclose([grid[7, 13], grid[455, 601]], exact, atol=0.05)


def test_without_a_lens_nothing_changes():
    flat = Undistorted.of(PhotoCamera(K, SIZE), SIZE)
    image = np.zeros((480, 640, 3), np.uint8)
    assert (
        flat.picture(image) is image
        and flat.size == SIZE
        and (flat.K == K).all()
        and flat.box((1, 2, 3, 4)) == (1, 2, 3, 4)
    )


def test_points_that_the_lens_does_not_show_have_no_pixel():
    camera = PhotoCamera(K, SIZE, EVERY["opencv strong"])
    pixels, depth = camera.project(np.array([[0.1, 0.1, 1.0], [3.0, 0.0, 1.0], [0.0, 0.0, -1.0]]))
    assert np.isfinite(pixels[0]).all() and np.isnan(pixels[1:]).all() and depth.tolist() == [1, 1, -1]


def test_what_is_no_lens_is_refused():
    assert opencv_lens([0, 0, 0, 0]) is None and opencv_lens([0.1]) == Lens(OPENCV, (0.1, 0.0, 0.0, 0.0))
    for model, values in (
        (OPENCV, (1.0,)),
        (FISHEYE, (0.1, 0, 0, 0, 0)),
        ("NOSUCH", ()),
        (OPENCV, (np.nan, 0, 0, 0)),
        ("EQUIRECTANGULAR", ()),
    ):
        with pytest.raises(CounterpointError):
            Lens(model, values)
    with pytest.raises(CounterpointError, match="14"):
        opencv_lens([0.1] * 15)
