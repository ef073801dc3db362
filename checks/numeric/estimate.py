"""Estimate: a measured derivative with the interval that contains it, and what the interval is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """The exact errors of a claimed tensor, entry by entry in C order, as a proof states them; correct to 15 digits.

    Attributes
    ----------
    shape : tuple of int
        The tensor's.
    ulps : tuple of float
        |claimed − exact| of every entry, in units in the last place of the exact one in the claim's dtype.
    relative : tuple of float
        |claimed − exact| of every entry, relative to the rms of the exact tensor.
    exact : tuple of float
        The derivative by every entry, rounded to float64.
    wrong : tuple of int
        The entries that are proved to be off by more than asked, by their places in C order.
    """

    shape: tuple[int, ...]
    ulps: tuple[float, ...]
    relative: tuple[float, ...]
    exact: tuple[float, ...] = ()
    wrong: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What one measurement of ψ′(0) says.

    Attributes
    ----------
    value : float
        The best value of ψ′(0), in units of ψ per unit of t.
    interval : tuple of float
        (lower, upper), containing ψ′(0); at a kink the hull of both one-sided slopes with their bars.
    truncation, rounding, noise : float
        The parts of the error bar: what the step leaves out, what floating point loses, what ψ itself jitters.
    kink : tuple of float or None
        (left slope, right slope) where ψ bends at 0.
    noise_level : float
        Root mean square of the noise seen in ψ's values, in units of ψ.
    bits : int
        Significand bits that ψ's values really use: 53 (float64), 24 (float32), 11 (float16), 8 (bfloat16).
    step : float
        The largest displacement |t| of the chosen stencil or window.
    passes : int
        Forward passes spent.
    method : str
        The oracle: "quick", "windows", "complex step", "ball arithmetic", "scipy.differentiate", …
    flags : tuple of str
        What is worth knowing, in words: "float32 values", "one-sided domain", …
    proved : bool
        The interval is an enclosure: the derivative of the forward's own operations lies in it, which is no estimate.
    errors : Errors or None
        Of every entry of the claimed tensor, where they were proved.

    References
    ----------
    docs/architecture.md, "Estimate".
    """

    value: float
    interval: tuple[float, float]
    truncation: float = 0.0
    rounding: float = 0.0
    noise: float = 0.0
    kink: tuple[float, float] | None = None
    noise_level: float = 0.0
    bits: int = 53
    step: float = 0.0
    passes: int = 0
    method: str = "windows"
    flags: tuple[str, ...] = ()
    proved: bool = False
    errors: Errors | None = None

    @property
    def bar(self) -> float:
        """Half the width of the interval, in units of ψ′.

        Examples
        --------
        >>> Estimate(value=2.0, interval=(1.5, 2.5)).bar
        0.5
        """
        return (self.interval[1] - self.interval[0]) / 2

    def __str__(self) -> str:
        if self.kink:
            return f"{self.kink[0]:.6g} from the left, {self.kink[1]:.6g} from the right"
        return f"{self.value:.{digits(self.value, self.bar)}g} ± {self.bar:.1g}"


def digits(value: float, bar: float) -> int:
    """Significant digits of ``value`` that its bar leaves standing, between 3 and 12.

    Examples
    --------
    >>> digits(1234.5678, 0.01), digits(1.0, 0.0), digits(0.0, 1.0)
    (7, 12, 3)
    """
    if bar == 0 or value == 0:
        return 12 if bar == 0 else 3
    from math import floor, isfinite, log10

    ratio = abs(value) / bar
    if not isfinite(ratio) or ratio <= 0:
        return 3
    return min(12, max(3, floor(log10(ratio)) + 2))
