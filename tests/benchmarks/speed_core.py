"""Speed of the library without a window:  python -m tests.benchmarks.speed_core [part ...]

Parts: encode (image and point encoder), part (transfer of a part to the sample's shape), cut (segmenters), draw
(training pictures by both renderers), align (a shape to a photo), congeal (thirty photos), search (a million vectors),
index (a gallery by one and by two processes).
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
import torch

from tests.benchmarks.speed import SAMPLE, report


def median_ms(run: Callable[[], object], times: int = 15) -> float:
    run()
    spent = []
    for _ in range(times):
        begin = time.perf_counter()
        run()
        spent.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(spent)


def encode() -> None:
    """One picture of 224 x 224, and one shape of 2,048 points."""
    from core.encoders.pocket import PocketEncoder
    from core.encoders.points import PocketPointEncoder
    from core.geometry.sampling import sample_surface
    from core.geometry.shape import load_shape

    picture = np.random.default_rng(0).integers(0, 255, (1, 224, 224, 3)).astype(np.uint8)
    images, points = PocketEncoder(device="cpu"), PocketPointEncoder(device="cpu")
    sampled = sample_surface(load_shape(SAMPLE / "toy.glb"), 2048)
    report("image encoder, 224 x 224", f"{median_ms(lambda: images.encode(picture)):.0f} ms", "goal 60 ms")
    points_ms = median_ms(lambda: points.encode(sampled.position, sampled.normal))
    report("point encoder, 2,048 points", f"{points_ms:.0f} ms", "goal 150 ms")


def part() -> None:
    """From a marked part to evidence on 20,000 samples, and back again (which judges it)."""
    from core.encoders.catalogue import load_encoder
    from core.geometry.shape import load_shape
    from core.images import load_image
    from core.matching.prepare import matchable_image, matchable_shape, with_joint_prior
    from core.parts.marking import outline_mask
    from core.parts.transfer import find_part, mask_region, transfer

    encoder = load_encoder()
    photo = matchable_image(load_image(SAMPLE / "toy.jpg"), encoder, (527, 319, 1082, 740))
    photo, shape, prior = with_joint_prior(photo, matchable_shape(load_shape(SAMPLE / "toy.glb"), encoder), "y")
    region = mask_region(photo, outline_mask([(925, 600), (1072, 600), (1078, 740), (955, 740)], photo.image_size))
    report("part -> evidence on 20,000 samples", f"{median_ms(lambda: transfer(photo, shape, region, prior)):.0f} ms")
    report("part -> shape and back again", f"{median_ms(lambda: find_part(photo, shape, region, prior), 5):.0f} ms")


def cut() -> None:
    """One more point on an image that the segmenter has looked at: GrabCut in a focus box, Segment Anything's ViT-B
    with made weights.
    """
    from segment_anything import SamPredictor, sam_model_registry

    from core.encoders.catalogue import load_encoder
    from core.images import load_image
    from core.parts.grabcut import GrabCutSegmenter
    from core.parts.prompts import Prompts

    image, prompts = load_image(SAMPLE / "toy.jpg"), Prompts([(1000.0, 690.0)], [(800.0, 500.0)])
    grabcut = GrabCutSegmenter(load_encoder(), (527, 319, 1082, 740))
    grabcut.set_image(image)
    report(
        "GrabCut, two points, 555 x 421 pixels", f"{median_ms(lambda: grabcut.predict(prompts)):.0f} ms", "goal 300 ms"
    )
    predictor = SamPredictor(sam_model_registry["vit_b"]().eval())
    begin = time.perf_counter()
    predictor.set_image(image)
    report("Segment Anything ViT-B, embedding", f"{time.perf_counter() - begin:.1f} s", "once an image")
    points, labels = np.array([*prompts.add, *prompts.remove]), np.array([1, 0])
    report(
        "Segment Anything ViT-B, decoder",
        f"{median_ms(lambda: predictor.predict(points, labels)):.0f} ms",
        "goal 150 ms",
    )


def draw() -> None:
    """A picture of a training pair, objects included."""
    from core.training.device_pairs import DevicePairs
    from core.training.pair_data import PairData
    from core.training.pair_settings import PairSettings
    from core.training.pictures import PictureSettings

    for size in (96, 224):
        settings = PairSettings(PictureSettings(size=size))
        single, batched = PairData(settings, 0, 10**6), DevicePairs(settings, 0, 10**6)
        numbers = iter(range(10**6))
        alone = median_ms(lambda data=single, n=numbers: data[next(n)]) / 2
        scenes = [batched[i] for i in range(8)]
        together = median_ms(lambda data=batched, s=scenes: data.finish(s, torch.device("cpu")), 4) / 16
        report(f"training picture of {size} pixels, open3d", f"{alone:.0f} ms")
        report(f"training picture of {size} pixels, warp on the CPU", f"{together:.0f} ms")
    objects_ms = median_ms(lambda data=batched, n=numbers: data[next(n)])
    report("objects and cameras of a pair", f"{objects_ms:.0f} ms")


def align() -> None:
    """The sample's shape to its photo: one cold call of the command, the steps with field and templates ready, and a
    look at one round of the descent as the window shows it.
    """
    _align_cold()
    _align_warm()


def _align_cold() -> None:
    """One `counterpoint align` in a process of its own, with an empty cache and with what it left there."""
    code = "import resource, sys; from app.cli.main import main; code = main(); " + (
        "print(resource.getrusage(resource.RUSAGE_SELF), file=sys.stderr); sys.exit(code)"
    )
    box = ["--box", "527,319,1082,740", "--json"]
    with tempfile.TemporaryDirectory() as cache:
        for name, goal in (("cold: new shape, new photo", "goal 10 s"), ("with the field on disk", "")):
            run = [sys.executable, "-c", code, "align", str(SAMPLE / "toy.jpg"), str(SAMPLE / "toy.glb"), *box]
            begin = time.perf_counter()
            done = subprocess.run(
                run, env=os.environ | {"COUNTERPOINT_CACHE": cache}, capture_output=True, text=True, check=True
            )
            wall = time.perf_counter() - begin
            used = {n: float(v) for n, v in re.findall(r"(ru_\w+)=([\d.]+)", done.stderr)}
            cpu, peak = used["ru_utime"] + used["ru_stime"], used["ru_maxrss"] / 2**10
            report(f"counterpoint align, {name}", f"{wall:.1f} s", goal)
            report("  its CPU time / peak memory", f"{cpu:.1f} s / {peak:.0f} MiB")


def _align_warm() -> None:
    import json

    from core.alignment.align import align as whole
    from core.alignment.coarse import coarse_poses
    from core.alignment.fine import FineSettings, refine, refine_each
    from core.alignment.scorer import Photo, PoseScorer
    from core.alignment.templates import template_set
    from core.encoders.catalogue import load_encoder
    from core.geometry.pose import Pose
    from core.geometry.shape import load_shape
    from core.images import load_image
    from core.matching.prepare import matchable_image, matchable_shape
    from core.parts.segmenters import box_mask

    encoder, image, box = load_encoder(), load_image(SAMPLE / "toy.jpg"), (527.0, 319.0, 1082.0, 740.0)
    pose = json.loads((SAMPLE / "sample.json").read_text())["pose"]
    shape = matchable_shape(load_shape(SAMPLE / "toy.glb"), encoder)
    begin = time.perf_counter()
    templates = template_set(shape.caster, encoder)
    report("templates of the sample (from the disk cache if there)", f"{time.perf_counter() - begin:.1f} s")

    def once() -> None:
        photo = Photo(image, matchable_image(image, encoder, box), np.array(pose["K"]), box_mask(image, box))
        whole(PoseScorer(photo, shape, encoder, "y"), templates)

    report("another photo: box -> mask -> pose", f"{median_ms(once, 5) / 1e3:.1f} s", "goal 2 s")
    photo = Photo(image, matchable_image(image, encoder, box), np.array(pose["K"]), box_mask(image, box))
    scorer = PoseScorer(photo, shape, encoder, "y")
    found = coarse_poses(scorer, templates)
    report(
        "again after a drag: the descents", f"{median_ms(lambda: refine(found, scorer), 5) / 1e3:.2f} s", "goal 0.5 s"
    )
    start = [Pose(np.array(pose["R"]), np.array(pose["t"]))] * 8
    frame = median_ms(lambda: refine_each(start, scorer, FineSettings(steps=10, recast=10)), 5)
    report("ten steps of eight hypotheses, with their scores", f"{frame:.0f} ms", "shown one after the other")


def congeal() -> None:
    """Thirty pictures of a held-out object with its own mesh, nothing cached: masks cut out of boxes, poses, the joint
    step, maps.
    """
    from core.alignment.photo import photo_of
    from core.benchmarks.photo_collections import procedural
    from core.congealing.collection import OpenedPhoto, canonical_shape, congeal
    from core.encoders.catalogue import load_encoder
    from core.parts.segmenters import box_mask

    (collection,) = procedural(False, 1, 30, first=2)
    encoder = load_encoder()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["COUNTERPOINT_CACHE"] = cache
        begin = time.perf_counter()
        canon = canonical_shape(collection.shape, encoder, collection.up)
        described = time.perf_counter()
        masks = [box_mask(s.image, s.box) for s in collection.shots]
        opened = [
            OpenedPhoto(s.name, photo_of(s.image, encoder, s.K, None, mask, s.name))
            for s, mask in zip(collection.shots, masks, strict=True)
        ]
        cut = time.perf_counter()
        posed: list[float] = []
        congeal(opened, canon, posed=lambda *_: posed.append(time.perf_counter()))
        end = time.perf_counter()
    report("30 photos, masks", f"{cut - described:.0f} s")
    report("30 photos, poses each by itself", f"{posed[-1] - cut:.0f} s")
    report("30 photos, joint step and maps", f"{end - posed[-1]:.0f} s")
    report("30 photos with the shape described anew", f"{end - begin:.0f} s", "goal 300 s")


def shape_like(count: int) -> np.ndarray:
    """Unit vectors float32 [count, 256] that lie as those of shapes do: mixtures of three of 200 procedural shapes, and
    noise.
    """
    from core.encoders.points import PocketPointEncoder
    from core.retrieval.vectors import shape_vector
    from core.training.procedural import HELD_OUT, make_object

    points = PocketPointEncoder(device="cpu")
    real = np.stack([shape_vector(make_object(HELD_OUT[9000 + i]).shape, None, points, "y") for i in range(200)])  # type: ignore[arg-type]
    rng, made = np.random.default_rng(0), np.empty((count, real.shape[1]), np.float32)
    for start in range(0, count, 50_000):
        rows = made[start : start + 50_000]
        weight = rng.dirichlet([0.4] * 3, len(rows)).astype(np.float32)
        rows[:] = np.einsum("nk,nkd->nd", weight, real[rng.integers(200, size=(len(rows), 3))])
        rows += 0.03 * rng.standard_normal(rows.shape, np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return made


def search() -> None:
    """Ten nearest of a million vectors: time, recall against all compared, and what opening and memory cost."""
    from pathlib import Path

    from core.retrieval.index import EXACT, Index

    every = shape_like(1_000_200)
    vectors, queries = every[:-200], every[-200:]
    numbers = np.arange(len(vectors))
    exact = [set(np.argpartition(-(vectors @ query), 10)[:10].tolist()) for query in queries]
    with tempfile.TemporaryDirectory() as folder:
        for count in (EXACT, len(vectors)):
            file = Path(folder) / f"{count}.faiss"
            begin = time.perf_counter()
            Index.build(numbers[:count], vectors[:count]).write(file)
            built = time.perf_counter() - begin
            begin = time.perf_counter()
            index = Index.read(file)
            index.search(queries[0], 10)
            opened = time.perf_counter() - begin
            spent, hits = [], 0
            for query, true in zip(queries, exact, strict=True):
                begin = time.perf_counter()
                found, _ = index.search(query, 10)
                spent.append(1e3 * (time.perf_counter() - begin))
                hits += len(true & set(found.tolist()))
            name = f"search {count:,} vectors"
            report(f"{name}: median", f"{statistics.median(spent):.1f} ms", "goal 10 ms at a million")
            if count == len(vectors):
                report(f"{name}: recall@10", f"{hits / (10 * len(queries)):.3f}", "goal 0.95")
            report(f"{name}: opened and first answer", f"{opened:.2f} s", "goal 1 s at 100,000")
            report(
                f"{name}: file, mapped into memory", f"{file.stat().st_size / 2**20:.0f} MiB", f"built in {built:.0f} s"
            )
    all_ms = median_ms(lambda: np.argpartition(-(vectors @ queries[0]), 10)[:10], 5)
    report("all million compared (numpy)", f"{all_ms:.0f} ms")


def index() -> None:
    """Shapes a second into a gallery, with one process and with two; the time of starting them is left out by a first
    small one.
    """
    from pathlib import Path

    import trimesh

    from core.retrieval.build import index_folder
    from core.retrieval.describe import Recipe
    from core.training.procedural import HELD_OUT, make_object

    with tempfile.TemporaryDirectory() as folder:
        shapes = Path(folder) / "shapes"
        shapes.mkdir()
        for i in range(80):
            shape = make_object(HELD_OUT[9500 + i]).shape
            trimesh.Trimesh(shape.vertices, shape.faces, process=False).export(shapes / f"{i}.obj")
        few = Path(folder) / "few"
        few.mkdir()
        for i in range(8):
            (few / f"{i}.obj").write_bytes((shapes / f"{i}.obj").read_bytes())
        for workers in (1, 2):
            spent = []
            for name in ("few", "shapes"):
                begin = time.perf_counter()
                index_folder(Path(folder) / name, Path(folder) / f"{name}-{workers}", Recipe(), workers)
                spent.append(time.perf_counter() - begin)
            report(
                f"indexing, {workers} process{'es' * (workers > 1)}",
                f"{72 / (spent[1] - spent[0]):.2f} shapes/s",
                f"start {spent[0]:.0f} s with 8",
            )


PARTS = {
    "encode": encode,
    "part": part,
    "cut": cut,
    "draw": draw,
    "align": align,
    "congeal": congeal,
    "search": search,
    "index": index,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
