"""A made scene that can be refined: two painted shapes on a textured table, drawn from five sides."""

from pathlib import Path

import cv2
import numpy as np
import trimesh
from scipy.spatial.transform import Rotation

from core.geometry.camera import PhotoCamera, look_at
from core.geometry.pose import Pose, camera_matrix
from core.geometry.raycasting import Raycaster
from core.geometry.shape import make_shape
from core.images import save_image
from core.registration.descent import composed
from core.registration.drawing import Window, draw
from core.registration.solids import Solid
from core.registration.things import InstanceKey
from core.scenes.scene import ObjectPose, Scene, ScenePhoto, SceneShape
from tests.core.scenes.test_depth import corner_shape

SIZE = (320, 240)
K = camera_matrix(300.0, 300.0, 159.5, 119.5)
THINGS = (InstanceKey(1), InstanceKey(2))


def painted(folder: Path) -> tuple[Scene, dict[int, Solid]]:
    """The scene with its truth, and its shapes."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    plain, solids, shapes = corner_shape(), {}, {}
    for number, color in ((1, (200, 60, 50)), (2, (40, 90, 200))):
        colors = np.clip(np.array(color) + rng.integers(-30, 30, (len(plain.vertices), 3)), 0, 255).astype(np.uint8)
        shape = make_shape(plain.vertices, plain.faces, colors=colors)
        solids[number] = Solid(Raycaster(shape), turns=np.eye(4)[None])
        shapes[number] = SceneShape(number, folder / f"{number}.ply", f"corner {number}")
        trimesh.Trimesh(plain.vertices, plain.faces, process=False, vertex_colors=colors).export(shapes[number].path)
    table = cv2.resize(rng.integers(60, 200, (60, 60, 3)).astype(np.uint8), (600, 600), interpolation=cv2.INTER_CUBIC)
    world = {
        THINGS[0]: Pose(np.eye(3), np.array([-0.2, -0.05, 0.0])),
        THINGS[1]: Pose(Rotation.from_euler("z", 70, degrees=True).as_matrix(), np.array([0.12, 0.0, 0.0])),
    }
    photos, poses = [], {}
    for number, azimuth in enumerate((0, 12, 24, 36, 48)):
        angle = np.radians(azimuth)
        R = look_at(np.array([np.cos(angle), np.sin(angle), 1.1]), np.array([0, 0, 1.0]))
        camera = Pose(R, np.array([0, 0, 0.8]))
        mine = {thing: composed(camera, pose) for thing, pose in world.items()}
        file = folder / f"{number}.png"
        save_image(file, picture(mine, solids, camera, table, rng))
        photos.append(ScenePhoto(str(number), file, PhotoCamera(K, SIZE), camera))
        poses |= {(str(number), thing): ObjectPose(pose) for thing, pose in mine.items()}
    return Scene(folder, "folder", tuple(photos), shapes, poses), solids


def moving(folder: Path, frames: int = 5) -> tuple[Scene, dict[int, Solid]]:
    """The second thing slides and turns over the table while the first one and the camera stand still."""
    scene, solids = painted(folder / "still")
    rng = np.random.default_rng(1)
    table = cv2.resize(rng.integers(60, 200, (60, 60, 3)).astype(np.uint8), (600, 600), interpolation=cv2.INTER_CUBIC)
    camera = scene.photos[2].cam_from_world
    photos, poses = [], {}
    for number in range(frames):
        turn = Rotation.from_euler("z", 70 + 7 * number, degrees=True).as_matrix()
        world = {THINGS[0]: Pose(np.eye(3), np.array([-0.2, -0.05, 0.0])),
                 THINGS[1]: Pose(turn, np.array([0.12, 0.03 * number - 0.06, 0.0]))}  # fmt: skip
        mine = {thing: composed(camera, pose) for thing, pose in world.items()}
        file = folder / f"{number}.png"
        save_image(file, picture(mine, solids, camera, table, rng))
        photos.append(ScenePhoto(str(number), file, PhotoCamera(K, SIZE)))
        poses |= {(str(number), thing): ObjectPose(pose) for thing, pose in mine.items()}
    return Scene(folder, "video", tuple(photos), scene.shapes, poses), solids


def picture(poses, solids, camera, table, rng):
    side = max(SIZE)
    window = Window(np.zeros(2), 1.0, np.zeros((side, side, 3), np.float32), np.ones((side, side), bool))
    ground = K @ np.column_stack([camera.R[:, 0], camera.R[:, 1], camera.t])
    onto = np.array([[0.002, 0, -0.6], [0, 0.002, -0.6], [0, 0, 1]])
    rgb = cv2.warpPerspective(table, ground @ onto, SIZE).astype(float)
    for thing in poses:
        drawn = draw(thing, poses, solids, window, K)
        color = cv2.cvtColor(drawn.lab, cv2.COLOR_LAB2RGB)[: SIZE[1], : SIZE[0]] * 255
        seen = drawn.seen[: SIZE[1], : SIZE[0]]
        rgb[seen] = color[seen]
    rgb = cv2.GaussianBlur(rgb, (0, 0), 0.6) + 2 * rng.normal(size=rgb.shape)
    return np.clip(rgb, 0, 255).astype(np.uint8)
