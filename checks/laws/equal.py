"""Equal: bit for bit, or within what the subject's own computation shows of its rounding; else the difference in words.

No tolerance above the last digits (`SLIGHT`) is one that somebody chose. A pullback that is linear in exact arithmetic
differs from itself, when it is asked for 3v instead of v, by its rounding and nothing else: pullback(3v) −
3·pullback(v) is a sample of it, entry by entry (3v is exact, see `cotangent`). Two right computations of one number may
differ by `MULTIPLE` times the larger of the samples at that entry and their root mean square over the tensor; a
difference beyond it is asked again, with three more samples, before it counts. A sample that is not `plausible` (more
than half the digits lost) shows a pullback that is not linear, no rounding, and counts for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from math import hypot, sqrt
from typing import Any, Final

import numpy as np

from checks.drawing import FEW, blocks, in_a_row
from checks.laws.differing import unlike
from checks.laws.ground import Ground, misshapen
from checks.laws.noise import plausible
from checks.probes import rms
from checks.rows import Rows
from checks.subject import Array, equal, finite
from checks.verdict import Outcome, Verdict

MULTIPLE: Final = 64
"""Largest difference of two right computations, in samples of their rounding. Measured: 10.5 in 13,000 comparisons."""

SLIGHT: Final = 2.0**-44
"""A share of a float64 tensor's rms, 256 units in its last place; differences below it are rounding without a sample.
Right networks come to 2 to 264 such units, samples allow 120 to 1,800; `homogeneity` holds what is smaller exactly."""

SAMPLES: Final = (("3v", 3.0, "v"), ("5v", 5.0, "v"), ("3w", 3.0, "w"), ("5w", 5.0, "w"))
"""What shows the rounding: the first is enough for nearly all."""


def rounding(ground: Ground, name: str, samples: int) -> Array:
    """What the pullback has shown of its own rounding in one gradient, of that gradient's shape."""
    g = np.abs(np.asarray(ground.gradient[name]))
    seen = np.zeros(g.shape)
    for said, factor, which in SAMPLES[:samples]:
        v = ground.cotangent if which == "v" else ground.second
        once = ground.gradient if which == "v" else ground.pulled("pullback(w)", ground.second)
        times = ground.pulled(f"pullback({said})", factor * v)
        if misshapen(ground.point[name], times.get(name)) or misshapen(ground.point[name], once.get(name)):
            continue
        with np.errstate(all="ignore"):
            sample = np.abs(np.asarray(times[name]) - factor * np.asarray(once[name])).astype(np.float64)
        if plausible(ground, name, float(np.max(sample, initial=0.0)) / factor):
            seen = np.maximum(seen, sample)
    typical = float(np.sqrt(np.mean(np.square(seen)))) if seen.size else 0.0
    if g.dtype.kind != "f":
        return np.maximum(seen, typical)
    eps = max(float(np.finfo(g.dtype).eps), ground.calls.subject.eps)
    least = np.maximum(eps * g, np.finfo(g.dtype).smallest_subnormal)
    return np.asarray(np.maximum(np.maximum(seen, typical), least))


def hold(
    ground: Ground,
    law: str,
    said: str,
    got: Mapping[str, Any],
    want: Mapping[str, Array],
    *,
    floor: Mapping[str, Array] | None = None,
    skip: Mapping[str, Array] | None = None,
    means: str = "",
    exact: bool = False,
    scale: float | None = None,
    asked: tuple[str, float] | None = None,
) -> list[Verdict]:
    """One failed verdict for each gradient that is not what it must be; nothing where all are.

    Parameters
    ----------
    ground : Ground
        Where the rounding is read off, if it is needed.
    law, said : str
        The law, and what was compared, in words: "pullback(−v) is not −pullback(v)".
    got, want : mapping
        What the pullback returned, and what it must be.
    floor : mapping, optional
        An absolute difference that counts as none, for what underflows.
    skip : mapping, optional
        Entries that are not judged, for what overflows.
    means : str
        What the difference means, where that is known.
    exact : bool
        Allow no rounding.
    scale : float, optional
        How many times the rounding of the first gradient is allowed; None: as the compared one is larger, never less.
    asked : tuple of str and float, optional
        The factor that ``got`` was asked with, in words and as a number: then the rounding that the backward shows at
        that size is allowed as well. Some lose digits with the size of the cotangent, as that of a matrix exponential.
    """
    surely = _surely_equal(ground, got, want, scale, exact=exact or skip is not None)
    return [
        Verdict(
            law=law, tensor=name, outcome=Outcome.FAIL, reason=f"{said}: {words}{means and '; '}{means}", where=HERE
        )
        for name, must in want.items()
        if name not in surely
        and (words := _differs(ground, name, got, np.asarray(must), floor, skip, exact, scale, asked))
    ]


HERE: Final = "at your point"


def adds_up(ground: Ground, name: str, whole: Any, a: Array, b: Any, *, asks: bool = True) -> bool:
    """Whether ``whole`` is surely a + b, within the rounding of the first gradient; block by block, without the sum.

    Unless it ``asks``, no pullback is asked for a sample of rounding.
    """
    if b is None or not np.shape(whole) == np.shape(b) == a.shape:
        return False
    parts = [x.reshape(-1) if x.size <= FEW else in_a_row(x) for x in (np.asarray(whole), a, b)]
    if not a.size or any(x is None or x.dtype != np.float64 for x in parts):
        return False
    made, largest = np.empty(blocks(a.size)[0].stop), list[float]()
    for at in blocks(a.size):
        w, x, y = (part[at] for part in parts if part is not None)
        gap = np.add(x, y, out=made[: x.size])
        gap -= w
        largest += [float(gap.max()), -float(gap.min())]
    surely = _surely if asks else _slight
    return surely(ground, name, float(np.max(largest)), {}, 1.0)


def _surely_equal(
    ground: Ground, got: Mapping[str, Any], want: Mapping[str, Array], scale: float | None, *, exact: bool
) -> Collection[str]:
    """Of gradients that are kept in rows those that are the same, or differ by no more than rounding: all at once."""
    if type(got) is not Rows or type(want) is not Rows or got.layout is not want.layout:
        return ()
    if not (finite(got.row) and finite(want.row)):
        return ()
    if equal(got.row, want.row):
        return want.keys()
    gaps = {} if exact else want.like(got.row - want.row).spreads
    return {n for n, gap in gaps.items() if n in want and _surely(ground, n, gap.largest, want, scale)}


def _differs(
    ground: Ground,
    name: str,
    got: Mapping[str, Any],
    want: Array,
    floor: Mapping[str, Array] | None,
    skip: Mapping[str, Array] | None,
    exact: bool,
    scale: float | None,
    asked: tuple[str, float] | None,
) -> str:
    if name not in got:
        return f"the gradient of {name!r} is missing"
    is_, eased = got[name], not exact and skip is None
    if skip is None and type(is_) is np.ndarray and is_.shape == want.shape:
        if equal(is_, want) and finite(want):
            return ""
        with np.errstate(all="ignore"):
            if eased and _surely(ground, name, _largest_gap(is_, want)[0], {name: want}, scale):
                return ""
    if skip and is_ is not None and np.shape(is_) == want.shape:
        is_ = np.where(skip[name], want, is_)
    wrong = misshapen(want, is_)
    if wrong:
        return f"the gradient of {name!r} {wrong}"
    if np.array_equal(is_, want):
        return ""
    is_ = np.asarray(is_)
    with np.errstate(all="ignore"):
        free = floor[name] if floor else 0.0
        gap = np.abs(is_ - want)
        bad = gap > free
        if not exact:
            for samples in (1, len(SAMPLES)):
                if bad.any():
                    times = _larger(ground, name, {name: want}, scale)
                    bad = gap > MULTIPLE * times * rounding(ground, name, samples) + free
            if asked and bad.any():
                bad &= gap > MULTIPLE * _rounding_at(ground, name, is_, *asked)
    return unlike(name, is_, want, np.asarray(bad)) if bad.any() else ""


def _surely(ground: Ground, name: str, gap: float, want: Mapping[str, Array], scale: float | None) -> bool:
    """Whether a difference is rounding, in whatever entry; NaN is not.

    `SLIGHT`, or within `MULTIPLE` times the root mean square of the first sample, which is asked for then.
    """
    if _slight(ground, name, gap, want, scale):
        return True
    typical: float = ground.once("the usual rounding", lambda: _usual(ground)).get(name, 0.0)
    return gap <= MULTIPLE * typical * _larger(ground, name, want, scale)


def _slight(ground: Ground, name: str, gap: float, want: Mapping[str, Array], scale: float | None) -> bool:
    """Whether it is, without asking for a sample."""
    usual, double = _usual_size(ground, name), ground.gradient[name].dtype == np.float64
    return double and gap <= SLIGHT * usual * _larger(ground, name, want, scale)


def _larger(ground: Ground, name: str, want: Mapping[str, Array], scale: float | None) -> float:
    """How much larger than the first gradient the compared one is, if that was not said; not less than 1."""
    if scale is not None:
        return scale
    usual = _usual_size(ground, name)
    return max(1.0, _rms(want, name) / usual) if usual > 0 else 1.0


def _usual_size(ground: Ground, name: str) -> float:
    found: float = ground.once(f"rms of the gradient of {name}", lambda: _rms(ground.gradient, name))
    return found


def _usual(ground: Ground) -> dict[str, float]:
    """Root mean square of the first sample of each gradient's rounding; whoever wants its entries asks for it again."""
    said, factor, _ = SAMPLES[0]
    gaps: dict[str, tuple[float, float]] = {}

    def seen(times: Mapping[str, Any]) -> bool:
        once = ground.gradient
        if type(times) is Rows and type(once) is Rows and finite(times.row):
            spreads = times.like(times.row - factor * once.row).spreads
            gaps.update({n: (spread.largest, spread.rms) for n, spread in spreads.items()})
        else:
            for n, g in ground.wellformed.items():
                if not misshapen(g, times.get(n)):
                    gaps[n] = _largest_gap(np.asarray(times[n]), g, factor)
        return True

    ground.holds(f"pullback({said})", factor * ground.cotangent, seen)
    return {n: typical for n, (largest, typical) in gaps.items() if plausible(ground, n, largest / factor)}


def _largest_gap(a: Array, b: Array, factor: float = 1.0) -> tuple[float, float]:
    """The largest |a − factor·b| and the root mean square of all; block by block, as another array is dear."""
    rows = in_a_row(a), in_a_row(b)
    if rows[0] is None or rows[1] is None:
        gap = np.abs(a - factor * b).astype(np.float64, copy=False)
        return float(np.max(gap, initial=0.0)), rms(gap)
    largest, norms = list[float](), list[float]()
    for at in blocks(a.size):
        gap = np.abs(rows[0][at] - factor * rows[1][at]).astype(np.float64, copy=False)
        largest.append(float(gap.max()))
        norms.append(rms(gap) * sqrt(gap.size))
    return float(np.max(largest)), hypot(*norms) / sqrt(a.size)


def _rounding_at(ground: Ground, name: str, got: Array, said: str, factor: float) -> float:
    """What pullback(factor·v) shows of its rounding: how far three times that is from pullback(3·factor·v)."""
    times = ground.pulled(f"pullback(3·{said}·v)", 3 * factor * ground.cotangent)
    if misshapen(ground.point[name], times.get(name)):
        return 0.0
    sample = np.abs(np.asarray(times[name]) - 3 * got).astype(np.float64)
    return rms(sample) if plausible(ground, name, float(np.max(sample, initial=0.0)) / abs(3 * factor)) else 0.0


def _rms(arrays: Mapping[str, Any], name: str) -> float:
    return arrays.spreads[name].rms if type(arrays) is Rows else rms(np.asarray(arrays[name]))


def passed(law: str, reason: str = "") -> list[Verdict]:
    """The verdict of a law that holds for all gradients."""
    return [Verdict(law=law, tensor="", outcome=Outcome.PASS, reason=reason, where=HERE)]


def undecided(law: str, reason: str, remedy: str, tensors: Iterable[str] = ("",)) -> list[Verdict]:
    """The verdicts of a law that could not be held."""
    inconclusive = Outcome.INCONCLUSIVE
    return [Verdict(law=law, tensor=t, outcome=inconclusive, reason=reason, remedy=remedy, where=HERE) for t in tensors]
