"""An open scene: its place is the pair that is open, corrections are its poses, going through photos is one step."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.document.commands import SetAligned, SetItem
from app.document.project import SavedDocument, apply, document_of, pack, unpack
from app.document.saved_scene import opened_again
from app.document.scene import (
    IMAGE,
    PAIR,
    SHAPE,
    OpenScene,
    aligned_at,
    box_at,
    pair_pose,
    photo_state,
    scene_pose,
    worst_residual,
)
from app.document.scene_commands import Asked, GoTo, SetScene
from app.document.session import Session
from app.shared.values import Aligned, PoseInPhoto, item_for
from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import Pose
from core.registration.things import InstanceKey
from core.scenes.opening import open_scene
from core.scenes.scene import SceneShape
from tests.core.scenes import made

BOX, BALL, SECOND = InstanceKey(1), InstanceKey(2), InstanceKey(1, 1)


@pytest.fixture
def session(qapp, tmp_path):
    """The made scene, open at its first photo and at the box."""
    session = Session()
    scene = open_scene(made.bop(tmp_path))
    session.set_on_disk(scene)
    session.undo_stack.push(SetScene(session, "Open", OpenScene.of(scene)))
    return session


def go(session, key, thing=None):
    session.undo_stack.push(GoTo(session, f"Go to {key}", session.scene.at(key, thing)))


def move(session, by=5.0):
    """As a drag does it: the pose of the pair a little to the right."""
    known = session.aligned[PAIR]
    pose = known.pose.pose()
    moved = PoseInPhoto.of(Pose(pose.R, pose.t + [by, 0, 0], pose.s), 0.5)
    session.undo_stack.push(SetAligned(session, "Move", {PAIR: replace(known, poses=(moved,))}))


def open_files(session):
    return Path(session.items[IMAGE].path).name, Path(session.items[SHAPE].path).name


def state(session):
    """Everything that is open, and every pose of the scene."""
    poses = {at: (one.state, one.pose.t.tolist()) for at, one in session.scene.scene.poses.items()}
    return session.scene.place, dict(session.items), dict(session.aligned), poses


def test_a_place_is_the_pair_that_is_open(session):
    scene = session.scene.scene
    assert session.scene.place == ("3", BOX) and open_files(session) == ("000003.png", "obj_000001.ply")
    go(session, "13", BALL)
    assert open_files(session) == ("000013.png", "obj_000002.ply")
    aligned = session.aligned[PAIR]
    assert aligned.K == (70.0, 71.0, 30.5, 24.25)
    assert np.allclose(aligned.pose.pose().t, scene.poses["13", BALL].pose.t)
    assert session.scene.camera_of(session.items[IMAGE]) == (aligned.K, None)
    told = []
    session.changed.connect(told.append)
    go(session, "23", BOX)
    assert len(told) == 1 and {"items", "aligned", "scene"} <= told[0]
    shape = session.items[SHAPE]
    go(session, "3")
    assert session.scene.place == ("3", BOX) and session.items[SHAPE] is shape  # it is not read again


@pytest.mark.parametrize("scale", [1.0, 1000.0, 0.37])
def test_units_there_and_back(scale):
    shape = SceneShape(1, Path("a.ply"), "a", scale)
    pose = made.poses(1)[0][1]
    there = pair_pose(pose, shape)
    points = np.random.default_rng(0).normal(size=(9, 3))  # of the file
    assert np.allclose(there(points), pose(points / scale) * scale)  # the same places of the camera's frame
    back = scene_pose(there, shape)
    assert np.allclose(back.R, pose.R) and np.allclose(back.t, pose.t) and np.allclose(back.s, pose.s)


def test_what_is_changed_by_hand_is_the_scenes_pose_until_it_is_undone(session):
    before = state(session)
    move(session)
    moved = session.scene.scene.poses["3", BOX]
    assert moved.state == "made" and np.allclose(moved.pose.t, made.poses(0)[0][1].t + [5, 0, 0])
    assert moved.info["scene_gt"] == {"who": "w0"}  # what the data set says besides stays
    session.undo_stack.push(SetAligned(session, "Clear", {PAIR: None}))
    assert ("3", BOX) not in session.scene.scene.poses and BOX in session.scene.things
    session.undo_stack.undo()
    assert session.scene.scene.poses["3", BOX] is moved
    session.undo_stack.undo()
    assert state(session) == before


def test_another_photo_that_is_opened_is_not_of_the_scene(session, tmp_path):
    other = tmp_path / "other.png"
    other.write_bytes(b"picture")
    aligned = session.aligned[PAIR]
    session.undo_stack.push(SetItem(session, IMAGE, item_for(other)))
    before = session.scene
    session.undo_stack.push(SetAligned(session, "Align", {PAIR: replace(aligned, choice=0, K=(9.0, 9.0, 1.0, 1.0))}))
    assert session.scene is before
    go(session, "3")  # back to where the scene is
    assert open_files(session)[0] == "000003.png" and np.allclose(session.aligned[PAIR].pose.t, (5, 2, 200))


def test_undo_goes_back_to_where_something_was_done(session):
    go(session, "13")
    move(session)
    done = state(session)
    for key in ("23", "3", "23"):
        go(session, key)
    assert [step.size > 0 for step in session.undo_stack._steps] == [True, False, True, False]  # going holds nothing
    assert session.undo_stack.count() == 4 and len(session.undo_stack._steps) == 4
    session.undo_stack.undo()
    assert state(session) == done
    session.undo_stack.undo()
    assert session.scene.place == ("13", BOX) and session.scene.pose.state == "read"
    session.undo_stack.undo()
    assert session.scene.photo == "3"
    for _ in range(3):
        session.undo_stack.redo()
    assert session.scene.photo == "23"
    session.undo_stack.setClean()  # saved here: what comes now is a step of its own
    go(session, "3")
    assert session.undo_stack.count() == 5


def test_a_pose_that_comes_late_is_for_what_it_was_asked_about(session, tmp_path):
    """As when one drags and goes on to the next photo before the pose is compared with this one."""
    asked, known = Asked.now(session, PAIR), session.aligned[PAIR]
    moved = replace(known, poses=(PoseInPhoto.of(Pose(np.eye(3), np.array([7.0, 2, 200]))),))
    go(session, "13", BALL)
    there = session.scene.pose, session.aligned[PAIR]
    session.undo_stack.push(asked.step(session, "Move", moved))
    assert session.scene.place == ("13", BALL) and (session.scene.pose, session.aligned[PAIR]) == there
    late = session.scene.scene.poses["3", BOX]
    assert late.state == "made" and np.allclose(late.pose.t, (7, 2, 200))
    session.undo_stack.undo()
    assert session.scene.scene.poses["3", BOX].state == "read"
    go(session, "3", SECOND)  # the same photo and the same shape, and yet another thing
    assert not asked.is_open(session) and isinstance(asked.step(session, "Move", moved), SetScene)
    go(session, "3", BOX)
    assert asked.is_open(session) and isinstance(asked.step(session, "Move", moved), SetAligned)
    apply(SavedDocument(), session)
    assert asked.step(session, "Move", moved) is None


def test_poses_that_a_job_found_come_to_the_pair_and_leave_its_box(session):
    scene, box = session.scene.scene, session.items[IMAGE].with_box((1.0, 2.0, 30.0, 40.0))
    session.set_item(IMAGE, box)
    new = replace(scene.poses["3", BOX], pose=Pose(np.eye(3), np.array([0, 0, 300.0])), state="refined", residual=1.5)
    other = replace(scene.poses["3", BALL], state="refined")
    session.undo_stack.push(
        SetScene(session, "Refine", session.scene.with_scene(scene.with_poses({("3", BOX): new, ("3", BALL): other})))
    )
    assert np.allclose(session.aligned[PAIR].pose.t, (0, 0, 300)) and session.items[IMAGE] == box
    mine = session.aligned[PAIR]
    checked = {("3", BOX): replace(new, state="checked")}
    session.undo_stack.push(
        SetScene(session, "Check", session.scene.with_scene(session.scene.scene.with_poses(checked)))
    )
    assert session.aligned[PAIR] is mine  # the pose is the same, and so is what the window knows of it


def test_states_of_photos(session):
    scene = session.scene.scene
    assert photo_state(scene, "3") == "posed" and worst_residual(scene, "3") == -1
    bare = replace(scene, poses={at: one for at, one in scene.poses.items() if at[0] != "3"})
    assert photo_state(bare, "3") == "open"
    checked = scene.with_poses(
        {("3", thing): replace(one, state="checked") for thing, one in scene.by_photo["3"].items()}
    )
    assert photo_state(checked, "3") == "checked"

    def with_size(size, K=None, **change):
        camera = PhotoCamera(checked.by_key["3"].camera.K if K is None else K, size)
        photos = tuple(replace(one, camera=camera) if one.key == "3" else one for one in checked.photos)
        changed = {("3", BOX): replace(checked.poses["3", BOX], **change)}
        return photo_state(replace(checked.with_poses(changed), photos=photos), "3")

    assert with_size((640, 480), state="drifted") == "problem"
    assert with_size((640, 480), residual=10.1) == with_size((480, 640), residual=10.1) == "problem"
    assert with_size((640, 480), residual=9.9) == with_size((4000, 3000), residual=62.0) == "checked"
    assert with_size((4000, 3000), residual=63.0) == with_size((64, 48), residual=1.1) == "problem"
    middle = np.array([[900.0, 0, 1999.5], [0, 900, 1499.5], [0, 0, 1]])
    assert with_size(None, middle, residual=62.0) == "checked"  # the camera was found by hand


def test_the_box_is_around_the_thing_and_within_the_photo(session):
    shapes = {**session.scene.scene.shapes}
    shapes[1] = replace(shapes[1], bounds=((-20.0, -15.0, -10.0), (20.0, 15.0, 10.0)))
    opened = session.scene.with_scene(replace(session.scene.scene, shapes=shapes))
    x0, y0, x1, y1 = box_at(opened)
    assert 0 <= x0 < 32 < x1 <= 64 and 0 <= y0 < 25 < y1 <= 48
    assert box_at(session.scene) is None  # nobody said how large the shape is


def test_a_photo_without_camera_takes_the_one_that_its_pose_was_found_with(session):
    scene = session.scene.scene
    bare = replace(scene, photos=tuple(replace(photo, camera=None) for photo in scene.photos), poses={})
    session.undo_stack.push(SetScene(session, "Other", session.scene.with_scene(bare)))
    assert PAIR not in session.aligned and aligned_at(session.scene) is None
    lens = Lens("opencv", (0.1, 0.0, 0.0, 0.0))
    found = Aligned(
        *PAIR, (500.0, 500.0, 32.0, 24.0), (PoseInPhoto.of(Pose(np.eye(3), np.array([0, 0, 9.0]))),), lens=lens
    )
    session.undo_stack.push(SetAligned(session, "Align", {PAIR: found}))
    camera = session.scene.scene.by_key["3"].camera
    assert camera.K[0, 0] == 500 and camera.lens == lens and session.scene.scene.by_key["13"].camera is None
    go(session, "13")
    go(session, "3")
    assert session.aligned[PAIR].K == found.K and session.aligned[PAIR].lens == lens


def test_a_project_keeps_the_scene_and_what_differs_from_its_files(session, tmp_path, qapp):
    move(session)
    go(session, "13", BALL)
    session.undo_stack.push(SetAligned(session, "Clear", {PAIR: None}))
    added = {9: SceneShape(9, tmp_path / "models" / "obj_000002.ply", "mine", 2.0, {}, ((0.0,) * 3, (1.0,) * 3))}
    shapes = {**session.scene.scene.shapes, **added}
    session.undo_stack.push(
        SetScene(session, "Add", session.scene.with_scene(replace(session.scene.scene, shapes=shapes)))
    )
    camera = PhotoCamera(np.diag([90.0, 90.0, 1.0]), made.SIZE)
    photos = tuple(replace(one, camera=camera) if one.key == "23" else one for one in session.scene.scene.photos)
    session.undo_stack.push(
        SetScene(session, "K", session.scene.with_scene(replace(session.scene.scene, photos=photos)))
    )
    kept = document_of(session).scene
    assert len(json.loads(kept.poses)) == len(kept.removed) == len(kept.shapes) == len(kept.cameras) == 1
    document, missing = unpack(pack(document_of(session), tmp_path), tmp_path)
    assert missing == [] and document == document_of(session)
    again = Session()
    apply(document, again)
    assert (
        again.scene is None and document_of(again) == document
    )  # it is lost neither while it is read nor where it is gone
    scene = open_scene(again.kept_scene.root)
    again.set_on_disk(scene)
    again.set_scene(opened_again(again.kept_scene, scene))
    assert state(again) == state(session) and again.scene.things == session.scene.things
    assert again.scene.scene.by_key["23"].camera.K[0, 0] == 90 and document_of(again) == document


@pytest.mark.parametrize(
    "poses", [b"[", b"{}[]", b'[{"image": 1}]', b'[{"image": "3", "obj_id": 1, "instance": 0}]', b"[3]"]
)
def test_a_damaged_project_is_said(session, poses):
    kept = replace(document_of(session).scene, poses=poses)
    with pytest.raises(CounterpointError, match="damaged"):
        opened_again(kept, session.scene.scene)


def test_a_scene_is_found_beside_a_project_that_moved_with_it(session, tmp_path, tmp_path_factory):
    packed = pack(document_of(session), tmp_path)
    elsewhere = tmp_path_factory.mktemp("moved") / "all"
    tmp_path.rename(elsewhere)
    document, _ = unpack(packed, elsewhere)
    assert document.scene.root == elsewhere / "test" / "000007"
