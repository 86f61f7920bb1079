"""How well verdicts are calibrated: whether of the answers called 80 % sure 80 % are right; and the fit of their models.

The models are fitted on every other photo of BOP data and on renders; the other photos and other seeds test them.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from core.alignment.verdict import doubted
from core.arrays import Floats
from core.benchmarks.bop import BopScene
from core.benchmarks.known_cases import KnownCase, photo_cases, render_cases
from core.benchmarks.report import Row, Tables
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.benchmarks.verdict_answers import AnswerCollector, KnownAnswer
from core.calibration import GOOD, NONE, Models, fit, probability, save
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import load_encoder
from core.geometry.sampling import spread
from core.matching.verdict import judge as judge_match
from core.parts.verdict import judge as judge_part
from core.progress import Progress, silent, span
from core.retrieval.verdict import judge_features as judge_search
from core.training.meshes import read_meshes
from core.training.procedural import HELD_OUT, Object3D, make_object

FEATURES = {
    "alike": ("score", "margin", "cycle", "object"),
    "alone": ("score", "margin", "cycle", "object"),
    "joint": ("score", "margin", "cycle", "object", "support", "views"),
    "guided": ("score", "margin", "cycle", "object", "support", "pose"),
    "part": ("overlap", "evidence", "decided", "marked", "views"),
    "pose": ("score", "similarity", "overlap", "lead", "mirror", "spread", "edges", "mask", "inliers", "size"),
    "mask": ("edges", "tight", "object", "size"),
    "search": ("similarity", "vector", "overlap"),
}
"""Features by the first word of the kind of answer."""

SCALED = {"score", "similarity", "margin", "views", "vector"}
"""Features whose scale depends on the encoder; what is said of encoders that were not measured goes without them."""

BINS = np.linspace(0, 1, 11)

FIT_SEED, TEST_SEED = 100, 900
"""Of the renders that models are fitted on, and of those that test them."""

ALIKE = 6
"""Pairs of pictures, and of shapes, that are matched with each other."""

VIEWS = 4
"""Pictures of each object that is rendered."""

GROUPS: dict[str, Callable[[str], bool]] = {
    "matches, picture to picture": lambda kind: kind == "alike to image",
    "matches, shape to shape": lambda kind: kind == "alike to shape",
    "matches, one pixel alone": lambda kind: kind.startswith("alone"),
    "matches, joint": lambda kind: kind.startswith("joint"),
    "matches, through poses": lambda kind: kind.startswith("guided"),
    "poses": lambda kind: kind == "pose",
    "parts": lambda kind: kind.startswith("part"),
    "masks": lambda kind: kind == "mask",
    "searches, by image": lambda kind: kind == "search by image",
    "searches, by shape": lambda kind: kind == "search by shape",
}
"""Which kinds of answers are counted together."""


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> Tables:
    """Measure the calibration of an encoder's verdicts on answers that they were not fitted on.

    Args:
        settings: ``data`` is "bop:PATH" (every second photo), "procedural" or "meshes:FOLDER" (renders of other seeds);
            ``count`` objects in pictures at most; ``pixels`` are not looked at.
        progress: told of every picture.

    Returns:
        A table of all kinds of answers, one of the reliability curve of each, and one of how well it is noticed that
        there is no counterpart.

    Raises:
        CounterpointError: no such encoder or data.
    """
    encoder = load_encoder(settings.encoder)
    collector = AnswerCollector(encoder)
    cases, total = _test_cases(settings)
    collector.run(cases, total, progress=progress)
    if not settings.data.startswith("bop"):
        collector.run_alike(ALIKE, TEST_SEED)
    return tables(collector.answers, probabilities(collector.answers, encoder.fingerprint))


def train(
    encoder: ImageEncoder,
    scene: BopScene | None,
    meshes: Sequence[Object3D],
    photos: str | None,
    out: str | Path,
    progress: Progress = silent,
    objects: int = 44,
    searched: Sequence[KnownAnswer] = (),
) -> dict[str, int]:
    """Fit the models of an encoder's verdicts and write them, see :func:`core.calibration.save`.

    Args:
        encoder: whose answers are judged.
        scene: photos with exact poses, every other one of which is used; or None.
        meshes: that are rendered before ``photos``, beside eight procedural objects.
        photos: a folder of photos, or None.
        out: the file; what it says of other encoders stays.
        progress: told of every picture.
        objects: in photos, at most.
        searched: searches of galleries (:func:`core.benchmarks.search_answers.fitting_answers`), which are answers too.

    Returns:
        The number of answers of each kind that the models were fitted on.
    """
    collector = AnswerCollector(encoder)
    if scene is not None:
        cases = _mixed(list(photo_cases(scene, scene.photos()[0::2])), objects)
        collector.run(cases, len(cases), progress=span(progress, 0.0, 0.55))
    items = [*meshes, *(make_object(HELD_OUT[7000 + number]) for number in range(8))]
    renders = render_cases(items, photos, VIEWS, FIT_SEED)
    collector.run(renders, VIEWS * len(items), progress=span(progress, 0.55, 1.0))
    collector.run_alike(ALIKE, FIT_SEED)
    answers = [*collector.answers, *searched]
    models, others = fit_models(answers)
    save(out, encoder.fingerprint, models, others)
    kinds = [answer.kind for answer in answers]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def _test_cases(settings: EvaluateSettings) -> tuple[Iterator[KnownCase] | list[KnownCase], int]:
    kind, place = parse_data(settings.data, TASKS["calibration"].data)
    if kind == "bop":
        scene = BopScene.open(place)
        cases = _mixed(list(photo_cases(scene, scene.photos()[1::2])), settings.count)
        return cases, len(cases)
    count = max(1, settings.count // VIEWS)
    items = read_meshes(place) if kind == "meshes" else [make_object(HELD_OUT[7500 + i]) for i in range(count)]
    items = [items[i] for i in spread(len(items), count)]
    return render_cases(items, None, VIEWS, TEST_SEED), VIEWS * len(items)


def _mixed(cases: list[KnownCase], count: int) -> list[KnownCase]:
    """Return some cases in an order that mixes objects and photos."""
    order = np.random.default_rng(0).permutation(len(cases))[:count]
    return [cases[i] for i in order]


def fit_models(answers: Sequence[KnownAnswer]) -> tuple[Models, Models]:
    """Fit models of all kinds of answers: with all features, and without those whose scale depends on the encoder."""
    found: list[Models] = []
    for without in (set[str](), SCALED):
        models: Models = {}
        for kind in sorted({answer.kind for answer in answers}, key=lambda name: name.startswith("guided")):
            names = tuple(name for name in FEATURES[kind.split()[0]] if name not in without)
            some = [answer for answer in answers if answer.kind == kind]
            sure = {id(one): _pose_odds(answers, one, models) for one in some if one.most >= 0}
            rows = [
                [
                    sure.get(id(one), one.features.get(name)) if name == "pose" else one.features.get(name)
                    for name in names
                ]
                for one in some
            ]
            models[kind] = fit(names, np.array(rows, np.float64), np.array([one.right for one in some]))
        found.append(models)
    return found[0], found[1]


def _pose_odds(answers: Sequence[KnownAnswer], one: KnownAnswer, models: Models) -> float:
    value = float(np.clip(models["pose"](answers[one.most].features), 0.01, 0.99))
    return float(np.log(value / (1 - value)))


def probabilities(answers: Sequence[KnownAnswer], encoder: str) -> Floats:
    """Return what the program says of every answer, float64 [N] in [0, 1], as it would say it to a user."""
    poses = {n: doubted(one.features, encoder).probability for n, one in enumerate(answers) if one.kind == "pose"}
    said = []
    for number, one in enumerate(answers):
        word, _, into = one.kind.partition(" to ")
        if word == "pose":
            said.append(poses[number])
        elif word == "mask":
            said.append(probability("mask", one.features, encoder))
        elif word.startswith("search"):
            said.append(judge_search(word, one.features, encoder).probability)
        elif word == "part":
            said.append(judge_part(into, one.features, encoder).probability)
        else:
            most, features = 1.0, one.features
            if one.most >= 0:
                most = poses[one.most]
                clipped = min(max(most, 0.01), 0.99)
                features = features | {"pose": float(np.log(clipped / (1 - clipped)))}
            said.append(judge_match(one.kind, features, encoder, most).probability)
    return np.array(said)


def tables(answers: Sequence[KnownAnswer], said: Floats) -> Tables:
    """Return the tables of :func:`evaluate` for answers and what was said of them, float [N]."""
    right = np.array([one.right for one in answers])
    trap = np.array([one.trap for one in answers])
    summary, curves, missing = [], {}, []
    for name, belongs in GROUPS.items():
        chosen = np.array([belongs(one.kind) for one in answers])
        if not chosen.any():
            continue
        p, y = said[chosen], right[chosen]
        good = p >= GOOD
        summary.append(
            {
                "answers": name,
                "number": len(p),
                "right": float(y.mean()),
                "error": calibration_error(p, y),
                "by chance": chance_error(p),
                "good": float(good.mean()),
                "right of good": float(y[good].mean()) if good.any() else float("nan"),
                "none": float((p < NONE).mean()),
                "wrong of none": float(1 - y[p < NONE].mean()) if (p < NONE).any() else float("nan"),
            }
        )
        curves[f"reliability, {name}"] = reliability(p, y)
        for why in sorted(set(trap[chosen]) - {""}):
            there, not_there = p[trap[chosen] == ""], p[trap[chosen] == why]
            row = {"asked": f"{name}: {why}", "number": len(not_there), "AUC": auc(there, not_there)}
            missing.append(
                row
                | {"called none": float((not_there < NONE).mean()), "called good": float((not_there >= GOOD).mean())}
            )
    return {"verdicts": summary, **curves, **({"no counterpart": missing} if missing else {})}


def reliability(said: Floats, right: npt.NDArray[np.bool_]) -> list[Row]:
    """Return the reliability curve: in each tenth of probability what was said on average, and how much was right.

    ``said`` are probabilities float [N], ``right`` is bool [N].
    """
    rows = []
    for low, high in pairwise(BINS):
        here = (said >= low) & ((said < high) | (high == 1))
        if here.any():
            name = f"{100 * low:.0f} to {100 * high:.0f} %"
            rows.append(
                {
                    "said": name,
                    "number": int(here.sum()),
                    "mean": float(said[here].mean()),
                    "right": float(right[here].mean()),
                }
            )
    return rows


def calibration_error(said: Floats, right: npt.NDArray[np.bool_]) -> float:
    """Return the expected calibration error (Guo et al., ICML 2017, Eq. 5) over ten bins of equal width.

    ``said`` are probabilities float [N], ``right`` is bool [N].
    """
    return float(sum(row["number"] * abs(row["mean"] - row["right"]) for row in reliability(said, right)) / len(said))


def chance_error(said: Floats, draws: int = 100) -> float:
    """Return the calibration error that exact probabilities ``said`` float [N] would have, as so few answers scatter.

    It is the mean over answers that are drawn to be right independently of each other with just these probabilities.
    """
    rng = np.random.default_rng(0)
    return float(np.mean([calibration_error(said, rng.random(len(said)) < said) for _ in range(draws)]))


def auc(higher: Floats, lower: Floats) -> float:
    """Return the area under the ROC curve: how often one of ``higher`` [n] exceeds one of ``lower`` [m]; ties are half."""
    ranks = rankdata(np.concatenate([higher, lower]))
    n, m = len(higher), len(lower)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / max(n * m, 1)) if n and m else float("nan")
