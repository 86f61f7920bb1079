"""What the engine does with encoders: it lists, adapts and measures them, and looks after the caches."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.engine.cache import choice_of
from app.engine.files import image_of
from app.engine.process import Report
from app.shared.results import AdaptationPoint, ItemCorrection, Measurement
from app.shared.values import EncoderSettings, Item
from core.benchmarks import compare, consistency
from core.encoders.catalogue import available, load_encoder, load_tunable
from core.fields.cache import cache_key
from core.files import cache_dir, make_folder
from core.progress import Progress
from core.training.adaptation_check import OwnPhoto
from core.training.equivariance import AdaptSettings, Measured, adapt
from core.training.meshes import read_surfaces, upright
from core.training.observing import PhotoCorrespondence


def measure_encoders(
    progress: Report, shapes: list[Item], encoder: EncoderSettings, beside: list[str], data: str, count: int
) -> Measurement:
    """Measure encoders on ``data``, or ("") on the shapes.

    They are the encoder of the dock, the same without its adapter, and those of ``beside`` (NAME, NAME+ADAPTER).
    """
    base = choice_of(encoder)
    choices = [base, replace(base, adapter=None), *(compare.parse_choice(text, base) for text in beside)]
    if not data:
        read = read_surfaces([(shape.path, shape.up) for shape in shapes])
        units = consistency.units([(shapes[number].name, item) for number, item in read.items()])
        title, task = "multiview consistency", " ".join(f"{s.path} {s.stamp} {s.up}" for s in shapes)
    else:
        units, title, task = compare.units_of(data, count), compare.title_of(data), f"{data} {count}"
    folder = str(cache_dir() / "reports" / cache_key(task, *(str(choice) for choice in choices))[:16])
    encoders = [load_encoder(choice, progress) for choice in dict.fromkeys(choices)]

    def watch(results: list[Any]) -> None:
        progress.tell(_plain(compare.tables_of(results, title), results, folder))

    results = compare.measure(encoders, units, task, folder, progress, watch)
    return _plain(compare.report(folder, results, title), results, folder)


def _plain(tables: dict[str, list[dict[str, Any]]], results: list[Any], folder: str) -> Measurement:
    cases = [(r.encoder, case.unit, case.score, f"{folder}/{case.file}") for r in results for case in r.cases]
    return Measurement(tables, cases, folder)


def list_encoders(progress: Progress) -> list[tuple[str, str, bool]]:
    """(name, description, bundled) of the encoders with short names."""
    return [(e.name, e.description, e.bundled) for e in available()]


def measure_caches(progress: Progress) -> tuple[str, int]:
    """The folder of caches and what it holds, in bytes."""
    return str(cache_dir()), sum(file.stat().st_size for file in cache_dir().rglob("*") if file.is_file())


def clear_caches(progress: Progress) -> tuple[str, int]:
    """Throw away what was computed (fields, maps, poses, reports); it is computed again when it is needed."""
    for file in sorted(cache_dir().rglob("*.safetensors")):
        file.unlink(missing_ok=True)
    for folder in ("reports", "thumbnails"):
        shutil.rmtree(cache_dir() / folder, ignore_errors=True)
    return measure_caches(progress)


def adapt_encoder(
    progress: Report,
    shapes: list[Item],
    encoder: EncoderSettings,
    out: str,
    minutes: float,
    corrections: list[ItemCorrection],
    photos: list[Item],
) -> list[AdaptationPoint]:
    """Tune an encoder to shapes and write what was learnt, unless it is worse on them or in the photos.

    Returns the curve, the encoder's own first and what was written last; told while it grows.
    """
    read = read_surfaces([(shape.path, shape.up) for shape in shapes])
    make_folder(Path(out).parent)
    numbers = {shapes[position]: number for number, position in enumerate(read)}
    known = []
    for one in corrections:
        if one.shape in numbers:
            x, y, z = (float(v) for v in upright(one.point, one.shape.up))
            known.append(
                PhotoCorrespondence(image_of(one.image), one.image.box, one.pixel, numbers[one.shape], (x, y, z))
            )
    base = load_tunable(choice_of(encoder), progress)
    curve: list[AdaptationPoint] = []

    def watch(measured: Measured) -> None:
        curve.append(_point(measured))
        progress.tell(list(curve))

    settings, own = AdaptSettings(minutes=minutes), [OwnPhoto(one.name, image_of(one), one.box) for one in photos]
    return [_point(one) for one in adapt(list(read.values()), base, out, settings, progress, watch, known, own)]


def _point(measured: Measured) -> AdaptationPoint:
    """A measurement as the window draws it: its own class would bring torch into the window's process."""
    return AdaptationPoint(measured.step, measured.loss, measured.consistency)
