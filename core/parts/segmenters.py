"""The segmenter that a user chose."""

from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box
from core.parts.grabcut import GrabCutSegmenter
from core.parts.prompts import Segmenter
from core.parts.sam import SamSegmenter
from core.plugins import make_plugin, plugins
from core.progress import Progress, silent


def load_segmenter(
    choice: str, encoder: ImageEncoder, box: Box | None = None, device: str = "auto", progress: Progress = silent
) -> Segmenter:
    """Load the segmenter that a user chose.

    Args:
        choice: the name of a plugin, a checkpoint of Segment Anything, or "" for GrabCut with descriptors.
        encoder: describes the pixels for GrabCut.
        box: (x0, y0, x1, y1) in pixels around the object, which parts lie in, for GrabCut.
        device: "auto", "cpu" or "cuda".
        progress: is told how far it is.

    Raises:
        CounterpointError: there is no such file, or the plugin fails.
    """
    if choice in plugins("segmenters"):
        made: Segmenter = make_plugin("segmenters", choice, device)
        return made
    return SamSegmenter(choice, device, progress) if choice else GrabCutSegmenter(encoder, box)
