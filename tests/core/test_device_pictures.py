"""The batched renderer that feeds a GPU, on the CPU: it sees what Open3D sees, and a run on it goes on to the same losses."""

import json

import numpy as np
import pytest
import torch

from core.errors import Cancelled, CounterpointError
from core.geometry.raycasting import surface_position
from core.geometry.render import render
from core.images import save_image
from core.training.device_pairs import DevicePairs
from core.training.pair_data import PairSettings
from core.training.pictures import PictureSettings, random_camera
from core.training.pocket import PocketRecipe, train
from core.training.procedural import make_object
from core.training.tracing import trace, upload

CPU = torch.device("cpu")
SMALL = PairSettings(PictureSettings(size=64), queries=64, keys=128, outside=32)


def test_rays_hit_what_open3d_hits():
    items = [make_object(seed) for seed in range(4)]
    meshes = upload([o.shape.normalised for o in items], [o.shape.faces for o in items], CPU)
    vertices = torch.from_numpy(np.concatenate([o.shape.normalised for o in items])).float()
    cameras = [random_camera(items[i % 4], np.random.default_rng(i), PictureSettings(size=48)) for i in range(8)]
    origins, matrices = (
        torch.from_numpy(np.stack(rows)).float()
        for rows in ([c.center for c in cameras], [c.R.T @ np.linalg.inv(c.K) for c in cameras])
    )
    face, bary, distance = trace(meshes, torch.arange(8) % 4, origins, matrices, 48)
    point = (vertices[meshes.faces[face.clamp(min=0)]] * bary[..., None]).sum(-2).numpy()
    for i, camera in enumerate(cameras):
        item, hits = items[i % 4], items[i % 4].caster.view(camera)
        seen = hits.mask & (face[i] >= 0).numpy()
        assert seen.sum() > 50 and np.mean(hits.mask != (face[i] >= 0).numpy()) < 0.002
        there = surface_position(item.shape, hits.face[seen], hits.bary[seen])
        assert np.quantile(np.abs(point[i][seen] - there), 0.99) < 1e-4
        assert np.quantile(np.abs(distance[i].numpy()[seen] - hits.distance[seen]), 0.99) < 1e-4


@pytest.fixture(scope="module")
def batch():
    data = DevicePairs(SMALL, 3, 12)
    return data, data.finish(data.collate([data[i] for i in range(8)]), CPU)


def test_batches_know_what_their_pixels_show(batch):
    data, made = batch
    again = data.finish([data[i] for i in range(8)], CPU)
    assert all(torch.equal(made[name], again[name]) for name in made)
    for i in range(8):
        for name, camera in zip("ab", data[i]["cameras"], strict=True):
            if made[f"{name}_mask"][i].sum() < 50:
                continue
            pixels = made[f"{name}_pixels"][i].numpy()
            assert made[f"{name}_mask"][i].numpy()[pixels[:, 1], pixels[:, 0]].all()
            there, _ = camera.project(made[f"{name}_point"][i].numpy())
            assert np.abs(there - pixels).max() < 0.05
            assert (made[f"{name}_part"][i] >= 0).all()
    assert not made["b_mask"][torch.arange(8)[:, None], made["outside"][..., 1], made["outside"][..., 0]].any()
    assert made["a_image"].float().std() > 20


def test_plain_pictures_look_as_the_program_draws_them():
    data = DevicePairs(PairSettings(PictureSettings(size=64, plain=1), cad=0), 3, 4)
    scene = data[0]
    drawn = data.finish([scene], CPU)
    rng = np.random.default_rng((3, 0, 0))
    one, _ = data._objects(rng)
    expected = render(one.caster, scene["cameras"][0], "plain", supersample=1).rgb.astype(int)
    mask = drawn["a_mask"][0].numpy()
    assert np.quantile(np.abs(expected - drawn["a_image"][0].numpy())[mask], 0.98) <= 2


def test_photos_of_the_user_are_used(tmp_path):
    save_image(tmp_path / "red.png", np.full((60, 90, 3), (255, 0, 0), np.uint8))
    looks = PictureSettings(size=48, plain=0, worn=0, occluded=0)
    red = []
    for photos in (str(tmp_path), None):
        data = DevicePairs(PairSettings(PictureSettings(**{**vars(looks), "photos": photos}), cad=0), 1, 8)
        image = data.finish([data[i] for i in range(8)], CPU)["a_image"].int()
        red.append((image[..., 0] > image[..., 1] + 100).float().mean())
    assert red[0] > 1.5 * red[1]


def test_a_run_on_it_goes_on_to_the_same_losses(tmp_path):
    settings = {"pairs": 3, "data": SMALL, "warmup": 3, "log_every": 1, "save_every": 2, "renderer": "warp"}

    def stop(fraction, message):
        if message.startswith("step 3"):
            raise Cancelled

    recipe = PocketRecipe(steps=5, **settings)
    train(tmp_path / "whole", recipe, device="cpu")
    with pytest.raises(Cancelled):
        train(tmp_path / "stopped", recipe, device="cpu", progress=stop)
    train(tmp_path / "stopped", recipe, device="cpu", resume=True)
    whole, stopped = (
        [json.loads(line)["loss"] for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]
        for name in ("whole", "stopped")
    )
    assert len(whole) == 5 and stopped == pytest.approx(whole, rel=1e-4)


def test_point_clouds_cannot_be_traced():
    from core.geometry.shape import make_shape
    from core.training.procedural import Object3D

    points = np.random.default_rng(0).normal(size=(40, 3))
    cloud = make_shape(points, np.zeros((0, 3), int))
    item = Object3D(cloud, "cloud", np.zeros(40, np.int32), points.astype(np.float32))
    with pytest.raises(CounterpointError, match="open3d"):
        DevicePairs(SMALL, 0, 1, [item])[0]
