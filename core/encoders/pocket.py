"""The bundled pocket encoders.

``pocket`` has an ImageNet trunk and was trained on procedural shapes, scans and photos; ``pocket-0.1`` is the one of
version 0.1, which never saw a photo (see the model card).
"""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import nn

from core.encoders.base import Encoded, pick_device, to_batch
from core.encoders.efficientnet_lite import folded
from core.encoders.lite_net import LiteNet
from core.encoders.pocket_net import PocketNet
from core.errors import CounterpointError
from core.files import check_file, file_digest

WEIGHTS = Path(__file__).parents[2] / "resources" / "weights"

NETS: dict[str, type[LiteNet] | type[PocketNet]] = {"lite": LiteNet, "tiny_vit": PocketNet}
"""The networks by the name that a card calls them."""


def read_card(name: str = "pocket") -> dict[str, Any]:
    """The card of a bundled encoder, "pocket" or "pocket-0.1": the sizes of its nets and the files of its weights."""
    card: dict[str, Any] = json.loads((WEIGHTS / f"{name}.json").read_text())
    return card


def make_net(settings: dict[str, Any]) -> LiteNet | PocketNet:
    """The image net of a card's ``image_encoder``, with random weights."""
    return NETS[settings["net"]](settings)


PHOTO_SIZE = 160
"""Crops of real photos match better at 160 than at the 224 of training (counterpoint evaluate correspondence --data
bop:PATH)."""


class PocketEncoder:
    """The offline default (a :class:`core.encoders.base.TunableEncoder`).

    The net itself is built at the first picture that no cache knows: importing timm takes longer than all the rest.
    """

    def __init__(
        self, weights: str | Path | None = None, device: str = "auto", random: bool = False, name: str = "pocket"
    ):
        """Choose weights.

        Args:
            weights: a file of weights (safetensors); None is the bundled one.
            device: "auto", "cpu" or "cuda".
            random: whether to keep the initial weights instead, as a baseline.
            name: "pocket" or "pocket-0.1".

        Raises:
            CounterpointError: no such device or file, or weights that do not fit.
        """
        self.name = name
        self._settings = settings = read_card(name)["image_encoder"]
        self.dim: int = settings["neck"]["descriptor_dim"]
        self.input_size: int = settings["input_size"][0]
        self.photo_size = PHOTO_SIZE
        self._mean, self._std = tuple(settings["mean"]), tuple(settings["std"])
        self._device = pick_device(device)
        self._file: Path | None = None
        self._quick: tuple[int, LiteNet | PocketNet] | None = None
        if random:
            self.name = self.fingerprint = f"{name}-random"
        else:
            self._file = check_file(weights or WEIGHTS / settings["weights"])
            self.fingerprint = f"pocket-{file_digest(self._file)[:16]}"
        if weights is not None:
            _ = self._net  # a file that does not fit is said at once

    @cached_property
    @torch.inference_mode(False)
    def _net(self) -> LiteNet | PocketNet:
        if self._file is None:
            torch.manual_seed(0)
        net = make_net(self._settings)
        if self._file is not None:
            load_weights(net, self._file)
        return net.float().eval().to(self._device).to(memory_format=torch.channels_last)

    @property
    def net(self) -> nn.Module:
        """See :attr:`core.encoders.base.TunableEncoder.net`."""
        return self._net

    def begin(self, net: Any, images: npt.NDArray[np.uint8]) -> list[torch.Tensor]:
        """See :meth:`core.encoders.base.TunableEncoder.begin`: all but the last stage and the neck."""
        return list(net.begin(to_batch(images, self._mean, self._std, self._device)))

    def finish(self, net: Any, begun: list[torch.Tensor]) -> Encoded:
        """See :meth:`core.encoders.base.TunableEncoder.finish`: the last stage and the neck."""
        descriptors, aux, vectors = net.finish(begun)
        return Encoded(descriptors.permute(0, 2, 3, 1).float(), torch.sigmoid(aux[:, 0]).float(), vectors.float())

    @torch.inference_mode()
    def encode(self, images: npt.NDArray[np.uint8]) -> Encoded:
        """See :meth:`core.encoders.base.ImageEncoder.encode`."""
        quick = self._folded()
        return self.finish(quick, self.begin(quick, images))

    def _folded(self) -> LiteNet | PocketNet:
        """The net for inference, made anew where training has changed the net."""
        state = self._net.state_dict(keep_vars=True).values()
        version = sum(tensor._version for tensor in state)
        if self._quick is None or self._quick[0] != version:
            self._quick = version, folded(self._net)
        return self._quick[1]


def load_weights(net: nn.Module, file: Path) -> None:
    """Load an image net's weights from a file (safetensors).

    Raises:
        CounterpointError: they do not fit.
    """
    try:
        missing, unexpected = net.load_state_dict(load_file(file), strict=False)
    except Exception as error:
        raise CounterpointError(f"{file.name} does not hold weights of the pocket encoder ({error}).") from error
    computed = ("attention_bias_idxs", "num_batches_tracked", "mix")
    missing = [key for key in missing if not key.endswith(computed)]
    if missing or unexpected:
        raise CounterpointError(
            f"{file.name} does not fit the pocket encoder (for example {(missing + unexpected)[0]}); weights trained "
            "with version 0.1 go with the encoder pocket-0.1."
        )
