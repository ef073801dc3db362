"""Multiples: a gradient that is exactly a number times another one, or the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.drawing import blocks, in_a_row
from checks.subject import Array, equal


def times(g: Array, factor: float) -> Array:
    """factor·g in the dtype of g, float64 for what is no floating point.

    Examples
    --------
    >>> times(np.ones(2, dtype=np.float32), 0.5)
    array([0.5, 0.5], dtype=float32)
    """
    dtype = g.dtype if g.dtype.kind in "fc" else np.dtype(np.float64)
    with np.errstate(all="ignore"):
        return np.asarray(g.astype(dtype, copy=False) * np.asarray(factor, dtype=dtype))


def is_times(got: Any, g: Array, factor: float) -> bool:
    """Whether ``got`` is exactly factor·g; block by block, as another array is dear.

    Examples
    --------
    >>> is_times(np.array([2.0, 4.0]), np.array([1.0, 2.0]), 2.0), is_times(None, np.ones(2), 2.0)
    (True, False)
    """
    if np.shape(got) != g.shape:
        return False
    rows = in_a_row(np.asarray(got)), in_a_row(g)
    if rows[0] is None or rows[1] is None:
        return np.array_equal(got, times(g, factor))
    return all(equal(rows[0][at], times(rows[1][at], factor)) for at in blocks(g.size))


def same(a: Any, g: Array) -> bool:
    """Whether a gradient is equal to another one, or there is none.

    Examples
    --------
    >>> same(None, np.ones(2)), same(np.ones(2), np.ones(2)), same(np.ones((1, 2)), np.ones(2))
    (True, True, False)
    """
    return a is None or (np.shape(a) == g.shape and equal(np.asarray(a), g))
