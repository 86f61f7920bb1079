"""The real window for those tests that need one."""

from tests.e2e.conftest import engines, open_sample, opened, own_data, wait_ready, window

__all__ = ["engines", "open_sample", "opened", "own_data", "wait_ready", "window"]
