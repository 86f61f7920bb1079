"""Wheel and sdist: they hold everything, and run where the checkout is not to be seen."""

import json
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(wheel, sdist), of a copy of the tracked files."""
    folder = tmp_path_factory.mktemp("build")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    (folder / "all.tar").write_bytes(archive)
    with tarfile.open(folder / "all.tar") as content:
        content.extractall(folder / "copy", filter="data")
    code = "from setuptools import build_meta as b; b.build_wheel('../out'); b.build_sdist('../out')"
    (folder / "out").mkdir()
    subprocess.run([sys.executable, "-c", code], cwd=folder / "copy", check=True, capture_output=True, timeout=120)
    (wheel,), (sdist,) = (folder / "out").glob("*.whl"), (folder / "out").glob("*.tar.gz")
    return wheel, sdist


def test_the_wheel_runs_alone(built, tmp_path):
    wheel, _ = built
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {
        "app/cli/main.py",
        "core/encoders/pocket.py",
        "resources/weights/pocket_image.safetensors",
        "resources/sample/toy.glb",
    } <= names
    assert not [name for name in names if name.startswith(("tests/", "packaging/"))]
    venv.create(tmp_path / "env", symlinks=True)
    (site,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # the libraries of this environment, but none of its links to the checkout
    (site / "zz_parent.pth").write_text(f"import sys; sys.path.append({sysconfig.get_path('purelib')!r})\n")
    python = tmp_path / "env" / "bin" / "python"
    where = subprocess.run(
        [python, "-c", "import app; print(app.__path__[0])"], cwd=tmp_path, capture_output=True, text=True
    )
    assert where.stdout.strip() == str(site / "app"), where.stderr
    done = subprocess.run(
        [python, "-m", "app.cli.main", "sample", "--save", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").glob("*.png"))) == 3
    listed = subprocess.run(
        [python, "-m", "app.cli.main", "encoders", "--json"], cwd=tmp_path, capture_output=True, timeout=60
    )
    assert json.loads(listed.stdout)["default"] == "pocket"


def test_the_sdist_holds_what_the_wheel_is_made_of(built):
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "app/cli/main.py", "resources/weights/pocket.json"} <= names
