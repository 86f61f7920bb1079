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
    """Of a plugin by name, Segment Anything from a checkpoint, or GrabCut with descriptors ("").

    Raises:
        CounterpointError: no such file, or the plugin fails.
    """
    if choice in plugins("segmenters"):
        made: Segmenter = make_plugin("segmenters", choice, device)
        return made
    return SamSegmenter(choice, device, progress) if choice else GrabCutSegmenter(encoder, box)
