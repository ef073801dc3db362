"""Balls: an ndarray of exact numbers on which NumPy's and scipy.special's functions do what they do on floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from flint import arb, arb_mat

from checks.numeric.balls import linear
from checks.numeric.balls.ball import Ball
from checks.numeric.balls.functions import ASKED, ONES, SEVERAL, number
from checks.numeric.balls.tape import NotProvableError, Tape

START: Final = {"maximum": -np.inf, "minimum": np.inf, "fmax": -np.inf, "fmin": np.inf, "logaddexp": -np.inf}
"""What reductions start from; NumPy takes those that start from something in any order of the axes."""
RULES: Final[dict[str, np.ufunc]] = {
    **{name: np.frompyfunc(rule, 1, 1) for name, rule in ONES.items()},
    **{name: np.frompyfunc(rule, n, 1, identity=START.get(name)) for name, (n, rule) in SEVERAL.items()},
}
"""Name of a ufunc -> the same on objects. What is not here goes by the operators of the elements."""
QUESTIONS: Final[dict[str, np.ufunc]] = {name: np.frompyfunc(rule, 1, 1) for name, rule in ASKED.items()}
FLOATS_ONLY: Final = ("casting", "order", "subok", "dtype")  # keywords that mean nothing to objects


class Balls(np.ndarray):
    """An object array of `Ball`; views, slices and results are of the same kind."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Send a ufunc to its exact form."""
        return _ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Run NumPy's own code, and keep what comes of it exact."""
        if func in FUNCTIONS:
            return FUNCTIONS[func](*args, **kwargs)
        try:
            return kept(super().__array_function__(func, types, args, kwargs))
        except TypeError as refused:
            if func.__module__ != np.linalg.__name__:
                raise
            raise NotProvableError(f"np.linalg.{func.__name__} computes in floats alone") from refused

    def dot(self, other: Any, out: Any = None) -> Any:
        """As ndarray's."""
        return _dot(self, other, out)


def _ball_ufunc(self: Ball, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """The same for a number alone, as in ``scipy.special.erf(x[0])``."""
    found = _ufunc(ufunc, method, tuple(_array(x) if isinstance(x, Ball) else x for x in inputs), kwargs)
    return found[()] if isinstance(found, np.ndarray) and found.ndim == 0 else found


Ball.__array_ufunc__ = _ball_ufunc  # type: ignore[attr-defined]  # ball.py knows no arrays


def _array(x: Ball) -> Any:
    made = np.empty((), dtype=object)
    made[()] = x
    return made


def kept(x: Any) -> Any:
    """``x``, its plain object arrays as `Balls`."""
    if isinstance(x, np.ndarray):
        return x.view(Balls) if x.dtype == object else x.view(np.ndarray)
    return type(x)(map(kept, x)) if type(x) in (list, tuple) else x


def plain(x: Any) -> Any:
    """``x`` without what this file adds to arrays."""
    return x.view(np.ndarray) if isinstance(x, Balls) else x


def _ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    given = [plain(x) for x in inputs]
    if "out" in kwargs:
        kwargs["out"] = tuple(map(plain, kwargs["out"]))
    name = ufunc.__name__
    if ufunc is np.matmul and method == "__call__" and kwargs.get("out", (None,))[0] is None:
        return kept(matmul(*given))
    if name in QUESTIONS and method == "__call__":
        return np.asarray(QUESTIONS[name](*given)).astype(bool)
    if name in RULES:
        for word in FLOATS_ONLY:
            kwargs.pop(word, None)
        return kept(getattr(RULES[name], method)(*given, **kwargs))
    return kept(getattr(ufunc, method)(*given, **kwargs))


def _dot(a: Any, b: Any, out: Any = None) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    if out is None and 1 <= a.ndim <= 2 and 1 <= b.ndim <= 2:
        return kept(matmul(a, b))
    return kept(np.dot(a, b, out))


def _real_if_close(a: Any, tol: float = 100) -> Any:
    return a


FUNCTIONS: Final[dict[Callable[..., Any], Callable[..., Any]]] = {
    np.dot: _dot,
    np.isrealobj: lambda x: True,
    np.iscomplexobj: lambda x: False,
    np.real_if_close: _real_if_close,
    np.nan_to_num: lambda x, *args, **kwargs: x,
    np.linalg.solve: lambda a, b: kept(linear.solve(a, b)),
    np.linalg.inv: lambda a: kept(linear.inv(a)),
    np.linalg.det: lambda a: kept(linear.det(a)),
    np.linalg.slogdet: lambda a: linear.slogdet(a),
    np.linalg.cholesky: lambda a, /, *, upper=False: kept(linear.cholesky(a, upper=upper)),
}
"""Functions of NumPy that ask for a dtype, or that are worth a faster way."""


def matmul(a: Any, b: Any) -> Any:
    """Matrix products of object or float arrays: the values by `arb_mat`, one operation on the tape for each entry."""
    a, b = np.asarray(a), np.asarray(b)
    left, right = a[None, :] if a.ndim == 1 else a, b[:, None] if b.ndim == 1 else b
    if left.ndim < 2 or right.ndim < 2 or left.shape[-1] != right.shape[-2]:
        raise ValueError(f"matmul: the shapes {a.shape} and {b.shape} do not fit")
    stack = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    made = np.empty((*stack, left.shape[-2], right.shape[-1]), dtype=object)
    left = np.broadcast_to(left, (*stack, *left.shape[-2:]))
    right = np.broadcast_to(right, (*stack, *right.shape[-2:]))
    for k in np.ndindex(*stack):
        _product(_Lines(left[k]), _Lines(right[k].T), made[k])
    made = made[..., 0, :] if a.ndim == 1 else made
    return made[..., 0] if b.ndim == 1 else made


class _Lines:
    """Rows of a matrix: their balls, and which of their numbers are on a tape."""

    def __init__(self, matrix: Any) -> None:
        rows = [[number(x) for x in row] for row in matrix.tolist()]
        self.balls = [[x.ball for x in row] for row in rows]
        self.taped = [[k for k, x in enumerate(row) if x.tape is not None] for row in rows]
        self.nodes = [[row[k] for k in taped] for row, taped in zip(rows, self.taped, strict=True)]


def _product(rows: _Lines, columns: _Lines, into: Any) -> None:
    m, n = len(rows.balls), len(columns.balls)
    inner = len(rows.balls[0]) if m else 0
    if not inner or not n:
        into[...] = 0
        return
    transposed = arb_mat(n, inner, [x for line in columns.balls for x in line]).transpose()
    values = (arb_mat(m, inner, [x for line in rows.balls for x in line]) * transposed).entries()
    tape: Tape | None = next((line[0].tape for line in (*rows.nodes, *columns.nodes) if line), None)
    for i in range(m):
        for j in range(n):
            parents = rows.nodes[i] + columns.nodes[j]
            partials = _picked(columns.balls[j], rows.taped[i]) + _picked(rows.balls[i], columns.taped[j])
            into[i, j] = Ball(values[i * n + j], tape if parents else None, parents, partials)


def _picked(balls: list[arb], which: list[int]) -> list[arb]:
    return balls if len(which) == len(balls) else [balls[k] for k in which]


def leaves(tape: Tape, x: Any) -> Balls:
    """The numbers that a float array stores, as leaves of ``tape``."""
    made = np.empty(np.shape(x), dtype=object)
    flat = made.reshape(-1)
    for k, entry in enumerate(np.asarray(x).ravel().tolist()):
        flat[k] = Ball(arb(entry), tape)
    return made.view(Balls)
