"""Pairs of pictures that Warp draws in batches on the device that trains; workers only make the objects and cameras."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.utils.data import default_collate

from core.training.pair_data import PairData, Plan, draw_pairs
from core.training.pair_settings import Batch
from core.training.scene import Object3D, TracedScene
from core.training.warp_tracing import WarpTracer


class DevicePairs(PairData):
    """As :class:`core.training.pair_data.PairData`.

    Number i is always the same pair, in batches of one size on one kind of device.
    """

    def __getitem__(self, number: int) -> Plan | Batch:  # type: ignore[override]
        """The pair, not drawn yet (an object that was given stays behind); or two crops of a photo."""
        if (crops := self.crops(number)) is not None:
            return crops
        plan = self._plan(number, 0)
        return plan if plan.given is None else replace(plan, items=())

    def collate(self, items: list[Any]) -> Any:
        """The plans as they are."""
        return items

    def finish(self, raw: Sequence[Plan | Batch], device: torch.device) -> Batch:
        """Draw the pictures of the plans (see :func:`core.training.pair_data.draw_pairs`); crops are ready."""
        plans = [one for one in raw if isinstance(one, Plan)]
        ready = [one for one in raw if not isinstance(one, Plan)]
        parts = [self._drawn(plans, device)] if plans else []
        if ready:
            parts.append({name: value.to(device) for name, value in default_collate(ready).items()})
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def _drawn(self, plans: Sequence[Plan], device: torch.device) -> Batch:
        items: list[Object3D] = list(self._items or [])
        first, second = [], []
        for plan in plans:
            items += plan.items
            first.append(len(items) - len(plan.items) if plan.given is None else plan.given)
            second.append(len(items) - 1 if plan.given is None else plan.given)
        return draw_pairs(
            TracedScene(items, WarpTracer(items, device), device), [*first, *second], plans, self._settings
        )
