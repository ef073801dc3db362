"""Noise: what the forward changes between two calls, and how much a right pullback may then change."""

from __future__ import annotations

from typing import Final

import numpy as np

from checks.calls import flat
from checks.laws.ground import Ground
from checks.probes import size
from checks.subject import Array

REORDERED: Final = 16.0
"""A sum of n terms in another order moves by about √n units in the last place of its largest terms; this many times."""
CONDITION: Final = 100.0
"""A pullback may be this many times noisier than its forward."""


def noise(ground: Ground) -> float:
    """How much the outputs change between two calls at the same point, relative to their size."""

    def again() -> float:
        first, second = flat(ground.output), flat(ground.calls.forward(ground.point))
        if first.shape != second.shape:
            return float("inf")
        finite = np.isfinite(first) & np.isfinite(second)
        if not np.array_equal(np.isfinite(first), np.isfinite(second)):
            return float("inf")
        if np.array_equal(first[finite], second[finite]):
            return 0.0
        return size(second[finite] - first[finite]) / size(first[finite])

    found: float = ground.once("forward again", again)
    return found


def last_bits(ground: Ground, g: Array, change: float) -> bool:
    """Whether a ``change`` of ``g``, relative to its largest entry, is rounding or the forward's own noise."""
    terms = max(ground.cotangent.size, *(x.size for x in ground.point.values()))
    eps = max(float(np.finfo(g.dtype).eps) if g.dtype.kind in "fc" else 0.0, ground.calls.subject.eps)
    return change <= REORDERED * eps * float(np.sqrt(terms)) or change <= CONDITION * noise(ground)


def plausible(ground: Ground, name: str, sample: float) -> bool:
    """Whether a ``sample`` of rounding can be one: at most half the digits, of what the gradient is made of, are lost.

    That is the gradient itself, or, where all of it cancels, what ⟨v, f⟩ is made of, per unit of the primal.
    """
    g = np.asarray(ground.gradient[name])
    eps = max(float(np.finfo(g.dtype).eps) if g.dtype.kind in "fc" else 0.0, ground.calls.subject.eps)
    whole = g.dtype.kind == "c" or not g.size
    largest = float(np.max(np.abs(g), initial=0.0)) if whole else max(abs(float(g.max())), abs(float(g.min())))
    terms: float = ground.once("terms of ⟨v, f⟩", lambda: _terms(ground))
    made_of = max(largest, terms / size(ground.point[name]))
    return sample <= float(np.sqrt(eps)) * made_of or sample <= CONDITION * noise(ground) * largest


def _terms(ground: Ground) -> float:
    """Σ|v·f|."""
    values = np.where(ground.cotangent == 0, 0, flat(ground.output))
    return float(np.sum(np.abs(ground.cotangent * values)))
