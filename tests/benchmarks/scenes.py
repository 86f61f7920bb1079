"""How quickly a scene of 1,000 photos of 12 megapixels, 50 shapes and 8 poses a photo is opened.

``python -m tests.benchmarks.scenes``. One photo is written and linked 1,000 times, so that little disk is needed; each of
BOP, nerfstudio, COLMAP and a plain folder of photos is opened three times, in a process that has loaded its libraries.
"""

import json
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import trimesh
from PIL import Image

PHOTOS, SHAPES, POSES, SIZE = 1000, 50, 8, (4000, 3000)
K = [3000.0, 0, 1999.5, 0, 3000, 1499.5, 0, 0, 1]


def make(root: Path) -> dict[str, Path]:
    """The data set in each layout; where it can be opened."""
    (root / "models").mkdir()
    for number in range(1, SHAPES + 1):
        trimesh.creation.icosphere(3, 40.0).export(root / "models" / f"obj_{number:06d}.ply")
    info = {str(n): {"diameter": 80.0} for n in range(1, SHAPES + 1)}
    (root / "models" / "models_info.json").write_text(json.dumps(info))
    scene, plain = root / "test" / "000001", root / "capture" / "images"
    for place in (scene / "rgb", plain):
        place.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 255, (SIZE[1] // 8, SIZE[0] // 8, 3), np.uint8)
    Image.fromarray(pixels).resize(SIZE).save(root / "photo.jpg", quality=90)
    turn = np.eye(3).ravel().tolist()
    cameras, truth = {}, {}
    for photo in range(PHOTOS):
        for place in (scene / "rgb", plain):
            os.link(root / "photo.jpg", place / f"{photo:06d}.jpg")
        cameras[photo] = {"cam_K": K, "depth_scale": 1.0, "cam_R_w2c": turn, "cam_t_w2c": [photo, 0, 0]}
        truth[photo] = [{"cam_R_m2c": turn, "cam_t_m2c": [9.0 * i, 0, 1000], "obj_id": 1 + (photo + i) % SHAPES}
                        for i in range(POSES)]  # fmt: skip
    (scene / "scene_camera.json").write_text(json.dumps(cameras))
    (scene / "scene_gt.json").write_text(json.dumps(truth))
    return {"bop": root, "folder": plain}


def more(root: Path) -> dict[str, Path]:
    """The same photos as nerfstudio and COLMAP have them."""
    from core.geometry.pose import Pose
    from core.interchange.poses import colmap, nerfstudio
    from core.interchange.poses.view import View

    matrix = np.reshape(K, (3, 3))
    pose = Pose(np.eye(3), np.zeros(3))
    views = [View(f"images/{n:06d}.jpg", SIZE, matrix, pose) for n in range(PHOTOS)]
    nerfstudio.save(root / "capture" / "transforms.json", views)
    (root / "capture" / "sparse" / "0").mkdir(parents=True)
    colmap.save(root / "capture" / "sparse" / "0", [View(v.image[7:], v.size, v.K, v.pose) for v in views])
    return {"nerfstudio": root / "capture", "colmap": root / "capture" / "sparse" / "0"}


def main() -> None:
    """Print the seconds and the memory of each layout."""
    from core.scenes.opening import open_scene

    with tempfile.TemporaryDirectory() as folder:
        places = make(Path(folder)) | more(Path(folder))
        for name, place in places.items():
            seconds = []
            for _ in range(3):
                start = time.perf_counter()
                scene = open_scene(place)
                seconds.append(time.perf_counter() - start)
            assert len(scene.photos) == PHOTOS and scene.layout == name, (name, scene.layout)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{name:<12}{len(scene.photos)} photos, {len(scene.poses)} poses: "
                  f"first {seconds[0]:.2f} s, then {min(seconds[1:]):.2f} s; {memory:.0f} MiB")  # fmt: skip


if __name__ == "__main__":
    main()
