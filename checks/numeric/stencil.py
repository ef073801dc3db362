"""Stencil: neighbouring values of ψ, and what they say of its slope: as it is, how far off, how bent."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan, ulp
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# columns: D₅, D₃(2h) − D₅, and the second difference, from ψ(−h), ψ(h), ψ(2h) each less ψ(−2h), times 1/h
_WEIGHTS: Final = np.array([[-8 / 12, 8 / 12, -1.0], [8 / 12, -8 / 12, -1.0], [-1 / 12, 4 / 12, 1.0]])
_COLUMNS: Final = _WEIGHTS.T.tolist()
_ROUNDING: Final = 1.5  # Σ|weights| of D₅: one unit in the last place of ψ costs this much over h
SOONER: Final = np.array([-1.0, 1.0, 2.0])
"""Where three values look that have ψ(0) beside them, in steps."""
# their weights, from ψ(−h), ψ(h), ψ(2h) each less ψ(0): the cubic's slope, D₃(h) less it, the second difference
_THREE: Final = [[-2 / 6, 1.0, -1 / 6], [-1 / 6, -3 / 6, 1 / 6], [1.0, 1.0, 0.0]]
_ROUNDING_THREE: Final = 2.0
_LARGEST_FLOAT32: Final = float(np.finfo(np.float32).max)
_FLOAT32_ULP: Final = 2.0**29  # a float32 unit in the last place, in float64 ones


@dataclass(frozen=True, slots=True)
class Stencil:
    """What neighbouring values say of a slope.

    Attributes
    ----------
    value : ndarray of shape (k,)
        D₅, or what else is as good.
    truncation : ndarray of shape (k,)
        |D₃(2h) − D₅|, or how far else a coarser value is from it.
    bend : ndarray of shape (k,)
        A second difference, over h.
    rounding : ndarray of shape (k,)
        What floating point takes of the slope.
    moved : ndarray of bool, shape (k,)
        The values are not all the same.
    """

    value: Array
    truncation: Array
    bend: Array
    rounding: Array
    moved: NDArray[np.bool_]


class Single(NamedTuple):
    """The same of one direction: in Python's floats it is quicker."""

    value: float
    truncation: float
    bend: float
    rounding: float
    moved: bool


NOTHING: Final = Single(nan, nan, nan, nan, False)
"""What is said outside the domain."""


def one_line(values: list[float], h: float) -> Single:
    """`stencil` of four values along one direction."""
    a, b, c, d = values
    if not isfinite(a + b + c + d):
        return NOTHING
    return _weighed((b - a, c - a, d - a), _COLUMNS, h, _ROUNDING * _ulp((a, b, c, d)))


def _weighed(changes: tuple[float, float, float], columns: list[list[float]], h: float, rounding: float) -> Single:
    one, two, three = changes
    value, rest, bend = ((one * x + two * y + three * z) / h for x, y, z in columns)
    return Single(value, abs(rest), abs(bend), rounding / h, bool(one or two or three))


def _ulp(values: tuple[float, ...]) -> float:
    """One unit in the last place of the largest, in float32 where all are float32 numbers."""
    single = all(abs(x) < _LARGEST_FLOAT32 and float(np.float32(x)) == x for x in values)
    return ulp(max(map(abs, values))) * (_FLOAT32_ULP if single else 1.0)


def sooner(still: float, values: Array, h: float) -> Single:
    """What ψ(0) and three more values say: the slope of the cubic through them, and how far D₃(h) is from it.

    The difference is the third one over 6h. Like D₃(2h) − D₅ it shows noise of size σ as about σ/h, and a kink within
    the stencil unless it lies where both slopes are off alike; then a wrong claim passes only if it is off as much.

    Parameters
    ----------
    still : float
        ψ(0).
    values : ndarray of shape (3,)
        ψ at −h, h and 2h.
    h : float
        The step.

    Returns
    -------
    Single
        `NOTHING` outside the domain.

    Examples
    --------
    >>> seen = sooner(0.0, np.sin(1e-5 * SOONER), 1e-5)
    >>> round(seen.value, 12), seen.truncation < 1e-9
    (1.0, True)
    """
    a, b, c = values.tolist()
    if not isfinite(a + b + c + still):
        return NOTHING
    return _weighed((a - still, b - still, c - still), _THREE, h, _ROUNDING_THREE * _ulp((still, a, b, c)))


def both_sides(still: float, values: Array, h: float, off: float) -> Single:
    """What ψ(0), ψ(−h) and ψ(h) say, where it is known from elsewhere how far ``off`` noise and curvature put D₃(h).

    Examples
    --------
    >>> seen = both_sides(0.0, np.sin(1e-5 * np.array([-1.0, 1.0])), 1e-5, 1e-9)
    >>> round(seen.value, 9), seen.truncation
    (1.0, 1e-09)
    """
    a, b = values.tolist()
    if not isfinite(a + b + still):
        return NOTHING
    bend = abs((a - still) + (b - still)) / h
    return Single((b - a) / (2 * h), off, bend, _ulp((still, a, b)) / h, a != still or b != still)


def stencil(values: Array, h: Array | float) -> Stencil:
    """What ψ at −2h, −h, h and 2h says, of shape (..., 4): D₅, and how far D₃(2h) is from it."""
    with np.errstate(all="ignore"):
        differences = values[..., 1:] - values[..., :1]
        made = differences @ _WEIGHTS / (h if isinstance(h, float) else h[..., None])
        value, rest, bend = made[..., 0], made[..., 1], made[..., 2]
        size = np.abs(values).max(axis=-1)
        single = (values.astype(np.float32) == values).all(axis=-1)
        rounding = np.spacing(size) * np.where(single, _FLOAT32_ULP, 1.0) * _ROUNDING / h
    return Stencil(value, np.abs(rest), np.abs(bend), rounding, np.asarray(differences.any(axis=-1)))
