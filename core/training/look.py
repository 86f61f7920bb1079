"""How training pictures look: every random number of a batch of pictures, drawn once.

:mod:`core.training.pictures` evaluates a :class:`Look` and draws no numbers of its own, so that the same look gives the same picture,
whatever casts the rays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from core.training.photos import Cuts, draw_cuts

PALETTE = 64
"""Colours of a surface: parts beyond that many use them again."""

PATTERNS = {"none": 0.3, "stripes": 0.15, "checks": 0.15, "blotches": 0.25, "speckles": 0.15}
"""Patterns of a surface, and how often each is drawn."""

_FREQUENCY = {"stripes": (20.0, 120.0), "checks": (4.0, 16.0), "blotches": (5.0, 25.0)}
"""Range of the waves of a pattern, in radians per object diagonal."""

NOISE_CELLS = (3, 8, 24, 64)
"""Cells along a side of the picture of each of the noises that a texture is made of."""


@dataclass(frozen=True)
class PictureSettings:
    """How training pictures vary.

    Attributes:
        size: side in pixels.
        elevation: range of the camera's height above the horizon, in degrees.
        fov: range of the field of view, in degrees.
        fill: range of the share of the picture that the object spans; above 1 it is cut off.
        shift: how far the object may lie off the centre, as a fraction of the picture.
        roll: largest roll of most pictures, in degrees.
        any_roll: share of pictures with any roll.
        plain: share of pictures rendered as the program renders CAD models: grey, head light, plain background.
        occluded: share with something in front.
        worn: share that is blurred, noisy, of low resolution and compressed.
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
class Surfaces:
    """The colours and patterns of M surfaces.

    Attributes:
        palette: float32 [M, PALETTE, 3], a colour in [0, 1] for each part.
        own_plainly: bool [M], whether an object that has colours wears them and nothing else, times ``own_gain`` plus ``own_shift``.
        own_gain: float32 [M, 3].
        own_shift: float32 [M, 1].
        own_ground: bool [M], whether an object that has colours wears them, instead of the palette, under the pattern.
        pattern: the number of the pattern of each, in the order of ``PATTERNS``.
        waves: float32 [M, 4, 3], directions of the pattern's waves times their frequency, in radians per object diagonal.
        phase: float32 [M, 4], in radians.
        second: float32 [M, 3], the colour of the pattern.
        strength: float32 [M], how much the pattern covers.
        photos: cut-outs of photos that are wrapped around some of the surfaces instead, or None.
        photo_axes: float32 [M, 3, 2], from the normalised frame to the sides of the photo.
        photo_shift: float32 [M, 2], in sides of the photo.
    """

    palette: torch.Tensor
    own_plainly: torch.Tensor
    own_gain: torch.Tensor
    own_shift: torch.Tensor
    own_ground: torch.Tensor
    pattern: list[int]
    waves: torch.Tensor
    phase: torch.Tensor
    second: torch.Tensor
    strength: torch.Tensor
    photos: Cuts | None
    photo_axes: torch.Tensor
    photo_shift: torch.Tensor


@dataclass
class Lights:
    """Two directional lights and ambient light of N pictures.

    Attributes:
        ambient: float32 [N].
        toward: float32 [N, 2, 3], unit vectors to the lights in the normalised frame.
        color: float32 [N, 2, 3].
        shine: float32 [N, 2], strength of the highlights.
        sharpness: float32 [N, 2], their exponent (Blinn-Phong).
    """

    ambient: torch.Tensor
    toward: torch.Tensor
    color: torch.Tensor
    shine: torch.Tensor
    sharpness: torch.Tensor


@dataclass
class Patches:
    """Turned rectangles and ellipses anywhere in K pictures; lengths in sides of the picture.

    Attributes:
        center: float32 [K, 2], (column, row).
        half: float32 [K, 2], half of the two extents.
        angle: float32 [K], in radians.
        ellipse: bool [K].
    """

    center: torch.Tensor
    half: torch.Tensor
    angle: torch.Tensor
    ellipse: torch.Tensor


@dataclass
class Layer:
    """A texture that is laid over K of the pictures.

    Attributes:
        pictures: the K numbers of the pictures.
        base: float32 [K, 3], the colour in [0, 1] that noise is added to.
        noises: float32 [K, 3, c, c] for each c of ``NOISE_CELLS``.
        photos: cut-outs of photos that some of the K textures are instead, or None.
        patches: where the texture is laid; None is everywhere.
        in_front: whether it hides the object.
    """

    pictures: list[int]
    base: torch.Tensor
    noises: list[torch.Tensor]
    photos: Cuts | None
    patches: Patches | None
    in_front: bool


@dataclass
class Tone:
    """Exposure and colour of N pictures.

    Attributes:
        contrast, exposure: float32 [N].
        cast: float32 [N, 3], factor of each channel.
        gray: bool [N].
    """

    contrast: torch.Tensor
    exposure: torch.Tensor
    cast: torch.Tensor
    gray: torch.Tensor


@dataclass
class Wear:
    """What a poor camera does to W of the pictures.

    Attributes:
        pictures: the W numbers of the pictures.
        side: of each, in pixels: the picture is reduced to it and enlarged again.
        sigma: of each, of the blur, in pixels.
        grain: float32 [W, S, S, 3], noise that is added.
        quality: the JPEG quality of each, 30 to 94.
    """

    pictures: list[int]
    side: list[int]
    sigma: list[float]
    grain: torch.Tensor
    quality: list[int]


@dataclass
class Look:
    """How N pictures look.

    Attributes:
        settings: what it was drawn with.
        plain: whether each is drawn as the program draws CAD models; nothing but ``ground`` below then concerns it.
        ground: float32 [N], grey of the background of plain pictures.
        surface: int64 [N], which of ``surfaces`` each shows.
        surfaces: of the objects.
        speckled: the pictures whose surface has speckles.
        speckles: bool [len(speckled), S, S], where there are some.
        lights: on the objects.
        layers: from the back to the front.
        tone: of the pictures.
        wear: of some of them.
    """

    settings: PictureSettings
    plain: list[bool]
    ground: torch.Tensor
    surface: torch.Tensor
    surfaces: Surfaces
    speckled: list[int]
    speckles: torch.Tensor
    lights: Lights
    layers: list[Layer]
    tone: Tone
    wear: Wear


class Draw:
    """Random float32 numbers from one generator, on its device."""

    def __init__(self, generator: torch.Generator):
        self.generator, self.device = generator, generator.device

    def between(self, low: float, high: float, *shape: int) -> torch.Tensor:
        """Uniform numbers of the shape given."""
        return low + (high - low) * torch.rand(shape, generator=self.generator, device=self.device)

    def normal(self, *shape: int) -> torch.Tensor:
        """Normal numbers of the shape given."""
        return torch.randn(shape, generator=self.generator, device=self.device)

    def chance(self, probability: float, *shape: int) -> torch.Tensor:
        """True with the probability given."""
        return torch.rand(shape, generator=self.generator, device=self.device) < probability

    def whole(self, low: int, high: int, *shape: int) -> torch.Tensor:
        """Integers int64 from ``low`` to ``high`` - 1."""
        return torch.randint(low, high, shape, generator=self.generator, device=self.device)

    def unit(self, *shape: int) -> torch.Tensor:
        """Random unit vectors; the last length of the shape is theirs."""
        return F.normalize(self.normal(*shape), dim=-1)


def draw_look(
    settings: PictureSettings,
    plain: Sequence[bool],
    generator: torch.Generator,
    surface: Sequence[int] | None = None,
    surface_generator: torch.Generator | None = None,
) -> Look:
    """Draw how N pictures look.

    Args:
        settings: how pictures vary; ``settings.plain`` is not used.
        plain: N times, whether the picture is drawn as the program draws CAD models.
        generator: of all random numbers; the look is on its device.
        surface: N numbers counted from 0: pictures with the same number show the same surface. None is another one for each.
        surface_generator: of the surfaces' numbers, instead of ``generator``.
    """
    draw, count = Draw(generator), len(plain)
    which = list(surface) if surface is not None else list(range(count))
    surfaces = _draw_surfaces(Draw(surface_generator or generator), max(which) + 1, settings)
    photo_like = [number for number in range(count) if not plain[number]]
    speckled = [n for n in photo_like if surfaces.pattern[which[n]] == list(PATTERNS).index("speckles")]
    return Look(
        settings,
        list(plain),
        torch.tensor([1.0, 0.85, 0.5], device=draw.device)[draw.whole(0, 3, count)],
        torch.tensor(which, device=draw.device),
        surfaces,
        speckled,
        draw.chance(0.15, len(speckled), settings.size, settings.size),
        _draw_lights(draw, count),
        _draw_layers(draw, photo_like, settings),
        Tone(
            draw.between(0.6, 1.3, count),
            draw.between(-0.15, 0.15, count),
            draw.between(0.88, 1.12, count, 3),
            draw.chance(0.12, count),
        ),
        _draw_wear(draw, photo_like, settings),
    )


def _draw_surfaces(draw: Draw, count: int, settings: PictureSettings) -> Surfaces:
    palette = draw.between(0.08, 0.95, count, PALETTE, 3)
    palette = torch.where(draw.chance(0.35, count, 1, 1), palette[:, :1], palette)
    weights = torch.tensor(list(PATTERNS.values()), device=draw.device)
    pattern = torch.multinomial(weights, count, replacement=True, generator=draw.generator)
    ranges = torch.tensor([_FREQUENCY.get(name, (0.0, 0.0)) for name in PATTERNS], device=draw.device)[pattern]
    frequency = torch.lerp(ranges[:, :1], ranges[:, 1:], draw.between(0, 1, count, 4))
    checks = (pattern == list(PATTERNS).index("checks"))[:, None]
    frequency = torch.where(checks, frequency[:, :1], frequency)
    return Surfaces(
        palette,
        draw.chance(settings.own, count),
        draw.between(0.7, 1.3, count, 1) * draw.between(0.85, 1.15, count, 3),
        draw.between(-0.05, 0.05, count, 1),
        draw.chance(0.7, count),
        pattern.tolist(),
        draw.unit(count, 4, 3) * frequency[..., None],
        draw.between(0, 2 * np.pi, count, 4),
        draw.between(0.08, 0.95, count, 3),
        draw.between(0.2, 0.9, count),
        draw_cuts(draw.generator, settings.photos, count),
        torch.linalg.qr(draw.normal(count, 3, 2)).Q * draw.between(0.7, 2.5, count, 1, 1),
        draw.between(0, 2, count, 2),
    )


def _draw_lights(draw: Draw, count: int) -> Lights:
    toward = draw.normal(count, 2, 3) + torch.tensor([0, 0.8, 0], device=draw.device)
    strength = torch.stack([draw.between(0.4, 0.9, count), draw.between(0, 0.5, count)], dim=1)
    color = strength[..., None] * draw.between(0.85, 1.15, count, 2, 3)
    shine, sharpness = draw.between(0, 0.5, count, 2), draw.between(8, 60, count, 2)
    return Lights(draw.between(0.15, 0.5, count), F.normalize(toward, dim=-1), color, shine, sharpness)


def _draw_layers(draw: Draw, pictures: Sequence[int], settings: PictureSettings) -> list[Layer]:
    """The background, up to eight things on it, and up to three things in front of some of the objects."""
    clutter = draw.whole(0, 9, len(pictures)).tolist()
    front = (draw.whole(1, 4, len(pictures)) * draw.chance(settings.occluded, len(pictures))).tolist()
    layers = [_draw_layer(draw, list(pictures), settings, None, False)]
    for counts, extents, in_front in ((clutter, (0.05, 0.35), False), (front, (0.06, 0.22), True)):
        for number in range(max(counts, default=0)):
            some = [picture for picture, count in zip(pictures, counts, strict=True) if number < count]
            layers.append(_draw_layer(draw, some, settings, extents, in_front))
    return [layer for layer in layers if layer.pictures]


def _draw_layer(
    draw: Draw, pictures: list[int], settings: PictureSettings, extents: tuple[float, float] | None, in_front: bool
) -> Layer:
    count = len(pictures)
    base, scales = draw.between(0.05, 0.95, count, 3), len(NOISE_CELLS)
    sigma, gray = draw.between(0, 0.22, count, 1, 1, scales), draw.chance(2 / 3, count, 1, 1, scales)
    every = draw.normal(count, 3, sum(cells**2 for cells in NOISE_CELLS)).split(
        [cells**2 for cells in NOISE_CELLS], dim=2
    )
    square = [noise.unflatten(2, (cells, cells)) for noise, cells in zip(every, NOISE_CELLS, strict=True)]
    noises = [
        torch.where(gray[..., i : i + 1], noise[:, :1], noise) * sigma[..., i : i + 1] for i, noise in enumerate(square)
    ]
    photos, patches = draw_cuts(draw.generator, settings.photos, count), None
    if extents is not None:
        center, half = draw.between(0, 1, count, 2), draw.between(*extents, count, 2)
        patches = Patches(center, half, draw.between(0, np.pi, count), draw.chance(0.5, count))
    return Layer(pictures, base, noises, photos, patches, in_front)


def _draw_wear(draw: Draw, pictures: Sequence[int], settings: PictureSettings) -> Wear:
    chosen = draw.chance(settings.worn, len(pictures)).tolist()
    worn = [picture for picture, wears in zip(pictures, chosen, strict=True) if wears]
    count, size = len(worn), settings.size
    side, sigma = (draw.between(0.3, 1, count) * size).long().tolist(), draw.between(0.1, 1.5, count).tolist()
    grain = draw.normal(count, size, size, 3) * draw.between(0, 0.05, count, 1, 1, 1)
    return Wear(worn, side, sigma, grain, draw.whole(30, 95, count).tolist())
