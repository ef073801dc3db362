"""adjoint: ⟨v, J u⟩ = ⟨Jᵀv, u⟩ with the left side measured, at a moved point and at the caller's own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np

from checks.calls import Calls, flat, unflat
from checks.displaced import unmoved
from checks.groups import Group, by_value, spreads
from checks.laws.ground import Ground, wellformed
from checks.measure import measure
from checks.numeric.bits import grids, significand_bits
from checks.numeric.line import OutOfBudgetError
from checks.numeric.quick import STEP
from checks.probes import MOVED, moved, signed, size
from checks.quickly import DOUBLE
from checks.ray import Place, Steady, judged, norm
from checks.rows import Rows, Spread
from checks.still import MANY
from checks.subject import Array, Point
from checks.units import units
from checks.verdict import Outcome, Verdict

SMALLEST: Final = 2e-13  # the smallest t that a full measurement looks at
STEPS: Final = (0.0, -2.0, -1.0, 1.0, 2.0)  # the first steps
BETWEEN: Final = (1.37, -1.71)  # places between them
TINY: Final = float(np.finfo(np.float64).tiny)
HUGE: Final = 1e290  # sums of larger numbers may overflow
HEAVIEST: Final = 1.5  # no cotangent is drawn larger
LIGHT: Final = 2.0**-400  # the cotangent's share that such numbers are asked with
FROZEN_ULPS: Final = 16  # displacements below this many ulps of a primal are not represented well enough to be used
APART: Final = 4  # outputs within this many decades are weighed alike: closer than that one may be small by chance
Names = tuple[str, ...] | None
UNDISTURBED: Final = (
    2e-9  # an output is weighed up until its own rounding is this share of the change at the first step
)


def adjoint(ground: Ground) -> list[Verdict]:
    """Two places, cotangents and directions: a moved point, then the caller's own with small outputs weighed up.

    Where it is held alone, its own two pullbacks are enough, if nothing is wrong with what they return.
    """
    with np.errstate(all="ignore"):  # what is not finite is judged as such
        if ground.claim is None:
            verdicts, here = _at_both(ground, None)
            if any(v.outcome is Outcome.FAIL for v in verdicts):
                ground.wellformed  # noqa: B018 - a failure is explained from it, which may raise here
            if here:
                return verdicts
        names = ground.judged
        if not names:
            return []
        ground.release()
        verdicts, here = _at_both(ground, names)
    if here:
        return verdicts
    reason = "with a second cotangent the pullback raised, or lost its shapes or its finiteness"
    failed = Verdict(law="adjoint", tensor="", outcome=Outcome.FAIL, reason=reason, where="at your point")
    return [*verdicts, failed]


def _at_both(ground: Ground, names: Names) -> tuple[list[Verdict], Place | None]:
    """The verdicts, and the caller's own point if the claim could be asked there; ``names`` of the judged, if known."""
    rng, values = ground.rng("adjoint"), by_value(ground.point, ground.spreads)
    names, verdicts, v, steady = _moved(ground, rng, values, names)
    if names is None:
        return [], None
    here = _place(ground, ground.point, v, rng, "at your point", names)
    if here:
        here.steady.extend(steady)
        among = units(here.gradient, ground.point, values, ground.spreads, here.claimed)
        verdicts += _held(ground, here, measure(here, among, equal=True))
    return verdicts, here


def _held(ground: Ground, place: Place, verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts; where one fails the place is kept, so that the failure can be explained."""
    if any(v.outcome is Outcome.FAIL for v in verdicts):
        ground.memo.setdefault("places", []).append(place)
    return verdicts


def _moved(
    ground: Ground, rng: np.random.Generator, values: Mapping[str, list[Group]], names: Names
) -> tuple[Names, list[Verdict], Array, list[Steady]]:
    """Whose claims were judged there, the verdicts, the second cotangent, and how steady the forward is along that.

    What they took of memory is free afterwards.
    """
    v, lengths = ground.cotangent, {n: s.rms or 1.0 for n, s in ground.spreads.items()}
    away = _place(ground, moved(rng, ground.point, lengths), v, rng, "at a moved point", names)
    first = away or _place(ground, ground.point, v, rng, "at your point", names)
    verdicts = []
    if first:
        among = units(first.gradient, ground.point, values, ground.spreads, first.claimed)
        verdicts = measure(first, among, equal=True, zeros=True)
    v = _small_outputs_up(rng, first, ground)
    if first:
        first.first.clear()  # a ray knows its place
        _held(ground, first, verdicts)
    steady = first.steady if first and np.abs(v).max() <= HEAVIEST else []  # else other outputs are looked at
    return tuple(first.gradient) if first else names, verdicts, v, steady


def _heaviest(span: float, rounding: Array) -> Array:
    """The most that outputs may be weighed up, so that none of them disturbs a change of ``span``."""
    with np.errstate(all="ignore"):
        return np.asarray(np.nan_to_num(UNDISTURBED * span / rounding, nan=1.0, posinf=np.inf))


def _coarseness(first: Place, h: float, here: Array, kept: Any) -> Array:
    """How far off each output is seen to be, beyond its own last place: what a sum within it has cancelled.

    The grid that all known values lie on; how far values between the first steps, ±h and ±2h, are from the quartic
    through these; and for ever where an output stands still there that must have moved, as it did further out.
    """
    asked = first.first[0]
    if 2 * h not in asked.kept:  # too many outputs to be kept
        return np.zeros(here[kept].shape)
    try:
        five = np.array([np.real(asked.outputs(k * h)[kept]) for k in STEPS], dtype=np.float64)
        between = np.array([np.real(asked.outputs(k * h)[kept]) for k in BETWEEN], dtype=np.float64)
    except OutOfBudgetError:
        raise
    except Exception:  # the first direction left the domain
        return np.full(here[kept].shape, np.inf)
    with np.errstate(all="ignore"):
        off = np.nan_to_num(np.abs(between - QUARTIC @ five).max(axis=0), nan=np.inf, posinf=np.inf)
        due = np.abs(five[0] - np.real(here[kept])) * (h / MOVED)  # what a step is worth, going by the move there
        coarse = np.maximum(off, grids(np.nan_to_num(np.array([*five, np.real(here[kept])]), posinf=0.0, neginf=0.0)))
    still = (five == five[0]).all(axis=0) & (due > MANY * np.spacing(np.abs(five[0])))
    return np.asarray(np.where(still, np.inf, coarse))


def _through(nodes: tuple[float, ...], at: tuple[float, ...]) -> Array:
    """Weights of values at ``nodes`` in the polynomial through them, at other places; of shape (places, nodes)."""
    return np.asarray(np.vander(at, len(nodes)) @ np.linalg.inv(np.vander(nodes, len(nodes))))


QUARTIC: Final = _through(STEPS, BETWEEN)


def _place(
    ground: Ground, point: Point, v: Array, rng: np.random.Generator, where: str, names: Names = None
) -> Place | None:
    """The claim at ``point``, measured in double precision where the forward takes it; None outside the domain.

    It is well formed for all of ``names``; where they are not known, for all that it speaks of.
    """
    subject = ground.calls.subject
    own = point is ground.point and subject.reference is None
    if subject.bits is not None:
        point, v = {n: subject.rounded(x) for n, x in point.items()}, subject.rounded(v)
    try:
        output = flat(ground.output) if own else ground.calls.forward_quietly(point, watched=True)
        gradient = ground.calls.pullback(point, unflat(v, ground.output))
    except OutOfBudgetError:
        raise
    except Exception:
        return None
    still = unmoved(point)
    claims = wellformed(still, gradient)
    names = tuple(n for n, g in gradient.items() if g is not None) if names is None else names
    if claims.keys() != set(names):
        claims = {n: claims[n] for n in names if n in claims}
    value = _value(v, output)
    if value is None:
        return None
    lost, claimed = len(claims) < len(names) or not names, spreads(claims)
    if (lost or not max(value, _largest(claims, claimed, ground.spreads)) < HUGE) and np.abs(v).max() > LIGHT:
        # a pullback is linear: what overflows is asked smaller
        return _place(ground, point, v * LIGHT, rng, where, names)
    if lost:
        return None
    lifted, fine = _lifted(ground.calls, point, output)
    seen = _as_seen(v, fine)
    if not (seen is v and fine is output):
        value = _norm(seen, fine)
    return Place(
        calls=ground.calls,
        point=lifted,
        gradient=claims,
        cotangent=seen,
        output=fine,
        value=value,
        rng=rng,
        resolution=ground.resolution,
        where=where,
        eps=max(_coarsest(claims), _coarsest(still), _eps(output.dtype), subject.eps),
        smallest=max(SMALLEST, FROZEN_ULPS * _coarsest(still if lifted is point else lifted)),
        claimed=claimed,
    )


def _norm(v: Array, output: Array) -> float:
    """Norm of the terms v·f, those left out in which v is 0."""
    at = judged(v)
    return norm(v[at] * output[at])


def _value(v: Array, output: Array) -> float | None:
    """`_norm`; None where an output that is judged is not finite."""
    value = _norm(v, output)
    return value if np.isfinite(value) or np.isfinite(output[judged(v)]).all() else None


def _largest(claims: Mapping[str, Array], claimed: Mapping[str, Spread], known: Mapping[str, Spread]) -> float:
    """The largest sum over a tensor that a measurement of these claims adds up."""
    return max((claimed[n].rms * (known[n].rms or 1.0) * g.size for n, g in claims.items()), default=0.0)


def _coarsest(arrays: Mapping[str, Array]) -> float:
    """Machine epsilon of the coarsest dtype among ``arrays``."""
    if type(arrays) is Rows:
        return DOUBLE
    return max(map(_eps, {a.dtype for a in arrays.values()}))


@cache
def _eps(dtype: np.dtype[Any]) -> float:
    return float(np.finfo(dtype).eps)


def _as_seen(v: Array, output: Array) -> Array:
    """The cotangent as the pullback saw it: rounded to the output's dtype, then in double precision."""
    if v.dtype == output.dtype == np.float64:
        return v
    rounded = v.astype(output.dtype, copy=False)
    return rounded.astype(np.result_type(output.dtype, np.float64), copy=False)


def _lifted(calls: Calls, point: Point, output: Array) -> tuple[Point, Array]:
    """The same point in float64 where the forward computes in float64 there: a finer measurement of the same claim."""
    if _coarsest(unmoved(point)) <= DOUBLE:
        return point, output
    wide = {n: x.astype(np.result_type(x.dtype, np.float64)) for n, x in point.items()}
    try:
        values = calls.forward_quietly(wide)
    except OutOfBudgetError:
        raise
    except Exception:  # a forward that takes its own dtype alone is measured in it
        return point, output
    fine = values.shape == output.shape and values.dtype.kind in "fc" and np.finfo(values.dtype).eps <= DOUBLE
    return (wide, values) if fine else (point, output)


def _small_outputs_up(rng: np.random.Generator, first: Place | None, ground: Ground) -> Array:
    """A second cotangent that gives outputs of every magnitude an equal part of the change.

    How much an output changes is read off what was evaluated anyway: the first direction, and the move to the first
    point; the larger of the two, each relative to its own largest, as one alone may be small by chance. No output gets
    so heavy that its rounding would hide the others.
    """
    v = np.where(ground.cotangent == 0, 0.0, signed(rng, ground.cotangent.shape))
    if first is None or not first.first:
        return v
    here, kept = flat(ground.output), judged(v)
    try:
        t, plus, minus = first.first[0].shortest()
    except OutOfBudgetError:
        raise
    except Exception:  # the first direction left the domain
        return v
    pairs = ((plus, minus), (first.output, here))
    changes = [np.abs(a[kept] - b[kept]).astype(np.float64, copy=False) for a, b in pairs]
    changes = [c / c.max() for c in changes if np.isfinite(c).all() and c.max() > TINY]
    if not changes:
        return v
    relative = np.maximum(changes[0], changes[-1])
    if relative.min() > 1.001 * 10.0**-APART:  # all within one group: none is weighed up
        return v
    moves = relative > TINY  # nothing is known of an output that stands still
    decade = np.floor(-np.log10(np.maximum(relative, TINY)) / APART)
    weights = np.full(relative.shape, np.inf)
    for d in np.unique(decade[moves]):
        group = moves & (decade == d)
        weights[group] = relative.max() / (size(relative[group]) * np.sqrt(np.mean(group)))
    eps = max(first.eps, 2.0 ** (1 - significand_bits(np.real(plus[kept]).astype(np.float64))))
    weights /= weights.min()
    span = float(np.abs(plus[kept] - minus[kept]).max()) * STEP / t
    rounding = eps * np.abs(here[kept])
    heaviest = _heaviest(span, rounding)
    if (np.minimum(weights, heaviest)[moves] > 1).any():  # their values are looked at between the first steps
        heaviest = _heaviest(span, np.maximum(rounding, _coarseness(first, t, here, kept)))
    most = float(np.finfo(here.dtype).max) ** 0.25  # the backward multiplies weights with what it carries
    v[kept] *= np.where(moves, np.minimum(weights, np.clip(heaviest, 1.0, most)), 1.0)
    return v
