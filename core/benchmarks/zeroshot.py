"""Zero-shot classification of shapes: top-1, 3 and 5 on ModelNet40, ScanObjectNN and OmniObject3D."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from core.benchmarks.report import Tables
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.encoders.clip import ClipEncoder
from core.encoders.dlign import DepthClip
from core.errors import CounterpointError
from core.geometry.depth_maps import depth_views
from core.geometry.raycasting import Raycaster
from core.geometry.sampling import spread
from core.geometry.shape import Shape, load_shape, make_shape
from core.progress import Progress, silent

Row = dict[str, float | str]

SCANOBJECTNN = (
    "bag", "bin", "box", "cabinet", "chair", "desk", "display", "door", "shelf", "table", "bed", "pillow", "sink", "sofa", "toilet",
)  # fmt: skip


@dataclass
class Labelled:
    """A shape that is read when it is needed, and its true label.

    Attributes:
        label: the true label.
        up: the axis of the file or of the points that points up.
        file: of the shape, or None.
        points: float [N, 3], if there is no file.
    """

    label: str
    up: str
    file: Path | None = None
    points: npt.NDArray[np.floating] | None = None

    def shape(self) -> Shape:
        """Read the shape, or make it of the points."""
        if self.file is not None:
            return load_shape(self.file)
        assert self.points is not None
        return make_shape(self.points.astype(np.float64), np.zeros((0, 3), np.int64), name=self.label)


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> Tables:
    """A row for chance, for CLIP as it is on depth pictures, and with the tuned branch.

    Args:
        settings: ``data`` is ``modelnet40:PATH`` (``CLASS/test/*.off``), ``scanobjectnn:PATH``
            (``main_split/test_objectdataset.h5`` and the like, or the file) or ``omniobject3d:PATH``
            (``CLASS/CLASS_001/Scan/Scan.obj``); ``count`` shapes at most, spread over the data.
        progress: told of every step.

    Raises:
        CounterpointError: no CLIP, or data that is not there or not in this layout.
    """
    items, clip, device = read(settings.data), settings.clip, settings.encoder.device
    if clip is None:
        raise CounterpointError("Names need CLIP; give --clip ARCHITECTURE:WEIGHTS.")
    labels = sorted({item.label for item in items})
    if len(labels) < 2:
        raise CounterpointError("All shapes have one label; there is nothing to tell apart.")
    items = [items[i] for i in spread(len(items), settings.count)]
    plain, tuned = DepthClip(ClipEncoder(clip, device)), None
    if settings.dlign is not None:
        tuned = DepthClip(ClipEncoder(clip, device), settings.dlign)
    words = plain.labels(labels)
    methods = {"CLIP, depth pictures": plain} | ({"with the tuned branch": tuned} if tuned is not None else {})
    ranks: dict[str, list[int]] = {name: [] for name in methods}
    for number, item in enumerate(items):
        progress(number / len(items), f"{item.label} ({number + 1} of {len(items)})")
        depths = depth_views(Raycaster(item.shape()), item.up, plain.clip.input_size)
        for name, model in methods.items():
            order = torch.argsort(model.logits(depths, words), descending=True).tolist()
            ranks[name].append(order.index(labels.index(item.label)))
    tops = (1, 3, 5)
    rows = [_row("chance", len(items), {k: min(k / len(labels), 1.0) for k in tops})]
    for name, rank in ranks.items():
        rows.append(_row(name, len(items), {k: float(np.mean(np.array(rank) < k)) for k in tops}))
    return {f"{len(labels)} labels": rows}


def _row(method: str, shapes: int, shares: dict[int, float]) -> Row:
    row: Row = {"method": method, "shapes": float(shapes)}
    return row | {f"top-{k}": share for k, share in shares.items()}


def read(data: str) -> list[Labelled]:
    """List the shapes of a dataset.

    Raises:
        CounterpointError: the data is not there or not in its layout.
    """
    kind, place = parse_data(data, TASKS["zeroshot"].data)
    readers = {"modelnet40": _modelnet, "scanobjectnn": _scanobjectnn, "omniobject3d": _omniobject}
    if not Path(place).exists():
        raise CounterpointError(f"{place} does not exist; check the name.")
    items = list(readers[kind](Path(place)))
    if not items:
        raise CounterpointError(f"{place} has no shapes in the layout of {kind}.")
    return items


def _modelnet(root: Path) -> Iterator[Labelled]:
    for file in sorted(root.glob("*/test/*.off")):
        yield Labelled(file.parent.parent.name.replace("_", " "), "z", file)


def _omniobject(root: Path) -> Iterator[Labelled]:
    for file in sorted(root.glob("**/Scan/Scan.obj")):
        yield Labelled(file.parent.parent.parent.name.replace("_", " "), "y", file)


def _scanobjectnn(root: Path) -> Iterator[Labelled]:
    try:
        import h5py
    except ImportError:
        raise CounterpointError(
            'ScanObjectNN is read by h5py; install it with: pip install "counterpoint[clip]".'
        ) from None
    files = [root] if root.is_file() else sorted(root.glob("**/main_split/test_objectdataset*.h5"))[:1]
    for file in files:
        try:
            with h5py.File(file) as content:
                points, numbers = np.array(content["data"], np.float64), np.array(content["label"]).ravel().astype(int)
        except (OSError, KeyError, ValueError) as error:
            raise CounterpointError(f"{file.name} cannot be read as ScanObjectNN ({error}).") from error
        if (
            points.ndim != 3
            or points.shape[2] < 3
            or len(points) != len(numbers)
            or not set(numbers.tolist()) <= set(range(15))
        ):
            raise CounterpointError(f"{file.name} does not hold points [N, P, 3] and labels below 15.")
        for one, number in zip(points, numbers, strict=True):
            yield Labelled(SCANOBJECTNN[number], "y", points=one[:, :3])
