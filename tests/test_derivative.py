"""checks.derivative: the measuring engine as a function of its own."""

from __future__ import annotations

import math
import time
import warnings

import numpy as np
import pytest

import checks
from checks.errors import MisuseError
from checks.numeric.derivative import derivative


def holds(found, *slopes):
    return all(found.interval[0] <= s <= found.interval[1] for s in slopes)


def test_is_public():
    assert checks.derivative is derivative


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_precision_is_seen_not_asked_for(dtype):
    found = derivative(lambda t: dtype(np.sin(dtype(1) + dtype(t))))
    assert holds(found, math.cos(1))
    assert found.bits == {np.float16: 11, np.float32: 24, np.float64: 53}[dtype]


def test_vectorised_is_the_same():
    one, many = derivative(lambda t: np.sin(1 + t)), derivative(lambda t: np.sin(1 + t), vectorised=True)
    assert one == many


@pytest.mark.parametrize("budget", [1, 5, 7, 12, 20, 30, 43])
def test_budget_counts_every_call(budget):
    calls = []

    def psi(t):
        calls.append(t)
        return math.exp(t)

    found = derivative(psi, budget=budget)
    assert len(calls) == found.passes <= budget
    assert holds(found, 1.0)


@pytest.mark.parametrize("psi", [math.exp, lambda t: max(t - 0.3, 0.0), lambda t: math.sqrt(t + 1e-3)])
@pytest.mark.parametrize("seconds", [0.5, 3, 7, 12, 25, 41])
def test_a_budget_in_seconds_is_honoured_within_one_pass_and_what_it_buys_holds(psi, seconds, monkeypatch):
    """Every pass takes a second of a clock of our own."""
    clock = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    def slow(t):
        clock[0] += 1.0
        return psi(t)

    found = derivative(slow, budget=f"{seconds}s")
    assert clock[0] - 100.0 <= seconds + 1
    assert found.passes == clock[0] - 100.0
    true = (psi(1e-7) - psi(-1e-7)) / 2e-7
    assert found.interval[0] - 1e-5 <= true <= found.interval[1] + 1e-5
    assert found.bar < np.inf or seconds < 20


@pytest.mark.parametrize("budget", ["soon", 0, -3, 1.5, True])
def test_a_budget_that_is_none_is_refused(budget):
    with pytest.raises(MisuseError, match="expected a positive whole number"):
        derivative(math.exp, budget=budget)


def test_default_spends_at_most_43_passes_whatever_the_function():
    rng = np.random.default_rng(0)
    for psi in (
        math.exp,
        abs,
        lambda t: 0.0,
        lambda t: max(0.0, t - 0.01),
        lambda t: rng.normal(),
        lambda t: float(np.floor(5 * t + 0.3)),
        lambda t: math.sqrt(t),
        lambda t: math.log(1e-6 + t),
        lambda t: math.nan,
    ):
        assert derivative(psi).passes <= 43


@pytest.mark.parametrize(
    ("psi", "slope"),
    [
        (lambda t: math.log(1e-3 + t), 1e3),
        (lambda t: math.sqrt(1e-4 + t), 50.0),
        (lambda t: float(np.log(1e-3 + t)), 1e3),
        (lambda t: float(np.linalg.cholesky(np.array([[1.0, 0.99 + t], [0.99 + t, 1.0]]))[1, 1]), -0.99 / 0.0199**0.5),
    ],
)
def test_the_edge_of_a_domain_that_we_meet_is_no_error_under_strict_warnings(psi, slope):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = derivative(psi)
    assert holds(found, slope)
    assert found.bar < 1e-8 * abs(slope)


def test_target_that_asserts_its_range():
    def psi(t):
        assert -0.01 <= t <= 0.01, "out of range"
        return math.tanh(t)

    assert holds(derivative(psi), 1.0)


def test_rosenbrock_style_scales_in_one_function():
    found = derivative(lambda t: 1e8 * (t - 1e-4) ** 2 + math.sin(t))
    assert holds(found, 1 - 2e4)
    assert found.bar < 1e-4


def test_random_noise_alone_has_no_slope_to_speak_of():
    rng = np.random.default_rng(1)
    found = derivative(lambda t: rng.normal())
    assert holds(found, 0.0)
    assert found.bar > 1
