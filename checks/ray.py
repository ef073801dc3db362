"""Ray: one direction drawn at a place, the claim along it, and what the forward's outputs do there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import hypot, isfinite, sqrt
from typing import Any, Final, NamedTuple

import numpy as np

from checks.calls import Calls
from checks.displaced import Displaced
from checks.numeric.estimate import Estimate
from checks.numeric.line import Line, OutOfBudgetError
from checks.numeric.quick import STEP
from checks.numeric.scan import RHO
from checks.rows import SAFE, Spread
from checks.stacked import ahead
from checks.subject import Array, Point
from checks.tangents import Tangent, dot, paired, terms
from checks.units import Unit, tangent

LEAST_WEIGHT: Final = 0.3  # an equal part may shrink a unit's displacement to this share, no further
CLAIM_ULPS: Final = 16  # an honest backward may lose this many units in the last place of the tensor's rms, an entry
VALUE_ULPS: Final = 2  # and this many units in the last place of the value that it differentiates
FEWEST: Final = 32  # of so few numbers the norm is quicker in Python
KEPT: Final = 10_000_000  # outputs are kept while a direction's full measurement would hold fewer numbers than this


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One point with one cotangent and the gradient claimed there.

    Attributes
    ----------
    calls : Calls
        The subject's functions.
    point : mapping of name to ndarray
        Where the forward is measured.
    gradient : mapping of name to ndarray
        The claim: the pullback of ``cotangent`` there.
    cotangent : ndarray of shape (m,)
        v, flat.
    output : ndarray of shape (m,)
        forward at ``point``, flat.
    value : float
        Norm of the terms v·f of ψ(0): how large the value is that is differentiated.
    rng : numpy.random.Generator
        Draws the directions.
    resolution : float or None
        As asked for.
    where : str
        How reports call the place.
    eps : float
        Machine epsilon of the coarsest dtype that the claim is computed in.
    smallest : float
        The smallest t whose displacement every primal represents.
    claimed : mapping of name to Spread
        How large the claim's entries are.
    first : list
        The first ray that was drawn, for whoever wants to know how the outputs change along it.
    steady : list of Steady
        What three values have shown of noise and curvature, here or at another place.
    measured : list
        The rays that were measured in full, with their estimates: what a diagnosis has to explain.
    """

    calls: Calls
    point: Point
    gradient: Mapping[str, Array]
    cotangent: Array
    output: Array
    value: float
    rng: np.random.Generator
    resolution: float | None
    where: str
    eps: float
    smallest: float
    claimed: Mapping[str, Spread] = field(default_factory=dict)
    first: list[Ray] = field(default_factory=list)
    steady: list[Steady] = field(default_factory=list)
    measured: list[tuple[Ray, Estimate]] = field(default_factory=list)


class Steady(NamedTuple):
    """How far off noise and curvature put a slope: at which step, and as a share of the claim's scale."""

    step: float
    off: float


@dataclass(frozen=True, slots=True, eq=False)
class Ray:
    """A direction at a place.

    Attributes
    ----------
    line : Line
        ψ(t) = ⟨v, f(x + t u)⟩.
    complex_psi : callable
        The same for complex t.
    outputs : callable
        t -> f(x + t u), flat.
    claimed, claim_error : float
        ⟨g, u⟩, and what an honest computation of g may lose of it.
    scales : ndarray of shape (k,)
        Each unit's scale under the weight it got.
    kept : mapping of t to ndarray
        The outputs that were kept.
    direction : mapping of name to Tangent or ndarray
        u.
    drawn : dict, optional
        What `tangent` has drawn for it, where that was to be kept.
    """

    line: Line
    complex_psi: Any
    outputs: Any
    claimed: float
    claim_error: float
    scales: Array
    kept: Mapping[Any, Array]
    direction: Mapping[str, Tangent | Array]
    drawn: dict[str, Any] | None = None

    def shortest(self) -> tuple[float, Array, Array]:
        """The smallest t at which the outputs are known on both sides (`STEP`, where none are), and these."""
        t = min((abs(t) for t in self.kept if t and -t in self.kept), default=STEP)
        return t, self.outputs(t), self.outputs(-t)


def ray(place: Place, units: Sequence[Unit], *, equal: bool, length: float | None = None, keeps: bool = False) -> Ray:
    """Draw a direction along ``units``.

    Parameters
    ----------
    place : Place
        Where.
    units : sequence of Unit
        What moves.
    equal : bool
        Weigh the units so that each has an equal part of the claim, as far as `LEAST_WEIGHT` allows.
    length : float, optional
        Move by this instead of each unit's size.
    keeps : bool
        The random numbers, for another direction.

    Returns
    -------
    Ray
    """
    scales, weights = [u.scale for u in units], [1.0] * len(units)
    if length is not None:
        weights = [length / u.size for u in units]
    elif equal:
        least = min(scales)
        weights = [max(least / scale, LEAST_WEIGHT) if scale else 1.0 for scale in scales]
    drawn: dict[str, Any] | None = {} if keeps else None
    sizes = [w * u.size for u, w in zip(units, weights, strict=True)]
    direction = tangent(place.rng, place.point, sizes, units, drawn)
    claimed = paired(place.gradient, direction)
    rounded = hypot(*(w * u.rounded for u, w in zip(units, weights, strict=True)))
    line, outputs, kept = along(place, direction)
    made = Ray(
        line=line,
        complex_psi=lambda t: complex(np.sum(place.cotangent * outputs(t))),
        outputs=outputs,
        claimed=claimed,
        claim_error=place.eps * (VALUE_ULPS * place.value + CLAIM_ULPS * rounded),
        scales=np.multiply(scales, weights),
        kept=kept,
        direction=direction,
        drawn=drawn,
    )
    if not place.first:
        place.first.append(made)
    return made


def along(place: Place, direction: Mapping[str, Tangent | Array]) -> tuple[Line, Any, dict[Any, Array]]:
    """ψ along ``direction``, the outputs as a function of t, and those of them that were kept, by t."""
    kept: dict[Any, Array] = {0.0: place.output}
    outputs = _outputs(place, direction, kept)
    stacks = ahead(place.calls, place.point, direction, kept) if 64 * place.output.size <= KEPT else None
    return Line(lambda t: pair(place.cotangent, outputs(t)), ahead=stacks), outputs, kept


def norm(values: Array) -> float:
    """Euclidean norm without over- or underflow."""
    if values.dtype == np.float64:
        flat = values.ravel()
        if flat.size <= FEWEST:
            return hypot(*flat.tolist())
        with np.errstate(over="ignore", under="ignore"):
            square = float(flat.dot(flat))
        if SAFE < square < 1 / SAFE:
            return sqrt(square)
    largest = float(np.max(np.abs(values), initial=0.0))
    return largest * float(np.linalg.norm(values.ravel() / largest)) if 0 < largest < np.inf else largest


def judged(v: Array) -> Any:
    """An index of the outputs whose cotangent is not 0: of all of them a slice, which copies nothing.

    Examples
    --------
    >>> judged(np.array([1.0, 0.0])), judged(np.ones(2))
    (array([ True, False]), slice(None, None, None))
    """
    return slice(None) if v.all() else v != 0


def pair(v: Array, outputs: Array) -> float:
    """⟨v, f⟩; an output with v = 0 is left out, so that what is not judged may be infinite."""
    value = dot(v, outputs)
    return value if isfinite(value) else float(np.sum(np.where(v == 0, 0.0, terms(v, outputs))))


def _outputs(place: Place, direction: Mapping[str, Tangent | Array], kept: dict[Any, Array]) -> Any:
    def outputs(t: Any) -> Array:
        if t in kept:
            return kept[t]
        there = Displaced(place.point, direction, t)
        values = place.calls.forward_quietly(dict(there) if isinstance(t, complex) else there)
        if values.shape != place.output.shape:
            raise ValueError(f"outputs changed their shape from {place.output.shape} to {values.shape}")
        if 64 * values.size <= KEPT:
            kept[t] = values
        return values

    return outputs


def one_sided(place: Place, asked: Ray) -> Estimate | None:
    """At a kink: the claim's interval when each output may take any slope between its own two.

    The two are alike, but for rounding, where an output does not bend. None where an output leaves the domain.
    """
    if place.output.dtype.kind == "c":
        return None
    steps = (2 * STEP / RHO, 2 * STEP / RHO**2)  # on the scan of the windows: there the outputs are known already
    sides = []
    for h in steps:
        right, left = (_slope(asked, place.output, s * h) for s in (1.0, -1.0))
        if not (np.isfinite(right).all() and np.isfinite(left).all()):
            return None
        sides.append((left, right))
    (left, right), (left2, right2) = sides
    v = np.where(place.cotangent == 0, 0.0, place.cotangent)
    unsure = np.maximum(np.abs(left - left2), np.abs(right - right2))
    rounding = np.spacing(np.abs(place.output)) * 2 / steps[-1]
    bar = float(np.sum(np.abs(v) * (unsure + rounding)))
    ends = np.array([v * left, v * right])
    low, high = float(ends.min(axis=0).sum()), float(ends.max(axis=0).sum())
    return Estimate(
        value=(low + high) / 2,
        interval=(low - bar, high + bar),
        truncation=bar,
        kink=(low, high),
        step=RHO * steps[0],
        passes=asked.line.passes,
        method="one-sided, output by output",
    )


def _slope(asked: Ray, at_zero: Array, h: float) -> Array:
    """One-sided slope of every output, of second order."""
    near, far = outputs_or_nan(asked, h), outputs_or_nan(asked, RHO * h)
    with np.errstate(all="ignore"):
        return np.asarray((RHO**2 * (near - at_zero) - (far - at_zero)) / ((RHO**2 - RHO) * h))


def outputs_or_nan(asked: Ray, t: float) -> Array:
    """Outputs at t, NaN where the point leaves the domain."""
    try:
        return np.asarray(asked.outputs(t))
    except OutOfBudgetError:
        raise
    except Exception:  # a point that we chose: the edge of the domain
        return np.full_like(asked.outputs(0.0), np.nan)
