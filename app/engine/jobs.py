"""The jobs that the window can ask the engine for, by name."""

from collections.abc import Callable
from typing import Any

from app.engine import align, collection, encoder, gallery, matching, parts

JOBS: dict[str, Callable[..., Any]] = {
    **matching.JOBS,
    **parts.JOBS,
    **align.JOBS,
    **gallery.JOBS,
    **collection.JOBS,
    **encoder.JOBS,
}
