"""Tracking of points through video by descriptors alone, on TAP-Vid DAVIS (Doersch et al., NeurIPS 2022), with its metrics."""

import pickle
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.benchmarks.units import Example, Outcome, Unit, draw_matches, whole_size
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import encode_image
from core.errors import CounterpointError
from core.files import check_file

Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]

PIXELS = (1, 2, 4, 8, 16)
"""Of a picture of 256 x 256."""

STRIDE = 5
"""Points are asked for in every fifth frame ("strided" queries)."""

SEEN, BACK, RADIUS = 0.6, 8.0, 10.0
"""A point is taken for visible if its best similarity is this high and it is matched back within so many pixels; and its place is a mean
over the pixels around the best (of a picture of 256 x 256)."""


def tap_vid(file: str | Path, count: int) -> list[Unit]:
    """A unit for each of the first ``count`` videos of ``tapvid_davis.pkl``: {name: {"video" uint8 [T, H, W, 3], "points" [N, T, 2] in
    [0, 1], "occluded" [N, T]}}.

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
    return [Unit(str(name), partial(_video, video)) for name, video in videos[:count]]


class _Arrays(pickle.Unpickler):
    """Reads numpy arrays and plain containers, and refuses to name any other class or function."""

    ALLOWED: ClassVar = {
        ("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode"),
        *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
        *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
    }  # fmt: skip

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
    """Which points [Q] are asked for, and in which frames [Q]: all that are seen in every fifth frame of ``occluded`` [N, T]."""
    frames, points = np.nonzero(~occluded[:, ::STRIDE].T)
    return points, frames * STRIDE


def track(unit: torch.Tensor, start: Floats, when: npt.NDArray[np.int64]) -> tuple[Floats, Bools]:
    """Where points are in all frames [Q, T, 2], and whether they are hidden [Q, T]: the most similar place of each frame by itself.

    Args:
        unit: unit descriptors [T, h, w, D] of square frames.
        start: places [Q, 2] in pixels of 256 x 256, in the frames ``when`` [Q].
    """
    frames, h, w, dim = unit.shape
    cells = torch.stack(torch.meshgrid(torch.arange(w), torch.arange(h), indexing="xy"), -1).reshape(-1, 2)
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
    """Average Jaccard, position accuracy and occlusion accuracy over all frames but the one asked in.

    Args:
        truth, found: places [Q, T, 2] in pixels of 256 x 256; ``occluded`` and ``hidden`` [Q, T]; ``when`` [Q] the frames asked in.
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
        "average jaccard": float(np.mean(jaccard)), "position accuracy": float(np.mean(within)), "occlusion accuracy": float(agree),
    }  # fmt: skip


def _sample(unit: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """Unit descriptors [Q, D] of a frame [h, w, D] at places [Q, 2] of 256 x 256."""
    grid = unit.permute(2, 0, 1)[None]
    values = F.grid_sample(grid, (at / 128 - 1)[None, None].to(grid), align_corners=False, padding_mode="border")
    return F.normalize(values[0, :, 0].T, dim=-1)


def _square(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    import cv2

    side = max(frame.shape[:2])
    return np.asarray(cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _examples(
    frames: npt.NDArray[np.uint8], truth: Floats, occluded: Bools, found: Floats, when: npt.NDArray[np.int64]
) -> list[Example]:
    """The points asked for in the first frame, half a video later."""
    asked, late = np.flatnonzero(when == when.min()), len(frames) // 2
    asked = asked[~occluded[asked, late]]
    if len(asked) == 0:
        return []
    right = np.linalg.norm(found[asked, late] - truth[asked, late], axis=1) < 16
    scale = np.array([frames.shape[2], frames.shape[1]]) / 256
    begin, end = truth[asked, when.min()] * scale, found[asked, late] * scale
    return [Example(float(right.mean()), draw_matches(frames[when.min()], frames[late], begin, end, right))]
