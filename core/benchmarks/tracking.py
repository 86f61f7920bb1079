"""Tracking of points through video by descriptors alone.

It is measured on TAP-Vid DAVIS (Doersch et al., NeurIPS 2022), with its metrics.
"""

import pickle
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.arrays import Floats
from core.benchmarks.evaluation import EvaluationUnit, Example, Outcome, draw_matches, whole_size
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import encode_image, sample_grid
from core.errors import CounterpointError
from core.files import check_file
from core.geometry.pixel_grid import pixel_grid

Bools = npt.NDArray[np.bool_]

PIXELS = (1, 2, 4, 8, 16)
"""The limits of the position error, in pixels of a picture of 256 x 256."""

STRIDE = 5
"""Points of every fifth frame are tracked ("strided" queries)."""

SEEN, BACK, RADIUS = 0.6, 8.0, 10.0
"""When a point counts as visible: its best similarity, and how near it must be matched back; and the radius of the mean
around the best place.

Lengths are in pixels of a picture of 256 x 256.
"""


def tap_vid(file: str | Path, count: int) -> list[EvaluationUnit]:
    """Make a unit of each of the first ``count`` videos of ``tapvid_davis.pkl``.

    The file holds {name: {"video" uint8 [T, H, W, 3], "points" [N, T, 2] in [0, 1], "occluded" bool [N, T]}}.

    Raises:
        CounterpointError: the file holds anything else; nothing but plain arrays is ever made of a pickle.
    """
    path = check_file(file)
    try:
        with path.open("rb") as opened:
            content = _Arrays(opened).load()
        videos = sorted(content.items())
        for _, video in videos:
            points, occluded, frames = (np.asarray(video[key]) for key in ("points", "occluded", "video"))
            if points.shape != (*occluded.shape, 2) or len(frames) != occluded.shape[1] or frames.dtype != np.uint8:
                raise ValueError("shapes do not agree")
    except CounterpointError:
        raise
    except Exception as error:
        raise CounterpointError(f"{path.name} is not a file of TAP-Vid ({error}).") from error
    return [EvaluationUnit(str(name), partial(_video, video)) for name, video in videos[:count]]


class _Arrays(pickle.Unpickler):
    """Reads numpy arrays and plain containers, and refuses to name any other class or function."""

    ALLOWED: ClassVar = {
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),
        *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
        *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise CounterpointError(
                f"The pickle wants to call {module}.{name}, which is more than data; it was not opened."
            )
        return super().find_class(module, name)


def _video(video: Any, encoder: ImageEncoder) -> Outcome:
    frames, occluded = np.asarray(video["video"]), np.asarray(video["occluded"], bool)
    tracks = np.asarray(video["points"], np.float64) * 256
    who, when = strided_queries(occluded)
    maps = torch.stack(
        [encode_image(encoder, _square(frame), size=whole_size(encoder)).descriptors for frame in frames]
    )
    found, hidden = track(F.normalize(maps, dim=-1), tracks[who, when], when)
    numbers = tap_metrics(tracks[who], occluded[who], found, hidden, when)
    return Outcome(numbers, 1.0, _examples(frames, tracks[who], occluded[who], found, when))


def strided_queries(occluded: Bools) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Choose the points that are tracked: all that are seen in every fifth frame.

    Args:
        occluded: bool [N, T], whether a point is hidden in a frame.

    Returns:
        The numbers of the points int64 [Q], and the frames int64 [Q] that they are tracked from.
    """
    frames, points = np.nonzero(~occluded[:, ::STRIDE].T)
    return points, frames * STRIDE


def track(unit: torch.Tensor, start: Floats, when: npt.NDArray[np.int64]) -> tuple[Floats, Bools]:
    """Track points to the most similar place of each frame, every frame by itself.

    Args:
        unit: unit descriptors float32 [T, h, w, D] of square frames.
        start: where the points are, float [Q, 2] in pixels (u, v) of 256 x 256, corner at (0, 0).
        when: the frames of ``start``, int64 [Q].

    Returns:
        Where the points are in all frames, float64 [Q, T, 2] in the same pixels, and whether they are hidden, bool [Q,
        T].
    """
    frames, h, w, dim = unit.shape
    cells = torch.from_numpy(pixel_grid(w, h).astype(np.float32)).reshape(-1, 2)
    place = (cells + 0.5) * torch.tensor([256 / w, 256 / h])
    places, hidden = np.zeros((len(start), frames, 2)), np.zeros((len(start), frames), bool)
    for first in np.unique(when):
        asked = np.flatnonzero(when == first)
        begin = torch.from_numpy(start[asked]).float()
        described = _sample(unit[first], begin)
        for frame in range(frames):
            similar = described @ unit[frame].reshape(-1, dim).T
            best, index = similar.max(1)
            near = torch.cdist(place[index], place) < RADIUS
            weight = torch.softmax(similar.masked_fill(~near, -1e9) / 0.02, 1)
            at = weight @ place
            back = place[(_sample(unit[frame], at) @ unit[first].reshape(-1, dim).T).argmax(1)]
            places[asked, frame] = at.numpy()
            hidden[asked, frame] = ((best < SEEN) | ((back - begin).norm(dim=1) > BACK)).numpy()
    return places, hidden


def tap_metrics(
    truth: Floats, occluded: Bools, found: Floats, hidden: Bools, when: npt.NDArray[np.int64]
) -> dict[str, float]:
    """Return average Jaccard, position accuracy and occlusion accuracy.

    They are over all frames but those that points are tracked from.

    Args:
        truth: the true places, float [Q, T, 2] in pixels of 256 x 256.
        occluded: bool [Q, T], whether they are hidden.
        found: the places that were found, float [Q, T, 2].
        hidden: bool [Q, T], whether they were taken for hidden.
        when: the frames that points are tracked from, int64 [Q].
    """
    counts = np.arange(truth.shape[1]) != when[:, None]
    distance = np.linalg.norm(found - truth, axis=-1)
    visible, shown = ~occluded & counts, ~hidden & counts
    within, jaccard = [], []
    for limit in PIXELS:
        near = distance < limit
        right = near & visible
        false = shown & ~(near & ~occluded)
        within.append(right.sum() / max(visible.sum(), 1))
        jaccard.append((right & shown).sum() / max(visible.sum() + false.sum(), 1))
    agree = ((hidden == occluded) & counts).sum() / max(counts.sum(), 1)
    return {
        "average jaccard": float(np.mean(jaccard)),
        "position accuracy": float(np.mean(within)),
        "occlusion accuracy": float(agree),
    }


def _sample(unit: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """Return the unit descriptors [Q, D] of a frame [h, w, D] at places [Q, 2] in pixels of 256 x 256."""
    h, w = unit.shape[:2]
    return sample_grid(unit, at.numpy() * [w / 256, h / 256] - 0.5)


def _square(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    import cv2

    side = max(frame.shape[:2])
    return np.asarray(cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _examples(
    frames: npt.NDArray[np.uint8], truth: Floats, occluded: Bools, found: Floats, when: npt.NDArray[np.int64]
) -> list[Example]:
    """Draw the points of the first frame, and where they were found half a video later."""
    asked, late = np.flatnonzero(when == when.min()), len(frames) // 2
    asked = asked[~occluded[asked, late]]
    if len(asked) == 0:
        return []
    right = np.linalg.norm(found[asked, late] - truth[asked, late], axis=1) < 16
    scale = np.array([frames.shape[2], frames.shape[1]]) / 256
    begin, end = truth[asked, when.min()] * scale, found[asked, late] * scale
    return [Example(float(right.mean()), draw_matches(frames[when.min()], frames[late], begin, end, right))]
