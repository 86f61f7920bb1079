"""What a gallery keeps of a shape: vectors, a small picture, what its file says."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from core.encoders.catalogue import EncoderChoice, load_encoder, load_point_encoder
from core.encoders.clip import ClipEncoder
from core.errors import CounterpointError
from core.geometry.camera import framing_camera, look_at
from core.geometry.raycasting import Raycaster
from core.geometry.render import render
from core.geometry.shape import load_shape
from core.geometry.viewpoints import UP_AXES, ring_directions
from core.matching.prepare import guess_up
from core.retrieval.store import ShapeRecord
from core.retrieval.thumbnails import thumbnail
from core.retrieval.vectors import shape_vector
from core.retrieval.views import Views, shape_views, short

PICTURE = 160
"""Side of the small pictures in pixels."""

CENTRES = 8
"""Descriptors that stand for all of a shape when parts are searched for."""


@dataclass(frozen=True)
class GallerySpec:
    """How the shapes of a gallery are described; only what was described alike can be compared.

    Attributes:
        choice: of the encoder.
        clip: of CLIP, ``ARCHITECTURE:WEIGHTS``, so that words can be searched for; None goes without.
    """

    choice: EncoderChoice = field(default_factory=EncoderChoice)
    clip: str | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it; the device, which does not matter, is left out."""
        return {"encoder": {k: v for k, v in asdict(self.choice).items() if k != "device"}, "clip": self.clip}

    @classmethod
    def of(cls, plain: dict[str, Any], device: str = "auto") -> "GallerySpec":
        return cls(EncoderChoice(**plain["encoder"], device=device), plain["clip"])


class Describer:
    """Describes one file after another with the same encoders."""

    def __init__(self, spec: GallerySpec):
        self._encoder, self._points = load_encoder(spec.choice), load_point_encoder(spec.choice)
        self._clip = None if spec.clip is None else ClipEncoder(spec.clip, spec.choice.device)

    def __call__(self, path: Path) -> ShapeRecord:
        """A file that cannot be read is described by the reason."""
        try:
            return self._describe(path)
        except CounterpointError as error:
            return ShapeRecord(refused=str(error))
        except MemoryError:
            return ShapeRecord(refused="There is not enough memory for it.")
        except Exception as error:  # one bad file of thousands must not stop the others
            return ShapeRecord(refused=f"Something went wrong with it ({type(error).__name__}: {error}).")

    def labelled(self, path: Path) -> tuple[Path, ShapeRecord]:
        return path, self(path)

    def _describe(self, path: Path) -> ShapeRecord:
        shape, up = load_shape(path), guess_up(path)
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
    """Unit vectors float32 [k, D] that stand for the descriptors of a shape: centres of k-means."""
    cells = views.descriptors[views.masks > 0.3].numpy()
    if len(cells) <= CENTRES:
        return cells if len(cells) else views.descriptors.reshape(-1, views.descriptors.shape[-1])[:1].numpy()
    cv2.setRNGSeed(0)
    until = (cv2.TERM_CRITERIA_MAX_ITER, 10, 0.0)
    _, _, centres = cv2.kmeans(cells, CENTRES, None, until, 1, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    return np.asarray(centres / np.linalg.norm(centres, axis=1, keepdims=True), np.float32)


def words_vector(caster: Raycaster, clip: ClipEncoder, up: str) -> npt.NDArray[np.float32]:
    """Unit vector float32 [G] in CLIP's space: the mean over rendered views."""
    hull = caster.shape.normalised[:: max(1, len(caster.shape.normalised) // 5000)]
    axis = np.array(UP_AXES[up], np.float64)
    pictures = [
        render(caster, framing_camera(hull, look_at(direction, axis), clip.input_size, np.radians(30), 0.85)).rgb
        for direction in ring_directions(up, 4, (10.0, 35.0))
    ]
    mean = clip.pictures(np.stack(pictures)).mean(0)
    return np.asarray(torch.nn.functional.normalize(mean, dim=0).numpy())
