"""Pictures of objects as a camera might take them: a view, light, surface, background, things in front, and a worn lens.

What varies is drawn in :mod:`core.training.look`; here it is evaluated, for many pictures at once, on the device of the scene. Every pixel
knows the surface point it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.geometry.camera import Camera, framing_camera, look_at
from core.training.builder import Object3D
from core.training.look import (
    NOISE_CELLS,
    PALETTE,
    PATTERNS,
    Layer,
    Look,
    Patches,
    PictureSettings,
    Surfaces,
    Wear,
    draw_look,
)
from core.training.parallel import each
from core.training.scene import Scene, Visible, interpolated, own_colors, view


@dataclass
class Pictures:
    """N pictures and what their pixels show.

    Attributes:
        image: uint8 [N, S, S, 3].
        mask: bool [N, S, S], pixels that show the object.
        point: float32 [N, S, S, 3], place in the normalised object frame; 0 outside the mask.
        normal: float32 [N, S, S, 3], unit length, camera frame; 0 outside the mask.
        depth: float32 [N, S, S], distance along the ray less its mean over the mask, in object diagonals; 0 outside the mask.
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
    """One picture, what its pixels show, and the camera that took it; arrays are those of :class:`Pictures` without N."""

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
    """The colours and pattern of an object, as a seed of their random numbers, so that two pictures can show the same thing."""

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
    made = take_pictures(item.scene, [0], [camera], draw_look(settings, [plain], generator, surface_generator=own))
    return Picture(*(value[0].numpy() for value in vars(made).values()), camera)


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
def take_pictures(scene: Scene, meshes: Sequence[int], cameras: Sequence[Camera], look: Look) -> Pictures:
    """Take N pictures at once.

    Args:
        scene: the objects.
        meshes: N numbers of the object that each picture shows.
        cameras: N cameras, whose pictures are ``look.settings.size`` pixels wide and high.
        look: of the N pictures, on the device of the scene.

    Raises:
        CounterpointError: the folder of ``look.settings.photos`` has no photos.
    """
    device, count, size = scene.vertices.device, len(cameras), look.settings.size
    seen = view(scene, meshes, cameras)
    at = seen.picture, seen.row, seen.column
    mask = torch.zeros(count, size, size, dtype=torch.bool, device=device)
    mask[at] = True
    image, covered = _photo_like(scene, seen, look)
    plain = [number for number in range(count) if look.plain[number]]
    if plain:
        image[plain] = _plain(scene, [meshes[i] for i in plain], [cameras[i] for i in plain], look.ground[plain])
    mask &= ~covered
    area, total = mask.sum((1, 2)).clamp(min=1), torch.zeros(count, device=device)
    shown = torch.nonzero(mask[at])[:, 0]
    seen, local = seen.some(shown), interpolated(scene.local, seen.corners[shown], seen.bary[shown])
    total.index_add_(0, seen.picture, seen.distance)
    rotation = torch.from_numpy(np.stack([camera.R for camera in cameras]).astype(np.float32)).to(device)
    in_camera = (rotation[seen.picture] @ seen.normal[..., None])[..., 0]

    def spread(values: torch.Tensor, outside: int = 0) -> torch.Tensor:
        whole = values.new_full((*mask.shape, *values.shape[1:]), outside)
        whole[seen.picture, seen.row, seen.column] = values
        return whole

    return Pictures(
        (image.permute(0, 2, 3, 1).clamp(0, 1) * 255 + 0.5).to(torch.uint8).contiguous(),
        mask,
        spread(seen.point),
        spread(in_camera),
        spread(seen.distance - (total / area)[seen.picture]),
        spread(seen.part, -1),
        spread(local),
    )


def _photo_like(scene: Scene, seen: Visible, look: Look) -> tuple[torch.Tensor, torch.Tensor]:
    """Images float32 [N, 3, S, S] (zeros where the look is plain), and where something stands in front, bool [N, S, S]."""
    device, count, size = scene.vertices.device, len(look.plain), look.settings.size
    image = torch.zeros(count, 3, size, size, device=device)
    covered = torch.zeros(count, size, size, dtype=torch.bool, device=device)
    for layer in (layer for layer in look.layers if not layer.in_front):
        _lay(layer, image, covered)
    if any(look.plain):
        photo_like = ~torch.tensor(look.plain, device=device)
        seen = seen.some(torch.nonzero(photo_like[seen.picture])[:, 0])
    image[seen.picture, :, seen.row, seen.column] = _lit(_albedo(scene, seen, look), seen, look)
    for layer in (layer for layer in look.layers if layer.in_front):
        _lay(layer, image, covered)
    image = _toned(image, look)
    if look.wear.pictures:
        image[look.wear.pictures] = _worn(image[look.wear.pictures], look.wear)
    return image, covered


def _albedo(scene: Scene, seen: Visible, look: Look) -> torch.Tensor:
    """Colours float32 [P, 3] of surfaces without light."""
    surfaces, which = look.surfaces, look.surface[seen.picture]
    base = surfaces.palette[which, seen.part % PALETTE]
    if scene.painted:
        own, has_own = own_colors(scene, seen)
        base = torch.where((has_own & surfaces.own_ground[which])[:, None], own, base)
    weight = (_pattern(seen, look) * surfaces.strength[which])[:, None]
    albedo = base * (1 - weight) + surfaces.second[which] * weight
    if surfaces.photos is not None:
        albedo = _wrapped(albedo, seen, which, surfaces)
    if scene.painted:
        plainly = (own * surfaces.own_gain[which] + surfaces.own_shift[which]).clamp(0, 1)
        albedo = torch.where((has_own & surfaces.own_plainly[which])[:, None], plainly, albedo)
    return albedo


def _pattern(seen: Visible, look: Look) -> torch.Tensor:
    """How much of the pattern each pixel shows, float32 [P] in [0, 1]."""
    surfaces, weight = look.surfaces, torch.zeros(len(seen.point), device=seen.point.device)
    kinds = torch.tensor(surfaces.pattern, device=weight.device)[look.surface[seen.picture]]
    for number, name in enumerate(PATTERNS):
        if name == "none" or number not in surfaces.pattern:
            continue
        here = torch.nonzero(kinds == number)[:, 0]
        which = look.surface[seen.picture[here]]
        along = (surfaces.waves[which] @ seen.point[here][..., None])[..., 0] + surfaces.phase[which]
        if name == "stripes":
            weight[here] = (along[:, 0].sin() > 0).float()
        elif name == "checks":
            weight[here] = along[:, :3].floor().sum(1) % 2
        elif name == "blotches":
            weight[here] = (along.sin().sum(1) / 2 + 0.5).clamp(0, 1)
        else:
            row = torch.zeros(len(look.plain), dtype=torch.long, device=here.device)
            row[look.speckled] = torch.arange(len(look.speckled), device=here.device)
            weight[here] = look.speckles[row[seen.picture[here]], seen.row[here], seen.column[here]].float()
    return weight


def _wrapped(albedo: torch.Tensor, seen: Visible, which: torch.Tensor, surfaces: Surfaces) -> torch.Tensor:
    """The albedo float32 [P, 3], replaced by photos that are laid over object space along two directions, mirrored at their edges."""
    assert surfaces.photos is not None
    size = 256
    for surface, photo in zip(surfaces.photos.rows, surfaces.photos.images(size, albedo.device), strict=True):
        here = torch.nonzero(which == surface)[:, 0]
        along = seen.point[here] @ surfaces.photo_axes[surface] + surfaces.photo_shift[surface]
        column, row = ((along % 2 - 1).abs() * (size - 1)).long().unbind(1)
        albedo[here] = photo[:, row, column].T
    return albedo


def _lit(albedo: torch.Tensor, seen: Visible, look: Look) -> torch.Tensor:
    """Colours float32 [P, 3] under two directional lights, ambient light and highlights (Blinn-Phong)."""
    lights, picture = look.lights, seen.picture
    color = albedo * lights.ambient[picture][:, None]
    for number in range(2):
        toward = lights.toward[picture, number]
        half = F.normalize(toward - seen.direction, dim=-1)
        glance = (seen.normal * half).sum(-1).clamp(min=1e-4) ** lights.sharpness[picture, number]
        facing = (seen.normal * toward).sum(-1, keepdim=True).clamp(min=0)
        shine = (lights.shine[picture, number] * glance)[:, None]
        color = color + lights.color[picture, number] * (albedo * facing + shine)
    return color


def _plain(scene: Scene, meshes: Sequence[int], cameras: Sequence[Camera], ground: torch.Tensor) -> torch.Tensor:
    """Images float32 [K, 3, S, S] as :func:`core.geometry.render.render` draws shapes without colours, before a grey [K]."""
    seen, size = view(scene, meshes, cameras, supersample=2), 2 * cameras[0].width
    up_left = F.normalize(torch.tensor([-0.4, -0.8, -0.45]), dim=0).numpy()
    toward = torch.from_numpy(np.stack([camera.R.T @ up_left for camera in cameras]).astype(np.float32)).to(
        ground.device
    )
    head = -(seen.normal * seen.direction).sum(-1).clamp(-1, 0)
    light = 0.32 + 0.5 * head + 0.3 * (seen.normal * toward[seen.picture]).sum(-1).clamp(0, 1)
    gray = ground[:, None, None].repeat(1, size, size)
    gray[seen.picture, seen.row, seen.column] = (0.72 * light).clamp(0, 1)
    return F.avg_pool2d(gray[:, None], 2).expand(-1, 3, -1, -1)


def _lay(layer: Layer, image: torch.Tensor, covered: torch.Tensor) -> None:
    """Draw a layer over images [N, 3, S, S], and mark where it hides what is there in ``covered`` bool [N, S, S]; both in place."""
    size, device, patches = image.shape[-1], image.device, layer.patches
    rows, columns = (slice(0, size), slice(0, size)) if patches is None else _bounds(patches, size)
    ups = [up.to(device) for up in _upsampling(size)]
    across = torch.cat([up[rows] @ noise for up, noise in zip(ups, layer.noises, strict=True)], dim=-1)
    texture = layer.base[..., None, None] + across @ torch.cat([up[columns] for up in ups], dim=1).T
    if layer.photos is not None and layer.photos.rows:
        texture[layer.photos.rows] = layer.photos.images(size, device)[..., rows, columns]
    at = (
        torch.tensor(layer.pictures, device=device)[:, None, None],
        _range(rows, device)[:, None],
        _range(columns, device),
    )
    if patches is None:
        image[at[0], :, at[1], at[2]] = texture.permute(0, 2, 3, 1)
        return
    where = _inside(patches, _range(rows, device) / size, _range(columns, device) / size)
    if layer.in_front:
        covered[at] |= where
    picture, row, column = torch.nonzero(where, as_tuple=True)
    number = at[0][picture, 0, 0]
    image[number, :, row + rows.start, column + columns.start] = texture[picture, :, row, column]


def _bounds(patches: Patches, size: int) -> tuple[slice, slice]:
    """Rows and columns of pictures of ``size`` pixels that hold all of the patches."""
    reach = patches.half.norm(dim=1, keepdim=True)
    low = ((patches.center - reach).amin(0) * size).floor().long().clamp(0, size - 1).tolist()
    high = ((patches.center + reach).amax(0) * size).ceil().long().clamp(1, size).tolist()
    return slice(low[1], high[1]), slice(low[0], high[0])


def _range(part: slice, device: torch.device) -> torch.Tensor:
    return torch.arange(part.start, part.stop, device=device)


@lru_cache
def _upsampling(size: int) -> list[torch.Tensor]:
    """For each of ``NOISE_CELLS`` the matrix [size, cells] that enlarges cells to pixels, bicubically."""
    enlarged = []
    for cells in NOISE_CELLS:
        each_cell = torch.eye(cells)[None, :, :, None].expand(1, cells, cells, cells)
        enlarged.append(F.interpolate(each_cell, (size, cells), mode="bicubic", align_corners=False)[0, :, :, 0].T)
    return enlarged


def _inside(patches: Patches, row: torch.Tensor, column: torch.Tensor) -> torch.Tensor:
    """Pixels within patches, bool [K, R, C], of rows [R] and columns [C] in sides of the picture."""
    x, y = column[None] - patches.center[:, :1], row[None] - patches.center[:, 1:]
    cos, sin = patches.angle.cos()[:, None], patches.angle.sin()[:, None]
    half_x, half_y = patches.half[:, :1], patches.half[:, 1:]
    across = (x * cos / half_x)[:, None] + (y * sin / half_x)[..., None]
    along = (x * -sin / half_y)[:, None] + (y * cos / half_y)[..., None]
    round_ = across.square() + along.square()
    square = torch.maximum(across.abs(), along.abs())
    return torch.where(patches.ellipse[:, None, None], round_, square) < 1


def _toned(image: torch.Tensor, look: Look) -> torch.Tensor:
    """Exposure, contrast, colour cast and grey of images [N, 3, S, S]."""
    tone = look.tone
    contrast, exposure = (value[:, None, None, None] for value in (tone.contrast, tone.exposure))
    image = ((image - 0.5) * contrast + 0.5 + exposure) * tone.cast[..., None, None]
    return torch.where(tone.gray[:, None, None, None], image.mean(1, keepdim=True), image).clamp(0, 1)


def _worn(image: torch.Tensor, wear: Wear) -> torch.Tensor:
    """Low resolution, blur, noise and JPEG of images [W, 3, S, S], by OpenCV on the CPU."""
    host = image.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    given = zip(host, wear.side, wear.sigma, wear.grain.cpu().numpy(), wear.quality, strict=True)
    pixels = np.stack(each(lambda values: _worn_one(*values), list(given)))
    return torch.from_numpy(pixels).to(image.device).permute(0, 3, 1, 2).float() / 255


def _worn_one(
    image: npt.NDArray[np.float32], side: int, sigma: float, grain: npt.NDArray[np.float32], quality: int
) -> npt.NDArray[np.uint8]:
    """One image float32 [S, S, 3] in [0, 1] after all wear."""
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(cv2.resize(small, image.shape[:2]), (0, 0), sigma)
    noisy = (np.clip(soft + grain, 0, 1) * 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", noisy[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1], np.uint8)
