"""What the engine does to match places."""

from app.engine.cache import guided_pair, matchable_of, to_display
from app.shared.results import Answer
from app.shared.values import EncoderSettings, Guide, Item
from core.interchange.heatmaps import heat_range
from core.matching.corrections import match_corrected
from core.matching.location import Correspondence
from core.matching.matchable import MatchableShape
from core.progress import Progress


def prepare(progress: Progress, item: Item, encoder: EncoderSettings) -> None:
    """Encode an image or build a shape's field, so that queries are quick."""
    side = matchable_of(item, encoder, progress)
    if item.kind == "shape":
        to_display(item, encoder, side)
    progress(1.0, f"{item.name} is ready")


def query(
    progress: Progress,
    source: Item,
    targets: list[Item],
    at: tuple[float, ...],
    encoder: EncoderSettings,
    known: list[Guide | None],
    corrections: list[list[tuple[tuple[float, ...], tuple[float, ...]]]],
) -> list[Answer]:
    """Match one place of ``source`` with every target.

    ``known`` are the poses of the one in the other, and ``corrections`` the places that belong together, for every
    target.
    """
    answers = []
    for target, poses, right in zip(targets, known, corrections, strict=True):
        begin, end, prior = guided_pair(source, target, encoder, poses, progress)
        found = match_corrected(begin, end, at, [Correspondence(*one) for one in right], prior)
        if isinstance(end, MatchableShape):
            heat, box = to_display(target, encoder, end)(found.scores), None
        else:
            heat, box = end.heatmap(found.scores)
        low, high = heat_range(found.scores)
        answers.append(
            Answer(
                found.location,
                found.score,
                found.margin,
                found.cycle_error,
                found.verdict,
                found.rivals,
                heat,
                low,
                high,
                box,
                found.probability,
                found.reasons,
            )
        )
    return answers
