"""Whether ψ jumps beyond the window that its slope was read from: bisection towards what is steeper, seen from 0."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.polynomial import Polynomial

from checks.numeric.constants import CONSTANTS
from checks.numeric.line import Line

JUMPS: Final = "values jump by"  # how a verdict begins that is open for it
HALVINGS: Final = 10  # of a stretch that is searched
EXCUSED: Final = 2  # times its size over its distance: how far off a slope may be that it explains


def jump(line: Line, inner: float, outer: float, stretches: int = 2) -> tuple[float, float]:
    """The steepest jump of ψ for inner < |t| < outer that bisection finds.

    Parameters
    ----------
    line : Line
        ψ.
    inner, outer : float
        Where it is looked for, on both sides. What is known for |t| ≤ inner says how ψ would go on smoothly.
    stretches : int
        Between how many pairs of neighbouring known places, those with the largest changes.

    Returns
    -------
    tuple of float
        (size, |t|): in units of ψ, positive where ψ goes up with t, 0 where none is found; and where.

    Examples
    --------
    >>> line = Line(lambda t: t + (t > 0.3))
    >>> _ = line([0.0, 0.1, 0.8])
    >>> size, at = jump(line, 0.1, 0.8)
    >>> round(size, 2), round(at, 2)
    (1.0, 0.3)
    """
    smooth = _smooth(line, inner, outer)
    reached = sorted((t for t in line.known if abs(t) <= outer), key=abs)
    sides = ([t for t in reached if t * side > 0] for side in (1.0, -1.0))
    pairs = [(a, b) for side in sides for a, b in pairwise(side) if abs(b) > inner]
    pairs.sort(key=lambda pair: -abs(_rest(line, smooth, pair[1]) - _rest(line, smooth, pair[0])))
    found = [_closed_in_on(line, smooth, a, b) for a, b in pairs[:stretches]]
    return max(found, key=lambda f: abs(f[0]) / f[1], default=(0.0, outer))


def _closed_in_on(line: Line, smooth: Polynomial, a: float, b: float) -> tuple[float, float]:
    """The jump between a and b, |a| < |b|: its size, 0 where the change goes down with the stretch; and its place."""
    sizes = []
    for _ in range(HALVINGS):
        near, middle, far = (_rest(line, smooth, t) for t in (a, (a + b) / 2, b))
        sizes.append(abs(far - near))
        steeper = abs((middle - near) * b) >= abs((far - middle) * (a + b) / 2)  # as what it may excuse
        a, b = (a, (a + b) / 2) if steeper else ((a + b) / 2, b)
    change = _rest(line, smooth, b) - _rest(line, smooth, a)
    halfway = sizes[HALVINGS // 2]  # a change that the halvings after it leave as it is, nearly, is a jump
    size = float(np.sign(b)) * change if 2 * abs(change) >= halfway > 0 else 0.0
    return size, abs(a + b) / 2


def _rest(line: Line, smooth: Polynomial, t: float) -> float:
    return float(line([t])[0]) - float(smooth(t))


def _smooth(line: Line, inner: float, outer: float) -> Polynomial:
    """The polynomial through what is known for |t| ≤ inner that goes on best as far as outer."""
    known = np.array([t for t in line.known if abs(t) <= outer])
    values = line(known)
    known, values = known[np.isfinite(values)], values[np.isfinite(values)]
    within = np.abs(known) <= inner
    degrees = range(1, min(CONSTANTS.max_degree, int(within.sum()) - CONSTANTS.min_dof) + 1)
    fits = [Polynomial.fit(known[within], values[within], d) for d in degrees]
    return min(fits, key=lambda p: float(np.abs(values - p(known)).max()), default=Polynomial([0.0]))
