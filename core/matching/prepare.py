"""From files to the two sides of a match; what is dear is cached on disk."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from core.encoders.base import ImageEncoder, PointEncoder
from core.encoders.feature_map import Box, FeatureMap, encode_turned
from core.fields import cache
from core.fields.field import FeatureField
from core.fields.from_points import field_from_points
from core.fields.lifting import LiftSettings, lift
from core.geometry.raycasting import Raycaster
from core.geometry.sampling import sample_surface
from core.geometry.shape import SUFFIXES, Shape
from core.matching.joint import joint_prior, view_set
from core.matching.match import Prior
from core.matching.matchable import MatchableImage, MatchableShape
from core.progress import Progress, silent


def is_shape(path: str | Path) -> bool:
    """Whether a file name is that of a shape (everything else is taken for an image)."""
    return Path(path).suffix.lower() in SUFFIXES


def matchable_image(image: npt.NDArray[np.uint8], encoder: ImageEncoder, box: Box | None = None) -> MatchableImage:
    """An image uint8 [H, W, 3] ready to be matched; the encoder sees the part that ``box`` frames. The result is cached."""
    upright, *others = _feature_maps(image, encoder, box)
    return MatchableImage(upright, (image.shape[1], image.shape[0]), tuple(others))


def _feature_maps(image: npt.NDArray[np.uint8], encoder: ImageEncoder, box: Box | None) -> Sequence[FeatureMap]:
    picture = hashlib.sha256(np.ascontiguousarray(image).data).hexdigest()
    key = cache.cache_key("maps", picture, str(image.shape), encoder.fingerprint, str(encoder.photo_size), str(box))
    stored = cache.read(key)
    if stored is not None:
        frame, area = (tuple(stored[name].tolist()) for name in ("frame", "box"))
        foregrounds = stored.get("foreground", [None] * len(stored["descriptors"]))
        return [FeatureMap(d, f, frame, area) for d, f in zip(stored["descriptors"], foregrounds, strict=True)]
    maps = encode_turned(encoder, image, box)
    tensors = {
        "descriptors": torch.stack([m.descriptors for m in maps]),
        "frame": torch.tensor(maps[0].frame, dtype=torch.float64),
        "box": torch.tensor(maps[0].box, dtype=torch.float64),
    }
    if maps[0].foreground is not None:
        tensors["foreground"] = torch.stack([m.foreground for m in maps if m.foreground is not None])
    cache.write(key, tensors)
    return maps


def with_joint_prior(
    source: MatchableImage | MatchableShape,
    target: MatchableImage | MatchableShape,
    up: str,
    progress: Progress = silent,
) -> tuple[MatchableImage | MatchableShape, MatchableImage | MatchableShape, Prior | None]:
    """An image and a shape (in either order) with the prior of all pixels together; two of a kind as they are.

    ``up`` is the direction that points up in the shape's file.
    """
    if isinstance(source, MatchableImage) and isinstance(target, MatchableShape):
        image, prior = joint_prior(source, target, view_set(target, up, progress=progress))
        return image, target, prior
    if isinstance(source, MatchableShape) and isinstance(target, MatchableImage):
        image, prior = joint_prior(target, source, view_set(source, up, progress=progress))
        return source, image, prior
    return source, target, None


def matchable_shape(
    shape: Shape,
    encoder: ImageEncoder,
    settings: LiftSettings = LiftSettings(),
    progress: Progress = silent,
    point_encoder: PointEncoder | None = None,
) -> MatchableShape:
    """A shape ready to be matched; its field comes from the disk cache where it was built before.

    With ``point_encoder`` it comes from the shape's points, without rendering: thirty times quicker and less exact.
    """
    caster = Raycaster(shape)
    if point_encoder is not None:
        progress(0.5, "Looking at the points of the shape")
        return MatchableShape(shape, caster, field_from_points(shape, point_encoder, settings.samples, settings.up))
    key = cache.cache_key("field", shape.digest, encoder.fingerprint, settings.key())
    stored = cache.read(key)
    if stored is not None:
        points = sample_surface(shape, settings.samples)
        field = FeatureField(points, stored["descriptors"], stored["observed"].numpy())
    else:
        field = lift(shape, encoder, settings, progress, caster)
        cache.write(key, {"descriptors": field.descriptors, "observed": torch.from_numpy(field.observed)})
    return MatchableShape(shape, caster, field)


def guess_up(path: str | Path) -> str:
    """The usual up axis of a file's format: z for STL, PLY and points as text (CAD and scans), y for the others (glTF demands it)."""
    return "z" if Path(path).suffix.lower() in (".stl", ".ply", ".xyz", ".asc", ".pts", ".ptx") else "y"


def lift_settings(
    path: str | Path,
    samples: int | None = None,
    azimuths: int | None = None,
    resolution: int | None = None,
    up: str | None = None,
    voxels: int | None = None,
) -> LiftSettings:
    """The settings for a shape's file: the defaults where None is given."""
    given = {
        "samples": samples,
        "azimuths": azimuths,
        "resolution": resolution,
        "up": up or guess_up(path),
        "voxels": voxels,
    }
    return LiftSettings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
