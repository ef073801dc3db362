"""The windows estimator holds ψ′(0), says what it saw, and spends what it says."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.numeric.constants import CONSTANTS
from checks.numeric.line import Line
from checks.numeric.models import models
from checks.numeric.quick import STEP, quick
from checks.numeric.scan import TOP
from checks.numeric.windows import windows

Psi = Callable[[float], float]
ULP = float(np.finfo(float).eps)


def holds(estimate, *slopes: float) -> bool:
    """Whether every slope is inside, but for the slope's own last digits."""
    slack = 4 * ULP * max(abs(s) for s in slopes)
    return all(estimate.interval[0] - slack <= s <= estimate.interval[1] + slack for s in slopes)


def float32(f: Psi) -> Psi:
    return lambda t: float(np.float32(f(np.float32(t))))


def relu_network(rng: np.random.Generator, width: int, depth: int, dtype=np.float64) -> tuple[Psi, float]:
    """ψ of a random ReLU network with all weights and inputs moving, and ψ′(0) in extended precision."""
    shapes = [(width, width)] * depth
    weights = [(rng.normal(size=s) * math.sqrt(2 / width)).astype(dtype) for s in shapes]
    moves = [(rng.choice([-1, 1], s) * rng.uniform(0.5, 1.5, s) * math.sqrt(2 / width)).astype(dtype) for s in shapes]
    x, dx, v = (rng.normal(size=width).astype(dtype) for _ in range(3))

    def psi(t: float) -> float:
        a = x + dtype(t) * dx
        for w, u in zip(weights, moves, strict=True):
            a = np.maximum((w + dtype(t) * u) @ a, 0)
        return float(v @ a)

    a, da = x.astype(np.longdouble), dx.astype(np.longdouble)
    for w, u in zip(weights, moves, strict=True):
        z, dz = w.astype(np.longdouble) @ a, u.astype(np.longdouble) @ a + w.astype(np.longdouble) @ da
        a, da = np.maximum(z, 0), np.where(z > 0, dz, 0)
    return psi, float(v.astype(np.longdouble) @ da)


SMOOTH: dict[str, tuple[Psi, float]] = {
    "sine": (lambda t: math.sin(1 + t), math.cos(1)),
    "exponential": (math.exp, 1.0),
    "identity": (lambda t: t, 1.0),
    "line over an offset": (lambda t: 3 + 2 * t, 2.0),
    "fast": (lambda t: math.sin(1e4 * t), 1e4),
    "large": (lambda t: 1e12 * math.tanh(0.3 + t), 1e12 / math.cosh(0.3) ** 2),
    "small": (lambda t: 1e-12 * math.tanh(0.3 + t), 1e-12 / math.cosh(0.3) ** 2),
    "tiny": (lambda t: 1e-200 * math.tanh(0.3 + t), 1e-200 / math.cosh(0.3) ** 2),
    "huge": (lambda t: 1e200 * math.tanh(0.3 + t), 1e200 / math.cosh(0.3) ** 2),
    "near the edge of its domain": (lambda t: math.sqrt(1e-3 + t), 0.5 / math.sqrt(1e-3)),
    "edge that raises": (lambda t: math.log(1e-5 + t), 1e5),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_functions_are_held_to_ten_digits(name):
    psi, slope = SMOOTH[name]
    found = windows(Line(psi))
    assert holds(found, slope)
    assert found.bar <= 1e-10 * abs(slope)
    assert found.kink is None
    assert found.passes <= 43


@given(st.integers(0, 2**32), st.sampled_from([2, 5, 40]), st.integers(1, 3))
def test_relu_networks_are_held_and_resolved(seed, width, depth):
    psi, slope = relu_network(np.random.default_rng(seed), width, depth)
    found = windows(Line(psi))
    assert holds(found, slope)
    assert found.passes <= 43


@given(st.integers(0, 2**32), st.sampled_from([2, 5, 40]))
def test_relu_networks_in_float32_are_held(seed, width):
    psi, slope = relu_network(np.random.default_rng(seed), width, 2, np.float32)
    assert holds(windows(Line(psi)), slope)


def test_float32_values_are_recognised():
    found = windows(Line(float32(lambda t: np.sin(np.float32(1) + t))))
    assert holds(found, math.cos(1))
    assert found.bits == 24
    assert "float32 values" in found.flags
    assert 1e-7 < found.bar < 1e-3


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_few_simple_values_are_no_evidence_of_a_narrow_format(kind):
    assert windows(Line(lambda t: float(kind(3.0)))).bits == 53


def test_float32_hidden_by_a_float64_factor_is_in_the_bar():
    psi = float32(lambda t: np.sin(np.float32(1) + t))
    found = windows(Line(lambda t: 1.2345678901234567 * psi(t)))
    assert holds(found, 1.2345678901234567 * math.cos(1))
    assert found.bits == 53
    assert 1e-7 < found.bar < 1e-3


@pytest.mark.parametrize("level", [1e-12, 1e-9, 1e-6, 1e-3])
def test_noise_is_seen_at_its_size_and_held(level):
    rng = np.random.default_rng(3)
    for _ in range(20):
        found = windows(Line(lambda t: math.sin(1 + t) + level * rng.normal()))
        assert holds(found, math.cos(1))
        assert level / 8 < found.noise_level < 8 * level
        assert found.bar < 1e4 * level


@pytest.mark.parametrize("place", [1e-1, 1e-3, 1e-5, -1e-2, -1e-4])
def test_kink_nearby_is_kept_out(place):
    found = windows(Line(lambda t: math.sin(1 + t) + abs(t - place)))
    slope = math.cos(1) - math.copysign(1, place)
    assert holds(found, slope)
    assert found.bar < 1e-8
    assert found.kink is None


@pytest.mark.parametrize("place", [1e-12, -1e-11, 1e-10, 3e-9])
def test_kink_too_close_to_tell_from_one_at_0_holds_both_slopes(place):
    found = windows(Line(lambda t: math.sin(1 + t) + abs(t - place)))
    assert holds(found, math.cos(1) - math.copysign(1, place))


@pytest.mark.parametrize("jump", [1e-3, 1.0, 1e3])
def test_kink_at_0_shows_both_slopes(jump):
    found = windows(Line(lambda t: math.sin(1 + t) + max(0.0, jump * t)))
    slopes = (math.cos(1), math.cos(1) + jump)
    assert holds(found, *slopes)
    assert found.kink == pytest.approx(slopes, rel=1e-8)


def test_relu_at_0_has_slopes_0_and_1():
    found = windows(Line(lambda t: max(t, 0.0)))
    assert holds(found, 0.0, 1.0)
    assert found.kink == pytest.approx((0.0, 1.0), abs=1e-12)


@pytest.mark.parametrize("offset", [1e3, 1e6, 1e10])
@pytest.mark.parametrize("hidden", [False, True])
def test_offsets_are_paid_for_in_the_bar(offset, hidden):
    def psi(t: float) -> float:
        value = math.exp(t) + offset
        return value - offset if hidden else value

    found = windows(Line(psi))
    assert holds(found, 1.0)
    assert offset * ULP < found.bar < 1e6 * offset * ULP


def test_the_grid_left_by_a_cancelled_offset_is_seen_whatever_the_slope():
    """Steps of a power of two at power-of-two places: a slope of 43.0006 steps once looked exactly straight."""
    rng = np.random.default_rng(0)
    for _ in range(100):
        offset, slope = 10 ** rng.uniform(2, 12), rng.normal()
        assert holds(windows(Line(lambda t: (math.expm1(slope * t) + offset) - offset)), slope)  # noqa: B023 - used at once


@pytest.mark.slow
def test_rounding_that_is_the_same_on_both_sides_does_not_pass_for_none():
    """Chains of width one round t and −t alike; half of the residual then vanishes whatever the noise."""
    rng = np.random.default_rng(5)
    for _ in range(200):
        w, b, x = rng.normal(size=4) * 2, rng.normal(size=4), rng.normal() * 10 ** rng.uniform(-1, 1)
        u, c = rng.normal(size=4), rng.normal(size=4)

        def psi(t: float, w=w, b=b, x=x, u=u, c=c) -> float:
            a = x
            for k in range(4):
                a = 1 / (1 + math.exp(-((w[k] + t * u[k]) * a + b[k] + t * c[k])))
            return a

        a, da = np.longdouble(x), np.longdouble(0)
        for k in range(4):
            da = u[k] * a + w[k] * da + c[k]
            a = 1 / (1 + np.exp(-(w[k] * a + b[k])))
            da = da * a * (1 - a)
        assert holds(windows(Line(psi)), float(da))


def test_constant_has_slope_0_to_rounding():
    found = windows(Line(lambda t: 3.0))
    assert holds(found, 0.0)
    assert 0 < found.bar < 1e-13
    assert "constant" in found.flags


def test_zero_function_has_a_bar_above_zero():
    found = windows(Line(lambda t: 0.0))
    assert found.interval[0] < 0 < found.interval[1]
    assert found.bar < 1e-300


def test_dead_relu_that_comes_alive_further_out_is_flat_here():
    found = windows(Line(lambda t: max(0.0, 5 * t - 0.2)))
    assert holds(found, 0.0)
    assert found.bar < 1e-6
    assert any(flag.startswith("piecewise constant below t =") for flag in found.flags)


def test_staircase_does_not_pass_for_flat_nor_for_a_slope():
    found = windows(Line(lambda t: float(np.floor(4 * t + 0.5))))
    assert holds(found, 0.0, 4.0)
    assert any(flag.startswith("piecewise constant below t =") for flag in found.flags)


def test_windows_that_rest_on_one_step_are_not_calm():
    """Steps of 3e-3 with one small flip close by, as bfloat16 activations make: it once looked like a slope."""
    found = windows(Line(lambda t: 3e-3 * math.floor(4.6 * t / 3e-3 + 0.8) + 4e-5 * (t < -2e-8)))
    assert holds(found, 4.6)


def test_two_kinks_very_close_by_do_not_hide_the_slope_between_them():
    def psi(t: float) -> float:
        return math.sin(1 + t) + abs(t - 2e-7) - abs(t + 3e-8) + 0.7 * abs(t - 1e-5)

    found = windows(Line(psi))
    assert holds(found, math.cos(1) - 2 - 0.7)


@pytest.mark.parametrize("side", [-1, 1])
def test_one_sided_domain_is_measured_on_the_side_that_exists(side):
    found = windows(Line(lambda t: math.exp(t) if side * t >= 0 else math.nan))
    assert holds(found, 1.0)
    assert found.bar < 1e-6
    assert "one-sided domain" in found.flags
    assert found.passes <= 43


def test_spike_narrower_than_any_window_is_not_a_slope():
    found = windows(Line(lambda t: 1 / (1e-8 + t) if t > -1e-8 else math.nan))
    assert holds(found, -1e16)


def test_not_finite_at_0_is_unknown():
    found = windows(Line(lambda t: math.nan if t == 0 else t))
    assert found.interval == (-math.inf, math.inf)
    assert "ψ is not finite at 0" in found.flags


def test_values_of_the_quick_stencil_are_not_evaluated_again():
    line = Line(math.sin)
    assert quick(line, 2.0, 1.0) is None
    spent = line.passes
    windows(line)
    fresh = Line(math.sin)
    windows(fresh)
    assert line.passes == fresh.passes + spent - 2  # the outer pair lies on the scan


def test_quick_and_full_measurement_together_spend_43_passes():
    line = Line(lambda t: math.sin(1 + t))
    assert quick(line, 2.0, 1.0) is None
    found = windows(line, also=(-STEP, STEP), budget=43 - line.passes)
    assert line.passes == 43
    assert holds(found, math.cos(1))
    assert found.bar < 1e-10


def test_warnings_raised_inside_are_no_edge_of_the_domain():
    def psi(t: float) -> float:
        warnings.warn("deprecated", DeprecationWarning, stacklevel=1)
        return math.sin(1 + t)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert holds(windows(Line(psi)), math.cos(1))
        many = windows(Line(lambda ts: np.array([psi(t) for t in ts]), vectorised=True))
    assert holds(many, math.cos(1))


@pytest.mark.parametrize("size", [1e300, 1.7e308])
def test_values_that_overflow_when_subtracted_warn_of_nothing(size):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = windows(Line(lambda t: size * math.sin(3 * t + 1)))
    assert holds(found, 3 * size * math.cos(1)) or not math.isfinite(found.bar)


@pytest.mark.parametrize("gap", [1.778279410038923e-06, 4.187509e-6, 1.6454282e-5])
@pytest.mark.parametrize("side", [-1, 1])
def test_far_point_that_a_polynomial_passes_through_vouches_for_nothing(gap, side):
    """One side ends at once; on the other the outermost point has the highest power to itself."""

    def psi(t: float) -> float:
        x = gap + side * t
        assert x > 0
        return 1 / (1 + x) + x * x

    assert holds(windows(Line(psi)), side * (2 * gap - 1 / (1 + gap) ** 2))


def test_warm_start_costs_seventeen_passes():
    first = windows(Line(lambda t: math.sin(1 + t)))
    second = windows(Line(lambda t: math.sin(1.01 + t)), near=first.step)
    assert holds(second, math.cos(1.01))
    assert second.passes <= 17
    assert second.bar < 1e-9


@pytest.mark.parametrize("budget", range(0, 45, 3))
def test_budget_is_honoured_and_what_it_buys_holds(budget):
    found = windows(Line(lambda t: math.sin(1 + t)), budget=budget)
    assert found.passes <= budget
    assert holds(found, math.cos(1))
    assert math.isfinite(found.bar) == (budget >= 7)


def test_further_displacements_count():
    line = Line(lambda t: math.sin(1 + t))
    found = windows(line, also=(0.011, -0.011, 0.013, -0.013))
    assert holds(found, math.cos(1))
    assert found.passes <= 47


def test_bar_is_the_sum_of_its_parts():
    for psi in (lambda t: math.sin(1 + t), float32(lambda t: np.sin(np.float32(1) + t))):
        found = windows(Line(psi))
        assert found.truncation + found.rounding + found.noise == pytest.approx(found.bar, rel=1e-6)


PATTERN = tuple(sorted([0.0, *(s * 8.0**-j for j in range(4) for s in (-1, 1))]))


@given(st.floats(-0.99, 0.99), st.floats(-3, 3))
def test_no_single_kink_escapes_the_bound_on_what_a_model_can_miss(place, height):
    """Kinks between the imagined places too: the safety factor covers them."""
    t = np.array(PATTERN)
    fits = models(PATTERN, CONSTANTS)
    values = height * np.abs(t - place)
    slope = -height * np.sign(place)
    for k in np.flatnonzero(~fits.bends):
        bound = CONSTANTS.gamma * fits.misled[k, 0] * np.linalg.norm(fits.residuals[k] @ values)
        error = abs(fits.slopes[k, 0] @ values - slope) if place else abs(height)
        assert error <= bound + 1e-12


def test_models_are_exact_on_what_they_model():
    t = np.array(PATTERN)
    fits = models(PATTERN, CONSTANTS)
    for k in range(len(fits.dof)):
        values = 2 * t + (0.5 * np.abs(t) if fits.bends[k] else 0)
        assert fits.slopes[k] @ values == pytest.approx([1.5, 2.5] if fits.bends[k] else [2, 2], abs=1e-9)


@pytest.mark.slow
def test_without_its_guards_the_bar_does_not_hold():
    """The same cases, with a bar that believes every residual: a test of these tests."""
    naive = replace(CONSTANTS, gamma=0.0, alpha=0.9)
    rng = np.random.default_rng(7)
    missed = guarded = 0
    for _ in range(40):
        noise = np.random.default_rng(int(rng.integers(2**32)))
        table = {t: noise.normal() for t in (0.0,)}

        def psi(t: float, table=table, noise=noise) -> float:
            return math.sin(1 + t) + 1e-6 * table.setdefault(t, noise.normal())

        missed += not holds(windows(Line(psi), constants=naive), math.cos(1))
        guarded += not holds(windows(Line(psi)), math.cos(1))
    assert missed >= 4  # of others a jump in the noise gives the narrow answer away
    assert guarded == 0


def test_top_is_below_a_full_change_and_not_dyadic():
    assert 0.25 < TOP < 1
    assert math.frexp(TOP)[0] not in (0.5, 0.75)


def frozen_numerator(x: float) -> Psi:
    """(1 − cos x)/x² about x: between two jumps of its numerator it is smooth, with a slope of its own."""

    def psi(t: float) -> float:
        moved = x * (1 + t)
        return (1 - math.cos(moved)) / moved**2

    return psi


@pytest.mark.parametrize("x", [1e-7, 1e-6, 7e-6, 1.2345e-5, 3e-4])
def test_a_slope_that_jumps_beside_it_contradict_is_left_open(x, monkeypatch):
    found = windows(Line(frozen_numerator(x)))
    assert found.interval[0] <= -x * x / 12 <= found.interval[1]
    assert found.passes <= 43
    assert any("values jump" in flag for flag in found.flags)
    monkeypatch.setattr("checks.numeric.windows._doubted", lambda *_: None)
    without = windows(Line(frozen_numerator(x)))
    assert not without.interval[0] <= -x * x / 12 <= without.interval[1]


@pytest.mark.parametrize("speed", [3e2, 1e4])
def test_what_only_oscillates_faster_than_the_coarser_windows_is_not_taken_for_jumps(speed):
    found = windows(Line(lambda t: math.sin(speed * t + 0.3)))
    assert holds(found, speed * math.cos(0.3))
    assert found.bar < 1e-9 * speed


@pytest.mark.parametrize("seed", range(20))
def test_the_grid_of_the_smallest_numbers_is_in_the_bar(seed: int) -> None:
    """Half of their spacing is no number: rounded away, the bar would be 0."""
    rng = np.random.default_rng(seed)
    x, u, s = rng.normal(), rng.uniform(0.05, 1.5), 10 ** rng.uniform(-317, -313)
    found = windows(Line(lambda t: s * math.sin(x + u * t)))
    assert holds(found, s * u * math.cos(x))
    assert found.bar > 0
