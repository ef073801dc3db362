"""Measure: from a claimed gradient at one place to a verdict for each of its units, cheapest oracle first.

A joint direction over all undecided units is asked first: four passes settle every unit whose share of the scale is not
too small. What remains is asked again with weights that give each unit an equal part, then in halves, then alone; only
a unit that disagrees on its own pays for a full measurement, and it fails only if a second direction repeats it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from checks.numeric.bits import NAMES, significand_bits
from checks.numeric.complex_step import complex_step
from checks.numeric.estimate import Estimate
from checks.numeric.line import OutOfBudgetError
from checks.numeric.quick import AT, STEP, WIDER, Agreement, agree, closer
from checks.numeric.windows import windows
from checks.proof import comes_first, settled
from checks.ray import Place, Ray, change_along, flat_estimate, norm, one_sided, ray
from checks.subject import Array
from checks.units import Unit
from checks.verdict import COARSEST, DESIRED, Evidence, Outcome, Verdict, judge

GOAL_ULPS: Final = 640  # in a dtype where this many ulps are coarser than the desired resolution, they are the goal
AGREES: Final = (0.01, 0.1)  # what counts as agreement, as a share of the goal: in double precision, in a coarser one
ZERO_ULPS: Final = (64, 8)  # below this many ulps of what the function is and does a claim is zero; in coarse dtypes
DOUBLE: Final = float(np.finfo(np.float64).eps)
UNDERFLOW: Final = float(np.finfo(np.float64).tiny)  # below this, numbers lose their digits: the least scale there is
PART: Final = 1e-3  # the resolution aimed at for a group of entries that is small within its tensor
QUIET: Final = 16  # a forward's own rounding is taken to stay below this many ulps of its value
NEAR: Final = 3e-4  # a first step up to here is judged alone; wider ones in pairs
MARGIN: Final = 8  # the first step is this much wider than rounding asks, as short as that is: fewer kinks lie within
SHORTEST: Final = 3e-7  # and no shorter than this
CLOSER: Final = (0.25, 0.1)  # closer steps, in first steps
WIDEST: Final = 0.25  # no step of the quick stencil is wider than this
FAR: Final = 0.1  # further from the claim than this, relative to the scale, closer steps are not worth their passes


def measure(place: Place, units: Sequence[Unit], *, equal: bool = False, zeros: bool = False) -> list[Verdict]:
    """Judge every unit of the claim at ``place``.

    Parameters
    ----------
    place : Place
        Where, and what is claimed.
    units : sequence of Unit
        What gets a verdict of its own.
    equal : bool
        Give every unit an equal part of the first direction, instead of its natural one.
    zeros : bool
        Give the claimed zeros a direction of their own, judged against how the outputs change along it. Else they join
        the others and are judged against what the function is and does.

    Returns
    -------
    list of Verdict
        One for each unit, in their order; undecided ones where the budget ran out.
    """
    goals = [_goal(place, u) for u in units]
    if comes_first(place):
        proved = settled(place, units, [None] * len(units), goals)
        if all(proved):
            return [v for v in proved if v]
    measured = _measured(place, units, equal=equal, zeros=zeros)
    return [v for v in settled(place, units, measured, goals) if v]


def _measured(place: Place, units: Sequence[Unit], *, equal: bool, zeros: bool) -> list[Verdict]:
    found: dict[str, Verdict] = {}
    reason = ""
    scales = np.array([u.scale for u in units])
    whole = max(float(np.hypot(place.value, norm(scales))), UNDERFLOW)
    zero = _rounding_of_zero(place) * whole  # of claims that no length the entries are measured at brings above it
    sized = [
        u if u.scale * max((1.0, *(other / u.size for other in u.others))) > zero else replace(u, scale=whole)
        for u in units
    ]
    alone = [u for u in sized if (zeros or whole == UNDERFLOW) and u.scale == whole]
    try:
        _settle(place, [u for u in sized if u not in alone], found, equal=equal, first=True)
        _stand_still(place, alone, found)
    except OutOfBudgetError as spent:
        reason = str(spent)
    return [found.get(u.label) or _undecided(place, u, reason) for u in units]


def _goal(place: Place, unit: Unit) -> float:
    """The resolution asked of a unit: the demand, or no finer than what an honest computation of the claim may lose."""
    if place.resolution is not None:
        return place.resolution
    return min(PART if unit.small else max(DESIRED, GOAL_ULPS * place.eps), COARSEST)


def _rounding_of_zero(place: Place) -> float:
    return ZERO_ULPS[place.eps > DOUBLE] * place.eps


def _stand_still(place: Place, units: list[Unit], found: dict[str, Verdict]) -> None:
    """Claimed zeros, together: two passes where the forward is flat, else against how its outputs change."""
    if not units:
        return
    asked = ray(place, units, equal=False)
    flat = flat_estimate(place, asked)
    if flat is None:
        change = change_along(place, asked, _rounding_of_zero(place) * units[0].scale)
        units = [replace(u, scale=change or u.scale) for u in units]
        _settle(place, units, found, equal=False, first=True)
        return
    for i, unit in enumerate(units):
        found[unit.label] = judge(_evidence(place, asked, unit, flat, i), place.resolution)


def _settle(place: Place, units: list[Unit], found: dict[str, Verdict], *, equal: bool, first: bool) -> None:
    """Ask one joint direction; then what it left: together, in halves, or alone."""
    if not units:
        return
    asked = ray(place, units, equal=equal)
    _quickly(place, asked, units, found)
    left = [u for u in units if u.label not in found]
    if len(left) == len(units) and len(units) > 1 and first:
        _jointly(place, asked, units, found)
        left = [u for u in units if u.label not in found]
    if len(left) < len(units):  # some agreed, so the others may only be too small to be seen in this mixture
        _settle(place, left, found, equal=True, first=False)
    elif len(units) == 1:
        verdict = _fully(place, asked, units[0])
        passed = verdict.outcome is Outcome.PASS
        found[units[0].label] = verdict if passed else replace(verdict, curve=asked.line.differences())
    else:
        ordered = sorted(units, key=lambda u: u.scale)
        half = len(ordered) // 2
        for part in (ordered[half:], ordered[:half]):
            _settle(place, part, found, equal=True, first=False)


def _goals(place: Place, asked: Ray, units: Sequence[Unit]) -> Array:
    """The resolution that the quick stencil must reach, unit by unit."""
    goals = np.array([_goal(place, u) for u in units])
    return goals if place.resolution is not None else np.clip(2 * asked.claim_error / asked.scales, goals, COARSEST)


def _quickly(place: Place, asked: Ray, units: Sequence[Unit], found: dict[str, Verdict]) -> None:
    """Pass the units whose claim the quick stencil supports, at one step or at two closer or wider ones."""
    goals = _goals(place, asked, units)
    share = AGREES[place.eps > DOUBLE]
    for steps in _steps(asked, goals, share, place.value):
        values = np.stack([asked.line(h * AT) for h in steps])
        seen = _agreement(values, asked, steps, goals, share)
        for i in map(int, np.flatnonzero(seen.agrees)):
            verdict = judge(_evidence(place, asked, units[i], _estimate(seen, i, asked), i), float(goals[i]))
            if verdict.outcome is Outcome.PASS:
                found[units[i].label] = verdict
        if seen.agrees.any() or not np.isfinite(values).all():
            return


def _steps(asked: Ray, goals: Array, share: float, value: float) -> Iterator[tuple[float, ...]]:
    """The first step, then closer ones, for a kink or curvature, and wider ones; wide at once where rounding asks.

    Nothing more where ψ stands still, or where it is so far from the claim that no step would bring them together.
    """
    ordinary = (goals * asked.scales)[goals == goals.min()]
    quiet = QUIET * float(np.spacing(value)) / (share * float(np.median(ordinary)))
    first = max(quiet, min(max(MARGIN * quiet, SHORTEST), STEP))
    if first > NEAR:
        if 4 * first < WIDEST:
            yield (first, 4 * first)
        return
    yield (first,)
    values = asked.line(first * AT)
    slope, scale = (values[2] - values[1]) / (2 * first), norm(asked.scales)
    if (values != values[0]).any() and abs(slope - asked.claimed) <= FAR * scale:
        yield tuple(c * first for c in CLOSER)
        yield WIDER


def _agreement(values: Array, asked: Ray, steps: tuple[float, ...], goals: Array, share: float) -> Agreement:
    """Agreement of the one claim with each unit's scale and goal."""
    k, goal = len(goals), float(goals.min())
    claims, scales = np.full(k, asked.claimed), asked.scales * (goals / goal)
    if len(steps) == 1:
        return agree(np.repeat(values, k, axis=0), claims, scales, steps[0], resolution=goal, tolerance=share * goal)
    return closer(np.repeat(values[None], k, axis=0), claims, scales, steps, resolution=goal, tolerance=share * goal)


def _estimate(seen: Agreement, i: int, asked: Ray) -> Estimate:
    value, bar, rounding = float(seen.value[i]), float(seen.bar[i]), float(seen.rounding[i])
    return Estimate(
        value=value,
        interval=_around(value, bar),
        truncation=bar - rounding,
        rounding=rounding,
        step=2 * seen.step,
        passes=asked.line.passes,
        method="quick",
    )


def _jointly(place: Place, asked: Ray, units: Sequence[Unit], found: dict[str, Verdict]) -> None:
    """A full measurement of the joint direction settles the units that it can speak for.

    At a kink it speaks for those whose scale the whole interval is small beside: the others may lie off the kink alone.
    """
    accepted = COARSEST if place.resolution is None else place.resolution
    estimate = _full(place, asked)
    for i, unit in enumerate(units):
        if estimate.kink is not None and estimate.bar > accepted * asked.scales[i]:
            continue
        verdict = judge(_evidence(place, asked, unit, estimate, i), accepted)
        if verdict.outcome is Outcome.PASS:
            found[unit.label] = verdict


def _fully(place: Place, asked: Ray, unit: Unit) -> Verdict:
    """A full measurement of one unit; a failure must be repeated by a second direction."""
    verdict = judge(_evidence(place, asked, unit, _full(place, asked), 0), place.resolution)
    if verdict.outcome is Outcome.INCONCLUSIVE:
        verdict = _by_complex_step(place, asked, unit) or verdict
    if verdict.outcome is Outcome.PASS:
        return verdict
    seconds = []
    for length in unit.others or ((unit.size,) if verdict.outcome is Outcome.FAIL else ()):
        again = ray(place, [unit], equal=False, length=length)
        seconds.append(judge(_evidence(place, again, unit, _full(place, again), 0), place.resolution))
        if seconds[-1].outcome is Outcome.PASS and unit.others:  # the first steps were too long for it, or too short
            return seconds[-1]
    if verdict.outcome is not Outcome.FAIL or any(v.outcome is Outcome.FAIL for v in seconds):
        return verdict
    return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason="one direction disagrees, a second one does not")


def _full(place: Place, asked: Ray) -> Estimate:
    """The flat answer where the forward is flat, the windows' else; at a kink, the outputs' own slopes if they hold."""
    estimate = flat_estimate(place, asked)
    if estimate is None:
        estimate = _as_coarse_as_outputs(asked, windows(asked.line, smallest=place.smallest))
        if estimate.kink is not None and not estimate.interval[0] <= asked.claimed <= estimate.interval[1]:
            estimate = one_sided(place, asked) or estimate
    place.measured.append((asked, estimate))
    return estimate


def _as_coarse_as_outputs(asked: Ray, estimate: Estimate) -> Estimate:
    """The estimate with the bits that the outputs carry: ψ, a weighted sum of them, has 53 whatever they have."""
    seen = [np.real(f[np.isfinite(f)]).astype(np.float64) for t, f in asked.kept.items() if t]
    bits = significand_bits(np.concatenate(seen)) if seen else 53
    if bits >= estimate.bits:
        return estimate
    return replace(estimate, bits=bits, flags=(*estimate.flags, f"{NAMES[bits]} values"))


def _by_complex_step(place: Place, asked: Ray, unit: Unit) -> Verdict | None:
    """A pass, where the complex step of the same forward says what is claimed and real values do not contradict it.

    It resolves what real values cannot: vanishing gradients, large offsets. As the code may have dropped a part that
    the real values are too coarse to show, it fails nothing.
    """
    seen = complex_step(asked.complex_psi, asked.line)
    if seen is None:
        return None
    for estimate in (seen, replace(seen, interval=_around(seen.value, seen.rounding), truncation=0.0)):
        verdict = judge(_evidence(place, asked, unit, estimate, 0), place.resolution)
        if verdict.outcome is Outcome.PASS:
            return verdict
    return None


def _around(value: float, bar: float) -> tuple[float, float]:
    return value - bar, value + bar


def _evidence(place: Place, asked: Ray, unit: Unit, estimate: Estimate, i: int) -> Evidence:
    return Evidence(
        law="adjoint",
        tensor=unit.label,
        claimed=asked.claimed,
        estimate=estimate,
        scale=float(asked.scales[i]),
        claim_error=asked.claim_error,
        where=place.where,
    )


def _undecided(place: Place, unit: Unit, reason: str) -> Verdict:
    return Verdict(
        law="adjoint",
        tensor=unit.label,
        outcome=Outcome.INCONCLUSIVE,
        reason=reason,
        remedy="allow a larger budget",
        where=place.where,
    )
