"""The verb encoders."""

import json

from core.encoders.names import DEFAULT
from tests.verb import verb


def test_encoders_are_listed():
    listed = json.loads(verb("encoders", "--json").stdout)
    assert listed["default"] == DEFAULT and {"pocket", "dinov2", "dinov3"} <= {e["name"] for e in listed["encoders"]}
    assert [e["name"] for e in listed["encoders"] if e["bundled"]] == [DEFAULT, "pocket-0.1"]
    shown = verb("encoders").stdout.splitlines()
    assert len(shown) == len(listed["encoders"]) + 1 and shown[0].startswith(listed["encoders"][0]["name"])
