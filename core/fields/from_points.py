"""Feature fields by a point encoder, directly and without rendering (Tango3D, arXiv:2605.19727: tokens of points)."""

import numpy as np
import torch
from scipy.spatial import cKDTree

from core.encoders.base import EncodedPoints, PointEncoder
from core.fields.field import FeatureField
from core.geometry.sampling import SurfacePoints, sample_surface
from core.geometry.shape import Shape
from core.geometry.viewpoints import upright_rotation


def encode_shape(shape: Shape, encoder: PointEncoder, up: str = "y") -> EncodedPoints:
    """Describe a shape by its points.

    Args:
        shape: the shape.
        encoder: the point encoder.
        up: the axis of the shape's file that points up.

    Returns:
        The tokens and the vector of the shape; the places of the tokens are in its normalised frame.
    """
    points = sample_surface(shape, encoder.points)
    if len(points) < encoder.points:  # a small point cloud
        repeated = np.resize(np.arange(len(points)), encoder.points)
        position, normal = points.position[repeated], points.normal[repeated]
    else:
        position, normal = points.position, points.normal
    turn = upright_rotation(up)
    encoded = encoder.encode(position @ turn.T, normal @ turn.T)
    return EncodedPoints((encoded.places @ turn).astype(np.float32), encoded.descriptors, encoded.vector)


def field_from_points(shape: Shape, encoder: PointEncoder, samples: int = 20_000, up: str = "y") -> FeatureField:
    """Build a feature field whose samples mix the descriptors of the three nearest tokens, by inverse distance.

    Args:
        shape: the shape.
        encoder: the point encoder.
        samples: the number of surface samples.
        up: the axis of the shape's file that points up.
    """
    encoded = encode_shape(shape, encoder, up)
    points = sample_surface(shape, samples)
    return FeatureField(points, mix_tokens(encoded, points).to(torch.bfloat16), np.ones(len(points), bool))


def mix_tokens(encoded: EncodedPoints, points: SurfacePoints) -> torch.Tensor:
    """Return unit descriptors float32 [N, D] at N surface points.

    They are mixed of those of the three nearest tokens by inverse distance.
    """
    distance, index = cKDTree(encoded.places).query(points.position, k=min(3, len(encoded.places)))
    distance, index = distance.reshape(len(points), -1), index.reshape(len(points), -1)
    weight = torch.from_numpy(1 / np.maximum(distance, 1e-4)).float()
    unit = torch.nn.functional.normalize(encoded.descriptors, dim=-1)
    mixed = (weight[..., None] * unit[torch.from_numpy(index)]).sum(1)
    return torch.nn.functional.normalize(mixed, dim=-1)
