"""Encoders side by side: readers on tiny data in the real layouts, metrics checked by hand, runs that go on."""

import json
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.benchmarks import compare, consistency, onepose, semantic, tracking
from core.benchmarks.evaluation import EvaluationUnit, Outcome, pck
from core.encoders.base import Encoded
from core.encoders.catalogue import EncoderChoice
from core.encoders.pocket import PocketEncoder
from core.errors import CounterpointError
from core.images import save_image


class Places:
    """An encoder of pictures whose colours say where on the object a pixel is: as good as an encoder can be."""

    name = fingerprint = "places"
    dim, input_size, photo_size = 3, 64, 64

    def encode(self, images: np.ndarray) -> Encoded:
        small = np.stack([cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA) for image in images])
        return Encoded(torch.from_numpy(small).float() / 255 - 0.5)


def colorful(width: int, height: int, shift: int = 0) -> np.ndarray:
    """Smooth colours that are different everywhere, moved to the right."""
    x, y = np.meshgrid((np.arange(width) - shift) / width, np.arange(height) / height)
    picture = np.stack([x, y, np.ones_like(x)], axis=-1)
    return (np.clip(picture * 0.8 + 0.1, 0, 1) * 255).astype(np.uint8)


class TestMetrics:
    def test_shares_by_hand(self) -> None:
        assert pck(np.array([0.01, 0.07, 0.12, 0.5]), (0.05, 0.1, 0.2)) == {
            "pck@0.05": 0.25,
            "pck@0.1": 0.5,
            "pck@0.2": 0.75,
        }
        by_hand = consistency.numbers(np.array([0.0, 0.2, 0.4]))
        assert by_hand["ape"] == pytest.approx(0.2) and by_hand["pcdp@0.1"] == pytest.approx(1 / 3)

    def test_pixel_errors_by_hand(self) -> None:
        assert consistency.pixel_errors(np.array([[3, 4]]), np.array([[0.0, 0.0]]), 50) == pytest.approx([0.1])

    @given(arrays(np.float64, (20, 2), elements=st.floats(0, 99)))
    @settings(max_examples=30, deadline=None)
    def test_what_is_perfect_reaches_everything(self, pixels: np.ndarray) -> None:
        found = consistency.numbers(consistency.pixel_errors(pixels, pixels, 100))
        assert found["ape"] == 0 and all(found[f"pcdp@{t}"] == 1 for t in (0.05, 0.1, 0.2))

    @given(st.integers(0, 1000))
    @settings(max_examples=10, deadline=None)
    def test_what_is_shuffled_falls_to_chance(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        pixels = rng.uniform(0, 100, (4000, 2))
        error = consistency.pixel_errors(rng.permutation(pixels), pixels, 100)
        # two random places of a unit square lie closer than r with probability pi r^2 - 8/3 r^3 + r^4/2
        for r in (0.05, 0.1, 0.2):
            expected = np.pi * r**2 - 8 / 3 * r**3 + r**4 / 2
            assert consistency.numbers(error)[f"pcdp@{r}"] == pytest.approx(expected, abs=5 * np.sqrt(expected / 4000))

    def test_tracking_by_hand(self) -> None:
        truth = np.zeros((1, 4, 2))
        occluded = np.array([[False, False, False, True]])
        found = np.array([[[0, 0], [3, 0], [0, 30], [0, 0]]], float)
        hidden = np.array([[False, False, True, False]])
        numbers = tracking.tap_metrics(truth, occluded, found, hidden, np.array([0]))
        # frame 1 is 3 pixels off (right at 4, 8, 16), frame 2 far off and hidden, frame 3 shown but occluded
        assert numbers["position accuracy"] == pytest.approx(np.mean([0, 0, 0.5, 0.5, 0.5]))
        assert numbers["occlusion accuracy"] == pytest.approx(1 / 3)
        # right and shown / (2 visible + shown where it is occluded [1] + shown too far off [1 at 1 and 2 pixels])
        assert numbers["average jaccard"] == pytest.approx(np.mean([0, 0, 1 / 3, 1 / 3, 1 / 3]))

    @given(arrays(np.bool_, (5, 8)), st.integers(0, 7))
    @settings(max_examples=30, deadline=None)
    def test_perfect_tracks(self, occluded: np.ndarray, frame: int) -> None:
        truth = np.random.default_rng(0).uniform(0, 256, (5, 8, 2))
        when = np.full(5, frame)
        others = np.arange(8) != frame
        numbers = tracking.tap_metrics(truth, occluded, truth, occluded, when)
        assert numbers["occlusion accuracy"] == 1
        if (~occluded[:, others]).any():
            assert numbers["average jaccard"] == numbers["position accuracy"] == 1

    def test_poses_by_hand(self) -> None:
        true, found = np.eye(4), np.eye(4)
        found[0, 3] = 0.02
        found[:3, :3] = cv2.Rodrigues(np.radians([0, 0, 2.0]))[0]
        assert onepose.pose_error(found, true) == pytest.approx((2.0, 2.0))
        errors = np.array([[0.5, 0.5], [2, 2], [0.5, 4], [np.inf, np.inf]])
        assert onepose.shares(errors) == {"1cm-1deg": 0.25, "3cm-3deg": 0.5, "5cm-5deg": 0.75}


class TestSemantic:
    def test_pf_pascal(self, tmp_path: Path) -> None:
        root = tmp_path / "PF-dataset-PASCAL"
        (root / "JPEGImages").mkdir(parents=True)
        save_image(root / "JPEGImages" / "a.png", colorful(120, 90))
        save_image(root / "JPEGImages" / "b.png", colorful(120, 90, shift=20))
        (root / "test_pairs_pf_different_views.csv").write_text(
            "source_image,target_image,class,XA,YA,XB,YB\n"
            "PF-dataset-PASCAL/JPEGImages/a.png,PF-dataset-PASCAL/JPEGImages/b.png,7,30;60,40;50,50;80,40;50\n"
            "PF-dataset-PASCAL/JPEGImages/a.png,PF-dataset-PASCAL/JPEGImages/a.png,1,30,40,30,40\n"
        )
        pairs = semantic.pf_pascal(root)
        assert sorted(pairs) == ["aeroplane", "car"] and pairs["car"][0].truth.tolist() == [[50, 40], [80, 50]]
        by_name = {unit.name: unit.measure(Places()) for unit in semantic.units(pairs, 10)}
        assert (
            by_name["car"].numbers == {"pck@0.05": 1.0, "pck@0.1": 1.0, "pck@0.15": 1.0} and by_name["car"].weight == 2
        )

    def test_spair(self, tmp_path: Path) -> None:
        (tmp_path / "PairAnnotation" / "test").mkdir(parents=True)
        (tmp_path / "JPEGImages" / "cat").mkdir(parents=True)
        for name, shift in (("a.jpg", 0), ("b.jpg", 20)):
            save_image(tmp_path / "JPEGImages" / "cat" / name, colorful(120, 90, shift))
        pair = {"category": "cat", "src_imname": "a.jpg", "trg_imname": "b.jpg", "trg_bndbox": [10, 10, 110, 80]}
        pair |= {"src_kps": [[30, 40], [60, 50]], "trg_kps": [[50, 40], [5, 5]]}
        (tmp_path / "PairAnnotation" / "test" / "1-a-b:cat.json").write_text(json.dumps(pair))
        (unit,) = semantic.units(semantic.spair(tmp_path), 10)
        assert unit.measure(Places()).numbers["pck@0.1"] == 0.5  # one of the two places is said wrongly

    @pytest.mark.parametrize("line", ["a,b,99,1,1,1,1", "a,b,1,1;2,1;2,1,1", "a,b"])
    def test_broken_lists_are_said(self, tmp_path: Path, line: str) -> None:
        (tmp_path / "test_pairs.csv").write_text(f"source,target,class,XA,YA,XB,YB\n{line}\n")
        with pytest.raises(CounterpointError, match="Line 2"):
            semantic.pf_pascal(tmp_path)


class TestTracking:
    def test_points_are_followed(self, tmp_path: Path) -> None:
        frames = np.stack([colorful(128, 96, shift=4 * i) for i in range(6)])
        start = np.array([[0.3, 0.4], [0.5, 0.6]])
        points = np.stack([start + [4 * i / 128, 0] for i in range(6)], axis=1)
        video = {"video": frames, "points": points.astype(np.float32), "occluded": np.zeros((2, 6), bool)}
        (tmp_path / "tapvid_davis.pkl").write_bytes(pickle.dumps({"goat": video}))
        (unit,) = tracking.tap_vid(tmp_path / "tapvid_davis.pkl", 5)
        outcome = unit.measure(Places())
        assert unit.name == "goat" and outcome.numbers["position accuracy"] > 0.7
        assert outcome.numbers["occlusion accuracy"] == 1 and len(outcome.examples) == 1

    def test_pickles_that_call_something_are_refused(self, tmp_path: Path) -> None:
        class Evil:
            def __reduce__(self) -> tuple:
                return (Path.touch, (tmp_path / "touched",))

        (tmp_path / "bad.pkl").write_bytes(pickle.dumps({"goat": Evil()}))
        with pytest.raises(CounterpointError, match="more than data"):
            tracking.tap_vid(tmp_path / "bad.pkl", 5)
        assert not (tmp_path / "touched").exists()

    def test_queries_are_asked_in_every_fifth_frame(self) -> None:
        occluded = np.zeros((2, 11), bool)
        occluded[1, 5] = True
        points, frames = tracking.strided_queries(occluded)
        assert list(zip(points, frames, strict=True)) == [(0, 0), (1, 0), (0, 5), (0, 10), (1, 10)]


class TestOnePose:
    def test_a_textured_plane_is_found(self, tmp_path: Path) -> None:
        K = np.array([[200.0, 0, 80], [0, 200, 60], [0, 0, 1]])
        root = tmp_path / "lowtexture_test_data" / "0700-toy-others"
        x, y = (v.ravel() for v in np.meshgrid(np.linspace(-0.1, 0.1, 9), np.linspace(-0.07, 0.07, 7)))
        places = np.stack([x, y, 0.02 * np.sin(40 * x) + 0.3 * y * y], axis=1)

        def record(sequence: str, number: int, shift: float) -> np.ndarray:
            pose = np.eye(4)
            pose[:3, 3] = [shift, 0, 0.3]
            seen = places + pose[:3, 3]
            pixels = (seen @ K.T)[:, :2] / seen[:, 2:]
            columns, rows = np.meshgrid(np.arange(160), np.arange(120))
            where = (np.stack([columns, rows], -1) - [80, 60]) / 200 * 0.3 - [shift, 0]
            picture = np.concatenate([where / [0.3, 0.2] + 0.5, np.ones((120, 160, 1))], -1)
            for part in ("color", "intrin_ba", "poses_ba", "anno_loftr"):
                (root / sequence / part).mkdir(parents=True, exist_ok=True)
            save_image(root / sequence / "color" / f"{number}.png", (np.clip(picture, 0, 1) * 255).astype(np.uint8))
            np.savetxt(root / sequence / "intrin_ba" / f"{number}.txt", K)
            np.savetxt(root / sequence / "poses_ba" / f"{number}.txt", pose)
            seen_at = {"keypoints2d": pixels.tolist(), "assign_matrix": [list(range(len(places)))] * 2}
            (root / sequence / "anno_loftr" / f"{number}.json").write_text(json.dumps(seen_at))
            return pose

        record("toy-1", 0, 0.0)
        record("toy-1", 1, 0.02)
        record("toy-2", 0, -0.02)
        anno = tmp_path / onepose.PLACES / "0700-toy-others" / "anno"
        anno.mkdir(parents=True)
        np.savez(anno / "anno_3d_average.npz", keypoints3d=places)
        (unit,) = onepose.one_pose(tmp_path, 5)
        outcome = unit.measure(Places())
        assert outcome.numbers["5cm-5deg"] == 1.0 and outcome.examples[0].picture.shape[0] == 240

    def test_other_folders_are_said(self, tmp_path: Path) -> None:
        with pytest.raises(CounterpointError, match="OnePose"):
            onepose.one_pose(tmp_path, 5)
        (tmp_path / "lowtexture_test_data" / "0700-toy-others").mkdir(parents=True)
        (unit,) = onepose.one_pose(tmp_path, 5)
        with pytest.raises(CounterpointError, match="0700-toy-others"):
            unit.measure(Places())


class TestComparing:
    def test_side_by_side_with_a_report(self, tmp_path: Path) -> None:
        units = compare.units_of("procedural", 1)
        results = compare.measure([PocketEncoder(), Places()], units, "procedural 1", tmp_path)
        tables = compare.tables_of(results, "consistency")
        rows = {row["encoder"]: row for row in tables["consistency"]}
        assert set(rows) == {"pocket", "places"} and 0 <= rows["pocket"]["pcdp@0.1"] <= 1
        assert rows["pocket"]["pcdp@0.05"] <= rows["pocket"]["pcdp@0.1"] <= rows["pocket"]["pcdp@0.2"]
        pictures = [case.file for result in results for case in result.cases]
        assert pictures and all((tmp_path / file).exists() for file in pictures)
        compare.write_report(tmp_path, tables, [(r.encoder, c) for r in results for c in r.cases], 2)
        page = (tmp_path / "report.html").read_text()
        assert "places" in page and all(file in page for file in pictures)

    def test_a_stopped_run_goes_on(self, tmp_path: Path) -> None:
        calls: list[str] = []

        def unit(name: str, fails: bool = False) -> EvaluationUnit:
            def measure(_: object) -> Outcome:
                calls.append(name)
                if fails:
                    raise KeyboardInterrupt
                return Outcome({"pck@0.1": len(calls) / 10})

            return EvaluationUnit(name, measure)

        with pytest.raises(KeyboardInterrupt):
            compare.measure([Places()], [unit("a"), unit("b", fails=True)], "made", tmp_path)
        with (tmp_path / "results.jsonl").open("a") as file:
            file.write('{"key": "cut of')
        again = compare.measure([Places()], [unit("a"), unit("b")], "made", tmp_path)
        assert calls == ["a", "b", "b"] and [r.numbers["pck@0.1"] for r in again] == [0.1, 0.3]

    def test_choices_of_the_command_line(self) -> None:
        base = EncoderChoice("dinov2", "weights.safetensors", 8)
        assert compare.parse_choice("+mine.safetensors", base) == EncoderChoice(
            "dinov2", "weights.safetensors", 8, adapter="mine.safetensors"
        )
        assert compare.parse_choice("pocket", base) == EncoderChoice("pocket")

    @pytest.mark.parametrize("data", ["nothing:here", "procedural:x", "meshes"])
    def test_unknown_data_is_said(self, data: str) -> None:
        with pytest.raises(CounterpointError, match="procedural"):
            compare.units_of(data, 3)
