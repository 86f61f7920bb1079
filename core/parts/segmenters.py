"""The segmenter that a user chose; only here is known what the choice means."""

import numpy as np
import numpy.typing as npt

from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box
from core.parts.cutter import CutterSegmenter
from core.parts.grabcut import GrabCutSegmenter
from core.parts.prompts import Prompts, Segmenter
from core.parts.sam import SamSegmenter
from core.plugins import make_plugin, plugins
from core.progress import Progress, silent

CUTTER = "cutter"
"""The choice of the bundled cutter, which cuts whole objects out of boxes."""

GRABCUT = ("grabcut", "")
"""Choices of GrabCut; the second is the default for parts of objects, for which the cutter has not seen enough."""

TRAINED = ".safetensors"
"""The ending of weights that ``counterpoint train cutter`` wrote."""


def load_weights(choice: str, device: str = "auto", progress: Progress = silent) -> SamSegmenter | None:
    """Load what the segmenters of several images share.

    Returns:
        Segment Anything where ``choice`` is a checkpoint; None for the others, which share nothing or do it themselves.

    Raises:
        CounterpointError: the checkpoint cannot be read.
    """
    if choice in (CUTTER, *GRABCUT) or choice.endswith(TRAINED) or choice in plugins("segmenters"):
        return None
    return SamSegmenter(choice, device, progress)


def load_segmenter(
    choice: str,
    encoder: ImageEncoder,
    box: Box | None = None,
    device: str = "auto",
    weights: SamSegmenter | None = None,
) -> Segmenter:
    """Make a segmenter for one image.

    Args:
        choice: "cutter" for the bundled net, "grabcut" (or "") for GrabCut with descriptors, the name of a plugin, a
            checkpoint of Segment Anything, or the weights of a cutter (``.safetensors``).
        encoder: describes the image for GrabCut.
        box: the object's box x0, y0, x1, y1 in pixels, within which the cutter and GrabCut keep parts; or None.
        device: where a network runs.
        weights: what :func:`load_weights` gave for the same choice, if it was called before.

    Raises:
        CounterpointError: there is no such file, or the plugin fails.
    """
    if choice in plugins("segmenters"):
        made: Segmenter = make_plugin("segmenters", choice, device)
        return made
    if choice == CUTTER:
        return CutterSegmenter(None, box, device)
    if choice in GRABCUT:
        return GrabCutSegmenter(encoder, box)
    if choice.endswith(TRAINED):
        return CutterSegmenter(choice, box, device)
    return SamSegmenter(choice, device) if weights is None else weights.another()


def box_mask(image: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.bool_]:
    """Cut out the object in a box with the bundled cutter.

    Args:
        image: RGB uint8 [H, W, 3].
        box: (x0, y0, x1, y1) in pixels.

    Returns:
        bool [H, W].
    """
    segmenter = CutterSegmenter()
    segmenter.set_image(image)
    return segmenter.predict(Prompts(box=box))[0].mask
