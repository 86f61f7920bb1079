"""Scenes of every layout are opened, without a pixel, and what is broken or not understood is said by name."""

import json
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from core.errors import CounterpointError
from core.geometry.lens import Lens
from core.geometry.pose import Pose
from core.interchange.poses import bop, colmap, nerfstudio
from core.interchange.poses.view import View
from core.notices import collect_warnings
from core.registration.things import InstanceKey
from core.scenes.check import check_scenes
from core.scenes.opening import list_scenes, open_scene
from core.scenes.pixels import photo_pixels
from core.scenes.saving import save_scene
from tests.conftest import SHARED
from tests.core.scenes import made

LENS = Lens("opencv", (0.1, -0.05, 0.001, 0.002))


def changed(file, change):
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def test_a_bop_scene_is_read_whole(tmp_path):
    folder = made.bop(tmp_path)
    for place in (tmp_path, tmp_path / "test", folder, folder / "scene_gt.json"):
        scene = open_scene(place)
        assert (scene.layout, scene.root, len(scene.photos)) == ("bop", folder, 3)
    photo = scene.photos[1]
    assert (photo.key, photo.path.name, photo.info["elev"]) == ("13", "000013.png", 12)
    assert np.array_equal(photo.camera.K, made.K)
    assert (photo.camera.size, photo.camera.depth_scale) == (made.SIZE, 0.5)
    assert photo.cam_from_world.t.tolist() == [1, 2, 3]
    assert scene.unit.metres == 0.001 and scene.shapes[2].info["diameter"] == 50 and scene.info["scene_id"] == 7
    assert set(scene.by_photo["13"]) == {InstanceKey(1, 0), InstanceKey(1, 1), InstanceKey(2, 0)}
    second = scene.by_photo["13"][InstanceKey(1, 1)]
    assert np.allclose(second.pose.t, made.poses(1)[2][1].t) and second.info["scene_gt"] == {"who": "w2"}


def test_opening_reads_no_pixel(tmp_path):
    folder = made.bop(tmp_path)
    for file in (folder / "rgb").iterdir():  # the head of the file alone is left
        file.write_bytes(file.read_bytes()[:60])
    shutil.rmtree(tmp_path / "models")
    with collect_warnings() as said:
        scene = open_scene(folder)
    assert len(scene.photos) == 3 and scene.photos[0].camera.size == made.SIZE
    assert said == [f"{tmp_path} has no models of the objects 1, 2 that 000007 has poses of."]


def test_several_scenes_are_listed(tmp_path):
    folder = made.bop(tmp_path)
    shutil.copytree(folder, tmp_path / "train_pbr" / "000001")
    with pytest.raises(CounterpointError, match=r"2 scenes \(test/000007, train_pbr/000001\)"):
        open_scene(tmp_path)
    assert list_scenes(tmp_path) == [folder, tmp_path / "train_pbr" / "000001"]
    assert list_scenes(folder) == [folder]


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("scene_gt.json", lambda c: c["3"][0].update(cam_R_m2c=[1, 0, 0, 0, 1, 0, 0, 0, -1]), "scene_gt.json is none"),
        ("scene_gt.json", lambda c: c["3"][0].update(cam_R_m2c=[1, 0, 0, 0, 1, 0, 0, 0, float("nan")]), "is none"),
        ("scene_gt.json", lambda c: c["3"][0].pop("obj_id"), "scene_gt.json holds no poses"),
        ("scene_gt.json", lambda c: c.update({"3": {}}), "not as BOP writes it"),
        ("scene_camera.json", lambda c: c["3"].pop("cam_K"), "without cam_K"),
        ("scene_camera.json", lambda c: c["3"].update(cam_K=[1, 2, 3]), "cam_K has 3 numbers"),
        ("scene_camera.json", lambda c: c["3"].update(cam_R_w2c=[2] * 9), "scene_camera.json is none"),
    ],
)
def test_what_is_broken_is_refused(tmp_path, file, change, words):
    folder = made.bop(tmp_path)
    changed(folder / file, change)
    with pytest.raises(CounterpointError, match=words):
        open_scene(folder)


def test_what_is_missing_is_said(tmp_path):
    folder = made.bop(tmp_path)
    (folder / "rgb" / "000003.png").unlink()
    Image.new("RGB", made.SIZE).save(folder / "rgb" / "000099.png")
    (folder / "rgb" / "000023.png").write_bytes(b"no picture")
    (folder / "scene_gt_info.json").write_text(json.dumps({"13": [{}]}))
    with collect_warnings() as said:
        scene = open_scene(folder)
    assert [photo.key for photo in scene.photos] == ["13", "99"] and scene.photos[1].camera is None
    assert {key for key, _ in scene.poses} == {"13"} and scene.by_photo["13"][InstanceKey(1)].info["scene_gt"]
    text = " ".join(said)
    for words in ("1 photos in its lists without a picture", "without a camera in scene_camera.json: 000099.png",
                  "no photos, which are left out: 000023.png", "poses in 2 photos that are not there: 3, 23",
                  "1 entries for the photo 13"):  # fmt: skip
        assert words in text


def test_several_sensors_are_refused_by_name(tmp_path):
    folder = made.bop(tmp_path)
    (folder / "scene_camera.json").rename(folder / "scene_camera_gray1.json")
    (folder / "scene_gt.json").unlink()
    with pytest.raises(CounterpointError, match=r"several sensors \(scene_camera_gray1.json\)"):
        open_scene(folder)


def views(folder, lens=None):
    (folder / "images").mkdir(parents=True)
    found = []
    for number in range(3):
        Image.new("RGB", made.SIZE).save(folder / "images" / f"{number}.png")
        pose = Pose(Rotation.from_rotvec([0.1, number, 0]).as_matrix(), np.array([number, 1.0, 2]))
        found.append(View(f"images/{number}.png", made.SIZE, made.K, pose, lens))
    return found


@pytest.mark.parametrize("where", ["", "sparse/0"])
def test_a_colmap_capture(tmp_path, where):
    given = views(tmp_path, LENS)
    (tmp_path / where).mkdir(parents=True, exist_ok=True)
    colmap.save(tmp_path / where, [View(v.image[7:], v.size, v.K, v.pose, v.lens) for v in given])
    (tmp_path / "images" / "2.png").unlink()
    with collect_warnings() as said:
        scene = open_scene(tmp_path / where)
        assert open_scene(tmp_path).layout == "colmap"
    assert "1 images whose photos are not there" in said[0] and not scene.unit.known
    assert [photo.key for photo in scene.photos] == ["0.png", "1.png"]
    assert np.allclose(scene.photos[1].cam_from_world.R, given[1].pose.R) and scene.photos[1].camera.lens == LENS


def test_photos_of_another_size_than_their_cameras(tmp_path):
    given = views(tmp_path)
    colmap.save(tmp_path, [View(v.image[7:], v.size, v.K, v.pose, v.lens) for v in given])
    Image.new("RGB", (32, 24)).save(tmp_path / "images" / "1.png")
    Image.new("RGB", (48, 64)).save(tmp_path / "images" / "2.png")
    with collect_warnings() as said:
        whole, half, turned = (photo.camera for photo in open_scene(tmp_path).photos)
    assert whole.size == made.SIZE and half.size == (32, 24) and half.K[0, 0] == 35 and half.K[0, 2] == 15
    assert (
        turned is None and "1 photos in another size" in said[0] and "1 cameras that are not of their photos" in said[1]
    )


def test_a_nerfstudio_capture(tmp_path):
    given = views(tmp_path, LENS)
    nerfstudio.save(tmp_path / "transforms.json", given)

    def more(content):
        content["ply_file_path"] = "cloud.ply"
        content["frames"][1] |= {"colmap_im_id": 4, "depth_file_path": "images/1.png"}

    changed(tmp_path / "transforms.json", more)
    scene = open_scene(tmp_path)
    assert scene.layout == "nerfstudio" and scene.info["ply_file_path"] == "cloud.ply"
    photo = scene.photos[1]
    assert photo.info["colmap_im_id"] == 4 and photo.camera.lens == LENS and photo.camera.depth_scale == 1
    assert photo.depth == tmp_path / "images" / "1.png"
    assert np.allclose(photo.cam_from_world.t, given[1].pose.t)
    changed(tmp_path / "transforms.json", lambda c: c["frames"].append(c["frames"][0]))
    with pytest.raises(CounterpointError, match="two frames of the photo"):
        open_scene(tmp_path)


def test_a_folder_with_a_camera_and_shapes(tmp_path):
    Image.new("RGB", made.SIZE).save(tmp_path / "b.jpg")
    turned = Image.Exif()
    turned[274] = 6
    Image.new("RGB", (48, 64)).save(tmp_path / "a.jpg", exif=turned)
    made.models(tmp_path / "models")
    scene = open_scene(tmp_path)
    assert [photo.key for photo in scene.photos] == ["a.jpg", "b.jpg"] and scene.photos[0].camera is None
    assert list(scene.shapes) == [1, 2] and not scene.unit.known
    (tmp_path / "camera.json").write_text(json.dumps({"fx": 70, "fy": 71, "cx": 30.5, "cy": 24.25, "k1": 0.1}))
    camera = open_scene(tmp_path).photos[0].camera
    assert camera.size == (64, 48) and np.array_equal(camera.K, made.K) and camera.lens.coefficients[0] == 0.1


def test_a_video(tmp_path):
    file = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*"MJPG"), 12, made.SIZE)
    for number in range(5):
        writer.write(np.full((*made.SIZE[::-1], 3), 40 * number, np.uint8))
    writer.release()
    scene = open_scene(file)
    assert [(photo.key, photo.frame) for photo in scene.photos][-1] == ("000004", 4)
    assert scene.info == {"fps": 12.0, "size": list(made.SIZE)} and not scene.unit.known
    assert abs(int(photo_pixels(scene.photos[3])[20, 20, 0]) - 120) < 6
    file.write_bytes(b"no film")
    with pytest.raises(CounterpointError, match=r"film.avi is no video"):
        open_scene(file)


def test_what_is_no_scene_is_refused(tmp_path):
    with pytest.raises(CounterpointError, match="does not exist"):
        open_scene(tmp_path / "nowhere")
    with pytest.raises(CounterpointError, match="no scene that is understood"):
        open_scene(tmp_path)


def test_linemod_occlusion():
    if not (SHARED / "data" / "lmo").exists():
        pytest.skip("LM-O is not there")
    with collect_warnings() as said:
        scene = open_scene(SHARED / "data" / "lmo")
    assert (len(scene.photos), len(scene.shapes), len(scene.poses)) == (24, 8, 188)
    assert "43 rotations in scene_gt.json are off by up to 0.0094" in said[0]


def test_numbers_with_and_without_zeros_are_one(tmp_path):
    """Tables of tools beside BOP's own say "000003" in one and "3" in another."""
    folder = made.bop(tmp_path / "data")
    plain = open_scene(folder)
    for name, width in (("scene_gt.json", 6), ("scene_camera.json", 1)):
        content = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({f"{int(key):0{width}d}": one for key, one in content.items()}))
    with collect_warnings() as said:
        scene = open_scene(folder)
    assert scene.poses.keys() == plain.poses.keys() and not said
    assert all(photo.camera is not None for photo in scene.photos)
    entry = next(one for one in bop.load(folder) if one.image == "000003")
    assert entry.camera is not None
    assert not [one for one in check_scenes(folder) if "scene_camera" in one.file]
    save_scene(scene)
    assert list(json.loads((folder / "scene_gt.json").read_text())) == ["000003", "000013", "000023"]
    assert list(json.loads((folder / "scene_camera.json").read_text())) == ["3", "13", "23"]
    content = json.loads((folder / "scene_gt.json").read_text())
    (folder / "scene_gt.json").write_text(json.dumps(content | {"3": []}))
    with pytest.raises(CounterpointError, match="twice"):
        open_scene(folder)
