"""Collections in files: poses of all photos as JSON, coordinate maps as NPZ or EXR."""

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.calibration import REASONS
from core.errors import CounterpointError
from core.files import write_atomic, write_json
from core.interchange.poses.view import View

Maps = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PosedImage:
    """A photo of a collection: where its file is, and what was found.

    Attributes:
        view: its pose, with ``K`` and size of the file's pixels.
        agreement: with the other photos, NaN where there are none.
        probability: how probable it is that the pose is right, NaN where nobody asked; ``reasons`` say in words why it
            is doubted.
        copy_of: the path of another photo that it is nearly the same picture as, both of which count as one; or "".
    """

    path: str
    view: View
    score: float
    agreement: float
    inlier: bool
    fixed: bool = False
    probability: float = float("nan")
    reasons: tuple[str, ...] = ()
    copy_of: str = ""

    def as_json(self) -> dict[str, Any]:
        """``path, R, t, K, score, inlier`` and more, ``lens`` where it bends.

        ``x_cam = R diag(s) x_shape + t``, OpenCV axes, the units of the shape's file.
        """
        pose, (width, height) = self.view.pose, self.view.size
        agreement, probability = (None if np.isnan(v) else v for v in (self.agreement, self.probability))
        return {
            "path": self.path,
            "R": pose.R.tolist(),
            "t": pose.t.tolist(),
            "s": np.asarray(pose.s).tolist(),
            "K": self.view.K.tolist(),
            "width": width,
            "height": height,
            "score": self.score,
            "agreement": agreement,
            "inlier": self.inlier,
            "fixed": self.fixed,
            "copy_of": self.copy_of or None,
            "probability": probability,
            "reasons": [REASONS[word] for word in self.reasons],
        } | ({} if self.view.lens is None else {"lens": self.view.lens.as_json()})


def save_collection(path: str | Path, shape: str, images: list[PosedImage], **more: Any) -> None:
    """One JSON document: ``shape``, ``images``, and what else is said about them."""
    content = {"shape": shape, **more, "images": [one.as_json() for one in images]}
    write_json(path, content, indent=1)


def save_map(path: str | Path, coordinates: Maps) -> None:
    """Write canonical coordinates float32 [H, W, 3], NaN off the object.

    The file is ``.npz`` (array ``coordinates``) or ``.exr`` (channels R, G, B as x, y, z, and A, 1 on the object and 0
    elsewhere).

    Raises:
        CounterpointError: another suffix, or it cannot be written.
    """
    path = Path(path)
    if path.suffix == ".npz":
        buffer = io.BytesIO()
        np.savez_compressed(buffer, coordinates=coordinates.astype(np.float32))
        write_atomic(path, buffer.getvalue())
    elif path.suffix == ".exr":
        _save_exr(path, coordinates)
    else:
        raise CounterpointError(f"Maps are written as .npz or .exr, not as {path.suffix or 'a file without a suffix'}.")


def _save_exr(path: Path, coordinates: Maps) -> None:
    import OpenEXR

    known = np.isfinite(coordinates).all(-1, keepdims=True)
    rgba = np.concatenate([np.where(known, coordinates, 0), known], axis=-1).astype(np.float32)
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "map.exr"
        OpenEXR.File(header, {"RGBA": np.ascontiguousarray(rgba)}).write(str(part))
        write_atomic(path, part.read_bytes())
