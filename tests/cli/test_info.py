"""The verb info."""

import json
import os
import shutil
import sys

import pytest

from tests.verb import verb


def test_info(sample):
    facts = json.loads(verb("info", sample["shape"], "--json").stdout)
    assert set(facts) == {"file", "kind", "vertices", "faces", "bounds", "diagonal", "colours", "up", "warnings"}
    assert facts["kind"] == "mesh" and facts["faces"] > 10_000 and facts["up"] == "y" and facts["warnings"] == []
    facts = json.loads(verb("info", sample["image"], "--json").stdout)
    assert facts == {
        "file": str(sample["image"]),
        "kind": "image",
        "width": 1280,
        "height": 960,
        "warnings": [],
    }
    shown = dict(line.split(": ", 1) for line in verb("info", sample["image"]).stdout.splitlines())
    assert shown["width"].strip() == "1280" and shown["warnings"].strip() == "none"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep names as Unicode")
def test_names_that_the_terminal_cannot_write(sample, tmp_path):
    from app.cli.main import main

    name = os.fsdecode(b"latin\xfc.jpg")
    shutil.copy(sample["image"], tmp_path / name)
    with open(tmp_path / "out.txt", "w", encoding="utf-8") as out:
        before, sys.stdout = sys.stdout, out
        try:
            assert main(["info", str(tmp_path / name)]) == 0
        finally:
            sys.stdout = before
    assert b"latin\\udcfc.jpg" in (tmp_path / "out.txt").read_bytes()


def test_a_name_that_is_too_long_is_said(sample, tmp_path):
    done = verb(
        "transfer", sample["shape"], sample["shape"], "--labels", "x" * 300, "--points", "--out", tmp_path / ("u" * 300)
    )
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "long" in done.stderr
