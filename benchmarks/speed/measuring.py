"""Measuring: every checker on one function, in pairs with gradcheck's fast mode; the smallest error that each sees."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from benchmarks.speed.checkers import CHECKERS, GENEROUS, PASSES, Run
from benchmarks.speed.functions import HERE, SIZES, Function, spoilt

CHEAP: Final = ("adjoint law", "all laws", "gradcheck, fast")
"""Those that are timed in several pairs, one after the other."""
REFERENCE: Final = "gradcheck, fast"


class Timed(NamedTuple):
    """A checker on a right claim: median seconds, median ratio to the fast mode's in the same pair, forward passes."""

    seconds: float
    ratio: float
    forwards: int


class Row(NamedTuple):
    """One function: seconds of one forward and one backward, what was timed, and what was left out (about, seconds)."""

    function: Function
    once: float
    timed: Mapping[str, Timed]
    left_out: Mapping[str, float]


def once(function: Function, rounds: int) -> float:
    """Seconds of one forward and one backward: the fastest of some."""
    seen = []
    for _ in range(rounds):
        start = time.perf_counter()
        function.forward(function.point)
        function.pullback(function.point, function.cotangent)
        seen.append(time.perf_counter() - start)
    return min(seen)


def pairs(rounds: int, seconds: float) -> int:
    """How many pairs to time where one takes so many seconds: what fits into ``rounds`` / 4 seconds.

    No fewer than a third of ``rounds``, no more than ten times: the median of a few pairs of milliseconds is off by a
    tenth on a busy machine.

    Examples
    --------
    >>> [pairs(15, seconds) for seconds in (0.005, 0.1, 5.0)]
    [150, 37, 5]
    """
    return max(-(-rounds // 3), min(10 * rounds, int(rounds / 4 / seconds)))


def timed(function: Function, rounds: int, limit: float) -> Row:
    """Time every checker that is expected to take less than ``limit`` seconds, the quick ones in `pairs`."""
    cost = once(function, max(3, rounds // (1 + 2 * function.entries // 1_000_000)))
    found: dict[str, Timed] = {}
    left_out: dict[str, float] = {}
    runs: dict[str, list[Run]] = {name: [] for name in CHEAP}
    start = time.perf_counter()
    for name in CHEAP:  # the first pays for what is loaded
        CHECKERS[name](function, None, 0)
    for seed in range(1, pairs(rounds, time.perf_counter() - start) + 1):
        for name in CHEAP:
            runs[name].append(CHECKERS[name](function, None, seed))
    for name in CHEAP:
        found[name] = _timed(runs[name], [b.seconds for b in runs[REFERENCE]])
    for name in CHECKERS:
        if name in CHEAP:
            continue
        expected = PASSES[name](function.entries, function.outputs) * cost if name in PASSES else 4 * cost
        if expected > limit:
            left_out[name] = expected
            continue
        if expected < limit / 100:
            CHECKERS[name](function, None, 0)
        run = CHECKERS[name](function, None, 1)
        found[name] = _timed([run], [found[REFERENCE].seconds])
    return Row(function, cost, {name: found[name] for name in CHECKERS if name in found}, left_out)


def _timed(runs: list[Run], reference: list[float]) -> Timed:
    return Timed(
        float(np.median([r.seconds for r in runs])),
        float(np.median([r.seconds / s for r, s in zip(runs, reference, strict=True)])),
        int(np.median([r.forwards for r in runs])),
    )


def seen(function: Function, name: str, where: str) -> float | None:
    """The smallest planted error that a checker objects to, asked from the largest on; None where not even that one."""
    check = CHECKERS[name]
    far = GENEROUS * check(function, None, 2).distance
    smallest = None
    for by in SIZES:
        run = check(function, spoilt(function, where, by), 2)
        if not (run.objects or run.distance > far > 0):
            break
        smallest = by
    return smallest


def sights(row: Row, slowest: float) -> dict[str, dict[str, float | None]]:
    """What each checker sees of each kind of planted error, for those that take at most ``slowest`` seconds a check."""
    return {
        where: {name: seen(row.function, name, where) for name, t in row.timed.items() if t.seconds <= slowest}
        for where in HERE
    }
