"""The quick stencil: four values a direction decide whether a claim can be passed at once. It never fails anything.

With D₃(h) = (ψ(h) − ψ(−h))/2h and D₅ = (4 D₃(h) − D₃(2h))/3, *agreement* asks four things, each against the scale of
the tensor that is judged (never against |claim| of one direction):

1. |claim − D₅| ≤ τ·scale, with τ a tenth of the resolution and at most 1e-7. A wrong claim passes only if D₅'s own
   error equals the claim's error to seven digits, along every direction that is asked.
2. |D₃(2h) − D₅| + rounding ≤ (resolution − τ)·scale. (D₃(2h) − D₅ = 4 (D₃(h) − D₅) holds identically, so that the
   *ratio* says nothing; the *size* does.) For a smooth ψ it is the whole h²-term, which the extrapolation has removed.
   A kink of jump J at 0 < |c| < 2h shows in it as J|c|/3h or J(2h − |c|)/3h, noise of size σ as about σ/h, values
   frozen on a grid as the grid over h. Where it is small, both three-point values support the claim as well.
3. |ψ(2h) + ψ(−2h) − ψ(h) − ψ(−h)| ≤ BEND·h·scale. Odd differences cannot see a kink at t = 0 exactly; this one
   is J·h there and 3h²ψ″(0) where ψ is smooth. A smaller bend can stay unseen, and then a claim agrees only if it is
   the mean of the two one-sided slopes: it lies between them, so that passing it is right.
4. The four values are finite and not all equal.

Two or three values beside ψ(0), of `checks.numeric.stencil`, are asked the same.

The bar of a quick estimate is τ·scale + |D₃(2h) − D₅| + rounding: the finest it speaks of is τ·scale, even where ψ is a
straight line, and it holds the error of the *coarser* three-point value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from checks.numeric.estimate import Estimate
from checks.numeric.line import Line
from checks.numeric.stencil import Single, Stencil, one_line, stencil

Array = NDArray[np.float64]

STEP: Final = 1e-5
"""Of each tensor's size: h of the first stencil."""
WIDER: Final = (1e-4, 1e-3)
"""Steps to try for noise."""
TOLERANCE: Final = 1e-7
"""τ, relative to the scale."""
RESOLUTION: Final = 1e-6
"""Largest bar that passes, relative to the scale."""
BEND: Final = 0.05
"""Largest second difference at 0, relative to h·scale."""
AT: Final = np.array([-2.0, -1.0, 1.0, 2.0])
"""Where the stencil looks, in steps."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the quick stencil says of k claims.

    Attributes
    ----------
    agrees : ndarray of bool, shape (k,)
        Claims that may be passed. False says nothing about the claim.
    value, bar : ndarray of shape (k,)
        D₅ and its bar, in units of ψ per unit of t; NaN outside the domain.
    rounding : ndarray of shape (k,)
        The part of ``bar`` that floating point takes.
    step : float
        The largest h used.
    """

    agrees: NDArray[np.bool_]
    value: Array
    bar: Array
    rounding: Array
    step: float


def agree(
    values: Array,
    claims: Array,
    scales: Array | float,
    h: float = STEP,
    *,
    resolution: float = RESOLUTION,
    tolerance: float = TOLERANCE,
    unsure: float = 0.0,
) -> Agreement:
    """Which claims agree with the five-point value at one step.

    Parameters
    ----------
    values : ndarray of shape (k, 4), or (1, 4) for all claims
        ψ at −2h, −h, h, 2h, for each of k directions.
    claims : ndarray of shape (k,)
        Claimed ψ′(0).
    scales : ndarray of shape (k,) or float
        Scale of what is judged: ‖claimed gradient‖ times the tangent's size, same units as the claims. Where it is 0
        nothing agrees: a claimed zero is judged against the function's own variation, which four values do not show.
    h : float
        The step.
    resolution : float
        The largest bar that may pass, relative to the scale.
    tolerance : float
        Largest relative distance that counts as agreement; never above a tenth of the resolution.
    unsure : float
        How far off D₅ may be by what the values do not show; it joins the bar.

    Returns
    -------
    Agreement

    Examples
    --------
    >>> t = STEP * AT
    >>> found = agree(np.stack([np.sin(t), np.sin(t)]), np.array([1.0, 1.00001]), 1.0)
    >>> found.agrees.tolist()
    [True, False]
    """
    scales = np.atleast_1d(np.asarray(scales))
    seen: Stencil | Single = one_line(values[0].tolist(), h) if len(values) == 1 else stencil(values, h)
    tau = min(tolerance, resolution / 10) * scales
    bar = tau + seen.truncation + seen.rounding + unsure
    agrees = _agrees(np.abs(claims - seen.value), seen.bend, seen.moved, scales, tau, bar, resolution)
    value, rounding = (np.broadcast_to(a, bar.shape) for a in (seen.value, seen.rounding))
    return Agreement(agrees, value, bar, rounding, h)


def _agrees(distance: Any, bend: Any, moved: Any, scale: Any, tau: Any, bar: Any, resolution: float) -> Any:
    """The four questions, of numbers or of arrays."""
    return (distance <= tau) & (bar <= resolution * scale) & (bend <= BEND * scale) & (tau > 0) & moved


def bars(
    seen: Single, claim: float, scales: list[float], *, resolution: float, tolerance: float, unsure: float = 0.0
) -> dict[int, float]:
    """The bars of those scales that one claim agrees at with what was seen of one direction, k = 1, by their places.

    What `agree` says: in Python's floats it is quicker.

    Examples
    --------
    >>> seen = one_line(np.sin(STEP * AT).tolist(), STEP)
    >>> bars(seen, 1.0 + 2e-7, [1.0, 10.0], resolution=1e-6, tolerance=1e-7).keys()
    dict_keys([1])
    """
    value, truncation, bend, rounding, moved = seen
    found, share, distance = dict[int, float](), min(tolerance, resolution / 10), abs(claim - value)
    for i, scale in enumerate(scales):
        tau = share * scale
        bar = tau + truncation + rounding + unsure
        if _agrees(distance, bend, moved, scale, tau, bar, resolution):
            found[i] = bar
    return found


def closer(
    values: Array,
    claims: Array,
    scales: Array | float,
    steps: tuple[float, ...],
    *,
    resolution: float = RESOLUTION,
    tolerance: float = TOLERANCE,
) -> Agreement:
    """Which claims agree at two neighbouring steps, for what one step could not decide.

    Smaller steps step inside a kink nearby, larger ones rise above noise. Here the size of the h²-term is not asked
    for: two five-point values at different steps, each within τ·scale of the claim, say more. A kink inside a
    stencil moves them by different amounts, noise by independent ones, and the difference of the two is the bar.

    Parameters
    ----------
    values : ndarray of shape (k, s, 4)
        ψ at −2h, −h, h, 2h for each of k directions and s ≥ 2 steps.
    claims, scales, resolution, tolerance
        As for ``agree``.
    steps : tuple of float, length s
        The steps, in order of size.

    Returns
    -------
    Agreement
        With the value of the step whose pair agrees best.

    Examples
    --------
    >>> steps = (2e-6, 6e-7)
    >>> t = np.array(steps)[:, None] * AT
    >>> kinked = np.maximum(t - 1.5e-5, 0) + t  # a kink between these steps and the first one
    >>> closer(kinked[None], np.array([1.0]), 1.0, steps).agrees.tolist()
    [True]
    """
    scales = np.asarray(scales)
    tau = min(tolerance, resolution / 10) * scales
    seen = stencil(values, np.array(steps))
    distance = np.abs(np.asarray(claims)[:, None] - seen.value)
    alone = (distance <= tau[..., None]) & seen.moved
    straight = _straight(seen, np.array(steps), scales)
    apart = np.abs(np.diff(seen.value, axis=1))
    rounding = np.maximum(seen.rounding[:, 1:], seen.rounding[:, :-1])
    bars = tau[..., None] + apart + rounding
    pairs = alone[:, 1:] & alone[:, :-1] & straight & (bars <= resolution * scales[..., None]) & (tau > 0)[..., None]
    best = np.where(np.isnan(bars), np.inf, np.where(pairs, bars, bars + np.finfo(float).max / 4)).argmin(axis=1)
    row = np.arange(len(best))
    return Agreement(
        np.asarray(pairs.any(axis=1)), seen.value[row, best], bars[row, best], rounding[row, best], max(steps)
    )


def _straight(seen: Stencil, steps: Array, scales: Array) -> NDArray[np.bool_]:
    """Pairs of steps that show no kink at 0: their bends are small, or fall with the step as those of curvature do."""
    small = seen.bend <= BEND * scales[..., None]
    first_is_near = steps[:-1] < steps[1:]
    near = np.where(first_is_near, seen.bend[:, :-1], seen.bend[:, 1:])
    far = np.where(first_is_near, seen.bend[:, 1:], seen.bend[:, :-1])
    ratio = np.minimum(steps[:-1], steps[1:]) / np.maximum(steps[:-1], steps[1:])
    falls = near <= 2 * ratio * far
    return np.asarray((small[:, 1:] & small[:, :-1]) | falls)


def quick(
    line: Line, claim: float, scale: float, h: float = STEP, *, resolution: float = RESOLUTION
) -> Estimate | None:
    """Four passes along one line: the estimate if the claim agrees with it, None if that needs a closer look.

    Parameters
    ----------
    line : Line
        The restriction ψ, which remembers what it is asked.
    claim, scale : float
        Claimed ψ′(0) and the scale it is judged against.
    h : float
        The step.
    resolution : float
        The largest bar that may pass, relative to the scale.

    Returns
    -------
    Estimate or None

    Examples
    --------
    >>> quick(Line(np.sin), 1.0, 1.0).passes, quick(Line(np.sin), 0.9, 1.0)
    (4, None)
    """
    before = line.passes
    found = agree(line(h * AT)[None], np.array([claim]), scale, h, resolution=resolution)
    if not found.agrees[0]:
        return None
    value, bar, rounding = (float(a[0]) for a in (found.value, found.bar, found.rounding))
    return Estimate(
        value=value,
        interval=(value - bar, value + bar),
        truncation=bar - rounding,
        rounding=rounding,
        step=2 * h,
        passes=line.passes - before,
        method="quick",
    )
