"""CPU time of the engine's jobs, called in one process: ``PYTHONPATH=CHECKOUT python speed_engine.py``, also of a checkout of 0.1."""

import importlib
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(os.environ["PYTHONPATH"])
OLD = (ROOT / "app" / "jobs.py").exists()
values = importlib.import_module("app.documents" if OLD else "app.shared.values")
jobs = importlib.import_module("app.jobs" if OLD else "app.engine.jobs").JOBS


class Silent:
    """Progress that goes nowhere."""

    def __call__(self, *_: Any) -> None: ...

    def tell(self, *_: Any) -> None: ...


def call(job: str, **arguments: Any) -> Any:
    """Run a job of the tree."""
    run = jobs[job] if OLD else getattr(importlib.import_module(jobs[job]), job)
    return run(Silent(), **arguments)


def report(name: str, run: Callable[[int], object], times: int) -> None:
    """The median CPU time of some runs."""
    taken = []
    for number in range(times):
        start = time.process_time()
        run(number)
        taken.append(1000 * (time.process_time() - start))
    print(f"{name}: {statistics.median(taken):.1f} ms (least {min(taken):.1f}, {times} runs)")


def align(task: Any) -> Any:
    """The poses; 0.1 asked four times for ten steps each."""
    if not OLD:
        return call("align_shape", task=task, dof=6, locked=frozenset())
    begun = call("begin_alignment", task=task)
    again = replace(task, mask=begun.mask, K=begun.K)
    for turn in range(4):
        more = {"poses": begun.poses, "dof": 6, "turn": turn, "locked": frozenset()}
        begun.poses = call("refine_alignment", task=again, **more)
    return begun


def main() -> None:
    """First picture, first heatmap, click, alignment, drag."""
    photo, shape = (values.item_for(ROOT / "resources" / "sample" / name) for name in ("toy.jpg", "toy.glb"))
    encoder = values.EncoderSettings()
    report("first picture", lambda _: call("open_image", item=photo.file), 1)
    report("first shape", lambda _: call("open_shape", item=shape.file), 1)
    photo = photo.with_box((527.0, 319.0, 1082.0, 740.0))

    def query(number: int) -> None:
        at = (700.0 + 10 * number, 520.0)
        call("query", source=photo, targets=[shape], at=at, encoder=encoder, known=[None], corrections=[[]])

    report("first heatmap, with what it needs", query, 1)
    report("click to answer", query, 15)
    task = values.AlignTask(photo, shape, encoder)
    found: list[Any] = []
    report("first alignment", lambda _: found.append(align(task)), 1)
    pose, known = found[0].poses[0], replace(task, mask=found[0].mask, K=found[0].K)

    def score(number: int) -> None:
        moved = replace(pose, t=(pose.t[0] + 0.01 * number, *pose.t[1:]))
        call("score_pose", task=known, pose=moved)

    drawn = {"image": photo, "shape": shape, "K": known.K, "pose": pose, "most": 200}
    report("drag to redraw", lambda _: call("draw_pose", **drawn), 15)
    report("drag to new score", score, 9)
    report("alignment again", lambda _: align(task), 3)


if __name__ == "__main__":
    main()
