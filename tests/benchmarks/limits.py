"""How near the work comes to what the machine allows, and how far from the obvious way.

    python -m tests.benchmarks.limits [part ...]

Parts: click, pixels, lift, part, align, search, memory. Each row has our time, the physical limit and a naive
implementation in the same run. The limit is the bytes that must be read at least, over the bandwidth of a sum over 1
GiB, or the multiplications that must be done, over the rate of a matrix product; both are measured first.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from tests.benchmarks.speed_core import median_ms

SAMPLE = Path(__file__).parents[2] / "resources" / "sample"
BOX = (527.0, 319.0, 1082.0, 740.0)


def seconds(run: Callable[[], object], times: int = 9) -> float:
    return median_ms(run, times) / 1e3


class Machine:
    """What this one does at best: bytes and multiply-adds x 2 in a second."""

    def __init__(self) -> None:
        every, square = torch.ones(1 << 28), torch.randn(2048, 2048)
        self.bytes = every.numel() * 4 / seconds(every.sum, 5)
        self.flops = 2 * 2048**3 / seconds(lambda: square @ square, 5)
        print(
            f"{torch.get_num_threads()} threads: reads {self.bytes / 1e9:.1f} GB/s, multiplies {self.flops / 1e9:.0f} GFLOP/s (float32)"
        )
        print(f"{'':<46}{'ours':>10}{'limit':>10}{'naive':>10}   what the limit and the naive way are")


def row(name: str, ours: float, limit: float | None, naive: float | None, what: str) -> None:
    values = "".join(f"{'' if v is None else _span(v):>10}" for v in (ours, limit, naive))
    print(f"{name:<46}{values}   {what}", flush=True)


def _span(value: float) -> str:
    return f"{value:.1f} s" if value >= 1 else f"{1e3 * value:.3g} ms"


def sides(samples: int):  # type: ignore[no-untyped-def]
    """The sample's photo, and its shape with a random field of this size."""
    from core.encoders.catalogue import load_encoder
    from core.fields.field import FeatureField
    from core.geometry.raycasting import Raycaster
    from core.geometry.sampling import sample_surface
    from core.geometry.shape import load_shape
    from core.images import load_image
    from core.matching.matchable import MatchableShape
    from core.matching.prepare import matchable_image

    photo, shape = matchable_image(load_image(SAMPLE / "toy.jpg"), load_encoder(), BOX), load_shape(SAMPLE / "toy.glb")
    points = sample_surface(shape, samples)
    field = F.normalize(torch.randn(len(points), 128), dim=1).to(torch.bfloat16)
    return photo, MatchableShape(shape, Raycaster(shape), FeatureField(points, field, np.ones(len(points), bool)))


def click(machine: Machine) -> None:
    from core.matching.match import match

    for samples in (10_000, 100_000, 1_000_000):
        photo, shape = sides(samples)
        query, at = photo.describe((900.0, 600.0)), (900.0, 600.0)

        def naive(field=shape.field.descriptors, query=query) -> None:  # type: ignore[no-untyped-def]
            (F.normalize(field.float(), dim=1) @ torch.as_tensor(query)).numpy().argsort()

        what = "one byte a number read once; all to float32, normalised, multiplied, sorted"
        limit = samples * 128 / machine.bytes
        scores = seconds(lambda shape=shape, query=query: shape.similarity(query))  # type: ignore[misc]
        row(f"similarity with {samples:,} samples x 128", scores, limit, seconds(naive, 5), what)
        whole = seconds(lambda photo=photo, shape=shape, at=at: match(photo, shape, at))  # type: ignore[misc]
        row(f"click -> scalars, {samples:,} samples", whole, limit, None, "with peaks, margin and the way back")


def pixels(machine: Machine) -> None:
    from core.geometry.shape import load_shape
    from core.matching.match import match

    middle = load_shape(SAMPLE / "toy.glb").vertices.mean(axis=0)
    for samples in (10_000, 100_000, 1_000_000):
        photo, shape = sides(samples)
        cells = photo.map.unit

        def naive(cells=cells, photo=photo, shape=shape) -> None:  # type: ignore[no-untyped-def]
            query = torch.as_tensor(shape.describe(tuple(middle)))
            large = F.interpolate(cells.float().permute(2, 0, 1)[None], scale_factor=8, mode="bilinear")[0]
            pixel = (F.normalize(large, dim=0) * query[:, None, None]).sum(0).argmax()
            found = large.flatten(1)[:, pixel]
            (F.normalize(shape.field.descriptors.float(), dim=1) @ found).argmax()

        limit = (samples * 128 + cells.numel() * 4) / machine.bytes
        ours = seconds(lambda photo=photo, shape=shape: match(shape, photo, tuple(middle)))  # type: ignore[misc]
        row(
            f"click -> pixels, {samples:,} samples",
            ours,
            limit,
            seconds(naive, 3),
            "map and field read once; map enlarged to pixels first",
        )


def lift(machine: Machine) -> None:
    """Against views and faces; the naive way reads the descriptor of each sample by itself."""
    import trimesh
    from torch.utils.flop_counter import FlopCounterMode

    from core.encoders.catalogue import load_encoder
    from core.fields.lifting import LiftSettings, cameras, seen_samples
    from core.fields.lifting import lift as lifted
    from core.geometry.raycasting import Raycaster
    from core.geometry.render import render
    from core.geometry.sampling import sample_surface
    from core.geometry.shape import load_shape, make_shape

    encoder, shape = load_encoder(), load_shape(SAMPLE / "toy.glb")
    with FlopCounterMode(display=False) as counter:
        encoder.encode(np.zeros((1, 224, 224, 3), np.uint8))
    each = counter.get_total_flops() / machine.flops

    def loop(settings: LiftSettings, caster: Raycaster) -> None:
        points = sample_surface(caster.shape, settings.samples)
        total = np.zeros((len(points), encoder.dim), np.float32)
        camera = cameras(caster.shape, encoder, settings)[0]
        descriptors = encoder.encode(render(caster, camera).rgb[None]).descriptors[0].numpy()
        seen, facing = seen_samples(caster, camera, points.position, points.normal)
        for index, weight in zip(seen, facing, strict=True):
            u, v = (camera.project(points.position[index][None])[0][0] / camera.width * len(descriptors)).astype(int)
            total[index] += weight * descriptors[min(v, len(descriptors) - 1), min(u, len(descriptors) - 1)]

    for views, finer in ((9, 0), (24, 0), (48, 0), (24, 1), (24, 2)):
        vertices, faces = shape.vertices, shape.faces
        for _ in range(finer):
            vertices, faces = trimesh.remesh.subdivide(vertices, faces)
        settings, caster = LiftSettings(azimuths=views // 3), Raycaster(make_shape(vertices, faces))
        ours = seconds(lambda s=settings, c=caster: lifted(c.shape, encoder, s, caster=c), 2)  # type: ignore[misc]
        naive = views * seconds(lambda s=settings, c=caster: loop(s, c), 1)  # type: ignore[misc]
        row(
            f"lifting, {views} views, {len(faces):,} faces",
            ours,
            views * each,
            naive,
            "the encoder's multiplications; a loop over samples (one view x views)",
        )


def part(machine: Machine) -> None:
    from core.encoders.catalogue import load_encoder
    from core.geometry.shape import load_shape
    from core.images import load_image
    from core.matching.prepare import matchable_image, matchable_shape, with_joint_prior
    from core.parts.marking import outline_mask
    from core.parts.transfer import mask_region, transfer

    encoder = load_encoder()
    photo, shape, prior = with_joint_prior(
        matchable_image(load_image(SAMPLE / "toy.jpg"), encoder, BOX),
        matchable_shape(load_shape(SAMPLE / "toy.glb"), encoder),
        "y",
    )
    region = mask_region(photo, outline_mask([(925, 600), (1072, 600), (1078, 740), (955, 740)], photo.image_size))
    cells = photo.map.unit.reshape(len(region), -1)

    def naive() -> None:
        nearest = (F.normalize(shape.field.descriptors.float(), dim=1) @ cells.float().T).argmax(1).numpy()
        region[nearest].astype(np.float32)

    size = shape.field.descriptors.numel()
    ours = seconds(lambda: transfer(photo, shape, region, prior))
    row(
        "mask -> mesh, 20,000 samples",
        ours,
        2 * size / machine.bytes,
        seconds(naive, 5),
        "descriptors read once; nearest-descriptor voting, which overlaps less",
    )


def align(machine: Machine) -> None:
    import json

    from core.alignment.align import align as whole
    from core.alignment.scorer import Photo, PoseScorer
    from core.alignment.templates import compare, template_set
    from core.encoders.catalogue import load_encoder
    from core.geometry.shape import load_shape
    from core.images import load_image
    from core.matching.crops import cells_of, centred, shrink
    from core.matching.prepare import matchable_image, matchable_shape
    from core.parts.segmenters import box_mask

    encoder, image = load_encoder(), load_image(SAMPLE / "toy.jpg")
    K = np.array(json.loads((SAMPLE / "sample.json").read_text())["pose"]["K"])
    shape = matchable_shape(load_shape(SAMPLE / "toy.glb"), encoder)
    templates, mask = template_set(shape.caster, encoder), box_mask(image, BOX)
    crops = templates.settings.crops(image, mask)
    masks = torch.stack([shrink(crop.mask, templates.settings.cells) for crop in crops])
    maps = centred(cells_of(encoder, np.stack([crop.picture for crop in crops]), templates.settings.cells), masks)

    def naive() -> None:
        theirs, there = templates.descriptors.float().numpy(), templates.masks.numpy()
        for mine, here in zip(maps.numpy()[:2], masks.numpy()[:2], strict=True):
            for other, also in zip(theirs, there, strict=True):
                both = here * also
                ((mine * other).sum(-1) * both).sum() / max(both.sum(), 1e-6)

    products = 2 * len(crops) * templates.descriptors.numel() / machine.flops
    loops = seconds(naive, 1) * len(crops) / 2
    row(
        f"{len(templates.rotations)} views x {len(crops)} rolls compared",
        seconds(lambda: compare(crops, templates, encoder), 5),
        products,
        loops,
        "their multiplications; pair by pair in numpy; ours with encoding the rolls",
    )
    photo = Photo(image, matchable_image(image, encoder, BOX), K, mask)
    row(
        "align, templates and eight descents",
        seconds(lambda: whole(PoseScorer(photo, shape, encoder, "y"), templates), 3),
        None,
        None,
        "",
    )


def search(machine: Machine) -> None:
    import tempfile

    from core.retrieval.index import Index
    from tests.benchmarks.speed_core import shape_like

    every = shape_like(1_000_001)
    vectors, query = every[:-1], every[-1]
    with tempfile.TemporaryDirectory() as folder:
        Index.build(np.arange(len(vectors)), vectors).write(Path(folder) / "index")
        index = Index.read(Path(folder) / "index")
        ours = seconds(lambda: index.search(query, 10), 50)
    naive = seconds(lambda: np.argpartition(-(vectors @ query), 10)[:10], 3)
    row(
        "ten nearest of 1,000,000 x 256",
        ours,
        vectors.nbytes / machine.bytes,
        naive,
        "all read once (an index reads fewer); all compared",
    )


def memory(machine: Machine) -> None:
    """What a process has written after each step; the libraries alone are what cannot be had for less."""
    import subprocess

    steps = {
        "torch alone": "import torch",
        "with encoder and photo": "from core.encoders.catalogue import load_encoder\nfrom core.images import load_image\nfrom core.matching.prepare import "
        f"matchable_image, matchable_shape\ne = load_encoder()\np = matchable_image(load_image({str(SAMPLE / 'toy.jpg')!r}), e, {BOX})",
        "and the shape with its field": f"from core.geometry.shape import load_shape\ns = matchable_shape(load_shape({str(SAMPLE / 'toy.glb')!r}), e)",
    }
    code = ""
    for name, step in steps.items():
        code += step + "\n"
        tail = "import os\nfrom tests.soak.window import private\nprint(private(os.getpid()))"
        done = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, check=True)
        print(f"{'memory, ' + name:<46}{float(done.stdout):>7.0f} MB")
    photo, shape = sides(1_000_000)
    field = shape.field
    before = field.descriptors.numel() * 2
    field.similarity(photo.describe((900.0, 600.0)))
    print(
        f"{'memory, a field of 1,000,000 samples x 128':<46}{before / 2**20:>7.0f} MB   float32 would take {before * 2 / 2**20:.0f}; the bytes that clicks read {before / 2 / 2**20:.0f} more"
    )


PARTS = {
    "click": click,
    "pixels": pixels,
    "lift": lift,
    "part": part,
    "align": align,
    "search": search,
    "memory": memory,
}

if __name__ == "__main__":
    this = Machine()
    for each in sys.argv[1:] or PARTS:
        PARTS[each](this)
