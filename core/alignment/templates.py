"""Pictures of a shape from all around, compared with a photo's crop turned by many angles.

Where a pose is looked for first.

The semantic distance inside both masks of 3D Congealing (Eq. 7), with tight crops; similarity times the square of the
masks' overlap ranks better than either.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from core.alignment.rays import toward
from core.arrays import Floats
from core.encoders.base import ImageEncoder
from core.fields import cache
from core.geometry.camera import framing_camera, look_at
from core.geometry.pose import Pose
from core.geometry.raycasting import Raycaster
from core.geometry.render import render
from core.geometry.viewpoints import sphere_directions
from core.matching.crops import Crop, cells_of, centred, rolled, shrink
from core.progress import Progress, silent


@dataclass(frozen=True)
class TemplateSettings:
    """How templates are drawn and compared.

    Attributes:
        directions: number of viewpoints, spread over the whole sphere: 25 degrees from one to the next, of which the
            descent finds the rest.
        rolls: number of angles by which the photo is turned.
        size: side of a picture in pixels.
        cells: side of its map of descriptors.
        fill: share of a picture that the object spans.
        fov: field of view of the templates in degrees.
    """

    directions: int = 80
    rolls: int = 24
    size: int = 112
    cells: int = 28
    fill: float = 0.78
    fov: float = 15.0

    def crops(self, image: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_]) -> list[Crop]:
        """Crop the object bool [H, W] out of a photo uint8 [H, W, 3], one crop for each roll.

        These are what the templates are compared with.
        """
        return rolled(image, mask, self.size, self.fill, self.rolls)


@dataclass
class TemplateSet:
    """Templates of one shape.

    Attributes:
        rotations: float64 [V, 3, 3], camera from object.
        cameras: float64 [V, 4]: focal length, principal point (pixels) and distance to the middle of the shape
            (diagonals).
        descriptors: bfloat16 [V, cells, cells, D], centred and of unit length inside the mask.
        masks: float32 [V, cells, cells], 0 to 1.
    """

    rotations: Floats
    cameras: Floats
    descriptors: torch.Tensor
    masks: torch.Tensor
    settings: TemplateSettings


def template_set(
    caster: Raycaster,
    encoder: ImageEncoder,
    settings: TemplateSettings = TemplateSettings(),
    progress: Progress = silent,
) -> TemplateSet:
    """The templates of a shape, from the disk cache where they were made before."""
    shape = caster.shape
    hull = shape.normalised[:: max(1, len(shape.normalised) // 5000)]
    directions = sphere_directions(settings.directions)
    rotations, cameras = [], []
    for direction in directions:
        R = look_at(direction, np.array([0.0, 0, 1] if abs(direction[2]) < 0.98 else [0.0, 1, 0]))
        camera = framing_camera(hull, R, settings.size, np.radians(settings.fov), settings.fill)
        rotations.append(R)
        cameras.append(camera)
    key = cache.cache_key("templates", shape.digest, encoder.fingerprint, repr(settings))
    stored = cache.read(key)
    if stored is None:
        stored = _look(caster, encoder, settings, cameras, progress)
        cache.write(key, stored)
    plain = [(c.K[0, 0], c.K[0, 2], c.K[1, 2], (c.R @ np.zeros(3) + c.t)[2]) for c in cameras]
    return TemplateSet(np.stack(rotations), np.array(plain), stored["descriptors"], stored["masks"].float(), settings)


def _look(
    caster: Raycaster, encoder: ImageEncoder, settings: TemplateSettings, cameras: list, progress: Progress
) -> dict[str, torch.Tensor]:
    maps: list[torch.Tensor] = []
    masks: list[torch.Tensor] = []
    for start in range(0, len(cameras), 8):
        progress(start / len(cameras), f"Looking at the shape: view {start} of {len(cameras)}")
        pictures = [render(caster, camera) for camera in cameras[start : start + 8]]
        maps.append(cells_of(encoder, np.stack([picture.rgb for picture in pictures]), settings.cells))
        masks.extend(shrink(picture.hits.mask.astype(np.float32), settings.cells) for picture in pictures)
    mask = torch.stack(masks)
    return {
        "descriptors": centred(torch.cat(maps), mask, together=True).to(torch.bfloat16),
        "masks": mask.to(torch.bfloat16),
    }


def compare(crops: list[Crop], templates: TemplateSet, encoder: ImageEncoder) -> npt.NDArray[np.float32]:
    """Score float32 [K, V] of every crop with every template.

    A score is the similarity inside both masks x the square of the masks' overlap.
    """
    cells = templates.settings.cells
    masks = torch.stack([shrink(crop.mask, cells) for crop in crops])
    maps = centred(cells_of(encoder, np.stack([crop.picture for crop in crops]), cells), masks)
    mine = (maps * masks[..., None]).flatten(1).to(torch.bfloat16)
    theirs = (templates.descriptors * templates.masks[..., None].to(torch.bfloat16)).flatten(1)
    a, b = masks.flatten(1), templates.masks.flatten(1)
    both = a @ b.T
    similarity = (mine @ theirs.T).float() / both.clamp(min=1e-6)
    overlap = both / (a.sum(1)[:, None] + b.sum(1) - both).clamp(min=1e-6)
    return (similarity.clamp(min=0) * overlap**2).numpy()


def pose_of(crop: Crop, number: int, templates: TemplateSet, K: Floats, caster: Raycaster) -> Pose:
    """Find the pose in the photo that looks in a crop as a template does.

    Args:
        crop: of the photo.
        number: of the template.
        templates: of the shape.
        K: intrinsics [3, 3] of the photo in pixels.
        caster: of the shape.
    """
    focal, cx, cy, distance = templates.cameras[number]
    shape = caster.shape
    pixel = crop.to_photo @ [cx, cy, 1]
    step = float(np.hypot(*crop.to_photo[:, 0]))
    depth = K[0, 0] * distance * shape.diagonal / (focal * step)
    ray = np.linalg.solve(K, [*pixel, 1.0])
    c, s = np.cos(crop.angle), np.sin(crop.angle)
    R = toward(ray) @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ templates.rotations[number]
    return Pose(R, ray * depth - R @ shape.center)
