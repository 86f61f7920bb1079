"""How probable it is that an answer is right: small logistic regressions on what was measured about the answer.

They are fitted on answers whose truth is known (``counterpoint train verdicts``), one set for each encoder, and kept in
``resources/weights/verdicts.json``. All features are written so that more is better, and no weight is below zero: an
answer never becomes surer because it fits worse.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.errors import CounterpointError
from core.files import write_json

Verdict = Literal["good", "unsure", "none"]

FILE = Path(__file__).parents[1] / "resources" / "weights" / "verdicts.json"

GOOD, NONE = 0.8, 0.25
"""An answer is good from the first probability on, and there is probably none below the second."""

SMALL = 30.0
"""No answer about an object of a photo that is smaller is good (the root of its area, in pixels): none of eleven poses was right
where they were measured, and what shows no more resembles much that it is not."""

ANY = "any"
"""The models for encoders that were not measured; they know no feature whose scale depends on the encoder."""

CAUTIOUS = 0.79
"""The most that is said of an encoder that was not measured."""

USUAL = 0.3
"""The weight of a feature of which nothing is known, in log odds for a standard deviation."""

COSTS = 0.3
"""A feature is named as a reason for doubt if it costs more log odds than this."""

SOUGHT = "sought"
"""The reason of what goes through an object that nobody pointed at."""

ASSUMED = "assumed"
"""The reason of a pose for whose photo a field of view was assumed; clicks through it are as sure as with any other."""

REASONS = {
    ASSUMED: "the photo's camera is not known for sure, so the distance is a guess",
    "background": "the place looks like background, not like the object",
    "camera": "the picture fits another focal length better",
    "chance": "so much is marked that matching back says little",
    "cycle": "matching back from there does not lead to the start",
    "edges": "the outline does not follow the edges in the picture",
    "encoder": "how often this encoder is right is not known",
    "hidden": "the place is probably on the side turned away from the camera",
    "mirror": "left and right look alike",
    "mask": "the object could not be cut out well",
    "misfit": "the silhouette does not fit the object well",
    "nothing": "nothing of the shape is there",
    "other": "the photo may show another object",
    "outside": "outside the object",
    "pose": "the pose it was found through is not sure",
    "rival": "another pose fits nearly as well",
    "rivals": "other places look alike",
    "similar": "what is there looks different",
    "votes": "the pictures that vote do not agree on it",
    "unposed": "no pose that was looked for confirms it",
    "unseen": "from there it looks the same after some turns",
    SOUGHT: "the object has no box and was looked for",
    "small": "the object is small in the photo",
    "silhouette": "the silhouette of what was found is another",
    "unlike": "what was found looks different from every side",
    "whole": "what was found is little alike as a whole",
}
"""Why an answer is doubted, a clause for each word."""


@dataclass(frozen=True)
class Logistic:
    """A logistic regression with weights of at least 0.

    Attributes:
        names: of the K features.
        mean, scale: by which features are centred and divided, K numbers each.
        weights: of the standardised features, K numbers.
        bias: of the log odds.
    """

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def __call__(self, features: Mapping[str, float]) -> float:
        """Return the probability in [0, 1] of an answer with these features; one that is missing counts as usual."""
        return float(_sigmoid(self._standardised(features) @ np.asarray(self.weights) + self.bias))

    def doubts(self, features: Mapping[str, float]) -> list[str]:
        """Return the names of the features that speak against an answer, the worst first.

        They are those that cost log odds, compared with a feature that is better than usual by its standard deviation;
        where none costs much, the worst.
        """
        lost = np.asarray(self.weights) * (1 - self._standardised(features))
        known = [i for i in np.argsort(-lost) if np.isfinite(features.get(self.names[i], np.nan)) and lost[i] > 0]
        return [self.names[i] for i in known if lost[i] > COSTS] or [self.names[i] for i in known[:1]]

    def _standardised(self, features: Mapping[str, float]) -> Floats:
        row = np.array([features.get(name, np.nan) for name in self.names], np.float64)
        usual = (np.where(np.isfinite(row), row, self.mean) - self.mean) / np.asarray(self.scale)
        return np.asarray(np.clip(usual, -4, 4))


Models = dict[str, Logistic]
"""By the kind of answer."""


def probability(kind: str, features: Mapping[str, float], encoder: str, file: Path = FILE) -> float:
    """Return how probable it is that an answer is right, in [0, 1].

    Args:
        kind: of the answer, such as "pose".
        features: what was measured about it, by name.
        encoder: the fingerprint of the encoder; an adapted encoder is judged as what it is made of.
        file: of the models.
    """
    value = _model(kind, encoder, file)(features)
    return value if is_known(encoder, file) else min(CAUTIOUS, value)


def per_cent(share: float) -> str:
    """What people read of a probability, such as ``55%``; nothing is ever called certain."""
    return f"{min(share, 0.99):.0%}"


def doubts(kind: str, features: Mapping[str, float], encoder: str, file: Path = FILE) -> list[str]:
    """Return the names of the features that speak against an answer, see :meth:`Logistic.doubts`."""
    return _model(kind, encoder, file).doubts(features)


def _model(kind: str, encoder: str, file: Path) -> Logistic:
    every = load(file)
    return {**every[ANY], **every.get(encoder.partition("+")[0], {})}[kind]


def is_known(encoder: str, file: Path = FILE) -> bool:
    """Return whether answers with the encoder of this fingerprint were compared with the truth."""
    return encoder.partition("+")[0] in load(file)


def verdict_of(value: float) -> Verdict:
    """Return the verdict on an answer of a probability; one that is not known (NaN) is unsure."""
    return "good" if value >= GOOD else "none" if value < NONE else "unsure"


def fit(names: Sequence[str], rows: Floats, right: npt.NDArray[np.bool_], penalty: float = 2.0) -> Logistic:
    """Fit a logistic regression with weights of at least 0 (L-BFGS-B on the penalised log likelihood).

    Each weight is drawn to ``USUAL``, since every feature is there because it ought to tell right from wrong; with many
    answers this does not matter.

    Args:
        names: of the K features.
        rows: float [N, K], NaN where a feature is not known.
        right: bool [N], which answers are right.
        penalty: half of it times the squared differences of the weights from the usual is added to the loss of all
            answers.
    """
    from scipy.optimize import minimize

    known = np.isfinite(rows)
    mean = np.where(known, rows, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    filled = np.where(np.isfinite(rows), rows, mean)
    scale = np.maximum(filled.std(axis=0), 1e-3)
    usual = USUAL * known.any(axis=0)
    x, y = np.clip((filled - mean) / scale, -4, 4), right.astype(np.float64)

    def loss(theta: Floats) -> tuple[float, Floats]:
        odds = x @ theta[:-1] + theta[-1]
        away, error = theta[:-1] - usual, _sigmoid(odds) - y
        value = (np.logaddexp(0, odds) - y * odds).sum() + penalty / 2 * (away**2).sum() + theta[-1] ** 2 / 20
        return float(value), np.append(x.T @ error + penalty * away, error.sum() + theta[-1] / 10)

    bounds = [(0, None)] * len(names) + [(None, None)]
    theta = minimize(loss, np.append(usual, 0.0), jac=True, bounds=bounds, method="L-BFGS-B").x
    centre, spread, weights = (tuple(float(round(v, 5)) for v in values) for values in (mean, scale, theta[:-1]))
    return Logistic(tuple(names), centre, spread, weights, round(float(theta[-1]), 5))


@lru_cache(4)
def load(file: Path = FILE) -> dict[str, Models]:
    """Read models by the fingerprint of the encoder, see :func:`save`.

    Raises:
        CounterpointError: there is no such file, or it holds something else.
    """
    try:
        content = json.loads(Path(file).read_text())
        return {
            encoder: {kind: Logistic(**_tuples(one)) for kind, one in models.items()}
            for encoder, models in content.items()
        }
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CounterpointError(f"{Path(file).name} holds no models of verdicts ({error}).") from None


def save(file: str | Path, encoder: str, models: Models, others: Models) -> None:
    """Write the models of an encoder, and ``others`` for encoders that were not measured, into a file.

    What it says of more encoders stays.

    Args:
        file: JSON, made where it is not there.
        encoder: the fingerprint.
        models: by kind of answer.
        others: the same without the features whose scale depends on the encoder.
    """
    file = Path(file)
    content = json.loads(file.read_text()) if file.exists() else {}
    content |= {
        name: {kind: asdict(one) for kind, one in some.items()} for name, some in ((encoder, models), (ANY, others))
    }
    write_json(file, content, indent=1)
    load.cache_clear()


def _tuples(one: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in one.items()}


def _sigmoid(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -60, 60))))
