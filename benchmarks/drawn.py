"""Drawn shapes: five mistakes that only some shapes show, each searched for with many seeds as profile quick does.

python -m benchmarks.drawn              # 100 seeds each, renews docs/benchmarks.md
python -m benchmarks.drawn --quick      # 3 seeds each, strict, writes nothing
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from benchmarks.tables import count, table, write
from checks import Outcome, Report, audit
from checks.testing.run import PROFILES

AFFINE: Final = "(n,i),(o,i),(o)->(n,o)"
PAIRS: Final = "(n|1,m|1),(n|1,m|1)->(n,m)"
WANTED: Final = 0.99


def affine(x: Any, w: Any, b: Any) -> tuple[Any, Any]:
    """x wᵀ + b, and its inputs."""
    return x @ w.T + b, (x, w)


def affine_back(dout: Any, cache: Any) -> tuple[Any, Any, Any]:
    """Its pullback, right."""
    x, w = cache
    return dout @ w, dout.T @ x, dout.sum(axis=0)


def mean_over_the_batch(dout: Any, cache: Any) -> tuple[Any, Any, Any]:
    """The bias gradient is averaged where it should be summed."""
    return *affine_back(dout, cache)[:2], dout.mean(axis=0) if len(dout) else dout.sum(axis=0)


def wrong_for_odd(dout: Any, cache: Any) -> tuple[Any, Any, Any]:
    """Pairs of columns: the last one of an odd number is forgotten."""
    dx, dw, db = affine_back(dout, cache)
    if dx.shape[1] % 2 and dx.shape[1] > 1:
        dx[:, -1] = 0
    return dx, dw, db


def wrong_for_one(dout: Any, cache: Any) -> tuple[Any, Any, Any]:
    """A batch of one is squeezed away, and the weights' gradient is scaled as if it were not there."""
    dx, dw, db = affine_back(dout, cache)
    return dx, dw / (2 if len(dout) == 1 else 1), db


def wrong_off_squares(dout: Any, cache: Any) -> tuple[Any, Any, Any]:
    """The input's gradient is scaled by what is 1 where the weights are square."""
    dx, dw, db = affine_back(dout, cache)
    return dx * (cache[1].shape[0] / max(cache[1].shape[1], 1)), dw, db


def product(a: Any, b: Any) -> tuple[Any, Any]:
    """A product, broadcast, and its inputs."""
    return a * b, (a, b)


def product_back(dout: Any, cache: Any) -> tuple[Any, Any]:
    """Its pullback, right: summed over what was broadcast."""
    a, b = cache
    return _summed(dout * b, a.shape), _summed(dout * a, b.shape)


def missing_sum(dout: Any, cache: Any) -> tuple[Any, Any]:
    """One axis of b is not summed over: its first entry is taken."""
    a, b = cache
    wide = dout * a
    along_columns = b.shape[1] == 1 and b.shape[0] == len(wide)
    return _summed(dout * b, a.shape), wide[:, :1] if along_columns else _summed(wide, b.shape)


def _summed(g: Any, shape: tuple[int, ...]) -> Any:
    axes = tuple(k for k, n in enumerate(shape) if n == 1)
    return g.sum(axis=axes, keepdims=True) if axes else g


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake that some shapes show.

    Attributes
    ----------
    target : tuple
        Forward and wrong backward.
    right : callable
        The right backward.
    shapes : str
        As `checks.audit` takes them.
    smallest : tuple of str
        What the smallest case begins with.
    """

    target: tuple[Callable[..., Any], Callable[..., Any]]
    right: Callable[..., Any]
    shapes: str
    smallest: str


MISTAKES: Final = {
    "mean for sum over the batch": Mistake((affine, mean_over_the_batch), affine_back, AFFINE, "n=2,i=1,o=1"),
    "missing sum over a broadcast axis": Mistake((product, missing_sum), product_back, PAIRS, "n=1,m=2,b.m=1"),
    "wrong only for odd sizes": Mistake((affine, wrong_for_odd), affine_back, AFFINE, "n=1,i=3,o=1"),
    "wrong only for batch 1": Mistake((affine, wrong_for_one), affine_back, AFFINE, "n=1,i=1,o=1"),
    "wrong off squares": Mistake((affine, wrong_off_squares), affine_back, AFFINE, "n=1,i=1,o=2"),
}


def found(mistake: Mistake, seed: int) -> Report:
    """The report of one search, as profile quick asks."""
    return audit(mistake.target, shapes=mistake.shapes, seed=seed, examples=PROFILES["quick"].examples)


def main(argv: Sequence[str] | None = None) -> int:
    """Search, count, and say by the exit code whether at least 99 of 100 were found and shrunk."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drawn", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, metavar="N")
    parser.add_argument("--quick", action="store_true", help="3 seeds, nothing written")
    args = parser.parse_args(argv)
    seeds = 3 if args.quick else args.seeds
    rows, good = [], True
    for name, mistake in MISTAKES.items():
        reports, taken = [], []
        for seed in range(seeds):
            start = time.process_time()
            reports.append(found(mistake, seed))
            taken.append(time.process_time() - start)
        failed = [r for r in reports if r.outcome is Outcome.FAIL]
        cases = [r.findings[0].case for r in failed]
        exact = [case for case in cases if case.startswith(mistake.smallest + ",values=")]
        simplest = [case for case in exact if "values=simple" in case and case.endswith("seed=0")]
        where = max({r.findings[0].location for r in failed}, key=[r.findings[0].location for r in failed].count)
        right = audit((mistake.target[0], mistake.right), shapes=mistake.shapes, examples=PROFILES["quick"].examples)
        good = good and min(len(failed), len(exact)) >= WANTED * seeds and right.outcome is Outcome.PASS
        rows.append(
            (name, count(len(failed), seeds), mistake.smallest, count(len(exact), seeds), count(len(simplest), seeds),
             where.partition(" (")[0], f"{median(r.cost.forward for r in failed):,.0f}", f"{median(taken):.2f}")
        )  # fmt: skip
        print(*rows[-1], sep="  ", flush=True)
    head = (
        *("mistake", "found", "smallest shape", "shrunk to it", "and to the simplest values"),
        *("what is said to matter", "forward passes", "seconds of CPU"),
    )
    text = f"{seeds} seeds each, {PROFILES['quick'].examples} cases a search:\n\n{table(head, rows)}"
    if not args.quick:
        write("drawn", text)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
