"""The windows estimator: ψ′(0) from least squares on many scales, with a bar that holds whatever ψ is made of.

For each h the points with h/span ≤ |t| ≤ h are fitted by polynomials, and by polynomials with a kink at 0. A model's
bar is the larger of what noise of the seen size can do to its slope (Student's t), and of what the worst unmodelled
disturbance that would leave the seen residual can do (`Models.misled`); plus the grid that ψ moves on. From fine to
coarse, windows that contradict the finer ones are dropped; the narrowest of the rest is the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from checks.numeric.bits import NAMES, unit_in_last_place
from checks.numeric.constants import CONSTANTS, Constants
from checks.numeric.estimate import Estimate
from checks.numeric.jump import EXCUSED, HALVINGS, jump
from checks.numeric.line import Line, OutOfBudgetError
from checks.numeric.plateau import first_step
from checks.numeric.scan import RHO, TOP, Grid, good_side, grid, scales
from checks.numeric.window import Window, fit

Array = NDArray[np.float64]
BOTH: Final = (1.0, -1.0)
Key = tuple[float, int, float, float, float]
"""A window: its h, how many points it has, and the floor, the plateau and the level it was fitted with."""


def windows(
    line: Line,
    *,
    constants: Constants = CONSTANTS,
    smallest: float = 2e-13,
    near: float | None = None,
    also: Sequence[float] = (),
    budget: int | None = None,
    floor: float = 0.0,
) -> Estimate:
    """Measure ψ′(0).

    Parameters
    ----------
    line : Line
        The restriction ψ. The outer points of the quick stencil lie on the scan and are not evaluated again.
    constants : Constants
        What the method is tuned with.
    smallest : float
        The smallest displacement that still moves the primal: about 2e-13 in float64, 16·eps32 in float32.
    near : float, optional
        The step of a neighbouring measurement: looks at the scales around it alone (17 passes instead of 39).
    also : sequence of float
        Further displacements t whose values count, usually because the line has them already.
    budget : int, optional
        Forward passes that may be spent; fewer than 7 measure nothing.
    floor : float
        What every value of ψ may be off by, beyond the grid that its values show; in units of ψ.

    Returns
    -------
    Estimate
        With ``method="windows"``; the whole line for an interval where ψ(0) is not finite or nothing could be fitted.

    References
    ----------
    docs/architecture.md, "Measuring a derivative".
    """
    with np.errstate(all="ignore"):  # differences of values near 1e308 overflow; what is not finite is no window
        return _measured(line, constants, smallest, near, also, budget, floor)


def _measured(
    line: Line,
    constants: Constants,
    smallest: float,
    near: float | None,
    also: Sequence[float],
    budget: int | None,
    floor: float,
) -> Estimate:
    before = line.passes
    purse = _Purse(line, budget, before)
    with suppress(OutOfBudgetError):
        line([0.0][: purse.left(1)])
    scan = purse.afford(scales(smallest, near), BOTH, first=1 if near is None else 0, kept=1)
    if len(scan) < 3:
        return _unknown("the budget does not cover one window", line.passes - before)
    if not np.isfinite(line([0.0])[0]):
        return _unknown("ψ is not finite at 0", line.passes - before)
    places = np.concatenate([[0.0], scan, -scan, np.asarray(also, dtype=float) / TOP])
    flags: list[str] = []
    side = good_side(line, scan)
    if side:
        flags.append("one-sided domain")
        places = np.concatenate([places, side * purse.afford(scan[:9] / np.sqrt(8), (side,))])
    seen = grid(line, places, floor)
    known: dict[Key, Window | None] = {}
    kept = keep(seen, constants, known)
    doubt: Window | None = None
    if seen.tied >= constants.flat:
        kept.append(_plateau(line, seen, purse.left(12)))
    else:
        for k, factors in enumerate(constants.fill[: 1 if near else None]):
            if not kept:
                break
            fill = _center(kept, constants) / TOP * np.array(factors)
            fill = purse.afford(fill[fill <= 1], (side,) if side else BOTH)
            places = np.concatenate([places, side * fill] if side else [places, fill, -fill])
            seen = grid(line, places, floor)
            kept = keep(seen, constants, known)
            other = _contradicted(seen, kept, constants) if k == 0 and not side else None
            if other:  # what is left goes into where ψ stops going on as it does near 0
                with suppress(OutOfBudgetError):
                    doubt = _doubted(line, kept, other, constants, purse)
                break
    return _estimate(seen, kept, constants, line.passes - before, flags, doubt)


@dataclass(frozen=True, slots=True)
class _Purse:
    """Forward passes still to be spent."""

    line: Line
    budget: int | None
    before: int

    def left(self, wanted: int) -> int:
        if self.budget is None:
            return wanted
        return max(0, min(wanted, self.budget + self.before - self.line.passes))

    def afford(self, places: Array, signs: Sequence[float], *, first: int = 0, kept: int = 0) -> Array:
        """As many of ``places`` as can be paid for with ``kept`` passes left; if not all, those from ``first`` on."""
        count = max(0, self.left(len(signs) * len(places) + kept) - kept) // len(signs)
        if count < len(places):
            places = places[first : first + count]
        return places if self.line.deadline is None else self._in_time(places, signs, first)

    def _in_time(self, places: Array, signs: Sequence[float], first: int) -> Array:
        """Those of ``places``, from ``first`` on and then the others, that are evaluated before the deadline."""
        paid: list[float] = []
        with suppress(OutOfBudgetError):
            for place in np.roll(places, -first).tolist():
                self.line(TOP * place * np.array(signs))
                paid.append(place)
        return np.sort(np.array(paid))[::-1]


def _center(kept: list[Window], constants: Constants) -> float:
    """Where more points pay: at the narrowest window that can be the answer, else at the coarsest calm one."""
    answers = [w for w in kept if w.points >= constants.min_points]
    return min(answers, key=lambda w: w.width).h if answers else kept[-1].h


def keep(seen: Grid, constants: Constants, known: dict[Key, Window | None] | None = None) -> list[Window]:
    """Windows from fine to coarse, without those that contradict the finer ones.

    The finest have too few points to be the answer; they show how calm ψ is. ``known`` remembers windows between
    rounds: points are only ever added, so that their number tells whether a window is still the same.
    """
    known = {} if known is None else known
    kept: list[Window] = []
    lower, upper, calmest = -np.inf, np.inf, np.inf
    squares = dof = level = 0.0
    unit = float(np.abs(seen.values).max()) or 1.0
    size = np.abs(seen.places)
    for h in np.unique(size[size > 0]).tolist():
        key = (h, int(((size <= h) & (size >= h / constants.span)).sum()), seen.floor, seen.tied, level)
        if key not in known:
            known[key] = fit(seen, h, constants, level)
        found = known[key]
        if found is None or found.rms > constants.rough * calmest or found.lower > upper or found.upper < lower:
            continue
        kept.append(found)
        squares, dof = squares + found.dof * (found.rms / unit) ** 2, dof + found.dof
        at_most = unit * float(np.sqrt(squares / chdtri(dof, 1 - constants.calm)))
        level = max(unit * float(np.sqrt(squares / dof)), seen.floor)
        calmest = min(calmest, max(at_most, seen.floor))
        lower = max(lower, found.lower - found.width / 4)
        upper = min(upper, found.upper + found.width / 4)
    return kept


def _answer(kept: list[Window], constants: Constants) -> Window | None:
    """The narrowest of the windows that can be the answer."""
    return min((w for w in kept if w.points >= constants.min_points), key=lambda w: w.width, default=None)


def _so_far(kept: list[Window], constants: Constants) -> Window | None:
    """The answer, or where none has points enough yet the narrowest window."""
    return _answer(kept, constants) or min(kept, key=lambda w: w.width, default=None)


def _contradicted(seen: Grid, kept: list[Window], constants: Constants) -> Window | None:
    """The narrowest coarser window that holds nothing of the answer."""
    best = _so_far(kept, constants)
    if best is None:
        return None
    coarser = (fit(seen, h, constants) for h in np.unique(np.abs(seen.places)).tolist() if h * TOP > best.h)
    return _answer([w for w in coarser if w and (w.lower > best.upper or w.upper < best.lower)], constants)


def _doubted(line: Line, kept: list[Window], other: Window, constants: Constants, purse: _Purse) -> Window | None:
    """The coarser window again, where ψ jumps next to the answer by what the two are apart, or more.

    What cancellation or a coarse format inside leaves of a few digits is smooth between two jumps, with a slope of its
    own: from far away the same values are noise around the slope of the function that they stand for. Either may be
    meant. Where several numbers are rounded the first jump may be of either sign.
    """
    best = _so_far(kept, constants)
    if best is None or purse.left(HALVINGS) < HALVINGS:
        return None
    next_out = min(abs(t) for t in line.known if abs(t) > best.h)
    size, at = jump(line, best.h, max(next_out, min(RHO * best.h, TOP)), stretches=1)
    apart = (sum(other.slopes) - sum(best.slopes)) / 2
    return other if 0 < abs(apart) * at < EXCUSED * abs(size) else None


def _estimate(
    seen: Grid, kept: list[Window], constants: Constants, passes: int, flags: list[str], doubt: Window | None = None
) -> Estimate:
    if seen.bits != 53:
        flags.append(f"{NAMES[seen.bits]} values")
    if not seen.values.any():
        flags.append("constant")
    elif seen.tied > 0:
        flags.append(f"piecewise constant below t = {seen.tied:.2g}")
    kept = [w for w in kept if w.points >= constants.min_points or w.points == 0]
    if not kept:
        return _unknown("ψ shows no slope at any scale", passes, seen.bits, flags)
    best = min(kept, key=lambda w: w.width)
    truncation, rounding, noise = best.parts
    unseen = constants.unseen * max(best.bars) if best.h >= 0.25 and best.slopes != (0.0, 0.0) else 0.0
    lower, upper = best.lower - unseen, best.upper + unseen
    value = (best.slopes[0] + best.slopes[1]) / 2
    if doubt:
        flags.append("values jump: smooth in between, with a slope that values further away contradict")
        lower, upper = min(lower, doubt.lower), max(upper, doubt.upper)
        unseen, value = (upper - lower) / 2, (lower + upper) / 2
    return Estimate(
        value=value,
        interval=(lower, upper),
        truncation=truncation + unseen,
        rounding=rounding,
        noise=noise,
        kink=best.slopes if best.bends and abs(best.slopes[1] - best.slopes[0]) > sum(best.bars) else None,
        noise_level=best.rms,
        bits=seen.bits,
        step=best.h,
        passes=passes,
        method="windows",
        flags=tuple(flags),
    )


def _plateau(line: Line, seen: Grid, tries: int) -> Window:
    """The window on which ψ does not move: slope 0, and the steepest line that could hide there."""
    change, _ = first_step(line, TOP * seen.places, seen.tied, tries)
    bar = max(change, 8 * unit_in_last_place(abs(seen.at_zero), seen.bits)) / seen.tied
    return Window(seen.tied, -bar, bar, (0.0, 0.0), (bar, bar), (0.0, bar, 0.0), 0.0, 0.0, 0, False)


def _unknown(why: str, passes: int, bits: int = 53, flags: Sequence[str] = ()) -> Estimate:
    return Estimate(value=np.nan, interval=(-np.inf, np.inf), passes=passes, bits=bits, flags=(*flags, why))
