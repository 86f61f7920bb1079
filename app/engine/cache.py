"""What the engine has loaded and computed: memoised by the request's own values, so that a restarted engine computes it again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import numpy.typing as npt

from app.shared.values import EncoderSettings, Item, PoseInPhoto
from core.alignment.guided import guided
from core.alignment.scorer import Hypothesis
from core.alignment.templates import template_set
from core.encoders.catalogue import EncoderChoice, load_encoder, need_point_encoder
from core.fields.interpolation import Interpolator
from core.fields.lifting import LiftSettings
from core.geometry.camera import PhotoCamera
from core.geometry.display import display_mesh
from core.geometry.lens import Lens
from core.geometry.pose import camera_matrix
from core.geometry.raycasting import Raycaster
from core.geometry.selection import SurfaceGraph
from core.geometry.shape import load_shape
from core.images import load_image
from core.matching.prepare import matchable_image, matchable_shape, with_joint_prior
from core.parts.sam import SamSegmenter
from core.parts.segmenters import load_segmenter
from core.plugins import plugins
from core.progress import Progress, silent, span

Known = tuple[tuple[float, ...], Lens | None, tuple[PoseInPhoto, ...]] | None
"""Intrinsics fx, fy, cx, cy, the lens, and hypotheses, the best first."""


class Memo:
    """The last few results by key; two lanes that ask for the same at once compute it once."""

    def __init__(self, size: int):
        self._size = size
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._values:
                self._values[key] = make()
            with self._guard:
                self._values.move_to_end(key)
                while len(self._values) > self._size:
                    old, _ = self._values.popitem(last=False)
                    self._locks.pop(old, None)
                return self._values[key]


_images, _shapes, _encoders, _sides, _pairs, _displays = Memo(6), Memo(4), Memo(2), Memo(12), Memo(8), Memo(8)
_segmenters, _surfaces, _templates = Memo(4), Memo(4), Memo(2)


def image_of(item: Item) -> npt.NDArray[np.uint8]:
    return _images.get(item.file, lambda: load_image(item.path))


def shape_of(item: Item) -> Any:
    return _shapes.get(item.file, lambda: load_shape(item.path))


def display_of(item: Item) -> Any:
    return _displays.get(item.file, lambda: display_mesh(shape_of(item)))


def choice_of(settings: EncoderSettings) -> Any:
    return EncoderChoice(settings.name, settings.weights, settings.layer, settings.device, settings.adapter)


def encoder_of(settings: EncoderSettings, progress: Progress) -> Any:
    choice = choice_of(settings)
    return _encoders.get(choice, lambda: load_encoder(choice, progress))


def side_of(item: Item, settings: EncoderSettings, progress: Progress = silent) -> Any:
    def make() -> Any:
        progress(0.0, "Loading the encoder")
        encoder = encoder_of(settings, span(progress, 0.0, 0.2))
        if item.kind == "image":
            progress(0.3, f"Encoding {item.name}")
            return matchable_image(image_of(item), encoder, item.box)
        lifting = LiftSettings(settings.samples, settings.azimuths, resolution=settings.resolution, up=item.up)
        points = need_point_encoder(choice_of(settings)) if settings.points else None
        return matchable_shape(shape_of(item), encoder, lifting, span(progress, 0.2, 0.95), points)

    return _sides.get((item, settings), make)


def pair_of(source: Item, target: Item, settings: EncoderSettings, progress: Progress) -> Any:
    """The two sides with their joint prior; for an image and a shape the same whichever is asked."""

    def make() -> Any:
        sides = side_of(source, settings, progress), side_of(target, settings, progress)
        return with_joint_prior(*sides, source.up if source.kind == "shape" else target.up, progress)

    if source.kind == target.kind:
        return side_of(source, settings, progress), side_of(target, settings, progress), None
    if source.kind == "image":
        return _pairs.get((source, target, settings), make)
    image, shape, prior = pair_of(target, source, settings, progress)
    return shape, image, prior


def guided_pair(source: Item, target: Item, settings: EncoderSettings, known: Known, progress: Progress) -> Any:
    """:func:`pair_of`, guided by the poses of the one in the other where they are known."""
    begin, end, prior = pair_of(source, target, settings, progress)
    if known is None:
        return begin, end, prior

    def make() -> Any:
        K, lens, poses = known
        found = [Hypothesis(one.pose(), one.similarity, one.overlap) for one in poses]
        image, shape = (begin, end) if source.kind == "image" else (end, begin)
        return guided(image, shape, PhotoCamera(camera_matrix(*K), None, lens), found, prior)

    image, shape = (source, target) if source.kind == "image" else (target, source)
    return begin, end, _pairs.get((image, shape, settings, known), make)


def to_display(item: Item, settings: EncoderSettings, side: Any) -> Any:
    def make() -> Any:
        mesh = display_of(item)
        return Interpolator.build(side.field.points, side.shape.to_normalised(mesh.points), mesh.normals)

    return _displays.get(("carry", item, settings), make)


def segmenter_of(item: Item, settings: EncoderSettings, sam: str, progress: Progress = silent) -> Any:
    """A segmenter that has looked at an image: Segment Anything from the checkpoint ``sam``, a plugin of that name, or GrabCut ("")."""

    def make() -> Any:
        segmenter: Any
        if sam and sam not in plugins("segmenters"):
            model = _encoders.get(("sam", sam, settings.device), lambda: SamSegmenter(sam, settings.device, progress))
            segmenter = model.another()
        else:
            segmenter = load_segmenter(sam, encoder_of(settings, silent), item.box, settings.device)
        progress(0.6, f"Looking at {item.name} to cut out parts")
        segmenter.set_image(image_of(item))
        return segmenter

    return _segmenters.get((item, choice_of(settings), sam), make)


def templates_of(item: Item, settings: EncoderSettings, progress: Progress = silent) -> Any:
    """Pictures of a shape from all around, as the encoder sees them."""

    def make() -> Any:
        encoder = encoder_of(settings, silent)
        return template_set(side_of(item, settings).caster, encoder, progress=progress)

    return _templates.get((item.file, choice_of(settings)), make)


def surface_of(item: Item) -> Any:
    """(graph of the faces, ray caster) of a shape."""
    return _surfaces.get(item.file, lambda: (SurfaceGraph(shape_of(item)), Raycaster(shape_of(item))))
