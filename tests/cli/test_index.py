"""The verb index, and what search and classify find in a gallery."""

import json
import shutil

from tests.verb import verb


def test_a_gallery_is_made_brought_up_to_date_and_searched(shape_folder, tmp_path):
    made = json.loads(verb("index", shape_folder, "-o", tmp_path / "g", "--workers", "1", "--json").stdout)
    keys = {"gallery", "shapes", "added", "changed", "removed", "kept", "refused", "warnings"}
    assert set(made) == keys and made["shapes"] == 4 and made["added"] == 4 and len(made["refused"]) == 1
    tagged = json.loads(
        verb("search", tmp_path / "g", shape_folder / "toy.glb", "--tag", "below", "--quick", "--json").stdout
    )
    judged = {"verdict", "probability", "reasons"}
    assert set(tagged) == {"encoder", "results", "refused", "warnings"} | judged and 0 < tagged["probability"] < 1
    assert [r["tags"] for r in tagged["results"]] == [["below"]]
    named = json.loads(verb("classify", shape_folder / "toy.glb", "--gallery", tmp_path / "g", "--json").stdout)
    assert set(named) == {"results", "how", "warnings"} and "votes" in named["how"]
    assert named["results"] == [{"label": "below", "share": 1.0}]
    assert len(named["warnings"]) == 1 and "broken.ply" in named["warnings"][0]
    (shape_folder / "stick.stl").unlink()
    shutil.copy(shape_folder / "plank.obj", shape_folder / "board.obj")
    again = verb("index", shape_folder, "-o", tmp_path / "g", "--workers", "1")
    assert (
        again.stdout
        == f"4 shapes in {tmp_path / 'g'}: 1 added, 0 changed, 1 removed, 3 kept, 1 left out that could not be read\n"
    )
    assert again.stderr.startswith("left out ") and "broken.ply" in again.stderr
