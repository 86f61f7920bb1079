"""Segment Anything (Kirillov et al., 2023) from a checkpoint on disk."""

import hashlib
import urllib.request
from copy import copy
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from core.encoders.base import pick_device
from core.errors import CounterpointError
from core.files import check_file, written_beside
from core.parts.prompts import Candidate, Prompts, spread_over
from core.progress import Progress, silent

CHECKPOINTS = {
    "vit_b": ("sam_vit_b_01ec64.pth", "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912"),
    "vit_l": ("sam_vit_l_0b3195.pth", "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622"),
    "vit_h": ("sam_vit_h_4b8939.pth", "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e"),
}
"""Size of the model -> name of the published file and its SHA-256."""


SOURCE = "https://dl.fbaipublicfiles.com/segment_anything/"


class SamSegmenter:
    """A :class:`core.parts.prompts.Segmenter` with one of the published checkpoints.

    The checkpoint is identified by its SHA-256.

    It was not run on the real checkpoints where this was written (no network); the code was tested with the right
    architecture.
    """

    def __init__(self, checkpoint: str | Path, device: str = "auto", progress: Progress = silent):
        """Load a checkpoint.

        Args:
            checkpoint: the file.
            device: "auto", "cpu" or "cuda".
            progress: is told how far it is.

        Raises:
            CounterpointError: there is no such file, or it is none of the published checkpoints.
        """
        from segment_anything import SamPredictor, sam_model_registry

        file = check_file(checkpoint)
        progress(0.1, f"Checking {file.name}")
        kind = _kind_of(file)
        self.name = f"sam-{kind}"
        progress(0.3, f"Loading {file.name}")
        model = sam_model_registry[kind]()
        try:
            model.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
        except Exception as error:
            raise CounterpointError(f"{file.name} does not hold the weights of Segment Anything {kind}.") from error
        self._predictor = SamPredictor(model.eval().to(pick_device(device)))
        progress(1.0, "Segment Anything is ready")

    def another(self) -> "SamSegmenter":
        """Return a segmenter for another image, with the same model."""
        twin = copy(self)
        twin._predictor = type(self._predictor)(self._predictor.model)
        return twin

    def set_image(self, image: npt.NDArray[np.uint8]) -> None:
        """See :meth:`core.parts.prompts.Segmenter.set_image`."""
        self._predictor.set_image(image)

    def predict(self, prompts: Prompts) -> list[Candidate]:
        """See :meth:`core.parts.prompts.Segmenter.predict`."""
        height, width = self._predictor.original_size
        prompts.check((width, height))
        add, remove = [*prompts.add, *spread_over(prompts.painted)], [*prompts.remove, *spread_over(prompts.erased)]
        points = np.array([*add, *remove], float).reshape(-1, 2) + 0.5  # SAM counts from the corner of a pixel
        labels = np.array([1] * len(add) + [0] * len(remove))
        box = None if prompts.box is None else np.array(prompts.box) + 0.5
        masks, scores, _ = self._predictor.predict(
            points if len(points) else None, labels if len(points) else None, box
        )
        order = np.argsort(-scores)
        return [Candidate(np.asarray(masks[i], bool), float(np.clip(scores[i], 0, 1))) for i in order]


def fetch_checkpoint(kind: str, folder: str | Path, progress: Progress = silent, source: str = SOURCE) -> Path:
    """Download a published checkpoint into a folder and return its path; one that is there already is kept.

    Raises:
        CounterpointError: there is no network or no room, or what came is not the published file.
    """
    name, digest = CHECKPOINTS[kind]
    path = Path(folder) / name
    if path.exists():
        return path
    hasher = hashlib.sha256()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_beside(path) as beside:
            with urllib.request.urlopen(source + name, timeout=30) as answer, beside.open("wb") as file:
                size = int(answer.headers.get("Content-Length") or 0)
                while block := answer.read(1 << 20):
                    file.write(block)
                    hasher.update(block)
                    progress(min(file.tell() / max(size, 1), 1.0), f"Downloading {name}")
            if hasher.hexdigest() != digest:
                raise CounterpointError(f"What came from {source} is not the published {name}; nothing was kept.")
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or error
        raise CounterpointError(
            f"{name} could not be downloaded ({reason}); get it yourself and choose the file."
        ) from error
    return path


def _kind_of(file: Path) -> str:
    """Return which published checkpoint a file is; a pickle of unknown origin is not opened."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    for kind, (_, known) in CHECKPOINTS.items():
        if digest == known:
            return kind
    names = ", ".join(name for name, _ in CHECKPOINTS.values())
    raise CounterpointError(f"{file.name} is none of the published checkpoints ({names}), or it is damaged.")
