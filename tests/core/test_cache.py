"""The disk cache: it stays below its limit, and what is used stays."""

import torch

from core.fields import cache


def test_the_cache_stays_below_its_limit(monkeypatch, tmp_path):
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(tmp_path))
    monkeypatch.setattr(cache, "LIMIT_BYTES", 50_000)
    sizes = []
    for number in range(40):
        cache.write(str(number), {"a": torch.full((1000,), float(number))})
        assert cache.read("0") is not None  # which makes it the last that was used
        sizes.append(sum(file.stat().st_size for file in tmp_path.iterdir()))
    assert 30_000 < max(sizes) <= 52_000
    stored = cache.read("39")
    assert stored is not None and stored["a"].unique().tolist() == [39.0]
    assert cache.read("1") is None


def test_what_another_process_wrote_counts(monkeypatch, tmp_path):
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(tmp_path))
    for number in range(10):
        (tmp_path / f"{number}.safetensors").write_bytes(bytes(6_000))
    monkeypatch.setattr(cache, "LIMIT_BYTES", 50_000)
    cache.write("mine", {"a": torch.ones(1000)})
    assert cache.read("mine") is not None
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 50_000
