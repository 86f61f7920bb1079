"""The example plugin, installed into an environment of its own."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import numpy as np
import pytest

from app.shared.resources import resource
from core.encoders.catalogue import EncoderChoice, load_encoder
from core.errors import CounterpointError
from core.images import save_image

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """An environment that sees this one's packages and has the example installed."""
    folder = tmp_path_factory.mktemp("plugin")
    venv.create(folder / "env", symlinks=True)
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    (site / "parent.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    shutil.copytree(resource("example_plugin"), folder / "example")
    alone = ["--no-deps", "--no-index", "--no-build-isolation", "--target", str(site)]
    pip = [sys.executable, "-m", "pip", "install", "-q", *alone, str(folder / "example")]
    subprocess.run(pip, check=True, timeout=120, capture_output=True)
    return folder / "env" / "bin" / "python"


def run(python: Path, *arguments: str) -> str:
    done = subprocess.run(
        [python, "-m", "app.cli.main", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        env=dict(os.environ),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_encodes_and_cuts_out(python, sample, tmp_path):
    names = {row["name"]: row for row in json.loads(run(python, "encoders", "--json"))["encoders"]}
    assert names["colours"]["description"] == "plugin counterpoint_example:encoder"
    picture = np.full((120, 160, 3), 255, np.uint8)
    picture[40:80, 50:100] = (200, 30, 30)
    save_image(tmp_path / "red.png", picture)
    report = run(
        python, "transfer", str(tmp_path / "red.png"), str(tmp_path / "red.png"), "--point", "70,60", "--sam", "similar-colour",
        "--encoder", "colours", "--out", str(tmp_path / "out.png"), "--json",
    )  # fmt: skip
    assert json.loads(report)["parts"][0]["saved"]


def test_depth_and_shapes(python, tmp_path):
    code = (
        "import numpy as np; from core.plugins import make_plugin, plugins;"
        "assert make_plugin('depth', 'flat', 'cpu')(np.zeros((3, 4, 3), np.uint8)).shape == (3, 4);"
        "from core.congealing.generate import generate;"
        f"print(generate([], 'ball', {str(tmp_path / 'ball.ply')!r}))"
    )
    done = subprocess.run([python, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "ball.ply").stat().st_size > 1000


def test_plugins_that_fail_are_said(monkeypatch):
    from importlib.metadata import EntryPoint

    from core import plugins

    broken = EntryPoint("broken", "json:no_such_function", "counterpoint.encoders")
    monkeypatch.setattr("core.encoders.catalogue.plugins", lambda group: {"broken": broken})
    monkeypatch.setattr(plugins, "plugins", lambda group: {"broken": broken})
    with pytest.raises(CounterpointError, match="The plugin broken"):
        load_encoder(EncoderChoice("broken"))
