"""The complex step: ψ′(0) = Im ψ(ih)/h without cancellation, where ψ is analytic and its code carries complex numbers.

Whether it is, cannot be read off the complex values alone: ``abs``, ``conj``, ``np.real`` or a cast drop a part of the
derivative in silence. So the bar holds what the real line can vouch for: the distance to an extrapolated difference
quotient of real values, with that quotient's own rounding. A part that code drops is in that distance.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from checks.numeric.estimate import Estimate
from checks.numeric.line import Line, OutOfBudgetError
from checks.numeric.scan import RHO, TOP

H: Final = 2.0**-70
"""The imaginary step: h² is nothing beside 1, and no ψ of ordinary size underflows."""
STEPS: Final = (1j * H, -0.61j * H, 8e-15 + 1.37j * H, -8e-15 + 0.83j * H)
"""Complex places: two at 0 and two beside it by some ulps, so that rounding is drawn anew."""
SPREAD: Final = 4.0
"""The rounding of one value is at most this many times the spread of the four."""
LOOSE: Final = 1e-6
"""Where even the best real quotient is further off than this (relative), the two do not agree."""
SAME_VALUE: Final = 1e-10
"""Largest distance of Re ψ(ih) from ψ(0), relative to ψ."""


def complex_step(psi: Callable[[complex], Any], line: Line) -> Estimate | None:
    """Measure ψ′(0) by an imaginary displacement.

    Parameters
    ----------
    psi : callable
        Complex t -> complex ψ(t), the same function that ``line`` evaluates on real t.
    line : Line
        ψ on real t; ten of its values, all on the scales that ``windows`` uses, vouch for analyticity.

    Returns
    -------
    Estimate or None
        With ``method="complex step"``. None where complex numbers raise, are dropped, or do not agree with the real
        line: at kinks, for functions that are not analytic, outside the domain. It then says nothing about any claim.

    References
    ----------
    W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Rev. 40 (1998).

    Examples
    --------
    >>> import cmath, math
    >>> found = complex_step(lambda t: cmath.exp(1 + t), Line(lambda t: math.exp(1 + t)))
    >>> abs(found.value - math.e) <= found.bar < 1e-11
    True
    >>> complex_step(lambda t: abs(1 + t) ** 2 + 0j, Line(lambda t: (1 + t) ** 2)) is None
    True
    """
    with np.errstate(all="ignore"):  # differences of values near 1e308 overflow; what is not finite is no answer
        return _measured(psi, line)


def _measured(psi: Callable[[complex], Any], line: Line) -> Estimate | None:
    before = line.passes
    values = _complex_values(psi)
    if values is None or not values.imag.any():  # none at all: as code that drops them says as well
        return None
    slopes = values.imag / np.imag(STEPS)
    at_zero = float(line([0.0])[0])
    value = float(slopes[0])
    size = max(abs(at_zero), abs(value))
    rounding = SPREAD * float(np.ptp(slopes)) + 4 * float(np.spacing(abs(value)))
    if not np.isfinite(slopes).all() or not abs(values[0].real - at_zero) <= SAME_VALUE * size:
        return None
    gap = _distance_to_real(line, value)
    if not gap <= LOOSE * size:
        return None
    bar = gap + rounding
    return Estimate(
        value=value,
        interval=(value - bar, value + bar),
        truncation=gap,
        rounding=rounding,
        step=H,
        passes=len(STEPS) + line.passes - before,
        method="complex step",
    )


def _complex_values(psi: Callable[[complex], Any]) -> NDArray[np.complex128] | None:
    """Values of ψ, or None where the code does not carry complex numbers through."""
    values = []
    for step in STEPS:
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                value = psi(step)
        except OutOfBudgetError:
            raise
        except Exception:  # whatever the code raises, it does not take complex numbers
            return None
        if np.ndim(value) != 0 or not np.iscomplexobj(value):
            return None
        values.append(complex(value))
    return np.array(values)


def _distance_to_real(line: Line, value: float) -> float:
    """Smallest distance to a three-level difference quotient of the real line, its rounding included."""
    places = TOP * RHO ** -np.arange(1.0, 6.0)
    right, left = line(places), line(-places)
    central = (right - left) / (2 * places)
    once = (RHO**2 * central[1:] - central[:-1]) / (RHO**2 - 1)
    twice = (RHO**4 * once[1:] - once[:-1]) / (RHO**4 - 1)
    ulp = np.spacing(np.maximum(np.abs(right), np.abs(left)))[:-2]
    distances = np.abs(value - twice) + 2 * ulp / places[2:]
    good = distances[np.isfinite(distances)]
    return float(good.min(initial=np.inf))
