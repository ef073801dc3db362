"""What is off and not failed: slight errors, jumps of the values; and numbers near the end of their range."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from places import at, failed, judged, of_x

from checks import Outcome, Subject
from checks.numeric.jump import JUMPS, jump
from checks.numeric.line import Line
from checks.proof import _beside
from checks.quickly import PART
from checks.verdict import Verdict

SIX = np.random.default_rng([5, 6]).normal(size=6)


def off(error: float, n: int = 6) -> Subject:
    return of_x(np.sin, lambda x: (1 + error) * np.cos(x), SIX[:n])


@pytest.mark.parametrize("error", [1e-7, 3e-8, -1e-7])
def test_an_error_below_what_is_aimed_at_passes_and_is_stated_unless_more_is_demanded(error: float) -> None:
    """A constant in float32, say."""
    for seed in range(3):
        report = judged(off(error), seed=seed)
        assert report.outcome is Outcome.PASS
        assert max(v.resolution or 0 for v in report.verdicts) > abs(error) / 10
        assert judged(off(error), seed=seed, resolution=1e-9).outcome is Outcome.FAIL


@pytest.mark.parametrize("n", [1, 2, 6])
@pytest.mark.slow
def test_an_error_of_what_is_aimed_at_is_failed(n: int) -> None:
    for seed in range(12):
        assert judged(off(1e-6, n), seed=seed).outcome is Outcome.FAIL


def test_a_small_group_may_be_off_by_a_share_of_what_is_aimed_at_for_it() -> None:
    unit = np.r_[np.ones(4), np.full(3, 1e-4)]

    def subject(error: float) -> Subject:
        wrong = np.where(unit < 1, 1 + error, 1.0)
        return Subject(
            name="sum",
            point={"x": np.r_[SIX, 0.3]},
            forward=lambda p: (unit * np.sin(p["x"])).sum(),
            pullback=lambda p, v: {"x": v * wrong * unit * np.cos(p["x"])},
        )

    assert judged(subject(PART / 20)).outcome is Outcome.PASS
    assert failed(judged(subject(3 * PART))) == {"x"}


# --- jumps ---------------------------------------------------------------------------------------------------


def sawtooth(x: np.ndarray) -> np.ndarray:
    """sin x with an inner error that drifts and is reset, 40 times along x = 0 … 1."""
    return np.sin(x) + 1e-6 * (np.mod(40 * x, 1.0) - 0.5)


def test_values_that_jump_by_an_inner_tolerance_leave_a_claim_within_it_open() -> None:
    x = np.array([0.62])
    assert judged(of_x(sawtooth, np.cos, x), proof=False).outcome is Outcome.INCONCLUSIVE
    (first, *_) = judged(of_x(sawtooth, np.cos, x), proof=False).findings
    assert "values jump by" in first.verdict.reason
    for factor in (1.01, 0.99, 1.0005):
        assert judged(of_x(sawtooth, lambda x, f=factor: f * np.cos(x), x), proof=False).outcome is Outcome.FAIL


def test_a_proof_does_not_fail_what_jumps_leave_open() -> None:
    """Between jumps, what is exact is not the function's either; what is proved right is right."""

    def verdict(outcome: Outcome, reason: str = "") -> Verdict:
        return Verdict(law="adjoint", tensor="x", outcome=outcome, reason=reason)

    jumps = verdict(Outcome.INCONCLUSIVE, f"{JUMPS} 1e-06 at t = 0.1")
    assert _beside(jumps, verdict(Outcome.FAIL)) is jumps
    assert _beside(jumps, right := verdict(Outcome.PASS)) is right
    assert _beside(verdict(Outcome.INCONCLUSIVE), wrong := verdict(Outcome.FAIL)) is wrong


def cancelled(x: np.ndarray) -> np.ndarray:
    """(1 − cos x)/x², whose numerator keeps a few digits for small x."""
    return (1 - np.cos(x.astype(float))) / (x * x)


def test_cancellation_that_moves_in_jumps_is_not_taken_for_a_slope() -> None:
    for x in np.linspace(2e-6, 4e-6, 5):
        right = of_x(cancelled, lambda x: -x / 12, np.array([x]))
        assert judged(right, proof=False).outcome is not Outcome.FAIL
        assert judged(of_x(cancelled, lambda x: 9 / x, np.array([x])), proof=False).outcome is not Outcome.PASS


def test_a_step_of_the_function_itself_excuses_nothing() -> None:
    """A remainder that jumps by 1: its slope is that between the jumps."""
    subject = of_x(lambda x: np.mod(x, 1.0), lambda x: 0 * x + 1.5, np.array([0.43]))
    assert judged(subject, proof=False).outcome is Outcome.FAIL


def test_a_jump_is_told_from_a_kink_and_from_steep_slopes() -> None:
    def found(f: Any) -> tuple[float, float]:
        line = Line(f)
        line([*np.linspace(-0.05, 0.05, 12), -0.4, 0.4])
        return jump(line, 0.05, 0.4)

    for f in (lambda t: abs(t - 0.2), lambda t: t**4, lambda t: np.sqrt(abs(t - 0.2)), np.exp):
        assert abs(found(f)[0]) < 1e-12
    size, place = found(lambda t: np.sin(t) - 1e-6 * (t < -0.2))
    assert size == pytest.approx(1e-6, rel=0.2)
    assert place == pytest.approx(0.2, rel=0.01)
    assert found(lambda t: np.nan if t > 0.1 else t)[0] < 1e-12


# --- the ends of the number range ----------------------------------------------------------------------------


@pytest.mark.filterwarnings("error")
def test_sums_that_would_overflow_are_asked_smaller() -> None:
    x = np.array([703.0, 704.5, 699.0])

    def subject(factor: float) -> Subject:
        return of_x(np.exp, lambda x: factor * np.exp(x), x)

    report = judged(subject(1.0))
    assert report.outcome is Outcome.PASS
    assert len(at(report, "at your point")) > 0
    assert judged(subject(1.01)).outcome is Outcome.FAIL


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1e-300, 1e-310, 1e-318])
def test_values_that_have_hardly_any_digits_left_raise_nothing_and_are_not_failed(scale: float) -> None:
    def subject(factor: float) -> Any:
        return of_x(lambda x: scale * np.sin(x), lambda x: factor * scale * np.cos(x), SIX)

    assert judged(subject(1.0)).outcome is not Outcome.FAIL
    assert judged(subject(-3.0)).outcome is not Outcome.PASS
