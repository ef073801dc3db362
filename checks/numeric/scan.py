"""Where the windows estimator looks: a geometric scan of both sides, and what the values say of the grid ψ moves on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from checks.numeric.bits import TINY, binary_quantum, first_change, significand_bits, unit_in_last_place
from checks.numeric.line import Line
from checks.numeric.quick import STEP

Array = NDArray[np.float64]

RHO: Final = 8.0
"""Ratio of neighbouring scales: a power of two, so that all windows of the scan share one pattern."""
TOP: Final = 2 * STEP * RHO ** int(np.log(0.5 / STEP) / np.log(RHO))
"""The coarsest |t|, under a 100 % change. The scan holds the outer points of the quick stencil; and no t is a power of
two, so that 3 + 2t shows all the digits of its arithmetic."""
HALF_SIDED: Final = 0.3
"""Share of the scan outside the domain above which one side gets more points."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Points of the line that gave a value: places in units of TOP, increasing, 0 among them; values less ψ(0).

    ``floor`` is half the coarsest step that ψ is seen to move on; ``change`` the first change beyond ties with ψ(0),
    and ``tied`` the largest |t| below it.
    """

    places: Array
    values: Array
    at_zero: float
    bits: int
    floor: float
    change: float
    tied: float


def scales(smallest: float, near: float | None) -> Array:
    """Scales in units of TOP, coarse to fine: from 1 down to ``smallest``, or the four below a neighbour's step."""
    finest = int(np.floor(np.log(TOP / smallest) / np.log(RHO)))
    if near is not None:
        top = min(max(round(np.log(TOP / near) / np.log(RHO)), 0), max(finest - 3, 0))
        return np.asarray(RHO ** -np.arange(top, top + 4.0))
    powers = np.arange(finest + 1.0)
    if finest > 12:  # the two finest stand alone: they show whether ψ moves on a grid, and carry no window
        powers = powers[(powers != finest - 1) & (powers != finest - 3)]
    return np.asarray(RHO**-powers)


def grid(line: Line, places: Array, more: float = 0.0) -> Grid:
    """Evaluate ψ at ``places`` and find the grid that its values move on; ``more`` is what else its floor holds."""
    places = np.unique(places)
    values = line(TOP * places)
    at_zero = float(values[places == 0][0])
    good = np.isfinite(values)
    places, values = places[good], values[good]
    bits = significand_bits(values)
    change, tied = first_change(TOP * places, values, at_zero)
    ulp = unit_in_last_place(float(np.abs(values).max()), bits)
    floor = max(max(ulp, change, binary_quantum(values)) / 2, TINY) + more  # half of the smallest number is 0
    return Grid(places, values - at_zero, at_zero, bits, floor, change, tied)


def good_side(line: Line, scan: Array) -> float:
    """Where more of the scan lies in the domain, as a sign; 0 where neither side lacks much."""
    left, right = (np.isnan(line(TOP * s * scan)).mean() for s in (-1.0, 1.0))
    if (left + right) / 2 <= HALF_SIDED:
        return 0.0
    return 1.0 if left >= right else -1.0
