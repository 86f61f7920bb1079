"""The photos of a scene drawn anew: its shapes where its truth puts them, over photos of other arrangements.

What a real data set says is its truth errs; here it is exact. The shapes keep their own colours under a light of each photo, and what the
photo behind them shows (mirrored) is clutter. Strangers, which no pose is said of, may hide them.
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from core.arrays import Floats
from core.benchmarks.bop_layout import TrueScene
from core.geometry.pose import Pose, shape_rays
from core.geometry.raycasting import surface_normal
from core.geometry.render import surface_color
from core.images import load_image, save_image
from core.registration.descent import composed
from core.registration.drawing import box_of
from core.registration.solids import Solid
from core.scenes.arrangements import Arrangement

FINER = 3
"""Rays along each side of a pixel."""

NOISE = 2.5
"""Standard deviation of the photos' noise, of 255."""

SOFT = 0.7
"""Standard deviation of their blur in pixels."""


def drawn(true: TrueScene, folder: Path, hidden: bool = False) -> TrueScene:
    """The same scene with photos that are drawn into a folder; strangers stand before its things where these are ``hidden``."""
    rng = np.random.default_rng(0)
    before = [_strangers(true, one, rng) if hidden else [] for one in true.arrangements]
    folder.mkdir(exist_ok=True)
    group = {key: number for number, one in enumerate(true.arrangements) for key in one.cameras}
    photos = []
    for photo in true.scene.photos:
        others = [other for other in true.scene.photos if group[other.key] != group[photo.key]]
        behind = load_image(others[rng.integers(len(others))].path)[:, ::-1]
        file = folder / f"{int(photo.key):06d}.png"
        camera = true.arrangements[group[photo.key]].cameras[photo.key]
        strangers = [(solid, composed(camera, pose)) for solid, pose in before[group[photo.key]]]
        save_image(file, _picture(true, photo.key, behind, strangers, rng))
        photos.append(replace(photo, path=file))
    return replace(true, scene=replace(true.scene, photos=tuple(photos)))


def _strangers(true: TrueScene, group: Arrangement, rng: np.random.Generator) -> list[tuple[Solid, Pose]]:
    """A shape of the scene for each of its things, with a pose in the world beside that, rather towards the cameras."""
    towards = np.mean([-camera.R.T @ camera.t for camera in group.cameras.values()], axis=0)
    found = []
    for thing, worlds in group.worlds().items():
        hidden, stranger = true.solids[thing.object_id], true.solids[int(rng.choice(list(true.solids)))]
        center = worlds[0](hidden.center)
        away, side = (towards - center) / np.linalg.norm(towards - center), rng.normal(size=3)
        way = 0.8 * away + side / np.linalg.norm(side)
        middle = center + 0.42 * (hidden.size + stranger.size) * way / np.linalg.norm(way)
        R = Rotation.random(random_state=rng).as_matrix()
        found.append((stranger, Pose(R, middle - R @ stranger.center)))
    return found


def _picture(
    true: TrueScene,
    key: str,
    behind: npt.NDArray[np.uint8],
    strangers: list[tuple[Solid, Pose]],
    rng: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    camera = true.scene.by_key[key].camera
    assert camera is not None
    light = rng.normal(size=3) * [1, 0.5, 0.5] - [0, 1, 1]
    height, width = behind.shape[:2]
    fine = cv2.resize(behind, (FINER * width, FINER * height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    nearest = np.full(fine.shape[:2], np.inf)
    posed = [(true.solids[thing.object_id], one.pose) for thing, one in true.scene.by_photo[key].items()]
    for solid, pose in posed + strangers:
        _paint(fine, nearest, solid, pose, camera.K, light / np.linalg.norm(light))
    small = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA) * rng.uniform(0.8, 1.2, 3)
    small = cv2.GaussianBlur(small, (0, 0), SOFT) + NOISE * rng.normal(size=small.shape)
    return np.asarray(np.clip(small, 0, 255), np.uint8)


def _paint(fine: Floats, nearest: Floats, solid: Solid, pose: Pose, K: Floats, light: Floats) -> None:
    """Paint a shape into a picture of FINER times the pixels, where nothing is nearer."""
    box = box_of(solid, pose, K)
    if box is None:
        return
    size = np.array(nearest.shape[::-1]) / FINER
    x0, y0 = np.clip(np.floor(box[:2]), 0, size).astype(int) * FINER
    x1, y1 = np.clip(np.ceil(box[2:]) + 1, 0, size).astype(int) * FINER
    if x1 <= x0 or y1 <= y0:
        return
    # the middle of the first of FINER parts of pixel 0 is half a pixel, less half a part, before the pixel's middle
    u, v = ((np.arange(a, b) + 0.5) / FINER - 0.5 for a, b in ((x0, x1), (y0, y1)))
    origin, rays = shape_rays(solid.of_file(pose), K, solid.shape, np.stack(np.meshgrid(u, v), axis=-1))
    hits = solid.caster.cast(origin, rays)
    depth = np.where(hits.mask, hits.distance * solid.shape.diagonal * solid.scale, np.inf)
    here = hits.mask & (depth < nearest[y0:y1, x0:x1])
    nearest[y0:y1, x0:x1][here] = depth[here]
    color = surface_color(solid.shape, hits.face[here], hits.bary[here])
    normal = surface_normal(solid.shape, hits.face[here], hits.bary[here]) @ pose.R.T
    bright = 0.75 + 0.4 * np.maximum(normal @ light, 0)
    fine[y0:y1, x0:x1][here] = (255 * (color if color is not None else 0.6)) * bright[:, None]
