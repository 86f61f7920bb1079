"""Files: checked before they are read, written whole or not at all, and told apart by what is in them."""

import errno
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs

from core.errors import CounterpointError

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space or choose another place",
    errno.EDQUOT: "your quota of the disk is used up; free some space or choose another place",
    errno.EROFS: "it is on a read-only file system; choose another place",
    errno.EACCES: "permission is denied; choose another place or change its permissions",
    errno.EPERM: "permission is denied; choose another place or change its permissions",
    errno.ENAMETOOLONG: "the name is longer than the file system allows; choose a shorter one",
    errno.ELOOP: "it is a link that leads back to itself; choose another name",
    errno.ENOTDIR: "a part of its path is a file and not a folder; choose another place",
    errno.EISDIR: "it is a folder; give the name of a file",
    errno.EEXIST: "a file of this name is in the way; choose another name",
    errno.EFBIG: "it would be larger than the file system allows; choose another place",
}


_STAND_INS = (
    (b"version https://git-lfs", "only says where Git LFS keeps the real file; fetch that with: git lfs pull"),
    (b"/annex/objects/", "only says where git-annex keeps the real file; fetch that with: git annex get"),
    (b"../.git/annex/objects/", "only says where git-annex keeps the real file; fetch that with: git annex get"),
    (b"<!doctype html", "is a web page, perhaps one that asks to sign in; download the file itself"),
    (b"<html", "is a web page, perhaps one that asks to sign in; download the file itself"),
    (b"<?xml version=\"1.0\" encoding=\"utf-8\"?><error>", "is the answer of a server that refused the download; download it again"),
    (b"\x1f\x8b", "is packed (gzip); unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "is packed (7-Zip); unpack it first"),
    (b"rar!\x1a\x07", "is packed (RAR); unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is packed (zstd); unpack it first"),
    (b"\xfd7zxz\0", "is packed (xz); unpack it first"),
)  # fmt: skip
"""How files begin that stand in the place of others, in small letters, and what to do about them."""


def check_file(path: str | Path) -> Path:
    """``path`` as a readable file that is what its name says, as far as the first bytes tell.

    Raises:
        CounterpointError: missing, a folder, a pipe, empty or not permitted; or it stands in the place of another: a
            pointer of Git LFS, the web page of a download that failed, something packed.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise CounterpointError(f"{path.name} is a folder; choose a file in it.")
        if not path.exists():
            raise CounterpointError(f"{path} does not exist; check the name.")
        if not path.is_file():
            raise CounterpointError(f"{path.name} is not a regular file (a pipe or a device); choose a file.")
        with path.open("rb") as file:
            head = file.read(128)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CounterpointError(f"{path.name} cannot be read ({reason}); check its name and permissions.") from error
    if not head:
        raise CounterpointError(f"{path.name} is empty (0 bytes); choose another file.")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().replace(b"\n", b"").replace(b"\r", b"").lower()
    for sign, what in _STAND_INS:
        if start.startswith(sign):
            raise CounterpointError(f"{path.name} {what}.")
    return path


def cache_dir() -> Path:
    """Return the folder that caches are kept in: $COUNTERPOINT_CACHE, or the user's cache folder."""
    return Path(os.environ.get("COUNTERPOINT_CACHE") or platformdirs.user_cache_dir("counterpoint", appauthor=False))


def read_json(path: str | Path) -> Any:
    """The content of a JSON file in UTF-8, with or without a byte order mark, or in UTF-16.

    Raises:
        CounterpointError: it cannot be read, or is not JSON.
    """
    path = check_file(path)
    try:
        return json.loads(path.read_bytes(), object_pairs_hook=_unrepeated)
    except (OSError, ValueError, RecursionError) as error:
        raise CounterpointError(f"{path.name} is damaged or not JSON ({error}).") from error


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A record of JSON; of a name that it gives twice, programs take the first or the last."""
    made = dict(pairs)
    if len(made) < len(pairs):
        for key, value in pairs:
            if made[key] != value:
                raise ValueError(f"it gives '{key}' twice and not the same, keep one of them")
    return made


def write_json(path: str | Path, content: Any, indent: int | None = None) -> None:
    """Write plain values as JSON, whole or not at all; raises as :func:`write_atomic` does."""
    write_atomic(path, (json.dumps(content, indent=indent) + "\n").encode())


def make_folder(path: str | Path) -> Path:
    """Make a folder and those above it where they are missing.

    Raises:
        CounterpointError: it cannot be made, or is a file.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise CounterpointError(f"The folder {path} cannot be made: {_reason(error)}.") from error
    return path


def write_atomic(path: str | Path, content: bytes) -> None:
    """Write a file whole or not at all.

    A symbolic link stays and its target is written. A file that is there keeps its mode and, where that is permitted,
    its owner; a new one gets the mode that the umask gives. Pipes and devices are written to directly.

    Raises:
        CounterpointError: the folder is missing, full or not writable, or the file is protected or a folder.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.is_symlink():
            raise OSError(errno.ELOOP, "")
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "")
        if not target.parent.is_dir() and not target.parent.exists():
            raise _no_folder(path, target)
        if Path(path).exists() and not Path(path).is_file():
            Path(path).write_bytes(content)
        else:
            _replace(target, content)
    except (OSError, ValueError) as error:
        raise CounterpointError(f"{path} cannot be written: {_reason(error)}.") from error


def check_place(path: str | Path) -> None:
    """Refuse, before the work, a place where :func:`write_atomic` could not write a file.

    Raises:
        CounterpointError: it is a folder, or the folder that it is in is missing or protected.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise CounterpointError(f"{path} cannot be written: {_REASONS[errno.EISDIR]}.")
    if not target.parent.is_dir():
        if target.parent.exists():
            raise CounterpointError(f"{path} cannot be written: {_REASONS[errno.ENOTDIR]}.")
        raise _no_folder(path, target)
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise CounterpointError(f"{path} cannot be written: {_REASONS[errno.EACCES]}.")


def _no_folder(path: str | Path, target: Path) -> CounterpointError:
    return CounterpointError(
        f"{path} cannot be written: the folder {target.parent} does not exist; make it or choose another place."
    )


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Give the place to write a file to that becomes ``path`` at the end of ``with``, and goes if anything is raised.

    It is for what can only write to a file itself; :func:`write_atomic` is for bytes.
    """
    with _beside(path) as beside:
        yield beside
        os.replace(beside, path)


@contextmanager
def made_once(path: Path) -> Iterator[Path]:
    """Give the place to write a new file to that becomes ``path`` at the end of ``with``, unless another process made it first.

    What the other process made stays, so that both go on with the same file; ours goes then, and if anything is raised.
    """
    with _beside(path) as beside:
        yield beside
        try:
            os.link(beside, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            os.replace(beside, path)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Give a name in the same folder that no other process has; what is there at the end goes."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        yield beside
    finally:
        beside.unlink(missing_ok=True)


def save_mesh(path: str | Path, mesh: Any) -> None:
    """Write a mesh of trimesh in the format of the suffix, whole or not at all.

    Raises:
        CounterpointError: trimesh does not write this format, or the file cannot be written.
    """
    kind = Path(path).suffix.lower().lstrip(".")
    try:
        content = mesh.export(file_type=kind)
    except (KeyError, ValueError) as error:
        raise CounterpointError(f"{Path(path).name} cannot be written as '.{kind}'; use .ply, .glb or .obj.") from error
    write_atomic(path, content.encode() if isinstance(content, str) else content)


def _replace(target: Path, content: bytes) -> None:
    before = target.stat() if target.exists() else None
    if before is not None and not os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, "")
    beside = target.parent / f".counterpoint-{secrets.token_hex(8)}"
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if before is not None:
            _keep_owner_and_mode(beside, before)
        os.replace(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _keep_owner_and_mode(path: Path, before: os.stat_result) -> None:
    now = path.stat()
    if hasattr(os, "chown") and (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        try:
            os.chown(path, before.st_uid, before.st_gid)
        except PermissionError:
            pass  # only the owner of the system may give files away
    os.chmod(path, before.st_mode & 0o7777)


def _reason(error: OSError | ValueError) -> str:
    number = getattr(error, "errno", None)
    return _REASONS.get(number or 0) or getattr(error, "strerror", None) or str(error)


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
