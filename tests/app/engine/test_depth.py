"""Measured depth becomes a picture, and points that lie on the posed shape; pairs on it are pairs in space."""

from types import SimpleNamespace

import numpy as np
import trimesh
from PIL import Image
from scipy.spatial.transform import Rotation

from app.engine.depth import depth_cloud, depth_picture
from app.shared.values import AlignTask, EncoderSettings, PoseInPhoto, item_for
from core.alignment.correspondences import Correspondences2D3D
from core.alignment.spatial import by_measured_pairs
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import Pose, camera_matrix, project
from core.progress import silent
from core.scenes.casting import distances, rays_of
from core.scenes.scene import SceneShape

SIZE, K = (160, 120), (150.0, 150.0, 79.5, 59.5)
POSE = Pose(Rotation.from_euler("xyz", [20, 30, 5], degrees=True).as_matrix(), np.array([0.1, -0.05, 4.0]))


def test_depth_of_a_bent_photo_lies_on_the_posed_shape(tmp_path):
    trimesh.creation.box((1.0, 0.8, 0.6)).export(tmp_path / "box.ply")
    Image.fromarray(np.full((*SIZE[::-1], 3), (10, 20, 30), np.uint8)).save(tmp_path / "photo.png")
    lens = Lens("opencv", (-0.2, 0.05, 0.0, 0.0))
    camera, shape = PhotoCamera(camera_matrix(*K), SIZE, lens), SceneShape(1, tmp_path / "box.ply", "box")
    far = distances(camera, POSE, shape)
    depth = np.where(np.isfinite(far), far * rays_of(camera, (0, 0, *SIZE))[..., 2], 0)
    depth[0, 0] = 100.0  # something far behind
    Image.fromarray(np.rint(depth * 5000).astype(np.uint16)).save(tmp_path / "depth.png")
    image, item = item_for(tmp_path / "photo.png"), item_for(tmp_path / "box.ply")
    # 1 / 5 of a millimetre a count, and the box in metres
    task = AlignTask(image, item, EncoderSettings(), K=K, lens=lens, depth=str(tmp_path / "depth.png"), depth_scale=0.2)
    points, colors = depth_cloud(silent, task, PoseInPhoto.of(POSE))
    assert len(points) == np.isfinite(far).sum() and (colors == (10, 20, 30)).all()
    gap = np.abs(points) - np.array([0.5, 0.4, 0.3])
    assert np.abs(gap.max(1)).max() < 2e-3
    picture = depth_picture(silent, image, task.depth)
    assert picture.shape == (120, 160, 4) and ((picture[..., 3] > 0) == (depth > 0)).all()


def test_pairs_where_depth_is_measured_say_pose_and_size():
    true = Pose(POSE.R, POSE.t, np.full(3, 1.7))
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.5, 0.5, (4, 3))
    matrix = camera_matrix(*K)
    pixels, far = project(true, matrix, points)
    depth = np.full(SIZE[::-1], np.nan)
    for (u, v), z in zip(np.rint(pixels).astype(int), far, strict=True):
        depth[v, u] = z
    scorer = SimpleNamespace(photo=SimpleNamespace(depth=depth), K=matrix)
    (found,) = by_measured_pairs(Correspondences2D3D(pixels, points), scorer, 7)
    assert np.allclose(found.R, true.R, atol=1e-6) and np.allclose(found.s, 1.7) and np.allclose(found.t, true.t)
    depth[np.rint(pixels[0, 1]).astype(int), np.rint(pixels[0, 0]).astype(int)] = np.nan
    assert len(by_measured_pairs(Correspondences2D3D(pixels, points), scorer, 7)) == 1
    assert by_measured_pairs(Correspondences2D3D(pixels[:3], points[:3]), scorer, 7) == []
