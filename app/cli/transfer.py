"""The verb ``transfer``: parts marked in one file found in others, one call or a list of them."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from app.cli.arguments import refuse_overwriting
from app.cli.guide import PoseGuide
from app.cli.inputs import boxes_of, choice_of, matchable_from_file, open_file
from app.cli.options.transfer import TransferOptions
from app.cli.text import sentences, sureness
from core.alignment.start import open_posed
from core.alignment.trust import judged_alone
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import load_encoder
from core.errors import CounterpointError
from core.files import check_place, make_folder
from core.geometry.camera import PhotoCamera
from core.geometry.formats import is_shape
from core.geometry.pose import Pose
from core.geometry.shape import plain
from core.images import load_image, load_mask
from core.interchange.image_labels import load_image_labels, save_image_labels
from core.interchange.label_formats import IMAGE_LABELS, SHAPE_LABELS, suffixes_of
from core.interchange.labels import Labels
from core.interchange.lying import say_written_upright
from core.interchange.names import file_stems
from core.interchange.shape_labels import load_shape_labels, save_shape_labels
from core.matching.matchable import MatchableImage, MatchableShape
from core.matching.prepare import matchable_image, with_joint_prior
from core.parts.carry import Source, assign, carry, judged_as_kept, percent
from core.parts.layers import is_uncertain
from core.progress import Progress, silent, span


def run(options: TransferOptions, progress: Progress = silent) -> dict[str, Any]:
    """Carry parts from SOURCE to every TARGET and write them; the report that ``--json`` prints."""
    if not options.source or not options.target or not options.out:
        raise CounterpointError("Name a SOURCE, at least one TARGET and --out, or a list of calls with --batch.")
    every_saved = _names(options)
    source_box, boxes = boxes_of(options)
    loaded = [open_file(path) for path in (options.source, *options.target)]
    encoder = load_encoder(choice_of(options))
    labels = _marked(options, loaded[0], encoder)
    if options.box and not (options.mask or options.outline or options.point or options.labels):
        source_box = None  # the box says where the part is
    seen = loaded[0]
    if is_shape(options.source) and options.labels in (None, options.source):
        seen = plain(seen)  # its colours are those of the labels
    side, source_up = matchable_from_file(options, encoder, options.source, seen, source_box, silent)
    guide = PoseGuide(encoder)
    report: dict[str, Any] = {"encoder": encoder.name, "parts": []}
    targets = zip(options.target, every_saved, loaded[1:], boxes, strict=True)
    for number, (path, saved, content, box) in enumerate(targets):
        begin, end = number / len(boxes), (number + 1) / len(boxes)
        target, up = matchable_from_file(options, encoder, path, content, box, span(progress, begin, end))
        one, other, prior = with_joint_prior(side, target, up or source_up)
        pose = _pose(options, one, path, other) if options.pose else None
        if not options.quick and not options.pose:
            photo = (path, content, box) if is_shape(options.source) else (options.source, loaded[0], source_box)
            prior = guide(one, other, photo, up or source_up, prior)
        sources = [Source(one, labels.masks, prior, pose)]
        if pose is not None and isinstance(other, MatchableShape):
            sources[0].most = judged_alone(*pose, loaded[0], other, encoder, up or source_up).probability
        for image_path, mask_path in options.also:
            image = load_image(image_path)
            mask = load_mask(mask_path, image.shape[1::-1])
            also, _, agreed = with_joint_prior(matchable_image(image, encoder), other, up)
            sources.append(Source(also, mask[None], agreed))
        found = carry(sources, other)
        percents = np.stack([percent(other, part) for part in found])
        masks = assign(percents, options.threshold)
        _save(options.out, saved, content, path, Labels(labels.names, labels.colors, masks))
        kept = map(judged_as_kept, found, masks)
        for name, part, values, mask in zip(labels.names, kept, percents, masks, strict=True):
            near = is_uncertain(values, options.threshold)
            numbers = {"share": float(mask.mean()), "uncertain": float(near.mean()), "overlap": part.overlap}
            sure = {"verdict": part.verdict, "probability": part.probability, "reasons": sentences(part.reasons)}
            report["parts"].append({"target": path, "saved": saved, "name": name, **numbers, **sure})
    progress(1.0, "Done")
    return report


def lines(options: TransferOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    shown = [
        f"{found['name']} on {found['target']}: {found['share']:.1%} of it ({found['uncertain']:.1%} uncertain), "
        f"{found['overlap']:.0%} the same after matching back: "
        + sureness(found["verdict"], found["probability"], found["reasons"])
        for found in report["parts"]
    ]
    return shown + [f"saved {saved}" for saved in dict.fromkeys(found["saved"] for found in report["parts"])]


def run_row(options: TransferOptions) -> dict[str, Any]:
    """A row of a manifest: what was made of the parts, and the files."""
    answer = run(options)
    return {"saved": list(dict.fromkeys(part["saved"] for part in answer["parts"])), "parts": answer["parts"]}


def _marked(options: TransferOptions, content: Any, encoder: ImageEncoder) -> Labels:
    """The parts that are marked in the source."""
    from core.parts.marking import outline_mask
    from core.parts.prompts import Prompts
    from core.parts.segmenters import load_segmenter

    source = options.source or ""
    name = Path(source).name
    if is_shape(source):
        if options.mask or options.outline or options.point or options.box:
            raise CounterpointError(f"{name} is a shape; a mask, point, outline or box is marked in an image.")
        return _some(load_shape_labels(options.labels or source, content), options.labels or name)
    height, width = content.shape[:2]
    if options.labels:
        return _some(load_image_labels(options.labels, (height, width), source), options.labels)
    if options.mask:
        mask = load_mask(options.mask, (width, height))
    elif options.outline:
        mask = outline_mask(options.outline, (width, height))
    else:
        add, remove = ([(u, v) for u, v, belongs in options.point if belongs is wanted] for wanted in (True, False))
        prompts = Prompts(add, remove, None if options.point else options.box)
        if not add and prompts.box is None:
            raise CounterpointError(
                "Nothing says where the part is: give --mask, --outline, --point, --box or --labels."
            )
        prompts.check((width, height))
        segmenter = load_segmenter(options.sam or "", encoder, device=options.device)
        segmenter.set_image(content)
        mask = segmenter.predict(prompts)[0].mask
    return Labels(["part"], ["#ff4d6d"], mask[None])


def _some(labels: Labels, file: str) -> Labels:
    """The parts that are marked anywhere."""
    keep = [i for i, mask in enumerate(labels.masks) if mask.any()]
    if not keep:
        raise CounterpointError(f"{file} marks no part.")
    return Labels([labels.names[i] for i in keep], [labels.colors[i] for i in keep], labels.masks[keep])


def _pose(options: TransferOptions, source: Any, path: str, target: Any) -> tuple[Pose, PhotoCamera]:
    """The pose of the target ``path`` in SOURCE, and SOURCE's camera."""
    if not isinstance(source, MatchableImage) or not isinstance(target, MatchableShape):
        raise CounterpointError("--pose is that of a shape in an image: SOURCE must be an image and TARGET a shape.")
    camera, pose = open_posed(options.pose or "", options.source or "", source.image_size, path, target.shape)
    return pose, camera


def _names(options: TransferOptions) -> list[str]:
    """Where the results go: --out itself for one target, FOLDER/NAME.ply in a folder, else PREFIX-N.ply; nothing that is read."""
    out, targets = options.out or "", options.target
    suffixes = [".ply" if is_shape(target) else ".png" for target in targets]
    known = suffixes_of(SHAPE_LABELS if is_shape(targets[0]) else IMAGE_LABELS, written=True)
    if out.endswith("/") or os.path.isdir(out):
        names = [os.path.join(out, stem + suffix) for stem, suffix in zip(file_stems(targets), suffixes, strict=True)]
    elif len(targets) == 1 and Path(out).suffix.lower() in known:
        names = [out]
    else:
        names = [f"{out}-{number + 1}{suffix}" for number, suffix in enumerate(suffixes)]
    refuse_overwriting("out", names, [options.source or "", *targets])
    if not out.endswith("/"):
        for name in names:
            check_place(name)
    return names


def _save(out: str, path: str, content: Any, target: str, labels: Labels) -> None:
    if out.endswith("/"):
        make_folder(out)
    if labels.masks.ndim == 2:
        save_shape_labels(path, content, labels)
    else:
        say_written_upright([target], Path(path).name)
        save_image_labels(path, labels, Path(target).name)
