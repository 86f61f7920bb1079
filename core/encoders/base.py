"""What an encoder is: pictures or points in, descriptors out."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch

from core.errors import CounterpointError


@dataclass
class Encoded:
    """What an encoder makes of a batch of B square pictures.

    Attributes:
        descriptors: float32 [B, h, w, D], not yet of unit length: interpolate first, then normalise.
        foreground: float32 [B, h, w], probability in [0, 1] that a cell belongs to the object, or None if the encoder
            does not know.
        vectors: float32 [B, G], one for each whole picture, not of unit length, or None if the encoder has none.
    """

    descriptors: torch.Tensor
    foreground: torch.Tensor | None = None
    vectors: torch.Tensor | None = None


class ImageEncoder(Protocol):
    """An image encoder. ``encode`` is the expensive call; everything else works on what it returns.

    Attributes:
        name: what the user chose.
        fingerprint: changes whenever the same picture would get other descriptors; the key of caches.
        dim: D, the length of a descriptor.
        input_size: side in pixels of the square pictures it likes best.
        photo_size: the same for crops of photos, which are less sharp than renders.
    """

    name: str
    fingerprint: str
    dim: int
    input_size: int
    photo_size: int

    def encode(self, images: npt.NDArray[np.uint8]) -> Encoded:
        """Describe square pictures.

        Args:
            images: RGB, uint8 [B, S, S, 3]; S is ``input_size`` or any other multiple of the patch.

        Returns:
            Tensors on the encoder's device, without gradients.
        """
        ...


def encode_fitting(encoder: ImageEncoder, images: npt.NDArray[np.uint8]) -> Encoded:
    """Describe pictures; where the GPU's memory is too small for all of them, half of them at a time, and so on.

    Args:
        encoder: the encoder.
        images: RGB, uint8 [B, S, S, 3].

    Returns:
        Tensors on the CPU.

    Raises:
        torch.OutOfMemoryError: the memory is too small for one picture.
    """
    try:
        found = encoder.encode(images)
        return Encoded(*(None if v is None else v.cpu() for v in (found.descriptors, found.foreground, found.vectors)))  # type: ignore[arg-type]
    except torch.OutOfMemoryError:
        if len(images) == 1:
            raise
    torch.cuda.empty_cache()
    middle = len(images) // 2
    parts = [encode_fitting(encoder, some) for some in (images[:middle], images[middle:])]

    def joined(name: str) -> torch.Tensor | None:
        values = [getattr(part, name) for part in parts]
        return None if values[0] is None else torch.cat(values)

    return Encoded(joined("descriptors"), joined("foreground"), joined("vectors"))  # type: ignore[arg-type]


@runtime_checkable
class TunableEncoder(ImageEncoder, Protocol):
    """An image encoder that can be adapted (see :mod:`core.encoders.lora`).

    Its network is in two parts, of which only the second changes.
    """

    @property
    def net(self) -> torch.nn.Module:
        """The network; not to be changed."""
        ...

    def begin(self, net: torch.nn.Module, images: npt.NDArray[np.uint8]) -> list[torch.Tensor]:
        """Run the part of ``net`` that never changes on pictures, RGB, uint8 [B, S, S, 3].

        Returns tensors with B rows.
        """
        ...

    def finish(self, net: torch.nn.Module, begun: list[torch.Tensor]) -> Encoded:
        """Run the rest of ``net``, a changed copy of :attr:`net`, on the tensors [B, ...] that :meth:`begin` returned.

        Gradients go through.
        """
        ...


@dataclass
class EncodedPoints:
    """What a point encoder makes of a shape.

    Attributes:
        places: float32 [T, 3], where the tokens are, in the frame of the points.
        descriptors: float32 [T, D], not yet of unit length, in the space of the image encoder it was trained with.
        vector: float32 [G] of the whole shape, not of unit length.
    """

    places: npt.NDArray[np.float32]
    descriptors: torch.Tensor
    vector: torch.Tensor


class PointEncoder(Protocol):
    """A point encoder: the counterpart of :class:`ImageEncoder` for shapes.

    Attributes:
        name, fingerprint, dim: as of an image encoder.
        points: how many points it likes best.
    """

    name: str
    fingerprint: str
    dim: int
    points: int

    def encode(self, position: npt.NDArray[np.floating], normal: npt.NDArray[np.floating]) -> EncodedPoints:
        """Describe a shape.

        Args:
            position: points float [N, 3] in the normalised frame (bounding box centred at the origin, its diagonal 1),
                y up.
            normal: their unit normals, float [N, 3].
        """
        ...


def to_batch(
    images: npt.NDArray[np.uint8], mean: tuple[float, ...], std: tuple[float, ...], device: torch.device
) -> torch.Tensor:
    """Normalise pictures for a network.

    Args:
        images: RGB, uint8 [B, S, S, 3].
        mean: of each channel, in [0, 1].
        std: standard deviation of each channel.
        device: where the result lies.

    Returns:
        float32 [B, 3, S, S], (image / 255 - mean) / std.
    """
    batch = torch.from_numpy(np.ascontiguousarray(images)).to(device).permute(0, 3, 1, 2).float().div_(255)
    shape = (1, 3, 1, 1)
    return batch.sub_(torch.tensor(mean, device=device).view(shape)).div_(torch.tensor(std, device=device).view(shape))


def pick_device(device: str = "auto") -> torch.device:
    """The device of a name: "auto" is the GPU where there is one.

    Raises:
        CounterpointError: a GPU is asked for and there is none.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise CounterpointError("No GPU can be used on this machine; choose the device cpu or auto.")
    return torch.device(device)
