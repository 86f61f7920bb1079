"""What is written as BOP is as bop_toolkit reads it, and every way in which it may be wrong is found."""

import json

import numpy as np
import pytest
import trimesh
from PIL import Image

from core.notices import collect_warnings
from core.registration.things import InstanceKey
from core.scenes.casting import silhouettes
from core.scenes.check import check_scenes
from core.scenes.opening import open_scene
from core.scenes.saving import save_scene
from tests.conftest import SHARED
from tests.core.scenes import made


def loaded_as_bop_toolkit_does(root, split, scene_id):
    """Read everything of a scene by the rules of its ``inout.py`` and ``dataset_params.py``; yields what it found."""
    folder = root / split / f"{scene_id:06d}"

    def table(name):
        content = json.loads((folder / f"{name}.json").read_text())
        return {int(key): value for key, value in content.items()}

    cameras, truth, info = table("scene_camera"), table("scene_gt"), table("scene_gt_info")
    models = {int(key): one for key, one in json.loads((root / "models" / "models_info.json").read_text()).items()}
    camera = json.loads((root / "camera.json").read_text())
    assert {"width", "height", "fx", "fy", "cx", "cy"} <= set(camera)
    for im_id, gts in truth.items():
        K = np.array(cameras[im_id]["cam_K"], float).reshape(3, 3)
        assert cameras[im_id]["depth_scale"] > 0 and len(info[im_id]) == len(gts)
        image = np.asarray(Image.open(folder / "rgb" / f"{im_id:06d}.png"))
        for gt_id, (gt, about) in enumerate(zip(gts, info[im_id], strict=True)):
            R, t = np.array(gt["cam_R_m2c"], float).reshape(3, 3), np.array(gt["cam_t_m2c"], float).reshape(3, 1)
            masks = [
                np.asarray(Image.open(folder / kind / f"{im_id:06d}_{gt_id:06d}.png"))
                for kind in ("mask", "mask_visib")
            ]
            assert all(mask.shape == image.shape[:2] and set(np.unique(mask)) <= {0, 255} for mask in masks)
            assert models[gt["obj_id"]]["diameter"] > 0 and (root / "models" / f"obj_{gt['obj_id']:06d}.ply").is_file()
            yield im_id, gt_id, K, R, t, masks, about


def test_linemod_occlusion_is_written_as_bop_toolkit_reads_it(tmp_path):
    if not (SHARED / "data" / "lmo").exists():
        pytest.skip("LM-O is not there")
    with collect_warnings():
        scene = open_scene(SHARED / "data" / "lmo")
        few = type(scene)(scene.root, "bop", scene.photos[:3], scene.shapes,
                          {k: v for k, v in scene.poses.items() if k[0] in {p.key for p in scene.photos[:3]}},
                          scene.unit, scene.info)  # fmt: skip
        save_scene(few, tmp_path, "bop")
    assert check_scenes(tmp_path) == []
    cast = {photo.key: {one.thing: one for one in silhouettes(scene, photo)} for photo in few.photos}
    count = 0
    for im_id, gt_id, _K, R, t, masks, about in loaded_as_bop_toolkit_does(tmp_path, "test", 2):
        thing, posed = list(few.by_photo[str(im_id)].items())[gt_id]
        assert np.allclose(posed.pose.R, R) and np.allclose(posed.pose.t, t[:, 0]) and np.allclose(R @ R.T, np.eye(3))
        shown = cast[str(im_id)][thing]
        assert np.array_equal(masks[0] > 0, shown.mask()) and np.array_equal(masks[1] > 0, shown.mask(visible=True))
        assert about["px_count_visib"] == (masks[1] > 0).sum() and about["px_count_all"] >= (masks[0] > 0).sum()
        rows, columns = np.nonzero(masks[1])
        if len(rows):
            assert about["bbox_visib"] == [columns.min(), rows.min(), np.ptp(columns), np.ptp(rows)]
        count += 1
    assert count == len(few.poses) and (tmp_path / "test" / "000002" / "rgb" / "000003.png").is_file()


@pytest.fixture
def written(tmp_path):
    """A complete scene; its folder."""
    save_scene(open_scene(made.bop(tmp_path / "a")), tmp_path / "b", "bop")
    return tmp_path / "b" / "test" / "000007"


def table(name, change):
    def damage(folder):
        content = json.loads((folder / f"{name}.json").read_text())
        change(content)
        (folder / f"{name}.json").write_text(json.dumps(content))

    return damage


def moved(one, other):
    return lambda folder: (folder / one).rename(folder / other)


def entry(**values):
    return table("scene_gt", lambda content: content["3"][0].update(values))


def info(**values):
    return table("scene_gt_info", lambda content: content["3"][0].update(values))


def rescaled(factor):
    def damage(folder):
        file = folder / "../../models/obj_000001.ply"
        trimesh.load(file).apply_scale(factor).export(file)

    return damage


DAMAGES = [
    (rescaled(0.001), "obj_000001.ply: models_info.json says that its diameter is 53.85 mm, and the model's is 0.05381: the model seems to be in metres"),
    (rescaled(1.15), "its diameter is 53.85 mm, and the model's is 61.88."),
    (entry(cam_R_m2c=[1, 0, 0, 0, 1, 0, 0, 0, 1.2]), "scene_gt.json [3/0]: cam_R_m2c is no rotation"),
    (entry(cam_R_m2c=[[1, 0, 0], [0, 1, 0], [0, 0, 1]]), "scene_gt.json [3/0]: cam_R_m2c is not nine numbers"),
    (entry(cam_t_m2c=[0, 0, -5]), "scene_gt.json [3/0]: cam_t_m2c is behind the camera"),
    (entry(cam_t_m2c=[0, 0]), "cam_t_m2c is not three numbers"),
    (entry(obj_id="1"), "obj_id is no whole number"),
    (entry(obj_id=5), "there is no model obj_000005.ply"),
    (table("scene_gt", lambda c: c.update({"x": []})), "scene_gt.json [x]: the key is no number"),
    (table("scene_gt", lambda c: c["3"].pop()), "scene_gt_info.json [3]: it has 3 entries, and scene_gt.json 2"),
    (table("scene_gt", lambda c: c["3"].pop()), "000003_000002.png: scene_gt.json has no such pose"),
    (table("scene_camera", lambda c: c["3"].pop("cam_K")), "scene_camera.json [3]: cam_K is not nine numbers"),
    (table("scene_camera", lambda c: c["3"].pop("depth_scale")), "depth_scale is no number"),
    (table("scene_camera", lambda c: c["3"].pop("cam_t_w2c")), "cam_t_w2c is not three numbers"),
    (table("scene_camera", lambda c: c.pop("3")), "scene_gt.json [3]: the photo is not in scene_camera.json"),
    (info(visib_fract=1.4), "scene_gt_info.json [3/0]: visib_fract is 1.4, not within 0 and 1"),
    (info(visib_fract=0.4), "visib_fract is 0.4, and"),
    (info(px_count_visib=7, visib_fract=0.0), "px_count_visib is 7, and mask_visib has"),
    (info(px_count_visib=10**6), "pixels"),
    (info(bbox_visib=[0, 0, 3, 3]), "bbox_visib is [0, 0, 3, 3], and mask_visib spans"),
    (info(bbox_obj="x"), "bbox_obj is not x, y, width and height"),
    (table("scene_gt_info", lambda c: c["3"][0].pop("px_count_valid")), "it has no px_count_valid"),
    (moved("rgb/000003.png", "rgb/3.png"), "rgb [3]: there is no photo 000003.png"),
    (moved("mask/000003_000000.png", "mask/3_0.png"), "3_0.png: masks are called %06d_%06d.png"),
    (moved("mask/000003_000000.png", "mask/3_0.png"), "mask [3/0]: there is no 000003_000000.png"),
    (moved("scene_camera.json", "x.json"), "scene_camera.json: it is not there"),
    (lambda folder: Image.new("L", (9, 9)).save(folder / "mask" / "000003_000000.png"), "has 9 x 9 pixels"),
    (lambda folder: Image.new("RGB", (9, 9)).save(folder / "mask" / "000003_000000.png"), "no picture of 8 bits"),
    (lambda folder: Image.new("L", made.SIZE).save(folder / "mask" / "000003_000000.png"), "that are not in mask"),
    (lambda folder: (folder / "scene_gt.json").write_text("{"), "it is no JSON"),
    (lambda folder: (folder / "depth").mkdir(), "there is no depth 000003.png"),
    (moved("../../models/models_info.json", "../../models/x"), "models_info.json: it is not there"),
    (table("../../models/models_info", lambda c: c["1"].pop("diameter")), "[1]: diameter is no number"),
    (table("../../models/models_info", lambda c: c["1"].update(symmetries_discrete=[[1]])), "not 16 numbers"),
    (table("../../models/models_info", lambda c: c["2"].update(symmetries_continuous=[{}])), "without axis and offset"),
]  # fmt: skip


def test_every_violation_is_found(written, tmp_path):
    import shutil

    assert check_scenes(written) == [] == check_scenes(tmp_path / "b")
    for number, (damage, words) in enumerate(DAMAGES):
        root = tmp_path / f"d{number}"
        shutil.copytree(tmp_path / "b", root)
        damage(root / "test" / "000007")
        found = check_scenes(root / "test" / "000007")
        assert any(words in one.sentence for one in found if one.error), (words, [one.sentence for one in found])


def test_what_is_odd_is_no_error(written):
    entry(cam_R_m2c=[1, 0, 0, 0, 1, 0, 0, 0, 1.004])(written)
    table("../../models/models_info", lambda content: content["1"].update(diameter=0.054))(written)
    rescaled(0.001)(written)
    found = check_scenes(written)
    assert found and not any(one.error for one in found), [one.sentence for one in found]
    text = " ".join(one.sentence for one in found)
    table("../../models/models_info", lambda content: content["1"].update(diameter=53.85))(written)
    with collect_warnings() as said:
        opened = open_scene(written)
        silhouettes(opened, opened.photos[0])
    assert any("obj_000001.ply" in one and "seems to be in metres" in one for one in said)
    assert "off a rotation by 0.008" in text and "seems to be in metres" in text
    assert InstanceKey(1) in open_scene(written).by_photo["3"]
