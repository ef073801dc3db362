"""Line: ψ(t) along one direction, remembered, so that no t is evaluated twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.quiet import quietly


class OutOfBudgetError(Exception):
    """The budget ran out before the next forward pass; what is undecided stays inconclusive."""


class Line:
    """A memo of the restriction ψ(t) = ⟨v, f(x + t u)⟩.

    Parameters
    ----------
    psi : callable
        t -> ψ(t), a float; with ``vectorised`` an array of t of shape (k,) -> values of shape (k,). An exception
        or a non-finite value at t ≠ 0 is the edge of the domain (NaN).
    vectorised : bool
        Whether ``psi`` takes all t at once.
    deadline : float, optional
        On the clock of `time.perf_counter`, in seconds: from then on nothing is evaluated any more.
    ahead : callable, optional
        Told of several t before ``psi`` is asked for each of them.

    Attributes
    ----------
    passes : int
        Forward passes spent so far, one for each t seen for the first time.

    Examples
    --------
    >>> line = Line(lambda t: t * t)
    >>> line([0.0, 2.0, 2.0]).tolist(), line.passes
    ([0.0, 4.0, 4.0], 2)
    """

    def __init__(
        self,
        psi: Callable[[Any], Any],
        *,
        vectorised: bool = False,
        deadline: float | None = None,
        ahead: Callable[[list[float]], None] | None = None,
    ) -> None:
        self._psi = psi
        self.deadline = deadline
        self._ahead = ahead
        self._vectorised = vectorised
        self._memo: dict[float, float] = {}

    @property
    def passes(self) -> int:
        """Forward passes spent so far."""
        return len(self._memo)

    def differences(self) -> tuple[tuple[float, float], ...]:
        """(t, (ψ(t) − ψ(−t)) / 2t) at every t > 0 whose two values are known and finite, smallest first.

        Examples
        --------
        >>> line = Line(lambda t: 3.0 * t)
        >>> _ = line([1.0, -1.0, 2.0])
        >>> line.differences()
        ((1.0, 3.0),)
        """
        both = sorted(t for t in self._memo if t > 0 and -t in self._memo)
        found = ((t, (self._memo[t] - self._memo[-t]) / (2 * t)) for t in both)
        return tuple((t, slope) for t, slope in found if isfinite(slope))

    @property
    def known(self) -> list[float]:
        """Where ψ was evaluated."""
        return list(self._memo)

    def __call__(self, ts: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of ψ at ``ts`` (shape (k,)), NaN outside the domain; new ones are evaluated and remembered."""
        wanted = [float(t) for t in ts]
        new = [t for t in dict.fromkeys(wanted) if t not in self._memo]
        if new and self._vectorised:
            self._in_time()
            self._memo.update(zip(new, self._stack(new), strict=True))
        elif new:
            if self._ahead:
                self._in_time()
                self._ahead(new)
            for t in new:
                self._in_time()
                self._memo[t] = self._one(t)
        return np.array([self._memo[t] for t in wanted])

    def _in_time(self) -> None:
        if self.deadline is not None and time.perf_counter() >= self.deadline:
            raise OutOfBudgetError("the time is over")

    def _one(self, t: float) -> float:
        try:
            with quietly():
                value = float(self._psi(t))
        except OutOfBudgetError:
            raise
        except Exception:  # whatever the target raises at a point that we chose is the edge of its domain
            return float("nan")
        return value if isfinite(value) else float("nan")

    def _stack(self, ts: list[float]) -> list[float]:
        with quietly():
            values = np.asarray(self._psi(np.array(ts)), dtype=float)
        return [float(v) for v in np.where(np.isfinite(values), values, np.nan)]
