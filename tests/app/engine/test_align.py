"""The engine's jobs about poses, run in this process: cameras with a lens, poses and depth of files, a rig."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.engine.align import (
    carry_poses,
    draw_pose,
    place_pose,
    read_camera,
    read_rig,
    save_pose,
    score_pose,
    solve_pairs,
)
from app.engine.scoring import judge_of
from app.shared.values import AlignTask, Correspondence2D3D, EncoderSettings, PoseInPhoto, item_for
from core.calibration import ASSUMED
from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.lens import OPENCV, Lens
from core.geometry.pose import Pose
from core.interchange.poses import View, nerfstudio
from core.notices import collect_warnings
from core.parts.layers import Mask
from core.progress import silent

LENS = Lens(OPENCV, (-0.2, 0.05, 0.0, 0.0))


@pytest.fixture
def known(sample, tmp_path):
    """(task with a camera's file whose lens bends, the true pose, its camera)."""
    K, pose = np.array(sample["pose"]["K"]), Pose(np.array(sample["pose"]["R"]), np.array(sample["pose"]["t"]))
    camera = PhotoCamera(K, (1280, 960), LENS)
    content = {"fx": K[0, 0], "fy": K[1, 1], "cx": K[0, 2], "cy": K[1, 2], "k1": -0.2, "k2": 0.05}
    (tmp_path / "camera.json").write_text(json.dumps(content))
    x0, y0, x1, y1 = (round(v) for v in sample["box"])
    mask = np.zeros((960, 1280), bool)
    mask[y0:y1, x0:x1] = True
    image, shape = item_for(str(sample["image"])).with_box(tuple(sample["box"])), item_for(str(sample["shape"]))
    task = AlignTask(image, shape, EncoderSettings(), Mask.of(mask), camera=str(tmp_path / "camera.json"))
    return task, pose, camera


def test_a_camera_file_with_a_lens_reaches_every_job(known, toy_side, tmp_path):
    task, true, camera = known
    read_camera(silent, task.camera, task.image)
    points = toy_side.shape.to_own_frame(toy_side.field.points.position[::1500])
    pixels = camera.project(true(points))[0]
    pairs = tuple(Correspondence2D3D(tuple(u), tuple(p)) for u, p in zip(pixels, points, strict=True))
    begun = solve_pairs(silent, task, pairs, None, 6, frozenset())
    assert begun.lens == LENS and pytest.approx(camera.K[[0, 1, 0, 1], [0, 1, 2, 2]]) == begun.K
    found = begun.poses[0].pose()
    assert np.abs(camera.project(found(points))[0] - pixels).mean() < 4
    known_task = AlignTask(task.image, task.shape, task.encoder, task.mask, begun.K, lens=begun.lens)
    assert score_pose(silent, known_task, begun.poses[0]).overlap == pytest.approx(begun.poses[0].overlap, abs=0.02)
    bent, straight = (
        draw_pose(silent, task.image, task.shape, begun.K, begun.poses[0], lens=lens).box for lens in (LENS, None)
    )
    assert np.abs(np.subtract(bent, straight)).max() > 1
    save_pose(silent, str(tmp_path / "out.json"), None, task.image, task.shape, begun.K, begun.poses[0], begun.lens)
    again = place_pose(silent, AlignTask(task.image, task.shape, task.encoder, task.mask), str(tmp_path / "out.json"))
    assert again.lens == LENS and pytest.approx(begun.K) == again.K
    np.testing.assert_allclose(again.poses[0].pose().t, found.t, atol=1e-9)


def test_a_camera_that_nothing_tells_is_known_to_be_assumed(known, sample, tmp_path):
    task, true, _ = known
    Image.open(sample["image"]).save(tmp_path / "plain.png")
    plain = replace(task, camera="", image=item_for(str(tmp_path / "plain.png")).with_box(tuple(sample["box"])))
    told = [replace(plain, camera=task.camera), replace(plain, fov=46.2), replace(plain, image=task.image)]
    other = replace(task, camera="", K=(2500.0, 2500.0, 639.5, 479.5))
    assert judge_of(other, 6, silent).scorer.photo.assumed  # the EXIF data tell 1516 pixels
    said = [judge_of(one, 6, silent).scorer.photo.assumed for one in (plain, *told)]
    assert said == [True, False, False, False]
    pose = PoseInPhoto.of(true, 1.0, 1.0, 1.0)
    again = replace(plain, K=(1500.0, 1500.0, 639.5, 479.5), assumed=True)
    assert ASSUMED in score_pose(silent, again, pose).reasons
    assert ASSUMED not in score_pose(silent, replace(again, assumed=False), pose).reasons


@pytest.mark.parametrize("file_format", ["json", "matrix", "bop", "scan2cad", "colmap", "nerfstudio"])
def test_what_the_window_saves_it_opens(known, file_format, tmp_path):
    task, true, camera = known
    K = tuple(camera.K[[0, 1, 0, 1], [0, 1, 2, 2]].tolist())
    path = str(
        tmp_path
        / ("out" + {"json": ".json", "matrix": ".txt", "scan2cad": ".json", "nerfstudio": ".json"}.get(file_format, ""))
    )
    save_pose(silent, path, file_format, task.image, task.shape, K, PoseInPhoto.of(true))
    task = AlignTask(task.image, task.shape, task.encoder, task.mask, K)
    opened = place_pose(silent, task, path).poses[0].pose()
    np.testing.assert_allclose(opened.R, true.R, atol=1e-9)
    np.testing.assert_allclose(opened.t, true.t, atol=1e-9)


def test_a_pose_with_other_axes_is_refused(known, tmp_path):
    task, true, _ = known
    gl = np.diag([1.0, -1, -1])
    whole = np.eye(4)
    whole[:3, :3], whole[:3, 3] = gl @ true.R, gl @ true.t
    np.savetxt(tmp_path / "gl.txt", whole)
    with pytest.raises(CounterpointError, match="OpenGL"):
        place_pose(silent, task, str(tmp_path / "gl.txt"))


def test_depth_in_millimetres_is_noticed(known, toy_side, tmp_path):
    task, true, camera = known
    np.save(tmp_path / "depth.npy", np.full((960, 1280), 1000 * true.t[2]))
    K = tuple(camera.K[[0, 1, 0, 1], [0, 1, 2, 2]].tolist())
    points = toy_side.shape.to_own_frame(toy_side.field.points.position[::1500])
    pixels = PhotoCamera(camera.K).project(true(points))[0]
    pairs = tuple(Correspondence2D3D(tuple(u), tuple(p)) for u, p in zip(pixels, points, strict=True))
    task = AlignTask(task.image, task.shape, task.encoder, task.mask, K, depth=str(tmp_path / "depth.npy"))
    with collect_warnings() as said:
        found = solve_pairs(silent, task, pairs, None, 6, frozenset()).poses[0].pose()
    assert any("multiplied by 0.001" in one for one in said) and found.t[2] == pytest.approx(true.t[2], rel=0.05)


def test_a_rig_with_lenses_carries_poses(known, tmp_path):
    task, true, camera = known
    name = Path(task.image.path).name
    views = [
        View(f"cam{n}/{name}", (1280, 960), camera.K, Pose(np.eye(3), np.array([0.1 * n, 0, 0])), LENS)
        for n in range(2)
    ]
    nerfstudio.save(tmp_path / "rig.json", views)
    rig = {camera.name: camera for camera in read_rig(silent, str(tmp_path / "rig.json"))}
    assert sorted(rig) == [f"cam0/{name}", f"cam1/{name}"] and rig[f"cam0/{name}"].lens is not None
    tasks = [AlignTask(task.image, task.shape, task.encoder, task.mask, camera=task.camera)] * 2
    begun = carry_poses(silent, tasks, [rig[f"cam0/{name}"], rig[f"cam1/{name}"]], [PoseInPhoto.of(true)])
    np.testing.assert_allclose(begun[1].poses[0].pose().t, true.t + [0.1, 0, 0], atol=1e-9)
    assert begun[1].lens == LENS
