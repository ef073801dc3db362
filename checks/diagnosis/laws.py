"""What a broken law says of the mistake by itself, read off pullbacks that were paid for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from checks.calls import flat
from checks.diagnosis.inside import Inside, Repair, inside, same
from checks.diagnosis.within import bounded, coarse
from checks.laws import Ground
from checks.laws.differing import ratio
from checks.laws.fold import base
from checks.laws.ground import misshapen
from checks.laws.state import AFTER, OVERWRITES
from checks.numeric.bits import significand_bits
from checks.subject import Array
from checks.verdict import Verdict

Reading = Callable[[Ground, str], str]

FAR: Final = 2.0**50
"""Upstreams that are this much larger are beyond every bound, and as much smaller below every threshold."""

TWICE: Final[Mapping[float, str]] = {
    4.0: "the upstream is squared",
    -4.0: "the upstream counts twice, as in v·|v|",
    2.0: "the absolute value of the upstream is used",
}
"""pullback(−2v) over pullback(v) -> what it says of the upstream."""


def _asked(ground: Ground, said: str, tensor: str) -> Array | None:
    """The gradient that a law was answered under this name; None where it did not ask, or got none."""
    g: Any = ground.memo.get(said, {}).get(tensor)
    own = ground.wellformed.get(tensor)
    return None if g is None or own is None or np.shape(g) != own.shape else np.asarray(g)


def _homogeneity(ground: Ground, tensor: str) -> str:
    g, twice = ground.wellformed[tensor], _asked(ground, "pullback(−2·v)", tensor)
    if twice is None:
        return ""
    if np.array_equal(twice, -2 * g):
        return _bounded(ground, tensor)
    other = _asked(ground, "pullback(c − v)", tensor)
    if np.array_equal(twice, g):
        return "the upstream is ignored" if other is None or np.array_equal(other, g) else ""
    factor = ratio(twice, g)
    return "" if factor is None else TWICE.get(round(factor, 6), "")


def _bounded(ground: Ground, tensor: str) -> str:
    """Right for upstreams of ordinary size: what large and small ones give."""
    g, v = ground.wellformed[tensor], ground.cotangent
    large, larger, tiny = (ground.pulled(f"pullback({k:g}·v)", k * v).get(tensor) for k in (FAR, 2 * FAR, 1 / FAR))
    if any(misshapen(g, a) for a in (large, larger, tiny)):
        return ""
    if np.any(large) and np.array_equal(larger, large):  # type: ignore[arg-type]  # neither is None
        return "the upstream is clipped: large ones are cut off"
    return "small upstreams are dropped" if g.any() and not np.any(tiny) else ""


def _fresh(ground: Ground, tensor: str) -> str:
    """The pullback here, after one at another point, is the sum of both."""
    g, both, there = (
        ground.wellformed[tensor],
        ground.memo.get(AFTER, {}).get(tensor),
        ground.memo.get("elsewhere", (None, {}))[1].get(tensor),
    )
    if misshapen(g, both) or misshapen(g, there) or not np.any(there):
        return ""
    left, size = np.asarray(both) - g, 1e-12 * float(np.abs(g).max())
    kept = np.abs(left) > size
    if kept.any() and np.allclose(left, np.where(kept, there, 0.0), rtol=1e-9, atol=size):
        return "the previous gradient is added: a buffer that is not cleared"
    return "" if kept.any() else _again(ground, tensor)


def _again(ground: Ground, tensor: str) -> str:
    """Around an object that was used before, the pullback is its own gradient and what that of zeros is."""
    make, g = ground.calls.subject.fresh, ground.wellformed[tensor]
    if make is None:
        return ""
    v = ground.cotangent
    left, both = (ground.pull("pullback around a used object", w, of=make()).get(tensor) for w in (0 * v, v))
    if misshapen(g, left) or misshapen(g, both) or not np.any(left) or not same(both, g + left):
        return ""
    return "the previous gradient is added, or a share of it: a buffer that is not cleared"


def _declared(ground: Ground, tensor: str) -> str:
    """Beside what was declared, which is known."""
    g, want = ground.wellformed[tensor], ground.declared.get(tensor)
    if want is None or np.shape(want) != g.shape or not np.any(want):
        return ""
    if not g.any():
        return "the claimed gradient is zero throughout"
    factor = ratio(g, np.asarray(want))
    return "" if factor is None else f"a constant factor: the gradient is {factor:#.4g} times the declared one"


def _zero(ground: Ground, tensor: str) -> str:
    x, extra = ground.point[tensor], _asked(ground, "pullback(0)", tensor)
    if extra is None or extra.size < 2:
        return ""
    c = ratio(extra, x)
    if c is not None and np.ptp(x):
        return f"a penalty is added: {c:#.4g} times {tensor!r} itself"
    c = ratio(extra, np.ones_like(x))
    return "" if c is None else f"a constant is added to every entry: {c:#.4g}"


def _repeatable(ground: Ground, tensor: str) -> str:
    g, again = ground.wellformed[tensor], _asked(ground, "pullback(v), called again,", tensor)
    factor = None if again is None else ratio(again, g)
    return "the previous gradient is added: a buffer that is not cleared" if factor and round(factor, 6) == 2 else ""


def _precision(ground: Ground, tensor: str) -> str:
    bits = significand_bits(np.real(ground.wellformed[tensor]).ravel().astype(np.float64))
    return {11: "half precision inside", 24: "single precision inside"}.get(bits, "")


NAMES: Final[Mapping[str, str]] = {
    "the upstream is squared": "upstream squared",
    "the upstream counts": "upstream squared",
    "the upstream is clipped": "upstream clipped",
    "small upstreams": "small upstreams dropped",
    "the absolute value": "upstream's sign lost",
    "the upstream is ignored": "upstream ignored",
    "a penalty": "term added",
    "a constant factor": "constant factor",
    "the claimed gradient": "zero",
    "a constant": "term added",
    "the previous": "previous gradient added",
    "half precision": "half precision inside",
    "single precision": "half precision inside",
}
"""How the words begin -> the row of SUSPECTS."""

READINGS: Final[Mapping[str, Reading]] = {
    "declared": _declared,
    "fresh": _fresh,
    "homogeneity": _homogeneity,
    "zero": _zero,
    "repeatable": _repeatable,
    "precision": _precision,
}
"""Law -> what its failure says by itself."""


def of_law(ground: Ground, broken: Verdict) -> dict[str, str]:
    """What a broken law says of the mistake, as `diagnose` does; nothing where it says nothing certain."""
    read, tensor = READINGS.get(broken.law), base(broken.tensor)
    if broken.law == "accumulation" and OVERWRITES in broken.reason:
        found = {"overwritten instead of accumulated": "overwritten"}
        others = [n for n in ground.memo.get("twice", {}) if _adds(ground, n)]
        if others:
            found[f"the previous gradient is added: of {', '.join(map(repr, others))}"] = "previous gradient added"
        return found
    if tensor not in ground.wellformed:
        return {}
    words = read(ground, tensor) if read is not None else ""
    if not words:
        return _inside(ground, broken.law, tensor)
    return {words: NAMES[next(start for start in NAMES if words.startswith(start))]}


def _adds(ground: Ground, name: str) -> bool:
    """Whether a second pullback on one object adds to the first one's gradient of a parameter."""
    g, twice = ground.wellformed.get(name), _asked(ground, "twice", name)
    parameter = name in (ground.calls.subject.parameters or ())
    return parameter and g is not None and twice is not None and bool(g.any()) and same(twice, 2 * g)


def _inside(ground: Ground, law: str, tensor: str) -> dict[str, str]:
    """The steps without which the pullback is linear, or the rounding on the way of one that is not precise."""
    seen = inside(ground, ground.point, flat(ground.cotangent), "at your point, for the laws", ground.wellformed)
    if seen is None or law not in ("homogeneity", "additivity", "precision"):
        return {}
    if law == "precision":
        g = ground.wellformed[tensor]
        made = ((r.words, (seen.mended(r) or {}).get(tensor)) for r in coarse(seen))
        return {words: "half precision inside" for words, h in made if h is not None and not np.array_equal(g, h)}
    return {r.words: name for name, r, changes in bounded(seen) if _linear(seen, r, changes=changes)}


def _linear(seen: Inside, repair: Repair, *, changes: bool) -> bool:
    """Whether a repaired pullback is linear in upstreams of any size, and, unless it may change, what it was."""
    v, w = seen.cotangent, flat(seen.ground.second)
    g, h = seen.mended(repair) or {}, seen.pulled(repair, w)
    both, far = seen.pulled(repair, v + w), seen.pulled(repair, FAR * v)
    small = seen.pulled(repair, v / FAR)
    return bool(g) and all(
        (changes or same(g[n], seen.claim[n]))
        and all(a is not None for a in (h.get(n), both.get(n), far.get(n), small.get(n)))
        and same(both[n], g[n] + h[n])
        and same(far[n], FAR * g[n])
        and same(small[n], g[n] / FAR)
        for n in seen.claim
    )
