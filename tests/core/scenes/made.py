"""A small scene that is made here: a box that stands before a ball, seen by three cameras, in the layout of BOP."""

import json
from pathlib import Path

import numpy as np
import trimesh
from PIL import Image
from scipy.spatial.transform import Rotation

from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose, camera_matrix
from core.registration.things import InstanceKey
from core.scenes.scene import ObjectPose, Scene, ScenePhoto, SceneShape
from core.units import Unit

SIZE = (64, 48)
K = camera_matrix(70.0, 71.0, 30.5, 24.25)
HALF = np.diag([-1.0, -1.0, 1.0, 1.0])


def models(folder: Path) -> None:
    """A box (1) and a ball (2), in millimetres."""
    folder.mkdir(parents=True)
    box, ball = trimesh.creation.box((40, 30, 20)), trimesh.creation.icosphere(3, 25.0)
    box.export(folder / "obj_000001.ply")
    ball.export(folder / "obj_000002.ply")
    info = {
        "1": {"diameter": 53.85, "symmetries_discrete": [HALF.ravel().tolist()], "maker": "us"},
        "2": {"diameter": 50.0, "symmetries_continuous": [{"axis": [0, 0, 1], "offset": [0, 0, 0]}]},
    }
    (folder / "models_info.json").write_text(json.dumps(info))


def poses(number: int) -> list[tuple[int, Pose]]:
    """Of two boxes, one before the ball, and the ball."""
    turn = Rotation.from_rotvec([0.2, 0.4 + 0.3 * number, 0.1]).as_matrix()
    return [
        (1, Pose(turn, np.array([5.0, 2, 200]))),
        (2, Pose(np.eye(3), np.array([18.0, 8, 260]))),
        (1, Pose(turn.T, np.array([-105.0, 20, 240 + number]))),
    ]


def bop(root: Path, photos: int = 3) -> Path:
    """The scene ``test/000007`` of a data set, with fields that BOP does not know; returns its folder."""
    models(root / "models")
    folder = root / "test" / "000007"
    (folder / "rgb").mkdir(parents=True)
    cameras, truth = {}, {}
    for number in range(photos):
        key = str(10 * number + 3)
        pixels = np.random.default_rng(number).integers(0, 255, (*SIZE[::-1], 3), np.uint8)
        Image.fromarray(pixels).save(folder / "rgb" / f"{int(key):06d}.png")
        place = Rotation.from_rotvec([0, 0.1 * number, 0]).as_matrix()
        cameras[key] = {"cam_K": K.ravel().tolist(), "depth_scale": 0.5, "cam_R_w2c": place.ravel().tolist(),
                        "cam_t_w2c": [1.0 * number, 2, 3], "elev": 12}  # fmt: skip
        truth[key] = [
            {"cam_R_m2c": pose.R.ravel().tolist(), "cam_t_m2c": pose.t.tolist(), "obj_id": number, "who": f"w{i}"}
            for i, (number, pose) in enumerate(poses(number))
        ]
    (folder / "scene_camera.json").write_text(json.dumps(cameras))
    (folder / "scene_gt.json").write_text(json.dumps(truth))
    return folder


def scene(folder: Path, cameras: list[PhotoCamera], places: list[Pose | None], posed=(), metres: float = 1.0) -> Scene:
    """A scene of another layout: photos ``a0.png`` ... with these cameras, in units of ``metres``."""
    (folder / "photos").mkdir(parents=True)
    models(folder / "models")
    photos = []
    for number, (camera, place) in enumerate(zip(cameras, places, strict=True)):
        file = folder / "photos" / f"a{number}.png"
        Image.new("RGB", camera.size, (number, 90, 90)).save(file)
        photos.append(ScenePhoto(f"photos/{file.name}", file, camera, place))
    shapes = {
        n: SceneShape(n, folder / "models" / f"obj_{n:06d}.ply", f"obj{n}", metres * 1000, {"diameter": 50})
        for n in (1, 2)
    }
    named = {(photos[i].key, InstanceKey(number, which)): ObjectPose(pose) for i, number, which, pose in posed}
    return Scene(folder, "folder", tuple(photos), shapes, named, Unit(metres, True, "It was said."))
