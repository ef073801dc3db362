"""Differing: where two gradients differ, by how much, and whether by one factor, in words."""

from __future__ import annotations

import numpy as np

from checks.subject import Array


def unlike(name: str, got: Array, want: Array, bad: Array) -> str:
    """Where two gradients differ most, by how much, and whether by one factor throughout.

    Examples
    --------
    >>> a = np.array([1.0, 2.0, 3.0])
    >>> print(unlike("w", 2 * a, a, np.array([True, True, True])))
    the gradient of 'w' at [2] is 6, expected 3; 2.000 times what is expected, in every entry
    >>> print(unlike("w", a + [0, 1, 0], a, np.array([False, True, False])))
    the gradient of 'w' at [1] is 3, expected 2; 1 of 3 entries differ
    """
    gap = np.where(bad, np.abs(got - want), -1.0)
    at = tuple(int(i) for i in np.unravel_index(int(np.argmax(gap)), gap.shape))
    words = f"the gradient of {name!r} at {list(at)} is {got[at] + 0:.6g}, expected {want[at] + 0:.6g}"
    factor = ratio(got, want)
    if factor is None:
        return f"{words}; {int(bad.sum()):,} of {bad.size:,} entries differ"
    return f"{words}; {factor:#.4g} times what is expected{', in every entry' if want.size > 1 else ''}"


def ratio(got: Array, want: Array) -> float | None:
    """The one factor by which ``got`` differs from ``want``, to six digits; None where there is none.

    Examples
    --------
    >>> ratio(np.array([2.0, 0.0]), np.array([1.0, 0.0])), ratio(np.ones(2), np.array([1.0, 2.0]))
    (2.0, None)
    """
    if got.dtype.kind == "c" or want.dtype.kind == "c":
        return None
    clear = want != 0
    if not clear.any() or got[~clear].any():
        return None
    factors = got[clear].astype(np.float64) / want[clear]
    middle = float(np.median(factors))
    close = np.abs(factors - middle) <= 1e-6 * abs(middle) + 1e-300
    return middle if bool(close.all()) else None
