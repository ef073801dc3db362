"""Faint: claims below the last places of what the function is, which count as zeros, beside the slope that is there.

In a coarse dtype an honest backward may lose so much: a gradient that is truly zero is claimed as such noise. Where the
forward is measured in double precision, and moves by about what is claimed, only not so, the claim is noise or wrong:
it is not passed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from checks.numeric.estimate import Estimate
from checks.quickly import DOUBLE
from checks.ray import Place, Ray, ray
from checks.units import Unit
from checks.verdict import COARSEST, Outcome, Verdict

DIRECTIONS: Final = 2  # one alone agrees with a wrong claim now and then


def beside_what_is_there(
    place: Place, units: Sequence[Unit], found: Mapping[str, Verdict], full: Callable[[Place, Ray], Estimate]
) -> dict[str, Verdict]:
    """The verdicts of units that passed as zeros and claim something, where the forward moves by as much.

    Parameters
    ----------
    place : Place
        Where.
    units : sequence of Unit
        Those that counted as zeros, each with its own scale.
    found : mapping of label to Verdict
        What they got.
    full : callable
        A full measurement of one direction.
    """
    seen = place.output.dtype.kind in "fc" and np.finfo(place.output.dtype).eps <= DOUBLE < place.eps
    asked = [u for u in units if seen and u.scale and u.label in found and found[u.label].outcome is Outcome.PASS]
    return {u.label: _beside(place, u, found[u.label], full) for u in asked}


def _beside(place: Place, unit: Unit, verdict: Verdict, full: Callable[[Place, Ray], Estimate]) -> Verdict:
    """The verdict, where the forward hardly moves; else what the claim comes to beside the slopes that are measured."""
    worst = 0.0
    for _ in range(DIRECTIONS):
        along = ray(place, [unit], equal=False)
        e, scale = full(place, along), float(along.scales[0])
        if abs(e.value) <= max(e.bar, COARSEST * scale):
            continue
        off = abs(along.claimed - e.value)
        if off + e.bar > worst * scale:
            worst = (off + e.bar) / scale
            verdict = replace(verdict, claimed=along.claimed, estimate=e, scale=scale, resolution=worst)
    if worst <= COARSEST:
        return verdict
    return replace(
        verdict,
        outcome=Outcome.INCONCLUSIVE,
        reason="it disagrees, by no more than the last places of the value in the dtype of the claim",
        remedy="compute the gradient in float64",
    )
