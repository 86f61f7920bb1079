"""The verb info."""

import json

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
