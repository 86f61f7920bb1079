"""The verb train; what it learns is in tests/core/test_training.py."""

import pytest

from tests.verb import verb


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pocket", "--size", 50], "multiple of 32"),
        (["pocket", "--tokens", "math:sqrt"], "belongs to tango"),
        (["tango", "--tokens", "nowhere:function"], "nowhere:function cannot be imported"),
        (["pocket", "--data", "{folder}"], "has no shapes"),
        (["adapter", "--data", "{folder}"], "has no shapes"),
        (["dlign"], "CLIP"),
        (["dlign", "--clip", "ViT-B-16:none", "--controlnet", "net"], "CONTROLNET,BASE"),
        (["nonsense"], "invalid choice"),
    ],
)
def test_what_cannot_be_trained_is_said(arguments, words, tmp_path):
    (tmp_path / "empty").mkdir()
    given = [str(one).format(folder=tmp_path / "empty") for one in arguments]
    done = verb("train", *given, "-o", tmp_path / "out", "--device", "cpu")
    assert done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1 and done.stdout == ""
