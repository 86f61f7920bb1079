"""COCO: parts of an image as polygons or run-length encodings, from annotation tools of all kinds."""

import re
import unicodedata
from collections import Counter
from typing import Any

import numpy as np
from PIL import ImageColor
from pycocotools import mask as coco

from core.arrays import Mask
from core.errors import CounterpointError
from core.images import MAX_MEGAPIXELS
from core.interchange.labels import Labels, check_memory, default_colors
from core.interchange.polygons import polygons_of
from core.interchange.runs import Unusable, mask_of_runs
from core.notices import warn

_MOST_COMPARED = 40
"""Polygons of an annotation that are looked through for holes."""

Record = dict[str, Any]


def to_coco(labels: Labels, image_name: str) -> dict[str, Any]:
    """A COCO document (categories carry a ``color``; a part with no pixels has no annotation)."""
    height, width = labels.shape
    categories: list[Record] = []
    annotations: list[Record] = []
    for number, (name, color, mask) in enumerate(zip(labels.names, labels.colors, labels.masks, strict=True), 1):
        categories.append({"id": number, "name": name, "supercategory": "part", "color": color})
        if not mask.any():
            continue
        run = coco.encode(np.asfortranarray(mask, np.uint8))
        annotation: Record = {"id": len(annotations) + 1, "image_id": 1, "category_id": number, "iscrowd": 0}
        annotation |= {"area": int(mask.sum()), "bbox": [float(v) for v in coco.toBbox(run)]}
        annotations.append(annotation | {"segmentation": {"size": [height, width], "counts": run["counts"].decode()}})
    image = {"id": 1, "file_name": image_name, "width": width, "height": height}
    return {"images": [image], "categories": categories, "annotations": annotations}


def from_coco(content: Any, file: str, image_name: str = "", shape: tuple[int, int] | None = None) -> Labels:
    """Labels [H, W] of one image of a COCO document, one part for each category that it has.

    Annotations that cannot be used (boxes without a segmentation, lines, masks of another size) are left out and said.

    Args:
        content: the document as JSON gives it.
        file: the name of the document, for sentences.
        image_name: path or name of the image; of several of one name that with the same folders is taken.
        shape: (height, width) where the document does not say it.

    Raises:
        CounterpointError: not COCO, the image is not in it or cannot be told from others, or nothing can be used.
    """
    images, annotations = (_records(content, key, file) for key in ("images", "annotations"))
    for one in images:  # LVIS
        if not one.get("file_name") and one.get("coco_url"):
            one["file_name"] = str(one["coco_url"])
    image = _image(images, image_name, file)
    height, width = _size(image, shape, file)
    own = [one for one in annotations if id_key(one.get("image_id")) == id_key(image.get("id"))]
    categories = _records(content, "categories", file) if "categories" in content else []
    masks: dict[Any, Mask] = {}
    left_out: Counter[str] = Counter()
    for annotation in own:
        try:
            found = mask_of_segmentation(annotation.get("segmentation"), height, width, left_out)
        except Unusable as reason:
            left_out[str(reason)] += 1
            continue
        category = id_key(annotation.get("category_id"))
        if category not in masks:
            check_memory(len(masks) + 1, height * width)
            masks[category] = found
        else:
            masks[category] |= found
    _say(left_out, own, file, (height, width))
    known = {id_key(one.get("id")) for one in images}
    lost = sum(id_key(one.get("image_id")) not in known for one in annotations)
    if lost:
        warn(f"{file} has {lost} annotations of no image that it lists (image_id), which are left out.")
    if own and all("segments_info" in one for one in own):
        raise CounterpointError(f"{file} is COCO for panoptic PNG files; give the PNG, or export polygons.")
    if own and not masks:
        raise CounterpointError(
            f"{file} has no masks of {image.get('file_name', 'the image')} that can be used: {_reasons(left_out)}."
        )
    return _named(masks, categories, (height, width), file)


_SIGNS = (
    ("labelme", {"shapes", "imagePath"}),
    ("VIA", {"_via_img_metadata"}),
    ("Supervisely", {"objects", "size"}),
    ("GeoJSON", {"features", "type"}),
    ("Label Studio", {"annotations", "data"}),
)
"""What the documents of other tools are known by."""


def _written_by(content: Any) -> str | None:
    """The tool or format whose JSON this is, if it is not COCO's list of images."""
    first = content[0] if isinstance(content, list) and content else None
    if isinstance(first, dict) and "image_id" in first:
        return "COCO's results (without images and categories)"
    document = first if isinstance(first, dict) else content
    if not isinstance(document, dict):
        return None
    if document and all(isinstance(one, dict) and "regions" in one for one in document.values()):
        return "VIA"
    return next((tool for tool, keys in _SIGNS if keys <= set(document)), None)


def _records(content: Any, key: str, file: str) -> list[Record]:
    found = content.get(key) if isinstance(content, dict) else None
    tool = None if isinstance(found, list) else _written_by(content)
    if tool:
        raise CounterpointError(f"{file} is of {tool} and not COCO; export or convert the labels as COCO.")
    if not isinstance(found, list):
        raise CounterpointError(f"{file} is not a COCO file: it has no list '{key}'; export the labels as COCO.")
    return [one for one in found if isinstance(one, dict)]


def id_key(value: Any) -> Any:
    """Ids as they are compared: 7, 7.0 and "7" are one."""
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?\d{1,18}", value.strip()) else value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, (int, float)) else repr(value)


def _image(images: list[Record], name: str, file: str) -> Record:
    """The record of the image: the only one of its name, or that whose folders agree best."""
    if not images:
        raise CounterpointError(f"{file} has no images.")
    wanted = _parts(name)
    agreeing = [(_agreement(_parts(str(one.get("file_name", ""))), wanted), one) for one in images]
    best = max(count for count, _ in agreeing)
    found = [one for count, one in agreeing if count == best]
    if best == 0:
        if len(images) > 1:
            last = wanted[-1] if wanted else ""
            raise CounterpointError(f"{file} has {len(images)} images and none is called '{last}'.")
        if wanted:
            warn(f"{file} is about '{images[0].get('file_name')}'; its labels were taken for '{wanted[-1]}'.")
        return _alone(images[0], images, file)
    exact = [one for one in found if _parts(str(one.get("file_name"))) == wanted]
    found = exact or found
    if len({id_key(one.get("id")) for one in found}) > 1:
        listed = ", ".join(f"'{one.get('file_name')}'" for one in found[:5])
        raise CounterpointError(
            f"{file} has {len(found)} images that '{name}' may be ({listed}); keep the one that is meant, or name the "
            "image with its folders."
        )
    theirs = _parts(str(found[0].get("file_name")))
    if best < min(len(theirs), len(wanted)):
        warn(
            f"{file} is about '{found[0].get('file_name')}'; its labels were taken for '{'/'.join(wanted[-len(theirs) :])}'."
        )
    return _alone(found[0], images, file)


def _alone(image: Record, images: list[Record], file: str) -> Record:
    twins = [one for one in images if id_key(one.get("id")) == id_key(image.get("id"))]
    if any(one.get("file_name") != image.get("file_name") for one in twins):
        listed = ", ".join(f"'{one.get('file_name')}'" for one in twins[:5])
        raise CounterpointError(
            f"{file} gives the id {image.get('id')} to several images ({listed}); give each its own."
        )
    return image


def _parts(name: str) -> list[str]:
    """Folders and name, whichever way they are separated."""
    return [part for part in re.split(r"[\\/]+", unicodedata.normalize("NFC", name)) if part not in ("", ".")]


def _agreement(theirs: list[str], wanted: list[str]) -> int:
    """How many parts of two paths are the same, from the end."""
    count = 0
    for a, b in zip(reversed(theirs), reversed(wanted), strict=False):
        if a != b:
            break
        count += 1
    return count


def _size(image: Record, shape: tuple[int, int] | None, file: str) -> tuple[int, int]:
    try:
        height, width = (float(image[name]) for name in ("height", "width"))
        if not (height.is_integer() and width.is_integer() and min(height, width) > 0):
            raise ValueError
    except (KeyError, TypeError, ValueError, OverflowError):
        if shape is None:
            raise CounterpointError(f"{file} does not say how large the image is (width and height).") from None
        warn(f"{file} does not say how large the image is; it was taken to be {shape[1]} x {shape[0]}.")
        height, width = shape
    if height * width > MAX_MEGAPIXELS * 1e6:
        raise CounterpointError(f"{file} is damaged: its image has {width:.0f} x {height:.0f} pixels.")
    return int(height), int(width)


def mask_of_segmentation(segmentation: Any, height: int, width: int, left_out: Counter[str] | None = None) -> Mask:
    """Pixels bool [H, W] of one annotation: polygons or run lengths; polygons that cannot be used are counted in ``left_out``.

    Raises:
        Unusable: none are.
    """
    if segmentation in (None, [], {}, ""):
        raise Unusable("without a segmentation (a box only)")
    if isinstance(segmentation, dict):
        return mask_of_runs(segmentation, height, width)
    if not isinstance(segmentation, list):
        raise Unusable("of an unknown kind")
    if all(isinstance(one, int) for one in segmentation) and sum(segmentation) == height * width:
        return mask_of_runs({"size": [height, width], "counts": segmentation}, height, width)
    if segmentation and all(isinstance(one, dict) and "counts" in one for one in segmentation):
        return np.asarray(np.any([mask_of_runs(one, height, width) for one in segmentation], axis=0))
    polygons, reasons = polygons_of(segmentation, height, width)
    if not polygons:
        raise Unusable(reasons[0])
    found = np.asarray(coco.decode(coco.frPyObjects(polygons, height, width)).any(axis=2))
    if not found.any():
        raise Unusable("smaller than a pixel or outside the image")
    if left_out is not None:
        left_out.update(f"polygons {reason}" for reason in reasons)
    return found


def _inside_others(segmentation: Any, height: int, width: int) -> int:
    """How many polygons of an annotation lie wholly in another of it."""
    if not isinstance(segmentation, list) or not 1 < len(segmentation) <= _MOST_COMPARED:
        return 0
    polygons, _ = polygons_of(segmentation, height, width)
    runs = coco.frPyObjects(polygons, height, width) if len(polygons) > 1 else []
    areas = [int(area) for area in coco.area(runs)] if runs else []
    return sum(
        any(areas[i] < areas[j] and int(coco.area(coco.merge([one, other], intersect=True))) == areas[i]
            for j, other in enumerate(runs) if j != i)
        for i, one in enumerate(runs) if areas[i]
    )  # fmt: skip


def _say(left_out: Counter[str], own: list[Record], file: str, shape: tuple[int, int]) -> None:
    holes = sum(_inside_others(one.get("segmentation"), *shape) for one in own)
    if holes:
        warn(
            f"{file}: {holes} polygons lie inside others of their annotations, as holes do; COCO has no holes, so they are filled."
        )
    if left_out:
        warn(f"{file}: some of the {len(own)} annotations of this image were left out: {_reasons(left_out)}.")
    crowds = sum(bool(one.get("iscrowd")) for one in own)
    if crowds:
        warn(f"{file}: {crowds} annotations of this image mark groups (iscrowd); they were taken like the others.")


def _reasons(left_out: Counter[str]) -> str:
    return "; ".join(f"{count} {reason}" for reason, count in left_out.most_common())


def _named(masks: dict[Any, Mask], categories: list[Record], shape: tuple[int, int], file: str) -> Labels:
    """Parts in the order of the categories; those without a mask only where Counterpoint wrote them."""
    table: dict[Any, Record] = {}
    for category in categories:
        key = id_key(category.get("id"))
        if key in table and key in masks and table[key].get("name") != category.get("name"):
            warn(f"{file} gives the id {key} to several categories; '{table[key].get('name')}' was taken.")
        table.setdefault(key, category)
    ours = [key for key, one in table.items() if one.get("supercategory") == "part" and _rgb(one.get("color"))]
    order = [key for key in table if key in masks or key in ours]
    missing = [key for key in masks if key not in table]
    if missing:
        warn(f"{file} does not name the categories {', '.join(map(str, missing[:5]))} that its annotations have.")
    check_memory(len(order) + len(missing), shape[0] * shape[1])
    names = _unique(
        [_name(table[key], key) for key in order] + [f"Category {key}" for key in missing], order, ours, file
    )
    plain = default_colors(len(names))
    colors = [_rgb(table[key].get("color")) or plain[i] for i, key in enumerate(order)] + plain[len(order) :]
    empty = np.zeros(shape, bool)
    all_masks = [masks.get(key, empty) for key in [*order, *missing]]
    return Labels(names, colors, np.array(all_masks, bool).reshape(-1, *shape))


def _name(category: Record, key: Any) -> str:
    name = category.get("name")
    return str(name) if isinstance(name, (str, int, float)) and str(name) else f"Category {key}"


def _unique(names: list[str], keys: list[Any], ours: list[Any], file: str) -> list[str]:
    """Names of which no two of another program's are equal."""
    foreign = [i < len(keys) and keys[i] not in ours for i in range(len(names))]
    repeated = {
        name for name, count in Counter(n for n, f in zip(names, foreign, strict=True) if f).items() if count > 1
    }
    if repeated:
        warn(f"{file} has several categories called {', '.join(sorted(repeated)[:5])}; their ids tell them apart.")
    return [f"{name} ({keys[i]})" if foreign[i] and name in repeated else name for i, name in enumerate(names)]


def _rgb(color: Any) -> str | None:
    """A colour as "#rrggbb" of what tools write: [r, g, b] of 0 to 255 or 0 to 1, hexadecimal, or a name.

    None for anything else.
    """
    try:
        if isinstance(color, str):
            text = color.strip()
            text = f"#{text}" if re.fullmatch(r"[0-9a-fA-F]{6}", text) else text
            return "#{:02x}{:02x}{:02x}".format(*ImageColor.getrgb(text)[:3])
        values = [float(v) for v in color[:3]]
        if len(values) == 3 and max(values) <= 1 and any(isinstance(v, float) for v in color[:3]):
            values = [255 * v for v in values]
        if len(values) != 3 or min(values) < 0 or max(values) > 255:
            return None
        return "#" + "".join(f"{round(v):02x}" for v in values)
    except (TypeError, ValueError, KeyError, IndexError):
        return None
