"""What the engine has computed of images and shapes, kept for the next request."""

from pathlib import Path
from typing import Any

from app.engine.files import display_of, image_of, shape_of
from app.engine.keep_last import keep_last
from app.shared.values import EncoderSettings, Guide, Item, item_for
from core.alignment.guided import guided
from core.alignment.scorer import Hypothesis
from core.alignment.templates import TemplateSet, template_set
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import EncoderChoice, load_encoder, need_point_encoder
from core.fields.interpolation import Interpolator
from core.fields.lifting import LiftSettings
from core.geometry.camera import PhotoCamera
from core.geometry.pose import camera_matrix
from core.geometry.raycasting import Raycaster
from core.geometry.selection import SurfaceGraph
from core.matching.match import Prior
from core.matching.matchable import MatchableImage, MatchableShape
from core.matching.prepare import matchable_image, matchable_shape, with_joint_prior
from core.parts.prompts import Segmenter
from core.parts.sam import SamSegmenter
from core.parts.segmenters import load_segmenter, load_weights
from core.progress import Progress, silent, span

AnyMatchable = MatchableImage | MatchableShape
"""An image or a shape ready to be matched."""


def choice_of(settings: EncoderSettings) -> EncoderChoice:
    """What chooses the encoder in the dock's settings."""
    return EncoderChoice(settings.name, settings.weights, settings.layer, settings.device, settings.adapter)


def weights_of(choice: EncoderChoice) -> tuple[object, ...]:
    """A choice with the stamps of its files: an encoder that was trained on is another one."""
    files = [file for file in (choice.weights, choice.adapter) if file]
    return choice, *(stamp for file in files for stamp in _stamped(file))


def _stamped(file: str) -> tuple[object, ...]:
    """A file as it is now; a name that is none is itself."""
    return (file, item_for(file).stamp) if Path(file).is_file() else (file,)


def _described(settings: EncoderSettings) -> tuple[object, ...]:
    return settings, *weights_of(choice_of(settings))


@keep_last(2, key=lambda settings, progress=silent: weights_of(choice_of(settings)))
def encoder_of(settings: EncoderSettings, progress: Progress = silent) -> ImageEncoder:
    """The encoder of the dock's settings."""
    return load_encoder(choice_of(settings), progress)


@keep_last(12, key=lambda item, settings, progress=silent: (item, _described(settings)))
def matchable_of(item: Item, settings: EncoderSettings, progress: Progress = silent) -> Any:
    """An image or a shape ready to be matched: a MatchableImage or a MatchableShape."""
    progress(0.0, "Loading the encoder")
    encoder = encoder_of(settings, span(progress, 0.0, 0.2))
    if item.kind == "image":
        progress(0.3, f"Encoding {item.name}")
        return matchable_image(image_of(item), encoder, item.box)
    lifting = LiftSettings(settings.samples, settings.azimuths, resolution=settings.resolution, up=item.up)
    points = need_point_encoder(choice_of(settings)) if settings.points else None
    return matchable_shape(shape_of(item), encoder, lifting, span(progress, 0.2, 0.95), points)


def pair_of(
    source: Item, target: Item, settings: EncoderSettings, progress: Progress
) -> tuple[AnyMatchable, AnyMatchable, Prior | None]:
    """Both ready to be matched, and their joint prior; for an image and a shape the same whichever is the source."""
    if source.kind == target.kind:
        return matchable_of(source, settings, progress), matchable_of(target, settings, progress), None
    if source.kind == "image":
        return _image_and_shape(source, target, settings, progress)
    image, shape, prior = _image_and_shape(target, source, settings, progress)
    return shape, image, prior


@keep_last(8, key=lambda image, shape, settings, progress: (image, shape, _described(settings)))
def _image_and_shape(
    image: Item, shape: Item, settings: EncoderSettings, progress: Progress
) -> tuple[AnyMatchable, AnyMatchable, Prior | None]:
    sides = matchable_of(image, settings, progress), matchable_of(shape, settings, progress)
    return with_joint_prior(*sides, shape.up, progress)


def guided_pair(
    source: Item, target: Item, settings: EncoderSettings, known: Guide | None, progress: Progress
) -> tuple[AnyMatchable, AnyMatchable, Prior | None]:
    """:func:`pair_of`, guided by the poses of the one in the other where they are known."""
    begin, end, prior = pair_of(source, target, settings, progress)
    if known is not None:
        image, shape = (source, target) if source.kind == "image" else (target, source)
        prior = _guided(image, shape, settings, known, progress)
    return begin, end, prior


@keep_last(8, key=lambda image, shape, settings, known, progress: (image, shape, _described(settings), known))
def _guided(image: Item, shape: Item, settings: EncoderSettings, known: Any, progress: Progress) -> Prior:
    picture, solid, prior = _image_and_shape(image, shape, settings, progress)
    assert isinstance(picture, MatchableImage) and isinstance(solid, MatchableShape)
    K, lens, poses = known
    found = [
        Hypothesis(
            one.pose(),
            one.similarity,
            one.overlap,
            one.upright_prior,
            probability=float("nan") if one.probability is None else one.probability,
            reasons=one.reasons,
        )
        for one in poses
    ]
    return guided(picture, solid, PhotoCamera(camera_matrix(*K), None, lens), found, prior)


@keep_last(4, key=lambda item, settings, side: (item, _described(settings)))
def to_display(item: Item, settings: EncoderSettings, side: MatchableShape) -> Interpolator:
    """Carries values of the field's samples to the vertices of the mesh that is drawn."""
    mesh = display_of(item)
    return Interpolator.build(side.field.points, side.shape.to_normalised(mesh.points), mesh.normals)


@keep_last(4, key=lambda item, settings, choice, progress=silent: (item, _described(settings), *_stamped(choice)))
def segmenter_of(item: Item, settings: EncoderSettings, choice: str, progress: Progress = silent) -> Segmenter:
    """A segmenter that has looked at an image.

    ``choice`` is as :func:`core.parts.segmenters.load_segmenter` takes it.
    """
    weights = _weights(choice, settings.device, progress)
    segmenter = load_segmenter(choice, encoder_of(settings), item.box, settings.device, weights=weights)
    progress(0.6, f"Looking at {item.name} to cut out parts")
    segmenter.set_image(image_of(item))
    return segmenter


@keep_last(1, key=lambda choice, device, progress: (*_stamped(choice), device))
def _weights(choice: str, device: str, progress: Progress) -> SamSegmenter | None:
    return load_weights(choice, device, progress)


@keep_last(2, key=lambda item, settings, progress=silent: (item.file, _described(settings)))
def templates_of(item: Item, settings: EncoderSettings, progress: Progress = silent) -> TemplateSet:
    """Pictures of a shape from all around, as the encoder sees them."""
    return template_set(matchable_of(item, settings).caster, encoder_of(settings), progress=progress)


@keep_last(4, key=lambda item: item.file)
def surface_of(item: Item) -> tuple[SurfaceGraph, Raycaster]:
    """The graph of a shape's faces, and its ray caster."""
    return SurfaceGraph(shape_of(item)), Raycaster(shape_of(item))
