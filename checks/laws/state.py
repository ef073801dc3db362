"""deterministic, repeatable, fresh, accumulation: what earlier calls may not change, and what they must."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

import numpy as np

from checks import randomness
from checks.calls import quietly
from checks.laws.differing import ratio, unlike
from checks.laws.equal import HERE, MULTIPLE, hold, passed, rounding, undecided
from checks.laws.ground import Ground, misshapen
from checks.laws.multiples import is_times, same
from checks.laws.noise import last_bits, noise
from checks.laws.raised import RaisedError
from checks.numeric.line import OutOfBudgetError
from checks.probes import moved, sizes, varied
from checks.rows import Rows
from checks.subject import Array, Point, Subject, equal
from checks.verdict import Outcome, Verdict

NOISE: Final = 1e-3
"""Outputs that change by more than this, relative to their size, between two calls are drawn anew; by less, noisy."""
APART: Final = 0.1
"""How far, relatively, the other point of `fresh` is from the caller's."""

AS_BEFORE: Final = "a pullback was what it must be after others at another point"
CONSTANT: Final = "gradients that are the same at another point"
AFTER: Final = "after a forward and a pullback at another point, pullback(v)"
OVERWRITES: Final = "it overwrites what was there"
ONCE_MORE: Final[Mapping[float, str]] = {
    2.0: "each call adds to what the one before left: += into a buffer that nobody clears",
    0.0: "the first call used up what the second needed",
}
"""What one factor between a second call's gradient and the first one's means."""


def deterministic(ground: Ground) -> list[Verdict]:
    """Forward twice at one point: bit for bit the same, or noise in the last bits, or drawn anew."""
    calls, reason = ground.calls, ""
    change = noise(ground)
    if calls.frozen:  # another thread may have drawn meanwhile: the forward draws each time that the state is put back
        again = randomness.drawn(calls.states)
        calls.frozen = tuple(source for source in calls.frozen if source in again)
    if calls.frozen:
        sources = " and ".join(calls.frozen)
        reason = f"the forward draws from the global state of {sources}: one draw, held fixed, is judged"
    if change == 0.0:
        return passed("deterministic", reason)
    if change <= NOISE:
        return passed(
            "deterministic", f"forward is noisy: between two calls its outputs change by {change:.1g} of their size"
        )
    words = f"forward called twice at one point gives other outputs, by {change:.2g} of their size"
    return undecided("deterministic", words, "seed it, or hold its mask or draw fixed, so that it is one function")


def repeatable(ground: Ground) -> list[Verdict]:
    """The same pullback twice: bit for bit, or within the order of a sum or the forward's own noise."""
    said = "pullback(v), called again,"
    if ground.holds(said, ground.cotangent, lambda got: _unchanged(got, ground.wellformed)):
        return passed("repeatable")
    got = ground.pulled(said, ground.cotangent)
    failed, jitter = [], 0.0
    for name, g in ground.wellformed.items():
        again = got.get(name)
        if again is not None and np.array_equal(again, g):
            continue
        wrong = "is missing" if name not in got else misshapen(ground.point[name], again)
        words = f"the gradient of {name!r} {wrong}"
        if not wrong:
            change = float(np.max(np.abs(again - g))) / max(float(np.max(np.abs(g))), 1e-300)
            if last_bits(ground, g, change) or not (np.abs(again - g) > MULTIPLE * rounding(ground, name, 1)).any():
                jitter = max(jitter, change)
                continue
            words = _anew(name, again, g)
        reason = f"pullback called twice with the same arguments gives two gradients: {words}"
        failed.append(Verdict(law="repeatable", tensor=name, outcome=Outcome.FAIL, reason=reason, where=HERE))
    noisy = f"pullback is noisy: between two calls it changes by {jitter:.1g} of its largest entry" if jitter else ""
    if not failed:
        ground.forget(said)
    return failed or passed("repeatable", noisy)


def _unchanged(got: Mapping[str, Any], first: Mapping[str, Array]) -> bool:
    if type(got) is Rows and type(first) is Rows and got.layout is first.layout:
        return equal(got.row, first.row)
    return all(got.get(name) is not None and equal(np.asarray(got[name]), g) for name, g in first.items())


def _anew(name: str, again: Any, g: Array) -> str:
    factor = ratio(again, g)
    means = "" if factor is None else ONCE_MORE.get(round(factor, 6), "")
    return unlike(name, again, g, again != g) + (f"; {means}" if means else "")


def fresh(ground: Ground) -> list[Verdict]:
    """Forward and pullback at another point in between, then the pullback here; the same around a second object."""
    words = "after a forward and a pullback at another point, the pullback here is not what it was"
    means = "it uses what the last call left behind, not the point that it is given"
    failed = []
    if not ground.memo.get(AS_BEFORE):
        elsewhere(ground)
        if not ground.holds(AFTER, ground.cotangent, lambda got: _unchanged(got, ground.wellformed)):
            got = ground.pulled(AFTER, ground.cotangent)
            failed = hold(ground, "fresh", words, got, ground.wellformed, means=means)
    if not failed:
        ground.forget(AFTER)
    make = ground.calls.subject.fresh
    if not (failed or ground.calls.subject.accumulates):
        ground.forget("elsewhere")
    if failed or make is None:
        return failed or passed("fresh")
    other = _made(make)
    got = ground.pull("around a second object, pullback(v)", ground.cotangent, of=other)
    words = "around a second object the pullback is another one"
    return hold(ground, "fresh", words, got, ground.wellformed, means="state is shared or left over") or passed("fresh")


def back_again(ground: Ground, said: str, factor: float, check: Callable[[dict[str, Any]], bool]) -> bool:
    """`Ground.holds` of factor·v; where `fresh` is held as well, after a forward and the same pullback elsewhere.

    If it holds, ``check`` being that all gradients are exactly factor times those of v, then so does `fresh`.
    """
    v = factor * ground.cotangent
    left = _leave(ground, v, keep=False) if "fresh" in ground.laws else None
    if left:
        there, here = left[1], ground.wellformed
        ground.memo[CONSTANT] = {n for n, g in here.items() if there.get(n) is None or is_times(there[n], g, factor)}
    held = ground.holds(said, v, check)
    if left and held:
        ground.memo[AS_BEFORE] = True
    return held


def constant(ground: Ground) -> Collection[str]:
    """Whose gradients are the same at another point, or not known there."""

    def go() -> Collection[str]:
        there = elsewhere(ground)[1]
        return {n for n, g in ground.wellformed.items() if same(there.get(n), g)}

    found: Collection[str] = ground.once(CONSTANT, go)
    return found


def elsewhere(ground: Ground) -> tuple[Point, Mapping[str, Any]]:
    """Another point with its pullback of v; both of the caller's point where no other one could be evaluated."""

    def go() -> tuple[Point, Mapping[str, Any]]:
        return _leave(ground, ground.cotangent) or (ground.point, ground.gradient)

    found: tuple[Point, Mapping[str, Any]] = ground.once("elsewhere", go)
    return found


def _leave(ground: Ground, v: Array, **how: Any) -> tuple[Point, Mapping[str, Any]] | None:
    """A forward and the pullback of v at another point; None where no other one could be evaluated."""
    for point in _others(ground):
        try:
            ground.calls.forward_quietly(point)
            return point, ground.pull("pullback(v) at another point", v, point, **how)
        except OutOfBudgetError:
            raise
        except Exception:  # noqa: S112 - a point that we chose: the edge of the domain
            continue
    return None


def _with_own_parameters(ground: Ground) -> Point:
    """The inputs of another point with the parameters that an object has; the caller's point where that is none."""
    kept = ground.calls.subject.parameters or ()
    point = {n: ground.point[n] if n in kept else x for n, x in elsewhere(ground)[0].items()}
    try:
        ground.calls.forward_quietly(point)
    except OutOfBudgetError:
        raise
    except Exception:  # a point that we chose: the edge of the domain
        return ground.point
    return point


def _others(ground: Ground) -> Iterator[Point]:
    rng = ground.rng("fresh")
    if any(x.any() for x in ground.point.values()):
        yield varied(rng, ground.point, APART, backwards=True)
        yield varied(rng, ground.point, APART)
    yield moved(rng, ground.point, sizes(ground.point))


def _made(make: Callable[[], Subject]) -> Subject:
    try:
        with quietly():
            return make()
    except Exception as raised:
        raise RaisedError("fresh(), which makes a second object,", raised) from raised


def accumulation(ground: Ground) -> list[Verdict]:
    """Where the claim says that it adds into a buffer: a second pullback on one object adds its own to the first."""
    subject = ground.calls.subject
    if not subject.accumulates or subject.fresh is None:
        return []
    one = _made(subject.fresh)
    first = ground.pull("pullback(v) on a new object", ground.cotangent, of=one)
    second = ground.memo["twice"] = ground.pull("a second pullback(v) on one object", ground.cotangent, of=one)
    words = "the claim says that it adds into a buffer, but on a new object the first pullback is not the gradient"
    failed = hold(ground, "accumulation", words, first, ground.wellformed, means="the buffer did not start at zero")
    if failed:
        return failed
    twice = {name: 2 * g for name, g in ground.wellformed.items()}
    words = "the claim says that it adds into a buffer, but two pullbacks on one object do not give twice the gradient"
    means = OVERWRITES if _same(second, ground.wellformed) else ""
    failed = hold(ground, "accumulation", words, second, twice, means=means)
    if failed:
        return failed
    two, point = _made(subject.fresh), _with_own_parameters(ground)
    there = ground.pull("pullback(v) at another point on a new object", ground.cotangent, point, of=two)
    both = ground.pull("pullback(v) here, after one at another point,", ground.cotangent, of=two)
    sums = {n: there[n] + g for n, g in ground.wellformed.items() if np.shape(there.get(n, ())) == g.shape}
    words = "after a pullback at another point, the pullback here does not add its own gradient"
    means = "it uses what the last call left behind, not the point that it is given"
    return hold(ground, "accumulation", words, both, sums, means=means) or passed("accumulation")


def _same(a: Mapping[str, Any], b: Mapping[str, Array]) -> bool:
    return any(a.get(n) is not None and np.array_equal(a[n], g) for n, g in b.items())
