"""One window: the points of one scale, the models that they can carry, and the narrowest of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checks.numeric.constants import Constants
from checks.numeric.models import models
from checks.numeric.scan import TOP, Grid

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """The narrowest model on one window.

    ``lower`` and ``upper`` hold ψ′(0); ``slopes`` are the two one-sided ones with their ``bars``; ``parts`` are
    truncation, rounding and noise; ``rms`` is the noise seen; ``h`` is in units of t.
    """

    h: float
    lower: float
    upper: float
    slopes: tuple[float, float]
    bars: tuple[float, float]
    parts: tuple[float, float, float]
    rms: float
    dof: float
    points: int
    bends: bool

    @property
    def width(self) -> float:
        """Length of the interval."""
        return self.upper - self.lower


def fit(seen: Grid, h: float, constants: Constants, level: float = 0.0) -> Window | None:
    """The narrowest model on the window at ``h`` (in units of TOP); None where it holds too little.

    A residual above the ``level`` of the noise that finer windows show counts for more, by as much as it is above it.
    """
    size = np.abs(seen.places)
    inside = (size <= h) & ((size >= h / constants.span) | (size == 0))
    frozen = (size > 0) & (size * TOP <= seen.tied)  # a window that reaches into the plateau sees little but the grid
    places, values = seen.places[inside], seen.values[inside]
    if (inside & frozen).any() or len(places) < constants.min_calm or _stuck(places, values) > constants.stuck:
        return None
    fits = models(tuple((places / h).tolist()), constants)
    if fits is None:
        return None
    unit = float(np.ldexp(1.0, int(np.frexp(np.abs(values).max())[1])))  # squares neither over- nor underflow
    missed = fits.residuals @ (values / unit)
    residual = unit * np.linalg.norm(missed, axis=1)
    rms = unit * np.linalg.norm(fits.jitters @ (values / unit), axis=1) / np.sqrt(fits.dof)
    noise = (fits.student * rms)[:, None] * fits.l2
    whole = np.maximum(rms, residual / np.sqrt(fits.spare))  # a kink close to 0 leaves most in the symmetric part
    excess = np.maximum(1.0, whole / level) if level else np.ones_like(rms)  # structure: there may be more of it
    spread = np.maximum(noise, constants.gamma * fits.misled * (excess * residual)[:, None])
    bars = (spread + seen.floor * fits.l1) / (h * TOP)
    slopes = fits.slopes @ values / (h * TOP)
    if len(places) >= constants.min_points:
        bars[missed[:, places == 0][:, 0] ** 2 > constants.alone * (missed**2).sum(axis=1)] = np.inf
    lower, upper = (slopes - bars).min(axis=1), (slopes + bars).max(axis=1)
    best = int((upper - lower).argmin())
    worst = int(bars[best].argmax())
    if not np.isfinite(bars[best, worst]):
        return None
    noisy = float(noise[best, worst] / (h * TOP))
    rounding = float(seen.floor * fits.l1[best, worst] / (h * TOP))
    return Window(
        h=h * TOP,
        lower=float(lower[best]),
        upper=float(upper[best]),
        slopes=(float(slopes[best, 0]), float(slopes[best, 1])),
        bars=(float(bars[best, 0]), float(bars[best, 1])),
        parts=(max(float(bars[best, worst]) - noisy - rounding, 0.0), rounding, noisy),
        rms=float(rms[best]),
        dof=float(fits.dof[best]),
        points=len(places),
        bends=bool(fits.bends[best]),
    )


def _stuck(places: Array, values: Array) -> float:
    """Share of equal neighbours on the side of 0 that has fewer of them."""
    equal = np.diff(values) == 0
    left = places[:-1] < 0
    return min(float(side.mean()) for side in (equal[left], equal[~left]) if side.size)
