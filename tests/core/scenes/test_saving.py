"""Scenes are written and read again, and nothing that a format can hold is lost."""

import json
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools.coco import COCO
from scipy.spatial.transform import Rotation

from core.errors import CounterpointError
from core.geometry.camera import Camera, PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import Pose, camera_matrix
from core.geometry.raycasting import Raycaster
from core.geometry.shape import load_shape
from core.interchange.poses.scan2cad import from_trs, to_trs
from core.notices import collect_warnings
from core.registration.things import InstanceKey
from core.scenes.casting import silhouettes
from core.scenes.inspect import read_poses, with_symmetries
from core.scenes.opening import open_scene
from core.scenes.saving import save_scene
from core.scenes.scene import ObjectPose, SceneShape
from tests.core.scenes import made

numbers = st.floats(-1, 1, allow_nan=False)
rotations = st.tuples(numbers, numbers, numbers).map(lambda v: Rotation.from_rotvec(np.array(v) * 1.7).as_matrix())
metres = st.tuples(numbers, numbers, st.floats(0.5, 2)).map(lambda v: np.array([v[0] / 5, v[1] / 5, v[2]]))
poses = st.builds(Pose, rotations, metres)
lenses = st.one_of(
    st.none(),
    st.tuples(numbers, numbers, numbers, numbers).map(
        lambda k: Lens("opencv", (k[0] / 5 + 0.21, k[1] / 20, k[2] / 100, k[3] / 100))
    ),
)
cameras = st.builds(
    lambda f, c, lens: PhotoCamera(camera_matrix(60 + 5 * f, 63 + f, 31 + c, 23 + c), made.SIZE, lens, None),
    numbers, numbers, lenses,
)  # fmt: skip
posed = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), poses), max_size=3)
quick = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@contextmanager
def scene_of(cams, places, things=(), metres=1.0):
    """A scene of two photos in a folder of its own, and where to write."""
    with tempfile.TemporaryDirectory() as folder, collect_warnings():
        seen: dict = {}
        numbered = []
        for photo, which, pose in things:
            seen[photo, which] = seen.get((photo, which), -1) + 1
            numbered.append((photo, which + 1, seen[photo, which], pose))
        yield made.scene(Path(folder) / "in", cams, places, numbered, metres), Path(folder) / "out"


def same_cameras(ours, theirs, order=None):
    for photo, other in zip(ours.photos, theirs.photos, strict=True):
        assert np.allclose(photo.camera.K, other.camera.K, atol=1e-9) and photo.camera.size == other.camera.size
        assert photo.camera.lens == other.camera.lens
        if photo.cam_from_world is None:
            assert other.cam_from_world is None
        else:
            factor = ours.unit.metres / theirs.unit.metres
            assert np.allclose(photo.cam_from_world.R, other.cam_from_world.R, atol=1e-6)
            assert np.allclose(photo.cam_from_world.t * factor, other.cam_from_world.t, atol=1e-6)


@quick
@given(st.lists(cameras, min_size=2, max_size=2), st.lists(st.none() | poses, min_size=2, max_size=2), posed,
       st.sampled_from([1.0, 0.01]))  # fmt: skip
def test_bop_holds_everything(cams, places, things, metres):
    with scene_of(cams, places, things, metres) as (scene, out):
        save_scene(scene, out, "bop")
        found = open_scene(out)
        same_cameras(scene, found)
        assert len(found.poses) == len(scene.poses)
        for (key, thing), one in scene.poses.items():
            number = str([photo.key for photo in scene.photos].index(key))
            other = found.poses[number, thing]
            assert np.allclose(one.pose.R, other.pose.R, atol=1e-6)
            assert np.allclose(one.pose.t * metres * 1000, other.pose.t, atol=1e-6)
        for number, shape in scene.shapes.items():  # the models are in millimetres whatever they were
            ours = load_shape(shape.path).vertices / shape.scale * metres * 1000
            assert np.allclose(load_shape(found.shapes[number].path).vertices, ours, atol=1e-3)


@quick
@given(st.lists(cameras, min_size=2, max_size=2), st.lists(poses, min_size=2, max_size=2))
def test_nerfstudio_and_colmap_hold_the_cameras(cams, places):
    with scene_of(cams, places) as (scene, out):
        for name in ("nerfstudio", "colmap"):
            save_scene(scene, out / name, name)
            found = open_scene(out / name)
            assert found.layout == name
            same_cameras(scene, found)


def test_shapes_in_metres_become_models_in_millimetres(tmp_path):
    scene = made.scene(tmp_path / "in", [PhotoCamera(made.K, made.SIZE)], [None])
    vertices = np.array([[0, 0, 0], [0.1, 0, 0], [0, 0.2, 0], [0, 0, 0.3]])
    for name in ("a.ply", "b.obj"):
        trimesh.Trimesh(vertices, [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]], process=False).export(tmp_path / name)
    shapes = {4: SceneShape(4, tmp_path / "a.ply", "a"), 5: SceneShape(5, tmp_path / "b.obj", "b")}
    save_scene(replace(scene, shapes=shapes), tmp_path / "out", "bop")
    found = open_scene(tmp_path / "out")
    for shape in found.shapes.values():
        assert np.allclose(load_shape(shape.path).vertices, vertices * 1000, atol=1e-3)
        assert shape.info["diameter"] == pytest.approx(np.hypot(200, 300)) and shape.info["size_y"] == pytest.approx(
            200
        )


def test_bop_in_place_changes_what_changed_alone(tmp_path):
    folder = made.bop(tmp_path)
    gt = json.loads((folder / "scene_gt.json").read_text())
    gt["3"][0]["cam_R_m2c"] = [
        round(value, 4) for value in gt["3"][0]["cam_R_m2c"]
    ]  # fewer digits than a rotation needs
    gt["77"] = [{"cam_R_m2c": [1, 0, 0, 0, 1, 0, 0, 0, 1], "cam_t_m2c": [0, 0, 9], "obj_id": 2}]  # of a photo elsewhere
    (folder / "scene_gt.json").write_text(json.dumps(gt))
    models = (tmp_path / "models" / "models_info.json").read_bytes()
    with collect_warnings():
        save_scene(open_scene(folder))
        assert json.loads((folder / "scene_gt.json").read_text()) == gt
        info = json.loads((folder / "scene_gt_info.json").read_text())
        info["3"][1]["by"], info["13"][0]["visib_fract"] = "hand", 0.123  # another program's
        (folder / "scene_gt_info.json").write_text(json.dumps(info))
        Image.new("L", made.SIZE, 7).save(folder / "mask" / "000013_000001.png")
        scene = open_scene(folder)
        moved = Pose(np.eye(3), np.array([1.0, 2, 230]))
        new = {("3", InstanceKey(1, 1)): ObjectPose(moved, "made"), ("3", InstanceKey(2, 1)): ObjectPose(moved)}
        save_scene(scene.with_poses(new))
    after, told = (json.loads((folder / f"{name}.json").read_text()) for name in ("scene_gt", "scene_gt_info"))
    assert after["3"][:2] == gt["3"][:2] and after["13"] == gt["13"] and after["77"] == gt["77"]
    assert after["3"][2] == {
        "cam_R_m2c": np.eye(3).ravel().tolist(),
        "cam_t_m2c": [1, 2, 230],
        "obj_id": 1,
        "who": "w2",
    }
    assert [entry["obj_id"] for entry in after["3"]] == [1, 2, 1, 2]
    assert told["3"][1]["by"] == "hand" and told["13"][0]["visib_fract"] == 0.123 and len(told["3"]) == 4
    assert np.asarray(Image.open(folder / "mask" / "000013_000001.png")).max() == 7
    assert (folder / "mask_visib" / "000003_000003.png").is_file()
    assert (tmp_path / "models" / "models_info.json").read_bytes() == models
    cameras = json.loads((folder / "scene_camera.json").read_text())
    assert cameras["3"]["elev"] == 12 and cameras["3"]["depth_scale"] == 0.5


words = st.text("abcxyz_", min_size=1, max_size=6).map("own_".__add__)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3), lambda v: st.lists(v, max_size=2)
)
fields = st.dictionaries(words, values, max_size=3)


@quick
@given(st.lists(fields, min_size=4, max_size=4), st.booleans())
def test_fields_that_bop_does_not_know_stay(own, in_place):
    with tempfile.TemporaryDirectory() as root:
        folder = made.bop(Path(root) / "a", 1)
        names = ("scene_camera", "scene_gt", "scene_gt_info")
        save_scene(open_scene(folder))
        before = {name: json.loads((folder / f"{name}.json").read_text()) for name in names}
        places = (before["scene_camera"]["3"], before["scene_gt"]["3"][0], before["scene_gt"]["3"][2])
        for place, more in zip((*places, before["scene_gt_info"]["3"][1]), own, strict=True):
            place.update(more)
        for name, content in before.items():
            (folder / f"{name}.json").write_text(json.dumps(content))
        scene = open_scene(folder)
        moved = {
            ("3", InstanceKey(1, 0)): replace(
                scene.poses["3", InstanceKey(1, 0)], pose=Pose(np.eye(3), np.array([9, 0, 230.0]))
            )
        }
        save_scene(scene.with_poses(moved), None if in_place else Path(root) / "b", "bop")
        target = folder if in_place else Path(root) / "b" / "test" / "000007"
        after = {name: json.loads((target / f"{name}.json").read_text()) for name in names}
        assert after["scene_gt"]["3"][0]["cam_t_m2c"] == [9, 0, 230]
        for name in names:
            ours, theirs = (one[name]["3"] for one in (before, after))
            pairs = zip(ours, theirs, strict=True) if isinstance(ours, list) else [(ours, theirs)]
            for one, other in pairs:
                assert set(one) == set(other)
                assert all(other[key] == value for key, value in one.items() if key.startswith("own_"))


def test_a_pose_that_is_taken_away_is_gone_with_its_masks(tmp_path):
    folder = made.bop(tmp_path)
    save_scene(open_scene(folder))
    scene = open_scene(folder)
    save_scene(replace(scene, poses={k: one for k, one in scene.poses.items() if k != ("13", InstanceKey(1, 0))}))
    after = json.loads((folder / "scene_gt.json").read_text())
    assert [entry["who"] for entry in after["13"]] == ["w1", "w2"] and len(after["3"]) == 3
    assert sorted(file.name for file in (folder / "mask").glob("000013_*")) == [
        "000013_000000.png",
        "000013_000001.png",
    ]


def test_bop_elsewhere_keeps_numbers_fields_and_models(tmp_path):
    folder = made.bop(tmp_path / "a")
    (folder / "depth").mkdir()
    Image.fromarray(np.full(made.SIZE[::-1], 900, np.uint16)).save(folder / "depth" / "000003.png")
    save_scene(open_scene(folder), tmp_path / "b", "bop")
    found = open_scene(tmp_path / "b")
    assert found.root == tmp_path / "b" / "test" / "000007"
    ours, theirs = (json.loads((place / "scene_gt.json").read_text()) for place in (folder, found.root))
    assert [[one["who"] for one in ours[key]] for key in ours] == [[one["who"] for one in theirs[key]] for key in ours]
    assert (
        found.photos[0].depth.is_file() and found.photos[0].camera.depth_scale == 0.5 and found.photos[1].depth is None
    )
    assert found.photos[1].path.read_bytes() == (folder / "rgb" / "000013.png").read_bytes()
    for name in ("obj_000001.ply", "models_info.json"):
        one, other = (place / "models" / name for place in (tmp_path / "a", tmp_path / "b"))
        assert json.loads(one.read_text()) == json.loads(other.read_text()) if name.endswith("json") else (
            one.read_bytes() == other.read_bytes())  # fmt: skip
    info = json.loads((found.root / "scene_gt_info.json").read_text())["3"][1]
    behind = [int(value) for value in (info["px_count_valid"], info["px_count_visib"])]
    assert behind == [info["px_count_all"], info["px_count_visib"]] and info["visib_fract"] < 1


def by_hand(scene, photo):
    """Masks by casting every pixel of the photo at each thing, as ``core.benchmarks.bop`` does."""
    things, depths = [], []
    for thing, one in scene.by_photo[photo.key].items():
        shape = load_shape(scene.shapes[thing.object_id].path)
        camera = Camera(
            photo.camera.K, one.pose.R, (one.pose.t + one.pose.R @ shape.center) / shape.diagonal, *made.SIZE
        )
        pixels = camera.pixel_grid()
        if photo.camera.lens is not None:
            pixels = photo.camera.lens.undistort_pixels(pixels, photo.camera.K)
        things.append(thing)
        depths.append(Raycaster(shape).cast(*camera.rays(np.nan_to_num(pixels, nan=-1e4))).distance * shape.diagonal)
    nearest = np.min(depths, axis=0)
    return {t: (np.isfinite(d), np.isfinite(d) & (d <= nearest)) for t, d in zip(things, depths, strict=True)}


@pytest.mark.parametrize(
    "lens", [None, Lens("opencv", (0.35, 0.1, 0.02, -0.01)), Lens("opencv", (-0.3, 0.05, 0.0, 0.0))]
)
def test_masks_and_boxes_are_in_the_pixels_of_the_photo(tmp_path, lens):
    scene = open_scene(made.bop(tmp_path))
    photos = tuple(replace(photo, camera=replace(photo.camera, lens=lens)) for photo in scene.photos)
    scene = replace(scene, photos=photos)
    for photo in photos[:2]:
        truth = by_hand(scene, photo)
        for shown in silhouettes(scene, photo):
            whole, seen = truth[shown.thing]
            assert (shown.mask() != whole).sum() <= 2 and (shown.mask(visible=True) != seen).sum() <= 2
    hidden = {shown.thing: shown for shown in silhouettes(scene, photos[0])}
    ball, box = hidden[InstanceKey(2)], hidden[InstanceKey(1)]
    assert 0 < ball.seen.sum() < ball.whole.sum() and box.seen.sum() == box.mask().sum()
    assert hidden[InstanceKey(1, 1)].whole.sum() > hidden[InstanceKey(1, 1)].mask().sum()  # beyond the border
    with collect_warnings() as said:
        save_scene(scene, tmp_path / "out", "bop")
    assert any("BOP has no lens" in one for one in said) == (lens is not None)
    info = json.loads((tmp_path / "out" / "test" / "000007" / "scene_gt_info.json").read_text())["3"]
    rows, columns = np.nonzero(by_hand(scene, photos[0])[InstanceKey(2)][1])
    box = [columns.min(), rows.min(), np.ptp(columns), np.ptp(rows)]
    assert np.abs(np.array(info[1]["bbox_visib"]) - box).max() <= 1
    assert (
        info[2]["bbox_obj"][0] < 0 <= info[2]["bbox_visib"][0] and info[2]["px_count_visib"] < info[2]["px_count_all"]
    )


def test_measured_depth_hides(tmp_path):
    folder = made.bop(tmp_path)
    (folder / "depth").mkdir()
    depth = np.zeros(made.SIZE[::-1], np.uint16)
    depth[:, :33] = 300  # 150 mm: something that nobody annotated
    Image.fromarray(depth).save(folder / "depth" / "000003.png")
    scene = open_scene(folder)
    ball = {shown.thing: shown for shown in silhouettes(scene, scene.photos[0])}[InstanceKey(2)]
    assert not ball.mask(visible=True)[:, :33].any() and ball.mask(visible=True)[:, 33:].any()
    assert ball.measured == ball.mask()[:, :33].sum()


def test_coco_as_pycocotools_reads_it(tmp_path, capsys):
    scene = open_scene(made.bop(tmp_path))
    points = {"corner": [-20.0, -15, -10], "middle": [0, 0, 0.0]}
    shapes = {**scene.shapes, 1: replace(scene.shapes[1], info={**scene.shapes[1].info, "keypoints": points})}
    scene = replace(scene, shapes=shapes)
    (file,) = save_scene(scene, tmp_path / "out", "coco")
    coco = COCO(str(file))
    assert [one["name"] for one in coco.loadCats(coco.getCatIds())] == ["obj_000001", "obj_000002"]
    image = coco.loadImgs(1)[0]
    assert (file.parent / image["file_name"]).resolve() == scene.photos[0].path and image["width"] == 64
    truth = by_hand(scene, scene.photos[0])
    for one in coco.loadAnns(coco.getAnnIds(imgIds=[1])):
        mask = coco.annToMask(one) > 0
        assert min((mask != seen).sum() for _, seen in truth.values()) <= 2 and mask.sum() == one["area"]
        rows, columns = np.nonzero(mask)
        assert one["bbox"] == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
    first = coco.loadAnns(1)[0]
    pose = scene.by_photo["3"][InstanceKey(1)].pose
    u, v = scene.photos[0].camera.project(pose(np.array(points["corner"])))[0]
    assert first["keypoints"][:2] == pytest.approx([u, v]) and first["num_keypoints"] == 2
    assert first["keypoints"][5] == 1  # the middle is within the box, hidden


def test_yolo_lines_are_the_masks(tmp_path):
    scene = open_scene(made.bop(tmp_path))
    boxes, outlines = tmp_path / "boxes", tmp_path / "outlines"
    save_scene(scene, boxes, "yolo")
    save_scene(scene, outlines, "yolo-seg")
    assert yaml.safe_load((boxes / "data.yaml").read_text())["names"] == {0: "obj_000001", 1: "obj_000002"}
    assert (boxes / "images" / "000003.png").read_bytes() == scene.photos[0].path.read_bytes()
    shown = silhouettes(scene, scene.photos[0])
    lines = [(place / "labels" / "000003.txt").read_text().splitlines() for place in (boxes, outlines)]
    for one, box, outline in zip(shown, *lines, strict=True):
        number, *values = map(float, box.split())
        x, y, width, height = one.box(visible=True)
        assert number == one.thing.object_id - 1
        assert np.multiply(values, [64, 48, 64, 48]).tolist() == pytest.approx(
            [x + width / 2, y + height / 2, width, height]
        )
        corners = np.array(outline.split()[1:], float).reshape(-1, 2) * made.SIZE
        assert np.allclose(corners % 1, 0.5, atol=1e-6)  # the middles of pixels
        drawn = cv2.fillPoly(np.zeros(made.SIZE[::-1], np.uint8), [corners.astype(np.int32)], 1) > 0
        mask = one.mask(visible=True)
        assert drawn[mask].all() and (drawn.sum() == mask.sum() or one.thing.object_id == 2)  # the ball is in pieces


def test_scan2cad_has_the_things_in_the_world(tmp_path):
    scene = open_scene(made.bop(tmp_path))
    place, world = scene.photos[1].cam_from_world, Pose(np.eye(3), np.array([0.1, 0.2, 250]), np.array([1.0, 2, 3]))
    seen = Pose(place.R @ world.R, place.R @ world.t + place.t, world.s)
    scene = replace(scene, poses={("13", InstanceKey(1)): ObjectPose(seen), ("13", InstanceKey(2)): ObjectPose(seen)})
    around_y = {"diameter": 1, "symmetries_continuous": [{"axis": [0, 1, 0], "offset": [0, 0, 0]}]}
    scene = replace(scene, shapes={**scene.shapes, 2: replace(scene.shapes[2], info=around_y)})
    (file,) = save_scene(scene, tmp_path / "out", "scan2cad")
    one, two = json.loads(file.read_text())[0]["aligned_models"]
    assert one["trs"]["translation"] == pytest.approx([0.0001, 0.0002, 0.25])
    assert one["trs"]["scale"] == pytest.approx([0.001, 0.002, 0.003]) and one["trs"]["rotation"] == pytest.approx(
        [1, 0, 0, 0]
    )
    assert (one["sym"], two["sym"]) == ("__SYM_NONE", "__SYM_ROTATE_UP_INF")
    assert one["bbox"] == pytest.approx([20, 15, 10])
    bare = replace(scene, shapes={n: replace(shape, info={"diameter": 1}) for n, shape in scene.shapes.items()})
    told = with_symmetries(bare, file)
    assert "symmetries_continuous" in told.shapes[2].info and told.shapes[1].info == {"diameter": 1}
    turned = json.loads(file.read_text())
    scan = Pose(Rotation.from_rotvec([0.1, 0.5, 0.2]).as_matrix(), np.array([3.0, 1, 2]), np.full(3, 2.0))
    turned[0]["trs"] = to_trs(scan)
    for model in turned[0]["aligned_models"]:
        own = from_trs(model["trs"])
        model["trs"] = to_trs(Pose(scan.R @ own.R, scan.R @ own.t * 2 + scan.t, own.s * 2))
    (tmp_path / "turned.json").write_text(json.dumps(turned))
    for annotations in (file, tmp_path / "turned.json"):
        found = read_poses(annotations, scene)
        assert set(found) == {"3", "13", "23"}
        again = found["13"][1][0]
        assert np.allclose(again.R, seen.R) and np.allclose(again.t, seen.t, atol=1e-6) and np.allclose(again.s, seen.s)


@quick
@given(st.lists(cameras, min_size=2, max_size=2), st.lists(poses, min_size=2, max_size=2), poses, poses,
       st.sampled_from([1.0, 0.01]))  # fmt: skip
def test_scan2cad_holds_the_world(cams, places, one, two, metres):
    seen = [Pose(places[0].R @ world.R, places[0].R @ world.t + places[0].t) for world in (one, two)]
    with scene_of(cams, places, [(0, which, pose) for which, pose in enumerate(seen)], metres) as (scene, out):
        (file,) = save_scene(scene, out, "scan2cad")
        found = read_poses(file, scene)
        for photo, place in zip(scene.photos, places, strict=True):
            for number, world in ((1, one), (2, two)):
                (pose,) = found[photo.key][number]
                assert np.allclose(pose.R, place.R @ world.R) and np.allclose(pose.t, place.R @ world.t + place.t)


def test_nerfstudio_in_place_keeps_fields_and_frames(tmp_path):
    with scene_of([PhotoCamera(made.K, made.SIZE)] * 2, [Pose(np.eye(3), np.zeros(3))] * 2) as (scene, out):
        (file,) = save_scene(scene, out, "nerfstudio")
        content = json.loads(file.read_text())
        content |= {"train_filenames": ["x"], "k1": 0.2, "fl_x": 33}
        content["frames"][0]["colmap_im_id"] = 5
        content["frames"].append({"file_path": "gone.png", "transform_matrix": np.eye(4).tolist(), "w": 9, "h": 9})
        for frame in content["frames"][:2]:
            frame["k1"] = 0.0
        file.write_text(json.dumps(content))
        found = open_scene(file)
        save_scene(found)
        after = json.loads(file.read_text())
        assert after["train_filenames"] == ["x"] and after["frames"][0]["colmap_im_id"] == 5
        assert after["frames"][2]["fl_x"] == 33 and after["frames"][2]["k1"] == 0.2 and "fl_x" not in after
        same_cameras(found, open_scene(file))


def test_what_a_format_cannot_say_is_refused(tmp_path):
    scene = open_scene(made.bop(tmp_path))
    bent = replace(
        scene, poses={("3", InstanceKey(1)): ObjectPose(Pose(np.eye(3), np.array([0, 0, 99.0]), np.full(3, 2.0)))}
    )
    bare = replace(scene, photos=tuple(replace(photo, cam_from_world=None, camera=None) for photo in scene.photos))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "images.txt").write_text("")
    for one, place, name, words in (
        (bent, "x", "bop", "BOP has no scale"),
        (bare, "x", "bop", "photo 3 has no camera"),
        (bare, "x", "nerfstudio", "No photo of"),
        (bare, "x", "scan2cad", "No thing of"),
        (scene, "c", "colmap", "whose points would be lost"),
        (scene, None, "coco", "say where"),
        (scene, "x", "kitti", "not as kitti"),
    ):
        with pytest.raises(CounterpointError, match=words):
            save_scene(one, None if place is None else tmp_path / place, name)
    (tmp_path / "d" / "test" / "000007" / "rgb").mkdir(parents=True)
    Image.new("RGB", made.SIZE).save(tmp_path / "d" / "test" / "000007" / "rgb" / "000003.png")
    with pytest.raises(CounterpointError, match="another picture"):
        save_scene(scene, tmp_path / "d", "bop")


def test_photos_that_do_not_lie_upright_and_videos_become_pictures(tmp_path):
    film = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter_fourcc(*"MJPG"), 12, made.SIZE)
    for number in range(3):
        writer.write(np.full((*made.SIZE[::-1], 3), 60 * number, np.uint8))
    writer.release()
    scene = open_scene(film)
    scene = replace(scene, photos=tuple(replace(one, camera=PhotoCamera(made.K, made.SIZE)) for one in scene.photos))
    save_scene(scene, tmp_path / "out", "bop")
    found = open_scene(tmp_path / "out")
    assert [photo.path.name for photo in found.photos] == ["000000.png", "000001.png", "000002.png"]
    assert abs(int(np.asarray(Image.open(found.photos[2].path))[9, 9, 0]) - 120) < 6
    turned = Image.Exif()
    turned[274] = 6
    (tmp_path / "side").mkdir()
    Image.new("RGB", (48, 64)).save(tmp_path / "side" / "a.jpg", exif=turned)
    lying = open_scene(tmp_path / "side")
    lying = replace(lying, photos=(replace(lying.photos[0], camera=PhotoCamera(made.K, made.SIZE)),))
    with collect_warnings() as said:
        save_scene(lying, tmp_path / "out2", "bop")
    assert said == [lying.unit.reason]
    (photo,) = open_scene(tmp_path / "out2").photos
    assert photo.path.suffix == ".png" and photo.camera.size == (64, 48)
