"""Bent: outputs that a kink nearby bends are looked at closer, the others where their rounding is small.

In a wide network a kink within the stencil bends the outputs of one example and leaves those of the others alone. They
are few, and so is their rounding, so that they may be asked for at a step at which that of all together would hide what
is looked for.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from checks.numeric.quick import AT
from checks.probes import size
from checks.ray import Place, Ray, norm
from checks.subject import Array

CURVED: Final = 32  # a smooth output bends by less than this many times h of its slope
QUIET: Final = 16  # and its rounding is taken to stay below this many ulps of its value
FEW: Final = 0.12  # of all outputs this share are looked at closer, at most
LEAST: Final = 0.1  # a slope counts as no less than this share of the usual one: where it is 0, curvature is not
CLOSE: Final = (0.125, 0.5)  # their step: their part of all rounding, in first steps, times something in between
LIGHTEST: Final = 1e-2  # and that part counts as no less: outputs may be 0 at the point
WITHIN: Final = 0.45  # two of their steps stay this side of the kink


def mixed(place: Place, asked: Ray, first: float) -> tuple[float, Array] | None:
    """Values at ±r, ±2r of a ψ whose bent outputs are those seen there, the others those seen at ``first``.

    Parameters
    ----------
    place : Place
        Where.
    asked : Ray
        Along what; its outputs at the four values of the first stencil were kept.
    first : float
        The step of that.

    Returns
    -------
    tuple of float and ndarray of shape (4,), or None
        r, and the values: outputs that do not bend go along their chords, f(0) + (f(k·first) − f(0)) r/first. None
        where no outputs bend, or so near 0 that rounding hides what is this side of it, or they were not kept.
    """
    if any(first * at not in asked.kept for at in AT) or place.output.dtype.kind != "f":
        return None
    judged = place.cotangent != 0
    v, still = place.cotangent[judged], place.output[judged]
    seen = np.array([asked.kept[first * at][judged] for at in AT]) - still
    bends = _bend(v * seen, v * still, first)
    if not bends.any():
        return None
    part = max(norm(v[bends] * still[bends]) / (norm(v * still) or 1.0), LIGHTEST)
    near, far = (float(np.abs((v * (seen[k] + seen[3 - k]))[bends]).sum()) for k in (1, 0))
    kink = (far - 2 * near) / (far - near) if far > 2 * near else 0.0  # bends grow from there on, in first steps
    r = first * min(CLOSE[1] * part, WITHIN * kink)
    if r < first * CLOSE[0] * part:
        return None
    chords = seen[:, ~bends] @ v[~bends] * (r / first)
    closer = np.array([asked.outputs(r * at)[judged][bends] for at in AT]) - still[bends]
    return r, float(v @ still) + chords + closer @ v[bends]


def _bend(seen: Array, still: Array, h: float) -> NDArray[np.bool_]:
    """The outputs whose second difference, or whose two slopes, tell of a kink within ±2h; of many, the worst."""
    low, near_low, near, high = seen
    slope = np.abs(high - low) / 4
    curved = CURVED * h * np.maximum(slope, LEAST * size(slope))
    rounding = QUIET * np.spacing(np.abs(still))
    second = np.abs(near + near_low) - rounding - curved
    third = np.abs((near - near_low) - (high - low) / 2) - rounding - CURVED * h * curved
    bend = np.maximum(second, third)
    most = int(FEW * bend.size)
    return np.asarray(bend > max(0.0, np.partition(bend, -most - 1)[-most - 1]))
