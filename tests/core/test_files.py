"""Files are written whole or not at all, through links, with their modes, and what goes wrong is one sentence."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import CounterpointError
from core.files import check_place, make_folder, read_json, write_atomic, write_json
from core.geometry.formats import SHAPE_SUFFIXES
from core.images import load_image, save_image
from core.interchange.names import file_stems

ROOT = os.geteuid() == 0


@pytest.fixture
def user(tmp_path: Path) -> Iterator[Path]:
    """A folder, seen by a user who is not root."""
    if ROOT:
        for folder in (tmp_path, *list(tmp_path.parents)[:2]):
            folder.chmod(0o755)
        os.chown(tmp_path, 65534, 65534)
        os.seteuid(65534)
    yield tmp_path
    if ROOT:
        os.seteuid(0)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "a.txt", tmp_path / "link.txt"
    target.write_bytes(b"old")
    link.symlink_to(Path("real") / "a.txt")
    (tmp_path / "second").symlink_to("link.txt")
    (tmp_path / "folder").symlink_to("real")
    for path, content in ((link, b"1"), (tmp_path / "second", b"2"), (tmp_path / "folder" / "a.txt", b"3")):
        write_atomic(path, content)
        assert target.read_bytes() == content
    assert link.is_symlink() and (tmp_path / "second").is_symlink() and (tmp_path / "folder").is_symlink()
    (tmp_path / "to come").symlink_to("real/b.txt")
    write_atomic(tmp_path / "to come", b"new")
    assert (tmp_path / "real" / "b.txt").read_bytes() == b"new" and (tmp_path / "to come").is_symlink()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(CounterpointError, match="loop"):
        write_atomic(tmp_path / "loop", b"")
    assert sorted(p.name for p in (tmp_path / "real").iterdir()) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("given", [0o600, 0o640, 0o664, 0o755])
def test_modes_are_kept_and_new_files_follow_the_umask(given: int, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"")
    path.chmod(given)
    write_atomic(path, b"more")
    assert mode(path) == given and path.read_bytes() == b"more"
    before = os.umask(0o027)
    try:
        write_atomic(tmp_path / "new", b"")
    finally:
        os.umask(before)
    assert mode(tmp_path / "new") == 0o640


@pytest.mark.skipif(not ROOT, reason="only root may give files away")
def test_the_owner_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"")
    os.chown(path, 1234, 4321)
    write_atomic(path, b"more")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, ".hidden", "with blank", "-", "ä\n"])
def test_any_name_that_the_file_system_takes(name: str, tmp_path: Path) -> None:
    write_atomic(tmp_path / name, b"1")
    write_atomic(tmp_path / name, b"2")
    assert (tmp_path / name).read_bytes() == b"2" and len(list(tmp_path.iterdir())) == 1


def refused(path: Path | str, words: str) -> None:
    with pytest.raises(CounterpointError, match=words) as caught:
        write_atomic(path, b"content")
    assert str(caught.value).endswith(".") and "Errno" not in str(caught.value)


def test_what_goes_wrong_is_said(tmp_path: Path) -> None:
    refused(tmp_path / ("x" * 256), "longer than")
    refused(tmp_path / "none" / "a", "does not exist; make it")
    refused(tmp_path, "it is a folder")
    (tmp_path / "file").write_bytes(b"")
    refused(tmp_path / "file" / "a", "file and not a folder")
    refused("/proc/a", "proc")
    refused("a\0b", "null")
    if Path("/dev/full").exists():
        refused("/dev/full", "disk is full")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_user_who_may_not_write(user: Path) -> None:
    write_atomic(user / "a", b"old")
    (user / "a").chmod(0o444)
    refused(user / "a", "permission is denied")
    assert (user / "a").read_bytes() == b"old"
    (user / "folder").mkdir()
    (user / "folder").chmod(0o555)
    refused(user / "folder" / "a", "permission is denied")
    with pytest.raises(CounterpointError, match="permission is denied"):
        make_folder(user / "folder" / "below")
    (user / "folder").chmod(0o755)


def test_devices_and_pipes_are_written_to(tmp_path: Path) -> None:
    write_atomic("/dev/null", b"content")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_atomic(tmp_path / "pipe", b"content")
    assert os.read(reader, 100) == b"content" and stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    os.close(reader)


def test_json_and_folders(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    assert make_folder(tmp_path / "a" / "b").is_dir()
    write_json(tmp_path / "a" / "b" / "c.json", {"ä": [1, None]}, indent=1)
    assert read_json(tmp_path / "a" / "b" / "c.json") == {"ä": [1, None]}
    (tmp_path / "bom.json").write_bytes(b"\xef\xbb\xbf[1]")
    assert read_json(tmp_path / "bom.json") == [1]
    for content in (b"{", b"\xff\xfe", b"[" * 100_000, b"9" * 5000):
        (tmp_path / "bad.json").write_bytes(content)
        with pytest.raises(CounterpointError, match=r"bad\.json is damaged"):
            read_json(tmp_path / "bad.json")
    with pytest.raises(CounterpointError, match="in the way"):
        make_folder(tmp_path / "bom.json")


def test_pictures_are_written_as_other_files(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (5, 7, 3)).astype(np.uint8)
    (tmp_path / "link.png").symlink_to("real.png")
    save_image(tmp_path / "link.png", rgb)
    assert np.array_equal(load_image(tmp_path / "real.png"), rgb) and (tmp_path / "link.png").is_symlink()
    for name, words in (("a.xyz", "use .png"), ("a", "use .png"), ("none/a.png", "does not exist")):
        with pytest.raises(CounterpointError, match=words):
            save_image(tmp_path / name, rgb)


def test_the_page_names_every_format() -> None:
    """Of shapes, masks and labels; what it says of each is tested beside the readers."""
    from core.interchange.label_formats import IMAGE_LABELS, SHAPE_LABELS

    page = (Path(__file__).parents[2] / "resources" / "docs" / "files.md").read_text()
    shapes = page[page.index("## Meshes") : page.index("## Scenes")]
    assert all(re.search(rf"\b{suffix[1:]}\b", shapes, re.IGNORECASE) for suffix in SHAPE_SUFFIXES)
    labels = page[page.index("## Labels") : page.index("## Writing")]
    for file_format in (*IMAGE_LABELS, *SHAPE_LABELS):
        assert all(
            suffix[1:].upper() in labels or ("COCO" in labels and suffix == ".json") for suffix in file_format.suffixes
        )


def test_what_is_written_about_photos_is_named_after_them():
    assert file_stems(["/a/x.jpg", "/a/y.png"]) == ["x", "y"]
    assert file_stems(["/a/x.jpg", "/a/x.png", "/a/z.png"]) == ["x.jpg", "x.png", "z"]
    assert file_stems(["/a/x.jpg", "/b/x.jpg"]) == ["a-x", "b-x"]


def test_a_place_where_nothing_can_be_written_is_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_bytes(b"1")
    check_place(tmp_path / "new")
    check_place(tmp_path / "file")
    for place, words in (
        (tmp_path, "it is a folder"),
        (tmp_path / "none" / "new", "does not exist"),
        (tmp_path / "file" / "new", "is a file"),
    ):
        for write in (check_place, lambda path: write_atomic(path, b"")):
            with pytest.raises(CounterpointError, match=words):
                write(place)
