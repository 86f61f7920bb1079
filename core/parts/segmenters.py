"""The segmenter that a user chose; only here is known what the choice means."""

from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box
from core.parts.grabcut import GrabCutSegmenter
from core.parts.prompts import Segmenter
from core.parts.sam import SamSegmenter
from core.plugins import make_plugin, plugins
from core.progress import Progress, silent


def load_weights(choice: str, device: str = "auto", progress: Progress = silent) -> SamSegmenter | None:
    """Load what the segmenters of several images share.

    Returns:
        Segment Anything where ``choice`` is a checkpoint; None for a plugin and for GrabCut, which share nothing.

    Raises:
        CounterpointError: The checkpoint cannot be read.
    """
    return SamSegmenter(choice, device, progress) if choice and choice not in plugins("segmenters") else None


def load_segmenter(
    choice: str,
    encoder: ImageEncoder,
    box: Box | None = None,
    device: str = "auto",
    progress: Progress = silent,
    weights: SamSegmenter | None = None,
) -> Segmenter:
    """Make a segmenter for one image.

    Args:
        choice: The name of a plugin, a checkpoint of Segment Anything, or "" for GrabCut with descriptors.
        encoder: Describes the image for GrabCut.
        box: The object's box x0, y0, x1, y1 in pixels, within which GrabCut keeps parts; or None.
        device: Where a network runs.
        progress: Is told what is loaded.
        weights: What :func:`load_weights` gave for the same choice, if it was called before.

    Raises:
        CounterpointError: There is no such file, or the plugin fails.
    """
    if choice in plugins("segmenters"):
        made: Segmenter = make_plugin("segmenters", choice, device)
        return made
    if not choice:
        return GrabCutSegmenter(encoder, box)
    return SamSegmenter(choice, device, progress) if weights is None else weights.another()
