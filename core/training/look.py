"""How training pictures look.

Every random number of a batch of pictures is drawn once, and evaluated as often as one likes.

The same look gives the same picture, whatever casts the rays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.training.draw import Draw
from core.training.layers import draw_layers
from core.training.parallel import each
from core.training.scene import TracedScene, Visible
from core.training.surfaces import Surfaces
from core.training.surroundings import Surroundings, shade


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
        plain_own: share of plain pictures in which an object that has colours wears them, as the program draws it.
        photos: a folder of the user's photos; cut-outs of them become backgrounds, surfaces and things in front, half
            of the time.
        surrounded: whether about half of the objects are lit from all around, by those photos in the place of panoramas.
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
    plain_own: float = 0.0
    photos: str | None = None
    surrounded: bool = False


class Look:
    """How N pictures look.

    Attributes:
        settings: what it was drawn with.
        plain: whether each is drawn as the program draws CAD models; then only ``ground`` and ``plain_own`` concern it.
        ground: float32 [N], grey of the background of plain pictures.
        plain_own: bool [N], whether a plain picture shows the object's own colours.
        surfaces: of the objects.
    """

    def __init__(
        self,
        settings: PictureSettings,
        plain: Sequence[bool],
        generator: torch.Generator,
        surface: Sequence[int] | None = None,
        surface_generator: torch.Generator | None = None,
    ):
        """Draw a look.

        Args:
            settings: how pictures vary; ``settings.plain`` is not used.
            plain: N times, whether the picture is drawn as the program draws CAD models.
            generator: of all random numbers; the look is on its device.
            surface: N numbers counted from 0: pictures with the same number show the same surface. None is another one
                for each.
            surface_generator: of the surfaces' numbers, instead of ``generator``.
        """
        draw, count, size = Draw(generator), len(plain), settings.size
        which = list(range(count)) if surface is None else list(surface)
        photo_like = [number for number in range(count) if not plain[number]]
        self.settings, self.plain = settings, list(plain)
        self.ground = torch.tensor([1.0, 0.85, 0.5], device=draw.device)[draw.whole(0, 3, count)]
        drawn = Draw(surface_generator or generator)
        self.surfaces = Surfaces(drawn, max(which) + 1, settings.own, settings.photos)
        self._surface = torch.tensor(which, device=draw.device)
        speckled = [number for number in photo_like if self.surfaces.pattern[which[number]] == "speckles"]
        self._speckles = torch.zeros(count, size, size, dtype=torch.bool, device=draw.device)
        self._speckles[speckled] = draw.chance(0.15, len(speckled), size, size)
        self._lights = [Light(draw, count, (0.4, 0.9)), Light(draw, count, (0.0, 0.5))]
        self._ambient = draw.between(0.15, 0.5, count, 1)
        self._layers = draw_layers(draw, photo_like, settings.photos, settings.occluded)
        self._contrast, self._exposure = (
            draw.between(0.6, 1.3, count, 1, 1, 1),
            draw.between(-0.15, 0.15, count, 1, 1, 1),
        )
        self._cast, self._gray = draw.between(0.88, 1.12, count, 3, 1, 1), draw.chance(0.12, count, 1, 1, 1)
        self._wear = Wear(draw, photo_like, settings)
        self.plain_own = draw.chance(settings.plain_own, count)
        surrounded = settings.surrounded and settings.photos
        self._surroundings = Surroundings(draw, count, settings.photos or "") if surrounded else None

    def evaluate(self, scene: TracedScene, seen: Visible) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw the pictures that are not plain.

        Args:
            scene: the objects.
            seen: the pixels of all N pictures that show them.

        Returns:
            Images float32 [N, 3, S, S] in [0, 1], of no use where plain, and where something stands in front, bool [N,
            S, S].
        """
        count, size = len(self.plain), self.settings.size
        image = torch.zeros(count, 3, size, size, device=scene.device)
        covered = torch.zeros(count, size, size, dtype=torch.bool, device=scene.device)
        for layer in self._layers:
            if not layer.in_front:
                layer.lay(image, covered)
        if any(self.plain):
            photo_like = ~torch.tensor(self.plain, device=scene.device)
            seen = seen.some(torch.nonzero(photo_like[seen.picture])[:, 0])
        at = seen.picture, seen.row, seen.column
        albedo = self.surfaces.albedo(scene, seen, self._surface[seen.picture], self._speckles[at])
        image[seen.picture, :, seen.row, seen.column] = self._lit(albedo, seen)
        for layer in self._layers:
            if layer.in_front:
                layer.lay(image, covered)
        image = ((image - 0.5) * self._contrast + 0.5 + self._exposure) * self._cast
        image = torch.where(self._gray, image.mean(1, keepdim=True), image).clamp(0, 1)
        self._wear.apply(image)
        return image, covered

    def _lit(self, albedo: torch.Tensor, seen: Visible) -> torch.Tensor:
        """The colours float32 [P, 3] of pixels of an albedo [P, 3]: by two lamps, or by one and what is all around."""
        lamp, other = (light.shade(albedo, seen) for light in self._lights)
        lit = albedo * self._ambient[seen.picture] + other
        if self._surroundings is not None:
            around = albedo * shade(self._surroundings.light(), seen)
            lit = torch.where(self._surroundings.lit[seen.picture, None], around, lit)
        return lit + lamp


class Light:
    """A directional light of its own colour on each of N pictures, with a highlight (Blinn-Phong).

    Its strength is in a range.
    """

    def __init__(self, draw: Draw, count: int, strength: tuple[float, float]):
        toward = draw.normal(count, 3) + torch.tensor([0, 0.8, 0], device=draw.device)
        self._toward = F.normalize(toward, dim=-1)
        self._color = draw.between(*strength, count, 1) * draw.between(0.85, 1.15, count, 3)
        self._shine, self._sharpness = draw.between(0, 0.5, count, 1), draw.between(8, 60, count, 1)

    def shade(self, albedo: torch.Tensor, seen: Visible) -> torch.Tensor:
        """What the light adds to the colours of pixels, float32 [P, 3], whose surfaces have an albedo [P, 3]."""
        toward = self._toward[seen.picture]
        facing = (seen.normal * toward).sum(-1, keepdim=True).clamp(min=0)
        half = F.normalize(toward - seen.direction, dim=-1)
        glance = (seen.normal * half).sum(-1, keepdim=True).clamp(min=1e-4) ** self._sharpness[seen.picture]
        return self._color[seen.picture] * (albedo * facing + self._shine[seen.picture] * glance)


class Wear:
    """What a poor camera does to a share of some pictures.

    It is low resolution, blur, noise and JPEG, by OpenCV on the CPU.
    """

    def __init__(self, draw: Draw, pictures: Sequence[int], settings: PictureSettings):
        worn = draw.chance(settings.worn, len(pictures)).tolist()
        self._pictures = [picture for picture, wears in zip(pictures, worn, strict=True) if wears]
        count, size = len(self._pictures), settings.size
        self._sides = (draw.between(0.3, 1, count) * size).long().tolist()
        self._sigmas, self._qualities = draw.between(0.1, 1.5, count).tolist(), draw.whole(30, 95, count).tolist()
        self._grain = draw.normal(count, size, size, 3) * draw.between(0, 0.05, count, 1, 1, 1)

    def apply(self, image: torch.Tensor) -> None:
        """Wear images float32 [N, 3, S, S] in [0, 1], in place."""
        if not self._pictures:
            return
        host = image[self._pictures].permute(0, 2, 3, 1).contiguous().cpu().numpy()
        given = zip(host, self._grain.cpu().numpy(), self._sides, self._sigmas, self._qualities, strict=True)
        pixels = torch.from_numpy(np.stack(each(lambda values: _worn(*values), list(given)))).to(image.device)
        image[self._pictures] = pixels.permute(0, 3, 1, 2).float() / 255


def _worn(
    image: npt.NDArray[np.float32], grain: npt.NDArray[np.float32], side: int, sigma: float, quality: int
) -> npt.NDArray[np.uint8]:
    """An image float32 [S, S, 3] after all wear.

    It is reduced to ``side`` pixels, blurred by ``sigma`` pixels, JPEG of a quality.
    """
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(cv2.resize(small, image.shape[:2]), (0, 0), sigma)
    noisy = (np.clip(soft + grain, 0, 1) * 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", noisy[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    read = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert read is not None
    return np.asarray(read[..., ::-1], np.uint8)
