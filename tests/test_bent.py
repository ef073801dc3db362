"""Bent: outputs beside a kink go on as on this side of it; with kinks on both sides they are looked at closer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from places import judged, of_x, place

from checks import Outcome, audit, measure
from checks.bent import bent
from checks.bent import mixed as mixed_of
from checks.numeric.quick import AT
from checks.quickly import quickly
from checks.ray import Place, Ray, ray
from checks.subject import Subject
from checks.units import units

H = 1e-6
X = np.linspace(0.2, 1.2, 40)


def beside(*distances: float, by: float = 1.0) -> Subject:
    """The sine of 40 numbers; the first has kinks at these distances above it, or below, and bends there by this."""
    first = by * (np.arange(40) == 0)
    return of_x(
        lambda x: np.sin(x) + first * sum(np.maximum(np.sign(d) * (x - X[0]) - abs(d), 0) for d in distances),
        lambda x: np.cos(x) + first * sum(np.sign(d) * (np.sign(d) * (x - X[0]) > abs(d)) for d in distances),
        X,
    )


def stencil(subject: Subject) -> tuple[Place, Ray]:
    one = place(subject)
    asked = ray(one, units(one.gradient, one.point), equal=False)
    for at in AT:
        asked.outputs(H * at)
    return one, asked


def mixed(one: Place, asked: Ray, first: float) -> tuple[float, Any, float] | None:
    bends = bent(one, asked, first)
    return None if bends is None else mixed_of(one, asked, first, bends)


def five_points(values: Any, h: float) -> float:
    return float((8 * (values[2] - values[1]) - (values[3] - values[0])) / (12 * h))


def per_scale(one: Place, asked: Ray, values: Any, h: float) -> float:
    return abs(five_points(values, h) - asked.claimed) / float(asked.scales[0])


@pytest.mark.parametrize("by", [1.0, -0.3, 1e-3])
@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("distance", [1e-9, 1e-7, 4e-7, 5e-7, 6e-7, 9e-7, 1.2e-6])
def test_an_output_goes_on_as_it_does_on_the_side_of_the_kink_that_0_is_on(
    distance: float, side: int, by: float
) -> None:
    """Whether three of its values are on that side or four; no pass is spent."""
    one, asked = stencil(beside(side * distance, by=by))
    found = bent(one, asked, H)
    assert found is not None
    assert found.which.tolist() == [i == 0 for i in range(40)]
    assert not found.left.any()
    assert per_scale(one, asked, found.values, H) < 1e-8
    assert per_scale(one, asked, asked.line(H * AT), H) > 1e-5 * abs(by)
    assert one.calls.forwards == 4


@pytest.mark.parametrize("distances", [(5e-7, -4e-7), (2e-7, -1e-6), (9e-7, -5e-7)])
def test_an_output_with_kinks_on_both_sides_is_seen_on_this_side_of_both_with_two_passes(distances: Any) -> None:
    one, asked = stencil(beside(*distances))
    bends = bent(one, asked, H)
    assert bends is not None
    found = mixed_of(one, asked, H, bends)
    assert bends.left.any()
    assert found is not None
    step, values, _ = found
    assert abs(step * np.asarray(asked.direction["x"])[0]) < min(map(abs, distances))
    assert per_scale(one, asked, values, step) < 5e-8
    assert one.calls.forwards == 6


def test_with_kinks_beyond_the_middle_three_values_these_are_enough() -> None:
    one, asked = stencil(beside(1.1e-6, -1.2e-6))
    assert abs(H * np.asarray(asked.direction["x"])[0]) < 1.1e-6 < 2 * abs(H * np.asarray(asked.direction["x"])[0])
    found = bent(one, asked, H)
    assert found is not None
    assert not found.left.any()
    assert per_scale(one, asked, found.values, H) < 1e-8


@pytest.mark.parametrize("noise", [0.0, 1e-14, 1e-12])
def test_three_values_show_no_noise_and_those_of_other_outputs_say_how_much_there_is(noise: float) -> None:
    """Ten outputs bend; what the slope is off by through their noise is no more than the others tell, nearly always."""
    rng, bends, off = np.random.default_rng(0), np.arange(40) < 10, []

    def forward(x: Any) -> Any:
        noisy = np.sin(x) * (1 + noise * rng.normal(size=40))
        return noisy + 0.3 * bends * np.maximum(x - X - 4e-7, 0) - 0.3 * bends * np.maximum(X - x - 4e-5, 0)

    for _ in range(50):
        one, asked = stencil(of_x(forward, np.cos, X))
        found = bent(one, asked, H)
        assert found is not None
        assert not found.left[10:].any()
        if not found.left.any():
            others = five_points((found.changes * one.cotangent[:, None].T)[:, ~bends].sum(axis=1), H)
            slopes = one.cotangent * np.cos(X) * np.asarray(asked.direction["x"])
            error = abs(five_points(found.values, H) - others - slopes[bends].sum())
            off.append(error / (found.unsure + 1e-9 * float(asked.scales[0])))
    assert len(off) > 40
    assert max(off) < 1
    assert found.unsure < 1e-8 or noise


def test_a_number_that_bends_is_also_asked_for_at_half_the_step() -> None:
    """No other output tells its noise: two steps must agree, of which the second takes two passes."""
    at = np.float64(X.sum() + 5e-6)

    def forward(x: Any) -> Any:
        return np.sin(x).sum() + 0.01 * np.maximum(x.sum() - at, 0)

    def pullback(p: Any, v: Any, factor: float = 1.0) -> Any:
        return {"x": factor * v * (np.cos(p["x"]) + 0.01 * (p["x"].sum() > at))}

    def along(factor: float) -> tuple[int, list[str]]:
        subject = Subject(
            name="sum", point={"x": X}, forward=lambda p: forward(p["x"]), pullback=lambda p, v: pullback(p, v, factor)
        )
        one, found = place(subject), {}
        asked = ray(one, units(one.gradient, one.point), equal=False)
        quickly(one, asked, units(one.gradient, one.point), found)
        return asked.line.passes, list(found)

    assert along(1.0) == (6, ["x"])
    assert not along(1 + 1e-6)[1]


@pytest.mark.parametrize("distance", [5e-7, 8e-7, 1.2e-6])
def test_what_bends_may_be_seen_on_this_side_of_the_kink(distance: float) -> None:
    one, asked = stencil(beside(distance))
    found = mixed(one, asked, H)
    assert found is not None
    step, values, _ = found
    assert abs(step * np.asarray(asked.direction["x"])[0]) < distance
    assert per_scale(one, asked, values, step) < 5e-8
    assert one.calls.forwards <= 7


def test_each_output_has_a_kink_of_its_own_and_the_nearest_counts() -> None:
    """One bends a little near by, another one much further out: what they do together says nothing of the first."""
    at = np.add(X[:2], [4e-7, 1.4e-6])

    def forward(x: Any) -> Any:
        return np.sin(x) + np.r_[[0.01, 1.0] * np.maximum(x[:2] - at, 0), np.zeros(38)]

    one, asked = stencil(of_x(forward, np.cos, X))
    found = mixed(one, asked, H)
    assert found is not None
    step, values, _ = found
    assert abs(2 * step * np.asarray(asked.direction["x"])[0]) < 4e-7
    assert five_points(values, step) == pytest.approx(asked.claimed, abs=5e-8 * asked.scales[0])


def test_where_a_kink_is_too_near_another_direction_is_tried_before_all_is_measured(monkeypatch: Any) -> None:
    """One is on each side. How near depends on the direction; where they lie on the point itself, no other is drawn."""
    rng = np.random.default_rng(0)
    a, m, x = rng.normal(size=30), rng.normal(size=(40, 30)) / 5, rng.normal(size=30)

    def near(distance: float) -> Subject:
        def forward(p: Any) -> Any:
            made = np.sin(m @ p["x"] * p["y"])
            made[0] += 0.02 * np.maximum(np.abs(a @ (p["x"] - x)) - distance, 0)
            return made

        def pullback(p: Any, v: Any) -> Any:
            z, beyond = m @ p["x"], a @ (p["x"] - x)
            delta, outside = v * np.cos(z * p["y"]), np.sign(beyond) * (np.abs(beyond) > distance)
            return {"x": m.T @ (delta * p["y"]) + 0.02 * v[0] * outside * a, "y": delta * z}

        return Subject(name="near", point={"x": x, "y": np.linspace(0.5, 1.5, 40)}, forward=forward, pullback=pullback)

    costs = {}
    for fresh in (0, measure.FRESH):
        monkeypatch.setattr(measure, "FRESH", fresh)
        for distance in (5e-7, 0.0):
            reports = [audit(near(distance), seed=seed, laws=["adjoint"]) for seed in range(60)]
            assert all(report.outcome is not Outcome.FAIL for report in reports)
            costs[fresh, distance] = [report.cost.forward for report in reports]
    assert costs[0, 0.0] == costs[measure.FRESH, 0.0]
    both = zip(costs[0, 5e-7], costs[measure.FRESH, 5e-7], strict=True)
    dear = [again for once, again in both if once >= 43 + 10]
    assert dear
    assert np.median(dear) < 20


@pytest.mark.parametrize(("eps", "again"), [(2.0**-52, True), (2.0**-23, False)])
def test_in_coarse_dtypes_no_other_direction_is_tried(eps: float, again: bool) -> None:
    """What counts as agreement is a tenth of the goal there: asked three times, a wrong claim would pass by chance."""
    at = 1e-8 if again else 1e-9  # the first step is shorter there
    one = place(beside(at, -at / 2, by=0.1), eps=eps)
    found: dict[str, Any] = {}
    asked = ray(one, units(one.gradient, one.point), equal=False)
    assert quickly(replace(one, resolution=1e-6), asked, units(one.gradient, one.point), found) is again
    assert not found


def test_where_nothing_bends_or_nothing_was_kept_the_outputs_are_taken_together() -> None:
    one, asked = stencil(beside(1e-3))
    assert mixed(one, asked, H) is None
    one, asked = stencil(beside(H / 3))
    asked.kept.clear()  # type: ignore[attr-defined]  # a dict in truth
    assert mixed(one, asked, H) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_wide_network_beside_a_kink_costs_no_more_and_no_wrong_claim_passes(seed: int) -> None:
    """A pre-activation of 1e-6 in one example of 32: σ′ of that unit alone is what a stencil gets wrong."""
    rng = np.random.default_rng(seed)
    x, w, u = rng.normal(size=(32, 10)), rng.normal(size=(10, 50)), rng.normal(size=(50, 3))
    x[0] -= w[:, 0] * (x[0] @ w[:, 0] - 1e-6) / (w[:, 0] @ w[:, 0])

    def pullback(p: Any, v: Any, factor: float = 1.0) -> Any:
        z = p["x"] @ p["w"]
        delta = (v @ p["u"].T) * (z > 0)
        return {"x": delta @ p["w"].T, "w": factor * (p["x"].T @ delta), "u": np.maximum(z, 0).T @ v}

    def forward(p: Any) -> Any:
        return np.maximum(p["x"] @ p["w"], 0) @ p["u"]

    point = {"x": x, "w": w, "u": u}
    right = Subject(name="wide", point=point, forward=forward, pullback=pullback)
    report = audit(right, seed=seed, laws=["adjoint"])
    assert report.outcome is Outcome.PASS
    assert report.cost.forward <= 12
    wrong = Subject(name="wide", point=point, forward=forward, pullback=lambda p, v: pullback(p, v, 1 + 1e-6))
    assert audit(wrong, seed=seed, laws=["adjoint"], locate=False).outcome is Outcome.FAIL


@pytest.mark.parametrize("batch", [4, 64])
def test_a_wide_relu_network_takes_no_more_than_fifteen_passes_and_an_error_in_it_is_seen(batch: int) -> None:
    """Some 3,000 units or more: among these a kink lies within the stencil as often as not, and some are dead."""
    rng, widths = np.random.default_rng(batch), [40, 400, 300, 10]
    point = {"x": rng.normal(size=(batch, 40))}
    for l in range(1, 4):
        point[f"w{l}"] = rng.normal(size=widths[l - 1 : l + 1]) * 1.4 / np.sqrt(widths[l - 1])
        point[f"b{l}"] = 0.1 * rng.normal(size=widths[l])

    def layers(p: Any) -> list[Any]:
        made = [p["x"]]
        for l in range(1, 4):
            z = made[-1] @ p[f"w{l}"] + p[f"b{l}"]
            made.append(np.maximum(z, 0) if l < 3 else z)
        return made

    def pullback(p: Any, v: Any, off: float = 0.0) -> Any:
        made, found = layers(p), {}
        for l in (3, 2, 1):
            found[f"w{l}"], found[f"b{l}"] = made[l - 1].T @ v, v.sum(axis=0)
            v = v @ p[f"w{l}"].T * (made[l - 1] > 0 if l > 1 else 1)
        found["w2"] = found["w2"] * (1 + off)
        return found | {"x": v}

    def subject(off: float) -> Subject:
        return Subject(
            name="wide", point=point, forward=lambda p: layers(p)[-1], pullback=lambda p, v: pullback(p, v, off)
        )

    rights = [audit(subject(0.0), seed=seed, laws=["adjoint"]) for seed in range(12)]
    assert {report.outcome for report in rights} == {Outcome.PASS}
    assert max(report.cost.forward for report in rights) <= 15
    for seed in range(4):
        wrong = audit(subject(3e-6), seed=seed, laws=["adjoint"], locate=False)
        assert {v.tensor.split(" (")[0] for v in wrong.verdicts if v.outcome is Outcome.FAIL} == {"w2"}


def test_exactly_at_a_kink_there_is_no_closer() -> None:
    one, asked = stencil(beside(0.0))
    assert mixed(one, asked, H) is None
    assert judged(beside(0.0)).outcome is not Outcome.FAIL
    relu = of_x(lambda x: np.where(np.arange(40) < 3, np.maximum(x, 0), np.sin(x)), np.cos, np.r_[np.zeros(3), X[3:]])
    assert mixed(*stencil(relu), H) is None  # outputs that are 0 there have no rounding
