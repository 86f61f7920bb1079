"""A few damaged files of every kind in each run; tests/soak/fuzz.py does it at length, with bounded memory."""

import time
from pathlib import Path

import numpy as np
import pytest

from core.errors import CounterpointError
from tests.soak.corpus import damage, repacked, seeds
from tests.soak.published import outcomes

COUNT = 40


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return seeds(tmp_path_factory.mktemp("seeds"))


@pytest.mark.parametrize("number", range(35))
def test_damaged_files_open_or_are_refused_with_a_sentence(number: int, corpus: list, tmp_path: Path) -> None:
    assert len(corpus) == 35
    path, load = corpus[number]
    load(path)
    good, rng = path.read_bytes(), np.random.default_rng(number)
    refused = 0
    for attempt in range(COUNT):
        inside = path.suffix in (".npz", ".counterpoint") and attempt % 2
        path.write_bytes(repacked(good, rng, tmp_path / "scratch") if inside else damage(good, rng))
        begin = time.perf_counter()
        try:
            load(path)
        except CounterpointError as error:
            refused += 1
            assert str(error).endswith((".", ").")), error
        assert time.perf_counter() - begin < 5
    path.write_bytes(good)
    assert refused


def test_two_readers_agree_on_the_sample(sample, tmp_path):
    """What ``tests/soak/published.py`` does with the files of others, on ours and on one that is none."""
    (tmp_path / "none.obj").write_text("nothing")
    files = [sample["image"], sample["shape"], tmp_path / "none.obj"]
    found = [outcome for _, outcome, _ in outcomes(files)]
    assert [kind for kind, _ in found] == ["same", "same", "refused"] and "none.obj" in found[2][1]
