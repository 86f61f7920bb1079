"""The window's jobs, and one that puts a synthetic field of any size where the real one would be."""

import numpy as np
import torch

from app.engine import cache as loaded
from app.engine import jobs
from app.engine.files import shape_of
from app.shared.values import EncoderSettings, Item
from core.fields.field import FeatureField
from core.geometry.raycasting import Raycaster
from core.geometry.sampling import sample_surface
from core.matching.matchable import MatchableShape


def synthetic(progress, item: Item, encoder: EncoderSettings, dim: int = 128) -> int:
    """A field of ``encoder.samples`` random unit descriptors on the shape of ``item``, with what the first click would
    prepare.
    """
    shape = shape_of(item)
    points = sample_surface(shape, encoder.samples)
    random = torch.nn.functional.normalize(torch.randn(len(points), dim), dim=1).to(torch.bfloat16)
    side = MatchableShape(shape, Raycaster(shape), FeatureField(points, random, np.ones(len(points), bool)))
    loaded.matchable_of.cache[loaded.matchable_of.cache_key(item, encoder)] = side
    loaded.to_display(item, encoder, side)
    return len(points)


JOBS = {**jobs.JOBS, "synthetic": __name__}
