"""All texts can be translated."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path


def test_every_text_can_be_translated(tmp_path):
    """In a made-up language nothing stays English, in the window, its menus and dialogs."""
    run = [sys.executable, "-m", "tests.app.window.pseudo", str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[3])
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["plain"] == [] and found["texts"] > 300


def test_the_template_of_texts_is_up_to_date():
    from babel.messages import extract, pofile

    root = Path(__file__).parents[3]
    texts = {
        m for _, _, m, _, _ in extract.extract_from_dir(root / "app", [("**.py", "python")], keywords={"tr": None})
    }
    with open(root / "resources" / "translations" / "counterpoint.pot", "rb") as file:
        template = {message.id for message in pofile.read_po(file) if message.id}
    assert texts == template, "run packaging/update-translations"


APP = Path(__file__).parents[3] / "app"
CORE = APP.parent / "core"

UNWANTED = {
    r"\bfocus box\b": "box",
    r"\bimages?\b": "photo",
    r"\banew\b|\bafresh\b": "again",
    r"\bput (it|them|the \w+) down\b|\bdrop it\b": "leave the tool, discard",
    r"(?<!degrees of )\bfreedoms?\b": "what it may change",
    r"\bdrafts?\b": "marking",
    r"\bcarry\b|\bcarries\b": "transfer",
    r"\bdivided by commas\b": "separated by commas",
    r"\bput right\b|\brub out\b|\bpeak\b|\bwish\b": "correct, erase, rival, search",
    r"'s, or\b|are: none\b": "a whole sentence",
}
"""Words that texts of the window once had, and what they are called instead; each thing has one name, that of the glossary."""

FILES = {
    "transforms.json of nerfstudio or images.txt of COLMAP",
    "(transforms.json, or images.txt of COLMAP)",
    "{image}",
    "mirror image",
}


def spoken() -> list[tuple[str, str]]:
    """Where every text of the window stands, and the text."""
    calls = [
        (f"{file.relative_to(APP)}:{node.lineno}", node.args[0].value)
        for room in ("window", "document")
        for file in sorted((APP / room).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "tr"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert len(calls) > 400
    return calls


def test_texts_use_one_word_for_a_thing_and_none_that_was_made_up():
    found = []
    for place, text in spoken():
        for name in FILES:
            text = text.replace(name, "")
        found += [(place, text, use) for word, use in UNWANTED.items() if re.search(word, text, re.IGNORECASE)]
    assert found == [], found


def test_no_text_has_more_digits_than_a_person_reads():
    """At most one decimal of a pixel or of a share, two of a score; a bare number has no unit to be read by."""
    window = [(place, text) for place, text in spoken() if re.search(r":,?\.[3-9][fg%]|:,?\.2%", text)]
    pixels = [(place, text) for place, text in spoken() if re.search(r"\b(px|pixels?)\b.*:,?\.[2-9]f", text)]
    assert window == [] and pixels == []
    for file in sorted(CORE.rglob("*.py")):
        if {"benchmarks", "training"} & set(file.parts):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            called = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if called in ("CounterpointError", "warn"):
                sentence = ast.unparse(node)
                assert not re.search(r"pixels?\W{0,2}\{[^}]*(:\.[1-9][fg]|\[\d\])\}", sentence), (file.name, sentence)
                assert not re.search(r":\.[3-9]f\}", sentence), (file.name, sentence)
