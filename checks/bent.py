"""Bent: outputs that a kink nearby bends are looked at closer, the others where their rounding is small.

In a wide network a kink within the stencil bends the outputs of one example and leaves those of the others alone. The
fewer they are, the less is their rounding, so that they may be asked for at a step at which that of all together would
hide what is looked for.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.numeric.quick import AT
from checks.probes import size
from checks.ray import Place, Ray, norm
from checks.subject import Array

CURVED: Final = 32  # a smooth output bends by less than this many times h of its slope
QUIET: Final = 16  # a forward's own rounding is taken to stay below this many ulps of its value
LEAST: Final = 0.1  # a slope counts as no less than this share of the usual one: where it is 0, curvature is not
CLOSE: Final = (0.125, 0.5)  # their step: their part of all rounding, in first steps, times something in between
WITHIN: Final = 0.45  # two of their steps stay this side of the kink


class Bends(NamedTuple):
    """Which of the judged outputs bend; how near 0 the nearest of their kinks is, in steps of the stencil.

    Noise bends ``most`` of them; one alone says nothing of it.
    """

    which: NDArray[np.bool_]
    kink: float
    most: bool


def bent(place: Place, asked: Ray, first: float) -> Bends | None:
    """What bends within a stencil of step ``first``; None where nothing does, or outputs were not kept."""
    if any(first * at not in asked.kept for at in AT) or place.output.dtype.kind != "f":
        return None
    v, still, seen = _seen(place, asked, first)
    which = _bend(v * seen, v * still, first) > 0
    if not which.any():
        return None
    near, far = (np.abs((v * (seen[k] + seen[3 - k]))[which]) for k in (1, 0))
    with np.errstate(all="ignore"):  # the bend of each output grows from its own kink on
        kinks = np.where(far > 2 * near, (far - 2 * near) / (far - near), 0.0)
    return Bends(which, float(kinks.min()), 2 * int(np.count_nonzero(which)) > max(which.size, 2))


def mixed(place: Place, asked: Ray, first: float, bends: Bends) -> tuple[float, Array] | None:
    """Values at ±r, ±2r of a ψ whose bent outputs are those seen there, the others those seen at ``first``.

    Parameters
    ----------
    place : Place
        Where.
    asked : Ray
        Along what; its outputs at the four values of the first stencil were kept.
    first : float
        The step of that.
    bends : Bends
        What `bent` says of it.

    Returns
    -------
    tuple of float and ndarray of shape (4,), or None
        r, and the values: outputs that do not bend go along their chords, f(0) + (f(k·first) − f(0)) r/first. None
        where some bend so near 0 that rounding hides what is this side of it. Their part of all rounding is no less
        than their number tells: their values may be 0 at the point.
    """
    v, still, seen = _seen(place, asked, first)
    which = bends.which
    part = max(norm(v[which] * still[which]) / (norm(v * still) or 1.0), float(np.sqrt(which.mean())))
    r = first * min(CLOSE[1] * part, WITHIN * bends.kink)
    if r < first * CLOSE[0] * part:
        return None
    chords = seen[:, ~which] @ v[~which] * (r / first)
    judged = place.cotangent != 0
    closer = np.array([asked.outputs(r * at)[judged][which] for at in AT]) - still[which]
    return r, float(v @ still) + chords + closer @ v[which]


def _seen(place: Place, asked: Ray, first: float) -> tuple[Array, Array, Array]:
    """Of the judged outputs: the cotangent, the values, and the changes at the four values of the first stencil."""
    judged = place.cotangent != 0
    still = place.output[judged]
    return place.cotangent[judged], still, np.array([asked.kept[first * at][judged] for at in AT]) - still


def _bend(seen: Array, still: Array, h: float) -> Array:
    """How far the second difference of each output, or its two slopes, tell of a kink within ±2h: above 0 they do."""
    low, near_low, near, high = seen
    slope = np.abs(high - low) / 4
    curved = CURVED * h * np.maximum(slope, LEAST * size(slope))
    rounding = QUIET * np.spacing(np.abs(still))
    second = np.abs(near + near_low) - rounding - curved
    third = np.abs((near - near_low) - (high - low) / 2) - rounding - CURVED * h * curved
    return np.asarray(np.maximum(second, third))
