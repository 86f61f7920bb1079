"""Files of pins: what is not known is left empty, and what is odd comes back."""

import csv
import json
from pathlib import Path

from core.interchange.pins import (
    CORRESPONDENCE_COLUMNS,
    PinMatch,
    PlacedPin,
    save_correspondences,
    save_pins_csv,
    save_pins_json,
)

UNKNOWN = float("nan")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pins() -> list[PlacedPin]:
    on_shape = PinMatch("a.ply", (1e7 + 0.1, -0.3, 1e-9), "unsure", 0.5, False, ("rivals",), 0.9, 0.1, 0.02)
    on_photo = PinMatch("c.png", (1.0, 2.0), "none", UNKNOWN, False, (), 0.1, 0.0, UNKNOWN)
    return [
        PlacedPin('left, "ear"\nÖse', "#ff0000", "b.png", (12.25, 7.1), (on_shape, on_photo)),
        PlacedPin("Pin 2", "#00ff00", "a.ply", (0.1, 0.2, 0.3)),
    ]


def test_odd_names_come_back_and_unknown_numbers_are_empty(tmp_path):
    save_pins_csv(tmp_path / "pins.csv", pins())
    shape, photo, alone = rows(tmp_path / "pins.csv")
    assert shape["pin"] == photo["pin"] == pins()[0].name
    assert (float(shape["match_x"]), float(shape["match_z"])) == (1e7 + 0.1, 1e-9) and shape["match_u"] == ""
    assert (photo["probability"], photo["cycle_error"], photo["margin"]) == ("", "", "0.0")
    assert (alone["at_z"], alone["matched_in"], alone["verdict"]) == ("0.3", "", "")


def test_json_says_null_and_is_strict(tmp_path):
    def refuse(word: str) -> None:
        raise AssertionError(word)

    save_pins_json(tmp_path / "pins.json", pins())
    content = json.loads((tmp_path / "pins.json").read_text(), parse_constant=refuse)
    assert content["pins"][0]["matches"][1]["probability"] is None and content["pins"][1]["matches"] == []


def test_correspondences_are_those_of_a_photo_and_a_shape(tmp_path):
    save_correspondences(tmp_path / "c.csv", pins())
    (row,) = rows(tmp_path / "c.csv")
    assert tuple(row) == CORRESPONDENCE_COLUMNS
    assert (row["photo"], row["shape"], row["u"], row["x"]) == ("b.png", "a.ply", "12.25", repr(1e7 + 0.1))
    save_correspondences(tmp_path / "none.csv", [])
    assert (tmp_path / "none.csv").read_text() == ",".join(CORRESPONDENCE_COLUMNS) + "\n"
