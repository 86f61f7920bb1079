"""The documents: their examples run, their links lead somewhere, the reference says what the command line does."""

import importlib.util
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "resources" / "docs").rglob("*.md")),
    ROOT / "resources" / "weights" / "MODEL_CARD.md",
]


def test_the_python_page_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "resources/docs/python.md").read_text(), re.DOTALL)
    names: dict = {}
    assert len(blocks) >= 5
    for block in blocks:
        exec(block, names)
    assert names["found"].probability > 0.5 and names["part"].overlap > 0.2 and 20 < names["faces"].sum() < 20_000


def test_the_reference_is_that_of_the_command_line():
    place = ROOT / "packaging" / "make_cli_reference.py"
    spec = importlib.util.spec_from_file_location("make_cli_reference", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "resources/docs/cli.md").read_text() == module.reference(), f"run python {place.relative_to(ROOT)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text())
    for link in links:
        assert link.startswith("http") or (page.parent / link).exists(), link


def test_commands_of_the_readme_and_of_ci_are_there():
    text = (ROOT / "README.md").read_text() + (ROOT / ".ci" / "run").read_text()
    commands = set(re.findall(r"\bpackaging/[\w-]+(?![\w./-])", text))
    assert {"packaging/start", "packaging/test", "packaging/build"} <= commands
    for command in commands:
        assert os.access(ROOT / command, os.X_OK), command


def test_every_test_is_run_by_packaging_test():
    names = re.findall(r"\btests/[\w./*\[\]!-]+", (ROOT / "packaging" / "test").read_text())
    assert all(any(ROOT.glob(name)) for name in names)
    named = [place for name in names for place in ROOT.glob(name)]
    for file in (ROOT / "tests").rglob("test_*.py"):
        assert any(file == place or place in file.parents for place in named), file
