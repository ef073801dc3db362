"""Nasty right gradients: proven right with eighty digits, and not called wrong."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from checks import Outcome
from checks.subject import named_outputs
from corpus.facts import cotangent
from corpus.nasty import NASTY
from corpus.nasty.row import DIGITS, Nasty, digits

pytestmark = pytest.mark.slow

SEEDS = range(1)
ENTRIES = 6  # of each primal that are looked at
STEP = 1e-25  # relative; differences of eighty digits then err by 1e-25 of the curvature

needs_mpmath = pytest.mark.skipif(
    find_spec("mpmath") is None, reason="mpmath is not installed: no digits to prove with"
)
by_name = pytest.mark.parametrize("case", NASTY.values(), ids=str)


def test_there_are_at_least_a_hundred_and_each_says_why():
    assert len(NASTY) >= 100
    assert len({c.why for c in NASTY.values()}) == len(NASTY)


def slopes(case: Nasty, point: dict[str, Any], v: Any, name: str, at: tuple[int, ...]) -> tuple[float, float]:
    """One-sided derivatives of ⟨v, f⟩ along one entry of a primal."""
    import mpmath

    e, mpf = digits(), np.frompyfunc(mpmath.mpf, 1, 1)
    exact = {n: np.asarray(mpf(x.astype(float)), dtype=object) for n, x in point.items()}
    weights = mpf(np.asarray(v, dtype=float))

    def psi(step: Any) -> Any:
        moved = {n: np.array(x, dtype=object) for n, x in exact.items()}
        moved[name][at] = moved[name][at] + step
        return np.sum(weights * case.forward(e, **moved))

    size = abs(exact[name][at]) or mpmath.mpf(float(np.abs(point[name]).max()) or 1)
    h = mpmath.mpf(STEP) * size
    here = psi(mpmath.mpf(0))
    return (here - psi(-h)) / h, (psi(h) - here) / h


@needs_mpmath
@by_name
def test_it_is_right(case: Nasty):
    import mpmath

    with mpmath.workdps(80):
        for seed in SEEDS:
            point, rng = case.point(seed), np.random.default_rng(seed)
            v = cotangent(rng, case.value(point))
            for name, g in case.gradient(v, point).items():
                assert g.shape == point[name].shape
                within = case.within or max(DIGITS[x.dtype] for x in point.values())
                allowed = within * float(np.max(np.abs(g), initial=0.0)) + case.loses + 1e-300
                for flat in rng.permutation(g.size)[:ENTRIES]:
                    at = tuple(int(i) for i in np.unravel_index(flat, g.shape))
                    low, high = sorted(slopes(case, point, v, name, at))
                    assert low - allowed <= float(g[at]) <= high + allowed, f"{name}{list(at)}: {g[at]}, {low}, {high}"


@by_name
def test_it_is_not_called_wrong(case: Nasty):
    for seed in SEEDS:
        report = case.audit(seed)
        assert report.outcome is not Outcome.FAIL, str(report)
        if case.kind == "ordinary":
            assert report.outcome is Outcome.PASS, str(report)


def test_outputs_are_finite():
    for case in NASTY.values():
        assert all(np.isfinite(a).all() for a in named_outputs(case.value(case.point(0))).values()), case.name
