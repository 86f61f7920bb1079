"""Damaged files of every kind, each loader in a process with bounded memory: python -m tests.soak.fuzz --count 2000

Prints a row for each kind: opened, refused with a sentence, anything else (must be none), the slowest, and the memory
it took at most.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np

from core.errors import CounterpointError
from tests.soak.corpus import damage, repacked, seeds

SECONDS, MEGABYTES = 10.0, 3000
"""For one file, and for the process above what it takes with nothing opened."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="damaged files of each kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"{'file':<24}{'opened':>8}{'refused':>9}{'other':>7}{'slowest':>10}{'memory':>10}")
    wrong = 0
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        count = len(seeds(Path(folder) / "seeds"))
        for number in range(count):
            here, there = context.Pipe()
            process = context.Process(target=_worker, args=(there, Path(folder), number, options.count, options.seed))
            process.start()
            there.close()
            try:
                name, opened, refused, others, slowest, memory = here.recv()
            except EOFError:
                process.join()
                print(f"loader {number}: the process died with exit code {process.exitcode}")
                wrong += 1
                continue
            process.join()
            print(f"{name:<24}{opened:>8}{refused:>9}{len(others):>7}{slowest:>9.2f}s{memory:>7.0f} MB")
            for text in others[:3]:
                print(text)
            wrong += len(others) + (slowest > SECONDS)
    return min(wrong, 1)


def _worker(pipe, folder: Path, number: int, count: int, seed: int) -> None:
    path, load = seeds(folder / f"seeds-{number}")[number]
    good, rng = path.read_bytes(), np.random.default_rng((seed, number))
    load(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (MEGABYTES << 20),) * 2)
    opened, refused, slowest, others = 0, 0, 0.0, []
    for attempt in range(count):
        inside = path.suffix in (".npz", ".counterpoint") and attempt % 2
        content = repacked(good, rng, folder / "scratch") if inside else damage(good, rng)
        path.write_bytes(content)
        begin = time.perf_counter()
        try:
            load(path)
            opened += 1
        except CounterpointError as error:
            refused += 1
            assert str(error).strip(), "an error without a word"
        except BaseException:
            others.append(traceback.format_exc(limit=-3))
        slowest = max(slowest, time.perf_counter() - begin)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pipe.send((path.name, opened, refused, others, slowest, after - before))


if __name__ == "__main__":
    raise SystemExit(main())
