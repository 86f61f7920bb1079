"""The options of ``counterpoint encoders``."""

from dataclasses import dataclass

from app.cli.options.groups import JsonOptions


@dataclass(frozen=True, kw_only=True)
class EncodersOptions(JsonOptions):
    """No options but that of the report."""
