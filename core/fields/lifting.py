"""Feature fields by rendering.

Views around a shape are encoded, and each surface sample averages the descriptors of those that see it.
"""

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree

from core.encoders.base import ImageEncoder
from core.encoders.feature_map import sample_grid
from core.fields.field import FeatureField
from core.geometry.camera import Camera, framing_camera, look_at
from core.geometry.raycasting import Raycaster
from core.geometry.render import Appearance, render
from core.geometry.sampling import sample_surface
from core.geometry.shape import Shape
from core.geometry.viewpoints import UP_AXES, ring_directions
from core.progress import Progress, silent


@dataclass(frozen=True)
class LiftSettings:
    """How the views of a shape are made and averaged.

    Attributes:
        samples: the number of surface samples.
        azimuths: the number of views in each ring around the up axis.
        elevations: the elevations of the rings, in degrees.
        resolution: the side of a rendered view in pixels, 0 for what the encoder likes best.
        fov: the field of view in degrees (how strong the perspective is).
        facing_power: a view's weight for a sample is the cosine of the angle to its normal to this power.
        appearance: the shape's own colours, or plain grey.
        up: the axis of the file that points up when the shape stands ("y", "z", "-z", ...).
        voxels: samples in the same cell of a grid with this many cells to a side share one descriptor, as in the paper
            on inexact alignment (100, with 36 views: 12 azimuths); 0 for no grid.
    """

    samples: int = 20_000
    azimuths: int = 8
    elevations: tuple[float, ...] = (0.0, 30.0, 60.0)
    resolution: int = 0
    fov: float = 35.0
    facing_power: float = 1.0
    appearance: Appearance = "own"
    up: str = "y"
    voxels: int = 0

    def key(self) -> str:
        """Return a text that differs for different settings, as a part of cache keys."""
        return repr(sorted(asdict(self).items()))


def lift(
    shape: Shape,
    encoder: ImageEncoder,
    settings: LiftSettings = LiftSettings(),
    progress: Progress = silent,
    caster: Raycaster | None = None,
) -> FeatureField:
    """Build the feature field of a shape.

    Every view is rendered, encoded and read at the projections of the samples it sees (visibility is exact, by a ray to
    the camera). A sample's descriptor is the mean of unit descriptors, weighted by how squarely each view sees it.
    Samples that no view sees take the descriptor of the nearest sample that is seen, and are marked in
    ``FeatureField.observed``.

    Args:
        shape: the shape.
        encoder: describes the views.
        settings: which views, and how they are averaged.
        progress: is told of every view.
        caster: casts rays at the shape; None makes one.
    """
    caster = caster or Raycaster(shape)
    points = sample_surface(shape, settings.samples)
    total = torch.zeros(len(points), encoder.dim)
    weight = torch.zeros(len(points))
    views = cameras(shape, encoder, settings)
    for i, camera in enumerate(views):
        progress(i / len(views), f"Looking at the shape: view {i + 1} of {len(views)}")
        picture = render(caster, camera, settings.appearance)
        descriptors = encoder.encode(picture.rgb[None]).descriptors[0].cpu()
        seen, facing = seen_samples(caster, camera, points.position, points.normal)
        if len(seen) == 0:
            continue
        pixels, _ = camera.project(points.position[seen])
        cells = (pixels + 0.5) / camera.width * [descriptors.shape[1], descriptors.shape[0]] - 0.5
        factor = torch.from_numpy(facing**settings.facing_power).float()
        total[seen] += factor[:, None] * sample_grid(descriptors, cells)
        weight[seen] += factor
    if settings.voxels:
        total, weight = _by_voxel(points.position, total, weight, settings.voxels)
    observed = (weight > 0).numpy()
    descriptors = torch.nn.functional.normalize(total, dim=-1)
    if not observed.all() and observed.any():
        _, nearest = cKDTree(points.position[observed]).query(points.position[~observed])
        descriptors[torch.from_numpy(~observed)] = descriptors[torch.from_numpy(np.flatnonzero(observed)[nearest])]
    progress(1.0, "Feature field ready")
    return FeatureField(points, descriptors.to(torch.bfloat16), observed)


def _by_voxel(
    position: npt.NDArray[np.floating], total: torch.Tensor, weight: torch.Tensor, voxels: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum descriptors [N, D] and weights [N] over the samples of each cell of a grid around the shape.

    Each sample gets its cell's sums.
    """
    low = position.min(0)
    size = float((position.max(0) - low).max()) / voxels
    cell = np.floor((position - low) / max(size, 1e-12)).astype(np.int64).clip(0, voxels - 1)
    _, group = np.unique(cell @ [voxels * voxels, voxels, 1], return_inverse=True)
    index = torch.from_numpy(group.ravel())
    count = int(index.max()) + 1
    sums = torch.zeros(count, total.shape[1]).index_add_(0, index, total)
    weights = torch.zeros(count).index_add_(0, index, weight)
    return sums[index], weights[index]


def cameras(shape: Shape, encoder: ImageEncoder, settings: LiftSettings) -> list[Camera]:
    """Return the cameras of the views that :func:`lift` renders, in the normalised frame."""
    size = settings.resolution or encoder.input_size
    hull = (
        shape.normalised if len(shape.normalised) < 20_000 else shape.normalised[:: len(shape.normalised) // 20_000 + 1]
    )
    up = np.array(UP_AXES[settings.up], np.float64)
    directions = ring_directions(settings.up, settings.azimuths, settings.elevations)
    return [framing_camera(hull, look_at(d, up), size, np.radians(settings.fov)) for d in directions]


def seen_samples(
    caster: Raycaster, camera: Camera, position: npt.NDArray[np.floating], normal: npt.NDArray[np.floating]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.floating]]:
    """Find the samples that a camera sees; of an open surface both sides are seen.

    Args:
        caster: of the shape.
        camera: the camera, in the normalised frame.
        position: the samples, float [N, 3] in the normalised frame.
        normal: their unit normals, float [N, 3].

    Returns:
        The indices int64 [n] of the samples that are seen, and the cosine of the angle between their normals and the
        direction to the camera, float [n].
    """
    toward = camera.center - position
    cosine = np.abs(np.sum(toward * normal, axis=1)) / np.linalg.norm(toward, axis=1)
    candidates = np.flatnonzero(cosine > 0.05)
    seen = candidates[caster.visible(position[candidates], normal[candidates], camera.center)]
    return seen, cosine[seen]
