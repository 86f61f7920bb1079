"""Pairs of pictures that Warp draws in batches on the device that trains; workers only make the objects and cameras."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from core.training.pair_data import Batch, PairData, Plan, draw_pairs
from core.training.scene import MeshArrays, Scene
from core.training.warp_tracing import WarpTracer


@dataclass
class DevicePlan(Plan):
    """A pair on its way from a worker to the device.

    Attributes:
        meshes: its object or objects; none where the object is one of those given.
    """

    meshes: tuple[MeshArrays, ...] = ()


class DevicePairs(PairData):
    """As :class:`core.training.pair_data.PairData`: number i is always the same pair, in batches of one size on one kind of device."""

    def __getitem__(self, number: int) -> DevicePlan:  # type: ignore[override]
        """The pair, not drawn yet."""
        plan = self._plan(number, 0)
        one, other = plan.items
        meshes = () if plan.given is not None else (one.arrays,) if one is other else (one.arrays, other.arrays)
        return DevicePlan(**{**vars(plan), "items": ()}, meshes=meshes)

    def collate(self, items: list[Any]) -> Any:
        """The plans as they are."""
        return items

    def finish(self, raw: Sequence[DevicePlan], device: torch.device) -> Batch:
        """Draw the pictures of the plans (see :func:`core.training.pair_data.draw_pairs`)."""
        meshes: list[MeshArrays] = []
        given: dict[int, int] = {}
        first, second = [], []
        for plan in raw:
            number = len(meshes) if plan.given is None else given.setdefault(plan.given, len(meshes))
            if number == len(meshes):
                meshes += (
                    plan.meshes if plan.given is None or self._items is None else (self._items[plan.given].arrays,)
                )
            first.append(number)
            second.append(number + max(0, len(plan.meshes) - 1))
        scene = Scene.of(meshes, WarpTracer(meshes, device), device)
        return draw_pairs(scene, [*first, *second], raw, self._settings)
