"""Photos whose lens bends: the pose is that of the straight photo, and pixels in and out are those of the bent one."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from app.cli.main import main
from core.alignment.align import align_from
from core.alignment.correspondences import Correspondences2D3D
from core.alignment.fine import FineSettings
from core.alignment.guided import guided
from core.alignment.overlay import overlay, shaded
from core.alignment.photo import posed_photo, undistorted_correspondences
from core.alignment.scorer import Hypothesis, PoseScorer
from core.congealing.photos import LONGEST, as_in_photo, open_photo
from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.lens import FISHEYE, OPENCV, Lens, remapped
from core.geometry.pose import Pose, intrinsics, project, rotation_error, shape_rays
from core.geometry.raycasting import surface_position
from core.geometry.render import render_posed
from core.images import save_image
from core.interchange.poses import View, load_entry, save_view
from core.matching.match import match
from core.matching.prepare import matchable_image
from core.parts.evidence import project_mask

LENSES = {"opencv": Lens(OPENCV, (-0.3, 0.02, 0.002, -0.001)), "fisheye": Lens(FISHEYE, (0.05, 0.01, 0.0, 0.0))}


SIDE = 640


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.fixture(scope="module", params=LENSES)
def bent(request, sample, toy_side):
    """The toy far from the middle of a wide picture: (as the lens takes it, its camera, the true mask in it, the true
    pose).
    """
    lens, K, R = LENSES[request.param], intrinsics((SIDE, SIDE), 70), np.array(sample["pose"]["R"])
    pose = Pose(R, np.array([1.6, 1.0, 4.4]) - R @ toy_side.shape.center)
    drawn = render_posed(toy_side.caster, pose, K, SIDE)
    where = lens.undistort_grid(np.arange(float(SIDE)), np.arange(float(SIDE)), K).astype(np.float32)
    return remapped(drawn.rgb, where), PhotoCamera(K, (SIDE, SIDE), lens), remapped(drawn.hits.mask, where), pose


def pins_of(camera, pose, side, count=8):
    points = side.shape.to_own_frame(side.field.points.position[:: len(side.field) // count])
    pixels = camera.project(pose(points))[0]
    return Correspondences2D3D(pixels, points)


def test_pins_and_descent_give_the_pose_of_the_straight_photo(bent, toy_side, encoder):
    image, camera, mask, true = bent
    rows, columns = np.nonzero(mask)
    box = (columns.min() - 0.5, rows.min() - 0.5, columns.max() + 0.5, rows.max() + 0.5)
    photo, flat = posed_photo(image, camera, mask, box, encoder)
    given = pins_of(camera, true, toy_side)
    pins = undistorted_correspondences(given, flat)
    np.testing.assert_allclose(pins.pixels, project(true, flat.K, pins.points)[0], atol=1e-6)
    scorer = PoseScorer(photo, toy_side, encoder, "y")
    found = align_from(scorer, FineSettings(steps=20), None, None, pins).best
    assert rotation_error(found.pose.R, true.R) < 1.5 and np.linalg.norm(found.pose.t - true.t) < 0.02 * true.t[2]
    assert found.overlap > 0.85
    assert photo.pixels.shape[:2] == flat.size[::-1]
    with pytest.raises(CounterpointError, match="cannot show"):
        undistorted_correspondences(Correspondences2D3D(np.array([[-1e4, -1e4]]), np.zeros((1, 3))), flat)


def test_the_overlay_lies_on_the_bent_photo(bent, toy_side):
    image, camera, mask, true = bent

    def drawn(camera):
        return (overlay(image, toy_side.caster, true, camera, style="coordinates") != image).any(axis=2)

    assert iou(drawn(camera), mask) > 0.97 > iou(drawn(replace(camera, lens=None)), mask) + 0.02
    rgba, box = shaded(toy_side.caster, true, camera)
    rows, columns = np.nonzero(mask)
    assert box[0] <= columns.min() and box[1] <= rows.min() and box[2] >= columns.max() and box[3] >= rows.max()
    there = np.nonzero(rgba[..., 3].any(axis=0))[0] / (rgba.shape[1] - 1) * (box[2] - box[0] - 1) + box[0] + 0.5
    assert abs(there.min() - columns.min()) < 2 and abs(there.max() - columns.max()) < 2


def test_clicks_and_masks_go_by_the_bent_photo(bent, toy_side, encoder):
    image, camera, mask, true = bent
    side = matchable_image(image, encoder)
    prior = guided(side, toy_side, camera, [Hypothesis(true, 1.0, 1.0)])
    eye = toy_side.shape.to_normalised(true.inverse(np.zeros(3)))
    points = toy_side.field.points
    seen = np.flatnonzero(toy_side.caster.visible(points.position, points.normal, eye))[::40]
    pixels = camera.project(true(toy_side.shape.to_own_frame(points.position[seen])))[0]
    off = [
        np.linalg.norm(points.position[match(side, toy_side, tuple(pixel), prior).candidate] - points.position[index])
        for index, pixel in zip(seen[::8], pixels[::8], strict=True)
    ]
    assert np.median(off) < 0.05
    nothing = np.zeros(len(toy_side.field), np.float32)
    straight = project_mask(toy_side, mask, true, PhotoCamera(camera.K), nothing)
    assert project_mask(toy_side, mask, true, camera, nothing)[seen].mean() > 0.94 > straight[seen].mean() + 0.05


def test_a_collection_gives_maps_of_the_photos_own_pixels(bent, toy_side, encoder, tmp_path):
    image, camera, mask, true = bent
    save_image(tmp_path / "a.png", image)
    photo, shrunk, known = open_photo(tmp_path / "a.png", encoder, None, mask, camera)
    assert known and photo.camera == replace(camera) and max(photo.pixels.shape) <= LONGEST
    hits = toy_side.caster.cast(*_rays(true, photo.K, toy_side.shape, photo.mask.shape))
    coordinates = np.full((*photo.mask.shape, 3), np.nan, np.float32)
    coordinates[hits.mask] = surface_position(toy_side.shape, hits.face[hits.mask], hits.bary[hits.mask])
    moved = as_in_photo(coordinates, photo.camera)
    assert moved.shape[:2] == tuple(round(side * shrunk) for side in mask.shape)
    whole = (
        cv2.resize(np.isfinite(moved[..., 0]).astype(np.uint8), mask.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    )
    assert iou(whole, mask) > 0.95
    rows, columns = np.nonzero(np.isfinite(moved[..., 0]))
    some = slice(None, None, len(rows) // 50)
    pixels, _ = camera.project(true(toy_side.shape.to_own_frame(moved[rows[some], columns[some]].astype(float))))
    expected = (np.stack([columns[some], rows[some]], -1) + 0.5) / shrunk - 0.5
    assert np.abs(pixels - expected).max() < 3


def _rays(pose, K, shape, image_shape):
    grid = np.stack(np.meshgrid(np.arange(image_shape[1]), np.arange(image_shape[0])), axis=-1).astype(float)
    return shape_rays(pose, K, shape, grid)


def test_the_command_line_takes_a_bent_photo(bent, toy_side, sample, tmp_path, capsys):
    image, camera, mask, true = bent
    save_image(tmp_path / "photo.png", image)
    save_image(tmp_path / "mask.png", np.repeat(mask[..., None], 3, axis=2).astype(np.uint8) * 255)
    save_view(tmp_path / "camera.json", View("photo.png", camera.size, camera.K, true, camera.lens))
    pins = pins_of(camera, true, toy_side)
    content = [{"pixel": u.tolist(), "point": p.tolist()} for u, p in zip(pins.pixels, pins.points, strict=True)]
    (tmp_path / "pins.json").write_text(json.dumps(content))
    call = ["align", str(tmp_path / "photo.png"), str(sample["shape"]), "--mask", str(tmp_path / "mask.png"), "--json"]
    call += [
        "--K",
        str(tmp_path / "camera.json"),
        "--pins",
        str(tmp_path / "pins.json"),
        "--out",
        str(tmp_path / "out.json"),
    ]
    assert main(call) == 0
    report = json.loads(capsys.readouterr().out)
    assert rotation_error(np.array(report["R"]), true.R) < 2 and report["lens"]["model"] == camera.lens.model
    entry = load_entry(tmp_path / "out.json", "photo.png")
    assert entry.camera.lens == camera.lens and np.allclose(entry.pose.t, report["t"])
    at = pins.pixels[mask[tuple(np.rint(pins.pixels[:, ::-1]).astype(int).T)]][0]
    call = ["match", str(tmp_path / "photo.png"), str(sample["shape"]), "--at", f"{at[0]},{at[1]}", "--pose", str(tmp_path / "out.json"), "--json"]  # fmt: skip
    assert main(call) == 0
    assert len(json.loads(capsys.readouterr().out)["matches"]) == 1
