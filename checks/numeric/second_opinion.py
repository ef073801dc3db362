"""Second opinions that users know: scipy's check_grad and differentiate, each with what it claims and no more.

They are shown beside our own measurement, never instead of it: check_grad steps by an absolute 1.5e-8 and returns a
distance without an error bar; differentiate's error figure is an estimate, and confident at kinks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from checks.numeric.estimate import Estimate

Array = NDArray[np.float64]
STEP: Final = float(np.sqrt(np.finfo(float).eps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """What scipy.optimize.check_grad returns, beside what it should be compared with.

    Attributes
    ----------
    value : float
        The 2-norm of (claimed gradient − forward difference), or its absolute value along one direction.
    size : float
        The same norm of the claimed gradient.
    blur : float
        What the forward difference cannot see at its step: 2·eps·(largest |f|)/step per entry, in the same norm.
        Curvature adds to it and is not known to the method.
    passes : int
        Forward passes spent.
    method : str
        "scipy.optimize.check_grad (all)" or "(random)".
    """

    value: float
    size: float
    blur: float
    passes: int
    method: str

    @property
    def relative(self) -> float:
        """``value`` over ``size``; inf where the claim is 0 and the difference is not."""
        if self.size == 0:
            return 0.0 if self.value == 0 else float("inf")
        return self.value / self.size


def check_grad_all(f: Callable[[Array], float], g: Callable[[Array], Array], x: Array) -> Distance:
    """Compare a gradient with forward differences, entry by entry.

    Parameters
    ----------
    f, g : callable
        Array of shape (n,) -> float, and -> the claimed gradient of shape (n,).
    x : ndarray of shape (n,)
        Where.

    Returns
    -------
    Distance

    Raises
    ------
    ValueError
        Where the claimed gradient does not have the shape of x: scipy would broadcast it.

    Examples
    --------
    >>> found = check_grad_all(lambda x: float(x @ x), lambda x: 2 * x, np.array([1.0, -2.0]))
    >>> found.relative < 1e-7, found.passes
    (True, 3)
    """
    from scipy.optimize import check_grad  # here, so that importing checks does not load scipy.optimize

    seen = _Seen(f)
    value = float(check_grad(seen, _shaped(g), x))
    size = float(np.linalg.norm(g(x)))
    blur = seen.blur * float(np.sqrt(x.size))
    return Distance(value=value, size=size, blur=blur, passes=seen.passes, method=_NAME.format("all"))


def check_grad_random(
    f: Callable[[Array], float], g: Callable[[Array], Array], x: Array, rng: np.random.Generator
) -> Distance:
    """Compare a gradient with one forward difference along a random direction drawn by scipy from ``rng``.

    Parameters
    ----------
    f, g, x
        As for ``check_grad_all``.
    rng : numpy.random.Generator
        Draws the direction, standard normal in every entry.

    Returns
    -------
    Distance
        ``size`` is the norm of the claimed gradient: the root mean square of the slope over such directions.

    Raises
    ------
    ValueError
        Where the claimed gradient does not have the shape of x.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found = check_grad_random(lambda x: float(x @ x), lambda x: 2 * x, np.array([1.0, -2.0]), rng)
    >>> found.relative < 1e-6, found.passes
    (True, 2)
    """
    from scipy.optimize import check_grad  # here, so that importing checks does not load scipy.optimize

    seen = _Seen(f)
    value = float(check_grad(seen, _shaped(g), x, direction="random", rng=rng))
    size = float(np.linalg.norm(g(x)))
    return Distance(value=value, size=size, blur=seen.blur, passes=seen.passes, method=_NAME.format("random"))


def differentiate(psi: Callable[[Any], Any], *, vectorised: bool = False) -> Estimate:
    """Measure ψ′(0) by scipy.differentiate.derivative at its defaults.

    Parameters
    ----------
    psi : callable
        Float -> float; what it raises counts as NaN.
    vectorised : bool
        Whether it takes arrays of shape (m,) instead, and gives as many values.

    Returns
    -------
    Estimate
        With scipy's own error figure as the bar (all of it called truncation: scipy does not tell the parts apart), the
        whole line where it found no value, and a flag where it did not converge.

    Examples
    --------
    >>> found = differentiate(lambda t: float(np.sin(t)))
    >>> abs(found.value - 1) < 1e-10, found.method
    (True, 'scipy.differentiate')
    """
    from scipy.differentiate import derivative  # here, so that importing checks does not load it

    def one(t: float) -> float:
        try:
            return float(psi(t))
        except Exception:  # a point that scipy chose: outside the domain
            return float("nan")

    def many(ts: Any) -> Any:
        values = psi(np.ravel(ts)) if vectorised else [one(float(t)) for t in np.ravel(ts)]
        return np.array(values).reshape(np.shape(ts))

    with np.errstate(all="ignore"):
        found = derivative(many, 0.0)
    value, error = float(found.df), float(found.error)
    known = np.isfinite(value) and np.isfinite(error)
    return Estimate(
        value=value,
        interval=(value - error, value + error) if known else (-np.inf, np.inf),
        truncation=error if known else np.inf,
        step=0.5,
        passes=int(found.nfev),
        method="scipy.differentiate",
        flags=() if found.success else ("not converged",),
    )


_NAME: Final = "scipy.optimize.check_grad ({})"


class _Seen:
    """f, counted, with what rounding does to a forward difference of its values."""

    def __init__(self, f: Callable[[Array], float]) -> None:
        self._f = f
        self.passes = 0
        self._largest = 0.0

    def __call__(self, x: Array) -> float:
        self.passes += 1
        value = float(self._f(x))
        self._largest = max(self._largest, abs(value))
        return value

    @property
    def blur(self) -> float:
        return 2 * float(np.finfo(float).eps) * self._largest / STEP


def _shaped(g: Callable[[Array], Array]) -> Callable[[Array], Array]:
    def claimed(x: Array) -> Array:
        gradient = np.asarray(g(x))
        if gradient.shape != x.shape:
            raise ValueError(f"the claimed gradient has shape {gradient.shape}, expected {x.shape}, that of x")
        return gradient

    return claimed
