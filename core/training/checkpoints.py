"""Files of a training run: whole after a kill, and enough to go on to the same losses."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from core.errors import CounterpointError
from core.files import write_atomic


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint, whole or not at all; raises as :func:`core.files.write_atomic` does."""
    content = BytesIO()
    torch.save(state, content)
    write_atomic(path, content.getvalue())


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint.

    Raises:
        CounterpointError: missing or damaged.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CounterpointError(
            f"{path} holds no checkpoint to go on from; leave --resume out to start anew."
        ) from error
    return state


class Log:
    """One JSON object a line; on going on, lines after the checkpoint are dropped."""

    def __init__(self, path: Path, after: int):
        kept = path.read_text().splitlines() if after and path.exists() else []
        lines = [line for line in kept if line.endswith("}") and json.loads(line)["step"] <= after]
        write_atomic(path, "".join(line + "\n" for line in lines).encode())
        self._path = path

    def add(self, **values: Any) -> None:
        """Write a line."""
        with self._path.open("a") as file:
            file.write(json.dumps(values) + "\n")
