"""Writes resources/docs/cli.md from the options of the verbs: ``python packaging/make_cli_reference.py``."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))


def reference() -> str:
    """Every verb and its options, as Markdown."""
    from app.cli.arguments import make_parser
    from app.cli.main import VERBS, options_of, window_parser

    lines = [
        "# The command line",
        "",
        "Made by `packaging/make_cli_reference.py`; do not edit.",
        "",
        "## counterpoint",
        "",
        *_table(window_parser()),
    ]
    for name, said in VERBS.items():
        table = _table(make_parser(name, options_of(name)))
        lines += ["", f"## counterpoint {name}", "", f"{said[0].upper()}{said[1:]}.", "", *table]
    return "\n".join(lines) + "\n"


def _table(parser: argparse.ArgumentParser) -> list[str]:
    rows = ["| argument | what it does |", "| --- | --- |"]
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        names = ", ".join(f"`{name}`" for name in action.option_strings) or f"`{action.metavar or action.dest}`"
        value = action.metavar if action.option_strings and action.nargs != 0 else None
        if value is None and action.choices and action.option_strings:
            value = "|".join(map(str, action.choices))
        elif action.choices and not action.option_strings:
            names += f": {', '.join(map(str, action.choices))}"
        shown = " ".join(value) if isinstance(value, tuple) else value
        cells = (f"{names}{f' {shown}' if shown else ''}", action.help or "")
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return rows


if __name__ == "__main__":
    (ROOT / "resources" / "docs" / "cli.md").write_text(reference())
