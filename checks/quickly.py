"""Quickly: the units whose claim three or four values support, at a step as short as rounding allows, or at two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import sqrt, ulp
from typing import Any, Final

import numpy as np

from checks.aside import Along, with_zeros
from checks.bent import QUIET, bent, mixed
from checks.numeric.estimate import Estimate
from checks.numeric.quick import AT, STEP, WIDER, bars, closer
from checks.numeric.scan import TOP
from checks.numeric.stencil import SOONER, both_sides, one_line, sooner
from checks.ray import Place, Ray, Steady, norm, pair
from checks.subject import Array
from checks.units import Unit
from checks.verdict import COARSEST, DESIRED, Evidence, Outcome, Verdict, judge

GOAL_ULPS: Final = 640  # in a dtype where this many ulps are coarser than the desired resolution, they are the goal
AGREES: Final = (0.01, 0.1)  # what counts as agreement, as a share of the goal: in double precision, in a coarser one
DOUBLE: Final = float(np.finfo(np.float64).eps)
PART: Final = 1e-3  # the resolution aimed at for a group of entries that is small within its tensor
NEAR: Final = 3e-4  # a first step up to here is judged alone; wider ones in pairs
MARGIN: Final = 8  # the first step is this much wider than rounding asks, as short as that is: fewer kinks lie within
SHORTEST: Final = 3e-7  # and no shorter than this
CLOSER: Final = (0.25, 0.1)  # closer steps, in first steps
OFF: Final = 8  # along another direction, or at twice the step, a slope is off by less than so many times as much
FAR: Final = 0.1  # further from the claim than this, relative to the scale, closer steps are not worth their passes


def quickly(
    place: Place, asked: Ray, units: Sequence[Unit], found: dict[str, Verdict], zeros: Sequence[Unit] = ()
) -> bool:
    """Pass the units whose claim the quick stencil supports, at one step or at closer or wider ones.

    And those claimed ``zeros`` that can be displaced along with them. Nothing more is looked at where ψ stands still,
    or is so far from the claim that no step would bring them together.

    Returns
    -------
    bool
        Whether it left all of them where a few outputs bend, so near that nothing is seen this side of the kink:
        another direction may be clear of it. A kink at the point itself does not count: it lies on every direction.
    """
    goals, share = goals_of(place, asked, units), AGREES[place.eps > DOUBLE]
    goal = min(goals)
    aimed = [g * scale for g, scale in zip(goals, asked.scales.tolist(), strict=True)]
    scales = [a / goal for a in aimed]

    def enough(steps: tuple[float, ...], values: Array, among: Any, **more: float) -> bool:
        agreed = _agreement(values, asked, steps, scales, goal, share, **more)
        estimates: dict[tuple[float, float, float], Estimate] = {}
        for i, numbers in agreed.items():
            if numbers not in estimates:
                estimates[numbers] = _estimate(*numbers, max(steps), max(asked.line.passes, values.size))
            verdict = judge(evidence(place, asked, units[i], estimates[numbers], i), goals[i])
            if verdict.outcome is Outcome.PASS:
                found[units[i].label] = verdict
        return any(among[i] for i in agreed) or not np.isfinite(values).all()

    def settled() -> bool:
        return all(u.label in found for u in units)

    def at(*steps: float) -> tuple[tuple[float, ...], Array]:
        return steps, np.stack([asked.line(h * AT) for h in steps])

    every, high = [g > 0 for g in goals], [g == goal for g in goals]
    first = _first([a for a, h in zip(aimed, high, strict=True) if h], share, place.value)
    if first > NEAR and 8 * first < TOP:  # wide at once: a closer one is still wider than rounding asks, or nearly
        enough(*at(first, 4 * first), every)
    if not 0 < first <= NEAR:
        return False
    along = partial(with_zeros, place, asked, first, zeros, share * min(aimed))
    if _by_fewer(place, asked, first, partial(enough, (first,), among=every), settled, along, found):
        return False
    agreed = enough(*at(first), every)
    if settled() or _astray(asked, first):
        return False
    bends = bent(place, asked, first)
    aside = bends is not None and not bends.most and bends.kink > sqrt(first)  # nearer, curvature may have put it there
    if bends and enough((first,), bends.values[None], high, unsure=bends.unsure):  # what aims low agrees sooner
        return False
    if bends and bends.unsure == np.inf and not bends.left.any():  # at half the step there are two values more
        half, values = at(first / 2)
        nearer = bent(place, asked, first / 2)
        both = np.stack([nearer.values if nearer else values[0], bends.values])
        if enough((*half, first), both, high):
            return False
    closer_by = mixed(place, asked, first, bends) if bends else None
    if (closer_by and enough((closer_by[0],), closer_by[1][None], high, unsure=closer_by[2])) or agreed:
        return False
    if aside and not closer_by:  # in coarse dtypes a wrong claim agrees too often by chance to be asked again
        return place.eps <= DOUBLE
    further = ((CLOSER[0] * first,), tuple(c * first for c in CLOSER), WIDER)
    for steps in further[:1] if aside else further:
        if enough(*at(*steps), high):
            break
    return False


def _by_fewer(
    place: Place,
    asked: Ray,
    h: float,
    enough: Callable[..., bool],
    settled: Callable[[], bool],
    along: Callable[[], Along | None],
    found: dict[str, Verdict],
) -> bool:
    """Whether two values settle all units, where the forward is known to be steady, or three, which then show it.

    Three ``along`` with claimed zeros first, if they are of use: these are settled with them. Not in coarse dtypes,
    where noise decides, and not where a stack gives four values at once.
    """
    if place.eps > DOUBLE or place.calls.subject.vectorised:
        return False
    still, whole = pair(place.cotangent, place.output), norm(asked.scales)
    for step, off in place.steady[:1]:
        if step <= 2 * h <= 4 * step:  # noise may be larger at a shorter step, curvature at a longer one
            enough(asked.line([-h, h]), still=still, off=OFF * off * whole)
            if settled():
                return True

    def by(three: Array) -> bool:
        enough(three, still=still)
        if settled():
            seen = sooner(still, three, h)
            place.steady.append(Steady(h, (seen.truncation + seen.rounding) / whole))
        return settled()

    both = along()
    if both and by(both.three):
        found |= both.zeros
        return True
    return by(asked.line(h * SOONER))


def goal_of(place: Place, *, small: bool) -> float:
    """The resolution asked of a unit: the demand, or no finer than what an honest computation of the claim may lose."""
    if place.resolution is not None:
        return place.resolution
    return min(PART if small else max(DESIRED, GOAL_ULPS * place.eps), COARSEST)


def goals_of(place: Place, asked: Ray, units: Sequence[Unit]) -> list[float]:
    """The resolution that the quick stencil must reach, unit by unit."""
    goals = [goal_of(place, small=small) for small in (False, True)]
    if place.resolution is not None:
        return [goals[u.small] for u in units]
    lost = (2 * asked.claim_error / scale if scale else np.inf for scale in asked.scales.tolist())
    return [min(max(least, goals[u.small]), COARSEST) for least, u in zip(lost, units, strict=True)]


def _first(aimed: list[float], share: float, value: float) -> float:
    """The first step, somewhat longer than rounding asks; 0 where a claim is below what numbers can tell apart.

    ``aimed`` is what a claim is to be told apart by, of the units that aim highest.
    """
    ordinary = sorted(aimed)
    asked_for = share * (ordinary[(len(ordinary) - 1) // 2] + ordinary[len(ordinary) // 2]) / 2 if ordinary else 0.0
    if not asked_for > 0:
        return 0.0
    quiet = QUIET * ulp(value) / asked_for
    return max(quiet, min(max(MARGIN * quiet, SHORTEST), STEP))


def _astray(asked: Ray, first: float) -> bool:
    """Whether ψ stands still within the first stencil, or is too far from the claim for another step to matter."""
    values = asked.line(first * AT)
    slope = (values[2] - values[1]) / (2 * first)
    return not ((values != values[0]).any() and abs(slope - asked.claimed) <= FAR * norm(asked.scales))


def _agreement(
    values: Array,
    asked: Ray,
    steps: tuple[float, ...],
    scales: list[float],
    goal: float,
    share: float,
    *,
    unsure: float = 0.0,
    still: float | None = None,
    off: float | None = None,
) -> dict[int, tuple[float, float, float]]:
    """Value, bar and rounding for each unit, by its place, whose scale the claim agrees at.

    ``still`` is ψ(0), for two or three values beside.
    """
    how = {"resolution": goal, "tolerance": share * goal}
    if len(steps) == 1:
        if still is None:
            seen = one_line(values[0].tolist(), steps[0])
        else:
            seen = sooner(still, values, steps[0]) if off is None else both_sides(still, values, steps[0], off)
        found = bars(seen, asked.claimed, scales, unsure=unsure, **how)
        return {i: (seen.value, bar, seen.rounding) for i, bar in found.items()}
    k = len(scales)
    both = closer(np.repeat(values[None], k, axis=0), np.full(k, asked.claimed), np.array(scales), steps, **how)
    every = zip(*(a.tolist() for a in (both.value, both.bar, both.rounding)), strict=True)
    return {i: numbers for i, (agrees, numbers) in enumerate(zip(both.agrees.tolist(), every, strict=True)) if agrees}


def _estimate(value: float, bar: float, rounding: float, step: float, passes: int) -> Estimate:
    return Estimate(
        value=value,
        interval=around(value, bar),
        truncation=bar - rounding,
        rounding=rounding,
        step=2 * step,
        passes=passes,
        method="quick",
    )


def evidence(place: Place, asked: Ray, unit: Unit, estimate: Estimate, i: int) -> Evidence:
    """What is measured along a ray, beside the claim and the scale of its i-th unit."""
    scale = float(asked.scales[i])
    return Evidence("adjoint", unit.label, asked.claimed, estimate, scale, asked.claim_error, place.where)


def around(value: float, bar: float) -> tuple[float, float]:
    """The interval value ± bar."""
    return value - bar, value + bar
