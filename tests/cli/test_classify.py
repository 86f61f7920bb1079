"""The verb classify."""

from tests.verb import verb


def test_words_without_clip_are_refused(sample):
    unnamed = verb("classify", sample["shape"], "--labels", "a,b")
    assert unnamed.returncode == 2 and "CLIP" in unnamed.stderr and unnamed.stdout == ""
