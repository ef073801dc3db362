"""REGIMES: what numbers a drawn network is made of, a row a regime; every number comes from the given generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Generator = np.random.Generator
Shape = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Regime:
    """How one regime draws.

    Parameters
    ----------
    entries : callable
        (rng, shape) -> the entries of W, b or x before they are scaled.
    reach : tuple of float
        Between which sizes the largest |z| of each layer is brought, by a power of two, so that no digit is lost.
    shrinks : bool
        Whether it is only ever brought down, so that small whole numbers stay whole.
    empties : bool
        Whether some whole tensors are zero.
    bends : bool
        Whether one z of each layer that bends is put at a known small distance from a kink.
    """

    entries: Callable[[Generator, Shape], Array]
    reach: tuple[float, float] = (0.5, 4.0)
    shrinks: bool = False
    empties: bool = False
    bends: bool = False


def _normal(rng: Generator, shape: Shape) -> Array:
    return rng.standard_normal(shape)


def _sparse(rng: Generator, shape: Shape) -> Array:
    return rng.standard_normal(shape) * (rng.random(shape) < 0.4)


def _ties(rng: Generator, shape: Shape) -> Array:
    return rng.choice(np.array([-1.0, -0.5, 0.5, 0.5, 1.0]), size=shape)


def _mixed(rng: Generator, shape: Shape) -> Array:
    return rng.standard_normal(shape) * 10.0 ** rng.uniform(-4, 2, size=(shape[0], 1))


def _integers(rng: Generator, shape: Shape) -> Array:
    return rng.integers(-3, 4, size=shape).astype(float)


REGIMES: Final[dict[str, Regime]] = {
    "typical": Regime(_normal),
    "saturated": Regime(_normal, reach=(4.0, 40.0)),
    "tiny": Regime(_normal, reach=(1e-12, 1e-3)),
    "huge": Regime(_normal, reach=(1e2, 1e8)),
    "sparse": Regime(_sparse),
    "exact zeros": Regime(_sparse, empties=True),
    "ties": Regime(_ties),
    "near a kink": Regime(_normal, bends=True),
    "mixed scales": Regime(_mixed),
    "integers as floats": Regime(_integers, reach=(16.0, 64.0), shrinks=True),
}


def _strided(array: Array) -> Array:
    rows, columns = array.shape
    apart = np.zeros((2 * rows, 3 * columns))[::2, ::3]
    apart[...] = array
    return apart


LAYOUTS: Final[dict[str, Callable[[Array], Array]]] = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": _strided,
}
"""How the same numbers lie in memory."""


def _real(rng: Generator, a: Array) -> Array:
    # near the output or far from it, never on it; not so near that the residual has no digits left
    draw = rng.uniform(-1.0, 1.0, size=a.shape)
    largest = float(np.abs(a).max())
    size = (largest or 1.0) if rng.random() < 0.5 else max(1.0, largest / 1024)
    return a + (draw + np.copysign(0.1, draw)) * size


def _probability(rng: Generator, a: Array) -> Array:
    y = rng.random(a.shape)
    return np.asarray(np.where(y < 0.2, 0.0, np.where(y > 0.8, 1.0, y)))


def _distribution(rng: Generator, a: Array) -> Array:
    if rng.random() < 0.5:
        return np.eye(len(a))[:, rng.integers(len(a), size=a.shape[1])]
    y = rng.exponential(size=a.shape)
    return np.asarray(y / y.sum(axis=0))


TARGETS: Final[dict[str, Callable[[Generator, Array], Array]]] = {
    "real": _real,
    "probability": _probability,
    "distribution": _distribution,
    "sign": lambda rng, a: rng.choice(np.array([-1.0, 1.0]), size=a.shape),
    "count": lambda rng, a: rng.poisson(2.0, size=a.shape).astype(float),
}
"""(rng, a^L) -> y, for each kind of target that a loss row asks for."""
