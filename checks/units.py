"""Units: what gets a verdict of its own: a tensor, or a group of its entries whose values or claims are alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.displaced import unmoved
from checks.numeric.scan import RHO
from checks.probes import MAGNITUDE_RMS, rms, size
from checks.rows import SAFE, Rows, Spread
from checks.subject import Array, Point
from checks.tangents import BLOCK, Tangent, every_draw, filled, in_a_row

MIXED: Final = 1e-3  # a tensor of which a tenth is below MIXED × its rms has entries of mixed scales
DECADES: Final = 3  # entries within this many decades make one group
VANISHED: Final = 1e-11  # entries below this × the tensor's largest are zero for the judge: they join the claimed zeros


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """What gets a verdict of its own.

    Attributes
    ----------
    tensor : str
        The primal.
    label : str
        How reports call the unit.
    mask : ndarray of bool or None
        The entries; None for all of them.
    entries : int
        How many they are.
    size : float
        How far t = 1 moves them: the rms of what they are grouped by, a 100 % change.
    others : tuple of float
        Other sizes that can settle what this one leaves open: the entries' own, the tensor's.
    scale : float
        Root mean square over directions of the claimed derivative along this unit alone; 0 for a claimed zero.
    rounded : float
        The same if every entry's claim were the rms of its group's: what rounding in the claim is relative to.
    small : bool
        Its claims are decades below the largest of the entries that it was grouped among.
    """

    tensor: str
    label: str
    mask: NDArray[np.bool_] | None
    entries: int
    size: float
    others: tuple[float, ...]
    scale: float
    rounded: float
    small: bool


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


def by_value(point: Point) -> dict[str, list[Group]]:
    """Groups of entries of like size, for every primal: what `units` starts from."""
    known = _spreads(point)
    return {name: _groups(x, "of size", known.get(name) or _spread(x)) for name, x in point.items()}


def units(gradient: Mapping[str, Array], point: Point, values: Mapping[str, list[Group]] | None = None) -> list[Unit]:
    """Split a claimed gradient into the units that are judged each against its own scale.

    Parameters
    ----------
    gradient : mapping of name to ndarray
        The claim.
    point : mapping of name to ndarray
        The primals that it belongs to.
    values : mapping of name to groups, optional
        What `by_value` says of ``point``, where it is known.

    Returns
    -------
    list of Unit
        In the order of the claim.

    Examples
    --------
    >>> [u.label for u in units({"w": np.array([1.0, 2.0, 1e-9])}, {"w": np.ones(3)})]
    ['w (entries claimed about 2e+00)', 'w (entries claimed about 1e-09)']
    """
    values = values or by_value(point)
    here, claimed = _spreads(point), _spreads(gradient)
    found: list[Unit] = []
    for name, claim in gradient.items():
        g = np.asarray(claim)
        if g.size:
            tensor = here[name].rms or 1.0 if here else size(point[name])
            for group in values[name]:
                found += _among(name, point, g, group, tensor, claimed.get(name) if group.mask is None else None)
    return _told_apart(found)


def _spreads(arrays: Mapping[str, Array]) -> Mapping[str, Spread]:
    """Of arrays in a row how large their entries are; of others nothing is known yet."""
    return arrays.spreads if type(arrays) is Rows else {}


def _told_apart(found: list[Unit]) -> list[Unit]:
    """The same units, with a number behind a label that another one has already: verdicts are told apart by it."""
    seen: dict[str, int] = {}
    made = []
    for unit in found:
        seen[unit.label] = seen.get(unit.label, 0) + 1
        again = seen[unit.label]
        made.append(unit if again == 1 else replace(unit, label=f"{unit.label} [{again}]"))
    return made


def _among(name: str, point: Point, g: Array, group: Group, tensor: float, spread: Spread | None) -> Iterator[Unit]:
    """The units of one group of values: its entries by their claims."""
    inside = g if group.mask is None else g[group.mask]
    spread = spread or _spread(inside)
    length, whole = group.rms or tensor, spread.rms
    parts = _groups(inside, "claimed", spread)
    x = point[name] if len(parts) > 1 else inside
    for part in parts:
        mask = _within(group.mask, part.mask)
        own = (_rms(x, mask) or length) if len(parts) > 1 else length
        words = ", ".join(w for w in (group.words, part.words) if w)
        reach = length * MAGNITUDE_RMS * float(np.sqrt(part.n))
        yield Unit(
            tensor=name,
            label=f"{name} (entries {words})" if words else name,
            mask=mask,
            entries=part.n,
            size=length,
            others=tuple(s for s in (own, tensor) if not 1 / RHO < length / s < RHO),
            scale=0.0 if part.zero else reach * part.rms,
            rounded=reach * whole,
            small=part is not parts[0],
        )


def _within(outer: NDArray[np.bool_] | None, inner: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """The mask ``inner`` of the entries that ``outer`` selects, as a mask of all."""
    if outer is None or inner is None:
        return inner if outer is None else outer
    both = outer.copy()
    both[outer] = inner
    return both


def _groups(values: Array, verb: str, spread: Spread) -> list[Group]:
    """Entries within `DECADES` of one another, largest first; one group where all are; those that vanish last."""
    n, (whole, largest, least) = values.size, spread
    if largest == 0.0 or not np.isfinite(largest):
        return [Group("", None, n, 0.0)]
    if least > VANISHED * largest and (least >= MIXED * whole or _smaller(values, MIXED * whole) <= n // 10):
        return [Group("", None, n, whole)]
    gone = _below(values, VANISHED * largest)
    there = n - int(np.count_nonzero(gone))
    typical = whole * float(np.sqrt(n / there))
    little = _smaller(values, MIXED * typical) - (n - there)
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
        rest = 0.0 if np.count_nonzero(values) == there else _rms(values, gone)
        made.append(Group(f"{verb} zero", gone, n - there, rest, zero=True))
    return made if len(made) > 1 else [Group("", None, n, whole)]


def _rms(values: Array, mask: NDArray[np.bool_] | None) -> float:
    """Root mean square of the entries in a mask, block by block: a copy of them would be another tensor."""
    flat = in_a_row(values)
    if mask is None or flat is None or flat.dtype != np.float64:
        return rms(values if mask is None else values[mask])
    inside, square, nothing = mask.reshape(-1), 0.0, True
    made = np.empty(min(BLOCK, flat.size))
    with np.errstate(over="ignore", under="ignore"):
        for at in _parts(flat.size):
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
    if flat is None:
        yield np.abs(values)
        return
    made = np.empty(min(BLOCK, flat.size), dtype=np.abs(flat[:0]).dtype)
    for at in _parts(flat.size):
        yield np.abs(flat[at], out=made[: at.stop - at.start])


def _parts(size: int) -> list[slice]:
    return [slice(at, min(at + BLOCK, size)) for at in range(0, size, BLOCK)]


def _spread(values: Array) -> Spread:
    """Root mean square, largest and least magnitude; 0 of an empty array."""
    largest, least = 0.0, np.inf
    for magnitude in _magnitudes(values):
        largest = max(largest, float(magnitude.max(initial=0.0)))
        least = min(least, float(magnitude.min(initial=np.inf)))
    return Spread(rms(values), largest, least)


def _smaller(values: Array, small: float) -> int:
    """How many magnitudes are below ``small``."""
    if values.size <= BLOCK:
        return int(np.count_nonzero(np.abs(values) < small))
    return sum(int(np.count_nonzero(magnitude < small)) for magnitude in _magnitudes(values))


def _below(values: Array, most: float) -> NDArray[np.bool_]:
    """Which magnitudes are at most ``most``."""
    found, start = np.empty(values.shape, dtype=np.bool_), 0
    for magnitude in _magnitudes(values):
        np.less_equal(magnitude.reshape(-1), most, out=found.reshape(-1)[start : start + magnitude.size])
        start += magnitude.size
    return found


def tangent(
    rng: np.random.Generator, point: Point, sizes: Sequence[float], units: Sequence[Unit]
) -> Mapping[str, Tangent | Array]:
    """Draw a direction over ``units``, each moved by its own size; every other entry stays where it is.

    Returns
    -------
    mapping of name to Tangent or ndarray
        One for each primal that moves, of its shape, in units of the primal; `Rows` where the point is.
    """
    moving: dict[str, list[tuple[Unit, float]]] = {}
    for unit, length in zip(units, sizes, strict=True):
        moving.setdefault(unit.tensor, []).append((unit, length))
    home = unmoved(point)
    primals = {name: home[name] for name in moving}
    shapes = [x.shape for x in primals.values() for _ in range(_reals(x))]
    drawn = iter(every_draw(rng, shapes, tiled=type(home) is not Rows))
    moves = {
        name: Tangent(next(drawn), *_lengths(moving[name], x.size), next(drawn) if _reals(x) > 1 else None)
        for name, x in primals.items()
    }
    return filled(home.layout, moves) if type(home) is Rows else moves


def _reals(x: Array) -> int:
    return 2 if x.dtype.kind == "c" else 1


def _lengths(parts: list[tuple[Unit, float]], n: int) -> tuple[Any, NDArray[np.int8] | None]:
    """One length for all entries, or the lengths of kinds of entries with the kind of each; the first stands still."""
    masks, lengths = [u.mask for u, _ in parts], [length for _, length in parts]
    alike = len(set(lengths)) == 1
    if alike and sum(n if m is None else int(np.count_nonzero(m)) for m in masks) == n:
        return lengths[0], None
    if len(parts) == 1 and masks[0] is not None:
        return np.array([0.0, lengths[0]]), masks[0].view(np.int8)
    kinds = np.zeros(np.shape(masks[0]), dtype=np.int8)  # type: ignore[arg-type]  # several units of one tensor have masks
    for kind, mask in enumerate(masks, 1):
        kinds[mask] = kind
    return np.array([0.0, *lengths]), kinds
