"""Open3D loads also while other threads load modules."""

from importlib import import_module

import pytest

from core.geometry import open3d_import


def test_a_list_of_modules_that_grows_meanwhile_is_gone_through_again(monkeypatch):
    left = [RuntimeError("dictionary changed size during iteration")] * 2

    def load(name):
        if left:
            raise left.pop()
        return import_module(name)

    monkeypatch.setattr(open3d_import, "import_module", load)
    assert open3d_import._load() is open3d_import.o3d
    left.append(RuntimeError("another"))
    with pytest.raises(RuntimeError, match="another"):
        open3d_import._load()
