"""The document: every step is one change, what it forgets is what depended on it, and facts are undone, saved and
restored.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.document import commands
from app.document.project import apply, document_of, pack, unpack
from app.document.session import Session
from app.shared.values import (
    Aligned,
    Cameras,
    Collection,
    CollectionPhoto,
    Correction,
    Correspondence2D3D,
    Draft,
    Item,
    Marking,
    PoseInPhoto,
    RigCamera,
    item_for,
)
from core.geometry.lens import Lens
from core.geometry.pose import Pose
from core.interchange.project import load_project, save_project

POSE = PoseInPhoto.of(Pose(np.eye(3), np.array([0.0, 0.0, 3.0]), np.ones(3)), 0.5)
K = (500.0, 500.0, 320.0, 240.0)


@pytest.fixture
def session(qapp):
    """Two images and two shapes, with a pin in the first of each."""
    session = Session()
    for slot in ("image 1", "image 2", "shape 1", "shape 2"):
        session.set_item(slot, Item(slot.split()[0], f"/nowhere/{slot}"))
    session.set_pins([session.new_pin("image 1", (1.0, 2.0)), session.new_pin("shape 1", (0.0, 0.0, 1.0))], 1)
    return session


def answer_all(session):
    """Something for every pin on everything else; what it is does not matter here."""
    for pin in session.pins.values():
        session.set_answers(pin.pin_id, {slot: object() for slot in session.items if slot != pin.slot})


def steps(session):
    """One of each kind of step."""
    item, layers = Item("image", "/nowhere/other"), session.layers.new_part("A")
    return {
        "open": commands.SetItem(session, "image 1", item),
        "close": commands.SetItem(session, "shape 1", None),
        "box": commands.SetBox(session, "image 1", (0.0, 0.0, 9.0, 9.0)),
        "up": commands.SetUp(session, "shape 1", "z"),
        "pin": commands.AddPin(session, session.new_pin("image 2", (3.0, 4.0))),
        "delete": commands.DeletePins(session, [1, 2]),
        "rename": commands.RenamePin(session, 1, "Trunk"),
        "draft": commands.SetDraft(session, "Mark", Draft("image 1")),
        "layers": commands.SetLayers(session, "Keep", layers, Draft("image 2")),
        "aligned": commands.SetAligned(session, "Align", {("image 1", "shape 1"): posed()}),
        "collection": commands.SetCollection(session, "Add", Collection((CollectionPhoto(item),))),
        "correct": commands.correct(session, session.pins[1], "shape 1", (1.0, 1.0, 1.0)),
        "cameras": commands.SetCameras(session, "Take", Cameras(item_for("/nowhere/K.json"))),
        "marking": commands.SetMarking(session, "Cut", Marking("vit_b.pth", False)),
        "together": commands.Together(
            session,
            "Both",
            commands.SetCameras(session, "Take", Cameras(item_for("/nowhere/K.json"))),
            commands.SetAligned(session, "Align", {("image 1", "shape 1"): posed()}),
        ),
    }


def posed(tx=0.0):
    return Aligned("image 1", "shape 1", K, (replace(POSE, t=(tx, 0.0, 3.0)),))


NAMES = ("open", "close", "box", "up", "pin", "delete", "rename", "draft", "layers", "aligned", "collection", "correct")
NAMES += ("cameras", "marking", "together")


@pytest.mark.parametrize("name", NAMES)
def test_a_step_is_one_change_and_so_is_its_undoing(session, name):
    answer_all(session)
    before = (document_of(session), session.draft)
    step = steps(session)[name]
    told = []
    session.changed.connect(told.append)
    session.undo_stack.push(step)
    assert len(told) == 1 and told[0]
    assert (document_of(session), session.draft) != before
    session.undo_stack.undo()
    assert len(told) == 2 and (document_of(session), session.draft) == before
    session.undo_stack.redo()
    assert len(told) == 3


def test_a_moved_pose_forgets_only_what_it_guided(session):
    session.set_aligned({("image 1", "shape 1"): posed()})
    answer_all(session)
    first, second = session.pins.values()
    kept = {slot: first.answers[slot] for slot in ("image 2", "shape 2")}
    session.undo_stack.push(commands.SetAligned(session, "Move", {("image 1", "shape 1"): posed(0.5)}))
    assert first.answers == kept and set(second.answers) == {"image 2", "shape 2"}
    answer_all(session)
    more = replace(posed(0.5), pairs=(Correspondence2D3D((1.0, 2.0), (0.0, 0.0, 1.0)),))  # a pair alone guides nothing
    session.undo_stack.push(commands.SetAligned(session, "Pair", {("image 1", "shape 1"): more}))
    assert len(first.answers) == len(second.answers) == 3


def test_likely_poses_guide_until_somebody_aligns(session):
    """What they guide stays until a better answer is there, and no step of the document is made."""
    pair = ("image 1", "shape 1")
    answer_all(session)
    first = session.pins[1]
    told = []
    session.changed.connect(told.append)
    session.set_likely(pair, True)
    assert session.guide(*pair) is None and not first.outdated and told == [frozenset({"likely"})]
    likely = posed().guide
    session.set_likely(pair, True, likely)
    assert session.guide(*pair) == session.guide(*reversed(pair)) == likely
    assert first.outdated == {"shape 1"} and len(first.answers) == 3
    session.set_answers(first.pin_id, {**first.answers, "shape 1": object()})
    assert not first.outdated
    session.set_aligned({pair: posed(0.5)})
    assert session.guide(*pair) == posed(0.5).guide
    session.set_aligned({})
    session.set_likely(pair, False)
    assert session.guide(*pair) is None and not session.likely


def test_other_changes_forget_what_depends_on_them(session):
    answer_all(session)
    first, second = session.pins.values()
    session.undo_stack.push(commands.SetBox(session, "image 2", (0.0, 0.0, 9.0, 9.0)))
    assert set(first.answers) == {"shape 1", "shape 2"} and set(second.answers) == {"image 1", "shape 2"}
    session.set_corrections((Correction("image 1", (1.0, 2.0), "shape 1", (0.0, 0.0, 1.0)),))
    assert set(first.answers) == {"shape 2"} and set(second.answers) == {"shape 2"}
    session.set_encoder(replace(session.encoder, samples=2000))
    assert not first.answers and not second.answers


def test_a_pin_that_comes_back_is_matched_anew(session):
    """The encoder, which is no step, may be another one by then."""
    answer_all(session)
    session.undo_stack.push(commands.DeletePins(session, [1]))
    session.set_encoder(replace(session.encoder, samples=2000))
    session.undo_stack.undo()
    assert not session.pins[1].answers


def known_cameras(folder: Path) -> Cameras:
    for name in ("K.json", "depth.npy", "a.png"):
        (folder / name).write_bytes(name.encode())
    lens = Lens("opencv", (0.1, 0.01, 0.0, 0.0))
    rig = (
        RigCamera("cam0/a.png", (640, 480), K, POSE.R, POSE.t, lens),
        RigCamera("cam1/a.png", (640, 480), K, POSE.R, POSE.t),
    )
    cameras = Cameras(item_for(folder / "K.json"), rig=rig)
    return cameras.with_depth(item_for(folder / "a.png"), item_for(folder / "depth.npy"))


def changed_cameras(session, folder, name):
    whole = known_cameras(folder)
    return replace(session.cameras, **{name: getattr(whole, name)})


@pytest.mark.parametrize("name", ["file", "depths", "rig"])
def test_what_is_known_of_cameras_is_undone_saved_and_restored(session, tmp_path, name):
    cameras = changed_cameras(session, tmp_path, name)
    session.undo_stack.push(commands.SetCameras(session, "Take", cameras))
    assert getattr(session.cameras, name)
    check_kept(session, tmp_path, lambda one: one.cameras == cameras, lambda one: one.cameras == Cameras())


@pytest.mark.parametrize("marking", [Marking("/models/vit_b.pth"), Marking(carries=False)])
def test_how_parts_are_marked_is_undone_saved_and_restored(session, tmp_path, marking):
    session.undo_stack.push(commands.SetMarking(session, "Cut", marking))
    check_kept(session, tmp_path, lambda one: one.marking == marking, lambda one: one.marking == Marking())


def check_kept(session, folder, changed, unchanged):
    assert changed(session)
    save_project(folder / "p.counterpoint", pack(document_of(session), folder))
    session.undo_stack.undo()
    assert unchanged(session)
    session.undo_stack.redo()
    assert changed(session)
    other = Session()
    apply(unpack(load_project(folder / "p.counterpoint"), folder)[0], other)
    assert changed(other) and not other.undo_stack.canUndo()
    apply(unpack(load_project(folder / "p.counterpoint"), folder)[0].__class__(), other)
    assert unchanged(other)


def test_files_of_cameras_move_with_their_project(session, tmp_path):
    (tmp_path / "old").mkdir()
    cameras = known_cameras(tmp_path / "old")
    session.set_cameras(cameras)
    save_project(tmp_path / "old" / "p.counterpoint", pack(document_of(session), tmp_path / "old"))
    (tmp_path / "old").rename(tmp_path / "new")
    document, missing = unpack(load_project(tmp_path / "new" / "p.counterpoint"), tmp_path / "new")
    assert {item.name for item in missing} == {"image 1", "image 2", "shape 1", "shape 2"}
    assert document.cameras.file.path == str(tmp_path / "new" / "K.json")
    assert document.cameras.depth_of(item_for(tmp_path / "new" / "a.png")).path == str(tmp_path / "new" / "depth.npy")


def test_a_camera_of_a_rig_is_found_by_as_many_folders_as_it_takes(tmp_path):
    cameras = known_cameras(tmp_path)
    assert cameras.of_rig(item_for("/photos/cam1/a.png")).name == "cam1/a.png"
    assert cameras.of_rig(item_for("/photos/a.png")) is None  # it could be either
    assert cameras.of_rig(item_for("/photos/cam1/b.png")) is None


def test_a_project_saved_by_0_1_opens(qapp):
    """The file was written by the code of a690c17; it knows the files of the sample by their places beside it."""
    folder, session = Path(__file__).parent, Session()
    document, missing = unpack(load_project(folder / "saved-by-0.1.counterpoint"), folder)
    apply(document, session)
    assert not missing and [item.name for item in session.items.values()] == ["toy.jpg", "toy.glb"]
    assert session.items["image 1"].box == (527.1, 319.5, 1082.2, 740.2)
    assert [(pin.name, pin.slot, pin.at) for pin in session.pins.values()] == [("Trunk", "image 1", (977.5, 652.5))]
    aligned = session.aligned[("image 1", "shape 1")]
    assert (
        aligned.pose.score == 0.8
        and aligned.pairs == (Correspondence2D3D((1.0, 2.0), (0.1, 0.2, 0.3)),)
        and aligned.lens is None
    )
    assert session.layers.parts[0].masks["image 1"].count == 10_000
    assert session.corrections[0].to == (0.9, 0.3, 0.0) and len(session.collection.photos) == 2
    assert session.cameras == Cameras() and session.marking == Marking()
