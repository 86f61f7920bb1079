"""Which entry of a file is meant: by the names of photos and shapes, and the numbers in them."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

from core.errors import CounterpointError
from core.notices import warn


def number_of(name: str) -> int | None:
    """The number of a photo or an object in its file's name: 3 of ``000003.png``, 8 of ``obj_000008_v2.ply``; None where there is none.

    It is the one of most digits, of several that are as long the last.
    """
    found = re.findall(r"\d+", _path(name).stem)
    return int(max(reversed(found), key=len)) if found else None


def matches(name: str, wanted: str) -> int:
    """How much two names of photos agree: the parts of their paths that are the same from the end; suffixes may be missing.

    0 where the last parts differ.
    """
    one, other = _path(name), _path(wanted)
    if one.name != other.name and (one.stem != other.stem or (one.suffix and other.suffix)):
        return 0
    count = 1
    for a, b in zip(reversed(one.parts[:-1]), reversed(other.parts[:-1]), strict=False):
        if a != b:
            break
        count += 1
    return count


def say_other_folder(name: str, wanted: str, file: str) -> None:
    """Warn where a photo of a file was taken for another of the same name in another folder."""
    if 0 < matches(name, wanted) < min(len(_path(name).parts), len(_path(wanted).parts)):
        warn(f"{file} is about {name}, which was taken for {wanted}, in another folder.")


def picked(names: Sequence[str], wanted: str | None, where: str) -> int:
    """The place among ``names`` of the one that is wanted; of a single one that one, whatever it is called.

    ``where`` begins the sentence that is said otherwise.

    Raises:
        CounterpointError: none agrees, or several as well.
    """
    if len(names) == 1:
        return 0
    scores = [matches(name, wanted) if wanted else 0 for name in names]
    best = max(scores, default=0)
    if best and scores.count(best) == 1:
        say_other_folder(names[scores.index(best)], wanted or "", where.split(" has ")[0])
        return scores.index(best)
    raise CounterpointError(f"{where} {listed(names)}; none is {wanted or 'chosen'}." if not best else
                            f"{where} {listed(names)}; {wanted} may be several of them: give its folder too.")  # fmt: skip


def nearest_name(names: Sequence[str], wanted: str) -> str | None:
    """The one of ``names`` that agrees most with a path; None where none does, or several do as much."""
    scores = [matches(name, wanted) for name in names]
    best = max(scores, default=0)
    return names[scores.index(best)] if best and scores.count(best) == 1 else None


def short_names(names: Sequence[str]) -> list[str]:
    """Each name by as few of its last parts as no other name shares: ``1.png``, or ``cam0/1.png`` beside ``cam1/1.png``."""
    parts = [_path(name).parts for name in names]
    short = []
    for own in parts:
        count = next(n for n in range(1, len(own) + 1) if n == len(own) or sum(p[-n:] == own[-n:] for p in parts) == 1)
        short.append("/".join(own[-count:]))
    return short


def file_stems(paths: Sequence[str]) -> list[str]:
    """A name without suffix for what is written about each photo: the photo's own, and as much more of its path as tells it from others."""
    whole = [name.replace("/", "-") for name in short_names(paths)]
    own = [PurePosixPath(name).stem for name in whole]
    names = [stem if own.count(stem) == 1 else name for stem, name in zip(own, whole, strict=True)]
    return names if len(set(names)) == len(names) else [f"{number:03d}-{name}" for number, name in enumerate(names)]


def listed(values: Sequence[object], most: int = 8) -> str:
    """The values for a sentence, the first of many."""
    names = [str(value) for value in values]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _path(name: str) -> PurePosixPath:
    return PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/"))
