"""The bundled point encoder.

It describes a shape's points in the space of the pocket image encoder, without rendering.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import nn

from core.encoders.base import EncodedPoints, pick_device
from core.encoders.pocket import WEIGHTS, read_card
from core.errors import CounterpointError
from core.files import check_file, file_digest

BASE = "pocket-0.1_point.safetensors"
"""The bundled file that holds what a file of weights leaves out (see :mod:`core.training.points`)."""


class PointTokens(Protocol):
    """Turns points into tokens with a place each: the local groups below, or a pretrained 3D VAE that the user has.

    Attributes:
        width: C, the length of a token.
    """

    width: int

    def __call__(self, cloud: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Make tokens of points.

        Args:
            cloud: float32 [B, N, 6], position and unit normal in the normalised frame (diagonal 1) with y up.

        Returns:
            The places float32 [B, T, 3] of the tokens in the same frame, and the tokens float32 [B, T, C].
        """
        ...


class PointNet(nn.Module):
    """Tokens, a transformer over them, a descriptor for each and a vector of all.

    Module names are those of the checkpoint.
    """

    def __init__(self, settings: Mapping[str, Any], tokens: PointTokens | None = None):
        """Build the network with random weights.

        Args:
            settings: the sizes, as in the card ``pocket.json``.
            tokens: replaces the bundled local groups. It stays as it is and only what comes after it has weights to
                learn, as Tango3D (arXiv:2605.19727) does with its 3D VAE.
        """
        super().__init__()
        width, heads = settings["width"], settings["heads"]
        self.count, self.neighbours = settings["tokens"], settings["neighbours"]
        self._tokens = (tokens,)  # in a tuple, so that its weights are not taken for ours
        if tokens is None:
            self.m1 = nn.Sequential(nn.Linear(6, width // 2), nn.GELU(), nn.Linear(width // 2, width))
            self.m2 = nn.Sequential(nn.Linear(2 * width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        else:
            self.adapt = nn.Linear(tokens.width, width)
        self.pos = nn.Sequential(nn.Linear(6, width), nn.GELU(), nn.Linear(width, width))
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(settings["depth"])
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, settings["descriptor_dim"])
        self.glob = nn.Linear(width, settings["global_dim"])

    def forward(
        self, cloud: torch.Tensor, centers: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Describe points.

        Args:
            cloud: float32 [B, N, 6], position and unit normal in the normalised frame (diagonal 1) with y up.
            centers: int64 [B, T], the points that groups form around; None for farthest-point sampling.

        Returns:
            The places float32 [B, T, 3] of the tokens, their descriptors float32 [B, T, D] and the vectors float32 [B,
            G], neither of unit length.
        """
        own = self._tokens[0]
        if own is None:
            centers = farthest_points(cloud[..., :3], self.count) if centers is None else centers
            middle = _take(cloud, centers)
            x = self._groups(cloud, middle)
        else:
            with torch.no_grad():
                places, tokens = own(cloud)
            nearest = torch.cdist(places, cloud[..., :3]).argmin(dim=-1)
            middle = torch.cat([places, _take(cloud, nearest)[..., 3:]], dim=-1)
            x = self.adapt(tokens)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x + self.pos(middle)], dim=1)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        return middle[..., :3], self.head(x[:, 1:]), self.glob(x[:, 0])

    def _groups(self, cloud: torch.Tensor, middle: torch.Tensor) -> torch.Tensor:
        """A token [B, T, C] for the nearest points around each centre [B, T, 6].

        These are the two steps of PointNet, in every group.
        """
        distance = torch.cdist(middle[..., :3], cloud[..., :3])
        nearest = distance.topk(min(self.neighbours, cloud.shape[1]), largest=False, sorted=False).indices
        group = _take(cloud, nearest.flatten(1)).view(*nearest.shape, 6)
        offset = (group[..., :3] - middle[:, :, None, :3]) * 8
        x = self.m1(torch.cat([offset, group[..., 3:]], dim=-1))
        whole = x.amax(dim=2, keepdim=True).expand_as(x)
        tokens: torch.Tensor = self.m2(torch.cat([x, whole], dim=-1)).amax(dim=2)
        return tokens


def _take(cloud: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Rows [B, K, C] of [B, N, C] at int64 [B, K]."""
    return cloud.gather(1, index[..., None].expand(-1, -1, cloud.shape[-1]))


def farthest_points(points: torch.Tensor, count: int) -> torch.Tensor:
    """Choose points that are far from each other (farthest-point sampling).

    Args:
        points: float32 [B, N, D].
        count: how many are chosen, at most N.

    Returns:
        Indices int64 [B, count]; each point is as far as possible from those before it.
    """
    batch, total, _ = points.shape
    chosen = torch.zeros(batch, min(count, total), dtype=torch.long, device=points.device)
    distance = torch.full((batch, total), torch.inf, device=points.device)
    rows = torch.arange(batch, device=points.device)
    for i in range(1, chosen.shape[1]):
        last = points[rows, chosen[:, i - 1]]
        distance = torch.minimum(distance, (points - last[:, None]).square().sum(-1))
        chosen[:, i] = distance.argmax(dim=-1)
    return chosen


class PocketPointEncoder:
    """The bundled :class:`core.encoders.base.PointEncoder`."""

    def __init__(
        self,
        weights: str | Path | None = None,
        device: str = "auto",
        tokens: PointTokens | None = None,
        name: str = "pocket",
    ):
        """Choose the weights; they are read when the first shape is encoded.

        Args:
            weights: a file; None for the bundled weights.
            device: "auto", "cpu" or "cuda".
            tokens: the source that the weights were trained with, if not the bundled one. It moves to its device by
                itself.
            name: "pocket" or "pocket-0.1", the image encoder whose space it is.

        Raises:
            CounterpointError: there is no such file or device.
        """
        self.name, self._tokens = name, tokens
        self._settings = settings = read_card(name)["point_encoder"]
        self.dim: int = settings["descriptor_dim"]
        self.points: int = settings["points"]
        self._device = pick_device(device)
        self._file = check_file(weights or WEIGHTS / settings["weights"])
        self.fingerprint = f"pocket-points-{file_digest(self._file)[:16]}"

    @cached_property
    def _net(self) -> PointNet:
        net = PointNet(self._settings, self._tokens)
        load_points(net, self._file)
        return net.float().eval().to(self._device)

    @torch.inference_mode()
    def encode(self, position: npt.NDArray[np.floating], normal: npt.NDArray[np.floating]) -> EncodedPoints:
        """See :meth:`core.encoders.base.PointEncoder.encode`."""
        cloud = torch.from_numpy(np.concatenate([position, normal], axis=1).astype(np.float32)).to(self._device)
        places, descriptors, vectors = self._net(cloud[None])
        return EncodedPoints(places[0].cpu().numpy(), descriptors[0].float().cpu(), vectors[0].float().cpu())


def load_points(net: PointNet, file: Path) -> None:
    """Load a point net's weights; what a file leaves out is that of ``BASE``.

    Raises:
        CounterpointError: they do not fit.
    """
    try:
        state = load_file(file)
        if not any(name.startswith(("m1.", "adapt.")) for name in state):
            state = load_file(WEIGHTS / BASE) | state
        net.load_state_dict(state)
    except Exception as error:
        raise CounterpointError(f"{file.name} does not hold weights of the pocket point encoder.") from error
