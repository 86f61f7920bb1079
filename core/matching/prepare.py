"""Images and shapes made ready to be matched; what takes long to compute is cached on disk."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from core.encoders.base import ImageEncoder, PointEncoder
from core.encoders.feature_map import Box, FeatureMap, check_box, encode_turned
from core.fields import cache
from core.fields.field import FeatureField
from core.fields.from_points import field_from_points
from core.fields.lifting import LiftSettings, lift
from core.geometry.formats import guess_up
from core.geometry.raycasting import Raycaster
from core.geometry.sampling import sample_surface
from core.geometry.shape import Shape
from core.matching.joint import joint_prior, view_set
from core.matching.match import Prior
from core.matching.matchable import MatchableImage, MatchableShape
from core.progress import Progress, silent


def matchable_image(image: npt.NDArray[np.uint8], encoder: ImageEncoder, box: Box | None = None) -> MatchableImage:
    """Make an image ready to be matched; its feature maps come from the disk cache if they were computed before.

    Args:
        image: RGB uint8 [H, W, 3].
        encoder: describes the pixels.
        box: (x0, y0, x1, y1) in pixels around the object, which is all that the encoder sees; None for the whole image.

    Raises:
        CounterpointError: the box is not finite, or has too little of the image in it.
    """
    if box is not None:
        check_box(box, image)
    upright, *others = _feature_maps(image, encoder, box)
    return MatchableImage(upright, (image.shape[1], image.shape[0]), tuple(others), encoder.fingerprint)


def _feature_maps(image: npt.NDArray[np.uint8], encoder: ImageEncoder, box: Box | None) -> Sequence[FeatureMap]:
    picture = hashlib.sha256(np.ascontiguousarray(image).data).hexdigest()
    sizes = str((encoder.photo_size, encoder.input_size))
    key = cache.cache_key("maps", picture, str(image.shape), encoder.fingerprint, sizes, str(box))
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
    """Add the joint prior to a pair, which says where pixels may lie by comparing all pixels with views of the shape.

    Args:
        source: an image or a shape.
        target: an image or a shape.
        up: the axis of the shape's file that points up ("y", "z", "-z", ...).
        progress: is told how far it is.

    Returns:
        Source, target and prior. The image is turned as it agrees best. Two images, or two shapes, are returned as they
        are, and the prior is None.
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
    """Make a shape ready to be matched; its feature field comes from the disk cache if it was built before.

    Args:
        shape: the shape.
        encoder: describes rendered views of it.
        settings: how the views are made.
        progress: is told how far it is.
        point_encoder: describes the shape's points instead, without rendering, which is thirty times quicker and less
            exact.
    """
    caster = Raycaster(shape)
    if point_encoder is not None:
        progress(0.5, "Looking at the points of the shape")
        described = field_from_points(shape, point_encoder, settings.samples, settings.up)
        return MatchableShape(shape, caster, described, point_encoder.fingerprint)
    key = cache.cache_key("field", shape.digest, encoder.fingerprint, settings.key())
    stored = cache.read(key)
    if stored is not None:
        points = sample_surface(shape, settings.samples)
        field = FeatureField(points, stored["descriptors"], stored["observed"].numpy())
    else:
        field = lift(shape, encoder, settings, progress, caster)
        cache.write(key, {"descriptors": field.descriptors, "observed": torch.from_numpy(field.observed)})
    return MatchableShape(shape, caster, field, encoder.fingerprint)


def lift_settings(
    path: str | Path,
    samples: int | None = None,
    azimuths: int | None = None,
    resolution: int | None = None,
    up: str | None = None,
    voxels: int | None = None,
) -> LiftSettings:
    """Return the settings for a shape's file: what is given, and the defaults for the rest.

    Args:
        path: the file, whose format gives the up axis if ``up`` is None.
        samples: the number of surface samples.
        azimuths: the number of views in each ring.
        resolution: the side of a rendered view in pixels.
        up: the axis of the file that points up.
        voxels: the number of cells of the grid that descriptors are averaged in, see
            :class:`core.fields.lifting.LiftSettings`.
    """
    given = {
        "samples": samples,
        "azimuths": azimuths,
        "resolution": resolution,
        "up": up or guess_up(path),
        "voxels": voxels,
    }
    return LiftSettings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
