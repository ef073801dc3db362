"""Aside: claimed zeros, displaced along with a direction that others are measured along: both for one forward pass.

Where three values show a slope and how far off it is, the furthest of them may as well be of a point whose claimed
zeros are moved, by far more. If they are zeros it is what it would be without; if not, it is off the cubic through the
others, and with it the slope. What is left of that third difference is all that a zero can hide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from checks.displaced import Displaced
from checks.numeric.estimate import Estimate
from checks.numeric.line import OutOfBudgetError
from checks.ray import KEPT, Place, Ray, judged, pair
from checks.still import reaches
from checks.subject import Array
from checks.units import Unit, tangent
from checks.verdict import Evidence, Outcome, Verdict, judge

ROUNDING: Final = 64
"""Third differences of more units in the outputs' last places than this are no mere rounding: 10 to 30 of them are what
networks of 1e4 to 1e6 numbers come to. Zeros have a direction of their own then."""


class Along(NamedTuple):
    """What one direction shows where claimed zeros are displaced along with it.

    Attributes
    ----------
    three : ndarray of shape (3,)
        ψ at −h, h and 2h, the last with the zeros displaced.
    zeros : mapping of label to Verdict
        Those that pass by it.
    """

    three: Array
    zeros: dict[str, Verdict]


def with_zeros(place: Place, asked: Ray, h: float, zeros: Sequence[Unit], near: float) -> Along | None:
    """Three values along a direction, the last with claimed zeros displaced; None where that is of no use.

    There are none, outputs are too many to be kept, the slope of two values is not within ``near`` of the claimed one,
    so that no third one will settle it, or the point is outside the domain.
    """
    if not zeros or 64 * place.output.size > KEPT:
        return None
    left, right = asked.line([-h, h]).tolist()
    if not abs((right - left) / (2 * h) - asked.claimed) <= near:
        return None
    reach = reaches(sum(u.entries for u in zeros))[0]
    also = tangent(place.rng, place.point, [reach * u.size for u in zeros], zeros, asked.drawn)
    try:
        values = place.calls.forward_quietly(Displaced(Displaced(place.point, asked.direction, 2 * h), also))
    except OutOfBudgetError:
        raise
    except Exception:  # a point that we chose: the edge of the domain
        return None
    if values.shape != place.output.shape:
        return None
    three = np.array([left, right, pair(place.cotangent, values)])
    hidden, ulps = _third(place, asked, h, values)
    if not hidden <= ROUNDING * ulps:  # NaN is not
        return Along(three, {})
    bar = (hidden + ulps) / reach
    words = f"as if it stood still for 0 ≤ t ≤ {reach:g}"
    estimate = Estimate(value=0.0, interval=(-bar, bar), rounding=bar, step=reach, method="flat", flags=(words,))
    made = (Evidence("adjoint", u.label, 0.0, estimate, u.scale, asked.claim_error, place.where) for u in zeros)
    verdicts = (judge(evidence, place.resolution) for evidence in made)
    return Along(three, {v.tensor: v for v in verdicts if v.outcome is Outcome.PASS})


def _third(place: Place, asked: Ray, h: float, beyond: Array) -> tuple[float, float]:
    """Σ|v| times the outputs' third differences, with those ``beyond`` at 2h; and times their last places' units."""
    at = judged(place.cotangent)
    v, still = np.abs(place.cotangent[at]), place.output[at]
    left, right = asked.outputs(-h)[at], asked.outputs(h)[at]
    third = beyond[at] - 3 * right + 3 * still - left
    return float(v @ np.abs(third)), float(v @ np.spacing(np.abs(still)))
