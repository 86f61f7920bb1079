"""The import rule: app -> core, and inside core one way; the window process stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = (
    "geometry",
    "encoders",
    "fields",
    "matching",
    "parts",
    "alignment",
    "retrieval",
    "congealing",
    "training",
    "benchmarks",
)
PEERS = ("alignment", "retrieval")
WINDOW_ONLY = ("PySide6", "pyvista", "pyvistaqt", "vtk", "vtkmodules", "qtpy", "app")


def imports_of(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("file", sorted((ROOT / "core").rglob("*.py")), ids=lambda f: str(f.relative_to(ROOT)))
def test_core_imports_run_one_way(file):
    names = imports_of(file)
    assert not [n for n in names if n.split(".")[0] in WINDOW_ONLY]
    parts = file.relative_to(ROOT / "core").parts
    if parts[0] not in LAYERS:
        return
    level = LAYERS.index(parts[0])
    for name in names:
        package = name.split(".")[1] if name.startswith("core.") else None
        if package in LAYERS and package != parts[0]:
            assert LAYERS.index(package) < level, f"{file} imports {name}"
            assert not (package in PEERS and parts[0] in PEERS)


def test_the_window_process_stays_light():
    code = (
        "import sys, app.window.main_window, app.window.views.scene, app.window.views.picking, pyvistaqt;"
        "heavy = [m for m in ('torch', 'open3d', 'trimesh', 'timm', 'cv2') if m in sys.modules]; assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)
