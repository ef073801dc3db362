"""Groups: entries of an array whose magnitudes are alike, told apart from those decades below and from zeros."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite, sqrt
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks import rows
from checks.drawing import BLOCK, blocks, in_a_row
from checks.probes import rms
from checks.rows import SAFE, Rows, Spread
from checks.subject import Array, Point

DECADES: Final = 3  # entries within this many decades make one group
RARE: Final = 1e-4  # unless they are no more than this share of the others and some are zero exactly


class Group(NamedTuple):
    """Entries of like magnitude.

    Attributes
    ----------
    words : str
        Which they are; empty for all.
    mask : ndarray of bool or None
        The same for programs; None for all.
    n : int
        How many.
    rms : float
        Their root mean square.
    zero : bool
        They vanish beside the largest.
    """

    words: str
    mask: NDArray[np.bool_] | None
    n: int
    rms: float
    zero: bool = False


def by_value(point: Point, known: Mapping[str, Spread] | None = None) -> dict[str, list[Group]]:
    """Groups of entries of like size, for every primal: what `units` starts from; ``known`` are its `spreads`."""
    known = known or spreads(point)
    return {name: groups(x, "of size", known[name]) for name, x in point.items()}


def spreads(arrays: Mapping[str, Array]) -> Mapping[str, Spread]:
    """`spread_of` every array."""
    return arrays.spreads if type(arrays) is Rows else {name: spread_of(np.asarray(x)) for name, x in arrays.items()}


def groups(values: Array, verb: str, spread: Spread) -> list[Group]:
    """Entries within `DECADES` of one another, largest first; one group where all are; those that vanish last."""
    n, (whole, largest, least, small, _) = values.size, spread
    if largest == 0.0 or not isfinite(largest):
        return [Group("", None, n, 0.0)]
    if least > rows.VANISHED * largest:
        if small is None:
            small = 0 if least >= rows.MIXED * whole else _smaller(values, rows.MIXED * whole)
        if small <= n // 10:
            return [Group("", None, n, whole)]
    gone, there, typical, little, exactly = _gone(values, spread)
    made: list[Group] = []
    if little <= there // 10:
        if there == n:
            return [Group("", None, n, whole)]
        made.append(Group(f"{verb} about {largest:.0e}", ~gone, there, typical))
    else:
        magnitude = np.abs(values)
        decade = np.full(magnitude.shape, -1, dtype=np.int8)
        decade[~gone] = np.floor(-np.log10(magnitude[~gone] / largest) / DECADES)
        for d in range(int(decade.max()) + 1):
            if (mask := decade == d).any():
                part = magnitude[mask]
                made.append(Group(f"{verb} about {float(part.max()):.0e}", mask, part.size, rms(part)))
    if there < n:
        rest = 0.0 if exactly else masked_rms(values, gone)
        made.append(Group(f"{verb} zero", gone, n - there, rest, zero=True))
    return made if len(made) > 1 else [Group("", None, n, whole)]


def _gone(values: Array, spread: Spread) -> tuple[NDArray[np.bool_], int, float, int, bool]:
    """Which entries vanish beside the largest; how many do not, their root mean square, and how many of them are small.

    And whether those that vanish are 0. A few that vanish beside exact zeros count as there: zeros are flat bit for
    bit, these are not.
    """
    n, (whole, largest, least, _, beside) = values.size, spread
    if least == 0:
        gone = values == 0  # counting zeros of floating point takes as long as three passes
        if beside is None:
            zeros = int(np.count_nonzero(gone))
            beside = rows.beside_zeros(n, zeros, whole, largest, lambda bound: _smaller(values, bound))
        if beside.vanish <= RARE * (beside.number - beside.vanish):
            return gone, beside.number, beside.rms, beside.small, True
    gone = _below(values, rows.VANISHED * largest)
    there = n - int(np.count_nonzero(gone))
    typical = whole * sqrt(n / there)
    return gone, there, typical, _smaller(values, rows.MIXED * typical) - (n - there), not values[gone].any()


def masked_rms(values: Array, mask: NDArray[np.bool_] | None) -> float:
    """Root mean square of the entries in a mask, block by block: a copy of them would be another tensor."""
    flat = in_a_row(values)
    if mask is None or flat is None or flat.dtype != np.float64:
        return rms(values if mask is None else values[mask])
    inside, square, nothing = mask.reshape(-1), 0.0, True
    made = np.empty(min(BLOCK, flat.size))
    with np.errstate(over="ignore", under="ignore"):
        for at in blocks(flat.size, BLOCK):
            part = np.multiply(flat[at], inside[at], out=made[: at.stop - at.start])  # quicker than taking those inside
            new = float(part @ part)
            square, nothing = square + new, nothing and not new and not part.any()
    count = int(np.count_nonzero(mask))
    if nothing or SAFE < square < 1 / SAFE:
        return 0.0 if nothing else sqrt(square / count)
    return rms(flat[inside])


def _magnitudes(values: Array) -> Iterator[NDArray[Any]]:
    """|values|, block by block; the next one takes its place."""
    flat = in_a_row(values)
    if flat is None or flat.size <= BLOCK:
        yield np.abs(values)
        return
    made = np.empty(min(BLOCK, flat.size), dtype=np.abs(flat[:0]).dtype)
    for at in blocks(flat.size, BLOCK):
        yield np.abs(flat[at], out=made[: at.stop - at.start])


def spread_of(values: Array) -> Spread:
    """Root mean square, largest and least magnitude; 0 of an empty array."""
    largest, least, square = 0.0, np.inf, 0.0
    with np.errstate(over="ignore", under="ignore"):
        for magnitude in _magnitudes(values):
            largest = max(largest, float(magnitude.max(initial=0.0)))
            least = min(least, float(magnitude.min(initial=np.inf)))
            flat = magnitude.reshape(-1)
            square += float(flat @ flat) if flat.dtype == np.float64 else np.nan
    whole = sqrt(square / values.size) if SAFE < square < 1 / SAFE else rms(values)
    return Spread(whole, largest, least)


def _smaller(values: Array, bound: float) -> int:
    """How many magnitudes are below a bound."""
    return sum(int(np.count_nonzero(magnitude < bound)) for magnitude in _magnitudes(values))


def _below(values: Array, most: float) -> NDArray[np.bool_]:
    """Which magnitudes are at most ``most``."""
    found, start = np.empty(values.shape, dtype=np.bool_), 0
    for magnitude in _magnitudes(values):
        np.less_equal(magnitude.reshape(-1), most, out=found.reshape(-1)[start : start + magnitude.size])
        start += magnitude.size
    return found
