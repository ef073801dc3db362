"""Whether ψ jumps beyond the window that its slope was read from: bisection towards the larger change."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.polynomial import Polynomial

from checks.numeric.line import Line

JUMPS: Final = "values jump by"  # how a verdict begins that is open for it
HALVINGS: Final = 10  # of the stretch that is searched, on each side
MOST: Final = 6  # degree of the polynomial through the window
SPARE: Final = 3  # points more than it has unknowns
LAST: Final = 4  # a change that the last so many halvings leave as it is, nearly, is a jump


def jump(line: Line, inner: float, outer: float) -> tuple[float, float]:
    """The steepest jump of ψ for inner < |t| < outer that bisection finds.

    Parameters
    ----------
    line : Line
        ψ.
    inner, outer : float
        Where it is looked for, on both sides. What is known for |t| ≤ inner says how ψ would go on smoothly.

    Returns
    -------
    tuple of float
        (size, |t|): in units of ψ, positive where ψ goes up with t, 0 where none is found; and where.

    Examples
    --------
    >>> size, at = jump(Line(lambda t: t + (t > 0.3)), 0.1, 0.8)
    >>> round(size, 2), round(at, 2)
    (1.0, 0.3)
    >>> jump(Line(lambda t: t * t + abs(t - 0.3)), 0.1, 0.8)[0]
    0.0
    """
    within = np.array([t for t in line.known if abs(t) <= inner])
    known = line(within)
    degree = min(MOST, len(within) - SPARE)
    smooth = Polynomial.fit(within, known, degree) if degree > 0 and np.isfinite(known).all() else Polynomial([0.0])

    def rest(t: float) -> float:
        return float(line([t])[0]) - float(smooth(t))

    found = [(0.0, outer)]
    for side in (1.0, -1.0):
        a, b = side * inner, side * outer
        at = {t: rest(t) for t in (a, b)}
        sizes = [abs(at[b] - at[a])]
        for _ in range(HALVINGS):
            m = (a + b) / 2
            at[m] = rest(m)
            a, b = (a, m) if abs(at[m] - at[a]) >= abs(at[b] - at[m]) else (m, b)
            sizes.append(abs(at[b] - at[a]))
        if 2 * sizes[-1] >= sizes[-1 - LAST] > 0:
            found.append((side * (at[b] - at[a]), abs(a + b) / 2))
    return max(found, key=lambda f: abs(f[0]) / f[1])
