"""Scene: a failed claim with all that was measured of it: what a suspected mistake has to explain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from checks.calls import quietly, unflat
from checks.laws import Ground
from checks.laws.ground import misshapen
from checks.locate import Clue
from checks.numeric.estimate import Estimate
from checks.ray import Place, Ray, norm
from checks.subject import Array, Point
from checks.tangents import pairing, values
from checks.verdict import GREY

TELLING: Final = 1e-2  # a measurement whose bar is above this share of its size tells no repair from another
ENOUGH: Final = 2  # entries that a fitted number takes


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One measured directional derivative of the tensor.

    Attributes
    ----------
    along : callable
        A gradient of the tensor -> its directional derivative ⟨g, u⟩.
    measured, bar : float
        What was measured, and how far from it a right gradient can be.
    size : float
        What a right gradient's ⟨g, u⟩ may be like: the larger of claim and measurement.
    reach : float
        Σ|g u| of the claim: what rounding in it is relative to.
    alone : bool
        One entry moved, and no other.
    slopes : tuple of ndarray or None
        J u, the outputs' derivatives along u, flat, each with its bar; None where they were not kept.
    """

    along: Callable[[Array], float]
    measured: float
    bar: float
    size: float
    reach: float
    alone: bool
    slopes: tuple[Array, Array] | None

    @property
    def tells(self) -> bool:
        """Whether it is fine enough to tell one repair from another."""
        return self.bar <= TELLING * self.size

    def fits(self, value: float) -> bool:
        """Whether a repaired ⟨g, u⟩ is the measured one."""
        return abs(value - self.measured) <= GREY * self.bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A failed claim at one place.

    Attributes
    ----------
    ground : Ground
        The laws' ground: outputs in their shapes, pullbacks.
    place : Place
        Where.
    tensor : str
        Of what.
    failed : frozenset of str
        All tensors that failed there.
    broken : frozenset of str
        The laws that did not hold.
    sights : tuple of Sight
        What was measured.
    """

    ground: Ground
    place: Place
    tensor: str
    failed: frozenset[str]
    broken: frozenset[str]
    sights: tuple[Sight, ...]

    @property
    def g(self) -> Array:
        """The claim."""
        return np.asarray(self.place.gradient[self.tensor])

    @property
    def x(self) -> Array:
        """The primal."""
        return np.asarray(self.place.point[self.tensor])

    @property
    def output(self) -> Array | None:
        """The output at the place, in its shape; None where there are several, or where it is not real."""
        y = self.ground.output
        if isinstance(y, Mapping) or self.place.output.dtype.kind != "f":
            return None
        return self.place.output.reshape(np.shape(y))

    @property
    def upstream(self) -> Array | None:
        """The cotangent, in the output's shape; None where there are several outputs."""
        y = self.output
        return None if y is None else self.place.cotangent.reshape(y.shape)

    @property
    def telling(self) -> int:
        """How many of the measurements are fine enough to tell one repair from another."""
        return sum(s.tells for s in self.sights)

    def pull(self, said: str, cotangent: Array, elsewhere: Point | None = None) -> Array | None:
        """The claim for another cotangent, or with other primals in the place of some; None where there is none.

        Asked once under the name ``said``, for all tensors.
        """
        own, like = self.ground.point, self.ground.output

        def go() -> Mapping[str, Any]:
            point = {
                n: np.asarray(x).astype(own[n].dtype) for n, x in {**self.place.point, **(elsewhere or {})}.items()
            }
            try:
                with quietly():
                    return self.ground.calls.pullback(point, unflat(cotangent, like))
            except Exception:  # a cotangent that we chose
                return {}

        g = self.ground.once(f"{said}, {self.place.where}", go).get(self.tensor)
        return None if g is None or misshapen(own[self.tensor], g) else np.asarray(g)

    def fit(self, base: Array, part: Array) -> float | None:
        """The c for which base + c·part agrees with all that was measured; None where none does, or any would."""
        low, high = -np.inf, np.inf
        for s in self.sights if self.g.size >= ENOUGH else ():
            if p := s.along(part):
                ends = sorted((s.measured - s.along(base) + side * GREY * s.bar) / p for side in (-1, 1))
                low, high = max(low, ends[0]), min(high, ends[1])
        return (low + high) / 2 if low <= high and np.isfinite(low + high) else None

    def explains(self, g: Array) -> bool:
        """Whether the gradient ``g`` agrees with everything that was measured."""
        return bool(self.sights) and all(s.fits(s.along(g)) for s in self.sights)


def sights(place: Place, tensor: str, failed: Collection[str], clues: Iterable[Clue]) -> tuple[Sight, ...]:
    """Everything measured at ``place`` that speaks of ``tensor`` and of no other gradient that failed."""
    made = [_of_ray(place, tensor, asked, seen) for asked, seen in place.measured if _of(asked, tensor, failed)]
    made += [_of_clue(place, tensor, clue) for clue in clues]
    return tuple(s for s in made if np.isfinite(s.bar))


def _of(asked: Ray, tensor: str, failed: Collection[str]) -> bool:
    return tensor in asked.direction and not any(n in failed for n in asked.direction if n != tensor)


def _of_ray(place: Place, tensor: str, asked: Ray, seen: Estimate) -> Sight:
    u = asked.direction[tensor]
    rest = {n: w for n, w in asked.direction.items() if n != tensor}
    elsewhere = sum(pairing(place.gradient[n], w) for n, w in rest.items())
    bar = np.inf if seen.kink else seen.bar + asked.claim_error
    size = max(abs(seen.value), abs(asked.claimed))
    known = slopes(place, asked.kept) if not rest else None
    reach = pairing(np.abs(place.gradient[tensor]), np.abs(values(u)))
    return Sight(
        lambda g: pairing(g, u), seen.value - elsewhere, bar, size, reach, place.gradient[tensor].size == 1, known
    )


def _of_clue(place: Place, tensor: str, clue: Clue) -> Sight:
    seen = clue.answer
    size = max(abs(seen.measured), abs(seen.claimed))
    reach = clue.reach(np.asarray(place.gradient[tensor]))
    return Sight(clue.along, seen.measured, seen.bar, size, reach, clue.region.n == 1, slopes(place, clue.kept))


def slopes(place: Place, kept: Mapping[Any, Array]) -> tuple[Array, Array] | None:
    """Each output's derivative along the direction and its bar, from outputs that were kept on both sides."""
    real = [t for t in kept if isinstance(t, float) and t > 0 and -t in kept]
    if place.output.dtype.kind != "f" or len(real) < 2:
        return None
    best: tuple[Array, Array] | None = None
    ts = sorted(real)
    with np.errstate(all="ignore"):
        threes = [(kept[t] - kept[-t]) / (2 * t) for t in ts]
        ulp = np.spacing(np.abs(place.output))
        for (a, near), (b, far) in zip(
            zip(ts, threes, strict=True), list(zip(ts, threes, strict=True))[1:], strict=False
        ):
            value = (b * b * near - a * a * far) / (b * b - a * a)
            bar = np.abs(value - near) + 2 * ulp / a
            if np.isfinite(value + bar).all() and (best is None or norm(bar) < norm(best[1])):
                best = (value, bar)
    return best
