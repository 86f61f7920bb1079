"""Pairs of pictures that are drawn in batches on the device that trains: workers make objects and cameras, the device the pictures."""

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.data import default_collate

from core.errors import CounterpointError
from core.geometry.render import vertex_color
from core.training.device_pictures import Objects, Pictures, take_pictures
from core.training.loop import Batch
from core.training.pair_data import NAMES, PairData
from core.training.pictures import random_camera
from core.training.procedural import Object3D
from core.training.tracing import upload

Scene = dict[str, Any]


class DevicePairs(PairData):
    """As :class:`core.training.pair_data.PairData`: number i is always the same pair (on the same kind of device)."""

    def __getitem__(self, number: int) -> Scene:  # type: ignore[override]
        settings = self._settings
        rng = np.random.default_rng((self._seed, number, 0))
        one, other = self._objects(rng)
        same_surface = bool(rng.random() < settings.same_surface)
        plain = (False, True) if rng.random() < settings.cad else tuple(rng.random(2) < settings.pictures.plain)
        return {
            "number": number,
            "objects": (_arrays(one),) if one is other else (_arrays(one), _arrays(other)),
            "cameras": [random_camera(item, rng, settings.pictures) for item in (one, other)],
            "plain": plain,
            "same_surface": same_surface,
            "facts": {
                "across": np.array(one is not other),
                "category": np.array(NAMES.index(one.category) if one.category in NAMES else -1),
                **self._extras(other, rng),
            },
        }

    def collate(self, items: list[Any]) -> Any:
        """The scenes as they are."""
        return items

    @torch.no_grad()
    def finish(self, raw: Any, device: torch.device) -> Batch:
        """Draw the pictures of the scenes, and choose pixels in them."""
        settings = self._settings
        generator = torch.Generator(device).manual_seed(self._seed * 1_000_003 + raw[0]["number"])
        objects, first, second = _upload(raw, device)
        cameras = [scene["cameras"][i] for i in range(2) for scene in raw]
        plain = torch.tensor([scene["plain"][i] for i in range(2) for scene in raw], device=device)
        same = torch.tensor([scene["same_surface"] for scene in raw], device=device)
        which = torch.tensor(first + second, device=device)
        pictures = take_pictures(objects, which, cameras, plain, same, settings.pictures, generator)
        facts = default_collate([scene["facts"] for scene in raw])
        batch = {name: value.to(device) for name, value in facts.items()}
        n = len(raw)
        for name, count, rows in (("a", settings.queries, slice(0, n)), ("b", settings.keys, slice(n, None))):
            batch |= _maps(name, pictures, rows) | _places(name, pictures, rows, count, generator)
        batch["outside"] = _choose(~pictures.mask[n:], settings.outside, generator)
        return batch


def _arrays(item: Object3D) -> dict[str, np.ndarray]:
    if item.shape.is_point_cloud:
        raise CounterpointError("Pictures of point clouds are drawn by open3d only; choose --renderer open3d.")
    color = vertex_color(item.shape)
    return {
        "vertices": item.shape.normalised.astype(np.float32),
        "normals": item.shape.normals.astype(np.float32),
        "faces": item.shape.faces.astype(np.int32),
        "local": item.local,
        "part": item.face_part.astype(np.int64),
        "color": np.full((len(item.local), 3), np.nan, np.float32)
        if color is None
        else color[:, :3].astype(np.float32) / 255,
    }


def _upload(raw: list[Scene], device: torch.device) -> tuple[Objects, list[int], list[int]]:
    """All objects of the scenes, and which of them the first and the second picture of each scene show."""
    every: list[dict[str, np.ndarray]] = []
    first: list[int] = []
    second: list[int] = []
    for scene in raw:
        first.append(len(every))
        every += scene["objects"]
        second.append(len(every) - 1)
    joined = {
        name: torch.from_numpy(np.concatenate([arrays[name] for arrays in every])).to(device)
        for name in ("vertices", "normals", "local", "part", "color")
    }
    meshes = upload([arrays["vertices"] for arrays in every], [arrays["faces"] for arrays in every], device)
    return Objects(meshes, **joined), first, second


def _maps(name: str, pictures: Pictures, rows: slice) -> Batch:
    maps = {"image": pictures.image, "mask": pictures.mask, "normal": pictures.normal, "depth": pictures.depth}
    return {f"{name}_{key}": value[rows] for key, value in maps.items()}


def _places(name: str, pictures: Pictures, rows: slice, count: int, generator: torch.Generator) -> Batch:
    pixels = _choose(pictures.mask[rows], count, generator)
    index = torch.arange(len(pixels), device=pixels.device)[:, None], pixels[..., 1], pixels[..., 0]
    values = {"point": pictures.point, "part": pictures.part, "local": pictures.local}
    return {f"{name}_pixels": pixels} | {f"{name}_{key}": value[rows][index] for key, value in values.items()}


def _choose(mask: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """``count`` pixels (column, row) of each mask [B, S, S], with repetition; any pixel where a mask is empty."""
    flat = F.normalize(mask.flatten(1).float() + 1e-9, p=1, dim=1)
    chosen = torch.multinomial(flat, count, replacement=True, generator=generator)
    return torch.stack([chosen % mask.shape[2], chosen // mask.shape[2]], dim=-1)
