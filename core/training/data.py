"""The pairs of pictures of a run."""

from collections.abc import Sequence

import torch

from core.errors import CounterpointError
from core.training.pair_data import Extras, PairData
from core.training.pair_settings import PairSettings
from core.training.recipe import PairRecipe
from core.training.scene import Object3D


def pairs(
    recipe: PairRecipe,
    settings: PairSettings,
    device: torch.device,
    items: Sequence[Object3D] | None,
    extras: Extras | None = None,
) -> PairData:
    """The pairs that a run learns from, by the renderer that the recipe asks for.

    Args:
        recipe: the numbers of the run.
        settings: what a pair is.
        device: what the run learns on.
        items: the objects, or None for procedural ones.
        extras: more to know about the object of the second picture.

    Raises:
        CounterpointError: Warp is asked for and not installed.
    """
    renderer = recipe.renderer
    if renderer == "auto":
        renderer = "warp" if device.type == "cuda" else "open3d"
    kind = PairData
    if renderer == "warp":
        try:
            from core.training.device_pairs import DevicePairs
        except ImportError as error:
            raise CounterpointError(
                "Drawing on the GPU needs NVIDIA Warp: pip install 'counterpoint[train]', or choose --renderer open3d."
            ) from error
        kind = DevicePairs
    return kind(settings, recipe.seed, recipe.steps * recipe.pairs, items, extras)
