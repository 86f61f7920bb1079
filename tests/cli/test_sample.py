"""The verb sample."""

from tests.verb import verb


def test_sample_writes_pictures(tmp_path):
    done = verb("sample", "--save", tmp_path / "out")
    assert done.returncode == 0 and str(tmp_path / "out") in done.stdout
    assert {p.suffix for p in (tmp_path / "out").iterdir()} == {".png", ".ply"}
