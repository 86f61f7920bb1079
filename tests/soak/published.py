"""Files that others published, opened in bulk: python -m tests.soak.published FOLDER...

Every image and shape in and below the folders is opened as the program opens it, in a process with bounded memory, and
what came of it is compared with readers of another make: OpenCV for images (size and pixels); for shapes Assimp by way
of Open3D (bounding box), plyfile, trimesh and a plain reader of OBJ (which vertices each face has, in the order of the
file, and its colour: :mod:`tests.soak.second`). Prints a row for each kind, the files that were refused with their
sentences (``--refused``), and those on which the two readers differ. Fails where a file crashes, hangs or raises
anything but a sentence. Where such files can be had is in ``resources/docs/files.md``.
"""

import argparse
import multiprocessing
import resource
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core.errors import CounterpointError
from core.geometry.formats import SHAPE_SUFFIXES as SHAPES
from core.geometry.shape import load_shape
from core.image_formats import IMAGE_SUFFIXES as IMAGES
from core.images import load_image
from tests.soak.second import differences

SECONDS, MEGABYTES = 60.0, 8000
"""For one file, and for the process."""

Outcome = tuple[str, str]
"""What became of a file ("same", "differs", "alone": the other reader cannot, "refused", "raised", "died", "hung") and
more about it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="+", type=Path)
    parser.add_argument("--refused", action="store_true", help="print what was refused, with the sentences")
    options = parser.parse_args()
    files = sorted(
        path
        for root in options.folder
        for path in root.rglob("*")
        if path.suffix.lower() in SHAPES + IMAGES and path.is_file()
    )
    table: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    told: list[str] = []
    begin, slowest = time.perf_counter(), (0.0, "")
    for path, (outcome, more), seconds in outcomes(files):
        table[path.suffix.lower()][outcome] += 1
        slowest = max(slowest, (seconds, path.name))
        if outcome in ("differs", "raised", "died", "hung") or (outcome == "refused" and options.refused):
            told.append(f"{outcome}: {path}: {more}")
    names = ("same", "alone", "differs", "refused", "raised", "died", "hung")
    print(f"{'kind':<8}{'files':>8}" + "".join(f"{name:>9}" for name in names))
    for kind, counts in sorted(table.items()):
        print(f"{kind:<8}{sum(counts.values()):>8}" + "".join(f"{counts[name]:>9}" for name in names))
    print(f"{len(files)} files in {time.perf_counter() - begin:.0f} s, the slowest {slowest[0]:.1f} s ({slowest[1]})")
    print("\n".join(told))
    return int(any(counts[name] for counts in table.values() for name in ("raised", "died", "hung")))


def outcomes(files: list[Path]) -> Iterator[tuple[Path, Outcome, float]]:
    """One process opens file after file; where it dies or hangs another goes on behind that file."""
    context = multiprocessing.get_context("fork")
    at = 0
    while at < len(files):
        here, there = context.Pipe()
        process = context.Process(target=_worker, args=(there, files[at:]))
        process.start()
        there.close()
        while at < len(files):
            begin, outcome = time.perf_counter(), None
            try:
                outcome = here.recv() if here.poll(SECONDS) else ("hung", f"more than {SECONDS:.0f} s")
            except EOFError:
                process.join()
                outcome = ("died", f"exit code {process.exitcode}")
            yield files[at], outcome, time.perf_counter() - begin
            at += 1
            if outcome[0] in ("died", "hung"):
                break
        process.kill()
        process.join()


def _worker(pipe: Connection, files: list[Path]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES << 20,) * 2)
    for path in files:
        pipe.send(_outcome(path))


def _outcome(path: Path) -> Outcome:
    try:
        return _image(path) if path.suffix.lower() in IMAGES else _shape(path)
    except CounterpointError as error:
        return ("refused", str(error)) if str(error).strip() else ("raised", "an error without a word")
    except BaseException:
        return "raised", traceback.format_exc(limit=-4)


def _image(path: Path) -> Outcome:
    """Opaque 8-bit pictures must have the other reader's pixels (up to the rounding of JPEG decoders), all of them its
    size.
    """
    pixels = load_image(path)
    other = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if other is None:
        return "alone", ""
    if other.shape != pixels.shape:
        return "differs", f"{pixels.shape[1]} x {pixels.shape[0]}, OpenCV {other.shape[1]} x {other.shape[0]}"
    with Image.open(path) as image:
        plain = image.mode in ("RGB", "L", "1", "P") and "transparency" not in image.info
    gap = float(np.abs(pixels.astype(int) - other[..., ::-1]).mean())
    return ("differs", f"pixels by {gap:.1f} of 255") if plain and gap > 3 else ("same", "")


def _shape(path: Path) -> Outcome:
    """Bounding boxes must agree to a thousandth of the diagonal, faces one by one, and their colours."""
    import open3d

    shape = load_shape(path)
    other = differences(path, shape)
    if other:
        return "differs", other
    open3d.utility.set_verbosity_level(open3d.utility.VerbosityLevel.Error)
    cloud = path.suffix.lower() == ".xyz"
    read = open3d.io.read_point_cloud if cloud else open3d.io.read_triangle_mesh
    points = np.asarray(read(str(path)).points if cloud else read(str(path)).vertices)
    if not len(points) or not np.isfinite(points).all():
        return "alone", ""
    bounds = np.stack([points.min(0), points.max(0)])
    gap = float(np.abs(bounds - np.stack([shape.vertices.min(0), shape.vertices.max(0)])).max()) / shape.diagonal
    return ("differs", f"bounding box by {gap:.3f} of the diagonal") if gap > 1e-3 else ("same", "")


if __name__ == "__main__":
    raise SystemExit(main())
