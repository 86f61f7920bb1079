"""Words: CLIP with made weights of a real architecture, its depth branch and training, zero-shot and detection
benchmarks.
"""

import json

import numpy as np
import pytest
import torch
import trimesh

open_clip = pytest.importorskip("open_clip")

from safetensors.torch import save_file  # noqa: E402

from core.benchmarks import detection, zeroshot  # noqa: E402
from core.benchmarks.settings import EvaluateSettings  # noqa: E402
from core.encoders.catalogue import EncoderChoice  # noqa: E402
from core.encoders.clip import ClipEncoder  # noqa: E402
from core.encoders.dlign import DepthClip  # noqa: E402
from core.errors import CounterpointError  # noqa: E402
from core.geometry.camera import framing_camera, look_at  # noqa: E402
from core.geometry.depth_maps import depth_picture, depth_views  # noqa: E402
from core.geometry.raycasting import Raycaster  # noqa: E402
from core.geometry.shape import load_shape, make_shape  # noqa: E402
from core.retrieval.build import index_folder  # noqa: E402
from core.retrieval.describe import GallerySpec  # noqa: E402
from core.retrieval.naming import name_by_gallery, name_by_words  # noqa: E402
from core.retrieval.queries import QueryEncoder  # noqa: E402
from core.retrieval.search import Searcher  # noqa: E402
from core.retrieval.store import open_gallery  # noqa: E402
from core.training import dlign  # noqa: E402
from core.training.procedural import make_object, training_seed  # noqa: E402

ARCHITECTURE = "ViT-S-32-alt"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Of the published architecture, with random numbers: published ones cannot be fetched here."""
    torch.manual_seed(0)
    model = open_clip.create_model(ARCHITECTURE, load_weights=False)
    file = tmp_path_factory.mktemp("clip") / "made.safetensors"
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, file)
    return file


@pytest.fixture(scope="module")
def clip(weights):
    return ClipEncoder(f"{ARCHITECTURE}:{weights}", "cpu")


def test_clip_says_what_open_clip_says(clip, weights, tmp_path):
    """The same vectors as the library's own preprocessing and model give."""
    from PIL import Image

    model, _, prepare = open_clip.create_model_and_transforms(ARCHITECTURE, pretrained=str(weights))
    pixels = np.random.default_rng(0).integers(0, 255, (224, 224, 3), np.uint8)
    with torch.no_grad():
        expected = torch.nn.functional.normalize(
            model.eval().encode_image(prepare(Image.fromarray(pixels))[None]), dim=1
        )
        words = model.encode_text(open_clip.get_tokenizer(ARCHITECTURE)(["a chair"]))
    assert torch.allclose(clip.pictures(pixels[None]), expected, atol=1e-4)
    assert torch.allclose(clip.words(["a chair"]), torch.nn.functional.normalize(words, dim=1), atol=1e-4)
    torch.save({"state_dict": {f"module.{k}": v for k, v in model.state_dict().items()}}, tmp_path / "old.pt")
    again = ClipEncoder(f"{ARCHITECTURE}:{tmp_path / 'old.pt'}", "cpu")
    assert torch.allclose(again.words(["a chair"]), clip.words(["a chair"]))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ViT-Z:file", "no CLIP model"),
        (ARCHITECTURE, "no CLIP model"),
        (f"{ARCHITECTURE}:nowhere", "neither a file"),
        ("ViT-B-32:{file}", "do not fit"),
    ],
)
def test_bad_models_are_said(weights, name, said):
    with pytest.raises(CounterpointError, match=said):
        ClipEncoder(name.format(file=weights), "cpu")


def test_depth_pictures_are_bright_where_near_and_sharp_at_contours():
    ball = trimesh.creation.icosphere(4)
    box = trimesh.creation.box((0.5, 0.5, 0.5), np.diag([1.0, 1, 1, 1]) + np.eye(4, k=3) * 0)
    box.apply_translation([0, 0, 1.8])
    both = trimesh.util.concatenate([ball, box])
    caster = Raycaster(make_shape(both.vertices, both.faces, name="both"))
    camera = framing_camera(
        caster.shape.normalised, look_at(np.array([0, 0, 1.0]), np.array([0, 1.0, 0])), 96, 0.5, 0.8
    )
    picture = depth_picture(caster, camera)[..., 0]
    assert picture[48, 48] == 255 and picture[0, 0] == 0
    seen = picture[picture > 0]
    assert seen.min() >= 50 and picture[48, 20] < 170
    step = np.abs(np.diff(picture[48].astype(int))).max()
    assert step > 60  # the box stands before the ball, and nothing is blurred between
    cloud = Raycaster(make_shape(both.sample(4000), np.zeros((0, 3), np.int64), name="cloud"))
    views, smooth = depth_views(caster, "y", 64), depth_views(cloud, "y", 64)
    assert views.shape == smooth.shape == (10, 64, 64, 3)
    overlap = ((views > 0) & (smooth > 0)).sum() / ((views > 0) | (smooth > 0)).sum()
    assert overlap > 0.8


def test_the_branch_begins_as_clip_and_learns(clip, weights, tmp_path):
    model = DepthClip(clip)
    pixels = np.random.default_rng(1).integers(0, 255, (2, 96, 96, 3), np.uint8)
    frozen = model.frozen(pixels)
    assert torch.allclose(model.tuned(pixels).detach(), frozen, atol=1e-5)
    items = [make_object(training_seed(n)) for n in range(4)]
    losses = dlign.train(items, model, tmp_path / "d.safetensors", dlign.DlignSettings(steps=16, views=3, batch=8))
    assert np.mean(losses[-3:]) < 0.75 * np.mean(losses[:3])
    assert torch.allclose(model.frozen(pixels), frozen, atol=1e-6)  # CLIP itself is as it was
    assert (model.tuned(pixels) - frozen).abs().max() > 1e-3
    again = DepthClip(ClipEncoder(f"{ARCHITECTURE}:{weights}", "cpu"), tmp_path / "d.safetensors")
    assert torch.allclose(again.tuned(pixels), model.tuned(pixels), atol=1e-5)
    about = json.loads((tmp_path / "d.json").read_text())
    assert about["parameters"] == 4 * 384 * 384 + 4 * 384 and about["pairs"] == 12
    other = ClipEncoder(f"{ARCHITECTURE}:{weights}", "cpu")
    other.fingerprint = "another"
    with pytest.raises(CounterpointError, match="was not trained for"):
        DepthClip(other, tmp_path / "d.safetensors")


def tiny_diffusion(folder):
    """A ControlNet and Stable Diffusion with made weights and few channels, saved as published ones are."""
    import diffusers
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(32, 64), layers_per_block=1, sample_size=8, in_channels=4, out_channels=4, cross_attention_dim=32,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=8, norm_num_groups=8,
    )  # fmt: skip
    net = diffusers.ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(16, 32))
    zero = (
        *net.controlnet_down_blocks.parameters(),
        *net.controlnet_mid_block.parameters(),
        net.controlnet_cond_embedding.conv_out.weight,
    )
    for parameter in zero:  # zero in an untrained one, which would be deaf to depth
        torch.nn.init.normal_(parameter, std=0.5)
    vae = diffusers.AutoencoderKL(
        block_out_channels=(32, 64),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=8,
    )
    text = CLIPTextModel(CLIPTextConfig(vocab_size=200, hidden_size=32, intermediate_size=37, num_attention_heads=4, num_hidden_layers=2, bos_token_id=0, eos_token_id=1, pad_token_id=1))  # fmt: skip
    letters = [chr(c) for c in range(33, 127)]
    tokens = ["<|startoftext|>", "<|endoftext|>", *letters, *(c + "</w>" for c in letters)]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)
    diffusers.StableDiffusionControlNetPipeline(
        vae=vae, text_encoder=text, tokenizer=tokenizer, unet=unet, controlnet=net, scheduler=diffusers.DDIMScheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder / "base")  # fmt: skip
    net.save_pretrained(folder / "net")


def test_a_controlnet_paints_pictures_of_depth(clip, tmp_path):
    pytest.importorskip("diffusers")
    tiny_diffusion(tmp_path)
    paint = dlign.controlnet(str(tmp_path / "net"), str(tmp_path / "base"), "cpu", steps=2)
    depth = np.zeros((64, 64, 3), np.uint8)
    depth[16:48, 16:48] = 200
    picture = paint(depth, "chair", 0)
    assert picture.shape == (64, 64, 3) and picture.dtype == np.uint8 and (picture == paint(depth, "chair", 0)).all()
    assert (picture != paint(depth, "chair", 1)).any() and (picture != paint(255 - depth, "chair", 0)).any()
    losses = dlign.train(
        [make_object(training_seed(1))],
        DepthClip(clip),
        tmp_path / "d.safetensors",
        dlign.DlignSettings(steps=2, views=2),
        paint=lambda depth, name, seed: paint(depth[::4, ::4], name, seed),
    )
    assert len(losses) == 2 and np.isfinite(losses).all()
    with pytest.raises(CounterpointError, match="cannot be loaded"):
        dlign.controlnet(str(tmp_path / "nowhere"), str(tmp_path / "base"), "cpu")


def test_the_contrastive_loss_by_hand():
    same = torch.eye(3)
    assert float(dlign.contrastive(same, same, 0.1)) == pytest.approx(np.log(1 + 2 * np.exp(-10)), abs=1e-5)
    assert float(dlign.contrastive(same, same.roll(1, 0), 0.1)) == pytest.approx(10, abs=1e-2)


def test_logits_are_the_mean_over_views_and_branches(clip, sample):
    model = DepthClip(clip)
    shape = load_shape(sample["shape"])
    labels = ["chair", "elephant", "car"]
    words, depths = model.labels(labels), depth_views(Raycaster(shape), "y", clip.input_size)
    expected = (model.frozen(depths) @ words.T).mean(0) * clip.scale
    model.trained = False
    assert torch.allclose(model.logits(depths, words), expected, atol=1e-4)
    found = name_by_words(shape, "y", model, [" chair", "elephant", "", "car", "chair"])
    assert {one.label for one in found} == set(labels) and sum(one.share for one in found) == pytest.approx(1)
    order = [labels[i] for i in torch.argsort(expected, descending=True)]
    assert [one.label for one in found] == order
    with pytest.raises(CounterpointError, match="two labels"):
        name_by_words(shape, "y", model, ["chair"])


def test_galleries_are_searched_by_words_and_name_shapes_without_them(clip, tmp_path):
    for kind, number in (("sphere", 0), ("sphere", 1), ("bar", 2), ("bar", 3)):
        mesh = trimesh.creation.icosphere(2) if kind == "sphere" else trimesh.creation.box((0.2, 2 + number, 0.2))
        (tmp_path / "s" / kind).mkdir(parents=True, exist_ok=True)
        mesh.export(tmp_path / "s" / kind / f"{number}.obj")
    recipe = GallerySpec(clip=clip.name)
    index_folder(tmp_path / "s", tmp_path / "g", recipe, workers=1)
    with open_gallery(tmp_path / "g") as gallery:
        assert "words" in gallery.spaces
        query_encoder, searcher = QueryEncoder(GallerySpec.of(gallery.spec, "cpu")), Searcher(gallery)
        found = searcher(query_encoder.words("a ball"), top=4)
        assert len(found) == 4
        text = clip.words(["a rendering of a ball"])[0].numpy()
        for one in found:
            assert one.score == pytest.approx(float(gallery.vector(one.entry.number, "words") @ text), abs=1e-5)
        rod = trimesh.creation.box((0.2, 3.5, 0.2))
        query = query_encoder.shape(make_shape(rod.vertices, rod.faces, name="rod"), "y")
        named = name_by_gallery(query, searcher)
        assert named[0].label == "bar" and named[0].share > 0.6
        assert [one.label for one in name_by_gallery(query, searcher, ["Sphere"])] == ["sphere"]
        with pytest.raises(CounterpointError, match="bar, sphere"):
            name_by_gallery(query, searcher, ["car"])


def _settings(clip, data):
    return EvaluateSettings(encoder=EncoderChoice(device="cpu"), clip=clip, data=data, count=10)


def test_zeroshot_reads_the_layouts_of_the_datasets(clip, weights, tmp_path):
    for kind, mesh in (("night_stand", trimesh.creation.box()), ("bowl", trimesh.creation.icosphere(2))):
        folder = tmp_path / "ModelNet40" / kind / "test"
        folder.mkdir(parents=True)
        mesh.export(folder / f"{kind}_0001.off")
        scan = tmp_path / "omni" / "raw_scans" / kind / f"{kind}_001" / "Scan"
        scan.mkdir(parents=True)
        mesh.export(scan / "Scan.obj")
    h5py = pytest.importorskip("h5py")
    folder = tmp_path / "scan" / "h5_files" / "main_split"
    folder.mkdir(parents=True)
    with h5py.File(folder / "test_objectdataset.h5", "w") as file:
        file["data"] = np.random.default_rng(0).normal(size=(3, 256, 3)).astype(np.float32)
        file["label"] = np.array([4, 8, 14], np.uint8)
    items = zeroshot.read(f"modelnet40:{tmp_path / 'ModelNet40'}")
    assert [(i.label, i.up) for i in items] == [("bowl", "z"), ("night stand", "z")] and len(
        items[1].shape().faces
    ) == 12
    assert [i.label for i in zeroshot.read(f"omniobject3d:{tmp_path / 'omni'}")] == ["bowl", "night stand"]
    scans = zeroshot.read(f"scanobjectnn:{tmp_path / 'scan'}")
    assert [i.label for i in scans] == ["chair", "shelf", "toilet"] and scans[0].shape().is_point_cloud
    (rows,) = zeroshot.evaluate(_settings(clip.name, f"modelnet40:{tmp_path / 'ModelNet40'}")).values()
    assert rows[0]["top-1"] == 0.5 and rows[1]["top-3"] == 1 and rows[1]["top-1"] in (0, 0.5, 1)
    for data in ("modelnet40:", "else:here", f"modelnet40:{tmp_path / 'no'}", f"modelnet40:{tmp_path / 'omni'}"):
        with pytest.raises(CounterpointError):
            zeroshot.read(data)
    with pytest.raises(CounterpointError, match="CLIP"):
        zeroshot.evaluate(_settings(None, f"scanobjectnn:{tmp_path / 'scan'}"))


def box(*values, label="", score=1.0):
    return detection.Box3D(np.array([*values, 0.0][:7], float), label, score)


def test_average_precision_by_hand():
    truth = [[box(0, 0, 0, 2, 2, 2, label="a"), box(9, 0, 0, 2, 2, 2, label="a")]]
    assert detection.overlap(truth[0][0].values, box(1, 0, 0, 2, 2, 2).values) == pytest.approx(1 / 3)
    turned = detection.Box3D(np.array([0, 0, 0, 2, 2, 2, np.pi / 4]))
    octagon = 8 * (np.sqrt(2) - 1)
    assert detection.overlap(truth[0][0].values, turned.values) == pytest.approx(octagon / (8 - octagon), abs=1e-3)
    right = [[box(0, 0, 0, 2, 2, 2, label="a", score=0.9), box(9, 0, 0, 2, 2, 2, label="a", score=0.8)]]
    assert detection.precision(right, truth, "a", 0.5) == 1
    half = [[box(5, 5, 5, 1, 1, 1, label="a", score=0.9), box(0, 0, 0, 2, 2, 2, label="a", score=0.8)]]
    assert detection.precision(half, truth, "a", 0.5) == pytest.approx(0.25)  # precision 1/2 at recall 1/2
    double = [[box(0, 0, 0, 2, 2, 2, label="a", score=0.9), box(0, 0, 0, 2, 2, 2, label="a", score=0.8)]]
    assert detection.precision(double, truth, "a", 0.5) == pytest.approx(0.5)
    assert detection.precision(right, truth, "b", 0.5) == 0
    inside = detection.in_box(np.array([[0.9, 0.9, 0], [1.2, 0, 0]]), turned.values)
    assert inside.tolist() == [False, True]


def test_detection_of_a_made_scene(clip, tmp_path):
    ball, bar = trimesh.creation.icosphere(3), trimesh.creation.box((0.4, 3, 0.4)).subdivide().subdivide()
    bar.apply_translation([6, 0, 0])
    points = np.concatenate([ball.sample(500), bar.sample(500)])
    trimesh.PointCloud(points).export(tmp_path / "room.ply")
    scene = {
        "points": "room.ply",
        "up": "y",
        "objects": [{"box": [0, 0, 0, 2, 2, 2], "label": "ball"}, {"box": [6, 0, 0, 0.5, 3.1, 0.5], "label": "bar"}],
    }
    (tmp_path / "room.json").write_text(json.dumps(scene))
    read = detection.read_scene(tmp_path / "room.json")
    assert detection.in_box(read.points, read.objects[1].values).sum() == 500
    (rows,) = detection.evaluate(_settings(clip.name, f"scenes:{tmp_path}")).values()
    assert [row["label"] for row in rows] == ["ball", "bar", "mean"] and all(0 <= row["AP25"] <= 1 for row in rows)
    scene["objects"][0]["box"] = [0, 0, 0, -1, 2, 2]
    (tmp_path / "room.json").write_text(json.dumps(scene))
    with pytest.raises(CounterpointError, match="above zero"):
        detection.read_scene(tmp_path / "room.json")
