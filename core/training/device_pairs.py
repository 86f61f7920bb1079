"""Pairs of pictures that Warp draws in batches on the device that trains; workers only make the objects and cameras."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from core.training.pair_data import Batch, PairData, Plan, draw_pairs
from core.training.scene import Object3D, Scene
from core.training.warp_tracing import WarpTracer


class DevicePairs(PairData):
    """As :class:`core.training.pair_data.PairData`.

    Number i is always the same pair, in batches of one size on one kind of device.
    """

    def __getitem__(self, number: int) -> Plan:  # type: ignore[override]
        """The pair, not drawn yet; an object that was given stays behind."""
        plan = self._plan(number, 0)
        return plan if plan.given is None else replace(plan, items=())

    def collate(self, items: list[Any]) -> Any:
        """The plans as they are."""
        return items

    def finish(self, raw: Sequence[Plan], device: torch.device) -> Batch:
        """Draw the pictures of the plans (see :func:`core.training.pair_data.draw_pairs`)."""
        items: list[Object3D] = list(self._items or [])
        first, second = [], []
        for plan in raw:
            items += plan.items
            first.append(len(items) - len(plan.items) if plan.given is None else plan.given)
            second.append(len(items) - 1 if plan.given is None else plan.given)
        return draw_pairs(Scene(items, WarpTracer(items, device), device), [*first, *second], raw, self._settings)
