"""The pixels of a scene's photos, read when they are needed."""

import numpy as np
import numpy.typing as npt

from core.images import load_image
from core.scenes.readers.video import frame_image
from core.scenes.scene import ScenePhoto


def photo_pixels(photo: ScenePhoto) -> npt.NDArray[np.uint8]:
    """The photo, upright, or the picture of its video: RGB uint8 [H, W, 3].

    Raises:
        CounterpointError: it cannot be read.
    """
    return load_image(photo.path) if photo.frame is None else frame_image(photo.path, photo.frame)
