"""A thousand subjects on one worker and on two: ``python -m benchmarks.workers`` gives the ratio, compares records.

The clock starts when the workers stand ready and stops with the last line of the ledger: what is measured is how the
work is shared out, not how long processes take to start. Both runs write a ledger of their own; the records must be
the same but for times and host. What the machine itself gives is beside it: the same cases in one bare process and
halved between two that share nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tables import table, write
from checks.runs import Grid
from checks.runs.cluster import connected
from checks.runs.engine import on_workers
from checks.runs.ledger import Ledger, lines
from checks.runs.suite import Case, read
from checks.runs.work import Asked, chunk


def dense(n: int, i: int, o: int, dtype: str) -> Any:
    """A dense layer with tanh: n examples, i inputs, o outputs."""
    rng = np.random.default_rng([n, i, o])
    x, w, b = (rng.normal(size=shape).astype(dtype) for shape in ((n, i), (i, o), (o,)))

    def forward(x: Any, w: Any, b: Any) -> Any:
        a = np.tanh(x @ w + b)
        return a, (x, w, a)

    def backward(da: Any, cache: Any) -> Any:
        x, w, a = cache
        dz = da * (1 - a * a)
        return dz @ w.T, x.T @ dz, dz.sum(axis=0)

    return forward, backward, x, w, b


AXES = {"n": list(range(1, 26)), "i": list(range(1, 11)), "o": [1, 2], "dtype": ["float32", "float64"]}
SUITE = {"dense": Grid(dense, AXES)}


def seconds(workers: int, cases: list[Case], asked: Asked, path: Path) -> float:
    """How long ``workers`` take for ``cases``, from when they stand ready."""
    ledger = Ledger.open(path)
    with connected(workers, None) as client:
        client.wait_for_workers(workers)
        client.run(__import__, "checks.runs.work")
        started = time.perf_counter()
        on_workers(client, cases, asked, ledger, lambda more: None)
        took = time.perf_counter() - started
    ledger.close()
    return took


def bare(processes: int, cases: list[Case], asked: Asked) -> float:
    """How long processes take that have their part of ``cases`` from the start, and nobody who gives it out."""
    parts = [[asdict(case) for case in cases[i::processes]] for i in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        wait([pool.submit(chunk, asdict(asked), part[:1]) for part in parts])
        started = time.perf_counter()
        for future in [pool.submit(chunk, asdict(asked), part) for part in parts]:
            future.result()
        return time.perf_counter() - started


def records(path: Path) -> dict[str, dict[str, Any]]:
    """What a ledger says, by key, without times and host."""
    return {r["key"]: {k: v for k, v in r.items() if k != "run"} for r in lines(path)}


def main() -> int:
    """Print the table; the exit code is 1 if the records differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3, help="runs of each, in turn")
    parser.add_argument("--quick", action="store_true", help="60 subjects, one pair, nothing written")
    args = parser.parse_args()
    suite = read(__file__)
    cases = suite.cases({}, range(1))[:: 17 if args.quick else 1]
    asked = Asked(place=suite.place, options={}, timeout=300.0)
    rows, ratios, ceilings, same = [], [], [], True
    with tempfile.TemporaryDirectory() as folder:
        for pair in range(1 if args.quick else args.pairs):
            paths = [Path(folder, f"{pair}-{workers}") for workers in (1, 2)]
            one, two = (seconds(workers, cases, asked, path) for workers, path in zip((1, 2), paths, strict=True))
            found = [records(path) for path in paths]
            same &= found[0] == found[1] and len(found[0]) == len(cases)
            ratios.append(one / two)
            ceilings.append(bare(1, cases, asked) / bare(2, cases, asked))
            rows.append([pair + 1, f"{one:.1f} s", f"{two:.1f} s", f"{one / two:.2f}", f"{ceilings[-1]:.2f}"])
    rows.append(["median", "", "", f"{np.median(ratios):.2f}", f"{np.median(ceilings):.2f}"])
    made = table(["pair", "one worker", "two workers", "times as fast", "two bare processes beside one"], rows)
    print(f"{len(cases):,} subjects; records {'the same' if same else 'DIFFER'}\n\n{made}")
    if same and not args.quick:
        words = f"`python -m benchmarks.workers`: {len(cases):,} subjects, the same records but for times and host."
        write("workers", f"{words}\n\n{made}")
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())
