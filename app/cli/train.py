"""The verb ``train``: weights of the bundled encoder, of an adapter, of CLIP's branch for depth, or of verdicts."""

from pathlib import Path
from typing import Any

from app.cli.inputs import given
from app.cli.options.train import TrainOptions
from core.benchmarks import calibration
from core.benchmarks.bop import BopScene
from core.benchmarks.tasks import parse_data
from core.calibration import FILE
from core.encoders.catalogue import EncoderChoice, load_encoder
from core.encoders.clip import HOW, ClipEncoder
from core.encoders.dlign import DepthClip
from core.errors import CounterpointError
from core.files import make_folder
from core.geometry.sampling import spread
from core.plugins import import_named
from core.progress import Progress, silent
from core.training import adapter, dlign, pocket, tango
from core.training.meshes import read_meshes
from core.training.pair_data import PairSettings
from core.training.pictures import PictureSettings
from core.training.procedural import Object3D, make_object, training_seed


def run(options: TrainOptions, progress: Progress = silent) -> dict[str, Any]:
    """Train; ``weights`` of what it returns is the file."""
    recipes = {
        "pocket": train_nets,
        "tango": train_nets,
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
    chosen = given(options, "steps", "pairs", "workers", "start", "rate", "renderer")
    data = PairSettings(PictureSettings(size=size, photos=options.photos))
    items = None if options.data == "procedural" else read_meshes(options.data)
    out = Path(options.output)
    if options.recipe == "tango":
        tokens = import_named(options.tokens)() if options.tokens else None
        recipe = tango.TangoRecipe(data=data, **chosen)
        return tango.train(out, recipe, items, options.device, options.resume, progress, tokens)
    if options.tokens:
        raise CounterpointError("The pocket recipe has no point net; --tokens belongs to tango.")
    return pocket.train(out, pocket.PocketRecipe(data=data, **chosen), items, options.device, options.resume, progress)


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
    for part in options.data.split("+"):
        kind, place = parse_data(part, ("procedural", "bop:PATH", "meshes:FOLDER"))
        if kind == "bop":
            scene = BopScene.open(place)
        elif kind == "meshes":
            every = read_meshes(place)
            meshes += [every[i] for i in spread(len(every), 4)]
    encoder = load_encoder(EncoderChoice(options.encoder, options.start, None, options.device))
    calibration.train(encoder, scene, meshes, options.photos, out, progress)
    progress(1.0, "Done")
    return out


def _items(options: TrainOptions) -> list[Object3D]:
    """What a small training learns from."""
    if options.data != "procedural":
        return read_meshes(options.data)
    return [make_object(training_seed(n)) for n in range(options.objects or 60)]


def _file(options: TrainOptions, name: str) -> Path:
    return make_folder(options.output) / name
