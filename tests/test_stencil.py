"""Two and three values of ψ beside ψ(0): what they say of its slope, and when they are not enough."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import Subject, audit
from checks.measure import measure
from checks.numeric.quick import STEP
from checks.numeric.stencil import SOONER, both_sides, sooner
from checks.quickly import quickly
from checks.ray import Steady, ray
from checks.units import units
from checks.verdict import Outcome
from tests.places import at, judged, of_x, place

SIX = np.random.default_rng(7).normal(size=6)


@given(st.lists(st.floats(-10, 10), min_size=4, max_size=4))
def test_three_values_have_the_slope_of_a_cubic_and_state_its_third_difference(a: list[float]) -> None:
    p = np.polynomial.Polynomial(a)
    seen = sooner(a[0], p(0.5 * SOONER), 0.5)
    assert seen.value == pytest.approx(a[1], abs=1e-12)
    assert seen.truncation == pytest.approx(abs(a[3]) * 0.25, abs=1e-12)  # h²ψ‴/6
    assert seen.bend == pytest.approx(abs(a[2]), abs=1e-12)  # hψ″


@pytest.mark.parametrize("at", [-0.9, -0.5, -0.1, 0.1, 0.3, 0.7, 0.9, 1.5, 1.9])
def test_a_kink_within_shows_in_what_three_values_say(at: float) -> None:
    """By how far off the slope is, or by how far off it may be; in neither where both slopes are right."""
    kinked = np.maximum((SOONER - at) * np.sign(at), 0)
    seen = sooner(0.0, kinked, 1.0)
    assert abs(seen.value) + seen.truncation > 0.01
    assert sooner(0.0, np.maximum(SOONER - 2.5, 0), 1.0).value == 0


def test_two_values_say_no_more_of_noise_than_is_known_already() -> None:
    t = STEP * np.array([-1.0, 1.0])
    seen = both_sides(0.0, np.sin(t), STEP, 3e-7)
    assert seen.value == pytest.approx(1.0, abs=1e-10)
    assert (seen.truncation, seen.moved) == (3e-7, True)
    assert both_sides(0.0, np.abs(t), STEP, 0.0).bend == pytest.approx(2.0)
    assert not both_sides(1.0, np.ones(2), STEP, 0.0).moved


@pytest.mark.parametrize("spoiled", range(3))
def test_values_out_of_the_domain_say_nothing(spoiled: int) -> None:
    values = 1e-5 * SOONER
    values[spoiled] = np.nan
    assert np.isnan(sooner(0.0, values, 1e-5).value)
    assert np.isnan(both_sides(0.0, values[:2], 1e-5, 0.0).value) == (spoiled < 2)
    assert not sooner(0.0, values, 1e-5).moved


def asked_by(steady: list[Steady], f: Any = np.sin, slope: Any = np.cos, **more: Any) -> tuple[int, int]:
    """Passes spent, and units passed."""
    one = replace(place(of_x(f, slope, SIX)), steady=steady, **more)
    found: dict[str, Any] = {}
    among = units(one.gradient, one.point)
    quickly(one, ray(one, among, equal=False), among, found)
    return one.calls.forwards, len(found)


def test_two_values_do_where_another_place_was_steady_at_a_step_like_this() -> None:
    usual: list[Steady] = []
    assert asked_by(usual) == (3, 1)
    ((step, off),) = usual
    assert off < 1e-7
    assert asked_by([Steady(step, off)]) == (2, 1)
    for other in (0.4 * step, 2.1 * step):  # noise may be larger at a shorter step, curvature at a longer one
        assert asked_by([Steady(other, off)]) == (3, 1)
    assert asked_by([Steady(step, 1e-6)]) == (3, 1)  # not as steady as the goal


def test_a_wrong_claim_is_not_passed_by_fewer_values() -> None:
    for error in (2e-8, 1e-6, 1e-3):
        _, passed = asked_by([Steady(STEP, 1e-9)], slope=lambda x, e=error: (1 + e) * np.cos(x))
        assert passed == 0


def test_in_coarse_dtypes_four_values_are_asked() -> None:
    passes, _ = asked_by([Steady(STEP, 1e-9)], eps=float(np.finfo(np.float32).eps))
    assert passes >= 4


def test_noise_at_the_moved_point_is_found_at_the_callers_own_as_well() -> None:
    """A forward that is noisy beyond the goal shows it in three values, and two are never enough."""
    rng = np.random.default_rng(0)
    noisy = of_x(lambda x: np.sin(x) + 1e-11 * rng.normal(size=x.shape), lambda x: np.cos(x), SIX)
    report = judged(noisy)
    assert report.cost.forward > 7
    steady: list[Steady] = []
    one = replace(place(noisy), steady=steady)
    measure(one, units(one.gradient, one.point))
    assert steady == []


@pytest.mark.parametrize(("share", "passes"), [(1.0, 2), (1e-7, 3)])
def test_weighed_up_outputs_are_looked_at_with_three_values(share: float, passes: int) -> None:
    """What the first place has shown of noise is that of its own outputs, in their own weights."""
    x, d = np.random.default_rng(7).normal(size=21), np.array([1.0, share])
    w = np.random.default_rng(1).normal(size=(2, 21))
    subject = Subject(
        name="f",
        point={"x": x},
        forward=lambda p: d * (w @ np.sin(p["x"])),
        pullback=lambda p, v: {"x": np.cos(p["x"]) * (w.T @ (d * v))},
    )
    report = judged(subject)
    assert report.outcome is Outcome.PASS
    assert [v.estimate.passes for v in at(report, "at your point") if v.estimate] == [passes]


def test_what_was_handed_over_is_compared_where_a_law_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def changes(*arrays: Any, later: bool = False) -> tuple[()]:
        seen.append(arrays)
        return ()

    monkeypatch.setattr("checks.calls.changes", changes)
    subject = of_x(np.sin, np.cos, SIX)
    audit(subject, laws=["adjoint"])
    assert not seen
    audit(subject, laws=["adjoint", "pure"])
    assert seen
