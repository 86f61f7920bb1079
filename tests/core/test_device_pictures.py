"""One look is one picture, whatever casts the rays; and a run on Warp, which also runs on the CPU, goes on to the same
losses.
"""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.errors import Cancelled, CounterpointError
from core.geometry.shape import make_shape
from core.images import save_image
from core.training.device_pairs import DevicePairs
from core.training.look import Look
from core.training.pair_data import PairData
from core.training.pair_settings import PairSettings, choose_pixels
from core.training.pictures import PictureSettings, random_camera, take_pictures
from core.training.pocket import PocketRecipe, train
from core.training.procedural import make_object
from core.training.scene import Object3D, Open3dTracer, TracedScene, view
from core.training.surfaces import PATTERNS
from core.training.warp_tracing import WarpTracer

CPU = torch.device("cpu")
SMALL = PairSettings(PictureSettings(size=64), queries=64, keys=128, outside=32)


@pytest.fixture(scope="module")
def scenes():
    """The same objects, one of them coloured, traced by Open3D and by Warp; which of them eight cameras see."""
    items = [make_object(seed) for seed in range(3)]
    shape = make_object(3, "car").shape
    colors = np.random.default_rng(0).integers(0, 255, (len(shape.vertices), 3)).astype(np.uint8)
    colored = make_shape(shape.vertices, shape.faces, colors=colors)
    items.append(Object3D(colored, "car", np.zeros(len(shape.faces), np.int32), 2 * colored.normalised))
    which = [i % 4 for i in range(8)]
    cameras = [random_camera(items[m], np.random.default_rng(i), PictureSettings(size=48)) for i, m in enumerate(which)]
    scenes = [TracedScene(items, tracer, CPU) for tracer in (Open3dTracer(items), WarpTracer(items, CPU))]
    return scenes, which, cameras


def test_rays_hit_what_open3d_hits(scenes):
    (open3d, warp), which, cameras = scenes
    one, other = (view(scene, which, cameras) for scene in (open3d, warp))
    at = [(seen.picture * 48 + seen.row) * 48 + seen.column for seen in (one, other)]
    both = np.intersect1d(*at)
    assert len(both) > 2000 and len(both) > 0.998 * max(len(at[0]), len(at[1]))
    rows = [torch.from_numpy(np.searchsorted(pixels.numpy(), both)) for pixels in at]
    for name in ("point", "normal", "direction", "distance"):
        gap = (getattr(one, name)[rows[0]] - getattr(other, name)[rows[1]]).abs()
        assert torch.quantile(gap, 0.99) < 1e-3, name
    assert (one.part[rows[0]] == other.part[rows[1]]).float().mean() > 0.995


@pytest.mark.parametrize("photos", [False, True])
def test_one_look_is_one_picture_whatever_casts_the_rays(scenes, photos, tmp_path):
    (open3d, warp), which, cameras = scenes
    save_image(tmp_path / "noise.png", np.random.default_rng(0).integers(0, 255, (60, 90, 3)).astype(np.uint8))
    settings = PictureSettings(size=48, own=0.3, photos=str(tmp_path) if photos else None)
    patterns = set()
    for seed in range(3):
        look = Look(settings, [i % 4 == 3 for i in range(8)], torch.Generator().manual_seed(seed), [0, 1, 2, 3] * 2)
        patterns |= set(look.surfaces.pattern)
        one, other = (take_pictures(scene, which, cameras, look) for scene in (open3d, warp))
        assert (one.mask != other.mask).float().mean() < 0.002
        differs = (one.image.int() - other.image.int()).abs().amax(-1)
        assert (differs > 8).float().mean() < 0.01 and differs.float().mean() < 0.5
        assert one.image.float().std(dim=(1, 2, 3)).min() > 2
        inside = one.mask & other.mask
        for name in ("point", "normal", "depth", "local"):
            gap = (getattr(one, name) - getattr(other, name)).abs()[inside]
            assert torch.quantile(gap.flatten()[:100_000], 0.98) < 1e-3, name
    assert len(patterns) >= 4 and len(PATTERNS) == 5


def test_a_look_is_drawn_once(scenes):
    """The same look gives the same picture again; another one does not."""
    (open3d, _), which, cameras = scenes
    looks = [Look(PictureSettings(size=48), [False] * 8, torch.Generator().manual_seed(s)) for s in (0, 0, 1)]
    images = [take_pictures(open3d, which, cameras, look).image for look in (looks[0], *looks)]
    assert torch.equal(images[0], images[1]) and torch.equal(images[0], images[2])
    assert (images[0].int() - images[3].int()).abs().float().mean() > 20


@pytest.fixture(scope="module")
def batch():
    data = DevicePairs(SMALL, 3, 12)
    return data, data.finish(data.collate([data[i] for i in range(8)]), CPU)


def test_batches_know_what_their_pixels_show(batch):
    data, made = batch
    again = data.finish([data[i] for i in range(8)], CPU)
    assert all(torch.equal(made[name], again[name]) for name in made)
    for i in range(8):
        for name, camera in zip("ab", data[i].cameras, strict=True):
            if made[f"{name}_mask"][i].sum() < 50:
                continue
            pixels = made[f"{name}_pixels"][i].numpy()
            assert made[f"{name}_mask"][i].numpy()[pixels[:, 1], pixels[:, 0]].all()
            there, _ = camera.project(made[f"{name}_point"][i].numpy())
            assert np.abs(there - pixels).max() < 0.05
            assert (made[f"{name}_part"][i] >= 0).all()
    assert not made["b_mask"][torch.arange(8)[:, None], made["outside"][..., 1], made["outside"][..., 0]].any()
    assert made["a_image"].float().std() > 20


def test_both_renderers_make_the_same_kind_of_batch():
    items = [make_object(1, "chair"), make_object(2, "mug")]
    one, other = PairData(SMALL, 5, 8, items), DevicePairs(SMALL, 5, 8, items)
    drawn = one.finish(one.collate([one[i] for i in range(4)]), CPU)
    device = other.finish(other.collate([other[i] for i in range(4)]), CPU)
    assert {name: (v.shape, v.dtype) for name, v in drawn.items()} == {n: (v.shape, v.dtype) for n, v in device.items()}
    for name in ("a_mask", "b_mask"):  # things in front are another draw
        assert (drawn[name] & device[name]).sum() > 0.5 * (drawn[name] | device[name]).sum()


def test_pixels_are_chosen_once_where_there_are_enough():
    mask = torch.zeros(3, 8, 8, dtype=torch.bool)
    mask[0, 2:6, 1:7], mask[1, 3, 4:6] = True, True
    chosen = choose_pixels(mask, 12, torch.Generator().manual_seed(0))
    assert mask[torch.arange(2)[:, None], chosen[:2, :, 1], chosen[:2, :, 0]].all()
    assert [len({tuple(pixel) for pixel in pixels.tolist()}) for pixels in chosen[:2]] == [12, 2]
    assert chosen.min() >= 0 and chosen.max() < 8


def test_photos_of_the_user_are_used(tmp_path):
    save_image(tmp_path / "red.png", np.full((60, 90, 3), (255, 0, 0), np.uint8))
    clean = PictureSettings(size=48, plain=0, worn=0, occluded=0)
    red = []
    for photos in (str(tmp_path), None):
        data = DevicePairs(PairSettings(replace(clean, photos=photos), cad=0), 1, 24)
        image = data.finish([data[i] for i in range(24)], CPU)["a_image"].int()
        red.append((image[..., 0] > image[..., 1] + 100).float().mean())
    assert red[0] > 2 * red[1]


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
    points = np.random.default_rng(0).normal(size=(40, 3))
    cloud = make_shape(points, np.zeros((0, 3), int))
    item = Object3D(cloud, "cloud", np.zeros(40, np.int32), points.astype(np.float32))
    with pytest.raises(CounterpointError, match="give a mesh"):
        DevicePairs(SMALL, 0, 1, [item]).finish([DevicePairs(SMALL, 0, 1, [item])[0]], CPU)
