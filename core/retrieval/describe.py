"""Describes shapes for galleries: vectors, views, a small picture, and facts of the file."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from core.encoders.base import ImageEncoder, PointEncoder
from core.encoders.catalogue import EncoderChoice, load_encoder, load_point_encoder
from core.encoders.clip import ClipEncoder
from core.errors import CounterpointError
from core.geometry.formats import guess_up
from core.geometry.raycasting import Raycaster
from core.geometry.render import render
from core.geometry.shape import load_shape
from core.geometry.viewpoints import ring_cameras
from core.notices import collect_warnings, warn
from core.retrieval.store import ShapeRecord
from core.retrieval.thumbnails import thumbnail
from core.retrieval.vectors import shape_vector
from core.retrieval.views import Views, shape_views, short

PICTURE = 160
"""The side of the small pictures in pixels."""

CENTRES = 8
"""The number of descriptors that represent a shape when parts are searched for."""


@dataclass(frozen=True)
class GallerySpec:
    """How the shapes of a gallery are described; only what was described in the same way can be compared.

    Attributes:
        choice: the encoder.
        clip: the CLIP model, ``ARCHITECTURE:WEIGHTS``, by which words can be searched for; None for no CLIP.
    """

    choice: EncoderChoice = field(default_factory=EncoderChoice)
    clip: str | None = None

    def plain(self) -> dict[str, Any]:
        """Return the spec as plain values for JSON; the device is left out, as it changes nothing."""
        return {"encoder": {k: v for k, v in asdict(self.choice).items() if k != "device"}, "clip": self.clip}

    def fingerprint(self) -> str:
        """Return a text that changes with the weights of the encoders, which are loaded for it.

        Raises:
            CounterpointError: as :func:`core.encoders.catalogue.load_encoder`.
        """
        return fingerprint_of(load_encoder(self.choice), load_point_encoder(self.choice))

    @classmethod
    def of(cls, plain: dict[str, Any], device: str = "auto") -> "GallerySpec":
        """Return the spec that :meth:`plain` made plain values of, with a device ("auto", "cpu" or "cuda")."""
        return cls(EncoderChoice(**plain["encoder"], device=device), plain["clip"])


def fingerprint_of(encoder: ImageEncoder, points: PointEncoder | None) -> str:
    """Return a text that changes with the weights of what describes shapes for a gallery."""
    return encoder.fingerprint + ("" if points is None else f" {points.fingerprint}")


class Describer:
    """Describes one file after another with the same encoders."""

    def __init__(self, spec: GallerySpec):
        self._encoder, self._points = load_encoder(spec.choice), load_point_encoder(spec.choice)
        self._clip = None if spec.clip is None else ClipEncoder(spec.clip, spec.choice.device)

    def __call__(self, path: Path) -> ShapeRecord:
        """Describe a file.

        One that cannot be read has the reason in its record, and what is odd about one is in its warnings.
        """
        with collect_warnings() as said:
            record = self._record(path)
        return replace(record, warnings=tuple(said))

    def _record(self, path: Path) -> ShapeRecord:
        try:
            return self._describe(path)
        except CounterpointError as error:
            return ShapeRecord(refused=str(error))
        except MemoryError:
            return ShapeRecord(refused="There is not enough memory for it.")
        except Exception as error:  # one bad file of thousands must not stop the others
            return ShapeRecord(refused=f"Something went wrong with it ({type(error).__name__}: {error}).")

    def labelled(self, path: Path) -> tuple[Path, ShapeRecord]:
        """Describe a file and return its path too."""
        return path, self(path)

    def _describe(self, path: Path) -> ShapeRecord:
        shape, up = load_shape(path), guess_up(path)
        for sentence in shape.warnings:
            warn(f"{shape.name}: {sentence}")
        caster = Raycaster(shape)
        small = np.ascontiguousarray(thumbnail(caster, up, PICTURE)[..., ::-1])
        picture = cv2.imencode(".png", small)[1].tobytes()
        content = shape_views(caster, self._encoder, up).to_bytes()
        views = Views.from_bytes(content)
        whole = shape_vector(shape, self._encoder, self._points, up)
        vectors = {"shape": whole, "view": short(views), "part": typical(views)}
        if self._clip is not None:
            vectors["words"] = words_vector(caster, self._clip, up)
        size = len(shape.vertices), len(shape.faces)
        return ShapeRecord(shape.digest, up, *size, picture, vectors, content)


def typical(views: Views) -> npt.NDArray[np.float32]:
    """Return unit vectors float32 [k, D] that represent the descriptors of a shape: the centres of k-means."""
    cells = views.descriptors[views.masks > 0.3].numpy()
    if len(cells) <= CENTRES:
        return cells if len(cells) else views.descriptors.reshape(-1, views.descriptors.shape[-1])[:1].numpy()
    cv2.setRNGSeed(0)
    until = (cv2.TERM_CRITERIA_MAX_ITER, 10, 0.0)
    _, _, centres = cv2.kmeans(cells, CENTRES, None, until, 1, cv2.KMEANS_PP_CENTERS)
    return np.asarray(centres / np.linalg.norm(centres, axis=1, keepdims=True), np.float32)


def words_vector(caster: Raycaster, clip: ClipEncoder, up: str) -> npt.NDArray[np.float32]:
    """Return a shape's unit vector float32 [G] in CLIP's space: the mean over rendered views.

    Args:
        caster: of the shape.
        clip: the model.
        up: the axis of the shape's file that points up.
    """
    cameras = ring_cameras(caster.shape.normalised, up, 4, (10.0, 35.0), clip.input_size, 0.85)
    pictures = [render(caster, camera).rgb for camera in cameras]
    mean = clip.pictures(np.stack(pictures)).mean(0)
    return np.asarray(torch.nn.functional.normalize(mean, dim=0).numpy())
