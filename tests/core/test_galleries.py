"""Galleries on disk: made, kept up to date, killed, copied, searched."""

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import trimesh
from torch.nn import functional as F

from core.benchmarks.calibration import probabilities
from core.benchmarks.search_answers import KnownQuery, ask, empty_queries
from core.calibration import REASONS, SOUGHT
from core.encoders.catalogue import EncoderChoice
from core.encoders.pocket import WEIGHTS
from core.errors import Cancelled, CounterpointError
from core.geometry.raycasting import Raycaster
from core.geometry.shape import load_shape
from core.images import load_image
from core.matching.crops import centred
from core.notices import collect_warnings
from core.processes import Processes
from core.retrieval import build, index, store
from core.retrieval.build import gallery_for, index_folder
from core.retrieval.describe import GallerySpec, typical
from core.retrieval.index import Index, index_of, write_indices
from core.retrieval.queries import QueryEncoder
from core.retrieval.search import Searcher, blended, fused
from core.retrieval.store import ShapeRecord, Stamp, create_gallery, open_gallery
from core.retrieval.verdict import judge_search
from core.retrieval.views import Views, _projection, contains, overlap, shape_views, short, view_similarity

RECIPE = GallerySpec(EncoderChoice())


@pytest.fixture(scope="module")
def shapes(tmp_path_factory, sample):
    """A folder of eight shapes of three kinds, one of them broken."""
    folder = tmp_path_factory.mktemp("gallery") / "shapes"
    for kind in ("toys", "flat", "long"):
        (folder / kind).mkdir(parents=True)
    shutil.copy(sample["shape"], folder / "toys" / "toy.glb")
    shutil.copy(sample["shape2"], folder / "toys" / "toy2.glb")
    for number, size in enumerate(((1, 0.1, 2), (1, 0.1, 1.2), (1, 0.05, 1.5))):
        trimesh.creation.box(size).export(folder / "flat" / f"plank{number}.obj")
    for number, radius in enumerate((0.1, 0.15)):
        trimesh.creation.cylinder(radius, 2).export(folder / "long" / f"stick{number}.stl")
    points = trimesh.creation.icosphere(3).vertices
    np.savetxt(folder / "ball.xyz", points)
    (folder / "broken.ply").write_bytes(b"ply\nnot really")
    return folder


@pytest.fixture(scope="module")
def gallery(shapes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "gallery"
    changes = index_folder(shapes, folder, RECIPE, workers=1)
    assert (changes.added, changes.changed, changes.removed, changes.kept) == (8, 0, 0, 0)
    assert [path for path, _ in changes.refused] == ["broken.ply"]
    return folder


@pytest.fixture(scope="module")
def query_encoder():
    return QueryEncoder(RECIPE)


@pytest.fixture(scope="module")
def forked():
    """Processes that begin with what this file imports; with spawned ones, as users have them, bad galleries are tried."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def names(found):
    return [one.path.name for one in found]


def test_what_is_in_it(gallery, shapes):
    with open_gallery(gallery) as opened:
        assert len(opened) == 8 and opened.spaces == ["part", "shape", "view"] and opened.root == shapes.resolve()
        assert dict(opened.tags()) == {"flat": 3, "long": 2, "toys": 2}
        number = opened.number_of(shapes / "toys" / "toy.glb")
        (entry,) = opened.entries([number])
        assert entry.path == "toys/toy.glb" and entry.tags == ("toys",) and entry.up == "y"
        assert entry.faces == len(load_shape(shapes / "toys" / "toy.glb").faces)
        assert opened.picture(number).startswith(b"\x89PNG")
        numbers, vectors = opened.vectors("shape")
        assert len(numbers) == 8 and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert np.allclose(opened.vector(number, "shape"), vectors[list(numbers).index(number)])
        assert opened.number_of(shapes / "broken.ply") is None and opened.number_of(gallery / "else.obj") is None


def test_a_script_without_a_main_guard_blames_no_file(shapes, tmp_path):
    """Its processes cannot begin; that is no fault of the shapes, which would be refused for ever."""
    script = tmp_path / "script.py"
    script.write_text(
        "from core.retrieval import build\n"
        "build.Describer = lambda spec: lambda path: build.ShapeRecord()\n"
        f"print(build.index_folder({str(shapes)!r}, {str(tmp_path / 'made')!r}, workers=2).refused)\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, cwd=os.getcwd(), env=dict(os.environ)
    )
    assert done.stdout == "[]\n", done.stderr
    with open_gallery(tmp_path / "made") as opened:
        assert len(opened) == 9


def test_the_same_again_does_nothing_and_changes_are_noticed(gallery, shapes, tmp_path):
    own, copy = tmp_path / "shapes", tmp_path / "gallery"
    shutil.copytree(shapes / "flat", own)
    shutil.copy(shapes / "broken.ply", own)
    index_folder(own, copy, RECIPE, workers=1)
    with open_gallery(copy) as opened:
        revision = opened.revision
    again = index_folder(own, copy, RECIPE, workers=1)
    assert (again.added, again.changed, again.removed, again.kept) == (0, 0, 0, 3)
    with open_gallery(copy) as opened:
        assert opened.revision == revision
    (own / "plank0.obj").unlink()
    trimesh.creation.box((1, 1, 1)).export(own / "plank1.obj")
    shutil.copy(shapes / "long" / "stick0.stl", own / "new.stl")
    (own / "broken.ply").write_bytes(trimesh.creation.icosphere().export(file_type="ply"))
    changed = index_folder(own, copy, RECIPE, workers=1)
    assert (changed.added, changed.changed, changed.removed, changed.kept) == (1, 2, 1, 1) and not changed.refused
    with open_gallery(copy) as opened:
        assert len(opened) == 4 and len(index_of(opened, "shape")) == 4
        assert len(list(copy.glob("shape-*.faiss"))) == 1


def test_searches_find_what_is_alike(gallery, shapes, query_encoder, sample):
    with open_gallery(gallery) as opened:
        searcher = Searcher(opened)
        photo = load_image(sample["image"])
        by_photo = searcher(query_encoder.image(photo, tuple(sample["box"])), top=8)
        assert set(names(by_photo)[:2]) == {"toy.glb", "toy2.glb"} and len(by_photo) == 8
        scores = [one.score for one in by_photo]
        assert scores == sorted(scores, reverse=True) and scores[0] <= 1
        query = query_encoder.shape(load_shape(shapes / "flat" / "plank0.obj"), "y")
        assert names(searcher(query))[0] == "plank0.obj"
        query.own = opened.number_of(shapes / "flat" / "plank0.obj")
        assert set(names(searcher(query))[:2]) == {"plank1.obj", "plank2.obj"}
        assert set(names(searcher(query, tag="long"))) == {"stick0.stl", "stick1.stl"}
        worst = searcher(query, top=3, worst=True)
        assert not {"plank1.obj", "plank2.obj"} & set(names(worst))
        assert [one.score for one in worst] == sorted(one.score for one in worst)
        like = query_encoder.of_gallery(opened, query.own)
        assert names(searcher(like))[0] in {"plank1.obj", "plank2.obj"}
        with pytest.raises(CounterpointError, match="has the tag"):
            searcher(query, tag="nothing")
        with pytest.raises(CounterpointError, match="CLIP"):
            query_encoder.words("a plank")


def test_a_search_says_when_nothing_is_alike(gallery, query_encoder, sample):
    """Something is always the most similar; noise, and a thing that the gallery lacks, are told from what is there."""
    photo, box = load_image(sample["image"]), tuple(sample["box"])
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    with open_gallery(gallery) as opened:
        searcher = Searcher(opened)

        def judged(query, **how):
            return judge_search(query, searcher(query, **how), opened, query_encoder)

        toy = query_encoder.image(photo, box)
        there, lacking, none = (
            judged(toy),
            judged(toy, tag="flat"),
            judged(query_encoder.image(noise, (40, 30, 260, 210))),
        )
        assert none.verdict == lacking.verdict == "none" and there.probability > 0.5 > lacking.probability
        assert none.reasons and set(none.reasons) <= set(REASONS)
        assert judged(toy, closer=False) == judged(toy, tag="toys"), "it is about the first result alone"
        stick = opened.number_of(opened.root / "long" / "stick0.stl")
        assert judged(query_encoder.of_gallery(opened, stick)).verdict == "good"
        assert judged(query_encoder.of_gallery(opened, stick), tag="toys").verdict == "none"
        mask = np.zeros(photo.shape[:2], bool)
        mask[int(box[1]) : int(box[3]), int(box[0]) : int(box[2])] = True
        assert judged(query_encoder.part_of_image(photo, mask, box)) is None, "nobody measured that"
        assert judge_search(toy, [], opened, query_encoder) is None


def test_a_photo_without_a_box_is_searched_by_the_object_in_it(gallery, query_encoder, sample):
    """The whole photo is mostly background; the object is looked for, and a doubt says so."""
    with open_gallery(gallery) as opened:
        query = query_encoder.image(load_image(sample["image"]))
        found = Searcher(opened)(query)
        doubt = judge_search(query, found, opened, query_encoder)
    assert set(names(found[:2])) == {"toy.glb", "toy2.glb"} and doubt.probability > 0.4
    assert doubt.verdict == "good" or doubt.reasons[0] == SOUGHT


def test_the_same_shape_twice_is_as_sure_as_once(sample, query_encoder, tmp_path):
    """Two copies of a file lead over each other by nothing, which says nothing against them."""
    verdicts, query = [], query_encoder.image(load_image(sample["image"]), tuple(sample["box"]))
    (tmp_path / "shapes").mkdir()
    for name in ("one.glb", "two.glb"):
        shutil.copy(sample["shape"], tmp_path / "shapes" / name)
        index_folder(tmp_path / "shapes", tmp_path / "gallery", RECIPE, workers=1)
        with open_gallery(tmp_path / "gallery") as opened:
            verdicts.append(judge_search(query, Searcher(opened)(query), opened, query_encoder))
    assert verdicts[0] == verdicts[1] and verdicts[0].probability > 0.5
    (tmp_path / "shapes" / "one.glb").rename(tmp_path / "elsewhere.glb")
    with open_gallery(tmp_path / "gallery") as opened, collect_warnings() as said:
        Searcher(opened)(query)
    assert len(said) == 1 and said[0].startswith("one.glb: no longer where"), (
        "else an export of the results fails later"
    )


def test_searches_of_known_answer_count_as_right_where_the_kind_is_found(gallery, shapes, query_encoder):
    files = [shapes / kind for kind in ("toys/toy.glb", "toys/toy2.glb", "flat/plank0.obj", "flat/plank1.obj")]
    with open_gallery(gallery) as opened:
        numbers, kinds = np.array([opened.number_of(file) for file in files]), np.array(["toy", "toy", "flat", "flat"])
        queries = [KnownQuery(query_encoder.of_gallery(opened, int(n)), i) for i, n in enumerate(numbers)]
        queries += [KnownQuery(one.query, trap="noise or wall") for one in empty_queries(query_encoder, None, 3)][:2]
        answers = ask(queries, kinds, numbers, opened, 0)
    there = [one for one in answers if one.kind == "search by shape" and not one.trap]
    assert len(there) == 4 and all(one.right for one in there)
    assert {one.trap for one in answers if not one.right} <= {"kind that is left out", "noise or wall"}
    said = probabilities(answers, query_encoder.encoder.fingerprint)
    assert said[[one.right for one in answers]].min() > said[[not one.right for one in answers]].max()


def test_thin_shapes_and_boxes_drawn_backwards_spoil_no_search(gallery, query_encoder, sample, tmp_path):
    nothing = torch.zeros(1, 7, 7)
    assert overlap(torch.rand(64, 7, 7, generator=torch.Generator().manual_seed(0)), nothing).min() >= 0, "else NaN"
    trimesh.creation.cylinder(1e-4, 2, sections=5).export(tmp_path / "needle.ply")
    query = query_encoder.shape(load_shape(tmp_path / "needle.ply"), "z")
    assert list(query.vectors) == ["shape"] and query.views is None, "no view shows it"
    image, (x0, y0, x1, y1) = load_image(sample["image"]), sample["box"]
    there, back = (query_encoder.image(image, box).views for box in ((x0, y0, x1, y1), (x1, y1, x0, y0)))
    assert torch.equal(there.descriptors, back.descriptors)


def test_a_part_is_found_where_it_is(gallery, query_encoder, sample):
    photo = load_image(sample["image"])
    x0, y0, x1, y1 = map(int, sample["box"])
    mask = np.zeros(photo.shape[:2], bool)
    mask[y0 + (y1 - y0) // 4 : y0 + (y1 - y0) // 2, x0 + (x1 - x0) // 4 : x0 + (x1 - x0) // 2] = True
    with open_gallery(gallery) as opened:
        found = Searcher(opened)(query_encoder.part_of_image(photo, mask, tuple(sample["box"])), top=8)
        assert set(names(found)[:2]) == {"toy.glb", "toy2.glb"}
    with pytest.raises(CounterpointError, match="empty"):
        query_encoder.part_of_image(photo, np.zeros_like(mask))


def test_views_of_a_shape_agree_at_any_turn(query_encoder, shapes):
    """Turned about its up axis by a whole step of the views it is the same; upside down it is not."""
    toy = load_shape(shapes / "toys" / "toy.glb")
    still = shape_views(Raycaster(toy), query_encoder.encoder, "y")
    assert view_similarity(still, still) == pytest.approx(1, abs=0.02)
    stored = Views.from_bytes(still.to_bytes())
    assert view_similarity(still, stored) == pytest.approx(1, abs=0.03) and len(still.to_bytes()) < 200_000
    angle = 2 * np.pi / 12 * 5
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    from core.geometry.shape import make_shape

    turned = make_shape(toy.vertices @ turn.T, toy.faces, uv=toy.uv, texture=toy.texture, colors=toy.colors)
    assert view_similarity(shape_views(Raycaster(turned), query_encoder.encoder, "y"), still) > 0.85
    assert view_similarity(shape_views(Raycaster(toy), query_encoder.encoder, "-y"), still) < 0.7
    assert len(typical(still)) == 8
    cells = still.descriptors[still.masks > 0.3]
    assert contains(cells[:20], still) == pytest.approx(1, abs=1e-3)


def test_no_similarity_exceeds_one():
    near, dense = np.array([1.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]), np.array([0.99, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1])
    found = blended(near, dense)
    assert found.max() <= 1 and (np.argsort(-found, kind="stable")[:2] == [0, 1]).all()
    assert found[1] < dense[1]


def test_rankings_are_fused_by_hand():
    both = fused([{1: 0.9, 2: 0.8, 3: 0.1}, {2: 5.0, 1: 4.0}])
    assert both == pytest.approx({1: (1 + 61 / 62) / 2, 2: (61 / 62 + 1) / 2, 3: 61 / 63 / 2})


def test_short_vectors_of_views_keep_their_cosines(query_encoder, shapes):
    """And the projection never changes: galleries keep what it made."""
    assert _projection(49 * 128)[0, :2].tolist() == pytest.approx([0.11025327, 0.02500983], abs=1e-6)
    one, other = (
        shape_views(Raycaster(load_shape(shapes / name)), query_encoder.encoder, "y")
        for name in ("toys/toy.glb", "flat/plank0.obj")
    )
    cells = [
        F.normalize((centred(v.descriptors, v.masks, together=True) * v.masks[..., None]).flatten(1), dim=1)
        for v in (one, other)
    ]
    a, b = short(one), short(other)
    assert a.shape == (24, 256) and np.allclose(np.linalg.norm(a, axis=1), 1, atol=1e-5)
    assert (
        np.abs(a @ b.T - (cells[0] @ cells[1].T).numpy()).max() < 0.3
    )  # 256 random directions: 0.0625 on average, of 576 pairs
    assert np.abs(a @ a.T - (cells[0] @ cells[0].T).numpy()).mean() < 0.06


def test_a_gallery_is_one_folder_that_can_be_copied(gallery, shapes, query_encoder, tmp_path):
    both = tmp_path / "moved"
    shutil.copytree(shapes / "flat", both / "shapes")
    index_folder(both / "shapes", both / "gallery", RECIPE, workers=1)
    both.rename(tmp_path / "elsewhere")
    with open_gallery(tmp_path / "elsewhere" / "gallery") as moved:
        assert moved.root == tmp_path / "elsewhere" / "shapes"
    copy = tmp_path / "copy"
    shutil.copytree(gallery, copy)
    for file in copy.iterdir():
        file.chmod(0o444)
    copy.chmod(0o555)
    try:
        with open_gallery(copy) as one, open_gallery(copy) as other:
            query = query_encoder.shape(load_shape(shapes / "toys" / "toy.glb"), "y")
            assert names(Searcher(one)(query)) == names(Searcher(other)(query))
            assert one.root == shapes.resolve()
    finally:
        copy.chmod(0o755)


def test_stopping_keeps_what_is_done(shapes, tmp_path):
    def stop(fraction, message):
        if fraction > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        index_folder(shapes / "flat", tmp_path / "g", RECIPE, workers=1, progress=stop)
    with open_gallery(tmp_path / "g") as opened:
        there = len(opened.stamps())
    assert 0 < there < 3
    assert index_folder(shapes / "flat", tmp_path / "g", RECIPE, workers=1).kept == there


def test_where_no_process_can_begin_one_does_all(tmp_path, monkeypatch):
    for number in range(8):
        trimesh.creation.box((1, 1, 1 + number)).export(tmp_path / f"{number}.ply")

    def full(process):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("core.processes._Process.start", full)
    monkeypatch.setattr(build, "_here", lambda files, spec: [(file, ShapeRecord()) for file in files])
    monkeypatch.setattr(build, "write_indices", lambda gallery: None)
    assert index_folder(tmp_path, tmp_path / "g", RECIPE, workers=2).added == 8


def test_two_runs_that_begin_at_once_make_one_gallery(tmp_path):
    """What one has described stays where the other makes the gallery, or notes the weights, a moment later."""
    one = Stamp(1, 2)
    with create_gallery(tmp_path / "g", tmp_path, {}) as mine, open_gallery(tmp_path / "g") as theirs:
        mine.described_with("weights")
        mine.put("a.obj", one, ShapeRecord(), ())
        store._create(tmp_path / "g", tmp_path, {})
        theirs.described_with("weights")
    with open_gallery(tmp_path / "g") as opened:
        assert opened.stamps() == {"a.obj": one}
    assert [file.name for file in (tmp_path / "g").iterdir()] == ["gallery.sqlite"]


def test_bad_galleries_are_said(shapes, gallery, tmp_path):
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CounterpointError, match="no gallery"):
            open_gallery(place)
    (tmp_path / "gallery.sqlite").write_bytes(b"SQLite format 3\0 and then nothing")
    with pytest.raises(CounterpointError, match="cannot be read"):
        open_gallery(tmp_path)
    with pytest.raises(CounterpointError, match="another encoder"):
        index_folder(shapes, gallery, replace(RECIPE, choice=EncoderChoice("dinov2")), workers=1)
    with pytest.raises(CounterpointError, match="gallery of"):
        create_gallery(gallery, shapes / "toys", RECIPE.plain())
    nothing = GallerySpec(EncoderChoice(weights=str(tmp_path / "none.safetensors")))
    for workers in (1, 2):
        with pytest.raises(CounterpointError, match=r"none\.safetensors"):
            index_folder(shapes, tmp_path / "h", nothing, workers=workers)
        with open_gallery(tmp_path / "h") as opened:
            assert not opened.stamps()  # no file is blamed for it
    with pytest.raises(CounterpointError, match="no folder"):
        gallery_for(tmp_path / "nowhere", RECIPE)


def test_damaged_galleries_and_full_disks_are_said(gallery, tmp_path, monkeypatch):
    """A copy that was cut off in an index, one with bad bytes in the middle, and an index that does not fit on the disk."""
    copy = tmp_path / "copy"
    shutil.copytree(gallery, copy)
    for file in copy.glob("*.faiss"):
        file.write_bytes(file.read_bytes()[:300])
    with open_gallery(copy) as opened:
        numbers, vectors = opened.vectors("shape")
        assert index_of(opened, "shape").search(vectors[0], 1)[0] == numbers[0]
    content = bytearray((copy / "gallery.sqlite").read_bytes())
    content[len(content) // 3 :] = bytes(len(content) - len(content) // 3)
    (copy / "gallery.sqlite").write_bytes(content)
    with (
        open_gallery(copy) as opened,
        pytest.raises(CounterpointError, match=r"cannot be read .*index its shapes again"),
    ):
        opened.vectors("shape"), opened.entries([1]), opened.stamps(), opened.tags()

    def full(index, path):
        with open(path, "wb") as file:
            file.write(b"half")
        raise RuntimeError("write error: No space left on device")

    monkeypatch.setattr(index.faiss, "write_index", full)
    with pytest.raises(CounterpointError, match="cannot be written"):
        Index.build(numbers, vectors).write(tmp_path / "a.faiss")
    assert not [file for file in tmp_path.iterdir() if "faiss" in file.name]


def test_a_gallery_of_other_weights_is_not_searched(shapes, tmp_path):
    from safetensors.torch import load_file, save_file

    weights = tmp_path / "mine.safetensors"
    tensors = load_file(WEIGHTS / "pocket_image.safetensors")
    save_file(tensors, weights)
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "plank1.obj").write_bytes(next(shapes.rglob("plank1.obj")).read_bytes())
    spec = GallerySpec(EncoderChoice(weights=str(weights)))
    assert index_folder(tmp_path / "one", tmp_path / "g", spec, workers=1).added == 1
    photo = np.full((64, 64, 3), 90, np.uint8)
    with open_gallery(tmp_path / "g") as opened:
        before = QueryEncoder(spec).image(photo, (8, 8, 40, 40))
        save_file({name: value * 1.01 for name, value in tensors.items()}, weights)  # trained on
        after = QueryEncoder(spec).image(photo, (8, 8, 40, 40))
        searcher = Searcher(opened)
        assert names(searcher(before)) == ["plank1.obj"]
        with pytest.raises(CounterpointError, match="other weights of pocket; index its shapes again"):
            searcher(after)
    changes = index_folder(tmp_path / "one", tmp_path / "g", spec, workers=1)
    assert (changes.added, changes.kept) == (1, 0)
    with open_gallery(tmp_path / "g") as opened, opened._database as database:
        assert names(Searcher(opened)(after)) == ["plank1.obj"]
        database.execute("DELETE FROM about WHERE name = 'encoders'")  # as of an earlier version
    with open_gallery(tmp_path / "g") as opened, collect_warnings() as said:
        assert names(Searcher(opened)(before)) == ["plank1.obj"]
    assert "does not say which weights" in said[0]


class Fragile:
    """One of the files makes the process crash."""

    def __call__(self, path):
        if path.name == "plank1.obj":
            os.kill(os.getpid(), signal.SIGSEGV)
        broken = path.suffix == ".ply"
        return ShapeRecord(refused="broken") if broken else ShapeRecord("digest", vectors={"shape": np.eye(4)[0]})


def _begin_fragile(recipe, count):
    build._describer = Fragile()


def test_a_file_that_crashes_the_reader_is_refused_and_the_others_are_not(shapes, tmp_path, monkeypatch, forked):
    monkeypatch.setattr(build, "_begin", _begin_fragile)

    class ForkedProcesses(ProcessPoolExecutor):
        def __init__(self, count, prepare, *arguments):
            super().__init__(count, forked, prepare, arguments)

        end = Processes.end
        _context = SimpleNamespace(started=())

    monkeypatch.setattr(build, "Processes", ForkedProcesses)
    changes = index_folder(shapes, tmp_path / "g", RECIPE, workers=2)
    assert dict(changes.refused) == {
        "broken.ply": dict(changes.refused)["broken.ply"],
        "flat/plank1.obj": build.CRASHED,
    }
    with open_gallery(tmp_path / "g") as opened:
        assert len(opened) == 7


def write_again_and_again(folder, root, opened, steps):
    """Write 400 entries and their indices; after that what is there, until the process is killed."""
    with create_gallery(folder, root, {"r": 1}) as gallery:
        known = gallery.stamps()
        opened.set()
        for step in range(steps):
            number, name = step % 400, f"{step % 400}.obj"
            if step >= 400 or known.get(name) != Stamp(number, number):
                v = np.eye(64, dtype=np.float32)[[number % 64]]
                vectors = {"shape": v, "part": np.repeat(v, 8, 0)}
                one = ShapeRecord(str(number), "y", number, 1, b"p" * 3000, vectors, b"v" * 9000)
                gallery.put(name, Stamp(number, number), one, ["a", "b"])
            if number % 40 == 39:
                write_indices(gallery)


def test_killed_at_any_moment_it_never_loses_or_doubles_an_entry(tmp_path, forked):
    """Fifty times, at random, while entries and indices are written; what was there stays, and in the end all is there
    once.
    """
    rng, root, folder = random.Random(3), tmp_path / "shapes", tmp_path / "g"
    root.mkdir()
    killed, before = 0, 0
    for _ in range(50):
        opened = forked.Event()
        writer = forked.Process(target=write_again_and_again, args=(folder, root, opened, 10**9))
        writer.start()
        assert opened.wait(60)
        time.sleep(rng.uniform(0, 0.1))
        writer.kill()
        writer.join()
        killed += writer.exitcode == -signal.SIGKILL
        with open_gallery(folder) as gallery:
            count, (numbers, vectors) = len(gallery), gallery.vectors("shape")
            assert count >= before and len(numbers) == count == len(set(numbers.tolist()))
            assert len(gallery.vectors("part")[0]) == 8 * count
            assert sum(n for _, n in gallery.tags()) == 2 * count
            if count:
                scores = index_of(gallery, "shape").search(vectors[0], 1)[1]
                assert scores[0] == pytest.approx(1)
                assert len(index_of(gallery, "shape")) == count
            before = count
    assert killed == 50
    write_again_and_again(folder, root, forked.Event(), 400)
    with open_gallery(folder) as gallery:
        assert len(gallery) == 400 and len(gallery.stamps()) == 400


def test_more_vectors_are_divided_into_cells(tmp_path, monkeypatch):
    monkeypatch.setattr(index, "EXACT", 1000)
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, 32))
    vectors = (centres[rng.integers(40, size=4000)] + 0.3 * rng.normal(size=(4000, 32))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    numbers = np.arange(4000) * 3 + 5
    Index.build(numbers, vectors).write(tmp_path / "i.faiss")
    made = Index.read(tmp_path / "i.faiss")
    hits = 0
    for i in range(0, 4000, 100):
        exact = numbers[np.argsort(-(vectors @ vectors[i]))[:10]]
        found, scores = made.search(vectors[i], 10)
        hits += len(set(found.tolist()) & set(exact.tolist()))
        assert found[0] == numbers[i] and (np.diff(scores) <= 1e-6).all()
    assert hits >= 0.95 * 400
    few = numbers[[7, 1000, 3999]]
    assert set(made.search(vectors[0], 10, few)[0].tolist()) == set(few.tolist())


@pytest.mark.slow
def test_a_ray_cluster_makes_the_same_gallery(shapes, gallery, tmp_path):
    """Two workers of a cluster on this machine."""
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        address = ray.get_runtime_context().gcs_address
        changes = index_folder(shapes / "flat", tmp_path / "g", RECIPE, ray=address)
    finally:
        ray.shutdown()
    assert changes.added == 3 and not changes.refused
    with open_gallery(tmp_path / "g") as far, open_gallery(gallery) as near:
        assert len(far.stamps()) == len(far) == 3
        for path in far.stamps():
            numbers = far.number_of(shapes / "flat" / path), near.number_of(shapes / "flat" / path)
            assert np.allclose(far.vector(numbers[0], "shape"), near.vector(numbers[1], "shape"), atol=1e-4)
            assert far.picture(numbers[0]) == near.picture(numbers[1])
    with pytest.raises(CounterpointError, match="no Ray cluster"):
        index_folder(shapes, tmp_path / "h", RECIPE, ray="127.0.0.1:1")
