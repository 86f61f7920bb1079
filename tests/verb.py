"""The command line in this process: what a process of its own does, without the seconds that starting one takes."""

import io
from contextlib import redirect_stderr, redirect_stdout
from types import SimpleNamespace

from app.cli.main import main


def verb(*arguments) -> SimpleNamespace:
    """``returncode``, ``stdout`` and ``stderr`` as of ``subprocess.run``."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse
            code = end.code or 0
    return SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())
