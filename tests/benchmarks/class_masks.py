"""Outlines of the main object of photos whose ImageNet class is known, for ``counterpoint train cutter``.

Nobody drew them: what a classifier sees the class by (class activation maps, Zhou et al., 2016) gives boxes and clicks, the cutter makes masks
of them, and the mask is kept that the class stays recognisable in and cannot be recognised without.

    python -m tests.benchmarks.class_masks PHOTOS OUT [PART PARTS]

PHOTOS holds one photo of each of the 1,000 classes, in the order of their names; OUT becomes a folder of photos with outlines.
It takes about 3 CPU seconds a photo; PART of PARTS does its share of them.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

import cv2
import numpy as np
import numpy.typing as npt
import timm
import torch

from core.arrays import Mask
from core.encoders.feature_map import box_around
from core.images import load_image
from core.parts.cutter import CutterSegmenter
from core.parts.prompts import Prompts
from core.parts.verdict import intersection_over_union
from core.training.imagenet import load_trunk
from core.training.photos import photo_files

Image = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]

SIDES = (288, 448)
"""Longer sides of the photo in pixels at which the classifier looks for its class."""

LEVELS = (0.15, 0.3, 0.45, 0.6)
"""Shares of the map's peak around which boxes are drawn."""

MOST = 6
"""Boxes that are cut out."""


@dataclass
class Found:
    """A mask of the object of a class.

    Attributes:
        mask: bool [H, W].
        steady: the overlap of two cuts from its own box.
        evidence: how much the class depends on it; from 2.3 on it mostly is the object.
        mass: share of the class activation map in it.
    """

    mask: Mask
    steady: float
    evidence: float
    mass: float

    @property
    def sure(self) -> bool:
        """Whether it is good enough to learn from."""
        return self.evidence > 2.3 and self.steady > 0.65 and self.mass > 0.25 and is_one_thing(self.mask)


def is_one_thing(mask: Mask) -> bool:
    """Whether a mask is of one compact piece, of middling size, and cut off by one side of the photo at most."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    areas = [cv2.contourArea(outline) for outline in outlines]
    whole = sum(areas)
    cut_off = sum(side.mean() > 0.1 for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))
    if not 0.02 < mask.mean() < 0.55 or cut_off > 1 or max(areas) < 0.95 * whole:
        return False
    length = sum(cv2.arcLength(outline, True) for outline in outlines)
    return whole > 0.62 * cv2.contourArea(cv2.convexHull(np.vstack(outlines))) and length < 9 * np.sqrt(whole)


class Classifier:
    """EfficientNet-Lite0 as ImageNet taught it, whole."""

    def __init__(self) -> None:
        self.net = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
        load_trunk(self.net)

    def probabilities(self, pictures: list[Image], number: int) -> npt.NDArray[np.float32]:
        """How sure it is to see the class of a number in pictures uint8 [H, W, 3], float32 [N]."""
        with torch.inference_mode():
            found = self.net(torch.cat([_batch(picture, (224, 224)) for picture in pictures]))
        return np.asarray(torch.softmax(found, 1)[:, number].numpy())

    def activation(self, picture: Image, number: int) -> npt.NDArray[np.float32]:
        """Where it sees the class, float32 [H, W], at most 1."""
        height, width = picture.shape[:2]
        weight = self.net.classifier.weight
        total = np.zeros((height, width), np.float32)
        for side in SIDES:
            scale = side / max(height, width)
            x = _batch(picture, (max(1, round(width * scale / 32)) * 32, max(1, round(height * scale / 32)) * 32))
            with torch.inference_mode():
                maps = self.net.forward_features(torch.cat([x, x.flip(3)]))
                seen = torch.einsum("bchw,c->bhw", maps, weight[number] - weight.mean(0)).clamp(min=0)
            both = (seen[0] + seen[1].flip(1)).numpy()
            total += cv2.resize(both / max(both.max(), 1e-6), (width, height), interpolation=cv2.INTER_CUBIC)
        total = total.clip(0)
        return total / max(float(total.max()), 1e-6)


def find_object(classifier: Classifier, segmenter: CutterSegmenter, picture: Image, number: int) -> Found | None:
    """The mask of the object of a class in a picture uint8 [H, W, 3] that shows one; None is none."""
    segmenter.set_image(picture)
    activation = classifier.activation(picture, number)
    cuts: list[tuple[Mask, float]] = []
    for box in _boxes(segmenter, activation):
        once = segmenter.predict(Prompts(box=box))[0].mask
        if not once.any():
            continue
        mask = segmenter.predict(Prompts(box=box_around(once)))[0].mask
        alike = [intersection_over_union(mask, other) for other, _ in cuts]
        if 0.01 < mask.mean() < 0.85 and max(alike, default=0) < 0.85:
            cuts.append((mask, intersection_over_union(once, mask)))
    if not cuts:
        return None
    height, width = picture.shape[:2]
    blurred = np.asarray(cv2.GaussianBlur(picture, (0, 0), max(height, width) / 12), np.uint8)
    pictures = []
    for mask, _ in cuts:
        wide = cv2.dilate(mask.astype(np.uint8), np.ones((7, 7))) > 0
        for shown in (mask, ~wide):
            soft = cv2.GaussianBlur(shown.astype(np.float32), (0, 0), 1.5)[..., None]
            pictures += [(picture * soft + rest * (1 - soft)).astype(np.uint8) for rest in (blurred, np.float32(127))]
    alone, without = np.log(classifier.probabilities(pictures, number).reshape(-1, 2, 2).mean(2).T + 0.01)
    found = []
    for (mask, steady), gain in zip(cuts, alone - without, strict=True):
        mass = float(activation[mask].sum() / activation.sum())
        contrast = float(activation[mask].mean() - activation[~mask].mean())
        found.append(Found(mask, steady, float(gain) + 2 * mass + contrast + steady, mass))
    return max(found, key=lambda one: one.evidence)


def _boxes(segmenter: CutterSegmenter, activation: npt.NDArray[np.float32]) -> list[Box]:
    """Boxes around where a class is seen, and around what clicks there mean."""
    found: list[Box] = []
    for level in LEVELS:
        count, _, stats, _ = cv2.connectedComponentsWithStats((activation > level).astype(np.uint8))
        for x, y, width, height, area in sorted(stats[1:count], key=lambda one: -one[4])[:2]:
            if area > 0.01 * activation.size:
                found.append((float(x), float(y), float(x + width - 1), float(y + height - 1)))
    rest, reach = activation.copy(), max(activation.shape) / 9
    rows, columns = np.ogrid[: rest.shape[0], : rest.shape[1]]
    for _ in range(3):
        v, u = np.unravel_index(int(rest.argmax()), rest.shape)
        rest[(rows - v) ** 2 + (columns - u) ** 2 < reach**2] = 0
        mask = segmenter.predict(Prompts([(float(u), float(v))]))[0].mask
        if mask.sum() > 100:
            found.append(box_around(mask))
    kept: list[Box] = []
    for box in found:
        if len(kept) < MOST and all(_box_overlap(box, other) < 0.72 for other in kept):
            kept.append(box)
    return kept


def _batch(picture: Image, size: tuple[int, int]) -> torch.Tensor:
    resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return (torch.from_numpy(resized).permute(2, 0, 1)[None].float() - 127) / 128


def _box_overlap(a: Box, b: Box) -> float:
    both = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return both / max(sum(areas) - both, 1e-6)


def write(folder: Path, name: str, photo: Path, mask: Mask) -> bool:
    """Write a photo and the outline of its object, unless that lies in pieces; returns whether it was written."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(outlines, key=cv2.contourArea)
    if cv2.contourArea(largest) < 0.8 * mask.sum():
        return False
    points = cv2.approxPolyDP(largest, 0.6, True)[:, 0] / np.array(mask.shape[::-1])
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    (folder / "images").mkdir(exist_ok=True)
    (folder / "labels" / f"{name}.txt").write_text("0 " + " ".join(f"{u:.5f} {v:.5f}" for u, v in points) + "\n")
    copyfile(photo, folder / "images" / f"{name}{photo.suffix}")
    return True


def main(photos: str, out: str, part: int = 0, parts: int = 1) -> None:
    """Label a share of the photos and say how many were sure."""
    files = [Path(file) for file in photo_files(photos)]
    classifier, segmenter = Classifier(), CutterSegmenter()
    numbers, kept = range(part, len(files), parts), 0
    for number in numbers:
        found = find_object(classifier, segmenter, load_image(files[number]), number)
        if found is not None and found.sure:
            kept += write(Path(out), f"class-{files[number].stem}", files[number], found.mask)
    print(f"{kept} of {len(numbers)} photos have an outline")


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:5]))
