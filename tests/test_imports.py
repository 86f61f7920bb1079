"""What the import contracts (pyproject.toml, checked by lint-imports) cannot say: what is really loaded, and how long
functions and files are.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(file for room in ("app", "core") for file in (ROOT / room).rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 400, 50


def test_the_import_contracts_hold():
    lint = [
        sys.executable,
        "-c",
        "import sys; from importlinter.cli import lint_imports_command as lint; sys.exit(lint())",
    ]
    done = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout


def test_the_window_process_stays_light():
    code = (
        "import sys, app.window.main_window, app.window.views.scene, app.window.views.picking, pyvistaqt;"
        "heavy = [m for m in ('torch', 'open3d', 'trimesh', 'timm', 'cv2') if m in sys.modules]; assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_and_functions_stay_short(file):
    text = file.read_text()
    assert text.count("\n") <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno + 1 <= LONGEST_FUNCTION, node.name
