"""derivative: ψ′(0) of any scalar function, with an error bar. Useful alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from checks.budget import Budget
from checks.numeric.estimate import Estimate
from checks.numeric.line import Line
from checks.numeric.windows import windows


def derivative(psi: Callable[[Any], Any], *, budget: int | str | None = None, vectorised: bool = False) -> Estimate:
    """Measure ψ′(0) of a scalar function that is only seen through its values.

    No step and no tolerance is to be chosen. The interval holds ψ′(0) for smooth and for piecewise smooth ψ, in float64
    or in any lower precision, noisy or exact, at any scale and over any offset. At a kink it holds both one-sided
    slopes, at the edge of a domain the slope of the side that exists. ψ is looked at for |t| < 1, and its own scale in
    t should be about 1: for f at x, measure t -> f(x + t·size).

    Parameters
    ----------
    psi : callable
        t -> ψ(t), a float; with ``vectorised`` an array of t of shape (k,) -> values of shape (k,). An exception or a
        value that is not finite is the edge of the domain.
    budget : int or str, optional
        Forward passes that may be spent (30), or seconds ("2s"), which the last pass may overrun; None spends at most
        43 passes. Fewer give a wider bar, fewer than 7 none.
    vectorised : bool
        Whether ``psi`` takes all t at once.

    Returns
    -------
    Estimate
        Value, interval, the parts of the bar, the kink if there is one, the noise and the precision of ψ's values.

    Raises
    ------
    MisuseError
        For a budget that is neither of the two.

    References
    ----------
    docs/architecture.md, "Measuring a derivative".

    Examples
    --------
    >>> import math
    >>> found = derivative(lambda t: math.exp(2 * t))
    >>> abs(found.value - 2) <= found.bar < 1e-10
    True
    >>> derivative(lambda t: max(t, 0.0)).kink is not None
    True
    """
    bound = Budget.of(budget)
    deadline = None if bound.seconds is None else time.perf_counter() + bound.seconds
    return windows(Line(psi, vectorised=vectorised, deadline=deadline), budget=bound.passes)
