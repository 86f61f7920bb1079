"""Pictures of objects as a camera might take them: random view, light, surface, background, things in front, and a worn lens.

The renderer is Open3D's ray casting, on the CPU; every pixel knows the surface point it shows.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.camera import Camera, framing_camera, look_at
from core.geometry.raycasting import surface_normal, surface_position
from core.geometry.render import render, surface_color
from core.images import load_image
from core.training.procedural import Object3D

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class PictureSettings:
    """How pictures vary; angles in degrees.

    Attributes:
        size: side in pixels.
        elevation: range of the camera's height above the horizon.
        fov: range of the field of view.
        fill: range of the share of the picture that the object spans; above 1 it is cut off.
        shift: how far the object may lie off the centre, as a fraction of the picture.
        roll, any_roll: largest roll of most pictures, and the share with any roll.
        plain: share of pictures rendered as the program renders CAD models: grey, head light, white.
        occluded: share with something in front.
        worn: share that is blurred, noisy or of low resolution.
        own: share in which an object that has colours wears them without patterns, a little brighter or darker.
        photos: a folder of the user's photos; cut-outs of them become backgrounds, surfaces and things in front, half of the time.
    """

    size: int = 224
    elevation: tuple[float, float] = (-26, 83)
    fov: tuple[float, float] = (17, 69)
    fill: tuple[float, float] = (0.55, 1.2)
    shift: float = 0.12
    roll: float = 14
    any_roll: float = 0.15
    plain: float = 0.22
    occluded: float = 0.3
    worn: float = 0.5
    own: float = 0.0
    photos: str | None = None


@dataclass
class Picture:
    """A picture and what its pixels show.

    Attributes:
        image: uint8 [S, S, 3].
        mask: bool [S, S], pixels that show the object.
        point, normal: float32 [S, S, 3], place (normalised object frame) and normal (camera frame); 0 outside the mask.
        depth: float32 [S, S], distance along the ray less its mean over the object; 0 outside.
        part: int32 [S, S], -1 outside.
        local: float32 [S, S, 3], coordinates within the primitive; 0 outside.
        camera: the view.
    """

    image: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.bool_]
    point: npt.NDArray[np.float32]
    normal: npt.NDArray[np.float32]
    depth: npt.NDArray[np.float32]
    part: npt.NDArray[np.int32]
    local: npt.NDArray[np.float32]
    camera: Camera


@dataclass(frozen=True)
class Surface:
    """How an object looks: one seed of patterns and colours, so that two pictures can show the same thing."""

    seed: int

    def color(
        self, item: Object3D, face: npt.NDArray, bary: Floats, point: Floats, photos: str | None = None, plainly: float = 0.0
    ) -> Floats:  # fmt: skip
        """Albedo float64 [N, 3] of surface points; ``plainly`` is ``PictureSettings.own``."""
        rng = np.random.default_rng(self.seed)
        own = surface_color(item.shape, face, bary)
        if plainly and own is not None and rng.random() < plainly:
            return np.clip(own * rng.uniform(0.7, 1.3) * rng.uniform(0.85, 1.15, 3) + rng.uniform(-0.05, 0.05), 0, 1)
        if photos and rng.random() < 0.5:
            return _wrap(cut_photo(photos, 256, rng), point, rng)
        parts = int(item.face_part.max()) + 1
        palette = rng.uniform(0.08, 0.95, (parts, 3))
        if rng.random() < 0.35:
            palette[:] = palette[0]
        base = palette[item.face_part[face]] if own is None or rng.random() < 0.3 else own
        kind = rng.choice(["none", "stripes", "checks", "blotches", "speckles"], p=[0.3, 0.15, 0.15, 0.25, 0.15])
        second = rng.uniform(0.08, 0.95, 3)
        weight = _pattern(kind, point, rng) * rng.uniform(0.2, 0.9)
        return base * (1 - weight[:, None]) + second * weight[:, None]


def take_picture(
    item: Object3D,
    rng: np.random.Generator,
    settings: PictureSettings = PictureSettings(),
    surface: Surface | None = None,
) -> Picture:
    """One picture from a random place; ``surface`` None draws a new one."""
    surface = surface or Surface(int(rng.integers(2**31)))
    camera = random_camera(item, rng, settings)
    plain = rng.random() < settings.plain
    hits = item.caster.view(camera)
    mask = hits.mask
    face, bary = hits.face[mask], hits.bary[mask]
    origins, directions = camera.rays(camera.pixel_grid()[mask])
    point = surface_position(item.shape, face, bary)
    normal = surface_normal(item.shape, face, bary)
    normal = np.where(np.sum(normal * directions, axis=1, keepdims=True) > 0, -normal, normal)
    image: Floats
    if plain:
        drawn = render(item.caster, camera, "plain", supersample=2, background=float(rng.choice([1.0, 0.85, 0.5])))
        image = drawn.rgb.astype(np.float32) / 255
    else:
        image = _background(settings, rng)
        image[mask] = _lit(
            surface.color(item, face, bary, point, settings.photos, settings.own), normal, directions, rng
        )
        if rng.random() < settings.occluded:
            mask = mask & ~_put_in_front(image, settings, rng)
        image = _photometric(image, rng, settings)
    shown = mask[hits.mask]
    distance = np.linalg.norm(point - origins, axis=1)
    local = np.einsum("nk,nkd->nd", bary, item.local[item.shape.faces[face]])
    return Picture(
        (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8),
        mask,
        _fill(mask, point[shown]),
        _fill(mask, (normal @ camera.R.T)[shown]),
        _fill(mask, distance[shown] - (distance[shown].mean() if shown.any() else 0)),
        np.where(mask, item.face_part[np.maximum(hits.face, 0)], -1).astype(np.int32),
        _fill(mask, local[shown]),
        camera,
    )


def _fill(mask: npt.NDArray[np.bool_], values: Floats) -> Floats:
    whole = np.zeros((*mask.shape, *values.shape[1:]), np.float32)
    whole[mask] = values
    return whole


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


def _lit(albedo: Floats, normal: Floats, directions: Floats, rng: np.random.Generator) -> Floats:
    """Two directional lights of their own colour, ambient light and a highlight (Blinn-Phong)."""
    color = albedo * rng.uniform(0.15, 0.5)
    for strength in (rng.uniform(0.4, 0.9), rng.uniform(0, 0.5)):
        light = rng.normal(size=3) + [0, 0.8, 0]
        light /= np.linalg.norm(light)
        tint = 1 + rng.uniform(-0.15, 0.15, 3)
        half = light - directions
        half /= np.linalg.norm(half, axis=1, keepdims=True)
        shine = rng.uniform(0, 0.5) * np.clip(np.sum(normal * half, axis=1), 0, 1) ** rng.uniform(8, 60)
        color = color + strength * tint * (albedo * np.clip(normal @ light, 0, 1)[:, None] + shine[:, None])
    return color


def _pattern(kind: str, point: Floats, rng: np.random.Generator) -> Floats:
    """Weights [N] in [0, 1] over object space."""
    waves = rng.normal(size=(4, 3))
    waves /= np.linalg.norm(waves, axis=1, keepdims=True)
    phase = rng.uniform(0, 2 * np.pi, 4)
    if kind == "stripes":
        return (np.sin(point @ waves[0] * rng.uniform(20, 120) + phase[0]) > 0).astype(float)
    if kind == "checks":
        cells = np.floor(point @ waves[:3].T * rng.uniform(4, 16) + phase[:3])
        return (cells.sum(axis=1) % 2).astype(float)
    if kind == "blotches":
        total = np.sin(point @ (waves * rng.uniform(5, 25, (4, 1))).T + phase).sum(axis=1)
        return np.clip(total / 2 + 0.5, 0, 1)
    if kind == "speckles":
        return (rng.random(len(point)) < 0.15).astype(float)
    return np.zeros(len(point))


def _wrap(texture: Floats, point: Floats, rng: np.random.Generator) -> Floats:
    """Colours [N, 3] of a picture laid over object space along a random direction, mirrored at its edges."""
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0][:2]
    size = len(texture)
    at = np.abs((point @ axes.T * rng.uniform(0.7, 2.5) + rng.uniform(0, 2, 2)) % 2 - 1) * (size - 1)
    column, row = at.astype(int).T
    return texture[row, column]


@lru_cache
def _photo_files(folder: str) -> tuple[str, ...]:
    files = sorted(str(f) for f in Path(folder).rglob("*") if f.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    if not files:
        raise CounterpointError(f"{folder} has no photos in it (JPEG, PNG, WebP).")
    return tuple(files)


@lru_cache(512)
def _photo(file: str) -> npt.NDArray[np.uint8]:
    photo = load_image(file)
    shrink = min(1.0, 640 / max(photo.shape))
    size = (max(1, round(photo.shape[1] * shrink)), max(1, round(photo.shape[0] * shrink)))
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache
def photo_squares(folder: str, most: int = 4000, size: int = 256) -> npt.NDArray[np.uint8]:
    """The middle squares of a folder's photos, uint8 [M, size, size, 3]."""
    squares = []
    for file in _photo_files(folder)[:most]:
        photo = _photo(file)
        side = min(photo.shape[:2])
        row, column = (photo.shape[0] - side) // 2, (photo.shape[1] - side) // 2
        cut = photo[row : row + side, column : column + side]
        squares.append(cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA))
    return np.stack(squares)


def cut_photo(folder: str, size: int, rng: np.random.Generator) -> Floats:
    """A random square cut-out of a random photo, float32 [size, size, 3]."""
    files = _photo_files(folder)
    photo = _photo(files[int(rng.integers(len(files)))])
    side = int(min(photo.shape[:2]) * rng.uniform(0.3, 1))
    row, column = (int(rng.integers(length - side + 1)) for length in photo.shape[:2])
    cut = photo[row : row + side, column : column + side][:, :: int(rng.choice([-1, 1]))]
    return cv2.resize(cut.astype(np.float32) / 255, (size, size), interpolation=cv2.INTER_AREA)


def _texture(settings: PictureSettings, rng: np.random.Generator) -> Floats:
    """A cut-out of a photo, or noise of several scales around one colour: float32 [size, size, 3]."""
    size = settings.size
    if settings.photos and rng.random() < 0.5:
        return cut_photo(settings.photos, size, rng)
    picture = np.tile(rng.uniform(0.05, 0.95, 3).astype(np.float32), (size, size, 1))
    for cells in (3, 8, 24, 64):
        noise = rng.normal(0, rng.uniform(0, 0.22), (cells, cells, int(rng.choice([1, 1, 3])))).astype(np.float32)
        picture += cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC).reshape(size, size, -1)
    return picture


def _background(settings: PictureSettings, rng: np.random.Generator) -> Floats:
    """A surface, often with clutter: blocks and blobs with textures of their own."""
    picture = _texture(settings, rng)
    for _ in range(int(rng.integers(0, 9))):
        where = _patch(settings.size, rng, 0.05, 0.35)
        picture[where] = _texture(settings, rng)[where]
    return picture


def _put_in_front(image: Floats, settings: PictureSettings, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Draw up to three things over the picture; returns where."""
    covered = np.zeros(image.shape[:2], bool)
    for _ in range(int(rng.integers(1, 4))):
        where = _patch(settings.size, rng, 0.06, 0.22)
        image[where] = _texture(settings, rng)[where]
        covered |= where
    return covered


def _patch(size: int, rng: np.random.Generator, low: float, high: float) -> npt.NDArray[np.bool_]:
    canvas = np.zeros((size, size), np.uint8)
    center = tuple(int(v) for v in rng.integers(0, size, 2))
    axes = (float(2 * rng.uniform(low, high) * size), float(2 * rng.uniform(low, high) * size))
    angle = float(rng.uniform(0, 180))
    if rng.random() < 0.5:
        cv2.ellipse(canvas, (center, axes, angle), 1, -1)
    else:
        cv2.fillPoly(canvas, [cv2.boxPoints((center, axes, angle)).astype(np.int32)], 1)
    return canvas.astype(bool)


def _photometric(image: Floats, rng: np.random.Generator, settings: PictureSettings) -> Floats:
    """Exposure, contrast, colour cast, grey; in the worn ones blur, low resolution, noise and JPEG."""
    image = (image - 0.5) * rng.uniform(0.6, 1.3) + 0.5 + rng.uniform(-0.15, 0.15)
    image = (image * (1 + rng.uniform(-0.12, 0.12, 3))).astype(np.float32)
    if rng.random() < 0.12:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    image = np.clip(image, 0, 1).astype(np.float32)
    if rng.random() >= settings.worn:
        return image
    size = settings.size
    small = int(size * rng.uniform(0.3, 1))
    image = cv2.resize(cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA), (size, size))
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.1, 1.5))
    noisy = np.clip(image + rng.normal(0, rng.uniform(0, 0.05), image.shape), 0, 1)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))]
    _, data = cv2.imencode(".jpg", (noisy * 255).astype(np.uint8), quality)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.float32) / 255
