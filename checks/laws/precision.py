"""precision: where the dtype says float64, the arithmetic is float64."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from checks.calls import flat
from checks.laws.equal import HERE, passed
from checks.laws.ground import Ground
from checks.laws.multiples import same
from checks.laws.raised import RaisedError
from checks.laws.state import constant
from checks.numeric.bits import NAMES, significand_bits
from checks.numeric.line import OutOfBudgetError
from checks.probes import varied
from checks.subject import Array, Point
from checks.verdict import Outcome, Verdict

SMALL_MOVE: Final = 1e-10
"""Relative change of every primal that float64 sees and float32 does not."""
LARGE_MOVE: Final = 1e-3
"""One that every forward sees."""
VISIBLE_MOVE: Final = 1e-6
"""One that float32 sees in every entry, and that steps over hardly any kink."""
VISIBLE: Final = "pullback after the visible move"
MOST: Final = 0.5  # share of the entries that must see it
STAIR: Final = 1e-11  # a smooth gradient that is blind to the small move changes by less than this over the visible one
JUMP: Final = 1e-3  # a gradient that changes by more than this share over the visible move has jumped
ENOUGH: Final = 4096  # entries that are looked at
FEW: Final = 6  # fewer different values than this are no evidence of a narrow format


def precision(ground: Ground) -> list[Verdict]:
    """A forward in lower precision is a note, its gradient judged as finely as that allows; a pullback alone is not."""
    if any(x.dtype not in (np.float64, np.complex128) for x in ground.point.values()):
        return []
    coarse = _forward(ground)
    if coarse:
        return passed("precision", coarse)
    failed = [
        Verdict(
            law="precision",
            tensor=name,
            outcome=Outcome.FAIL,
            reason=f"forward computes in float64, the pullback does not: {words}",
            remedy="compute the gradient in float64, or return it in the dtype that it has",
            where=HERE,
        )
        for name, g in ground.usable.items()
        if (words := _pullback(ground, name, g))
    ]
    for said in (*(f"point, {by:g}" for by in (SMALL_MOVE, VISIBLE_MOVE)), VISIBLE):
        ground.forget(said)
    return failed or passed("precision", _narrow(ground))


def _forward(ground: Ground) -> str:
    values = _real(flat(ground.output))
    bits = significand_bits(values[np.isfinite(values)].astype(np.float64))
    if bits < 53:
        return f"forward says {values.dtype}, its values carry {bits} bits, as {NAMES[bits]} does"
    if _moves(ground, SMALL_MOVE) or not _moves(ground, LARGE_MOVE):
        return ""
    return f"forward does not see a change of {SMALL_MOVE:g} of its point: it rounds, or an offset hides it"


def _moves(ground: Ground, by: float) -> bool:
    """Whether forward gives other outputs when every primal moves by ``by`` of itself; unknown counts as yes."""
    try:
        there = ground.calls.forward_quietly(_point(ground, by))
    except OutOfBudgetError:
        raise
    except Exception:  # a point that we chose: the edge of the domain
        return True
    return not np.array_equal(there, flat(ground.output), equal_nan=True)


def _point(ground: Ground, by: float) -> Point:
    point: Point = ground.once(f"point, {by:g}", lambda: varied(ground.rng("precision"), ground.point, by))
    return point


def _pullback(ground: Ground, name: str, g: Array) -> str:
    if g.dtype not in (np.float64, np.complex128):
        return ""
    values = _real(g)
    bits = significand_bits(values)
    if bits < 53 and len(np.unique(np.abs(values[values != 0]))) >= FEW:
        return f"the gradient of {name!r} says {g.dtype}, its values carry {bits} bits, as {NAMES[bits]} does"
    if name not in _blind(ground) or name in constant(ground):
        return ""
    seen = ground.once(VISIBLE, lambda: _nearby(ground, VISIBLE_MOVE)).get(name)
    # a gradient that is constant in pieces does not change here either
    if seen is None or np.shape(seen) != g.shape or not g.any() or np.mean((seen != g)[g != 0]) < MOST:
        return ""
    changed = (seen != g) & (g != 0)
    relative = np.abs(seen - g)[changed] / np.abs(g)[changed]
    if np.max(relative) > JUMP or np.median(relative) < STAIR:  # a kink was crossed; or no stair of a coarser format
        return ""
    return (
        f"the gradient of {name!r} does not see a change of {SMALL_MOVE:g} of the point, and one of "
        f"{VISIBLE_MOVE:g} it does: something is rounded on the way in"
    )


def _blind(ground: Ground) -> set[str]:
    """Whose gradients are the same where every primal has made the small move, or are not known there."""

    def go() -> set[str]:
        there = _nearby(ground, SMALL_MOVE, keep=False)
        return {name for name, g in ground.usable.items() if same(there.get(name), g)}

    found: set[str] = ground.once("blind to the small move", go)
    return found


def _nearby(ground: Ground, by: float, **how: Any) -> dict[str, Any]:
    """The pullback where every primal has moved by ``by`` of itself; nothing outside the domain."""
    try:
        return ground.pull("pullback(v) nearby", ground.cotangent, _point(ground, by), **how)
    except RaisedError:  # a point that we chose
        return {}


def _narrow(ground: Ground) -> str:
    narrow = {n: g.dtype for n, g in ground.usable.items() if g.dtype not in (np.float64, np.complex128)}
    return "; ".join(f"the gradient of {n!r} is {dtype}, its primal float64" for n, dtype in narrow.items())


def _real(values: Array) -> Array:
    """Some of the values as real numbers, evenly taken: a format shows itself in a few."""
    values = values.ravel()[:: max(1, values.size // ENOUGH)]
    return np.concatenate([values.real.ravel(), values.imag.ravel()]) if values.dtype.kind == "c" else values.ravel()
