"""Still: where outputs do not move, what is structure and what rounding may hide; how outputs change else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from places import judged, of_x, place

from benchmarks.judging.coarse import as_brain, as_half
from checks import Outcome, Subject, audit
from checks.numeric.line import Line, OutOfBudgetError
from checks.numeric.plateau import first_step
from checks.numeric.quick import AT
from checks.ray import Place, Ray, ray
from checks.still import _grain, change_along, flat_estimate
from checks.units import units

X = np.array([0.4, -1.1, 0.9, 2.0, -0.3])


def along(one: Place, **options: Any) -> Ray:
    return ray(one, units(one.gradient, one.point), **({"equal": False} | options))


# --- flat ---------------------------------------------------------------------------------------------------


def test_a_staircase_is_structure_and_its_plateau_a_fact() -> None:
    """Its first change is a step of a tenth of the outputs and more; no arithmetic rounds so coarsely."""
    one = place(of_x(np.floor, np.zeros_like, X + 0.05))
    found = flat_estimate(one, along(one))
    assert found is not None
    assert found.sure
    assert (found.estimate.value, found.estimate.method, found.estimate.step) == (0.0, "flat", 1e-3)
    assert found.estimate.flags == ("bit for bit flat for |t| ≤ 0.001",)
    assert 0 < found.estimate.bar <= 5 * 1.5 * np.spacing(2.0) / 1e-3


def test_a_dead_unit_is_flat_however_near_it_comes_alive() -> None:
    """Its first change is as small as one looks for; on a shorter reach the bar is wider."""
    bars = []
    for width, reach in ((1e-2, 1e-3), (4e-4, 1e-4), (4e-5, 1e-5)):
        one = place(of_x(lambda x, w=width: 3.3 + np.maximum(x - 1 - w, 0), np.zeros_like, np.ones(1)))
        found = flat_estimate(one, along(one))
        assert found is not None
        assert found.sure
        assert found.estimate.step == reach
        bars.append(found.estimate.bar)
        assert one.calls.forwards <= 26
    assert max(bars) < 1e-7
    one = place(of_x(lambda x: 3.3 + np.maximum(x - 1 - 4e-6, 0), np.zeros_like, np.ones(1)))
    assert flat_estimate(one, along(one)) is None


@pytest.mark.parametrize("store", [as_half, as_brain, lambda x: (1e12 + x) - 1e12], ids=["half", "brain", "offset"])
@pytest.mark.parametrize("factor", [1.0, 0.1234])
def test_what_its_rounding_freezes_is_not_surely_flat_and_holds_the_slope(store: Any, factor: float) -> None:
    """Whatever it is multiplied with afterwards: its bits are no evidence, the size of its first change is."""
    seen = 0
    for x in np.linspace(0.5, 2, 12):
        one = place(of_x(lambda x: factor * store(x), lambda x: factor + 0 * x, np.array([x])))
        asked = along(one)
        found = flat_estimate(one, asked)
        if found is not None:
            seen += 1
            assert not found.sure
            assert abs(asked.claimed) <= 2 * found.estimate.bar
    assert seen > 4


def test_a_constant_is_as_flat_as_what_else_moves_is_fine() -> None:
    """Coarse outputs hide a small slope however far one goes; float64 ones do not."""

    def found(store: Any) -> float:
        subject = Subject(
            name="beside",
            point={"x": np.array([1.3, 0.7]), "n": np.array([0.4])},
            forward=lambda p: store(np.sin(p["x"]).sum() + 1e-6 * p["n"].sum()),
            pullback=lambda p, v: {"x": v * np.cos(p["x"]), "n": np.full(1, 1e-6) * v},
        )
        one = place(subject, v=[1.0])
        first, second = units(one.gradient, one.point)
        ray(one, [first], equal=False)
        asked = ray(one, [second], equal=False)
        still = flat_estimate(one, asked)
        return np.inf if still is None else still.estimate.bar / abs(asked.claimed)

    assert found(as_half) > 2
    assert found(np.asarray) == np.inf
    assert found(lambda y: np.asarray(np.round(y, 2) + 0 * y)) > 2


def test_one_side_that_moves_is_not_flat() -> None:
    for side in (1, -1):
        one = place(of_x(lambda x, s=side: np.maximum(s * x, 0.0), np.zeros_like, np.zeros(1)))
        assert flat_estimate(one, along(one)) is None


def test_an_output_without_a_cotangent_may_move() -> None:
    subject = of_x(lambda x: np.r_[x[0], 7.0], np.zeros_like, np.array([1.0, 1.0]))
    assert flat_estimate(*(lambda one: (one, along(one)))(place(subject, v=[0.0, 1.0]))) is not None
    assert flat_estimate(*(lambda one: (one, along(one)))(place(subject, v=[1.0, 1.0]))) is None


def test_outside_the_domain_is_not_flat_and_out_of_budget_is_said() -> None:
    def f(x: np.ndarray) -> np.ndarray:
        assert np.array_equal(x, X)
        return x

    one = place(of_x(f, np.ones_like, X))
    assert flat_estimate(one, along(one)) is None
    poor = place(of_x(np.floor, np.zeros_like, X + 0.05), budget=1)
    with pytest.raises(OutOfBudgetError, match="1 forward passes"):
        flat_estimate(poor, along(poor))


@pytest.mark.parametrize("store", [as_half, as_brain], ids=["half", "brain"])
def test_a_right_gradient_in_coarse_arithmetic_is_not_failed_and_a_wrong_one_is(store: Any) -> None:
    """Six points each, a single output: bits of one value say nothing, and no step but a wide one moves it."""

    def subject(x: float, factor: float) -> Subject:
        return of_x(lambda x: store(np.sin(store(x))), lambda x: factor * np.cos(x), np.array([x]))

    for x in np.linspace(0.3, 1.2, 6):
        assert judged(subject(x, 1.0)).outcome is not Outcome.FAIL
        assert judged(subject(x, 0.0)).outcome is not Outcome.PASS
    assert Outcome.FAIL in {judged(subject(x, -3.0)).outcome for x in np.linspace(0.3, 1.2, 6)}


# --- change -------------------------------------------------------------------------------------------------


def test_the_change_is_that_of_the_judged_outputs_under_the_cotangent() -> None:
    one = place(of_x(lambda x: 3 * x, lambda x: 3 + 0 * x, np.array([2.0])), v=[5.0])
    asked = along(one)
    assert change_along(one, asked, 1e-12) == pytest.approx(abs(asked.claimed))


def test_a_change_within_rounding_is_none_and_a_whole_one_is_looked_at_last() -> None:
    def subject() -> Place:
        return place(of_x(lambda x: 3 * x, lambda x: 3 + 0 * x, np.array([2.0])))

    one = subject()
    asked = along(one)
    per_unit = abs(asked.claimed)
    assert change_along(one, asked, 0.9e-3 * per_unit) == pytest.approx(per_unit)  # the furthest short reach shows it
    assert one.calls.forwards == 6
    assert change_along(one, asked, 0.5 * per_unit) == pytest.approx(per_unit)  # only a change of 95 % does
    assert change_along(one, asked, per_unit) == 0.0
    assert one.calls.forwards == 8
    assert max(asked.kept) == 0.95


def test_the_change_of_the_side_that_moves_counts() -> None:
    one = place(of_x(lambda x: np.maximum(x, 0.0), np.zeros_like, np.zeros(1)))
    asked = along(one)
    u = float(np.ptp([asked.outputs(1e-3)[0], asked.outputs(-1e-3)[0]])) / 1e-3
    assert change_along(one, asked, 0.0) == pytest.approx(u * float(one.cotangent[0]))


def test_the_change_is_read_where_it_is_steepest() -> None:
    """Within 1e-4 it climbs, beyond it stays: the far reach alone would say a tenth."""
    one = place(of_x(lambda x: np.clip(x, -1e-4, 1e-4), np.zeros_like, np.zeros(1)))
    asked = along(one)
    u = abs(float(asked.outputs(1e-5)[0])) / 1e-5
    assert change_along(one, asked, 0.0) == pytest.approx(u * float(one.cotangent[0]))


def test_a_change_out_of_the_domain_counts_for_nothing() -> None:
    one = place(of_x(lambda x: x if np.array_equal(x, X) else x / 0, np.ones_like, X))
    assert change_along(one, along(one), 0.0) == 0.0


@pytest.mark.parametrize("store", [as_half, as_brain], ids=["half", "brain"])
@pytest.mark.parametrize("seed", range(3))
def test_many_entries_need_not_stay_flat_as_far_and_show_a_coarse_grid_all_the_same(
    monkeypatch: Any, store: Any, seed: int
) -> None:
    coarse = place(of_x(lambda x: 0.1234 * store(x), np.zeros_like, np.random.default_rng(seed).normal(size=300)))
    found = flat_estimate(coarse, along(coarse), 300)
    assert found is None or not found.sure
    monkeypatch.setattr("checks.still._grain", lambda *_: 1e-15)  # another direction moves the outputs, smoothly
    one = place(of_x(lambda x: 3.3 + np.maximum(x - 1.0004, 0).sum(keepdims=True), np.zeros_like, np.ones(300)))
    costs = []
    for entries in (255, 256):
        asked, before = replace(along(one), scales=np.ones(1)), one.calls.forwards
        found = flat_estimate(one, asked, entries)
        assert found is not None
        assert (found.sure, found.estimate.step) == (True, 1e-4)
        costs.append(one.calls.forwards - before)
    assert costs[0] > 4
    assert costs[1] == 1


@pytest.mark.parametrize(("distance", "reach", "passes"), [(4e-4, 1e-5, 2), (4e-5, 1e-5, 2), (4e-6, 1e-6, 4)])
def test_very_many_entries_need_not_stay_flat_further_than_a_dead_unit_comes_alive(
    monkeypatch: Any, distance: float, reach: float, passes: int
) -> None:
    monkeypatch.setattr("checks.still._grain", lambda *_: 1e-15)
    one = place(of_x(lambda x: 3.3 + np.maximum(x - 1 - distance, 0).sum(keepdims=True), np.zeros_like, np.ones(300)))
    found = flat_estimate(one, replace(along(one), scales=np.ones(1)), 100_000)
    assert found is not None
    assert (found.sure, found.estimate.step) == (True, reach)
    assert one.calls.forwards <= passes


@pytest.mark.parametrize("store", [lambda x: x, as_half], ids=["double", "half"])
def test_a_kink_beside_the_first_direction_is_no_grain_and_steps_are(store: Any) -> None:
    """On the grid of a coarse dtype an output jumps as if it were bent, but does not move else."""
    at = X[0] + 3e-6
    subject = of_x(lambda x: store(np.sin(x) + 0.1 * np.where(x == x[0], np.maximum(x - at, 0), 0)), np.cos, X)
    one = place(subject)
    first = along(one)
    one.first.append(first)
    first.line(1e-5 * AT)
    _, plus, minus = first.shortest()
    bends = float(one.cotangent @ np.abs(plus + minus - 2 * one.output))
    if store(0.3) == 0.3:
        assert _grain(one) < 1e-3 * bends
    else:
        assert _grain(one) == (bends or np.inf)


@pytest.mark.parametrize("seed", [0, 4, 5, 6])
def test_the_claimed_zeros_of_an_ordinary_relu_network_cost_no_pass(seed: int) -> None:
    rng, widths = np.random.default_rng(seed), [32, 96, 64, 10]
    point = {"x": rng.normal(size=(16, 32))}
    point |= {f"w{l}": rng.normal(size=widths[l : l + 2]) * 1.4 / np.sqrt(widths[l]) for l in range(3)}

    def layers(p: Any) -> list[Any]:
        made = [p["x"]]
        for l in range(3):
            z = made[-1] @ p[f"w{l}"]
            made.append(z if l == 2 else np.maximum(z, 0))
        return made

    def pullback(p: Any, v: Any) -> Any:
        made, gradients = layers(p), {}
        for l in (2, 1, 0):
            gradients[f"w{l}"] = made[l].T @ v
            v = (v @ p[f"w{l}"].T) * (made[l] > 0 if l else 1)
        return {"x": v, **gradients}

    subject = Subject(name="relu", point=point, forward=lambda p: layers(p)[-1], pullback=pullback)
    report = audit(subject, seed=seed, laws=["adjoint"])
    assert (report.outcome, report.cost.forward) == (Outcome.PASS, 7)


@pytest.mark.parametrize("kink", [0.2, 0.3, 0.39409])
@pytest.mark.parametrize("bend", [-2.0, -0.5, 0.0, 1.0, 10.0])
def test_the_end_of_a_plateau_is_closed_in_on_whichever_way_the_function_bends_beyond(kink: float, bend: float) -> None:
    """Where it bends a line through the last changes meets the plateau on the wrong side, again and again."""

    def leaves(t: float) -> float:
        return max(-t - kink, 0.0) * (4 + bend * max(-t - kink, 0.0))

    ts = np.array([-0.512, -0.064, 0.064, 0.512])
    size, at = first_step(Line(leaves), ts, 1e-3, 12)
    assert 0 < size < 2e-4
    assert at == pytest.approx(-kink, abs=1e-4)


def test_a_stair_beyond_a_plateau_keeps_its_size() -> None:
    size, at = first_step(Line(lambda t: 0.5 * (abs(t) > 0.3)), np.array([-0.512, -0.064, 0.064, 0.512]), 1e-3, 12)
    assert size == 0.5
    assert abs(at) == pytest.approx(0.3, abs=1e-3)
