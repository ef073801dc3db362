"""Least-squares models of ψ on a pattern of points, and how far each can be misled by what it does not model.

Everything here depends on the points alone, in units of the window's h, so that it is worked out once per pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from checks.numeric.constants import Constants

Array = NDArray[np.float64]

PLACES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Where in each gap between points a kink is imagined."""
EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """All models of one pattern of n points, stacked.

    Attributes
    ----------
    residuals : ndarray of shape (m, n, n)
        values -> residual of model m.
    jitters : ndarray of shape (m, n, n)
        values -> the part of that residual which shows noise. Close to 0 rounding is antisymmetric (it is the same at t
        and −t, up to its sign), so that the symmetric part of a residual may vanish whatever the noise.
    slopes : ndarray of shape (m, 2, n)
        values -> left and right slope at 0 (equal for a polynomial), in units of ψ per h.
    misled : ndarray of shape (m, 2)
        Largest (slope error)/(norm of residual) over the disturbances that a model might not see for what they are.
    l1, l2 : ndarray of shape (m, 2)
        Norms of the slopes' weights.
    dof : ndarray of shape (m,)
        Degrees of freedom of the jitter.
    spare : ndarray of shape (m,)
        Points beyond the unknowns: degrees of freedom of the whole residual.
    student : ndarray of shape (m,)
        Student's t at probability alpha.
    bends : ndarray of bool, shape (m,)
        Whether the model has two slopes.
    """

    residuals: Array
    jitters: Array
    slopes: Array
    misled: Array
    l1: Array
    l2: Array
    dof: Array
    spare: Array
    student: Array
    bends: NDArray[np.bool_]


@lru_cache(maxsize=4096)
def models(pattern: tuple[float, ...], constants: Constants) -> Models | None:
    """The models that a pattern of points (in units of h, increasing, 0 among them) can carry; None if none."""
    t = np.array(pattern)
    rows = [_fit(t, bends, degree) for bends, degree in _choices(t, constants)]
    if not rows:
        return None
    residuals, jitters, slopes, misled, dof, bends = (np.array(column) for column in zip(*rows, strict=True))
    return Models(
        residuals,
        jitters,
        slopes,
        misled,
        np.abs(slopes).sum(axis=2),
        np.sqrt((slopes**2).sum(axis=2)),
        dof.astype(float),
        np.trace(residuals, axis1=1, axis2=2),
        stdtrit(dof.astype(float), 1 - constants.alpha / 2),
        bends,
    )


def _choices(t: Array, constants: Constants) -> list[tuple[bool, int]]:
    """(two slopes?, degree) of each model with degrees of freedom to spare."""
    spare = len(t) - constants.min_dof
    both_sides = (t < 0).sum() >= 2 and (t > 0).sum() >= 2
    smooth = [(False, d) for d in range(1, constants.max_degree + 1) if d + 1 <= spare]
    bent = [(True, d) for d in range(1, constants.max_degree // 2 + 1) if 2 * d + 1 <= spare and both_sides]
    return smooth + bent


def _basis(t: Array, bends: bool, degree: int) -> Array:
    powers = [t**k for k in range(1, degree + 1)]
    mirrored = [np.sign(t) * p for p in powers] if bends else []
    return np.stack([np.ones_like(t), *powers, *mirrored], axis=1)


def _fit(t: Array, bends: bool, degree: int) -> tuple[Array, Array, Array, Array, float, bool]:
    basis = _basis(t, bends, degree)
    q, r = np.linalg.qr(basis)
    inverse = np.linalg.solve(r, q.T)  # unknowns from values
    residual = np.eye(len(t)) - q @ q.T
    linear = inverse[1]
    mirrored = inverse[1 + degree] if bends else np.zeros_like(linear)
    slopes = np.stack([linear - mirrored, linear + mirrored])
    jitter = _antisymmetric(t) @ residual
    return residual, jitter, slopes, _misled(t, bends, degree, residual, slopes), float((jitter**2).sum()), bends


def _antisymmetric(t: Array) -> Array:
    """Projector onto the antisymmetric part over the pairs t and −t; points without a twin stay as they are."""
    twin = (t[:, None] == -t[None, :]) & (t[:, None] != 0)
    paired = twin.any(axis=1)
    return np.asarray(np.diag(np.where(paired, 0.5, np.where((t == 0) & paired.any(), 0.0, 1.0))) - 0.5 * twin)


def _misled(t: Array, bends: bool, degree: int, residual: Array, slopes: Array) -> Array:
    """Largest |slope error| per norm of residual, over what this model leaves out; shape (2,).

    Where the outermost point has no twin the other side may have left the domain: no power series need reach as far,
    and ψ may have any value there besides. A power that such a point has to itself is no evidence.
    """
    shapes, truth = _disturbances(t, bends, degree)
    left, error, size = residual @ shapes, slopes @ shapes - truth, np.linalg.norm(shapes, axis=0)
    outermost = int(np.abs(t).argmax())
    if (t == -t[outermost]).any():
        return _ratio(left, error, size)
    alone, own = residual[:, outermost], slopes[:, outermost]
    length = max(float(np.linalg.norm(alone)), EPS)
    share = (alone / length @ left) / length
    without = _ratio(left - np.outer(alone, share), error - np.outer(own, share), size)
    return np.asarray(np.hypot(without, own / length))


def _ratio(left: Array, error: Array, size: Array) -> Array:
    """The largest |slope error| per norm of what is left of a disturbance."""
    seen = np.maximum(np.linalg.norm(left, axis=0), EPS * size)  # of what fits exactly rounding leaves some
    return np.asarray((np.abs(error) / seen).max(axis=1))


def _disturbances(t: Array, bends: bool, degree: int) -> tuple[Array, Array]:
    """Columns: what ψ may hold besides the model, shape (n, s); and the left and right slopes each has at 0, (2, s)."""
    columns: list[Array] = []
    left: list[float] = []
    right: list[float] = []

    def put(column: Array, at_left: float = 0.0, at_right: float = 0.0) -> None:
        columns.append(column)
        left.append(at_left)
        right.append(at_right)

    for k in range(degree + 1, degree + 4):  # the next powers
        put(t**k)
        if bends:
            put(np.sign(t) * t**k)
    for a, b in pairwise(t):
        for place in PLACES:  # a kink nearby
            c = a + place * (b - a)
            put(np.abs(t - c) - abs(c), -np.sign(c), -np.sign(c))
        put(np.sign(t - (a + b) / 2))  # a jump
    if not bends and t[0] < 0 < t[-1]:
        put(np.abs(t), -1.0, 1.0)  # a kink at 0: both slopes are to be held
    for i in range(len(t)):  # one bad value
        put(np.eye(len(t))[i])
    return np.stack(columns, axis=1), np.array([left, right])
