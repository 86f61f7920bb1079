"""Run-length encoded masks of COCO, compressed or not, checked before the decoder, written in C, trusts them."""

from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco


class Unusable(Exception):
    """Why an annotation is left out, as it ends the sentence "3 annotations ..."."""


def mask_of_runs(segmentation: dict[str, Any], height: int, width: int) -> npt.NDArray[np.bool_]:
    """bool [H, W] of ``{"size": [H, W], "counts": list or text}``.

    Raises:
        Unusable: of another size than the image, or damaged.
    """
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if size is not None and (not isinstance(size, list) or [_whole(v) for v in size] != [height, width]):
        raise Unusable("with a mask of another size than the image")
    if isinstance(counts, list):
        runs = [_whole(value) for value in counts]
        if min(runs, default=0) < 0 or sum(runs) != height * width:
            raise Unusable("with a damaged run-length encoding")
        flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
        return np.asarray(flat.reshape(width, height).T)
    if not isinstance(counts, str) or not _fills(counts, height * width):
        raise Unusable("with a damaged run-length encoding")
    return np.asarray(coco.decode({"size": [height, width], "counts": counts.encode()})).astype(bool)


def _whole(value: Any) -> int:
    """A number without a fraction as int, -1 for anything else."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value) if number and abs(value) < 1e15 and float(value).is_integer() else -1


def _fills(text: str, total: int) -> bool:
    """Whether a compressed encoding is whole and fills its image exactly."""
    counts: list[int] = []
    at = 0
    while at < len(text):
        value, shift, more = 0, 0, True
        while more:
            byte = ord(text[at]) - 48
            if not 0 <= byte < 64:
                return False
            value |= (byte & 0x1F) << shift
            shift, at, more = shift + 5, at + 1, bool(byte & 0x20)
            if not more and byte & 0x10:
                value |= -1 << shift
            if shift > 60 or (more and at >= len(text)):
                return False
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        if counts[-1] < 0:
            return False
    return sum(counts) == total
