"""The command as a whole: verbs and their options, help, bad input, warnings."""

import argparse
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import trimesh

import core
from app.cli.arguments import check_outputs, make_parser, parse
from app.cli.main import VERBS, options_of, window_parser
from app.cli.options.groups import BatchOptions
from core.errors import CounterpointError
from tests.verb import verb

OPTIONS = json.loads((Path(__file__).parent / "options_0.1.json").read_text())
"""Of version 0.1: by verb ("" is the window) and option, what is given with it."""


def test_version():
    done = subprocess.run([sys.executable, "-m", "app", "--version"], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == f"counterpoint {core.__version__}"


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_of_the_first_version_is_there(name):
    parser = make_parser(name, options_of(name)) if name else window_parser()
    found = {"/".join(one.option_strings) or one.dest: one for one in parser._actions}
    for option, before in OPTIONS[name].items():
        now = found[option]
        assert now.nargs == before.get("nargs"), option
        assert not option.startswith("-") or now.required == before.get("required", False), option
        assert isinstance(now, argparse._AppendAction) == before.get("repeated", False), option
        assert set(before.get("choices", ())) <= set(now.choices or ()), option


def test_every_verb_has_its_work():
    assert set(VERBS) >= set(OPTIONS) - {""}
    for name in VERBS:
        work = import_module(f"app.cli.{name}")
        assert callable(work.run) and callable(work.lines), name
        assert callable(getattr(work, "run_row", None)) == issubclass(options_of(name), BatchOptions), name


def test_help_and_mistakes_wait_for_no_library():
    code = f"""
import contextlib, io, sys
from app.cli.main import main
for verb in {list(VERBS)}:
    for arguments, code in ([verb, "--help"], 0), ([verb, "--nonsense"], 2):
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
            try:
                main(arguments)
            except SystemExit as end:
                assert end.code == code, (arguments, end.code)
        assert f"counterpoint {{verb}}" in out.getvalue() + err.getvalue()
heavy = [name for name in ("torch", "numpy", "scipy", "cv2", "open3d", "PySide6") if name in sys.modules]
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["match", "nothing.png", "x.glb", "--at", "1,2"], "does not exist"),
        (["match", "{image}", "{shape}", "--at", "1"], "a pixel has two"),
        (["match", "{image}", "{shape}", "--at", "99999,5"], "outside the image"),
        (["match", "{image}", "{shape}", "--at", "5,5", "--box", "1,2,3"], "not a box"),
        (["match", "{image}", "{shape}", "--at", "5,5", "--box", "1,2,2,3"], "less than"),
        (["match", "{image}", "{shape}", "--at", "5,5", "--encoder", "nonsense"], "no model called"),
        (["match", "{shape}", "{image}", "--at", "900,900,900"], "far from the shape"),
        (["match", "{image}", "{shape}"], "--at"),
        (["match", "{image}", "{shape}", "--at", "5,5", "--points", "--encoder", "dinov2"], "dinov2"),
        (["info", "{folder}"], "folder"),
        (["transfer", "{image}", "{shape}", "--outline", "1,2,3", "--out", "x"], "not a polygon"),
        (["transfer", "{image}", "{shape}", "--mask", "a.png", "--point", "1,2", "--out", "x"], "not allowed with"),
        (["transfer", "{image}", "{shape}", "--out", "x"], "Nothing says"),
        (["transfer", "{image}", "{shape}", "--point", "1,x", "--out", "x"], "not a pixel"),
        (["transfer", "{image}", "--out", "x"], "at least one TARGET"),
        (
            ["transfer", "{image}", "{shape}", "--point", "5,5", "--sam", "{image}", "--out", "x"],
            "none of the published",
        ),
        (["transfer", "{shape}", "{shape}", "--outline", "1,2,3,4,5,6", "--out", "x"], "marked in an image"),
        (["align", "{shape}", "{image}", "--box", "1,1,9,9"], "an image first"),
        (["frobnicate.png", "--wrong"], "unrecognized"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(sample, tmp_path, arguments, words):
    names = {"image": sample["image"], "shape": sample["shape"], "folder": tmp_path}
    done = verb(*(a.format(**names) for a in arguments))
    assert done.returncode == 2
    assert done.stdout == "" and words in done.stderr and len(done.stderr.strip().splitlines()) == 1


@pytest.fixture
def odd(tmp_path):
    """A box, one of whose faces has no area."""
    box = trimesh.creation.box((1, 2, 3))
    lines = [f"v {x} {y} {z}" for x, y, z in box.vertices] + [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in box.faces]
    (tmp_path / "odd.obj").write_text("\n".join([*lines, "f 1 1 2"]) + "\n")
    return tmp_path / "odd.obj"


def test_warnings_are_in_the_report_or_on_stderr(odd, sample):
    match = ["match", odd, sample["shape"], "--at", "0.5,0,0", "--samples", 500, "--views", 2, "--resolution", 64]
    done = verb(*match, "--json")
    (said,) = json.loads(done.stdout)["warnings"]
    assert done.stderr == "" and said.startswith("odd.obj: ") and "zero area" in said
    done = verb(*match)
    assert done.returncode == 0 and done.stderr == f"counterpoint: warning: {said}\n" and "->" in done.stdout
    done = verb("match", odd, sample["shape"], "--at", "50,0,0")
    assert done.returncode == 2 and done.stderr.splitlines()[0] == f"counterpoint: warning: {said}"  # of what fails too
    assert "is far from the shape" in done.stderr.splitlines()[1] and len(done.stderr.splitlines()) == 2
    told = json.loads(verb("info", odd, "--json").stdout)
    assert told["warnings"] == [said]
    shown = verb("info", odd)
    assert f"warnings:       {said}" in shown.stdout.splitlines() and shown.stderr == ""  # said once


def test_warnings_of_indexed_shapes_are_said(odd, tmp_path):
    made = json.loads(verb("index", odd.parent, "-o", tmp_path / "g", "--workers", 1, "--json").stdout)
    assert made["added"] == 1 and [said.split(": ")[0] for said in made["warnings"]] == ["odd.obj"]


def test_what_is_read_is_not_written_over(tmp_path):
    """``--save`` with the photo's own name took the photo's place."""
    for name in ("a.png", "a.ply"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    for given in (
        ["align", "a.png", "a.ply", "--box", "1,1,9,9", "--save", "a.png"],
        ["align", "a.png", "a.ply", "--out", "a.ply"],
        ["match", "a.png", "a.ply", "--at", "1,1", "--save", "link.png"],
    ):
        options = parse(
            given[0],
            options_of(given[0]),
            [str(tmp_path / one) if "a." in one or "link" in one else one for one in given[1:]],
        )
        with pytest.raises(CounterpointError, match="write over"):
            check_outputs(options)
    check_outputs(
        parse(
            "align",
            options_of("align"),
            [str(tmp_path / "a.png"), str(tmp_path / "a.ply"), "--save", str(tmp_path / "b.png")],
        )
    )
