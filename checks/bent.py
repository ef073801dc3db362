"""Bent: an output that a kink nearby bends is followed on the side of the kink that 0 is on, or looked at closer.

In a wide network a kink within the stencil bends the outputs of one example and leaves those of the others alone. Up to
its kink an output is smooth, so that three or four neighbouring values, 0 among them and no kink between them, tell its
slope as well as all five: from these it is continued beyond the kink, and no pass is spent. That no kink is between
them their second difference shows: it is no more than curvature makes it. Only where kinks are on both sides of 0, or
too near it to tell on which, are outputs asked for closer. The fewer they are, the less is their rounding, so that this
may be at a step at which that of all together would hide what is looked for.
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
FEW: Final = 4  # noise is not read off fewer outputs than this
NOISY: Final = 3  # an output may be off by so many times the noise that others show


def _through(*nodes: int) -> Array:
    """Weights of the values at −2h, −h, h, 2h in the polynomial through those at ``nodes``, there; it is 0 at 0."""
    made = np.zeros((len(AT), len(AT)))
    weights = np.rint(np.vander(AT, len(nodes)) @ np.linalg.inv(np.vander(nodes, len(nodes))))
    for node, column in zip(nodes, weights.T, strict=True):
        made[:, node == AT] = column[:, None]
    return made


_ABOUT: Final = _through(-1, 0, 1)
_THREES: Final = (_through(-2, -1, 0), _ABOUT, _through(0, 1, 2))
_FOURS: Final = (_through(-2, -1, 0, 1), _through(-1, 0, 1, 2))


class Bends(NamedTuple):
    """What bends within a stencil.

    Attributes
    ----------
    changes : ndarray of shape (4, m)
        Of the m judged outputs, from 0 to the values of the stencil, if each went on as on the side of 0 of its kink.
    values : ndarray of shape (4,)
        What ψ would then be.
    which, left : ndarray of bool, shape (m,)
        Those that bend; those of them of which that side is not known.
    kink : float
        About how near 0 the kinks of those left lie, or else of all that bend, in steps of the stencil.
    most : bool
        Noise bends most of them; one alone says nothing of it.
    unsure : float
        How far off the slope may be that ``values`` tell, by the noise of outputs of which no more than three values
        are on this side of the kink: it is read off the third differences of the others; infinite where these are few.
    noise : float
        That of one output of a usual size, or infinite.
    """

    changes: Array
    values: Array
    which: NDArray[np.bool_]
    left: NDArray[np.bool_]
    kink: float
    most: bool
    unsure: float
    noise: float


def bent(place: Place, asked: Ray, first: float) -> Bends | None:
    """What bends within a stencil of step ``first``; None where nothing does, or outputs were not kept."""
    if any(first * at not in asked.kept for at in AT) or place.output.dtype.kind != "f":
        return None
    judged = place.cotangent != 0
    v, still = place.cotangent[judged], place.output[judged]
    changes = np.array([asked.kept[first * at][judged] for at in AT]) - still
    seconds, (second, third) = _seconds(v * changes), _allowed(v * changes, v * still, first)
    which = (np.abs(seconds[1]) > second) | (np.abs(seconds[2] - seconds[0]) > 2 * third)
    if not which.any():
        return None
    left, alone = np.zeros_like(which), np.zeros_like(which)
    changes[:, which], left[which], alone[which] = _straight(
        changes[:, which], seconds[:, which], second[which], third[which]
    )
    kink = _nearest(seconds[:, left if left.any() else which])
    most = 2 * int(np.count_nonzero(which)) > max(which.size, 2)
    sure, noise = ~(left | alone), np.inf
    if int(sure.sum()) >= max(FEW, int((~sure).sum())):
        low, near_low, near, high = v[sure] * changes[:, sure]
        noise = NOISY * norm(high - low - 2 * (near - near_low)) / _share(v * still, sure)
    unsure = noise * _share(v * still, alone) / first if alone.any() else 0.0
    return Bends(changes, float(v @ still) + changes @ v, which, left, kink, most, unsure, noise)


def mixed(place: Place, asked: Ray, first: float, bends: Bends) -> tuple[float, Array, float] | None:
    """Values at ±r, ±2r of a ψ whose outputs left by ``bends`` (all that bend, if none are) are those seen there.

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
    tuple of float, ndarray of shape (4,) and float, or None
        r, the values, and how far off their slope may be by noise. Where that is known of the other outputs, two
        passes do, and at ±2r the outputs go on along the parabola through three values. The others go along their
        chords, f(0) + (f(k·first) − f(0)) r/first. None where some bend so near 0 that rounding hides what is this
        side of it. Their part of all rounding is no less than their number tells: their values may be 0 at the point.
        Of ψ(0) it is that part alone, of which the last place counts at r.
    """
    judged = place.cotangent != 0
    v, still = place.cotangent[judged], place.output[judged]
    which = bends.left if bends.left.any() else bends.which
    part, whole = _share(v * still, which), norm(v * still)
    r = first * min(CLOSE[1] * part, WITHIN * bends.kink)
    if r < first * CLOSE[0] * part:
        return None
    chords = bends.changes[:, ~which] @ v[~which] * (r / first)
    known = bends.noise < np.inf
    seen = np.zeros((len(AT), int(np.count_nonzero(which))))
    for i in np.flatnonzero(np.abs(AT) == 1) if known else range(len(AT)):
        seen[i] = asked.outputs(r * AT[i])[judged][which] - still[which]
    unsure = bends.noise * part / r + bends.unsure if known else 0.0
    return r, part * whole + chords + (_ABOUT @ seen if known else seen) @ v[which], unsure


def _share(values: Array, which: NDArray[np.bool_]) -> float:
    """Their part of the norm of ``values``, and no less than their number tells."""
    return max(norm(values[which]) / (norm(values) or 1.0), float(np.sqrt(which.mean())))


def _seconds(changes: Array) -> Array:
    """Second differences at −h, 0 and h."""
    low, near_low, near, high = changes
    return np.array([low - 2 * near_low, near_low + near, high - 2 * near])


def _allowed(changes: Array, still: Array, h: float) -> tuple[Array, Array]:
    """The largest second and third differences that rounding and curvature make of outputs that are smooth."""
    slope = np.abs(changes[3] - changes[0]) / 4
    curved = CURVED * h * np.maximum(slope, LEAST * size(slope))
    rounding = QUIET * np.spacing(np.abs(still))
    return rounding + curved, rounding + CURVED * h * curved


def _straight(
    changes: Array, seconds: Array, second: Array, third: Array
) -> tuple[Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """The changes of outputs that bend as they would go on without; of which it is not known how, or by three values.

    A kink beyond h leaves four values of which the second differences are alike. A nearer one on the right adds to
    those at 0 and h, with one sign; the one at −h is curvature, of which there is little. With one beyond h on each
    side that at 0 is.
    """
    low, middle, high = seconds
    apart, little = np.abs(high - low) > third, np.abs(seconds) <= second
    right, on_left = (high - low) * (middle - low) > 0, (low - high) * (middle - high) > 0
    may_be = little & np.array([apart & right, np.ones_like(apart), apart & on_left])
    pick = np.argmin(np.where(may_be, np.abs(seconds), np.inf), axis=0)
    pick[~may_be.any(axis=0)] = -1
    for i, side in enumerate((low, high)):
        pick[(np.abs(side - middle) <= third) & little[1]] = len(_THREES) + i
    made = changes.copy()
    for i, weights in enumerate((*_THREES, *_FOURS)):
        made[:, pick == i] = weights @ changes[:, pick == i]
    return made, pick < 0, (pick >= 0) & (pick < len(_THREES))


def _nearest(seconds: Array) -> float:
    """How near 0 the nearest kink is, in steps: one of jump J at c bends an output by J c there, by J (h − c) at 0."""
    low, middle, high = np.abs(seconds)
    return float(((low + high) / (low + middle + high)).min())
