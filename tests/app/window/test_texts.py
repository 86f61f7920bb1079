"""All texts can be translated."""

import json
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
