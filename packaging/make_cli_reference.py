"""Writes resources/docs/cli.md from the command line's own parser: python packaging/make_cli_reference.py"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))


def reference() -> str:
    """Every verb and its options, as Markdown."""
    from app.cli.parser import verb_parser, window_parser

    lines = [
        "# The command line",
        "",
        "Made by `packaging/make_cli_reference.py`; do not edit.",
        "",
        "## counterpoint",
        "",
    ]
    lines += _table(window_parser([]))
    (verbs,) = (a for a in verb_parser()._actions if isinstance(a, argparse._SubParsersAction))
    said = {choice.dest: choice.help for choice in verbs._choices_actions}
    for name, parser in verbs.choices.items():
        lines += ["", f"## counterpoint {name}", "", f"{said[name][0].upper()}{said[name][1:]}.", "", *_table(parser)]
    return "\n".join(lines) + "\n"


def _table(parser: argparse.ArgumentParser) -> list[str]:
    rows = ["| argument | what it does |", "| --- | --- |"]
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        names = ", ".join(f"`{name}`" for name in action.option_strings) or f"`{action.metavar or action.dest}`"
        value = action.metavar if action.option_strings and action.nargs != 0 else None
        if value is None and action.choices and action.option_strings:
            value = "\\|".join(map(str, action.choices))
        elif action.choices and not action.option_strings:
            names += f": {', '.join(map(str, action.choices))}"
        shown = " ".join(value) if isinstance(value, tuple) else value
        shown = shown.replace("|", "\\|").replace("\\\\|", "\\|") if shown else shown
        text = (action.help or "") % {**vars(action), "prog": "counterpoint"} if action.help else ""
        rows.append(f"| {names}{f' {shown}' if shown else ''} | {text.replace('|', chr(92) + '|')} |")
    return rows


if __name__ == "__main__":
    (ROOT / "resources" / "docs" / "cli.md").write_text(reference())
