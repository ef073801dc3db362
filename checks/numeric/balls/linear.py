"""Linear algebra on exact numbers: solve, inv, det, slogdet and cholesky by elimination, in + − × ÷ and √ alone.

The derivative of each is that of the operations it is made of. Which row is the pivot changes no value: the largest by
the middle of its ball is taken, as LAPACK takes it in floats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from checks.numeric.balls.functions import ONES, number


def solve(a: Any, b: Any) -> Any:
    """x with a x = b, for stacks of matrices too, as np.linalg.solve takes them."""
    a, b = _matrices(a), np.asarray(b, dtype=object)
    columns = b[..., None] if b.ndim == 1 else b
    stack = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    a = np.broadcast_to(a, (*stack, *a.shape[-2:]))
    columns = np.broadcast_to(columns, (*stack, *columns.shape[-2:]))
    made = np.empty(columns.shape, dtype=object)
    for k in np.ndindex(*stack):
        made[k] = _solved(a[k], columns[k])
    return made[..., 0] if b.ndim == 1 else made


def inv(a: Any) -> Any:
    """The inverse of each matrix."""
    a = _matrices(a)
    return solve(a, np.broadcast_to(np.eye(a.shape[-1]), a.shape))


def det(a: Any) -> Any:
    """The determinant of each matrix."""
    return _each(a, lambda rows: np.prod(_pivots(rows)))


def slogdet(a: Any) -> Any:
    """Sign and logarithm of the size of the determinant of each matrix."""
    sign = _each(a, lambda rows: np.prod([1 if number(p) > 0 else -1 for p in _pivots(rows)]))
    made = _each(a, lambda rows: sum((ONES["log"](abs(number(p))) for p in _pivots(rows)[1:]), start=0))
    return type(np.linalg.slogdet(np.eye(1)))(np.asarray(sign, dtype=float)[()], made)


def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The lower factor of each matrix, from its lower triangle; the upper one from its upper triangle."""
    a = _matrices(a)
    given = np.swapaxes(a, -1, -2) if upper else a
    made = np.zeros(a.shape, dtype=object)
    for k in np.ndindex(*a.shape[:-2]):
        for i, j in zip(*np.tril_indices(a.shape[-1]), strict=True):
            rest = given[k][i, j] - (made[k][i, :j] * made[k][j, :j]).sum()
            made[k][i, j] = ONES["sqrt"](rest) if i == j else rest / made[k][j, j]
    return np.swapaxes(made, -1, -2) if upper else made


def _matrices(a: Any) -> Any:
    a = np.asarray(a, dtype=object)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"expected square matrices; the shape is {a.shape}")
    return a


def _each(a: Any, of: Callable[[Any], Any]) -> Any:
    a = _matrices(a)
    made = np.empty(a.shape[:-2], dtype=object)
    for k in np.ndindex(*made.shape):
        made[k] = of(a[k])
    return made[()]


def _eliminated(a: Any, b: Any) -> tuple[Any, Any, int]:
    """The upper triangle that elimination leaves, what it makes of b, and the sign of the exchanges of rows."""
    a, b, sign = a.copy(), b.copy(), 1
    for k in range(len(a)):
        pivot = k + int(np.argmax([abs(float(number(x).ball.mid())) for x in a[k:, k]]))
        if pivot != k:
            a[[k, pivot]], b[[k, pivot]], sign = a[[pivot, k]], b[[pivot, k]], -sign
        for i in range(k + 1, len(a)):
            factor = a[i, k] / number(a[k, k])
            a[i, k + 1 :] = a[i, k + 1 :] - factor * a[k, k + 1 :]
            b[i] = b[i] - factor * b[k]
    return a, b, sign


def _pivots(a: Any) -> list[Any]:
    """The sign and the pivots, whose product is the determinant."""
    upper, _, sign = _eliminated(a, np.zeros((len(a), 0), dtype=object))
    return [sign, *upper.diagonal()]


def _solved(a: Any, b: Any) -> Any:
    upper, b, _ = _eliminated(a, b)
    for i in reversed(range(len(upper))):
        b[i] = (b[i] - (upper[i, i + 1 :, None] * b[i + 1 :]).sum(axis=0)) / number(upper[i, i])
    return b
