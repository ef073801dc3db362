"""zero, homogeneity, additivity: a pullback is linear in the cotangent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from checks.laws.differing import ratio
from checks.laws.equal import adds_up, hold, passed
from checks.laws.ground import Ground, misshapen
from checks.laws.layout import ADDS_UP, BROADCAST, FORTRAN, asked_in, cotangent
from checks.laws.multiples import is_times, times
from checks.laws.state import back_again
from checks.rows import Rows
from checks.subject import Array, equal
from checks.verdict import Verdict

FAR: Final = (20, 60)  # cotangents are scaled by 2^20 and 2^−60, or as far as a quarter of the dtype's exponents
HEADROOM: Final = 10  # values this many times as far (in powers of two) below the largest number do not overflow
SUBNORMALS: Final = 1024  # smallest subnormals that a backward may lose where its intermediate values underflow

MEANS: Final[Mapping[float, str]] = {
    -1.0: "the cotangent's sign is lost, as by |v|",
    -2.0: "the cotangent counts twice, as in v²",
    2.0: "the cotangent counts twice, as in v·|v|",
    -0.5: "the cotangent is ignored, as if it were fixed",
    0.5: "the cotangent's size is lost, as by sign(v)",
}
"""What one factor between pullback(−2v) and −2·pullback(v) means."""


def zero(ground: Ground) -> list[Verdict]:
    """pullback(0) = 0, exactly: no rounding makes anything of zeros."""
    usable, nothing = ground.usable, np.zeros_like(ground.cotangent)

    def vanishes(got: Mapping[str, Any]) -> bool:
        return usable.keys() <= got.keys() and not any(misshapen(g, got[n]) or got[n].any() for n, g in usable.items())

    if ground.holds("pullback(0)", nothing, vanishes):
        return passed("zero")
    got = ground.pulled("pullback(0)", nothing)
    want = {name: np.zeros_like(g) for name, g in usable.items()}
    means = "something is added that does not depend on the cotangent"
    return hold(ground, "zero", "pullback(0) is not 0", got, want, means=means, exact=True) or passed("zero")


def homogeneity(ground: Ground) -> list[Verdict]:
    """pullback(c·v) = c·pullback(v) for c = −2^20, −2^−60: powers of two are exact, signs as well.

    Where that is not so bit for bit, c = −2 and 2^20 say more: what it means, and whether numbers overflow.
    """
    far, near = (_far(ground, n) for n in FAR)
    small, names = (f"−2^−{near}", -(2.0**-near)), [*ground.usable]
    if _exact(ground, small, names) and _exact(ground, (f"−2^{far}", -(2.0**far)), names, back=True):
        return passed("homogeneity")
    ground.pulled("pullback(−2·v)", -2.0 * ground.cotangent)  # kept: where it is right it may explain a failure
    for said, factor in (("−2", -2.0), (f"2^{far}", 2.0**far), small):
        if _exact(ground, (said, factor), names):
            continue
        got = ground.pulled(f"pullback({said}·v)", factor * ground.cotangent)
        want = {name: times(g, factor) for name, g in ground.usable.items()}
        floor = {name: max(1.0, abs(factor)) * _underflow(g) for name, g in ground.usable.items()}
        skip = {name: _overflow(ground, got.get(name), g, want[name], far) for name, g in ground.usable.items()}
        words = f"pullback({said}·v) is not {said}·pullback(v)"
        means = _means(factor, got, want)
        failed = hold(
            ground,
            "homogeneity",
            words,
            got,
            want,
            floor=floor,
            skip=skip,
            means=means,
            scale=abs(factor),
            asked=(said, factor),
        )
        if failed:
            return failed
    ground.forget("pullback(−2·v)")
    return passed("homogeneity")


def _exact(ground: Ground, asked: tuple[str, float], names: Iterable[str], *, back: bool = False) -> bool:
    """Whether these gradients of factor·v are exactly factor times those of v; ``back``: `back_again`."""
    said, factor = asked

    first = ground.wellformed
    exactly: set[str] = ground.once(f"exactly {said}", set)

    def held(got: Mapping[str, Any]) -> bool:
        if type(got) is Rows and type(first) is Rows and equal(got.row, factor * first.row):
            exactly.update(first)
        else:
            exactly.update(n for n, g in first.items() if n in got and is_times(got[n], g, factor))
        return len(exactly) == len(first)

    if not exactly.issuperset(names):
        words = f"pullback({said}·v)"
        back_again(ground, words, factor, held) if back else ground.holds(words, factor * ground.cotangent, held)
    return exactly.issuperset(names)


def additivity(ground: Ground) -> list[Verdict]:
    """pullback(c) = pullback(v) + pullback(c − v) for one number c, within the rounding that pullback(3v) shows.

    First with the layouts that `layout` is about. Where one is refused, or they do not add up, it is asked without.
    """
    rest, usable = asked_in(ground, FORTRAN), ground.usable

    def surely(whole: Mapping[str, Any]) -> bool:
        """Whether they add up without a sample of rounding."""
        other = rest or {}
        found = all(adds_up(ground, n, whole.get(n), g, other.get(n), asks=False) for n, g in usable.items())
        ground.memo[ADDS_UP] = found
        return found

    whole = asked_in(ground, BROADCAST, None if type(rest) is Rows else surely)
    if ground.memo.get(ADDS_UP) or _adds_up(ground, rest, whole) == []:
        ground.memo[ADDS_UP] = True
        for said in (FORTRAN, BROADCAST):
            ground.forget(said)
        return passed("additivity")
    rest, whole = (ground.pulled(f"pullback({name})", cotangent(ground, name)) for name in ("c − v", "c"))
    failed = _adds_up(ground, rest, whole)
    if not failed:
        ground.forget("pullback(c − v)")
    return failed or passed("additivity")


def _adds_up(ground: Ground, rest: Mapping[str, Any] | None, whole: Mapping[str, Any] | None) -> list[Verdict] | None:
    if rest is None or whole is None:
        return None
    usable = ground.usable
    there = [n for n, g in usable.items() if rest.get(n) is not None and np.shape(rest[n]) == g.shape]
    if type(rest) is Rows and type(usable) is Rows:
        want: Mapping[str, Array] = usable.like(usable.row + rest.row)
    else:
        want = {n: usable[n] + rest[n] for n in there if not adds_up(ground, n, whole.get(n), usable[n], rest[n])}
    lost = {name: g for name, g in usable.items() if name not in there}
    words, means = (
        "pullback(c) is not pullback(v) + pullback(c − v)",
        "the cotangent's entries are not taken one by one",
    )
    return hold(ground, "additivity", "with the cotangent c − v", rest, lost) or hold(
        ground, "additivity", words, whole, want, means=means
    )


def _far(ground: Ground, wanted: int) -> int:
    arrays = [*ground.usable.values(), *ground.point.values(), np.asarray(ground.cotangent)]
    arrays += [np.asarray(a) for a in _outputs(ground)]
    return int(min(wanted, *(np.finfo(a.dtype).maxexp // 4 for a in arrays if a.dtype.kind in "fc")))


def _outputs(ground: Ground) -> list[Array]:
    return list(ground.output.values()) if isinstance(ground.output, Mapping) else [ground.output]


def _underflow(g: Array) -> Array:
    if g.dtype.kind not in "fc":
        return np.zeros(())
    size = float(np.max(np.abs(g), initial=1.0))
    return np.asarray(SUBNORMALS * float(np.finfo(g.dtype).smallest_subnormal) * size)


def _overflow(ground: Ground, got: Any, g: Array, want: Array, far: int) -> Array:
    """Entries that are not finite where something may have overflowed on the way to them."""
    if got is None or np.shape(got) != g.shape or g.dtype.kind not in "fc":
        return np.zeros(g.shape, dtype=bool)
    largest = max(float(np.max(np.abs(a), initial=1.0, where=np.isfinite(a))) for a in (g, *_outputs(ground)))
    near = np.log2(largest) + HEADROOM * far > np.finfo(g.dtype).maxexp
    return np.asarray((~np.isfinite(got) & near) | ~np.isfinite(want))


def _means(factor: float, got: Mapping[str, Any], want: Mapping[str, Array]) -> str:
    if factor != -2.0:
        return ""
    for name, must in want.items():
        if got.get(name) is not None and np.shape(got[name]) == must.shape:
            found = ratio(np.asarray(got[name]), must)
            if found is not None and round(found, 6) in MEANS:
                return MEANS[round(found, 6)]
    return ""
