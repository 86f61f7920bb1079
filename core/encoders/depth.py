"""Metric depth of a photo by a network.

It is Depth Anything or another, through transformers (the extra ``counterpoint[depth]``).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.encoders.base import pick_device
from core.errors import CounterpointError

DEFAULT = "depth-anything/Depth-Anything-V2-Metric-Indoor-Small-hf"


class DepthModel:
    """A network that estimates metric depth."""

    def __init__(self, name: str = DEFAULT, device: str = "auto"):
        """Load a network.

        Args:
            name: a model of the hub, or a folder with its files (configuration, weights as safetensors, preprocessor).
            device: "auto", "cpu" or "cuda".

        Raises:
            CounterpointError: transformers is missing, there is no such model or it cannot be fetched, or its depth is
                not metric.
        """
        try:
            from transformers import AutoImageProcessor, AutoModelForDepthEstimation
        except ImportError:
            raise CounterpointError(
                "Depth by a network needs transformers: pip install 'counterpoint[depth]'."
            ) from None
        try:
            model: Any = AutoModelForDepthEstimation.from_pretrained(name, use_safetensors=True)
            self._prepare: Any = AutoImageProcessor.from_pretrained(name)
        except (OSError, ValueError, KeyError) as error:
            raise CounterpointError(
                f"No depth network could be loaded from {name} ({str(error).splitlines()[0]})."
            ) from error
        if getattr(model.config, "depth_estimation_type", "") != "metric":
            raise CounterpointError(f"{name} knows only what is nearer, not how far; choose a metric model.")
        self._device = pick_device(device)
        self._model = model.eval().to(self._device)

    @torch.inference_mode()
    def __call__(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.floating]:
        """Estimate the depth along z, float64 [H, W] in metres, of an image RGB uint8 [H, W, 3]."""
        inputs = self._prepare(images=image, return_tensors="pt").to(self._device)
        depth = self._model(**inputs).predicted_depth[:, None].float()
        whole = F.interpolate(depth, image.shape[:2], mode="bicubic", align_corners=False)[0, 0]
        return whole.clamp(min=0).cpu().numpy().astype(np.float64)
