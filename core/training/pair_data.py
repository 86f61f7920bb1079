"""Pairs of pictures for training: number i is always the same pair."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, default_collate

from core.geometry.camera import Camera
from core.training.categories import CATEGORIES
from core.training.look import Look
from core.training.pair_settings import Batch, PairSettings, choose_pixels
from core.training.photo_pairs import photo_pair
from core.training.pictures import Pictures, random_camera, take_pictures
from core.training.procedural import make_object, training_seed
from core.training.scene import Object3D, Open3dTracer, TracedScene

NAMES = list(CATEGORIES)

Extras = Callable[[Object3D, np.random.Generator], dict[str, np.ndarray]]
"""More to know about the object of the second picture."""


@dataclass
class Plan:
    """A pair before it is drawn.

    Attributes:
        seed: of the random numbers of its pictures.
        items: the object that both show, or that of A and that of B; none where it is one of those given and known by
            its number.
        given: the number of the object among those given, or None for procedural ones.
        cameras: of A and B.
        plain: whether A and B are drawn as the program draws CAD models.
        same_surface: whether the surfaces of A and B look the same.
        facts: arrays that go into the batch as they are.
    """

    seed: int
    items: tuple[Object3D, ...]
    given: int | None
    cameras: tuple[Camera, Camera]
    plain: tuple[bool, bool]
    same_surface: bool
    facts: dict[str, np.ndarray]


class PairData(Dataset[Any]):
    """Two views of one object, or of two of a category; of the given ``items``, or of procedural ones; or two crops.

    Open3D draws them on the CPU.
    """

    def __init__(
        self,
        settings: PairSettings,
        seed: int,
        count: int,
        items: Sequence[Object3D] | None = None,
        extras: Extras | None = None,
    ):
        self._settings, self._seed, self._count, self._items, self._extras = settings, seed, count, items, extras

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> Batch:
        """The pair, as :func:`draw_pairs` says but without B; drawn anew if hardly anything of its objects is seen."""
        if (crops := self.crops(number)) is not None:
            return crops
        for attempt in range(20):
            plan = self._plan(number, attempt)
            scene, last = plan.items[0].scene, len(plan.items) - 1
            if last:
                scene = TracedScene(plan.items, Open3dTracer(plan.items), torch.device("cpu"))
            drawn = draw_pairs(scene, [0, last], [plan], self._settings)
            pair = {name: value[0] for name, value in drawn.items()}
            shares = [float(pair[name].float().mean()) for name in ("a_mask", "b_mask")]
            if min(shares) > 0.01 and shares[1] < 1:
                break
        return pair

    def crops(self, number: int) -> Batch | None:
        """The pair of a number if it is two crops of one photo."""
        rng = np.random.default_rng((self._seed, number, 2**20))
        return photo_pair(self._settings, rng) if rng.random() < self._settings.crops else None

    def collate(self, items: list[Any]) -> Any:
        """Join items, in the worker."""
        return default_collate(items)

    def finish(self, raw: Any, device: torch.device) -> Batch:
        """Make what was collated a batch on the device that trains."""
        return {name: value.to(device) for name, value in raw.items()}

    def _plan(self, number: int, attempt: int) -> Plan:
        settings, rng = self._settings, np.random.default_rng((self._seed, number, attempt))
        one, other, given = self._objects(rng)
        same_surface = bool(rng.random() < settings.same_surface)
        cad, plain = rng.random() < settings.cad, rng.random(2) < settings.pictures.plain
        return Plan(
            int(rng.integers(2**62)),
            (one,) if one is other else (one, other),
            given,
            (random_camera(one, rng, settings.pictures), random_camera(other, rng, settings.pictures)),
            (False, True) if cad else (bool(plain[0]), bool(plain[1])),
            same_surface,
            {
                "across": np.array(one is not other),
                "surface": np.array(True),
                "category": np.array(NAMES.index(one.category) if one.category in NAMES else -1),
                **({} if self._extras is None else self._extras(other, rng)),
            },
        )

    def _objects(self, rng: np.random.Generator) -> tuple[Object3D, Object3D, int | None]:
        seeds = [training_seed(int(n)) for n in rng.integers(2**40, size=2)]
        if self._items is not None and (self._settings.given == 1 or rng.random() < self._settings.given):
            given = seeds[0] % len(self._items)
            return self._items[given], self._items[given], given
        if rng.random() < self._settings.across:
            category = NAMES[int(rng.integers(len(NAMES)))]
            return make_object(seeds[0], category), make_object(seeds[1], category), None
        item = make_object(seeds[0])
        return item, item, None


def draw_pairs(scene: TracedScene, which: Sequence[int], plans: Sequence[Plan], settings: PairSettings) -> Batch:
    """Draw B pairs, and choose pixels in them.

    Args:
        scene: their objects.
        which: 2 B numbers of objects: those of pictures A, then those of pictures B.
        plans: of the B pairs; the seed of the first is that of all random numbers.
        settings: what a pair is.

    Returns:
        On the device of the scene, for both pictures ``x`` in (a, b): ``x_image`` uint8 [B, S, S, 3], ``x_mask`` bool
        [B, S, S], ``x_normal`` float16 [B, S, S, 3] and ``x_depth`` float16 [B, S, S] (see
        :class:`core.training.pictures.Pictures`); ``x_pixels`` int64 [B, n, 2] (column, row) of places of the object,
        and of these ``x_point`` float32 [B, n, 3], ``x_part`` int64 [B, n] and ``x_local`` float32 [B, n, 3]. Besides
        ``outside`` int64 [B, m, 2], pixels of B's background, and the plans' facts: ``across`` bool [B], whether A and
        B show two objects, ``surface`` bool [B], whether they show a surface at all, ``category`` int64 [B], -1 for
        none, and the extras.
    """
    device, count = scene.device, len(plans)
    generator = torch.Generator(device).manual_seed(plans[0].seed)
    cameras = [plan.cameras[i] for i in range(2) for plan in plans]
    plain = [plan.plain[i] for i in range(2) for plan in plans]
    surface = [*range(count), *(n if plan.same_surface else count + n for n, plan in enumerate(plans))]
    made = take_pictures(scene, which, cameras, Look(settings.pictures, plain, generator, surface))
    batch = {name: value.to(device) for name, value in default_collate([plan.facts for plan in plans]).items()}
    for name, places, rows in (("a", settings.queries, slice(0, count)), ("b", settings.keys, slice(count, None))):
        batch |= _picture(name, Pictures(*(value[rows] for value in vars(made).values())), places, generator)
    return batch | {"outside": choose_pixels(~made.mask[count:], settings.outside, generator)}


def _picture(name: str, made: Pictures, count: int, generator: torch.Generator) -> Batch:
    pixels = choose_pixels(made.mask, count, generator)
    at = torch.arange(len(pixels), device=pixels.device)[:, None], pixels[..., 1], pixels[..., 0]
    values = {
        "image": made.image,
        "mask": made.mask,
        "normal": made.normal.half(),
        "depth": made.depth.half(),
        "pixels": pixels,
        "point": made.point[at],
        "part": made.part[at],
        "local": made.local[at],
    }
    return {f"{name}_{key}": value for key, value in values.items()}
