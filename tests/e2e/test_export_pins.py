"""Pins are written to files that say what the document says."""

import csv
import json

import pytest

from tests.e2e.hands import click_pixel, errors


@pytest.fixture
def export(give, tmp_path):
    """Choose a line of the Export button's menu; gives the file that it wrote."""

    def written(window, text, name):
        give(tmp_path / name)
        menu = window.workspace.export.menu()
        menu.aboutToShow.emit()
        action = next(one for one in menu.actions() if one.text() == text)
        assert action.isEnabled()
        action.trigger()
        assert str(tmp_path / name) in window.statusBar().currentMessage()
        return tmp_path / name

    return written


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(row, *columns):
    return tuple(float(row[one]) for one in columns)


def test_pins_are_written_with_the_numbers_of_the_document(opened, sample, wait_ready, qtbot, export, give, tmp_path):
    window = opened
    window.show_feature("matching")
    export_menu = window.workspace.export.menu()
    export_menu.aboutToShow.emit()
    assert not export_menu.actions()[0].isEnabled()  # there is nothing to write
    click_pixel(window.panels["image 1"], *sample["at"])
    wait_ready(window)
    (pin,) = window.session.pins.values()
    window.tools.click("shape 1", pin.answers["shape 1"].location)
    wait_ready(window)
    there, back = window.session.pins.values()
    found, seen = there.answers["shape 1"], back.answers["image 1"]

    first, second = table(export(window, "Pins as CSV…", "pins.csv"))
    assert (first["pin"], first["placed_in"], first["matched_in"]) == (
        there.name,
        str(sample["image"]),
        str(sample["shape"]),
    )
    assert numbers(first, "at_u", "at_v", "match_x", "match_y", "match_z") == (*there.at, *found.location)
    assert numbers(second, "at_x", "at_y", "at_z", "match_u", "match_v") == (*back.at, *seen.location)
    assert first["at_x"] == second["at_u"] == "" and first["verdict"] == found.verdict
    assert numbers(second, "probability", "score", "margin", "cycle_error") == (
        seen.probability,
        seen.score,
        seen.margin,
        seen.cycle_error,
    )

    content = json.loads(export(window, "Pins as JSON…", "pins.json").read_text())
    assert [one["name"] for one in content["pins"]] == [there.name, back.name]
    (match,) = content["pins"][0]["matches"]
    assert tuple(match["at"]) == found.location and match["probability"] == found.probability
    assert [tuple(one["at"]) for one in match["rivals"]] == [at for at, _ in found.rivals]

    one, other = table(export(window, "2D-3D correspondences…", "places.csv"))
    assert numbers(one, "u", "v", "x", "y", "z") == (*there.at, *found.location)
    assert numbers(other, "u", "v", "x", "y", "z") == (*seen.location, *back.at)
    assert numbers(other, "probability") == (seen.probability,) and other["verdict"] == seen.verdict

    give(tmp_path / "missing" / "pins.csv")
    export_menu.actions()[0].trigger()
    assert "does not exist" in errors(window)["matching"]
