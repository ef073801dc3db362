"""Measure: from a claimed gradient at one place to a verdict for each of its units, cheapest oracle first.

A joint direction over all undecided units is asked first: two to four passes settle every unit whose share of the
scale is not too small. What remains is asked again with weights that give each unit an equal part, then in halves,
then alone; only a unit that disagrees on its own pays for a full measurement, and it fails only if a second direction
repeats it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import hypot
from typing import Final

import numpy as np

from checks.faint import beside_what_is_there
from checks.numeric.bits import NAMES, significand_bits
from checks.numeric.complex_step import complex_step
from checks.numeric.estimate import Estimate
from checks.numeric.jump import EXCUSED, JUMPS, jump
from checks.numeric.line import OutOfBudgetError
from checks.numeric.windows import windows
from checks.proof import comes_first, settled
from checks.quickly import DOUBLE, PART, around, evidence, quickly
from checks.ray import CLAIM_ULPS, Place, Ray, norm, one_sided, ray
from checks.still import STAIR, change_along, flat_estimate, frozen
from checks.tangents import dot, terms, values
from checks.units import Unit
from checks.verdict import COARSEST, DESIRED, Outcome, Verdict, judge

UNDERFLOW: Final = float(np.finfo(np.float64).tiny)  # below this, numbers lose their digits: the least scale there is
ZERO_ULPS: Final = (64, 8)  # below this many ulps of what the function is and does a claim is zero; in coarse dtypes
SLIGHT: Final = 0.2  # unless more is demanded, a claim off by less than this share of what is aimed at is not failed
BEYOND: Final = 8  # a jump is looked for out to this many sizes of the window
FURTHEST: Final = 0.65  # and no further than this
FRESH: Final = 2  # so many more joint directions are tried where a kink lies too near along the first
MORE: Final = 5  # as long as so many further directions agree
Found = dict[str, Verdict]
Some = Sequence[Unit]


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
    if comes_first(place):
        proved = settled(place, units, [None] * len(units))
        if all(proved):
            return [v for v in proved if v]
    measured = _measured(place, units, equal=equal, zeros=zeros)
    return [v for v in settled(place, units, measured) if v]


def _measured(place: Place, units: Sequence[Unit], *, equal: bool, zeros: bool) -> list[Verdict]:
    found, reason = dict[str, Verdict](), ""
    whole = max(hypot(place.value, *(u.scale for u in units)), UNDERFLOW)
    zero = _rounding_of_zero(place) * whole  # of claims that no length of their entries brings above it
    sized = [u if u.above(zero) else u._replace(scale=whole) for u in units]
    alone = [u for u in sized if (zeros or whole == UNDERFLOW) and u.scale == whole]
    try:
        rest, along = [u for u in sized if u not in alone], [u for u in alone if u.nothing]
        _settle(place, rest, found, along, equal=equal, first=True)
        _stand_still(place, [u for u in alone if u.label not in found], found)
        found |= beside_what_is_there(place, [u for u, s in zip(units, sized, strict=True) if u is not s], found, _full)
    except OutOfBudgetError as spent:
        reason = str(spent)
    return [found.get(u.label) or _undecided(place, u, reason) for u in units]


def _rounding_of_zero(place: Place) -> float:
    return ZERO_ULPS[place.eps > DOUBLE] * place.eps


def _stand_still(place: Place, units: list[Unit], found: Found) -> None:
    """Claimed zeros, together: one pass where the forward is flat, else against how its outputs change."""
    if not units:
        return
    asked = ray(place, units, equal=False)
    flat = flat_estimate(place, asked, sum(u.entries for u in units))
    if flat is None or not flat.sure:
        change = change_along(place, asked, _rounding_of_zero(place) * units[0].scale)
        units = [u._replace(scale=change or u.scale) for u in units]
        _settle(place, units, found, equal=False, first=True)
        return
    for i, unit in enumerate(units):
        found[unit.label] = judge(evidence(place, asked, unit, flat.estimate, i), place.resolution)


def _settle(place: Place, units: list[Unit], found: Found, zeros: Some = (), *, equal: bool, first: bool) -> None:
    """Ask one joint direction, claimed zeros along with it; then what it left: together, in halves, or alone."""
    if not units:
        return
    asked = ray(place, units, equal=equal, keeps=bool(zeros))
    tries = FRESH
    while quickly(place, asked, units, found, zeros) and tries:
        asked, tries = ray(place, units, equal=equal, keeps=bool(zeros)), tries - 1
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


def _jointly(place: Place, asked: Ray, units: Some, found: Found) -> None:
    """A full measurement of the joint direction settles the units that it can speak for.

    At a kink it speaks for those whose scale the whole interval is small beside: the others may lie off the kink alone.
    """
    accepted = COARSEST if place.resolution is None else place.resolution
    estimate = _full(place, asked)
    for i, unit in enumerate(units):
        if estimate.kink is not None and estimate.bar > accepted * asked.scales[i]:
            continue
        verdict = judge(evidence(place, asked, unit, estimate, i), accepted)
        if verdict.outcome is Outcome.PASS:
            found[unit.label] = verdict


def _fully(place: Place, asked: Ray, unit: Unit) -> Verdict:
    """A full measurement of one unit; no failure where jumps nearby explain it."""
    verdict = _repeated(place, asked, unit)
    return _unless_it_jumps(place, verdict) if verdict.outcome is Outcome.FAIL else verdict


def _unless_it_jumps(place: Place, verdict: Verdict) -> Verdict:
    """Undecided where ψ jumps next to the window by what the disagreement adds up to on the way there, or by far more.

    A solver that stops, cancellation that leaves a few digits: between two jumps such values are smooth and their slope
    is not that of the function they stand for. A jump of a share of the whole is a step of the function itself.
    """
    asked, e = next((found for found in place.measured if found[1] is verdict.estimate), (None, verdict.estimate))
    if asked is None or e is None or verdict.claimed is None or e.method != "windows" or not 0 < e.step < FURTHEST:
        return verdict
    outer = min(BEYOND * e.step, FURTHEST)
    asked.line([-outer, outer])
    size, at = jump(asked.line, e.step, outer)
    explained = (verdict.claimed - e.value) * at / (size or np.nan)
    if abs(size) >= STAIR * place.value or not -STAIR < explained < EXCUSED:
        return verdict
    reason = f"{JUMPS} {abs(size):.1g} at t = {at:.1g}: their slope in between, {e}, need not be the function's"
    remedy = "run inner solvers to a finer tolerance, or avoid the cancellation"
    return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason=reason, remedy=remedy)


def _repeated(place: Place, asked: Ray, unit: Unit) -> Verdict:
    """A full measurement of one unit; a failure must be repeated by a second direction."""
    verdict, slight = _one(place, asked, unit)
    if verdict.outcome is Outcome.INCONCLUSIVE:
        verdict = _by_complex_step(place, asked, unit) or _by_second_way(place, asked, unit) or verdict
    if slight:
        return _slightly_off(place, unit, verdict)
    if verdict.outcome is Outcome.PASS:
        return verdict
    seconds = []
    for length in unit.others or ((unit.size,) if verdict.outcome is Outcome.FAIL else ()):
        seconds.append(_one(place, ray(place, [unit], equal=False, length=length), unit)[0])
        if seconds[-1].outcome is Outcome.PASS and unit.others:  # the first steps were too long for it, or too short
            return seconds[-1]
    if verdict.outcome is not Outcome.FAIL or any(v.outcome is Outcome.FAIL for v in seconds):
        return verdict
    third = ray(place, [unit], equal=False)  # the second may have been one along which the error is small by chance
    if judge(evidence(place, third, unit, _full(place, third), 0), place.resolution).outcome is Outcome.FAIL:
        return verdict
    return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason="one direction disagrees, two others do not")


def _one(place: Place, asked: Ray, unit: Unit) -> tuple[Verdict, bool]:
    """One direction's verdict; and whether it passes only because it is off by less than is aimed at."""
    found = evidence(place, asked, unit, _full(place, asked), 0)
    verdict = judge(found, place.resolution)
    if verdict.outcome is not Outcome.FAIL or place.resolution is not None:
        return verdict, False
    slack = SLIGHT * (PART if unit.small else DESIRED) * found.scale
    eased = judge(found._replace(claim_error=max(found.claim_error, slack)))
    return (verdict, False) if eased.outcome is Outcome.FAIL else (_as_seen(eased), True)


def _as_seen(verdict: Verdict) -> Verdict:
    """A pass that states how far off the claim is seen to be."""
    e, claimed, scale = verdict.estimate, verdict.claimed, verdict.scale
    assert e is not None and claimed is not None and scale  # noqa: S101, PT018 - judged by numbers
    off = (abs(claimed - e.value) + e.bar) / scale
    return replace(verdict, outcome=Outcome.PASS, resolution=off, reason="", remedy="")


def _slightly_off(place: Place, unit: Unit, verdict: Verdict) -> Verdict:
    """Off by a float32 constant, say, or by the tolerance of an inner solver: a few directions say how far at most."""
    for _ in range(MORE):
        again = _one(place, ray(place, [unit], equal=False, length=unit.size), unit)[0]
        if again.outcome is Outcome.FAIL:
            return again
        if again.outcome is Outcome.PASS and (again.resolution or 0) > (verdict.resolution or 0):
            verdict = again
    return verdict


def _full(place: Place, asked: Ray) -> Estimate:
    """The flat answer where the forward is flat, the windows' else; at a kink, the outputs' own slopes if they hold."""
    estimate = _estimated(place, asked)
    place.measured.append((asked, estimate))
    return estimate


def _estimated(place: Place, asked: Ray) -> Estimate:
    flat = flat_estimate(place, asked)
    if flat and flat.sure:
        return flat.estimate
    estimate = _as_coarse_as_outputs(asked, windows(asked.line, smallest=place.smallest))
    if hidden := frozen(place, asked, estimate.step, estimate.bits):
        finer = windows(asked.line, smallest=place.smallest, floor=hidden)
        estimate = _as_coarse_as_outputs(asked, finer)
    if flat and estimate.value == 0:  # nothing but the plateau was seen
        return flat.estimate
    if estimate.kink is not None and not estimate.interval[0] <= asked.claimed <= estimate.interval[1]:
        return one_sided(place, asked) or estimate
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
    for estimate in (seen, replace(seen, interval=around(seen.value, seen.rounding), truncation=0.0)):
        verdict = judge(evidence(place, asked, unit, estimate, 0), place.resolution)
        if verdict.outcome is Outcome.PASS:
            return verdict
    return None


def _by_second_way(place: Place, asked: Ray, unit: Unit) -> Verdict | None:
    """A pass, where another way of differentiating the same forward says what is claimed; it fails nothing either."""
    if place.calls.subject.second is None:
        return None
    try:
        slopes = place.calls.second(place.point, {n: values(u) for n, u in asked.direction.items()})
    except OutOfBudgetError:
        raise
    except Exception:  # it does not go through this forward
        return None
    if slopes.shape != place.cotangent.shape or not np.isfinite(slopes[place.cotangent != 0]).all():
        return None
    slope = dot(place.cotangent, slopes)
    bar = DOUBLE * CLAIM_ULPS * norm(terms(place.cotangent, slopes)) + UNDERFLOW
    estimate = Estimate(value=slope, interval=around(slope, bar), rounding=bar, passes=1, method="a second way")
    verdict = judge(evidence(place, asked, unit, estimate, 0), place.resolution)
    return verdict if verdict.outcome is Outcome.PASS else None


def _undecided(place: Place, unit: Unit, reason: str) -> Verdict:
    return Verdict(
        law="adjoint",
        tensor=unit.label,
        outcome=Outcome.INCONCLUSIVE,
        reason=reason,
        remedy="allow a larger budget",
        where=place.where,
    )
