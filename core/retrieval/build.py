"""Building of galleries: files are described by several processes, or by a Ray cluster, and one process writes."""

import json
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import CounterpointError
from core.fields.cache import cache_key
from core.files import cache_dir
from core.geometry.formats import SHAPE_SUFFIXES
from core.notices import warn
from core.processes import Processes, begin, ray_cluster
from core.progress import Progress, silent
from core.retrieval.describe import Describer, GallerySpec
from core.retrieval.index import write_indices
from core.retrieval.store import VERSION, Gallery, ShapeRecord, Stamp, create_gallery, is_gallery, open_gallery

AT_ONCE = 16
"""The number of files that each process gets at a time."""

CRASHED = "Reading it makes the program crash."

Result = tuple[Path, ShapeRecord]


@dataclass
class Changes:
    """What indexing changed: the shapes of the gallery are those that were added, changed and kept.

    Attributes:
        added: the number of new files that could be read.
        changed: the number of files that had changed and could be read.
        removed: the number of files that are gone.
        kept: the number of files that were left as they were.
        refused: the files that could not be read, now or before, as (path, reason).
    """

    added: int
    changed: int
    removed: int
    kept: int
    refused: list[tuple[str, str]]


def index_folder(
    root: str | Path,
    folder: str | Path,
    spec: GallerySpec = GallerySpec(),
    workers: int | None = None,
    ray: str | None = None,
    progress: Progress = silent,
) -> Changes:
    """Make the gallery ``folder`` of all shapes below ``root``, or bring it up to date.

    Every shape is written as soon as it is described: a run that was stopped or killed goes on where it was.

    Args:
        root: the folder of the shapes.
        folder: of the gallery.
        spec: how shapes are described.
        workers: the number of processes on this machine; None for one on each core, 1 works in this process.
        ray: the address of a Ray cluster ("auto", "local" or "ray://..."), which must see the same files.
        progress: is told of every file.

    Raises:
        CounterpointError: there is no such folder or no shape in it, or the gallery cannot be written (see
            :func:`create_gallery`).
    """
    root = Path(root)
    if not root.is_dir():
        raise CounterpointError(f"{root} is no folder.")
    files = sorted(f for f in root.rglob("*") if f.suffix.lower() in SHAPE_SUFFIXES and f.is_file())
    if not files:
        raise CounterpointError(f"{root} has no shapes ({', '.join(sorted(SHAPE_SUFFIXES))}).")
    with create_gallery(folder, root, spec.plain()) as gallery:
        gallery.described_with(spec.fingerprint())
        stamps = {file: Stamp.of(file) for file in files}
        names = {file: file.relative_to(root).as_posix() for file in files}
        known = gallery.stamps()
        removed = sorted(known.keys() - set(names.values()))
        if removed:
            gallery.remove(removed)
        todo = [file for file in files if known.get(names[file]) != stamps[file]]
        for number, (file, one) in enumerate(_described(todo, spec, workers, ray), 1):
            for sentence in one.warnings:
                warn(sentence)
            gallery.put(names[file], stamps[file], one, file.relative_to(root).parts[:-1])
            progress(0.98 * number / len(todo), f"{file.name} ({number} of {len(todo)})")
        progress(0.98, "Writing the index")
        write_indices(gallery)
        progress(1.0, f"{len(gallery)} shapes")
        return _changes(gallery, {names[file] for file in todo}, set(known), len(names), len(removed))


def _changes(gallery: Gallery, read: set[str], known: set[str], count: int, removed: int) -> Changes:
    """What became of ``count`` files, of which some were ``read``, and those ``known`` were there before."""
    left_out = {path for path, _ in gallery.refused}
    read = read - left_out
    added = len(read - known)
    return Changes(added, len(read) - added, removed, count - len(left_out) - len(read), gallery.refused)


def _described(files: list[Path], spec: GallerySpec, workers: int | None, ray: str | None) -> Iterator[Result]:
    if ray is not None:
        return _on_ray(files, spec, ray)
    count = min(workers or os.cpu_count() or 1, max(1, len(files) // 4))
    return _here(files, spec) if count == 1 else _in_processes(files, spec, count)


def _here(files: list[Path], spec: GallerySpec) -> Iterator[Result]:
    describe = Describer(spec)
    return ((file, describe(file)) for file in files)


def _in_processes(files: list[Path], spec: GallerySpec, count: int) -> Iterator[Result]:
    """Describe files in processes.

    A file that crashes its process is refused; it is found by trying one by one those that were being read. Where no
    process can begin (as in a script that does its work without ``if __name__ == "__main__"``), this one reads them.
    """
    waiting, suspects = deque(files), deque[Path]()
    pool: Processes | None = None
    try:
        while waiting or suspects:
            if pool is None:
                pool = Processes(count, _begin, spec, count)
                if not _begins(pool):
                    pool.end()
                    pool = None
                    yield from _here([*suspects, *waiting], spec)
                    return
            alone = bool(suspects)
            source = suspects if alone else waiting
            batch = [source.popleft() for _ in range(1 if alone else min(len(source), AT_ONCE * count))]
            futures = {pool.submit(_describe, file): file for file in batch}
            broken = False
            for future in as_completed(futures):
                try:
                    yield futures[future], future.result()
                except BrokenProcessPool:
                    broken = True
                    if alone:
                        yield futures[future], ShapeRecord(refused=CRASHED)
                    else:
                        suspects.append(futures[future])
            if broken:
                pool = None
    finally:
        if pool is not None:
            pool.end()


def _begins(pool: Processes) -> bool:
    try:
        pool.submit(os.getpid).result()
    except (BrokenProcessPool, OSError):  # the system lets no more processes begin
        return False
    return True


_describer: Describer | CounterpointError | None = None
"""The describer of this process of the pool, or why there is none."""


def _begin(spec: GallerySpec, count: int) -> None:
    """Prepare a process of the pool."""
    global _describer
    begin(count)
    try:
        _describer = Describer(spec)
    except CounterpointError as error:
        _describer = error


def _describe(file: Path) -> ShapeRecord:
    if isinstance(_describer, CounterpointError):
        raise _describer
    assert _describer is not None
    return _describer(file)


def _on_ray(files: list[Path], spec: GallerySpec, address: str) -> Iterator[Result]:
    """Describe files with one process for each core of a Ray cluster; the results are merged here."""
    ray = ray_cluster(address)
    from ray.util import ActorPool

    cores = int(ray.cluster_resources().get("CPU", 1))
    actors: list[Any] = [ray.remote(Describer).options(max_restarts=-1).remote(spec) for _ in range(cores)]
    pool = ActorPool(actors)
    paths = [file.absolute() for file in files]
    try:
        yield from pool.map_unordered(lambda actor, path: actor.labelled.remote(path), paths)
    except ray.exceptions.RayError as error:
        raise CounterpointError(f"The Ray cluster at {address} failed ({str(error).splitlines()[0]}).") from error
    finally:
        for actor in actors:
            ray.kill(actor)


def gallery_for(place: str | Path, spec: GallerySpec, progress: Progress = silent) -> Gallery:
    """Open a gallery, or make that of a plain folder of shapes, which is kept in the cache and brought up to date.

    Args:
        place: a gallery or a folder of shapes.
        spec: how the shapes of a plain folder are described.
        progress: is told of every file.

    Raises:
        CounterpointError: as :func:`index_folder` and :func:`open_gallery`.
    """
    place = Path(place)
    if is_gallery(place):
        return open_gallery(place)
    name = cache_key("gallery", str(VERSION), str(place.resolve()), json.dumps(spec.plain(), sort_keys=True))
    folder = cache_dir() / "galleries" / name[:24]
    index_folder(place, folder, spec, progress=progress)
    return open_gallery(folder)
