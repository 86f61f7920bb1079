"""The verb ``train``: weights of the bundled encoder, of an adapter, of CLIP's branch for depth, or of verdicts."""

from pathlib import Path
from typing import Any

from app.cli.inputs import given
from app.cli.options.train import TrainOptions
from core.benchmarks import calibration
from core.benchmarks.bop import BopScene
from core.benchmarks.search_answers import fitting_answers
from core.benchmarks.tasks import parse_data
from core.calibration import FILE
from core.encoders.catalogue import EncoderChoice, load_encoder
from core.encoders.clip import HOW, ClipEncoder
from core.encoders.dlign import DepthClip
from core.errors import CounterpointError
from core.files import make_folder
from core.geometry.sampling import spread
from core.plugins import import_named
from core.progress import Progress, silent, span
from core.training import adapter, cutter, dlign, pocket, points, tango
from core.training.cutter_data import CutterData, read_sources
from core.training.meshes import read_meshes
from core.training.pair_settings import PairSettings
from core.training.pictures import PictureSettings
from core.training.procedural import Object3D, make_object, training_seed

OWN_COLORS, PLAIN_OWN_COLORS = 0.8, 0.65
"""Shares of the photo-like and of the plain pictures in which given shapes wear their own colours."""

OCCLUDED, WORN = 0.4, 0.55
"""Shares of the photo-like pictures with something in front, and of those that a poor camera took."""

CROPS = 0.15
"""Share of the pairs that are two crops of one of the user's photos."""


def run(options: TrainOptions, progress: Progress = silent) -> dict[str, Any]:
    """Train; ``weights`` of what it returns is the file."""
    recipes = {
        "pocket": train_nets,
        "tango": train_nets,
        "points": train_points,
        "cutter": train_cutter,
        "adapter": train_adapter,
        "dlign": train_dlign,
        "verdicts": train_verdicts,
    }
    return {"weights": str(recipes[options.recipe](options, progress))}


def lines(options: TrainOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    if options.recipe == "verdicts":
        return [
            f"verdicts: {report['weights']} (as {FILE.name} they are used; measure them: counterpoint evaluate calibration)"
        ]
    name = {"adapter": "--adapter", "dlign": "--dlign"}.get(options.recipe, "--weights")
    return [f"weights: {report['weights']} (use them with {name}, measure them with counterpoint evaluate)"]


def train_nets(options: TrainOptions, progress: Progress = silent) -> Path:
    """``train pocket`` and ``train tango``: the bundled encoder's own nets."""
    size = options.size or PictureSettings().size
    if size % 32:
        raise CounterpointError(f"A side of {size} pixels is not a multiple of 32.")
    chosen = given(options, "steps", "pairs", "uses", "workers", "start", "rate", "renderer")
    items = None if options.data == "procedural" else read_meshes(options.data)
    pictures = varied_pictures(size, items is not None, options.photos)
    crops = CROPS if options.photos and options.recipe == "pocket" else 0.0
    data = PairSettings(pictures, given=options.share, crops=crops)
    out = Path(options.output)
    if options.recipe == "tango":
        tokens = import_named(options.tokens)() if options.tokens else None
        recipe = tango.TangoRecipe(data=data, **chosen)
        return tango.train(out, recipe, items, options.device, options.resume, progress, tokens)
    if options.tokens:
        raise CounterpointError("The pocket recipe has no point net; --tokens belongs to tango.")
    return pocket.train(out, pocket.PocketRecipe(data=data, **chosen), items, options.device, options.resume, progress)


def varied_pictures(size: int, colored: bool, photos: str | None, surrounded: bool = True) -> PictureSettings:
    """How the pictures vary that the bundled encoder's nets learn from.

    Args:
        size: their side in pixels.
        colored: whether there are objects that have colours of their own.
        photos: a folder of photos, or None.
        surrounded: see :class:`core.training.look.PictureSettings`.
    """
    own, plain_own = (OWN_COLORS, PLAIN_OWN_COLORS) if colored else (0.0, 0.0)
    return PictureSettings(
        size, own=own, plain_own=plain_own, occluded=OCCLUDED, worn=WORN, photos=photos, surrounded=surrounded
    )


def train_cutter(options: TrainOptions, progress: Progress = silent) -> Path:
    """``train cutter``: the net that cuts objects out by boxes and clicks."""
    chosen = given(options, "steps", "start", "rate", "size") | ({"batch": options.pairs} if options.pairs else {})
    if options.size and options.size % 16:
        raise CounterpointError(f"A side of {options.size} pixels is not a multiple of 16.")
    data = CutterData(**({"count": options.pictures} if options.pictures else {}))
    sources = read_sources(options.data.split(","), options.photos, options.objects or 300)
    recipe = cutter.CutterRecipe(data=data, **chosen)
    out, workers = Path(options.output), options.workers or 0
    return cutter.train(out, sources, recipe, options.device, options.resume, progress, workers)


def train_points(options: TrainOptions, progress: Progress = silent) -> Path:
    """``train points``: the point net in the space of an image net."""
    choice = EncoderChoice(options.encoder, options.start, None, options.device)
    items = _items(options)
    if options.data != "procedural" and options.share < 1:
        items += [make_object(training_seed(n)) for n in range(round(len(items) * (1 / options.share - 1)))]
    recipe = points.PointRecipe(**given(options, "steps", "rate"))
    out = make_folder(options.output)
    return points.train(out, load_encoder(choice), items, recipe, options.device, progress)


def train_adapter(options: TrainOptions, progress: Progress = silent) -> Path:
    """``train adapter``: a file beside the encoder's own weights."""
    choice = EncoderChoice(options.encoder, options.start, None, options.device)
    file = _file(options, "adapter.safetensors")
    settings = adapter.AdapterSettings(**given(options, "steps", "rate"))
    adapter.train(_items(options), load_encoder(choice), file, settings, progress)
    progress(1.0, "Done")
    return file


def train_dlign(options: TrainOptions, progress: Progress = silent) -> Path:
    """``train dlign``: a branch for depth pictures beside CLIP's own weights."""
    if not options.clip:
        raise CounterpointError(f"Depth is learnt by a CLIP model. {HOW}")
    paint = None
    if options.controlnet:
        net, _, base = options.controlnet.partition(",")
        if not base:
            raise CounterpointError("Give the ControlNet and Stable Diffusion: --controlnet CONTROLNET,BASE.")
        paint = dlign.controlnet(net, base, options.device)
    model, file = DepthClip(ClipEncoder(options.clip, options.device)), _file(options, "dlign.safetensors")
    chosen = given(options, "steps", "rate") | ({"batch": options.pairs} if options.pairs else {})
    dlign.train(_items(options), model, file, dlign.DlignSettings(**chosen), progress, paint)
    progress(1.0, "Done")
    return file


def train_verdicts(options: TrainOptions, progress: Progress = silent) -> Path:
    """``train verdicts``: how probable it is that an encoder's answers are right, fitted where the truth is known."""
    out = Path(options.output)
    if out.suffix != ".json":
        raise CounterpointError(f"The models of verdicts are JSON; call {out.name} so.")
    scene: BopScene | None = None
    meshes: list[Object3D] = []
    in_gallery: list[Object3D] = []
    for part in options.data.split("+"):
        kind, place = parse_data(part, ("procedural", "bop:PATH", "meshes:FOLDER"))
        if kind == "bop":
            scene = BopScene.open(place)
        elif kind == "meshes":
            every = read_meshes(place)
            meshes += [every[i] for i in spread(len(every), 4)]
            in_gallery += every[0::2]  # the others test
    choice = EncoderChoice(options.encoder, options.start, None, options.device)
    searched = fitting_answers(
        choice, in_gallery, scene, options.photos, calibration.FIT_SEED, span(progress, 0.0, 0.2)
    )
    calibration.train(
        load_encoder(choice), scene, meshes, options.photos, out, span(progress, 0.2, 1.0), searched=searched
    )
    progress(1.0, "Done")
    return out


def _items(options: TrainOptions) -> list[Object3D]:
    """What a small training learns from."""
    if options.data != "procedural":
        return read_meshes(options.data)
    return [make_object(training_seed(n)) for n in range(options.objects or 60)]


def _file(options: TrainOptions, name: str) -> Path:
    return make_folder(options.output) / name
