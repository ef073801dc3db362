"""Measure: each rule by which the units of a claim come to a verdict, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from places import at, failed, judged, of_x, place, summed, times

from checks import Outcome, Report, Subject, audit, measure, quickly
from checks.calls import Budget, Calls, unflat
from checks.laws import Ground, cotangent
from checks.laws.adjoint import _place, _small_outputs_up
from checks.probes import signed
from checks.quickly import PART
from checks.units import units

P, F, I = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
MOVED, YOURS = "at a moved point", "at your point"


def draw(*shape: int) -> np.ndarray:
    """Always the same numbers of one shape, whichever tests ran before."""
    return np.random.default_rng([5, *shape]).normal(size=shape)


SIX, THREE = draw(6), draw(3)


def large_and_small(share: float, **factor: float) -> Subject:
    """A tensor of share 1 beside one whose part of the function is ``share``."""
    return summed({"w": (*times(1.0), SIX), "b": (*times(share), THREE)}, factor)


def methods(report: Report, where: str = MOVED) -> dict[str, str]:
    return {v.tensor: v.estimate.method for v in at(report, where) if v.estimate}


# --- every tensor against its own scale ---------------------------------------------------------------------


def test_an_ordinary_right_claim_takes_seven_passes_and_two_pullbacks_however_many_tensors() -> None:
    for n in (1, 16):
        report = judged(summed({f"t{i}": (*times(1.0), draw(3, i + 1)[:, 0]) for i in range(n)}))
        assert report.outcome is P
        assert (report.cost.forward, report.cost.pullback) == (7, 2)
        assert max(v.resolution or 1 for v in report.verdicts) < 1e-6


@pytest.mark.parametrize("share", [1e-2, 1e-3, 1e-5, 1e-7, 1e-9])
@pytest.mark.parametrize("factor", [0.0, 1.001, -1.0])
def test_a_wrong_tensor_does_not_hide_behind_one_that_matters_more(share: float, factor: float) -> None:
    """In the joint direction it is 1e-9 of the scale or less; alone it is all of it."""
    assert failed(judged(large_and_small(share, b=factor))) == {"b"}
    right = judged(large_and_small(share))
    assert right.outcome is P
    assert max(v.resolution or 1 for v in right.verdicts if v.tensor == "b") < 1e-4


@pytest.mark.parametrize("scale", [1e-3, 1e-6, 1e-9, 1e-12])
def test_the_second_cotangent_sees_a_doubled_gradient_through_an_output_that_hardly_changes(scale: float) -> None:
    def subject(factor: float, saturated: float) -> Subject:
        """One output of scale 1, one of ``scale``, and one that is saturated and changes by 1e-16 of itself."""

        def pullback(p: Any, v: Any) -> dict[str, np.ndarray]:
            x = p["x"]
            small, flat = -scale * v["small"] * np.sin(x), v["flat"] / np.cosh(np.minimum(x + saturated, 300)) ** 2
            return {"x": v["large"] * np.cos(x) + factor * small + flat}

        return Subject(
            name="outputs",
            point={"x": SIX},
            forward=lambda p: {
                "large": np.sin(p["x"]).sum(), "small": scale * np.cos(p["x"]).sum(),
                "flat": np.tanh(p["x"] + saturated),
            },
            pullback=pullback,
        )  # fmt: skip

    for saturated in (0.0, 8.0, 12.0, 16.0, 18.0, 25.0, 400.0):
        assert judged(subject(1.0, saturated)).outcome is P
        assert failed(judged(subject(2.0, saturated))) == {"x"}


def test_an_output_that_is_exactly_zero_does_not_drown_a_small_one() -> None:
    """A relu at 0 that the first direction moves to its flat side: nothing says how much it matters."""

    def subject(factor: float) -> Subject:
        return Subject(
            name="beside a relu at 0",
            point={"x": SIX, "y": np.array([0.0, 1.0, -1.0, -2.0, 0.0])},
            forward=lambda p: {
                "large": np.sin(p["x"]).sum(), "small": 1e-9 * np.cos(p["x"]).sum(), "r": np.maximum(p["y"], 0)
            },
            pullback=lambda p, v: {
                "x": v["large"] * np.cos(p["x"]) - factor * 1e-9 * v["small"] * np.sin(p["x"]),
                "y": v["r"] * (p["y"] > 0),
            },
        )  # fmt: skip

    for seed in range(4, 8):
        assert judged(subject(1.0), seed=seed).outcome is not F
        assert failed(judged(subject(2.0), seed=seed)) == {"x"}


def test_entries_of_like_magnitude_hold_to_their_own_scale() -> None:
    unit = np.array([1.0, 1.0, 1e-6, 1e-6])

    def subject(factor: np.ndarray) -> Subject:
        return of_x(lambda x: unit * np.sin(x), lambda x: factor * unit * np.cos(x), np.array([0.3, -0.8, 0.5, 1.0]))

    assert judged(subject(np.ones(4))).outcome is P
    report = judged(subject(np.array([1, 1, 1.01, 1])), seed=1)
    assert report.outcome is F
    assert {v.tensor: v.outcome for v in at(report, MOVED)} == {
        "x (entries claimed about 1e+00)": P, "x (entries claimed about 9e-07)": F
    }  # fmt: skip


def test_a_small_group_is_held_to_a_thousandth_of_its_scale_unless_more_is_asked() -> None:
    unit = np.r_[np.ones(4), np.full(2, 1e-4)]
    subject = of_x(lambda x: unit * np.tanh(x), lambda x: unit / np.cosh(x) ** 2, draw(6))
    small = [v for v in at(judged(subject, seed=1), MOVED) if v.tensor.endswith("05)")]
    assert small
    assert all(v.outcome is P and 1e-6 < (v.resolution or 1) <= PART for v in small)
    asked = judged(subject, resolution=1e-6)
    assert asked.outcome is P
    assert all((v.resolution or 1) <= 1e-6 for v in asked.verdicts)
    assert asked.cost.forward > judged(subject).cost.forward


def test_one_wrong_tensor_among_many_alone_is_failed() -> None:
    rows = {f"t{i}": (*times(1.0), draw(3, i + 1)[:, 0]) for i in range(16)}
    report = judged(summed(rows, {"t7": 1.001}))
    assert failed(report) == {"t7"}
    assert all(v.outcome is P for v in report.verdicts if v.tensor != "t7")


def test_halves_are_asked_before_each_tensor_is_asked_alone() -> None:
    """A wrong one among k costs full measurements of its own, and two rays a halving: not four passes for each."""
    rows = {f"t{i}": (*times(1.0), np.array(0.3)) for i in range(64)}
    alone = judged(summed({"t0": rows["t0"]}, {"t0": 9.0})).cost.forward
    report = judged(summed(rows, {"t40": 9.0}))
    assert failed(report) == {"t40"}
    assert report.cost.forward - alone <= 2 * (43 + 8 * 6)  # two places, a joint full measurement at each


def test_several_wrong_tensors_are_all_failed() -> None:
    rows = {f"t{i}": (*times(10.0 ** -(i % 4)), draw(3, i + 1)[:, 0]) for i in range(8)}
    assert failed(judged(summed(rows, {"t1": 0.99, "t3": -1.0, "t6": 1.0001}))) == {"t1", "t3", "t6"}


# --- zeros --------------------------------------------------------------------------------------------------


def with_unused(zero: float = 0.0) -> Subject:
    return Subject(
        name="unused",
        point={"w": SIX, "n": np.ones(3)},
        forward=lambda p: np.sin(p["w"]),
        pullback=lambda p, v: {"w": v * np.cos(p["w"]), "n": np.full(3, zero)},
    )


def test_a_flat_forward_costs_nothing_and_is_a_fact() -> None:
    """At the moved point they move with the last value, at the caller's own with the others."""
    used = of_x(np.sin, np.cos, SIX)
    report = judged(with_unused())
    assert report.outcome is P
    assert methods(report)["n"] == "flat"
    assert report.cost.forward == judged(used).cost.forward


@pytest.mark.parametrize("size", [1e-3, 1e-9, 1e3])
def test_a_gradient_where_the_forward_is_flat_is_failed(size: float) -> None:
    assert failed(judged(with_unused(size))) == {"n"}


@pytest.mark.parametrize("share", [1.0, 1e-3, 1e-6, 1e-9])
def test_a_wrong_zero_in_a_small_tensor_is_failed(share: float) -> None:
    assert failed(judged(large_and_small(share, b=0.0))) == {"b"}


def test_wrong_zeros_among_right_entries_are_failed() -> None:
    lost = np.r_[np.ones(5), 0.0]
    report = judged(of_x(np.sin, lambda x: lost * np.cos(x), SIX))
    assert {v.tensor for v in report.verdicts if v.outcome is F} == {"x (entries claimed zero)"}


def test_a_wrong_zero_beside_an_offset_is_never_passed() -> None:
    """Judged against the function's size, which is 1e8 here, any zero would be right."""
    for offset in (1e4, 1e6, 1e8):
        rows = {"w": (lambda x, c=offset: c + np.sin(x), np.cos, SIX), "b": (*times(1e-2), THREE)}
        assert failed(judged(summed(rows, {"b": 0.0}))) == {"b"}
        rows = {**rows, "b": (*times(1e-10 * offset), THREE)}
        assert failed(judged(summed(rows, {"b": 0.0}))) == {"b"}


def centred(x: np.ndarray) -> np.ndarray:
    return x - x.mean()


def shifted(wrong: float = 0.0) -> Subject:
    """A shift before a mean is taken off: its gradient is zero, and honest code returns 1e-17 of it."""

    def pullback(p: Any, v: np.ndarray) -> dict[str, np.ndarray]:
        d = v / np.cosh(centred(p["w"] + p["b"])) ** 2
        return {"w": centred(d), "b": centred(d).sum() + wrong}

    return Subject(
        name="centred",
        point={"w": SIX, "b": np.array(0.7)},
        forward=lambda p: np.tanh(centred(p["w"] + p["b"])),
        pullback=pullback,
    )


def test_a_right_zero_with_rounding_noise_passes_in_claim_and_in_forward() -> None:
    for seed in range(5):
        report = judged(shifted(1e-17), seed=seed)
        assert report.outcome is P
    assert failed(judged(shifted(1e-3))) == {"b"}
    assert failed(judged(shifted(1e-6))) == {"b"}


def test_a_claim_that_is_only_rounding_beside_an_offset_counts_as_zero() -> None:
    """1e-16 of a value of 1e4, where the others' claims are of order 1."""
    subject = Subject(
        name="offset",
        point={"w": SIX, "b": np.ones(2)},
        forward=lambda p: np.sin(p["w"]).sum() + 1e4,
        pullback=lambda p, v: {"w": v * np.cos(p["w"]), "b": v * np.array([3e-13, -2e-13])},
    )
    assert judged(subject).outcome is P


def far_in_float32(offset: float, factor: float) -> Subject:
    """sin beside an offset whose last place in float32 is as large as the slope, or larger."""
    return Subject(
        name="far",
        point={"x": draw(4).astype(np.float32)},
        forward=lambda p: np.sin(p["x"]) + np.float32(offset),
        pullback=lambda p, v: {"x": (factor * v * np.cos(p["x"])).astype(np.float32)},
    )


@pytest.mark.parametrize("offset", [1e6, 1e7, 1e8])
def test_a_claim_below_the_last_places_of_its_value_is_not_passed_for_them_where_the_slope_is_seen(offset) -> None:
    right = judged(far_in_float32(offset, 1.0))
    assert right.outcome is P
    assert max(v.resolution or 1 for v in right.verdicts) < 1e-4
    for factor in (-1.0, 2.0, 1.3):
        report = judged(far_in_float32(offset, factor))
        assert report.outcome is not P
        assert all(v.remedy for v in report.verdicts if v.outcome is I)


def test_noise_in_the_last_places_of_the_value_is_a_right_zero() -> None:
    offset = np.float32(1e7)
    flat = Subject(
        name="flat",
        point={"x": draw(4).astype(np.float32)},
        forward=lambda p: np.sin(p["x"]) * np.float32(1e-4) + offset,
        pullback=lambda p, v: {"x": np.float32(0.1) * draw(4).astype(np.float32)},
    )
    assert judged(flat).outcome is P


def test_a_zero_that_holds_only_here_is_judged_by_the_change_along_its_own_direction() -> None:
    """Stationary at the point: x² at 0 has the gradient 0, and x has not."""
    zeros = np.zeros(4)
    assert judged(of_x(lambda x: x**2, lambda x: 2 * x, zeros)).outcome is P
    assert judged(of_x(lambda x: x + x**2, lambda x: 2 * x, zeros)).outcome is F


# --- the quick stencil ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e6, 1e12])
def test_scale_changes_nothing(scale: float) -> None:
    costs = set()
    for s in (1.0, scale):
        f, df = times(s)
        report = judged(of_x(f, df, SIX), seed=1)
        assert report.outcome is P
        costs.add(report.cost.forward)
        assert judged(of_x(f, lambda x, df=df: 1.00001 * df(x), SIX)).outcome is F
        assert judged(of_x(lambda x, s=s: np.sin(x / s), lambda x, s=s: np.cos(x / s) / s, SIX * s)).outcome is P
        assert judged(of_x(lambda x, s=s: np.sin(x / s), lambda x, s=s: 1.00001 / s, SIX * s)).outcome is F
    assert costs == {7}


@pytest.mark.parametrize("offset", [1e2, 1e4, 1e6, 1e8, 1e10])
def test_beside_an_offset_rights_pass_and_wrongs_fail(offset: float) -> None:
    right = judged(of_x(lambda x: np.sin(x) + offset, np.cos, SIX))
    assert right.outcome is P
    wrong = judged(of_x(lambda x: np.sin(x) + offset, lambda x: 1.01 * np.cos(x), SIX))
    assert wrong.outcome is F


def test_where_rounding_asks_for_wide_steps_they_are_taken_at_once() -> None:
    """At a narrow step an offset would hide the slope; the passes for it are saved."""
    report = judged(of_x(lambda x: np.sin(x) + 1e2, np.cos, SIX))
    assert methods(report) == {"x": "quick"}
    assert report.cost.forward == 7
    assert min(v.estimate.step for v in report.verdicts if v.estimate) > 3e-5
    pair = judged(of_x(lambda x: np.sin(x) + 1e3, np.cos, SIX))
    assert methods(pair) == {"x": "quick"}
    assert 7 < pair.cost.forward <= 18


def test_closer_steps_pass_what_has_a_kink_within_the_first_one() -> None:
    at_kink = SIX + 0.0

    def f(x: np.ndarray) -> np.ndarray:
        return np.maximum(x - at_kink - 1.3e-5, 0) + np.sin(x)

    one = place(of_x(f, np.cos, SIX))
    (verdict,) = measure.measure(one, units(one.gradient, one.point))
    assert verdict.outcome is P
    assert verdict.estimate is not None
    assert verdict.estimate.method == "quick"
    assert one.calls.forwards <= 12


def test_wider_steps_pass_what_is_noisy() -> None:
    rng = np.random.default_rng(3)
    one = place(of_x(lambda x: np.sin(x) * (1 + 3e-13 * rng.normal(size=x.shape)), np.cos, SIX))
    (verdict,) = measure.measure(one, units(one.gradient, one.point))
    assert verdict.outcome is P
    assert verdict.estimate is not None
    assert verdict.estimate.method == "quick"
    assert verdict.estimate.step > 1e-4


def test_nothing_more_is_asked_of_the_quick_stencil_where_no_step_would_help() -> None:
    """Doubled, or still: four passes and then the full measurement, of which some are shared."""
    half = np.array([0.5])
    for subject in (of_x(np.sin, lambda x: 2 * np.cos(x), half), of_x(np.floor, np.ones_like, half)):
        one = place(subject)
        asked = measure.ray(one, units(one.gradient, one.point), equal=False)
        quickly.quickly(one, asked, units(one.gradient, one.point), {})
        assert one.calls.forwards == 4
    one = place(of_x(np.sin, lambda x: 1.001 * np.cos(x), half))
    asked = measure.ray(one, units(one.gradient, one.point), equal=False)
    quickly.quickly(one, asked, units(one.gradient, one.point), {})
    assert one.calls.forwards == 20


def test_noise_that_four_values_do_not_see_through_is_measured_once_for_all_tensors() -> None:
    def noisy(seed: int, wrong: float = 1.0) -> Subject:
        rng = np.random.default_rng(seed)
        names = [f"t{i}" for i in range(8)]
        return Subject(
            name="noisy",
            point={name: np.linspace(-1, 1, 5) + i / 20 for i, name in enumerate(names)},
            forward=lambda p: sum(np.sin(p[n]).sum() for n in names) + 1e-6 * rng.normal(),
            pullback=lambda p, v: {n: (wrong if n == "t3" else 1.0) * v * np.cos(p[n]) for n in names},
        )

    for seed in range(4):
        report = judged(noisy(seed), seed=seed)
        assert report.outcome is P
        assert set(methods(report).values()) == {"windows"}
        assert report.cost.forward < 250
        assert "t3" in failed(judged(noisy(seed, 2.0), seed=seed))


# --- failing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("odd", "wrong", "outcome"), [((1,), False, I), ((2, 3), True, I), ((2,), True, F)])
def test_a_fail_must_be_repeated_by_one_of_two_more_directions(
    odd: tuple[int, ...], wrong: bool, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = place(of_x(np.sin, lambda x: (2.0 if wrong else 1.0) * np.cos(x), SIX))
    one.calls.proof = False
    made, drawn = measure.ray, []

    def ray(*args: Any, **options: Any) -> Any:
        asked = made(*args, **options)
        drawn.append(asked)
        return replace(asked, claimed=asked.claimed * (0.5 if wrong else 2.0)) if len(drawn) in odd else asked

    monkeypatch.setattr(measure, "ray", ray)
    (verdict,) = measure.measure(one, units(one.gradient, one.point))
    assert len(drawn) == 3
    assert verdict.outcome is outcome
    assert verdict.reason == ("one direction disagrees, two others do not" if outcome is I else "")


def test_a_repeated_disagreement_fails() -> None:
    one = place(of_x(np.sin, lambda x: 2 * np.cos(x), SIX))
    (verdict,) = measure.measure(one, units(one.gradient, one.point))
    assert (verdict.outcome, verdict.reason) == (F, "")
    assert verdict.estimate is not None
    assert verdict.estimate.method == "windows"


def test_other_step_lengths_settle_entries_far_smaller_than_their_tensor() -> None:
    """Moved by the tensor's rms, log(1e-9) leaves its domain; by its own, it does not."""

    def subject(wrong: float) -> Subject:
        g = np.r_[np.ones(40), 1e-6]
        return of_x(
            lambda x: np.where(g < 1, 1e-6, 1.0) * np.log(x),
            lambda x: np.r_[np.ones(40), wrong * 1e-6] / x,
            np.r_[np.ones(40), 1e-6],
        )

    assert judged(subject(1.0)).outcome is P
    assert judged(subject(1.01)).outcome is F


def test_entries_that_are_small_are_asked_at_their_tensors_length_where_their_own_leaves_them_open() -> None:
    """Moved by 1e-6 they change a value of 100 by 1e-8; moved by 1, by a hundredth."""
    x = np.r_[np.linspace(0.5, 1.5, 20), 1.4e-6, 1.3e-6, 1.2e-6, 1.1e-6]
    g = np.r_[np.ones(20), np.full(4, 1e-2)]

    def subject(wrong: float) -> Subject:
        factor = np.r_[np.ones(20), np.full(4, wrong)]
        return of_x(
            lambda x: 100 + (g * np.sin(x.astype(float))).sum(), lambda x: factor * g * np.cos(x.astype(float)), x
        )

    for seed in range(3):
        report = judged(subject(1.0), seed=seed, resolution=1e-7)
        assert report.outcome is P
        assert all((v.scale or 0) > 1e-3 for v in report.verdicts)
        assert judged(subject(1 + 1e-5), seed=seed, resolution=1e-7).outcome is not P


def test_other_step_lengths_settle_zeros_of_entries_far_smaller_than_their_tensor() -> None:
    """Flat within its own size, a step beyond: an index that is looked up."""
    x = np.r_[draw(40), 1e-6]
    subject = of_x(lambda x: np.r_[np.sin(x[:-1]), np.sign(x[-1] - 5e-3)], lambda x: np.r_[np.cos(x[:-1]), 0.0], x)
    assert judged(subject).outcome is P


@pytest.mark.parametrize("wrong", [2.0, 1.001, 1 + 1e-5, 0.0])
@pytest.mark.parametrize("f", [np.sin, lambda x: np.maximum(x, 0) + x, lambda x: np.sin(x) + 1e6, np.round])
def test_no_displaced_point_is_evaluated_twice(wrong: float, f: Any) -> None:
    """What the quick stencil asked is not asked again by a full measurement, nor by what explains a failure."""
    seen: list[bytes] = []

    def forward(p: Any) -> np.ndarray:
        seen.append(p["x"].tobytes())
        return f(p["x"])

    base = Subject(
        name="counted", point={"x": SIX}, forward=forward, pullback=lambda p, v: {"x": wrong * v * np.cos(p["x"])}
    )
    judged(base)
    displaced = [x for x in seen if x != SIX.tobytes()]
    assert len(displaced) > 20
    assert len(displaced) == len(set(displaced))


# --- the complex step ----------------------------------------------------------------------------------------


def test_the_complex_step_passes_what_real_values_are_too_coarse_for() -> None:
    saturated = np.array([18.0, 19.0, 17.0])

    def subject(factor: float) -> Subject:
        return of_x(lambda x: np.tanh(x) + 1, lambda x: factor / np.cosh(x) ** 2, saturated)

    report = judged(subject(1.0))
    assert report.outcome is P
    assert set(methods(report).values()) == {"complex step"}
    assert judged(subject(-1.0)).outcome is not P
    assert judged(subject(3.0)).outcome is not P


def test_without_the_complex_step_it_is_undecided_and_says_what_would_settle_it() -> None:
    saturated = np.array([18.0, 19.0, 17.0])
    report = judged(of_x(lambda x: np.tanh(x.astype(float)) + 1, lambda x: 1 / np.cosh(x) ** 2, saturated))
    assert report.outcome is I
    (first, *_) = report.findings
    assert "agrees, but errors below" in first.verdict.reason
    assert first.verdict.remedy


# --- kinks ---------------------------------------------------------------------------------------------------


def relu(convention: float, x: np.ndarray) -> Subject:
    return of_x(lambda x: np.maximum(x, 0), lambda x: np.heaviside(x, convention), x)


@pytest.mark.parametrize("convention", [0.0, 0.3, 0.5, 1.0])
def test_between_the_slopes_output_by_output_passes_and_says_so(convention: float) -> None:
    """Eight bent outputs at once: between their slopes each, with signs that no sum of two slopes has."""
    for seed in range(4):
        report = judged(relu(convention, np.zeros(8)), seed=seed)
        assert report.outcome is P
        (bent, *_) = (v for v in at(report, YOURS) if v.scale)
        assert bent.reason.startswith("at a kink: between the slopes")
        assert bent.estimate is not None
        assert bent.estimate.kink is not None


def test_outside_the_slopes_is_undecided_names_the_convention_and_the_moved_point_decides() -> None:
    report = judged(relu(-2.0, np.zeros(1)))
    assert {v.outcome for v in at(report, MOVED)} == {P}
    (here,) = at(report, YOURS)
    assert here.outcome is I
    assert "at a kink with slopes" in here.reason
    assert "σ′(0) = 0" in here.reason
    wrong = judged(of_x(lambda x: np.maximum(x, 0), lambda x: 2.0 * (x > 0), np.zeros(8)))
    assert F in {v.outcome for v in at(wrong, MOVED)}
    assert F not in {v.outcome for v in at(wrong, YOURS)}


def test_nothing_fails_on_an_exact_kink_alone() -> None:
    """Absolute value and relu at 0 under any convention, mixed with smooth entries."""
    for g in (-3.0, 0.0, 0.5, 7.0):
        for f, side in ((np.abs, np.sign), (lambda x: np.maximum(x, 0), lambda x: 1.0 * (x > 0))):
            subject = of_x(f, lambda x, side=side, g=g: np.where(x == 0, g, side(x)), np.array([0.0, 1.0, 0.0, -2.0]))
            assert judged(subject).outcome is not F


# --- edges of the domain --------------------------------------------------------------------------------------


def of_asserting(x: np.ndarray) -> np.ndarray:
    assert (x > 0).all(), "out of range"
    return np.sqrt(x)


def cholesky(factor: float) -> Subject:
    """log det of a matrix that is positive definite by a hair."""
    a = np.diag([1.0, 1e-4])
    return Subject(
        name="log det",
        point={"a": a},
        forward=lambda p: 2 * np.log(np.diag(np.linalg.cholesky((p["a"] + p["a"].T) / 2))).sum(),
        pullback=lambda p, v: {"a": factor * v * np.linalg.inv((p["a"] + p["a"].T) / 2)},
    )


NEAR_EDGE = np.array([1.0, 2.0, 1e-5])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (np.log, lambda x: 1 / x),
        (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
        (of_asserting, lambda x: 0.5 / np.sqrt(x)),
        (np.vectorize(__import__("math").log), lambda x: 1 / x),
    ],
    ids=["log", "sqrt", "assert", "math.log"],
)
def test_points_that_leave_the_domain_are_never_findings(f: Any, slope: Any) -> None:
    for seed in range(3):
        assert judged(of_x(f, slope, NEAR_EDGE), seed=seed).outcome is P
        assert judged(of_x(f, lambda x: 1.01 * slope(x), NEAR_EDGE), seed=seed).outcome is F


@pytest.mark.filterwarnings("error")
def test_cholesky_of_what_is_hardly_positive_definite_is_no_finding() -> None:
    for seed in range(3):
        assert judged(cholesky(1.0), seed=seed).outcome is P
        assert judged(cholesky(1.01), seed=seed).outcome is F


@pytest.mark.filterwarnings("error")
def test_on_the_very_edge_one_side_is_enough() -> None:
    subject = of_x(lambda x: x**1.5, lambda x: 1.5 * np.sqrt(x), np.array([0.0]))
    assert judged(subject).outcome is not F
    log1p = Subject(
        name="asserting",
        point={"x": np.array(1.0)},
        forward=lambda p: of_asserting(np.atleast_1d(p["x"] - 1 + 1e-300)) + 3 * p["x"],
        pullback=lambda p, v: {"x": np.array(v.sum() * 3)},
    )
    # its moved point is on the other side of the edge; a proof says that the slope at its own is 5e149
    assert judged(log1p, seed=0, proof=False).outcome is not F


# --- dtypes --------------------------------------------------------------------------------------------------


def layer(dtype: Any, factor: float = 1.0, insists: bool = False) -> Subject:
    rng = np.random.default_rng(2)
    point = {"x": rng.normal(size=(8, 5)).astype(dtype), "w": rng.normal(size=(5, 3)).astype(dtype)}

    def forward(p: Any) -> np.ndarray:
        if insists and p["x"].dtype != dtype:
            raise TypeError(f"expected {dtype}")
        return np.tanh(p["x"] @ p["w"])

    def pullback(p: Any, v: np.ndarray) -> dict[str, np.ndarray]:
        d = v * (1 - np.tanh(p["x"] @ p["w"]) ** 2)
        return {"x": d @ p["w"].T, "w": (factor * (p["x"].T @ d)).astype(dtype)}

    return Subject(name="layer", point=point, forward=forward, pullback=pullback)


@pytest.mark.parametrize(("dtype", "seen"), [(np.float32, 1e-4), (np.float16, 1e-1)])
def test_coarse_claims_are_measured_on_a_float64_run_of_the_same_forward(dtype: Any, seen: float) -> None:
    for seed in range(3):
        right = judged(layer(dtype), seed=seed)
        assert right.outcome is P
        assert right.cost.forward <= 12
        assert all(v.estimate is not None and v.estimate.bits == 53 for v in right.verdicts)
        assert all((v.resolution or 1) <= seen for v in right.verdicts)
        assert failed(judged(layer(dtype, 1 + 3 * seen), seed=seed)) == {"w"}


def test_what_a_coarse_forward_leaves_undecided_is_to_be_run_in_float64() -> None:
    def f(x: np.ndarray) -> np.ndarray:
        if x.dtype != np.float32:
            raise TypeError
        return np.sin(x)

    report = judged(of_x(f, np.cos, np.linspace(-1, 1, 20).astype(np.float32)), resolution=1e-9)
    assert report.outcome is I
    words = "run the forward in float64: its values carry 24 bits"
    assert report.findings
    assert all(finding.verdict.remedy.startswith(words) for finding in report.findings)  # then what an extra would add


def test_a_forward_that_insists_on_its_dtype_is_measured_in_it() -> None:
    for seed in range(3):
        right = judged(layer(np.float32, insists=True), seed=seed)
        assert right.outcome is P
        assert failed(judged(layer(np.float32, 1.1, insists=True), seed=seed)) == {"w"}


def test_silent_float32_arithmetic_is_named_and_right_claims_pass() -> None:
    def subject(factor: float) -> Subject:
        return of_x(lambda x: np.sin(x.astype(np.float32)).astype(float), lambda x: factor * np.cos(x), draw(20))

    for seed in range(3):
        report = audit(subject(1.0), seed=seed)
        assert report.outcome is P
        assert {v.estimate.bits for v in report.verdicts if v.law == "adjoint" and v.estimate} == {24}
        seen = [*report.notes, *(flag for v in report.verdicts if v.estimate for flag in v.estimate.flags)]
        assert any("float32" in words for words in seen)
        assert judged(subject(1.05), seed=seed).outcome is F


@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
def test_complex_primals_are_two_real_ones(dtype: Any) -> None:
    z = (draw(7) + 1j * draw(7)).astype(dtype)

    def subject(g: Any) -> Subject:
        return Subject(
            name="|z|²",
            point={"z": z},
            forward=lambda p: (p["z"] * np.conj(p["z"])).real,
            pullback=lambda p, v: {"z": (v * g(p["z"])).astype(dtype)},
        )

    assert judged(subject(lambda z: 2 * z)).outcome is P
    assert judged(subject(lambda z: 2 * np.conj(z))).outcome is F
    assert judged(subject(lambda z: 2 * z.real)).outcome is F


def test_complex_outputs_are_judged() -> None:
    z = draw(5) + 1j * draw(5)

    def subject(conj: Any) -> Subject:
        return Subject(
            name="z²",
            point={"z": z},
            forward=lambda p: p["z"] ** 2,
            pullback=lambda p, v: {"z": v * conj(2 * p["z"])},
        )

    assert judged(subject(np.conj)).outcome is P
    assert judged(subject(lambda z: z)).outcome is F


def test_long_doubles_are_judged() -> None:
    x = draw(6).astype(np.longdouble)
    assert judged(of_x(np.sin, np.cos, x)).outcome is P
    assert judged(of_x(np.sin, lambda x: np.cos(x) * np.longdouble(1.00001), x)).outcome is F


def test_scalars_and_empty_tensors_are_judged() -> None:
    def subject(factor: float) -> Subject:
        return Subject(
            name="mixed",
            point={"a": np.array(0.7), "none": np.zeros((0, 3))},
            forward=lambda p: np.sin(p["a"]) + p["none"].sum(),
            pullback=lambda p, v: {"a": np.array(factor * v * np.cos(p["a"])), "none": np.zeros((0, 3))},
        )

    assert judged(subject(1.0)).outcome is P
    assert failed(judged(subject(1.001))) == {"a"}


# --- outputs that are not finite --------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf])
def test_outputs_that_are_not_finite_are_left_out_and_the_others_judged(lost: float) -> None:
    def subject(factor: float) -> Subject:
        return Subject(
            name="lost",
            point={"x": SIX},
            forward=lambda p: {"lost": np.full(2, lost), "kept": np.sin(p["x"])},
            pullback=lambda p, v: {"x": factor * v["kept"] * np.cos(p["x"])},
        )

    assert judged(subject(1.0)).outcome is P
    assert failed(judged(subject(1.001))) == {"x"}


# --- resolution --------------------------------------------------------------------------------------------------


def test_a_resolution_that_cannot_be_reached_is_inconclusive_and_says_so() -> None:
    report = judged(of_x(lambda x: np.sin(x) + 1e10, np.cos, SIX), resolution=1e-8, proof=False)
    assert report.outcome is I
    assert "asked: 1e-08" in report.findings[0].verdict.reason


@pytest.mark.parametrize("resolution", [1e-9, 1e-6, 1e-3])
def test_every_pass_states_a_resolution_within_the_demand(resolution: float) -> None:
    report = judged(large_and_small(1e-2), resolution=resolution)
    assert report.outcome is P
    assert all((v.resolution or 1) <= resolution for v in report.verdicts)
    assert failed(judged(large_and_small(1e-2, b=1 + 10 * resolution), resolution=resolution)) == {"b"}


def test_a_coarse_demand_is_cheaper_where_the_fine_one_is_dear() -> None:
    fine, coarse = (judged(large_and_small(1e-5), resolution=r).cost.forward for r in (1e-7, 1e-2))
    assert coarse < fine


# --- budget ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", range(1, 16, 2))
def test_a_budget_is_honoured_and_what_is_undecided_is_inconclusive(budget: int) -> None:
    """7 passes decide it; whatever was decided until then stays so."""
    report = judged(of_x(np.sin, np.cos, SIX), budget=budget)
    assert report.cost.forward <= budget
    assert (report.outcome is P) == (budget >= 7)
    for v in report.verdicts:
        assert v.outcome is not F
        if v.outcome is I:
            assert v.reason == f"the budget of {budget} forward passes is spent"
            assert "larger budget" in v.remedy


def test_verdicts_reached_within_a_budget_stand() -> None:
    one = place(large_and_small(1e-7), budget=6)
    large, small = measure.measure(one, units(one.gradient, one.point))
    assert (large.outcome, small.outcome) == (P, I)
    assert one.calls.forwards == 6
    assert small.reason == "the budget of 6 forward passes is spent"
    assert small.tensor == "b"
    assert small.where == "at your point"


@pytest.mark.parametrize("budget", [11, 14, 20, 30, 47, 60, 80])
def test_a_wrong_claim_is_never_passed_within_any_budget(budget: int) -> None:
    report = judged(of_x(np.sin, lambda x: 1.001 * np.cos(x), SIX), budget=budget)
    assert report.outcome is not P
    assert report.cost.forward <= budget


# --- the constants, each at the place where it decides ----------------------------------------------------------


def asked_of(value: float, scale: float, slope: float = 1.0, claimed: float | None = None) -> tuple[Any, Any]:
    """A ray whose ψ is value + slope·t, with a goal of 1e-6 of ``scale``."""
    one = place(of_x(lambda x: slope * x, lambda x: slope + 0 * x, np.ones(1)))
    asked = measure.ray(one, units(one.gradient, one.point), equal=False)
    line = measure.ray(one, units(one.gradient, one.point), equal=False).line
    line._memo.clear()
    line._psi = lambda t: value + slope * t
    return replace(asked, line=line, scales=np.array([scale]), claimed=slope if claimed is None else claimed), one


def steps(value: float, scale: float = 1.0, **more: Any) -> list[tuple[float, ...]]:
    """The steps that are looked at where none agrees."""
    asked, one = asked_of(value, scale, **more)
    seen: list[tuple[float, ...]] = []
    sooner: list[tuple[float, ...]] = []

    def none_agrees(
        values: Any, asked: Any, steps: tuple[float, ...], *rest: Any, still: Any = None, unsure: Any = 0
    ) -> dict[int, Any]:
        (seen if still is None else sooner).append(steps)
        return {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quickly, "goals_of", lambda *_: [1e-6])
        patch.setattr(quickly, "_agreement", none_agrees)
        assert not quickly.quickly(replace(one, value=value), asked, units(one.gradient, one.point), {})
    assert sooner == [s for s in seen[:1] if len(s) == 1]  # three values at the first step, before its fourth
    return seen


def test_the_first_step_is_as_short_as_rounding_allows() -> None:
    ulp = 2.0**-52
    assert steps(1e-6)[0] == (3e-7,)  # no shorter
    assert steps(1.0)[0] == (pytest.approx(8 * 16 * ulp / 1e-8),)  # MARGIN × QUIET ulps, over a hundredth of the goal
    assert steps(10.0)[0] == (1e-5,)  # no longer than the usual one unless rounding asks
    assert steps(100.0)[0] == (pytest.approx(16 * 64 * ulp / 1e-8),)
    assert steps(1000.0)[0] == (pytest.approx(16 * 512 * ulp / 1e-8),)


def test_beyond_that_steps_come_in_pairs_and_where_none_is_short_enough_not_at_all() -> None:
    ulp, first = 2.0**-52, 16 * 1024 * 2.0**-52 / 1e-8
    assert steps(1.5e3) == [(pytest.approx(first), pytest.approx(4 * first))]
    assert steps(1.7e5) == [(pytest.approx(128 * first), pytest.approx(512 * first))]
    assert 4 * 128 * first < 0.25 < 4 * 256 * first
    assert steps(3.0e5) == []
    assert steps(600.0)[0] == (pytest.approx(first / 2),)
    assert ulp


def test_after_the_first_step_come_closer_ones_and_wider_ones_unless_the_claim_is_far_off() -> None:
    first = 3e-7
    closer = pytest.approx(first / 4)
    whole = [(first,), (closer,), (closer, pytest.approx(first / 10)), (1e-4, 1e-3)]
    assert steps(1e-6) == whole
    assert steps(1e-6, claimed=1.09) == whole
    assert steps(1e-6, claimed=1.11) == [(first,)]
    assert steps(1e-6, scale=10.0, claimed=1.9)[1:] == whole[1:]
    assert steps(1e-6, slope=0.0) == [(first,)]


def goals(eps: float, small: bool = False, claim_error: float = 0.0, resolution: float | None = None) -> float:
    asked, one = asked_of(1.0, 2.0)
    (unit,) = units(one.gradient, one.point)
    at = replace(one, eps=eps, resolution=resolution)
    return float(quickly.goals_of(at, replace(asked, claim_error=claim_error), [unit._replace(small=small)])[0])


def test_the_goal_is_a_millionth_or_what_the_dtype_and_the_claim_can_say() -> None:
    double, single, half = 2.0**-52, 2.0**-23, 2.0**-10
    assert goals(double) == 1e-6
    assert goals(double, small=True) == 1e-3
    assert goals(single) == 640 * single
    assert goals(half) == 0.1  # never coarser
    assert goals(double, claim_error=1e-4) == pytest.approx(1e-4)  # twice what the claim may lose, of a scale of 2
    assert goals(double, small=True, claim_error=1e-4) == 1e-3
    for eps in (double, single):
        assert goals(eps, small=True, claim_error=1.0, resolution=1e-7) == 1e-7


@pytest.mark.parametrize(("eps", "goal", "inside"), [(2.0**-52, 1e-6, 1e-8), (2.0**-23, 640 * 2.0**-23, 64 * 2.0**-23)])
def test_agreement_is_a_hundredth_of_the_goal_and_a_tenth_in_coarse_dtypes(
    eps: float, goal: float, inside: float
) -> None:
    for share, agrees in ((0.9, True), (1.1, False), (-0.9, True), (-1.1, False)):
        asked, one = asked_of(1e-6, 1.0, claimed=1 + share * min(inside, goal / 10))
        found: dict[str, Any] = {}
        quickly.quickly(replace(one, eps=eps), asked, units(one.gradient, one.point), found)
        assert bool(found) is agrees


@pytest.mark.parametrize(("eps", "ulps"), [(2.0**-52, 64), (2.0**-23, 8)])
def test_below_some_ulps_of_the_function_a_claim_is_zero(eps: float, ulps: int, monkeypatch: Any) -> None:
    for share, zero in ((0.8, True), (1.3, False)):
        one = place(of_x(lambda x: x + 1.0, np.ones_like, np.ones(1)), v=[1.0], eps=eps)
        (unit,) = units(one.gradient, one.point)
        whole = float(np.hypot(one.value, share * ulps * eps * 2))
        monkeypatch.setattr(measure, "beside_what_is_there", lambda *_: {})  # what a zero claims is another rule
        (verdict,) = measure.measure(one, [unit._replace(scale=share * ulps * eps * 2)])
        assert (verdict.scale == pytest.approx(whole)) is zero


def test_verdicts_of_units_whose_words_agree_are_their_own() -> None:
    """2e-6 and 1.55e-6 on two sides of a border between decades: both are written 2e-06."""
    x = np.r_[np.full(8, 1.6), np.full(2, 2e-6), np.full(2, 1.55e-6)]
    k = np.where(x > 1, 1.0, 1e6)
    for at_fault in (slice(8, 10), slice(10, 12)):
        factor = np.ones(12)
        factor[at_fault] = 3.0
        subject = of_x(lambda x: np.sin(k * x), lambda x, f=factor: f * k * np.cos(k * x), x)
        report = judged(subject)
        assert [v.outcome for v in at(report, MOVED)].count(F) == 1


# --- the second cotangent, and places -----------------------------------------------------------------------------


def ground_of(subject: Subject) -> Ground:
    calls = Calls(subject, Budget())
    output = calls.forward(subject.point)
    v = cotangent(np.random.default_rng(1), output)
    gradient = calls.pullback(subject.point, unflat(v, output))
    rng = np.random.default_rng(2)
    return Ground(calls=calls, output=output, cotangent=v, claim=gradient, rng=lambda _: rng, resolution=None)


def weighed_up(f: Any, x: float = 1.0, steps: tuple[float, ...] = (1e-5, -1e-5)) -> tuple[np.ndarray, np.ndarray]:
    """How much heavier each output of f is in the second cotangent, and by how much the outputs changed."""
    ground = ground_of(Subject(name="f", point={"x": np.array(x)}, forward=lambda p: f(p["x"]), pullback=lambda p, v: {
        "x": np.array(0.0)
    }))  # fmt: skip
    first = _place(ground, ground.point, ground.cotangent, np.random.default_rng(3), "")
    assert first is not None
    asked = measure.ray(first, units({"x": np.ones(())}, first.point), equal=False)
    asked.line(list(steps))
    v = _small_outputs_up(np.random.default_rng(4), first, ground)
    plain = signed(np.random.default_rng(4), ground.cotangent.shape)
    return v / plain, np.abs(asked.outputs(steps[0]) - asked.outputs(steps[1]))


def test_outputs_within_four_decades_are_weighed_alike_and_smaller_ones_up_to_an_equal_part() -> None:
    alike, _ = weighed_up(lambda x: x * np.array([1.0, 2e-4]))
    assert alike == pytest.approx([1.0, 1.0])
    up, _ = weighed_up(lambda x: x * np.array([1.0, 5e-5, 5e-5]))
    assert up[0] == pytest.approx(1.0)
    assert up[1] == up[2] == pytest.approx(1 / 5e-5 / np.sqrt(2), rel=1e-4)


def test_no_output_gets_so_heavy_that_its_rounding_hides_the_others() -> None:
    weights, changes = weighed_up(lambda x: np.array([x, 3 + 1e-9 * x]))
    assert weights[1] == pytest.approx(2e-9 * changes[0] / (2.0**-52 * (3 + 1e-9)), rel=1e-6)
    assert 1 < weights[1] < 1e3
    shifted, _ = weighed_up(lambda x: np.array([x, 1e6 + 1e-9 * x]))
    assert shifted.tolist() == [1.0, 1.0]


def test_the_bound_is_the_same_whatever_step_was_looked_at() -> None:
    near, _ = weighed_up(lambda x: np.array([x, 3 + 1e-9 * x]))
    far, _ = weighed_up(lambda x: np.array([x, 3 + 1e-9 * x]), steps=(1e-3, -1e-3))
    assert far[1] == pytest.approx(near[1], rel=1e-6)


def test_of_outputs_that_stand_still_nothing_is_known_and_they_keep_their_weight() -> None:
    still, _ = weighed_up(lambda x: np.array([x, 0.0 * x, 1e-309 * x, 4.0 + 0 * x]))
    assert still.tolist() == [1.0] * 4
    hardly, _ = weighed_up(lambda x: np.array([x, 1.5e-100 * x]))
    assert hardly[1] == pytest.approx(np.finfo(float).max ** 0.25)  # the backward multiplies weights with what it has


def test_the_smallest_displacement_is_one_that_every_primal_represents() -> None:
    def smallest(dtype: Any, insists: bool) -> float:
        ground = ground_of(layer(dtype, insists=insists))
        found = _place(ground, ground.point, ground.cotangent, np.random.default_rng(3), "")
        assert found is not None
        return found.smallest

    assert smallest(np.float64, False) == smallest(np.float32, False) == 2e-13
    assert smallest(np.float32, True) == 16 * 2.0**-23


def test_a_budget_that_ends_while_the_point_is_lifted_or_the_small_outputs_are_looked_for_is_said() -> None:
    for budget in range(1, 12):
        report = judged(layer(np.float32), budget=budget)
        assert report.cost.forward <= budget
        assert report.outcome is I
        assert {v.reason for v in report.verdicts if v.outcome is I} == {
            f"the budget of {budget} forward passes is spent"
        }


@pytest.mark.parametrize(("factor", "outcome"), [(1.0, Outcome.PASS), (1.01, Outcome.FAIL)])
def test_a_reference_is_measured_in_place_of_a_coarse_forward(factor: float, outcome: Outcome) -> None:
    """A kernel in half precision: against itself a claim 1 % off passes, against its plain version it does not."""
    coarse = Subject(
        name="kernel",
        point={"x": np.linspace(-2.0, 2.0, 6)},
        forward=lambda p: np.sin(p["x"]).astype(np.float16).astype(np.float64),
        pullback=lambda p, v: {"x": factor * v * np.cos(p["x"])},
    )
    assert judged(coarse).outcome is not Outcome.FAIL
    assert judged(replace(coarse, reference=lambda p: np.sin(p["x"]))).outcome is outcome
