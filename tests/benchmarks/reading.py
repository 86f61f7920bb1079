"""Speed and memory of reading large meshes:  python -m tests.benchmarks.reading [--against FOLDER]

A ball of a million faces in each format is read in a process of its own, three times (the median counts): seconds of
one core, which do not depend on what else the machine does, and the most memory above what the process had before, as a
multiple of the file. ``--against`` is a checkout of another version, measured in turn with this one.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import trimesh

ROWS, COLUMNS = 500, 1000
TIMES = 3
_CODE = """
import json, sys, time
from core.geometry.shape import load_shape
small, large = sys.argv[1:]
load_shape(small)
def status(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name + ":")) * 1024
open("/proc/self/clear_refs", "w").write("5")
before, begin = status("VmRSS"), time.process_time()
shape = load_shape(large)
print(json.dumps([time.process_time() - begin, status("VmHWM") - before, len(shape.faces)]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", type=Path, help="a checkout of another version")
    options = parser.parse_args()
    trees = [Path.cwd(), *([options.against] if options.against else [])]
    print(
        f"| {'file':<22} | {'MB':>5} |" + "".join(f" {'seconds':>8} | {'memory / file':>13} |" for _ in trees),
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in WRITERS:
            small, large = (_write(Path(folder), name, *size) for size in ((4, 8), (ROWS, COLUMNS)))
            values = [[_measure(tree, small, large) for tree in trees] for _ in range(TIMES)]
            size = large.stat().st_size
            cells = ""
            for index in range(len(trees)):
                seconds = statistics.median(each[index][0] for each in values)
                memory = statistics.median(each[index][1] for each in values) / size
                cells += f" {seconds:>8.2f} | {memory:>13.1f} |"
            print(f"| {name:<22} | {size / 1e6:>5.0f} |{cells}", flush=True)
            large.unlink()


def _measure(tree: Path, small: Path, large: Path) -> tuple[float, float]:
    command = [sys.executable, "-c", _CODE, str(small), str(large)]
    done = subprocess.run(command, cwd=tree, env={"PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False)
    if done.returncode:
        return float("nan"), float("nan")
    seconds, memory, _ = json.loads(done.stdout)
    return seconds, memory


def _write(folder: Path, name: str, rows: int, columns: int) -> Path:
    """A ball of ``2 * rows * columns`` faces."""
    u, v = np.meshgrid(np.arange(columns + 1) / columns, np.arange(rows + 1) / rows)
    around, down = 2 * np.pi * u.ravel(), np.pi * (0.001 + 0.998 * v.ravel())
    points = np.stack([np.sin(down) * np.cos(around), np.cos(down), np.sin(down) * np.sin(around)], axis=1)
    corner = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    a, b, c, d = corner, corner + 1, corner + columns + 2, corner + columns + 1
    faces = np.stack([a, b, c, a, c, d], axis=1).reshape(-1, 3)
    path = folder / f"{rows}{WRITERS[name][0]}"
    WRITERS[name][1](path, points, faces)
    return path


def _obj(path: Path, points: np.ndarray, faces: np.ndarray) -> None:
    with path.open("w") as file:
        np.savetxt(file, points, "v %.6f %.6f %.6f")
        np.savetxt(file, faces + 1, "f %d %d %d")


def _obj_with_uv(path: Path, points: np.ndarray, faces: np.ndarray) -> None:
    with path.open("w") as file:
        np.savetxt(file, points, "v %.6f %.6f %.6f")
        np.savetxt(file, points[:, :2] / 2 + 0.5, "vt %.6f %.6f")
        np.savetxt(file, points, "vn %.4f %.4f %.4f")
        np.savetxt(file, np.repeat(faces + 1, 3, axis=1), "f %d/%d/%d %d/%d/%d %d/%d/%d")


def _mesh(kind: str, **options: object):  # type: ignore[no-untyped-def]
    def write(path: Path, points: np.ndarray, faces: np.ndarray) -> None:
        content = trimesh.Trimesh(points, faces, process=False).export(file_type=kind, **options)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return write


WRITERS = {
    "OBJ": (".obj", _obj),
    "OBJ with vt and vn": (".obj", _obj_with_uv),
    "PLY, binary": (".ply", _mesh("ply", vertex_normal=False)),
    "PLY, text": (".ply", _mesh("ply", vertex_normal=False, encoding="ascii")),
    "STL, binary": (".stl", _mesh("stl")),
    "STL, text": (".stl", _mesh("stl_ascii")),
    "OFF": (".off", _mesh("off")),
    "GLB": (".glb", _mesh("glb")),
}

if __name__ == "__main__":
    main()
