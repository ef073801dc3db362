"""How steep a line can hide in a plateau, where ψ does not move at all near 0.

If ψ were a smooth function seen on a grid, its first change beyond the plateau would be at least one step of the grid,
and it would have climbed less than that step on the way. So |ψ′(0)| ≤ (first change)/(reach of the plateau). The bound
gets tight where ψ leaves the plateau continuously (a dead ReLU): there the first change can be made as small as wanted.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from checks.numeric.line import Line, OutOfBudgetError

LESS: Final = 1.5  # a change that gets smaller by less may be a step: the middle of what is left comes next
SHORT: Final = 256.0  # of the way from where a line meets the plateau this part is kept, for what it is off by
BENT: Final = 16.0  # a curve meets it elsewhere: then so many times that part


def first_step(
    line: Line, ts: NDArray[np.float64], reach: float, tries: int, enough: float = 0.0
) -> tuple[float, float]:
    """The smallest change seen when the end of the plateau is closed in on.

    Parameters
    ----------
    line : Line
        ψ.
    ts : ndarray
        Where it was evaluated so far.
    reach : float
        ψ ties with ψ(0) for |t| up to here, and moves at some larger t among ``ts``.
    tries : int
        Forward passes that may be spent.
    enough : float
        A change this small is closed in on no further.

    Returns
    -------
    tuple of float
        (change, t): in units of ψ, 0 where ψ moves nowhere; and where it is seen.

    Examples
    --------
    >>> bent = Line(lambda t: max(0.0, t - 0.3))
    >>> first_step(bent, np.array([-1.0, -0.125, 0.125, 1.0]), 0.125, 12)[0] < 1e-9
    True
    >>> stepped = Line(lambda t: float(t > 0.3))
    >>> first_step(stepped, np.array([-1.0, -0.125, 0.125, 1.0]), 0.125, 12)[0]
    1.0
    """
    zero = line([0.0])[0]
    changes = np.abs(line(ts) - zero)
    moved = changes > 0
    if not moved.any():
        return 0.0, reach
    nearest = np.abs(ts[moved]).min()
    side = float(np.sign(ts[moved & (np.abs(ts) == nearest)][0]))
    outer = np.sort(np.abs(ts[moved & (np.sign(ts) == side)]))[:2]
    inside, outside, beyond = reach, float(outer[0]), float(outer[-1])
    at_outside, at_beyond = (float(abs(line([side * t])[0] - zero)) for t in (outside, beyond))
    shrinks, short = True, SHORT
    for _ in range(tries):
        if at_outside <= enough:
            break
        trial = (inside + outside) / 2
        if shrinks and at_beyond > at_outside:  # where the line through the last two changes meets the plateau
            root = outside - at_outside * (beyond - outside) / (at_beyond - at_outside)
            trial = root + (outside - root) / short
        if not inside < trial < outside:
            trial = (inside + outside) / 2
        try:
            change = float(abs(line([side * trial])[0] - zero))
        except OutOfBudgetError:
            break
        if change > 0:
            shrinks, short = change < at_outside / LESS, SHORT
            outside, beyond, at_outside, at_beyond = trial, outside, change, at_outside
        elif change == 0:
            inside, short = trial, short / BENT
        else:
            break
    return at_outside, side * outside
