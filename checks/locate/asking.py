"""Asking: one directional derivative over a region, and whether the claim is right there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from checks.locate.region import Region
from checks.numeric.line import Line
from checks.numeric.quick import AT, agree
from checks.numeric.windows import windows
from checks.probes import MAGNITUDE_RMS, rms, signed
from checks.ray import CLAIM_ULPS, VALUE_ULPS, Place, along
from checks.subject import Array
from checks.tangents import pairing

CLEAR: Final = 4.0  # an error of this many bars is one
FINE: Final = (
    1e-3  # a right region's bar is at most this share of the error that is looked for, where the forward allows
)
FIRST: Final = 1e-4  # step of the first stencil, in sizes of what moves; afterwards what served best
STEPS: Final = (1e-7, 0.03)  # the shortest and the longest
ULPS: Final = 4  # what the forward's own rounding does to a five-point value, in ulps of ψ's terms over h
STRAIGHT: Final = 1e-3  # of an error: what a bend within the stencil, such as a kink, may add to its value
BENDS: Final = 8  # and it is told from rounding above this many times what that does to the value
RETRIES: Final = 2  # other steps before a full measurement
REMEMBERED: Final = 200_000  # outputs are kept for so many numbers, four or more times over


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one directional derivative says of a region.

    Attributes
    ----------
    claimed, measured, bar : float
        Along the direction, in units of ψ per unit of t.
    """

    claimed: float
    measured: float
    bar: float

    @property
    def error(self) -> float:
        """Claimed less measured."""
        return self.claimed - self.measured

    @property
    def wrong(self) -> bool:
        """Whether the claim is wrong there, for certain."""
        return abs(self.error) > CLEAR * self.bar

    @property
    def right(self) -> bool:
        """Whether the measurement supports the claim."""
        return abs(self.error) <= self.bar

    def less(self, other: Answer) -> Answer:
        """What is left for the rest of the region, when ``other`` was the answer for a part of it."""
        bar = self.bar + other.bar
        return Answer(claimed=self.claimed - other.claimed, measured=self.measured - other.measured, bar=bar)

    def per(self, u: float) -> Answer:
        """The same per unit of the primal, where one entry moved by ``u``."""
        return Answer(claimed=self.claimed / u, measured=self.measured / u, bar=self.bar / abs(u))


class Asks(Protocol):
    """Whatever answers: for the search alone."""

    asked: int

    def ask(self, region: Region, ramp: int | None = None) -> Answer:
        """The answer along the present direction; with ``ramp``, weighed from 1 to 2 along that axis of the region."""

    def renew(self) -> None:
        """Draw another direction."""

    def length(self, index: tuple[int, ...]) -> float:
        """How far one entry moves along the present direction."""


@dataclass(frozen=True, slots=True, eq=False)
class Clue:
    """One measured directional derivative, kept for the diagnosis.

    Attributes
    ----------
    u : ndarray
        The direction over the whole tensor.
    region : Region
        Where it moves.
    ramp : int or None
        The axis along which it was weighed.
    answer : Answer
        What came of it.
    kept : mapping of t to ndarray
        Outputs that were kept.
    """

    u: Array
    region: Region
    ramp: int | None
    answer: Answer
    kept: Mapping[Any, Array]

    def along(self, g: Array) -> float:
        """⟨g, u⟩ for another gradient ``g`` of the tensor's shape."""
        return pairing(g[self.region.index], _moves(self.u, self.region, self.ramp))

    def reach(self, g: Array) -> float:
        """Σ|g u|."""
        return pairing(np.abs(g[self.region.index]), np.abs(_moves(self.u, self.region, self.ramp)))


class Questions:
    """Asks at a place, of one tensor, with as few forward passes as its forward allows.

    Attributes
    ----------
    asked : int
        Directional derivatives so far.
    clues : list of Clue
        All of them.
    """

    def __init__(self, place: Place, tensor: str, size: float, rng: np.random.Generator, *, quiet: bool) -> None:
        self.place, self.tensor, self.size, self.rng, self.quiet = place, tensor, size, rng, quiet
        self.asked, self.clues = 0, list[Clue]()
        self.step, self.looked_for = FIRST, 0.0
        self.g = np.asarray(place.gradient[tensor])
        self.typical = rms(self.g)
        self.renew()

    def renew(self) -> None:
        """Draw another direction over the whole tensor."""
        x = self.place.point[self.tensor]
        self.u = self.size * signed(self.rng, x.shape)
        if x.dtype.kind == "c":
            self.u = self.u + 1j * self.size * signed(self.rng, x.shape)

    def length(self, index: tuple[int, ...]) -> float:
        """How far one entry moves along the present direction."""
        return float(np.real(self.u[index]))

    def ask(self, region: Region, ramp: int | None = None) -> Answer:
        """One directional derivative over ``region``."""
        self.asked += 1
        moves = _moves(self.u, region, ramp)
        direction = np.zeros(self.u.shape, dtype=self.u.dtype)
        direction[region.index] = moves
        place = self.place
        claimed = pairing(self.g[region.index], moves)
        rounded = self.typical * self.size * MAGNITUDE_RMS * float(np.sqrt(region.n))
        slack = place.eps * (VALUE_ULPS * place.value + CLAIM_ULPS * rounded)
        line, _, kept = along(place, {self.tensor: direction})
        measured, bar = self._measured(line, claimed, slack)
        answer = Answer(claimed=claimed, measured=measured, bar=bar + slack)
        self.looked_for = self.looked_for or abs(answer.error)
        remembers = len(self.clues) * place.output.size <= REMEMBERED
        self.clues.append(Clue(self.u, region, ramp, answer, kept if remembers else {}))
        return answer

    def _measured(self, line: Line, claimed: float, slack: float) -> tuple[float, float]:
        """Value and bar: by the quick stencil, at the step that served before, or at others; else by windows."""
        for _ in range(1 + RETRIES if self.quiet else 0):
            h = self.step
            far, near, after, beyond, here = line([*(h * AT), 0.0]).tolist()  # the last one is known
            seen = agree(np.array([[far, near, after, beyond]]), np.zeros(1), 0.0, h)
            value, own = float(seen.value[0]), ULPS * float(np.spacing(self.place.value)) / h
            rounding, bar = float(seen.rounding[0]) + own, float(seen.bar[0]) + own
            if not np.isfinite(value + bar):
                self.step = max(h / 64, STEPS[0])
                continue
            self.step = _better(h, bar - rounding, rounding)
            error, bend = abs(claimed - value), abs(far + beyond - 4 * (near + after) + 6 * here) / (4 * h)
            if error <= bar + slack and bar <= FINE * self.looked_for:
                return value, bar
            if error > CLEAR * (bar + slack):
                if bend <= max(STRAIGHT * error, BENDS * own):
                    return value, bar
                self.step = min(self.step, h / 8)
            if self.step == h:
                break
        beside = None if self.looked_for == 0.0 else min(max(self.step, 1e-6), 1e-2)
        estimate = windows(line, smallest=self.place.smallest, near=beside)
        if beside and not estimate.bar < FINE * self.looked_for:
            estimate = windows(line, smallest=self.place.smallest)
        return (estimate.value, estimate.bar) if np.isfinite(estimate.bar) else (0.0, np.inf)


def _better(h: float, truncation: float, rounding: float) -> float:
    """The step at which truncation and rounding would be alike, at most 8 times shorter or longer."""
    factor = (rounding / max(2 * truncation, 1e-3 * rounding)) ** (1 / 3) if 1e-3 * rounding > 0 else 1.0
    return float(min(max(h * min(max(factor, 1 / 8), 8.0), STEPS[0]), STEPS[1]))


def _moves(u: Array, region: Region, ramp: int | None) -> Array:
    """The direction over the region's box."""
    moves = np.asarray(u[region.index])
    if ramp is not None:
        moves = moves * weights(region, ramp)
    return moves if region.mask is None else np.where(region.mask[region.index], moves, 0.0)


def weights(region: Region, axis: int) -> Array:
    """From 1 to 2 along ``axis``, so that one wrong index there shows in the ratio of two answers."""
    length = region.lengths[axis]
    ramp = 1 + np.arange(length) / length
    return ramp.reshape([length if a == axis else 1 for a in range(len(region.box))])
