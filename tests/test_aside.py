"""Claimed zeros are displaced along with the furthest of three values; what that cannot show is asked alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from checks import Outcome, audit
from checks.displaced import Displaced, fill_row
from checks.report.record import Report
from checks.rows import MOST, Rows
from checks.subject import Subject
from checks.tangents import RowDirection

RNG = np.random.default_rng(7)
SMALL = {"x": RNG.normal(size=(4, 5)), "y": RNG.normal(size=(4, 5))}
FURTHEST = 1.6e-3 * float(np.sqrt(np.mean(SMALL["y"] ** 2)))  # no entry of a moved point is as far from the caller's
LARGE = {"x": RNG.normal(size=(4, 5)), "y": RNG.normal(size=(MOST + 50,))}


def held(
    point: dict[str, np.ndarray],
    beside: Callable[[np.ndarray], Any],
    seed: int,
    slope: Callable[[Any], Any] | None = None,
) -> Report:
    """sin(x) and what ``beside`` makes of y; the gradient of y is claimed to be 0, or its ``slope``."""

    def pullback(p: Any, v: Any) -> Any:
        return {"x": v * np.cos(p["x"]), "y": slope(p["y"]) * v.sum() if slope else np.zeros_like(p["y"])}

    subject = Subject(name="beside", point=point, forward=lambda p: np.sin(p["x"]) + beside(p["y"]), pullback=pullback)
    return audit(subject, laws=["adjoint"], seed=seed, locate=False)


def zero(report: Report) -> Any:
    return next(v for v in report.verdicts if v.tensor == "y" and v.where == "at a moved point")


@pytest.mark.parametrize("point", [SMALL, LARGE], ids=["in a row", "large"])
@pytest.mark.parametrize("seed", range(4))
def test_a_right_zero_costs_no_pass_of_its_own(point: dict[str, np.ndarray], seed: int) -> None:
    report = held(point, lambda y: 0.0 * y.sum() + 1.0, seed)
    assert report.outcome is Outcome.PASS
    assert report.cost.forward == 7
    estimate = zero(report).estimate
    assert estimate.value == 0
    assert 0 < estimate.bar <= 1e-8
    assert estimate.flags == (f"as if it stood still for 0 ≤ t ≤ {estimate.step:g}",)
    others = [v.estimate.passes for v in report.verdicts if v.tensor == "x"]
    assert others == [3, 2]


@pytest.mark.parametrize(
    ("point", "by"),
    [*((SMALL, by) for by in (1.0, 1e-3, 1e-6, 1e-9)), *((LARGE, by) for by in (1.0, 1e-3, 1e-6, 1e-7))],
)
def test_a_wrong_zero_is_seen_down_to_a_slope_far_below_the_others(point: dict[str, np.ndarray], by: float) -> None:
    for seed in range(4):
        report = held(point, lambda y: by * y.sum() / np.sqrt(y.size), seed)
        assert zero(report).outcome is Outcome.FAIL
        right = held(
            point, lambda y: by * y.sum() / np.sqrt(y.size), seed, lambda y: np.full_like(y, by / np.sqrt(y.size))
        )
        assert right.outcome is Outcome.PASS


@pytest.mark.parametrize("seed", range(4))
def test_where_moved_zeros_change_the_outputs_they_are_asked_alone(seed: int) -> None:
    """A unit that comes alive a little further out: right, but not flat as far as the first reach."""
    report = held(SMALL, lambda y: np.maximum(np.abs(y - SMALL["y"]).max() - FURTHEST, 0.0), seed)
    assert report.outcome is Outcome.PASS
    assert report.cost.forward > 7


@pytest.mark.parametrize("seed", range(4))
def test_where_moved_zeros_leave_the_domain_they_are_asked_alone(seed: int) -> None:
    def beside(y: np.ndarray) -> float:
        if np.abs(y - SMALL["y"]).max() > FURTHEST:
            raise ValueError("outside")
        return 1.0

    assert held(SMALL, beside, seed).outcome is Outcome.PASS


def test_zeros_that_only_nearly_vanish_are_not_taken_along() -> None:
    report = held(SMALL, lambda y: 1e-16 * y.sum(), 0, lambda y: np.full_like(y, 1e-16))
    assert report.outcome is Outcome.PASS
    assert "as if" not in " ".join(zero(report).estimate.flags)


def test_a_row_displaced_twice_is_the_sum() -> None:
    x = Rows.of({"x": np.array([1.0, -0.0]), "y": np.ones((2, 3), order="F"), "z": np.array([-0.0])})
    assert x is not None
    one, two = x.like(np.full(x.row.size, 2.0)), RowDirection(x.layout, np.arange(x.row.size, dtype=float), ["y"])
    there = Displaced(Displaced(x, RowDirection(x.layout, one.row, ["x", "y"]), 0.5), two, 0.25)
    out = np.empty(x.layout.length)
    assert fill_row(out, there)
    made = Rows(x.layout, out)
    for name in x:
        np.testing.assert_array_equal(made[name], there[name])
        assert np.array_equal(np.signbit(made[name]), np.signbit(there[name]))


def test_it_counts_as_a_pass_of_the_budget() -> None:
    seen: list[int] = []

    def forward(p: Any) -> Any:
        seen.append(1)
        return np.sin(p["x"])

    point = {"x": SMALL["x"], "y": SMALL["y"]}
    subject = Subject(
        name="counted", point=point, forward=forward, pullback=lambda p, v: {"x": v * np.cos(p["x"]), "y": 0 * p["y"]}
    )
    assert audit(subject, laws=["adjoint"]).cost.forward == len(seen)
    assert audit(subject, laws=["adjoint"], budget=5).outcome is Outcome.INCONCLUSIVE
