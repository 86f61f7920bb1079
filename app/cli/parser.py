"""The arguments of `counterpoint`: verbs, options, and what their values look like."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import core
from app.cli.values import box, fov, numbers, percent, polygon, positive, signed_point, unit
from core.alignment.freedom import FREEDOMS
from core.interchange.pose_formats import POSE_FORMATS


def bind_negative(arguments: list[str]) -> list[str]:
    """Make `--at -0.1,0.2,0` one argument, or argparse takes the number for an option."""
    bound: list[str] = []
    for argument in arguments:
        if (
            bound
            and bound[-1] in ("--at", "--box", "--target-box", "--up", "--outline", "--point")
            and argument.startswith("-")
        ):
            bound[-1] += "=" + argument
        else:
            bound.append(argument)
    return bound


class Parser(argparse.ArgumentParser):
    """One sentence and exit code 2 on bad arguments."""

    def error(self, message: str) -> Any:
        print(f"counterpoint: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def window_parser(verbs: Sequence[str]) -> argparse.ArgumentParser:
    """Of the command without a verb."""
    parser = Parser(
        prog="counterpoint",
        description="Link images and 3D shapes point by point. Without a verb the window opens.",
        epilog=f"Verbs: {', '.join(verbs)}; each explains itself with --help.",
    )
    parser.add_argument("--version", action="version", version=f"counterpoint {core.__version__}")
    parser.add_argument("--sample", action="store_true", help="open the bundled sample")
    parser.add_argument("files", nargs="*", metavar="FILE", help="images and shapes to open (four and two at most)")
    return parser


def verb_parser() -> argparse.ArgumentParser:
    """Of the command with a verb, which is in ``verb`` of what it parses."""
    parser = Parser(prog="counterpoint")
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=Parser)

    match = verbs.add_parser("match", help="find the counterpart of places in an image or a shape")
    match.add_argument("source", metavar="SOURCE", help="an image or a shape")
    match.add_argument("target", metavar="TARGET", nargs="+", help="images or shapes")
    match.add_argument(
        "--at", action="append", required=True, type=numbers, metavar="U,V|X,Y,Z",
        help="a pixel or a point of SOURCE; may be given several times",
    )  # fmt: skip
    match.add_argument(
        "--box", type=box, metavar="X0,Y0,X1,Y1", help="the object in the image (in SOURCE if both are images)"
    )
    _add_target_box(match)
    match.add_argument(
        "--pose",
        metavar="FILE",
        help="of the shape in the image, with its camera, as align --out writes it: guides the match",
    )
    _add_encoder_options(match)
    _add_lift_options(match)
    match.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    match.add_argument(
        "--save", metavar="PREFIX", help="write heatmaps: PREFIX-N.ply for shapes, PREFIX-N.png for images"
    )

    transfer = verbs.add_parser(
        "transfer", help="carry parts that are marked in an image or on a shape to shapes and images"
    )
    transfer.add_argument("source", metavar="SOURCE", nargs="?", help="an image, or a shape with labels")
    transfer.add_argument("target", metavar="TARGET", nargs="*", help="shapes or images")
    part = transfer.add_mutually_exclusive_group()
    part.add_argument("--mask", metavar="PNG", help="of the image's size; the part is what is not black")
    part.add_argument("--outline", type=polygon, metavar="U,V,U,V,...", help="a polygon of pixels around the part")
    part.add_argument(
        "--point", action="append", type=signed_point, metavar="U,V[,+|-]",
        help="a pixel of the part, or with - one that is not; may be given several times, and the part is cut out",
    )  # fmt: skip
    part.add_argument(
        "--labels", metavar="FILE",
        help="several parts at once: PLY, GLB, NPZ or JSON of a shape (default: SOURCE itself), index PNG, COCO JSON or NPZ of an image",
    )  # fmt: skip
    transfer.add_argument(
        "--sam", metavar="FILE", help="cut out with this checkpoint of Segment Anything, not with GrabCut"
    )
    transfer.add_argument(
        "--box", type=box, metavar="X0,Y0,X1,Y1", help="the object in SOURCE; given alone, the part is cut out of it"
    )
    _add_target_box(transfer)
    transfer.add_argument(
        "--also",
        nargs=2,
        action="append",
        metavar=("IMAGE", "MASK"),
        help="another image of the object with the part; they vote",
    )
    transfer.add_argument(
        "--pose",
        metavar="FILE",
        help="of the shape in the image, with its camera, as align --out writes it: what it sees is projected",
    )
    transfer.add_argument(
        "--threshold",
        type=percent,
        default=50,
        metavar="PERCENT",
        help="evidence that is enough (default: %(default)s)",
    )
    transfer.add_argument(
        "--out", metavar="FILE|FOLDER/|PREFIX",
        help="one target: PLY, GLB, NPZ or JSON with labels of a shape, PNG, COCO JSON or NPZ of an image; several: FOLDER/NAME.ply or PREFIX-N.ply",
    )  # fmt: skip
    transfer.add_argument(
        "--batch",
        metavar="CSV",
        help="a list of calls: columns source, target, out, and any option; done rows are left out",
    )
    _add_encoder_options(transfer)
    _add_lift_options(transfer)
    transfer.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")

    align = verbs.add_parser("align", help="find where a shape stands in a photo")
    align.add_argument("image", nargs="?", metavar="IMAGE")
    align.add_argument("shape", nargs="?", metavar="SHAPE")
    align.add_argument("--box", type=box, metavar="X0,Y0,X1,Y1", help="the object in the image")
    align.add_argument("--mask", metavar="PNG", help="the object's pixels (default: cut out of the box)")
    align.add_argument(
        "--K", metavar="FILE", help="the photo's camera: fx, fy, cx, cy (k1 ..), K, BOP, OpenCV, COLMAP, nerfstudio"
    )
    align.add_argument(
        "--fov",
        type=fov,
        metavar="DEG|auto",
        help="field of view of the longer side, without --K; auto estimates it with the pose (default: from EXIF, or 50)",
    )
    align.add_argument(
        "--dof", type=int, choices=(6, 7, 9), default=6, help="6: pose, 7: and scale, 9: and scale of each axis"
    )
    align.add_argument(
        "--pins", metavar="JSON", help="pixels and points that belong together: three or more decide the pose"
    )
    align.add_argument(
        "--depth",
        metavar="FILE",
        help="depth along z: .npy, EXR, float TIFF in the shape's units, or 16-bit PNG in millimetres",
    )
    align.add_argument(
        "--depth-model",
        metavar="NAME|FOLDER",
        help="metric depth by this network of transformers, such as Depth Anything",
    )
    align.add_argument(
        "--unit",
        type=unit,
        metavar="UNIT|M",
        help="of the shape: m, cm, mm, inch, or metres (default: of the format, or by its size)",
    )
    align.add_argument("--start", metavar="FILE", help="a pose to start from instead of searching")
    align.add_argument(
        "--lock", action="append", metavar="WHAT", choices=FREEDOMS, help="keep x, y, z, 'turn x' .. 'scale z'"
    )
    align.add_argument(
        "--out", metavar="JSON|TXT|FOLDER", help="write the pose: as JSON, as a 4 x 4 matrix, or as --format says"
    )
    align.add_argument(
        "--format",
        choices=tuple(one.name for one in POSE_FORMATS),
        help="of --out (default: matrix for .txt, else json); bop and colmap write a folder",
    )
    align.add_argument(
        "--batch", metavar="CSV", help="one call a row: image, shape, out and any of these options as columns"
    )
    align.add_argument("--save", metavar="PNG", help="the shape drawn over the photo")
    align.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    _add_encoder_options(align)
    _add_lift_options(align)

    index = verbs.add_parser("index", help="make a gallery of a folder of shapes, or bring it up to date")
    index.add_argument("folder", metavar="FOLDER", help="shapes, in folders below it too; their names become tags")
    index.add_argument("-o", "--out", required=True, metavar="GALLERY", help="the folder of the gallery")
    index.add_argument("--workers", type=positive, metavar="N", help="processes (default: one for each core)")
    index.add_argument(
        "--ray", metavar="ADDRESS", help='a Ray cluster that sees the same files ("auto", "local", "ray://...")'
    )
    index.add_argument("--clip", metavar="ARCH:WEIGHTS", help="a CLIP model, so that words can be searched for")
    index.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    _add_encoder_options(index)

    search = verbs.add_parser("search", help="find the shapes of a gallery by an image, a shape or words")
    search.add_argument("gallery", metavar="GALLERY", help="made by index, or a folder of shapes")
    search.add_argument("query", metavar="QUERY", help="an image, a shape, or text:WORDS")
    search.add_argument("--box", type=box, metavar="X0,Y0,X1,Y1", help="the object in the image")
    search.add_argument("--mask", metavar="PNG", help="its pixels, which finds better")
    search.add_argument("--part", action="store_true", help="find shapes that have what the mask shows as a part")
    search.add_argument("--top", type=positive, default=10, metavar="K", help="results (default: %(default)s)")
    search.add_argument("--tag", help="only shapes with this tag")
    search.add_argument("--worst", action="store_true", help="the least similar first")
    search.add_argument("--quick", action="store_true", help="compare vectors only, not the first hundred cell by cell")
    search.add_argument("--clip", metavar="ARCH:WEIGHTS", help="a CLIP model, where GALLERY is a folder of shapes")
    search.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    _add_encoder_options(search)

    classify = verbs.add_parser("classify", help="what a shape is called")
    classify.add_argument("shape", metavar="SHAPE")
    classify.add_argument(
        "--labels", metavar="A,B,C", help="any words (with --gallery: of its tags; default all of them)"
    )
    classify.add_argument("--gallery", metavar="GALLERY", help="name by its tagged shapes, where there is no CLIP")
    _add_words_options(classify)
    classify.add_argument("--up", choices=("x", "y", "z", "-x", "-y", "-z"), help="direction that points up")
    classify.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    _add_encoder_options(classify)

    congeal = verbs.add_parser("congeal", help="pull a photo collection of one object or category into one 3D frame")
    congeal.add_argument("images", metavar="IMAGES", nargs="+", help="photos, or folders of them")
    congeal.add_argument("--shape", metavar="SHAPE", help="the canonical shape")
    congeal.add_argument("--gallery", metavar="GALLERY", help="choose it from a gallery, or a folder of shapes")
    congeal.add_argument(
        "--generate", metavar="MODEL|MODULE:FUNCTION",
        help="make it from the photos: a diffusion model (best with a GPU; MVDream or Stable Diffusion), or your image-to-3D function",
    )  # fmt: skip
    congeal.add_argument(
        "--boxes", metavar="JSON", help='the object in each photo: {"photo.jpg": [x0, y0, x1, y1], ...}'
    )
    congeal.add_argument(
        "--masks", metavar="FOLDER", help="its pixels, which is better: PHOTO.png, not black on the object"
    )
    congeal.add_argument(
        "--K", metavar="FILE", help="intrinsics of all photos (default: EXIF, else estimated for each)"
    )
    congeal.add_argument(
        "--up", choices=("x", "y", "z", "-x", "-y", "-z"), help="direction that points up in the shape"
    )
    congeal.add_argument("-o", "--out", required=True, metavar="FOLDER", help="poses, coordinate maps, average picture")
    congeal.add_argument(
        "--maps", choices=("npz", "exr"), default="npz", help="format of the maps (default: %(default)s)"
    )
    congeal.add_argument("--format", choices=("colmap", "nerfstudio"), help="write the poses in this format too")
    congeal.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    _add_encoder_options(congeal)

    info = verbs.add_parser("info", help="what a file holds, and what is odd about it")
    info.add_argument("file", metavar="FILE")
    info.add_argument("--json", action="store_true")

    encoders = verbs.add_parser("encoders", help="the image encoders by name")
    encoders.add_argument("--json", action="store_true")

    evaluate = verbs.add_parser("evaluate", help="measure an encoder")
    evaluate.add_argument(
        "what",
        choices=(
            "correspondence",
            "retrieval",
            "parts",
            "alignment",
            "zeroshot",
            "detection",
            "congealing",
            "adaptation",
            "encoders",
        ),
    )
    evaluate.add_argument(
        "--data", default="procedural", metavar="procedural|KIND:PATH",
        help="held-out procedural shapes (the default), or data: bop: (correspondence, alignment), meshes: (not alignment), scan2cad: "
        "(alignment), modelnet40:, scanobjectnn:, omniobject3d: (zeroshot), scenes: (detection); congealing: bop:, navi:, spair:, procedural "
        "and procedural-category; encoders: meshes:, onepose:, tapvid:, pfpascal:, spair: or procedural",
    )  # fmt: skip
    evaluate.add_argument("--count", type=positive, default=60, metavar="N", help="objects or photos' objects at most")
    evaluate.add_argument("--pixels", type=positive, default=40, metavar="N", help="pixels asked for in each picture")
    evaluate.add_argument("--minutes", type=float, default=3.0, metavar="M", help="adaptation: of each run")
    evaluate.add_argument("--seeds", type=positive, default=1, metavar="N", help="adaptation: runs of each object")
    evaluate.add_argument(
        "--photos", type=positive, default=24, metavar="N", help="of each collection (default: %(default)s)"
    )
    evaluate.add_argument(
        "--beside",
        action="append",
        default=[],
        metavar="NAME[+ADAPTER]",
        help="encoders: another to compare with; may be given again",
    )
    evaluate.add_argument(
        "--report", metavar="FOLDER", help="encoders: a page with tables and pictures; a run that was stopped goes on from it"
    )  # fmt: skip
    evaluate.add_argument("--output", metavar="FILE", help="write the table as JSON too")
    evaluate.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    _add_words_options(evaluate)
    _add_encoder_options(evaluate)

    train = verbs.add_parser("train", help="train the bundled encoder's nets")
    train.add_argument(
        "recipe", choices=("pocket", "tango", "adapter", "dlign"),
        help="the image net alone, image and point net, two layers on an encoder that stays as it is, or CLIP's branch for depth",
    )  # fmt: skip
    train.add_argument(
        "--encoder", default="pocket", metavar="NAME", help="adapter: of this encoder (with --start as its weights)"
    )
    train.add_argument("--clip", metavar="ARCH:WEIGHTS", help="dlign: the CLIP model")
    train.add_argument(
        "--controlnet", metavar="NET,BASE", help="dlign: pictures by Stable Diffusion with this ControlNet for depth"
    )
    train.add_argument("--objects", type=positive, metavar="N", help="adapter, dlign: procedural objects (default 60)")
    train.add_argument(
        "--data", default="procedural", metavar="procedural|FOLDER", help="what to learn from (default: %(default)s)"
    )
    train.add_argument("-o", "--output", required=True, metavar="FOLDER", help="checkpoint, log, weights and card")
    train.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    train.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    train.add_argument(
        "--start", metavar="PATH", help="weights to go on from: a file for pocket, a folder for tango (fine-tuning)"
    )
    train.add_argument(
        "--photos", metavar="FOLDER", help="your photos: cut-outs become backgrounds, surfaces and things in front"
    )
    train.add_argument(
        "--tokens", metavar="MODULE:FUNCTION", help="tango: your pretrained 3D VAE instead of the bundled point tokens"
    )
    for name, meaning in (("steps", "steps"), ("pairs", "pairs of pictures a step"), ("workers", "processes for data")):
        train.add_argument(f"--{name}", type=positive, metavar="N", help=meaning)
    train.add_argument(
        "--renderer", choices=("auto", "open3d", "warp"),
        help="draw pictures in the workers, or in batches on the device (default: warp on a GPU)",
    )  # fmt: skip
    train.add_argument("--rate", type=float, help="peak learning rate")
    train.add_argument("--size", type=positive, metavar="PIXELS", help="side of a picture, a multiple of 32")

    adapt = verbs.add_parser("adapt", help="tune an encoder to shapes, by what is the same in pictures of them")
    adapt.add_argument("shapes", metavar="SHAPE", nargs="+", help="meshes")
    adapt.add_argument(
        "-o", "--out", required=True, metavar="FILE", help="what was learnt (.safetensors), for --adapter"
    )
    adapt.add_argument("--minutes", type=float, metavar="M", help="at most (default: 3)")
    adapt.add_argument("--steps", type=positive, metavar="N", help="at most (default: 400)")
    adapt.add_argument("--loss", choices=("smoothap", "infonce"), help="default: smoothap")
    adapt.add_argument("--rate", type=float, help="peak learning rate (default: 1e-3)")
    adapt.add_argument("--seed", type=int, help="of pictures (default: 0)")
    adapt.add_argument("--encoder", default="pocket", metavar="NAME", help="see `counterpoint encoders`")
    adapt.add_argument("--weights", metavar="FILE", help="weights from a local file")
    adapt.add_argument("--layer", type=int, metavar="N", help="block of a ViT (default: three quarters of its depth)")
    adapt.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    adapt.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")

    sample = verbs.add_parser("sample", help="match the bundled sample and save the pictures")
    sample.add_argument(
        "--save", default="counterpoint-sample", metavar="FOLDER", help="where the pictures go (default: %(default)s)"
    )
    return parser


def _add_target_box(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target-box", action="append", default=[], type=box, metavar="X0,Y0,X1,Y1",
        help="the object in TARGET; may be given for every image in turn",
    )  # fmt: skip


def _add_encoder_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("encoder")
    group.add_argument(
        "--encoder", default="pocket", metavar="NAME", help="see `counterpoint encoders`; any timm ViT by name"
    )
    group.add_argument("--weights", metavar="FILE", help="weights from a local file")
    group.add_argument(
        "--adapter", metavar="FILE", help="made by `counterpoint adapt` or `train adapter` for this encoder; 3dcorrenhance: the published one"
    )  # fmt: skip
    group.add_argument("--layer", type=int, metavar="N", help="block of a ViT (default: three quarters of its depth)")
    group.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))


def _add_words_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("words")
    group.add_argument("--clip", metavar="ARCH:WEIGHTS", help='a CLIP model, as "ViT-B-16:FILE" or "ViT-B-16:openai"')
    group.add_argument("--dlign", metavar="FILE", help="made by `counterpoint train dlign` for this model")


def _add_lift_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how a shape is looked at")
    group.add_argument("--samples", type=positive, metavar="N", help="surface samples")
    group.add_argument("--views", type=positive, metavar="N", help="views in each of three rings")
    group.add_argument("--voxels", type=positive, metavar="N", help="one descriptor for each cell of an N x N x N grid")
    group.add_argument("--resolution", type=positive, metavar="PIXELS", help="side of a rendered view")
    group.add_argument(
        "--points", action="store_true", help="descriptors from the point encoder, without rendering: quick, less exact"
    )
    group.add_argument(
        "--up", choices=("x", "y", "z", "-x", "-y", "-z"), help="direction that points up (default: that of the format)"
    )
