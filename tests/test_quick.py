"""The quick stencil passes right claims in four values and never a wrong one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.numeric.line import Line
from checks.numeric.quick import AT, BEND, RESOLUTION, STEP, WIDER, agree, closer, quick

CLOSER = (2e-6, 6e-7)


def curves(rng: np.random.Generator, k: int):
    """k smooth functions with derivatives and scales: sums of sines, one row each."""
    a, w, p = rng.normal(size=(k, 5)), rng.uniform(0.1, 2, size=(k, 5)), rng.uniform(0, 7, size=(k, 5))
    slopes = (a * w * np.cos(p)).sum(axis=1)
    return (lambda t: (a * np.sin(w * t + p)).sum(axis=1)), slopes, np.sqrt((a**2 * w**2).sum(axis=1))


def sampled(f, h: float) -> np.ndarray:
    return np.stack([f(t) for t in h * AT], axis=1)


@given(st.integers(0, 2**32))
def test_right_claims_agree_and_wrong_ones_do_not(seed):
    rng = np.random.default_rng(seed)
    f, slopes, scales = curves(rng, 40)
    values = sampled(f, STEP)
    right = agree(values, slopes, scales)
    assert right.agrees.all()
    assert (np.abs(right.value - slopes) <= right.bar).all()
    assert (right.bar <= RESOLUTION * scales).all()
    for wrong in (1e-6, 1e-3, 1.0):
        assert not agree(values, slopes + wrong * scales * rng.choice([-1, 1], 40), scales).agrees.any()


def test_many_directions_at_once_are_the_same_as_one_by_one():
    f, slopes, scales = curves(np.random.default_rng(1), 30)
    values = sampled(f, STEP)
    claims = slopes + 1.5e-7 * scales * np.arange(30) / 30
    together = agree(values, claims, scales)
    alone = [agree(values[i : i + 1], claims[i : i + 1], scales[i : i + 1]) for i in range(30)]
    assert together.agrees.tolist() == [bool(a.agrees[0]) for a in alone]
    assert np.allclose(together.bar, [a.bar[0] for a in alone], rtol=1e-12)
    assert 0 < together.agrees.sum() < 30


def test_ratio_of_the_three_point_errors_is_an_identity_and_says_nothing():
    values = np.random.default_rng(0).normal(size=(50, 4))
    near, far = (values[:, 2] - values[:, 1]) / 2, (values[:, 3] - values[:, 0]) / 4
    five = (4 * near - far) / 3
    assert np.allclose(far - five, 4 * (near - five))


@pytest.mark.parametrize("place", [0.1, 0.5, 6 / 7, 1.5, -0.3, -1.9])
def test_kink_inside_the_stencil_is_never_passed_at_the_value_it_fakes(place):
    """Also at 6/7 of the step, where the five-point value does not notice the kink at all."""
    t = STEP * AT
    values = (np.sin(1 + t) + np.abs(t - place * STEP))[None]
    faked = agree(values, np.array([0.0]), 1.0).value
    assert not agree(values, faked, 1.0).agrees[0]


@pytest.mark.parametrize("jump", [0.2, 1.0, -3.0])
def test_kink_at_0_is_not_passed_at_the_mean_of_its_slopes(jump):
    t = STEP * AT
    values = (t + jump * np.abs(t))[None]
    assert not agree(values, np.array([1.0]), 1.0).agrees[0]


def test_bend_too_small_to_see_passes_only_between_its_slopes():
    t = STEP * AT
    jump = 0.2 * BEND
    values = (t + jump * np.abs(t))[None]
    for claim, passed in ((1.0, True), (1.0 - jump, False), (1.0 + jump, False)):
        assert agree(values, np.array([claim]), 1.0).agrees[0] == passed


def test_frozen_values_agree_with_nothing():
    assert not agree(np.full((1, 4), 3.0), np.array([0.0]), 1.0).agrees[0]
    t = STEP * AT
    frozen = np.float32(1e4) + t.astype(np.float32)
    assert (frozen == frozen[0]).all()
    assert not agree(frozen.astype(float)[None], np.array([0.0]), 1.0).agrees[0]


def test_float32_values_agree_with_no_claim_at_float64_resolution():
    rng = np.random.default_rng(2)
    f, slopes, scales = curves(rng, 2000)
    values = sampled(f, STEP).astype(np.float32).astype(float)
    assert not agree(values, slopes, scales).agrees.any()
    assert not agree(values, agree(values, slopes, scales).value, scales).agrees.any()


def test_hidden_noise_is_not_passed_at_the_value_it_fakes():
    rng = np.random.default_rng(3)
    f, slopes, scales = curves(rng, 5000)
    values = sampled(f, STEP) + 1e-8 * rng.normal(size=(5000, 4))
    faked = agree(values, slopes, scales).value
    assert agree(values, faked, scales).agrees.mean() < 1e-2  # a claim that knew the noise; two steps end it:
    steps = WIDER
    both = np.stack([sampled(f, h) + 1e-8 * rng.normal(size=(5000, 4)) for h in steps], axis=1)
    assert not closer(both, faked, scales, steps).agrees[np.abs(faked - slopes) > 2e-6 * scales].any()


def test_outside_the_domain_and_zero_scale_agree_with_nothing():
    values = np.array([[np.nan, 1.0, 2.0, 3.0], [-np.inf, 1.0, 2.0, 3.0], [0.0, 0.0, 0.0, 0.0]])
    assert not agree(values, np.zeros(3), np.array([1.0, 1.0, 0.0])).agrees.any()


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e200])
def test_scale_of_the_function_does_not_matter(scale):
    values = (scale * np.sin(1 + STEP * AT))[None]
    claim = scale * math.cos(1)
    assert agree(values, np.array([claim]), scale).agrees[0]
    assert not agree(values, np.array([claim * (1 + 1e-5)]), scale).agrees[0]


def test_offset_that_eats_the_digits_passes_nothing():
    values = (1e10 + np.sin(1 + STEP * AT))[None]
    assert not agree(values, np.array([math.cos(1)]), 1.0).agrees[0]


def test_finer_resolution_asks_for_closer_agreement():
    values = np.sin(1 + STEP * AT)[None]
    near_miss = np.array([math.cos(1) + 5e-8])
    assert agree(values, near_miss, 1.0).agrees[0]
    assert not agree(values, near_miss, 1.0, resolution=1e-8).agrees[0]


def test_closer_steps_pass_beside_a_kink_that_the_first_step_met():
    def f(t):
        return np.sin(1 + t) + np.abs(t - 1.5 * STEP)

    claim = np.array([math.cos(1) - 1])
    assert not agree(f(STEP * AT)[None], claim, 1.0).agrees[0]
    values = f(np.array(CLOSER)[:, None] * AT)[None]
    found = closer(values, claim, 1.0, CLOSER)
    assert found.agrees[0]
    assert abs(found.value[0] - claim[0]) <= found.bar[0]
    assert not closer(values, claim + 1e-6, 1.0, CLOSER).agrees[0]


def test_one_agreeing_step_is_not_enough():
    t = np.array(CLOSER)[:, None] * AT
    values = np.sin(1 + t)[None].copy()
    values[0, 0] += 1e-6 * np.sign(AT)
    assert not closer(values, np.array([math.cos(1)]), 1.0, CLOSER).agrees[0]


def test_line_version_spends_four_passes_and_holds():
    line = Line(math.exp)
    found = quick(line, 1.0, 1.0)
    assert found is not None
    assert (found.passes, line.passes, found.method) == (4, 4, "quick")
    assert found.interval[0] <= 1.0 <= found.interval[1]
    assert found.truncation + found.rounding == pytest.approx(found.bar)
    assert quick(line, 1.001, 1.0) is None
    assert line.passes == 4
