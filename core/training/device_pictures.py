"""Many pictures at once on one device: the batched twin of :mod:`core.training.pictures`, to feed a GPU.

The same kinds of view, light, surface, background, things in front and wear, drawn from a torch generator; JPEG artefacts are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from core.geometry.camera import Camera
from core.training.pictures import PictureSettings, photo_squares
from core.training.tracing import Meshes, trace


@dataclass
class Objects:
    """Objects on a device: their meshes, and what is known at vertices and faces.

    Attributes:
        vertices, normals, local: float32 [V, 3], joined.
        part: int64 [F].
        color: float32 [V, 3] own colours, NaN where an object has none.
    """

    meshes: Meshes
    vertices: torch.Tensor
    normals: torch.Tensor
    local: torch.Tensor
    part: torch.Tensor
    color: torch.Tensor


@dataclass
class Pictures:
    """N pictures, arrays as in :class:`core.training.pictures.Picture` with N in front; ``image`` uint8."""

    image: torch.Tensor
    mask: torch.Tensor
    point: torch.Tensor
    normal: torch.Tensor
    depth: torch.Tensor
    part: torch.Tensor
    local: torch.Tensor


def take_pictures(
    objects: Objects,
    which: torch.Tensor,
    cameras: list[Camera],
    plain: torch.Tensor,
    same_surface: torch.Tensor,
    settings: PictureSettings,
    generator: torch.Generator,
) -> Pictures:
    """One picture for each of N cameras.

    Args:
        which: int64 [N], the object of each.
        plain: bool [N], drawn as the program draws CAD models.
        same_surface: bool [N / 2]; the object looks the same in pictures i and N / 2 + i.
        generator: on the device of ``objects``.
    """
    device, size = objects.vertices.device, settings.size
    rotation = _tensor([c.R for c in cameras], device)
    center = _tensor([c.center for c in cameras], device)
    to_direction = _tensor([c.R.T @ np.linalg.inv(c.K) for c in cameras], device)
    face, bary, distance = trace(objects.meshes, which, center, to_direction, size)
    seen = face >= 0
    corners = objects.meshes.faces[face.clamp(min=0)]
    point, local = (_mix(values, corners, bary) for values in (objects.vertices, objects.local))
    directions = F.normalize(point - center[:, None, None], dim=-1)
    normal = _shading_normal(objects, corners, bary, directions)
    part = torch.where(seen, objects.part[face.clamp(min=0)], -1)
    draw = _Draw(generator, len(cameras), device)
    albedo = _surface(draw, point, part, _mix(objects.color, corners, bary), same_surface, settings)
    lit = _lit(draw, albedo, normal, directions)
    image = torch.where(seen[..., None], lit, _background(draw, settings))
    image, covered = _put_in_front(draw, image, settings)
    image = _photometric(draw, image, settings)
    drawn = _plain(draw, normal, directions, seen, rotation)
    image = torch.where(plain[:, None, None, None], drawn, image)
    mask = seen & ~(covered & ~plain[:, None, None])
    keep = mask[..., None]
    depth = (distance * mask).sum((1, 2)) / mask.sum((1, 2)).clamp(min=1)
    in_camera = normal @ rotation.transpose(1, 2)[:, None]
    return Pictures(
        (image.clamp(0, 1) * 255 + 0.5).to(torch.uint8),
        mask,
        point * keep,
        in_camera * keep,
        (distance - depth[:, None, None]) * mask,
        torch.where(mask, part, -1),
        local * keep,
    )


def _tensor(rows: list[np.ndarray], device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.stack(rows).astype(np.float32)).to(device)


class _Draw:
    """Random numbers of N pictures, shaped to go with [N, S, S, C]."""

    def __init__(self, generator: torch.Generator, count: int, device: torch.device):
        self.generator, self.count, self.device = generator, count, device

    def between(self, low: float, high: float, *shape: int) -> torch.Tensor:
        shape = shape or (1, 1, 1)
        return low + (high - low) * torch.rand(self.count, *shape, generator=self.generator, device=self.device)

    def normal(self, *shape: int) -> torch.Tensor:
        return torch.randn(self.count, *shape, generator=self.generator, device=self.device)

    def chance(self, probability: float, *shape: int) -> torch.Tensor:
        return self.between(0, 1, *shape) < probability

    def choice(self, weights: Sequence[float]) -> torch.Tensor:
        """int64 [N] indices."""
        table = torch.tensor(weights, dtype=torch.float32, device=self.device)
        return torch.multinomial(table, self.count, replacement=True, generator=self.generator)


def _mix(values: torch.Tensor, corners: torch.Tensor, bary: torch.Tensor) -> torch.Tensor:
    return sum(values[corners[..., k]] * bary[..., k : k + 1] for k in range(3))  # type: ignore[return-value]


def _shading_normal(
    objects: Objects, corners: torch.Tensor, bary: torch.Tensor, directions: torch.Tensor
) -> torch.Tensor:
    """The smooth normal, or the face's own at an edge, turned to the eye (as :func:`core.geometry.raycasting.surface_normal`)."""
    smooth = F.normalize(_mix(objects.normals, corners, bary), dim=-1)
    a, b, c = (objects.vertices[corners[..., k]] for k in range(3))
    flat = F.normalize(torch.linalg.cross(b - a, c - a), dim=-1)
    edge = (flat * smooth).sum(-1, keepdim=True).abs() < float(np.cos(np.radians(35)))
    normal = torch.where(edge, flat, smooth)
    return torch.where((normal * directions).sum(-1, keepdim=True) > 0, -normal, normal)


def _surface(
    draw: _Draw,
    point: torch.Tensor,
    part: torch.Tensor,
    own: torch.Tensor,
    same: torch.Tensor,
    settings: PictureSettings,
) -> torch.Tensor:
    """Albedo [N, S, S, 3]: a colour a part or one for all or the object's own, with a pattern or a photo over it."""
    n, half = draw.count, draw.count // 2

    def shared(values: torch.Tensor) -> torch.Tensor:
        second = torch.where(same.view(-1, *[1] * (values.dim() - 1)), values[:half], values[half:])
        return torch.cat([values[:half], second])

    palette = shared(draw.between(0.08, 0.95, int(part.max()) + 2, 3))
    palette = torch.where(shared(draw.chance(0.35, 1, 1)), palette[:, :1], palette)
    base = palette[torch.arange(n, device=part.device)[:, None, None], part.clamp(min=0)]
    keep_own = shared(draw.chance(0.7, 1, 1)) & own.isfinite().all(-1)
    base = torch.where(keep_own[..., None], own.nan_to_num(), base)
    kind = shared(draw.choice([0.3, 0.15, 0.15, 0.25, 0.15]))
    waves = shared(F.normalize(draw.normal(4, 3), dim=-1))
    phase = shared(draw.between(0, 2 * np.pi, 1, 1, 4))
    along = torch.einsum("nijk,nwk->nijw", point, waves)
    stripes = (torch.sin(along[..., 0] * shared(draw.between(20, 120, 1, 1)) + phase[..., 0]) > 0).float()
    cells = torch.floor(along[..., :3] * shared(draw.between(4, 16)) + phase[..., :3]).sum(-1) % 2
    blotches = torch.sin(along * shared(draw.between(5, 25, 1, 1, 4)) + phase).sum(-1) / 2 + 0.5
    speckles = ((torch.sin((along * 900).sum(-1)) * 43758.5) % 1 < 0.15).float()
    patterns = torch.stack([torch.zeros_like(stripes), stripes, cells, blotches.clamp(0, 1), speckles])
    weight = patterns.gather(0, kind.view(1, -1, 1, 1).expand(1, *stripes.shape))[0]
    weight = (weight * shared(draw.between(0.2, 0.9, 1, 1)))[..., None]
    albedo = base * (1 - weight) + shared(draw.between(0.08, 0.95, 1, 1, 3)) * weight
    if settings.photos:
        axes = shared(torch.linalg.qr(draw.normal(3, 2)).Q)
        at = torch.einsum("nijk,nkc->nijc", point, axes) * shared(draw.between(0.7, 2.5)) + shared(
            draw.between(0, 2, 1, 1, 2)
        )
        photo = shared(_photo_cuts(draw, settings.photos, 256))
        wrapped = F.grid_sample(
            photo.movedim(-1, 1), ((at % 2) - 1).abs() * 2 - 1, align_corners=False, padding_mode="reflection"
        )
        albedo = torch.where(shared(draw.chance(0.5)), wrapped.movedim(1, -1), albedo)
    return albedo


def _lit(draw: _Draw, albedo: torch.Tensor, normal: torch.Tensor, directions: torch.Tensor) -> torch.Tensor:
    """Two directional lights of their own colour, ambient light and a highlight (Blinn-Phong)."""
    color = albedo * draw.between(0.15, 0.5)
    for low, high in ((0.4, 0.9), (0.0, 0.5)):
        light = F.normalize(draw.normal(1, 1, 3) + torch.tensor([0, 0.8, 0], device=albedo.device), dim=-1)
        tint = draw.between(low, high) * (1 + draw.between(-0.15, 0.15, 1, 1, 3))
        facing = (normal * light).sum(-1, keepdim=True).clamp(min=0)
        half = F.normalize(light - directions, dim=-1)
        glance = (normal * half).sum(-1, keepdim=True).clamp(min=1e-4, max=1)
        color = color + tint * (albedo * facing + draw.between(0, 0.5) * glance ** draw.between(8, 60))
    return color


def _plain(
    draw: _Draw, normal: torch.Tensor, directions: torch.Tensor, seen: torch.Tensor, rotation: torch.Tensor
) -> torch.Tensor:
    """As :func:`core.geometry.render.render` draws without colours, on white or grey."""
    up_left = F.normalize(torch.tensor([-0.4, -0.8, -0.45], device=normal.device), dim=0)
    toward = (rotation.transpose(1, 2) @ up_left)[:, None, None]
    head = -(normal * directions).sum(-1, keepdim=True)
    light = 0.32 + 0.5 * head.clamp(0, 1) + 0.3 * (normal * toward).sum(-1, keepdim=True).clamp(0, 1)
    ground = torch.tensor([1.0, 0.85, 0.5], device=normal.device)[draw.choice([1, 1, 1])][:, None, None, None]
    return torch.where(seen[..., None], (0.72 * light).clamp(0, 1), ground).expand(*seen.shape, 3)


def _photo_cuts(draw: _Draw, folder: str, size: int) -> torch.Tensor:
    """A random square of a random photo for each picture, [N, size, size, 3]."""
    photos = torch.from_numpy(photo_squares(folder)).to(draw.device)
    chosen = photos[torch.randint(len(photos), (draw.count,), generator=draw.generator, device=draw.device)]
    scale = draw.between(0.3, 1, 1)
    shift = draw.between(-1, 1, 2) * (1 - scale)
    theta = torch.zeros(draw.count, 2, 3, device=draw.device)
    theta[:, 0, 0] = (scale * torch.where(draw.chance(0.5, 1), 1.0, -1.0))[:, 0]
    theta[:, 1, 1], theta[:, :, 2] = scale[:, 0], shift
    grid = F.affine_grid(theta, [draw.count, 3, size, size], align_corners=False)
    cut = F.grid_sample(chosen.movedim(-1, 1).float() / 255, grid, align_corners=False, padding_mode="border")
    return cut.movedim(1, -1)


def _texture(draw: _Draw, settings: PictureSettings) -> torch.Tensor:
    """Noise of several scales around one colour, or a cut-out of a photo: [N, S, S, 3]."""
    size = settings.size
    picture = draw.between(0.05, 0.95, 3, 1, 1).expand(-1, 3, size, size)
    for cells in (3, 8, 24, 64):
        gray = draw.chance(2 / 3, 1, 1, 1)
        noise = draw.normal(3, cells, cells)
        noise = torch.where(gray, noise[:, :1], noise) * draw.between(0, 0.22)
        picture = picture + F.interpolate(noise, size=(size, size), mode="bicubic", align_corners=False)
    texture = picture.movedim(1, -1)
    if settings.photos:
        texture = torch.where(draw.chance(0.5), _photo_cuts(draw, settings.photos, size), texture)
    return texture


def _background(draw: _Draw, settings: PictureSettings) -> torch.Tensor:
    picture = _texture(draw, settings)
    count = torch.randint(0, 9, (draw.count, 1, 1), generator=draw.generator, device=draw.device)
    for number in range(8):
        where = _patch(draw, settings.size, 0.05, 0.35) & (number < count)
        picture = torch.where(where[..., None], _texture(draw, settings), picture)
    return picture


def _put_in_front(draw: _Draw, image: torch.Tensor, settings: PictureSettings) -> tuple[torch.Tensor, torch.Tensor]:
    covered = torch.zeros(image.shape[:3], dtype=torch.bool, device=image.device)
    count = torch.randint(1, 4, (draw.count, 1, 1), generator=draw.generator, device=draw.device)
    count = count * draw.chance(settings.occluded, 1, 1)
    for number in range(3):
        where = _patch(draw, settings.size, 0.06, 0.22) & (number < count)
        image = torch.where(where[..., None], _texture(draw, settings), image)
        covered = covered | where
    return image, covered


def _patch(draw: _Draw, size: int, low: float, high: float) -> torch.Tensor:
    """A turned rectangle or ellipse anywhere: bool [N, S, S]."""
    v, u = torch.meshgrid(*[torch.arange(size, device=draw.device) / size] * 2, indexing="ij")
    x, y = u - draw.between(0, 1, 1, 1), v - draw.between(0, 1, 1, 1)
    angle = draw.between(0, np.pi, 1, 1)
    across = (x * angle.cos() + y * angle.sin()) / draw.between(low, high, 1, 1)
    along = (y * angle.cos() - x * angle.sin()) / draw.between(low, high, 1, 1)
    ellipse = across**2 + along**2 < 1
    return torch.where(draw.chance(0.5, 1, 1), ellipse, (across.abs() < 1) & (along.abs() < 1))


def _photometric(draw: _Draw, image: torch.Tensor, settings: PictureSettings) -> torch.Tensor:
    """Exposure, contrast, colour cast, grey; in the worn ones low resolution, blur and noise."""
    image = (image - 0.5) * draw.between(0.6, 1.3) + 0.5 + draw.between(-0.15, 0.15)
    image = image * (1 + draw.between(-0.12, 0.12, 1, 1, 3))
    image = torch.where(draw.chance(0.12), image.mean(-1, keepdim=True), image).clamp(0, 1)
    worn = image.movedim(-1, 1)
    size, level = settings.size, draw.choice([1, 1, 1, 1])
    for number, share in enumerate((0.35, 0.5, 0.75)):
        small = F.interpolate(worn, size=int(share * size), mode="area")
        large = F.interpolate(small, size=(size, size), mode="bilinear", align_corners=False)
        worn = torch.where((level == number)[:, None, None, None], large, worn)
    worn = _blur(worn, draw.between(0.1, 1.5, 1)) + draw.normal(3, size, size) * draw.between(0, 0.05)
    return torch.where(draw.chance(settings.worn), worn.movedim(1, -1), image)


def _blur(images: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Gaussian blur of [N, C, S, S], each picture with its own sigma [N, 1] in pixels."""
    n, channels = images.shape[:2]
    kernel = torch.softmax(-(torch.arange(-4, 5, device=images.device) ** 2) / (2 * sigma**2), dim=1)
    kernel = kernel.repeat_interleave(channels, 0)[:, None]
    flat = F.pad(images.reshape(1, n * channels, *images.shape[2:]), (4, 4, 4, 4), mode="replicate")
    flat = F.conv2d(F.conv2d(flat, kernel[:, :, None], groups=n * channels), kernel[..., None], groups=n * channels)
    return flat.view_as(images)
