"""Project files: round trips, old versions, damage, archives that mean harm."""

import json
import math
import os
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.document.project import SavedDocument, SavedPin, changed_files, find, moved, pack, unpack
from app.shared.values import (
    SLOTS,
    Aligned,
    Cameras,
    Collection,
    CollectionPhoto,
    Correction,
    Correspondence2D3D,
    Drawing,
    EncoderSettings,
    Marking,
    PoseInPhoto,
    RigCamera,
    item_for,
)
from core.errors import CounterpointError
from core.geometry.lens import Lens
from core.interchange import project as format_of
from core.interchange.project import Project, load_project, save_project
from core.parts.layers import Layers, Mask, MaskSureness


def document(folder: Path) -> SavedDocument:
    """One of everything."""
    photo, shape = folder / "photos" / "a.png", folder / "b.obj"
    photo.parent.mkdir()
    photo.write_bytes(b"picture")
    shape.write_bytes(b"shape")
    depth = folder / "photos" / "depth.npy"
    depth.write_bytes(b"depth")
    image = replace(item_for(photo), box=(1.5, 2.0, 30.0, 40.0))
    mask = Mask.of(np.arange(1000) % 3 == 0)
    layers = Layers().new_part("Händle").mark(1, "image 1", np.eye(9, dtype=bool))
    sure = MaskSureness("none", 0.05, ("misfit",))
    layers = layers.find(1, "shape 1", np.ones(4, bool), sure).find(1, "shape 2", np.ones(4, bool))
    pose = PoseInPhoto(tuple(map(float, (1, 0, 0, 0, 1, 0, 0, 0, 1))), (0.1, 0.2, 3.0), (1.0, 1.0, 1.0), 0.7, 0.6, 0.5)
    aligned = Aligned(
        "image 1",
        "shape 1",
        (500.0, 500.0, 320.0, 240.0),
        (pose,),
        0,
        mask,
        (Correspondence2D3D((1.0, 2.0), (3.0, 4.0, 5.0)),),
    )
    photos = (
        CollectionPhoto(image, mask, (0.0, 0.0, 5.0, 5.0), (1.0, 1.0, 0.0, 0.0), (pose,)),
        CollectionPhoto(image, problem="too small"),
    )
    collection = Collection(photos, item_for(shape), EncoderSettings(), True, Drawing(0, ((mask, "#ff0000"),)))
    pins = (
        SavedPin(3, "Trunk", "#00ff00", "image 1", (10.25, 20.0)),
        SavedPin(5, "Foot", "#0000ff", "shape 1", (0.1, 0.2, 0.3)),
    )
    lens = Lens("opencv", (0.1, 0.01, 0.0, 0.0))
    rig = (RigCamera("a.png", (30, 40), (50.0, 50.0, 15.0, 20.0), pose.R, pose.t, lens),)
    (folder / "K.json").write_bytes(b"camera")
    cameras = Cameras(item_for(folder / "K.json"), rig=rig)
    right = (Correction("image 1", (10.25, 20.0), "shape 1", (0.5, 0.5, 0.5)),)
    return SavedDocument(
        {"image 1": image, "shape 1": item_for(shape)}, pins, 5, right, EncoderSettings(samples=5000, adapter="x.safetensors"), layers,
        (aligned,), collection, {"image 1": [2.0, 5.0, 6.0]}, "somewhere", cameras.with_depth(image, item_for(depth)), Marking("vit_b.pth", False),
    )  # fmt: skip


def same(a: object, b: object) -> bool:
    """Equality where NaN equals NaN."""
    return repr(a) == repr(b)


def test_everything_comes_back(tmp_path):
    before = document(tmp_path)
    save_project(tmp_path / "p.counterpoint", pack(before, tmp_path))
    after, missing = unpack(load_project(tmp_path / "p.counterpoint"), tmp_path)
    assert not missing
    for one in fields(SavedDocument):
        assert same(getattr(after, one.name), getattr(before, one.name)), one.name
    np.testing.assert_array_equal(after.layers.parts[0].masks["image 1"].array(), np.eye(9, dtype=bool).ravel())
    assert math.isnan(after.collection.photos[1].agreement)


text = st.text(st.characters(blacklist_categories=("Cs",)), max_size=12)
number = st.floats(allow_nan=False, allow_infinity=False, width=64)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(text, st.sampled_from(SLOTS), st.lists(number, min_size=2, max_size=3)), max_size=5), text)
def test_any_pins_come_back(tmp_path_factory, given_pins, origin):
    folder = tmp_path_factory.mktemp("p")
    pins = tuple(SavedPin(i, name, "#123456", slot, tuple(at)) for i, (name, slot, at) in enumerate(given_pins))
    before = SavedDocument(pins=pins, origin=origin)
    save_project(folder / "p.counterpoint", pack(before, folder))
    assert same(unpack(load_project(folder / "p.counterpoint"), folder)[0], before)


def test_a_folder_that_was_moved_as_a_whole(tmp_path):
    (tmp_path / "old").mkdir()
    save_project(tmp_path / "old" / "p.counterpoint", pack(document(tmp_path / "old"), tmp_path / "old"))
    (tmp_path / "old").rename(tmp_path / "new")
    after, missing = unpack(load_project(tmp_path / "new" / "p.counterpoint"), tmp_path / "new")
    assert not missing and after.items["image 1"].path == str(tmp_path / "new" / "photos" / "a.png")


def test_a_renamed_file_is_found_by_its_content_and_a_lost_one_is_told(tmp_path):
    before = document(tmp_path)
    save_project(tmp_path / "p.counterpoint", pack(before, tmp_path))
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "photos" / "a.png").rename(tmp_path / "deep" / "er" / "other.png")
    (tmp_path / "b.obj").unlink()
    (tmp_path / "wrong.obj").write_bytes(b"other shape")
    after, missing = unpack(load_project(tmp_path / "p.counterpoint"), tmp_path)
    assert Path(after.items["image 1"].path).name == "other.png" and after.items["image 1"].box == (
        1.5,
        2.0,
        30.0,
        40.0,
    )
    assert [item.name for item in missing] == ["b.obj"]
    again = moved(after, missing[0], item_for(tmp_path / "wrong.obj"))
    assert again.items["shape 1"].name == again.collection.shape.name == "wrong.obj"
    assert find(tmp_path / "gone.obj", None, None, tmp_path) is None


def test_files_that_were_changed_meanwhile_are_told(tmp_path):
    """Since the project was saved, or before, while they were open; one that was only copied again is the same."""
    before, file = document(tmp_path), tmp_path / "p.counterpoint"
    save_project(file, pack(before, tmp_path))
    (tmp_path / "photos" / "a.png").touch()
    os.utime(tmp_path / "b.obj", ns=(1, 1))
    assert changed_files(load_project(file), tmp_path) == []
    (tmp_path / "b.obj").write_bytes(b"SHAPE")
    assert changed_files(load_project(file), tmp_path) == ["b.obj"]
    save_project(file, pack(before, tmp_path))  # the window still shows what it was
    assert changed_files(load_project(file), tmp_path) == ["a.png", "b.obj"]  # whether a.png is the same cannot be told
    with pytest.raises(CounterpointError, match="changed since it was opened"):
        pack(before, tmp_path, whole=True)
    (tmp_path / "b.obj").unlink()
    assert "b.obj" not in changed_files(load_project(file), tmp_path)


def test_a_project_with_all_files_needs_no_other(tmp_path):
    """Sent to someone who has none of them; one that was changed inside is not believed."""
    (tmp_path / "here").mkdir()
    before = document(tmp_path / "here")
    project = tmp_path / "sent" / "p.counterpoint"
    project.parent.mkdir()
    save_project(project, pack(before, tmp_path / "here", whole=True))
    (tmp_path / "here").rename(tmp_path / "elsewhere")
    loaded, store = load_project(project), tmp_path / "store"
    assert len(unpack(loaded, project.parent)[1]) == 5  # the photo twice: with its box, and as that of the depth
    after, missing = unpack(loaded, project.parent, store)
    photo = Path(after.items["image 1"].path)
    assert not missing and photo.is_relative_to(store) and photo.name == "a.png" and photo.read_bytes() == b"picture"
    assert after.items["image 1"].box == before.items["image 1"].box
    lying = replace(loaded, files={name: b"another" for name in loaded.files})
    assert len(unpack(lying, project.parent, tmp_path / "other")[1]) == 5
    (tmp_path / "elsewhere" / "b.obj").unlink()
    gone = replace(
        before,
        items={"shape 1": item_for(tmp_path / "elsewhere" / "b.obj")},
        collection=Collection(),
        cameras=Cameras(),
    )
    with pytest.raises(CounterpointError, match=r"b\.obj cannot be put into the project"):
        pack(gone, tmp_path, whole=True)


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "p.counterpoint"
    save_project(file, Project({"a": 1}))
    before = file.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CounterpointError, match="disk is full"):
        save_project(file, Project({"a": 2}))
    assert file.read_bytes() == before and os.listdir(tmp_path) == ["p.counterpoint"]


def test_older_versions_are_brought_up_to_date_and_newer_ones_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(format_of, "VERSION", 1)
    save_project(tmp_path / "p.counterpoint", Project({"old": 1}))
    monkeypatch.setattr(format_of, "VERSION", 3)
    monkeypatch.setattr(format_of, "MIGRATIONS", {1: lambda d: {"two": d["old"]}, 2: lambda d: {"three": d["two"] + 1}})
    assert load_project(tmp_path / "p.counterpoint").document == {"three": 2}
    save_project(tmp_path / "q.counterpoint", Project({}))
    monkeypatch.setattr(format_of, "VERSION", 2)
    with pytest.raises(CounterpointError, match="newer"):
        load_project(tmp_path / "q.counterpoint")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_files_are_said(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("p")
    file = folder / "p.counterpoint"
    save_project(file, pack(SavedDocument(pins=(SavedPin(1, "a", "#fff", "image 1", (1.0, 2.0)),)), folder))
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    try:
        unpack(load_project(file), folder)
    except CounterpointError as error:
        assert str(error)


@pytest.mark.parametrize(
    "change",
    [
        {"pins": [{"pin_id": 1, "name": "a", "color": "#fff", "slot": "image 77", "at": [1, 2]}]},
        {"pins": 5},
        {"items": {"image 1": {"kind": "image"}}},
        {"layers": {"parts": [{"part_id": 1, "name": "a", "color": "#fff", "masks": {"image 1": {"packed": "none", "size": 3, "count": 1}}}]}},
    ],
)  # fmt: skip
def test_documents_that_make_no_sense_are_said(tmp_path, change):
    project = pack(SavedDocument(), tmp_path)
    with pytest.raises(CounterpointError, match="cannot be understood"):
        unpack(Project(project.document | change), tmp_path)


def test_archives_cannot_name_other_places_or_be_bombs(tmp_path, monkeypatch):
    file = tmp_path / "p.counterpoint"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("project.json", json.dumps({"format": format_of.FORMAT, "version": 1, "document": {}}))
        archive.writestr("arrays/../../evil", "x")
        archive.writestr("/arrays/evil", "x")
        archive.writestr("arrays/good", "x")
    assert load_project(file).arrays == {"good": b"x"} and os.listdir(tmp_path) == ["p.counterpoint"]
    monkeypatch.setattr(format_of, "LIMIT", 10)
    with pytest.raises(CounterpointError, match="unpacks to more"):
        load_project(file)


def test_what_is_no_project_is_said(tmp_path):
    (tmp_path / "a.counterpoint").write_text("hello")
    with pytest.raises(CounterpointError, match="damaged or no project"):
        load_project(tmp_path / "a.counterpoint")
    with pytest.raises(CounterpointError, match="does not exist"):
        load_project(tmp_path / "b.counterpoint")
