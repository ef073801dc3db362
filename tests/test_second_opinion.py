"""scipy's check_grad and differentiate, wrapped with what they claim and with their known weaknesses shown."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from checks.numeric.second_opinion import check_grad_all, check_grad_random, differentiate

X = np.array([0.3, -1.2, 2.0])


def f(x):
    return float(np.sin(x).sum() + x @ x)


def g(x):
    return np.cos(x) + 2 * x


def flipped(x):
    return g(x) * np.array([1, -1, 1])


def test_right_gradients_are_close_and_wrong_ones_far():
    rng = np.random.default_rng(0)
    for check in (lambda g: check_grad_all(f, g, X), lambda g: check_grad_random(f, g, X, rng)):
        assert check(g).relative < 1e-6
        assert check(flipped).relative > 0.1


def test_passes_are_counted_and_the_method_is_named():
    everything, one = check_grad_all(f, g, X), check_grad_random(f, g, X, np.random.default_rng(0))
    assert (everything.passes, one.passes) == (4, 2)
    assert everything.method == "scipy.optimize.check_grad (all)"
    assert one.method == "scipy.optimize.check_grad (random)"
    assert everything.size == pytest.approx(np.linalg.norm(g(X)))


def test_random_direction_comes_from_the_generator():
    def distance(seed):
        return check_grad_random(f, flipped, X, np.random.default_rng(seed)).value

    assert distance(1) == distance(1) != distance(2)


def test_blur_explains_what_an_absolute_step_cannot_see():
    def offset(x):
        return f(x) + 1e9

    found = check_grad_all(offset, g, X)
    assert found.value <= 2 * found.blur + 1e-6
    assert found.blur > 1


def test_small_scale_flip_passes_scipy_by_its_absolute_figure_but_not_relative():
    found = check_grad_all(lambda x: 1e-8 * f(x), lambda x: 1e-8 * flipped(x), X)
    assert found.value < 1e-6
    assert found.relative > 0.1


def test_zero_claim_of_a_function_that_moves_is_infinitely_wrong():
    assert check_grad_all(f, np.zeros_like, X).relative == math.inf
    assert check_grad_all(lambda x: 0.0, np.zeros_like, X).relative == 0.0


@pytest.mark.parametrize(
    "check", [check_grad_all, lambda f, g, x: check_grad_random(f, g, x, np.random.default_rng(0))]
)
def test_gradient_of_another_shape_is_refused_where_scipy_would_broadcast(check):
    with pytest.raises(ValueError, match=r"shape \(3, 1\), expected \(3,\)"):
        check(f, lambda x: g(x)[:, None], X)


def test_differentiate_measures_smooth_functions_within_its_figure():
    found = differentiate(math.exp)
    assert found.interval[0] <= 1 <= found.interval[1]
    assert found.method == "scipy.differentiate"
    assert found.passes > 0
    assert found.truncation == pytest.approx(
        found.bar, rel=0, abs=math.ulp(1.0)
    )  # of an interval around 1, whose ends are rounded


def test_differentiate_is_confident_at_a_kink():
    found = differentiate(lambda t: max(t, 0.0))
    assert found.value == pytest.approx(0.5, abs=1e-12)
    assert found.bar < 1e-6


def test_differentiate_knows_nothing_where_it_leaves_the_domain():
    found = differentiate(lambda t: math.log(1e-3 + t))
    assert found.interval == (-math.inf, math.inf)
    assert "not converged" in found.flags


def test_importing_loads_neither_optimize_nor_differentiate():
    code = (
        "import sys, checks.numeric.second_opinion, checks.numeric.windows, checks.numeric.derivative; "
        "print([m for m in sys.modules if m.startswith(('scipy.optimize', 'scipy.differentiate'))])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert shown.stdout.strip() == "[]"
