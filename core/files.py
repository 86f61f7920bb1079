"""Files written whole or not at all, and told apart by what is in them."""

import hashlib
import os
import tempfile
from pathlib import Path

from core.errors import CounterpointError


def write_atomic(path: str | Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        CounterpointError: the folder is missing, full or not writable.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CounterpointError(f"{path} cannot be written ({error.strerror}).") from error


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
