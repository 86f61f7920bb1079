"""What can lie over a photo or a shape, and how much of it is seen.

A task has layers of its own, which are seen at full strength. Of the others those are dimmed that leave what is below
them to be read: pins are small, and parts are thin tints. A foreign heatmap, posed shape or coordinates would hide the
very pixels and faces that are worked on, and are hidden.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Literal, get_args

Layer = Literal["pins", "heat", "parts", "coordinates", "pose", "cameras", "depth", "photo"]
"""From the top to the bottom.

Pins are those of matches, their rivals and pairs; heat is the heatmap of the current pin; parts are masks, also of what
is being marked, with its clicks; coordinates are the NOCs of posed shapes, and of shapes; pose is the posed shape with
its camera; cameras are those of a collection; depth is what was measured, as a picture, and as points around posed shapes.
"""

LAYERS: tuple[Layer, ...] = get_args(Layer)

PoseStyle = Literal["own", "wireframe", "silhouette", "difference"]
"""How a posed shape is drawn, see :mod:`core.alignment.overlay`."""

DIMMED = 0.35
"""The share that is left of a layer that is not the task's own."""

_OPACITY: dict[Layer, float] = {
    "pins": 1.0,
    "heat": 0.7,
    "parts": 1.0,
    "coordinates": 0.8,
    "pose": 0.65,
    "cameras": 1.0,
    "depth": 0.8,
    "photo": 1.0,
}
_COVERS: frozenset[Layer] = frozenset({"heat", "coordinates", "pose", "cameras", "depth"})
_ASKED: frozenset[Layer] = frozenset({"coordinates", "depth"})
"""They are seen only when the user opens their eyes."""


@dataclass(frozen=True)
class Look:
    """How a layer is seen: at all, with which opacity from 0 to 1, and whether it is one of the task's own."""

    visible: bool
    opacity: float
    own: bool


@dataclass(frozen=True)
class ByHand:
    """What a user set of a layer; None leaves it to the task."""

    visible: bool | None = None
    opacity: float | None = None


Looks = Mapping[Layer, Look]


def looks_of(own: Set[Layer], by_hand: Mapping[Layer, ByHand], style: PoseStyle = "own") -> Looks:
    """How every layer is seen in a task with layers of its ``own``; what is set by hand comes first."""
    return {
        layer: _look(layer, layer in own or layer == "photo", by_hand.get(layer, ByHand()), style) for layer in LAYERS
    }


def _look(layer: Layer, own: bool, by_hand: ByHand, style: PoseStyle) -> Look:
    full = 1.0 if layer == "pose" and style != "own" else _OPACITY[layer]  # lines and differences are no tint
    visible = layer not in _ASKED and (own or layer not in _COVERS)
    opacity = full if own else DIMMED * full
    return Look(
        visible if by_hand.visible is None else by_hand.visible,
        opacity if by_hand.opacity is None else by_hand.opacity,
        own,
    )


ALONE: Looks = {layer: Look(layer == "photo", 1.0, False) for layer in LAYERS}
"""Photos and shapes as they are, with nothing over them."""

ALL: Looks = looks_of(frozenset(LAYERS), {})
"""Before there is a task."""
