"""Aside: claimed zeros, displaced along with a direction that others are measured along: both for one forward pass.

Where three values show a slope and how far off it is, the furthest of them may as well be of a point whose claimed
zeros are moved, by far more. If they are zeros it is what it would be without; if not, it is off the cubic through the
others, and with it the slope. What is left of that third difference is all that a zero can hide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from checks.displaced import Displaced
from checks.numeric.estimate import Estimate
from checks.numeric.line import OutOfBudgetError
from checks.ray import KEPT, Place, Ray, pair
from checks.still import reaches
from checks.subject import Array
from checks.units import Unit, tangent
from checks.verdict import Evidence, Outcome, Verdict, judge

ROUNDING: Final = 64
"""Third differences of more units in the outputs' last places than this are no mere rounding: 10 to 30 of them are what
networks of 1e4 to 1e6 numbers come to. Zeros have a direction of their own then."""


def with_zeros(place: Place, asked: Ray, h: float, zeros: Sequence[Unit]) -> tuple[Array, Estimate | None] | None:
    """ψ at −h, h and 2h, the last with claimed zeros displaced, and what that says of their slope, if anything.

    None where they cannot be: there are none, outputs are too many to be kept, or the point is outside the domain.
    """
    if not zeros or 64 * place.output.size > KEPT:
        return None
    reach = reaches(sum(u.entries for u in zeros))[0]
    also = tangent(place.rng, place.point, [u.size for u in zeros], zeros)
    near, far = asked.line([-h, h]).tolist()
    try:
        values = place.calls.forward_quietly(Displaced(Displaced(place.point, asked.direction, 2 * h), also, reach))
    except OutOfBudgetError:
        raise
    except Exception:  # a point that we chose: the edge of the domain
        return None
    if values.shape != place.output.shape:
        return None
    three = np.array([near, far, pair(place.cotangent, values)])
    judged = place.cotangent != 0
    v, still, left, right, beyond = (
        a[judged] for a in (place.cotangent, place.output, asked.outputs(-h), asked.outputs(h), values)
    )
    ulps = float(np.abs(v) @ np.spacing(np.abs(still)))
    hidden = float(np.abs(v) @ np.abs(beyond - 3 * right + 3 * still - left))
    if not hidden <= ROUNDING * ulps:  # NaN is not
        return three, None
    bar = (hidden + ulps) / reach
    words = f"as if it stood still for 0 ≤ t ≤ {reach:g}"
    estimate = Estimate(value=0.0, interval=(-bar, bar), rounding=bar, step=reach, method="flat", flags=(words,))
    return three, estimate


def judged(place: Place, asked: Ray, zeros: Sequence[Unit], estimate: Estimate | None) -> dict[str, Verdict]:
    """The verdicts of the zeros that pass by it; the others are asked alone."""
    if estimate is None:
        return {}
    about = {"law": "adjoint", "claimed": 0.0, "estimate": estimate, "where": place.where}
    made = (Evidence(tensor=u.label, scale=u.scale, claim_error=asked.claim_error, **about) for u in zeros)  # type: ignore[arg-type]  # of several types
    verdicts = (judge(evidence, place.resolution) for evidence in made)
    return {v.tensor: v for v in verdicts if v.outcome is Outcome.PASS}
