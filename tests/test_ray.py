"""Ray: a direction at a place, the claim along it, and what the outputs do there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from places import of_x, place, summed, times

from checks import Subject
from checks import ray as rays
from checks.numeric.line import OutOfBudgetError
from checks.numeric.quick import STEP
from checks.ray import Place, Ray, norm, one_sided, ray
from checks.units import units

X = np.array([0.4, -1.1, 0.9, 2.0, -0.3])


def along(one: Place, **options: Any) -> Ray:
    return ray(one, units(one.gradient, one.point), **({"equal": False} | options))


def central(asked: Ray, h: float = 1e-4) -> float:
    plus, minus = asked.line([h, -h])
    return float((plus - minus) / (2 * h))


# --- drawing ------------------------------------------------------------------------------------------------


def test_the_claim_along_a_ray_is_the_gradient_times_the_direction() -> None:
    one = place(of_x(np.sin, np.cos, X))
    for _ in range(3):
        asked = along(one)
        assert asked.claimed == pytest.approx(central(asked), rel=1e-6)
        assert asked.complex_psi(1e-20j).imag / 1e-20 == pytest.approx(asked.claimed, rel=1e-12)
    assert asked.scales == pytest.approx([u.scale for u in units(one.gradient, one.point)])


def test_directions_differ_and_the_first_is_remembered() -> None:
    one = place(of_x(np.sin, np.cos, X))
    first, second = along(one), along(one)
    assert first.claimed != second.claimed
    assert one.first == [first]


def test_equal_parts_shrink_what_matters_most_but_never_below_a_limit() -> None:
    one = place(summed({"w": (*times(1.0), X), "b": (*times(0.5), X), "c": (*times(1e-3), X)}))
    w, b, c = units(one.gradient, one.point)
    natural, equal = along(one).scales, along(one, equal=True).scales
    assert natural.tolist() == [w.scale, b.scale, c.scale]
    assert (equal / natural).tolist() == [0.3, 0.3, 1.0]
    pair = ray(one, [w, b], equal=True)
    assert pair.scales == pytest.approx([b.scale, b.scale])
    assert central(pair) == pytest.approx(pair.claimed, rel=1e-6)


def test_another_length_moves_by_it_and_scales_the_claim_alike() -> None:
    one = place(of_x(np.sin, np.cos, X))
    (unit,) = units(one.gradient, one.point)
    asked = ray(one, [unit], equal=False, length=unit.size / 100)
    assert asked.scales.tolist() == pytest.approx([unit.scale / 100])
    assert central(asked, 1e-2) == pytest.approx(asked.claimed, rel=1e-5)


def test_what_an_honest_claim_may_lose_is_relative_to_value_claim_and_dtype() -> None:
    double = 2.0**-52

    def error(offset: float, scale: float, eps: float) -> float:
        subject = of_x(lambda x: scale * np.sin(x) + offset, lambda x: scale * np.cos(x), X)
        return along(place(subject, eps=eps)).claim_error / double

    single = 2.0**-23
    plain = error(0.0, 1.0, double)
    assert 16 < plain < 100
    assert error(0.0, 1.0, single) == pytest.approx(plain * single / double)
    assert error(0.0, 1e-9, double) * 1e9 == pytest.approx(plain)
    value = place(of_x(lambda x: x + 1e6, np.cos, X)).value
    assert error(1e6, 1.0, double) == pytest.approx(2 * value, rel=1e-3)


def test_an_honest_claim_may_lose_two_ulps_of_the_value_and_sixteen_of_the_tensor() -> None:
    one = place(of_x(lambda x: x + 1e3, np.ones_like, X))
    (unit,) = units(one.gradient, one.point)
    assert along(one).claim_error * 2.0**52 == pytest.approx(2 * one.value + 16 * unit.rounded)
    silent = replace(one, value=0.0)
    assert along(silent).claim_error * 2.0**52 == pytest.approx(16 * unit.rounded)


def test_a_complex_gradient_of_a_real_primal_claims_its_real_part() -> None:
    subject = Subject(
        name="f", point={"x": X}, forward=lambda p: np.sin(p["x"]), pullback=lambda p, v: {"x": v * np.cos(p["x"]) + 5j}
    )
    asked = along(place(subject))
    assert asked.claimed == pytest.approx(central(asked), rel=1e-6)


def test_rounding_of_small_entries_is_relative_to_their_tensor() -> None:
    """An honest backward loses ulps of the rms: an entry of 1e-8 of it may be wrong in all its last eight digits."""
    unit = np.r_[1.0, 1.0, 1.0, 1e-8, 1e-8]
    one = place(of_x(lambda x: unit * np.sin(x), lambda x: unit * np.cos(x), X), v=np.ones(5))
    large, small = units(one.gradient, one.point)
    assert ray(one, [small], equal=False).claim_error == pytest.approx(
        ray(one, [large], equal=False).claim_error, rel=0.9
    )
    assert small.scale < 1e-7 * large.scale


def test_complex_gradients_are_paired_as_two_real_ones() -> None:
    z = X + 1j * X[::-1]
    subject = Subject(
        name="|z|²", point={"z": z}, forward=lambda p: np.abs(p["z"]) ** 2, pullback=lambda p, v: {"z": 2 * v * p["z"]}
    )
    asked = along(place(subject))
    assert asked.claimed == pytest.approx(central(asked), rel=1e-6)


def test_a_real_gradient_of_a_complex_primal_claims_nothing_of_its_imaginary_part() -> None:
    subject = Subject(
        name="re", point={"z": X + 1j}, forward=lambda p: p["z"].real.copy(), pullback=lambda p, v: {"z": np.array(v)}
    )
    asked = along(place(subject))
    assert asked.claimed == pytest.approx(central(asked), rel=1e-6)


def test_outputs_without_a_cotangent_may_be_anything() -> None:
    def f(x: np.ndarray) -> np.ndarray:
        return np.r_[np.nan, np.sin(x), np.inf]

    subject = Subject(
        name="f", point={"x": X}, forward=lambda p: f(p["x"]), pullback=lambda p, v: {"x": v[1:-1] * np.cos(p["x"])}
    )
    asked = along(place(subject, v=np.r_[0.0, X, 0.0]))
    assert central(asked) == pytest.approx(asked.claimed, rel=1e-6)


def test_no_value_is_asked_twice_and_values_are_kept_only_while_they_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    one = place(of_x(np.sin, np.cos, X))
    asked = along(one)
    asked.line([0.0])
    assert one.calls.forwards == 0  # what the place knows already
    asked.line([STEP, -STEP])
    asked.outputs(STEP)
    assert one.calls.forwards == 2
    assert set(asked.kept) == {0.0, STEP, -STEP}
    for n, kept in ((156_250, {0.0, STEP}), (156_251, {0.0})):
        large = along(place(of_x(np.sin, np.cos, np.ones(n))))
        large.outputs(STEP)
        assert set(large.kept) == kept
    monkeypatch.setattr(rays, "KEPT", 64 * 5 - 1)
    poor = along(one)
    poor.line([STEP, -STEP])
    poor.outputs(STEP)
    assert one.calls.forwards == 5
    assert set(poor.kept) == {0.0}


def test_the_shortest_step_that_is_known_on_both_sides() -> None:
    asked = along(place(of_x(np.sin, np.cos, X)))
    assert asked.shortest()[0] == STEP
    fresh = along(place(of_x(np.sin, np.cos, X)))
    fresh.line([1e-3, -1e-3, 1e-4, -1e-4, 1e-6])
    t, plus, minus = fresh.shortest()
    assert t == 1e-4
    assert not np.array_equal(plus, minus)
    assert np.array_equal(plus, fresh.kept[1e-4])


def test_outputs_that_change_their_shape_are_outside_the_domain() -> None:
    subject = of_x(lambda x: x if np.array_equal(x, X) else x[:-1], np.ones_like, X)
    one = place(subject)
    asked = along(one)
    assert np.isnan(asked.line([STEP])).all()
    with pytest.raises(ValueError, match=r"outputs changed their shape from \(5,\) to \(4,\)"):
        asked.outputs(STEP)


@pytest.mark.parametrize("scale", [0.0, 1e-300, 1e-160, 1.0, 1e160, 1e300])
def test_the_norm_neither_over_nor_underflows(scale: float) -> None:
    assert norm(scale * np.array([3.0, 4.0])) == pytest.approx(5 * scale)


def test_the_norm_of_nothing_is_zero_and_of_infinity_infinite() -> None:
    assert norm(np.zeros(0)) == 0.0
    assert norm(np.array([1.0, np.inf])) == np.inf


# --- kinks --------------------------------------------------------------------------------------------------


def relu(n: int, slope: float = 0.0, **more: Any) -> Place:
    subject = of_x(lambda x: np.maximum(x, 0) + slope * x, lambda x: slope + 0.5 * np.ones_like(x), np.zeros(n))
    return place(subject, **more)


def test_each_bent_output_may_take_any_slope_between_its_own_two() -> None:
    """ψ itself has two slopes; the hull of the outputs' is wider, and holds any convention."""
    one = relu(6)
    asked = along(one)
    found = one_sided(one, asked)
    assert found is not None
    u = asked.outputs(STEP) - asked.outputs(-STEP)  # |u|·h on the side that moves
    ends = one.cotangent * u / STEP
    assert found.kink == (pytest.approx(ends[ends < 0].sum()), pytest.approx(ends[ends > 0].sum()))
    assert found.interval[0] <= asked.claimed <= found.interval[1]
    assert found.interval[0] <= central(asked, STEP / 4) <= found.interval[1]
    assert found.method == "one-sided, output by output"


def test_outputs_that_do_not_bend_are_measured_and_their_claims_not_excused() -> None:
    subject = of_x(lambda x: np.sin(x), lambda x: np.cos(x), X)
    one = place(subject)
    asked = along(one)
    found = one_sided(one, asked)
    assert found is not None
    assert found.value == pytest.approx(asked.claimed, rel=1e-4)
    assert found.interval[1] - found.interval[0] < 1e-2 * abs(asked.claimed)


def test_the_least_bend_is_one() -> None:
    for bend in (1e-6, 1e-3, 0.0):
        one = place(of_x(lambda x, b=bend: x + b * np.maximum(x, 0), np.ones_like, np.zeros(1)))
        asked = along(one)
        found = one_sided(one, asked)
        assert found is not None
        assert found.kink is not None
        slope = abs(one.cotangent * (asked.outputs(STEP) - asked.outputs(-STEP)))[0] / (2 * STEP)
        assert found.kink[1] - found.kink[0] == pytest.approx(bend * slope, rel=1e-2, abs=1e-9)


def test_outputs_that_are_bent_still_at_the_second_step_widen_the_bar() -> None:
    for side in (1, -1):
        bends = place(of_x(lambda x, s=side: np.sqrt(np.maximum(s * x, 0)), np.zeros_like, np.zeros(1)))
        found = one_sided(bends, along(bends))
        assert found is not None
        assert found.truncation > 100


def test_one_sided_slopes_need_both_sides_and_real_outputs() -> None:
    for side in (1, -1):

        def f(x: np.ndarray, side: int = side) -> np.ndarray:
            if (side * x < 0).any():
                raise ValueError
            return x

        edge = place(of_x(f, np.ones_like, np.zeros(1)))
        assert one_sided(edge, along(edge)) is None
    z = place(of_x(lambda z: z**2, lambda z: 2 * np.conj(z), np.ones(2, dtype=complex)))
    assert one_sided(z, along(z)) is None
    poor = relu(1, budget=2)
    with pytest.raises(OutOfBudgetError):
        one_sided(poor, along(poor))


def test_outputs_without_a_cotangent_do_not_bend() -> None:
    one = relu(2, v=[0.0, 1.0])
    alone = one_sided(one, along(one))
    assert alone is not None
    assert alone.kink is not None
    assert abs(alone.kink[0] + alone.kink[1]) <= 1.5 + 1e-9
