"""Labels of an image's pixels in files: PNG index masks, COCO with run-length encoding, NPZ."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin
from pycocotools import mask as coco

from core.colors import PINS, rgb_of
from core.errors import CounterpointError
from core.files import write_atomic
from core.images import check_file
from core.interchange import labels as common
from core.interchange.labels import Labels, check_form, check_table

SUFFIXES = (".png", ".json", ".npz")


def save_image_labels(path: str | Path, labels: Labels, image_name: str = "image") -> None:
    """Write labels [H, W] of an image in the format that the name of the file says.

    PNG: an index mask (0 none, else the number of the part), 8 bits with a palette or 16 bits above 255 parts; names stand in a
    text chunk. JSON: COCO, every part a category and an annotation with compressed run-length encoding.

    Raises:
        CounterpointError: no such format, the file cannot be written, or parts overlap, which a PNG cannot hold.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".png":
        write_atomic(path, _png(labels))
    elif suffix == ".json":
        write_atomic(path, (json.dumps(to_coco(labels, image_name)) + "\n").encode())
    elif suffix == ".npz":
        common.save_npz(path, labels)
    else:
        raise CounterpointError(f"Labels of an image are written as {', '.join(SUFFIXES)}, not as '{suffix}'.")


def load_image_labels(path: str | Path, form: tuple[int, int] | None = None, image_name: str = "") -> Labels:
    """Read labels [H, W]; ``form`` is the (height, width) they must have, ``image_name`` chooses among the images of a COCO file.

    Raises:
        CounterpointError: unreadable, no labels in it, or labels of another image.
    """
    path = check_file(path)
    suffix = path.suffix.lower()
    if suffix == ".png":
        labels = _from_png(path)
    elif suffix == ".json":
        content = common.read_json(path)
        ours = isinstance(content, dict) and content.get("format") == common.FORMAT
        labels = common.labels_from_json(content, path.name) if ours else from_coco(content, path.name, image_name)
    elif suffix == ".npz":
        labels = common.load_npz(path)
    else:
        raise CounterpointError(f"{path.name} cannot hold labels of an image; use {', '.join(SUFFIXES)}.")
    return check_form(labels, form, path.name)


def to_coco(labels: Labels, image_name: str) -> dict[str, Any]:
    """A COCO document (categories carry a ``color``; a part with no pixels has no annotation)."""
    height, width = labels.form
    categories: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (name, color, mask) in enumerate(zip(labels.names, labels.colors, labels.masks, strict=True), 1):
        categories.append({"id": number, "name": name, "supercategory": "part", "color": color})
        if not mask.any():
            continue
        run = coco.encode(np.asfortranarray(mask, np.uint8))
        annotation: dict[str, Any] = {"id": len(annotations) + 1, "image_id": 1, "category_id": number, "iscrowd": 0}
        annotation |= {"area": int(mask.sum()), "bbox": [float(v) for v in coco.toBbox(run)]}
        annotations.append(annotation | {"segmentation": {"size": [height, width], "counts": run["counts"].decode()}})
    image = {"id": 1, "file_name": image_name, "width": width, "height": height}
    return {"images": [image], "categories": categories, "annotations": annotations}


def from_coco(content: Any, file: str, image_name: str = "") -> Labels:
    """Labels of one image of a COCO document: run-length encodings, compressed or not, or polygons; one part for each category.

    Raises:
        CounterpointError: not COCO, or the image is not in it.
    """
    try:
        images = content["images"]
        image = next(
            (i for i in images if Path(i["file_name"]).name == image_name), images[0] if len(images) == 1 else None
        )
        if image is None:
            raise CounterpointError(f"{file} has {len(images)} images and none is called '{image_name}'.")
        height, width = int(image["height"]), int(image["width"])
        if not (0 < height * width <= 8e7):
            raise ValueError("the size of the image")
        own = [a for a in content["annotations"] if a["image_id"] == image["id"]]
        used = {a["category_id"] for a in own}
        categories = [c for c in content["categories"] if c["id"] in used or "color" in c]
        masks = np.zeros((len(categories), height, width), bool)
        place = {category["id"]: row for row, category in enumerate(categories)}
        for annotation in own:
            masks[place[annotation["category_id"]]] |= _decode(annotation["segmentation"], height, width)
        colors = [c.get("color", PINS[i % len(PINS)]) for i, c in enumerate(categories)]
        names, colors = check_table([c["name"] for c in categories], colors, file)
        return Labels(names, colors, masks)
    except CounterpointError:
        raise
    except Exception as error:
        raise CounterpointError(
            f"{file} is not a COCO file that can be read ({type(error).__name__}: {error})."
        ) from error


def _decode(segmentation: Any, height: int, width: int) -> npt.NDArray[np.bool_]:
    if isinstance(segmentation, list):
        runs = coco.frPyObjects(segmentation, height, width)
    else:
        if list(segmentation["size"]) != [height, width]:
            raise ValueError("a mask is of another size than its image")
        counts = segmentation["counts"]
        if isinstance(counts, list):
            if min(counts, default=0) < 0 or sum(counts) != height * width:
                raise ValueError("its runs do not fill the image")
            flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
            return flat.reshape(width, height).T
        _check_counts(counts, height * width)
        runs = [{"size": [height, width], "counts": counts.encode()}]
    return np.asarray(coco.decode(runs).any(axis=2))


def _check_counts(text: str, total: int) -> None:
    """A run-length encoding must fill its image exactly: the decoder, written in C, trusts it."""
    counts: list[int] = []
    at = 0
    while at < len(text):
        value, shift, more = 0, 0, True
        while more:
            byte = ord(text[at]) - 48
            if not 0 <= byte < 64:
                raise ValueError("its run-length encoding")
            value |= (byte & 0x1F) << shift
            shift, at, more = shift + 5, at + 1, bool(byte & 0x20)
            if not more and byte & 0x10:
                value |= -1 << shift
            if shift > 60 or (more and at >= len(text)):
                raise ValueError("its run-length encoding")
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        if counts[-1] < 0:
            raise ValueError("its run-length encoding")
    if sum(counts) != total:
        raise ValueError("its runs do not fill the image")


def _png(labels: Labels) -> bytes:
    if labels.overlap():
        raise CounterpointError(
            "Parts overlap, and a PNG holds one part for each pixel; save COCO JSON or NPZ instead."
        )
    index = labels.index()
    if len(labels.names) <= 255:
        picture = Image.frombytes("P", index.shape[::-1], index.astype(np.uint8).tobytes())
        picture.putpalette([0, 0, 0, *(v for color in labels.colors for v in rgb_of(color))])
    else:
        picture = Image.fromarray(index.astype(np.uint16))
    about = PngImagePlugin.PngInfo()
    about.add_text("counterpoint", json.dumps({"names": labels.names, "colors": labels.colors}))
    content = BytesIO()
    picture.save(content, "PNG", pnginfo=about)
    return content.getvalue()


def _from_png(path: Path) -> Labels:
    """An index mask, or of a picture what is not black as one part."""
    try:
        with Image.open(path) as picture:
            if picture.size[0] * picture.size[1] > 8e7:
                raise CounterpointError(f"{path.name} has more than 80 megapixels.")
            text = picture.info.get("counterpoint")
            if picture.mode not in ("P", "L", "1", "I", "I;16"):
                return common.from_index(
                    (np.asarray(picture.convert("RGB")).max(axis=2) > 0).astype(np.int64), ["Part 1"]
                )
            index = np.asarray(picture).astype(np.int64)
    except CounterpointError:
        raise
    except Exception as error:
        raise CounterpointError(f"{path.name} is damaged or not a PNG ({error}).") from error
    if text is None:
        return common.from_index(index)
    try:
        table = json.loads(text)
        return common.from_index(index, *check_table(table["names"], table["colors"], path.name))
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise CounterpointError(f"{path.name} is damaged: its list of parts cannot be read.") from error
