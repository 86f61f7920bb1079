"""The masks of a BOP scene against its lists."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.scenes.finding import Finding

KINDS = ("mask", "mask_visib")

CLOSE = 0.01
"""The share of pixels by which a count may differ from its mask before something goes wrong."""


def mask_findings(
    folder: Path, truth: dict[str, Any], info: dict[str, Any], sizes: dict[str, tuple[int, int]]
) -> Iterator[Finding]:
    """The violations of the masks in ``mask`` and ``mask_visib``."""
    wanted = {
        f"{int(key):06d}_{i:06d}.png" for key, one in truth.items() if isinstance(one, list) for i in range(len(one))
    }
    for kind in KINDS:
        if not (folder / kind).is_dir():
            yield Finding(str(folder / kind), "", "it is not there.", False)
            continue
        names = {file.name for file in (folder / kind).iterdir() if not file.name.startswith(".")}
        for name in sorted(names - wanted):
            odd = not re.fullmatch(r"\d{6}_\d{6}\.png", name)
            said = "masks are called %06d_%06d.png." if odd else "scene_gt.json has no such pose."
            yield Finding(str(folder / kind / name), "", said)
        for name in sorted(wanted - names):
            yield Finding(str(folder / kind), _key(name), f"there is no {name}.")
    for key, entries in truth.items():
        for number in range(len(entries) if isinstance(entries, list) else 0):
            abouts = info.get(key)
            about = abouts[number] if isinstance(abouts, list) and number < len(abouts) else {}
            yield from _pair(folder, key, number, about, sizes.get(key))


def _pair(
    folder: Path, key: str, number: int, about: dict[str, Any], size: tuple[int, int] | None
) -> Iterator[Finding]:
    """Of the two masks of a pose."""
    name, place = f"{int(key):06d}_{number:06d}.png", f"{key}/{number}"
    masks = {}
    for kind in KINDS:
        file = folder / kind / name
        if not file.is_file():
            continue
        mask = _read(file)
        if mask is None:
            yield Finding(str(file), place, "it is no picture of 8 bits and one channel.")
        elif size is not None and mask.shape != size[::-1]:
            yield Finding(
                str(file),
                place,
                f"it has {mask.shape[1]} x {mask.shape[0]} pixels, and the photo {size[0]} x {size[1]}.",
            )
        else:
            masks[kind] = mask
    if "mask_visib" not in masks:
        return
    seen = masks["mask_visib"]
    if "mask" in masks and (seen & ~masks["mask"]).any():
        yield Finding(str(folder / "mask_visib" / name), place, "it has pixels that are not in mask.")
    told, count = about.get("px_count_visib"), int(seen.sum())
    if isinstance(told, int) and told != count:
        far = abs(told - count) > max(5, CLOSE * count)
        counted = str(folder / "scene_gt_info.json")
        yield Finding(counted, place, f"px_count_visib is {told}, and mask_visib has {count} pixels.", far)
    yield from _box(folder, place, about.get("bbox_visib"), seen)


def _box(folder: Path, place: str, told: Any, seen: npt.NDArray[np.bool_]) -> Iterator[Finding]:
    """Whether the box is that of the mask; its width may be counted in pixels or as the difference of the columns."""
    if not isinstance(told, list) or len(told) != 4 or not seen.any():
        return
    rows, columns = np.nonzero(seen)
    true = np.array([columns.min(), rows.min(), np.ptp(columns), np.ptp(rows)])
    if np.abs(np.array(told, np.float64) - true).max() > 2:
        file = str(folder / "scene_gt_info.json")
        yield Finding(file, place, f"bbox_visib is {told}, and mask_visib spans {true.tolist()}.")


def _read(file: Path) -> npt.NDArray[np.bool_] | None:
    try:
        with Image.open(file) as image:
            if image.mode not in ("L", "1", "P"):
                return None
            return np.asarray(image) > 0
    except (OSError, ValueError):
        return None


def _key(name: str) -> str:
    photo, number = name[:-4].split("_")
    return f"{int(photo)}/{int(number)}"
