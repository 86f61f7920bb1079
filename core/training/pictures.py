"""Pictures of objects as a camera might take them, many at once, on the device of the scene.

Every pixel knows the surface point it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.geometry.camera import Camera, framing_camera, look_at
from core.training.look import Look, PictureSettings
from core.training.scene import Object3D, TracedScene, interpolated, own_colors, view


@dataclass
class Pictures:
    """N pictures and what their pixels show.

    Attributes:
        image: uint8 [N, S, S, 3].
        mask: bool [N, S, S], pixels that show the object.
        point: float32 [N, S, S, 3], place in the normalised object frame; 0 outside the mask.
        normal: float32 [N, S, S, 3], unit length, camera frame; 0 outside the mask.
        depth: float32 [N, S, S], distance along the ray less its mean over the mask, in object diagonals; 0 outside the
            mask.
        part: int64 [N, S, S], -1 outside the mask.
        local: float32 [N, S, S, 3], coordinates within the primitive; 0 outside the mask.
    """

    image: torch.Tensor
    mask: torch.Tensor
    point: torch.Tensor
    normal: torch.Tensor
    depth: torch.Tensor
    part: torch.Tensor
    local: torch.Tensor


@dataclass
class Picture:
    """One picture, what its pixels show, and the camera that took it.

    Arrays are those of :class:`Pictures` without N.
    """

    image: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.bool_]
    point: npt.NDArray[np.float32]
    normal: npt.NDArray[np.float32]
    depth: npt.NDArray[np.float32]
    part: npt.NDArray[np.int64]
    local: npt.NDArray[np.float32]
    camera: Camera


@dataclass(frozen=True)
class Surface:
    """The colours and pattern of an object, as a seed of their random numbers.

    So two pictures can show the same thing.
    """

    seed: int


def take_picture(
    item: Object3D,
    rng: np.random.Generator,
    settings: PictureSettings = PictureSettings(),
    surface: Surface | None = None,
) -> Picture:
    """Take one picture of an object from a random place, on the CPU.

    Args:
        item: the object, a mesh.
        rng: of all random numbers.
        settings: how pictures vary.
        surface: how the object looks; None draws it.

    Raises:
        CounterpointError: the object is a point cloud, or the folder of ``settings.photos`` has no photos.
    """
    camera = random_camera(item, rng, settings)
    plain = bool(rng.random() < settings.plain)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    own = None if surface is None else torch.Generator().manual_seed(surface.seed)
    made = take_pictures(item.scene, [0], [camera], Look(settings, [plain], generator, surface_generator=own))
    return Picture(camera=camera, **{name: value[0].numpy() for name, value in vars(made).items()})


def random_camera(item: Object3D, rng: np.random.Generator, settings: PictureSettings) -> Camera:
    """A view of an object as the settings say."""
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(*settings.elevation))
    direction = np.array([np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)])
    most = 180 if rng.random() < settings.any_roll else settings.roll
    R = look_at(direction, np.array([0.0, 1.0, 0.0]), np.radians(rng.uniform(-most, most)))
    fov = np.radians(rng.uniform(*settings.fov))
    camera = framing_camera(item.shape.normalised, R, settings.size, fov, rng.uniform(*settings.fill))
    K = camera.K.copy()
    K[:2, 2] += rng.uniform(-settings.shift, settings.shift, 2) * settings.size
    return Camera(K, camera.R, camera.t, camera.width, camera.height)


@torch.no_grad()
def take_pictures(scene: TracedScene, which: Sequence[int], cameras: Sequence[Camera], look: Look) -> Pictures:
    """Take N pictures at once.

    Args:
        scene: the objects.
        which: N numbers of the object that each picture shows.
        cameras: N cameras, whose pictures are ``look.settings.size`` pixels wide and high.
        look: of the N pictures, on the device of the scene.

    Raises:
        CounterpointError: the folder of ``look.settings.photos`` has no photos.
    """
    seen = view(scene, which, cameras)
    image, covered = look.evaluate(scene, seen)
    plain = [number for number, is_plain in enumerate(look.plain) if is_plain]
    if plain:
        shown = [which[i] for i in plain], [cameras[i] for i in plain]
        image[plain] = _plain(scene, *shown, look.ground[plain], look.plain_own[plain])
    seen = seen.some(torch.nonzero(~covered[seen.picture, seen.row, seen.column])[:, 0])

    def spread(values: torch.Tensor, outside: int = 0) -> torch.Tensor:
        whole = values.new_full((*covered.shape, *values.shape[1:]), outside)
        whole[seen.picture, seen.row, seen.column] = values
        return whole

    area = torch.bincount(seen.picture, minlength=len(cameras)).clamp(min=1)
    total = torch.zeros(len(cameras), device=scene.device).index_add_(0, seen.picture, seen.distance)
    return Pictures(
        (image.permute(0, 2, 3, 1).clamp(0, 1) * 255 + 0.5).to(torch.uint8).contiguous(),
        spread(torch.ones_like(seen.picture, dtype=torch.bool)),
        spread(seen.point),
        spread((_rotations(cameras, scene)[seen.picture] @ seen.normal[..., None])[..., 0]),
        spread(seen.distance - (total / area)[seen.picture]),
        spread(seen.part, -1),
        spread(interpolated(scene.local, seen.corners, seen.bary)),
    )


def _plain(
    scene: TracedScene, which: Sequence[int], cameras: Sequence[Camera], ground: torch.Tensor, own: torch.Tensor
) -> torch.Tensor:
    """Images float32 [K, 3, S, S] of shapes before a grey [K], in their own colours (bool [K]) or without.

    They are as :func:`core.geometry.render.render` draws them.
    """
    seen, size = view(scene, which, cameras, supersample=2), 2 * cameras[0].width
    up_left = F.normalize(torch.tensor([-0.4, -0.8, -0.45], device=scene.device), dim=0)
    toward = _rotations(cameras, scene).mT @ up_left
    head = -(seen.normal * seen.direction).sum(-1).clamp(-1, 0)
    light = 0.32 + 0.5 * head + 0.3 * (seen.normal * toward[seen.picture]).sum(-1).clamp(0, 1)
    albedo = torch.full_like(seen.point, 0.72)
    if scene.colored and own.any():
        colors, has = own_colors(scene, seen)
        albedo = torch.where(has & own[seen.picture, None], colors, albedo)
    image = ground[:, None, None, None].repeat(1, size, size, 3)
    image[seen.picture, seen.row, seen.column] = (albedo * light[:, None]).clamp(0, 1)
    return F.avg_pool2d(image.movedim(-1, 1), 2)


def _rotations(cameras: Sequence[Camera], scene: TracedScene) -> torch.Tensor:
    return torch.from_numpy(np.stack([camera.R for camera in cameras]).astype(np.float32)).to(scene.device)
