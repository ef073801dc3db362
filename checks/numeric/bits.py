"""Which significand the values of ψ really use, and how coarse the grid is that they move on."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

WIDTHS: Final = (8, 11, 24)
"""Significand bits, hidden one included: bfloat16, float16, float32. Anything else counts as float64's 53."""

NAMES: Final = {8: "bfloat16", 11: "float16", 24: "float32", 53: "float64"}
DISTINCT: Final = 6
"""Fewer different significands than this are no evidence of a narrow format: 0, 1 and 2 fit in any."""
COARSER: Final = 64
"""A grid this many times coarser than the last place is none by chance: few values end in so many zeros."""
FIRST: Final = 64
"""So many values are looked at before all are sorted: one that needs all bits ends the question."""
TINY: Final = float(np.finfo(float).smallest_subnormal)


def significand_bits(values: NDArray[np.float64]) -> int:
    """Fewest significand bits, out of 8, 11, 24, 53, that hold every value exactly.

    Fewer than `DISTINCT` different significands are no evidence: they count as 53.

    Examples
    --------
    >>> x = np.linspace(1, 2, 9) / 3
    >>> significand_bits(x), significand_bits(x.astype(np.float32).astype(float))
    (53, 24)
    """
    if not _fit(_fractions(values[:FIRST]), WIDTHS[-1]):
        return 53
    fractions = np.unique(_fractions(values))
    if len(fractions) < DISTINCT:
        return 53
    for bits in WIDTHS:
        if _fit(fractions, bits):
            return bits
    return 53


def _fractions(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.abs(np.frexp(values[np.isfinite(values)])[0])


def _fit(fractions: NDArray[np.float64], bits: int) -> bool:
    scaled = np.ldexp(fractions, bits)
    return np.array_equal(scaled, np.rint(scaled))


def unit_in_last_place(size: float, bits: int) -> float:
    """Spacing of the numbers with ``bits`` significand bits at ``size``, never below the smallest subnormal.

    Examples
    --------
    >>> unit_in_last_place(1.0, 53), unit_in_last_place(1.0, 24)
    (2.220446049250313e-16, 1.1920928955078125e-07)
    """
    if size == 0:
        return TINY
    return max(float(np.ldexp(1.0, int(np.frexp(size)[1]) - bits)), TINY)


def binary_quantum(values: NDArray[np.float64]) -> float:
    """The largest power of two that divides every value: the grid that adding and removing an offset leaves.

    Examples
    --------
    >>> binary_quantum(np.array([0.75, 2.0, -3.5])), binary_quantum((1e10 + np.array([0.1, 0.7])) - 1e10) > 1e-6
    (0.25, True)
    """
    values = values[np.isfinite(values) & (values != 0)]
    if not values.size:
        return 0.0
    fractions, exponents = np.frexp(values)
    digits = np.ldexp(fractions, 53).astype(np.int64)
    lowest = np.log2((digits & -digits).astype(float)).astype(int) - 53
    return float(np.ldexp(1.0, int((lowest + exponents).min())))


def grids(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The grid that each output's values lie on, where it is clearly coarser than their last place; else that place.

    Parameters
    ----------
    values : ndarray of shape (k, m)
        k values of each of m outputs, finite.

    Returns
    -------
    ndarray of shape (m,)
        Spacings, in units of the outputs.

    Examples
    --------
    >>> a = np.array([1e-9, 2e-9, 3e-9])
    >>> bool(grids(((1 + a) - 1)[:, None])[0] > 1e-16), bool(grids(a[:, None])[0] < 1e-24)
    (True, True)
    """
    ulps = np.spacing(np.abs(values).max(axis=0))
    fractions, exponents = np.frexp(values)
    digits = np.ldexp(np.abs(fractions), 53).astype(np.int64)
    lowest = np.frexp((digits & -digits).astype(float))[1] - 54 + exponents
    finest = np.where(digits == 0, np.iinfo(np.int32).max, lowest).min(axis=0)
    with np.errstate(over="ignore"):
        coarse = np.ldexp(1.0, np.minimum(finest, 1023))
    return np.asarray(np.where((coarse >= COARSER * ulps) & (digits != 0).any(axis=0), coarse, ulps))


def first_change(ts: NDArray[np.float64], values: NDArray[np.float64], at_zero: float) -> tuple[float, float]:
    """The grid that frozen values betray: (size of the first change beyond exact ties with ψ(0), largest tied |t|).

    (0, 0) where even the smallest displacement moves ψ. The first change is at least one step of the grid that
    ψ moves on, however that grid came about (an offset inside ψ that has cancelled leaves no other trace).

    Examples
    --------
    >>> t = np.array([-1e-3, 1e-3, -5e-7, 5e-7])
    >>> change, tied = first_change(t, (1e10 + t) - 1e10, 0.0)
    >>> bool(change > 1e-6), float(tied)
    (True, 5e-07)
    """
    good = np.isfinite(values)
    size, change = np.abs(ts[good]), np.abs(values[good] - at_zero)
    moved = change > 0
    tied = size[~moved & (size > 0)]
    first = size[moved].min(initial=np.inf)
    plateau = float(tied[tied < first].max(initial=0.0))
    if not moved.any() or not (tied <= first).any():
        return 0.0, plateau
    return float(change[moved & (size == first)].max()), plateau
