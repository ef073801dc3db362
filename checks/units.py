"""Units: what gets a verdict of its own: a tensor, or a group of its entries whose values or claims are alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.displaced import unmoved
from checks.drawing import every_draw
from checks.groups import Group, by_value, groups, masked_rms, spread_of, spreads
from checks.numeric.scan import RHO
from checks.probes import MAGNITUDE_RMS
from checks.rows import Rows, Spread
from checks.subject import Array, Point
from checks.tangents import Move, Numbers, Tangent, scaled, together


class Unit(NamedTuple):
    """What gets a verdict of its own; equal to itself alone.

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
    further : callable
        `others`, looked at where they are asked for.
    scale : float
        Root mean square over directions of the claimed derivative along this unit alone; 0 for a claimed zero.
    rounded : float
        The same if every entry's claim were the rms of its group's: what rounding in the claim is relative to.
    small : bool
        Its claims are decades below the largest of the entries that it was grouped among.
    nothing : bool
        Each of its claims is 0.
    """

    tensor: str
    label: str
    mask: NDArray[np.bool_] | None
    entries: int
    size: float
    further: Callable[[], tuple[float, ...]]
    scale: float
    rounded: float
    small: bool
    nothing: bool

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __hash__(self) -> int:
        return id(self)

    @property
    def others(self) -> tuple[float, ...]:
        """Other sizes that can settle what this one leaves open: the entries' own, the tensor's."""
        return self.further()

    def above(self, zero: float) -> bool:
        """Whether the claim is above what counts as zero, along its first direction or along a longer one."""
        if self.scale > zero or not self.scale:
            return self.scale > zero
        return self.scale * max((1.0, *(other / self.size for other in self.others))) > zero


def units(
    gradient: Mapping[str, Array],
    point: Point,
    values: Mapping[str, list[Group]] | None = None,
    here: Mapping[str, Spread] | None = None,
    claimed: Mapping[str, Spread] | None = None,
) -> list[Unit]:
    """Split a claimed gradient into the units that are judged each against its own scale.

    Parameters
    ----------
    gradient : mapping of name to ndarray
        The claim.
    point : mapping of name to ndarray
        The primals that it belongs to.
    values : mapping of name to groups, optional
        What `by_value` says of ``point``, where it is known.
    here, claimed : mapping of name to Spread, optional
        `spreads` of the point and of the claim, where they are known.

    Returns
    -------
    list of Unit
        In the order of the claim.

    Examples
    --------
    >>> [u.label for u in units({"w": np.array([1.0, 2.0, 1e-9])}, {"w": np.ones(3)})]
    ['w (entries claimed about 2e+00)', 'w (entries claimed about 1e-09)']
    """
    here, claimed = here or spreads(point), claimed or spreads(gradient)
    values = values or by_value(point, here)
    found: list[Unit] = []
    for name, claim in gradient.items():
        g = np.asarray(claim)
        if g.size:
            for group in values[name]:
                spread = claimed[name] if group.mask is None else None
                found += _among(name, point[name], g, group, here[name].rms or 1.0, spread)
    return _told_apart(found)


def _told_apart(found: list[Unit]) -> list[Unit]:
    """The same units, with a number behind a label that another one has already: verdicts are told apart by it."""
    if len({unit.label for unit in found}) == len(found):
        return found
    seen: dict[str, int] = {}
    made = []
    for unit in found:
        seen[unit.label] = seen.get(unit.label, 0) + 1
        again = seen[unit.label]
        made.append(unit if again == 1 else unit._replace(label=f"{unit.label} [{again}]"))
    return made


def _among(name: str, x: Array, g: Array, group: Group, tensor: float, spread: Spread | None) -> list[Unit]:
    """The units of one group of values: its entries by their claims."""
    inside = g if group.mask is None else g[group.mask]
    spread = spread or spread_of(inside)
    length, made = group.rms or tensor, list[Unit]()
    parts = groups(inside, "claimed", spread)
    for part in parts:
        mask = _within(group.mask, part.mask)
        words = f"{group.words}, {part.words}" if group.words and part.words else group.words or part.words
        reach = length * MAGNITUDE_RMS * sqrt(part.n)
        label = f"{name} (entries {words})" if words else name
        further = partial(_others, x, mask if len(parts) > 1 else None, length, tensor)
        scale, small = 0.0 if part.zero else reach * part.rms, part is not parts[0]
        rounded = reach * spread.rms
        made.append(Unit(name, label, mask, part.n, length, further, scale, rounded, small, part.rms == 0))
    return made


def _others(x: Array, mask: NDArray[np.bool_] | None, length: float, tensor: float) -> tuple[float, ...]:
    own = length if mask is None else masked_rms(x, mask) or length
    return tuple(s for s in (own, tensor) if not 1 / RHO < length / s < RHO)


def _within(outer: NDArray[np.bool_] | None, inner: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """The mask ``inner`` of the entries that ``outer`` selects, as a mask of all."""
    if outer is None or inner is None:
        return inner if outer is None else outer
    both = outer.copy()
    both[outer] = inner
    return both


def tangent(
    rng: np.random.Generator,
    point: Point,
    sizes: Sequence[float],
    units: Sequence[Unit],
    drawn: dict[str, Any] | None = None,
) -> Mapping[str, Tangent | Array]:
    """Draw a direction over ``units``, each moved by its own size; every other entry stays where it is.

    ``drawn`` takes up the random numbers that it is made from, by primal (under "" where these are in a row): those of
    other entries serve another direction.

    Returns
    -------
    mapping of name to Tangent or ndarray
        One for each primal that moves, of its shape, in units of the primal; `Rows` where the point is.
    """
    home = unmoved(point)
    moving: dict[str, list[tuple[Unit, float]]] = {}
    for unit, length in zip(units, sizes, strict=True):
        moving.setdefault(unit.tensor, []).append((unit, length))
    if type(home) is Rows:
        moves = list[Move]()
        for name, parts in moving.items():
            if len(parts) > 1 and _whole(parts, home[name].size):
                moves.append((name, None, parts[0][1]))
            else:
                moves += [(name, u.mask, length) for u, length in parts]
        if drawn is None:
            return together(rng, home, moves)
        numbers = drawn.get("") or drawn.setdefault("", Numbers.drawn(rng, home.layout.length))
        return scaled(numbers, home, moves)
    drawn = {} if drawn is None else drawn
    new = [name for name in moving if name not in drawn]
    made = iter(every_draw(rng, [home[name].shape for name in new for _ in range(_reals(home[name]))]))
    for name in new:
        drawn[name] = [next(made) for _ in range(_reals(home[name]))]
    return {
        name: Tangent(drawn[name][0], *_lengths(parts, home[name].size), *drawn[name][1:])
        for name, parts in moving.items()
    }


def _reals(x: Array) -> int:
    return 2 if x.dtype.kind == "c" else 1


def _whole(parts: list[tuple[Unit, float]], n: int) -> bool:
    """Whether all n entries of a primal move by the same length."""
    lengths = {length for _, length in parts}
    return len(lengths) == 1 and sum(u.entries for u, _ in parts) == n


def _lengths(parts: list[tuple[Unit, float]], n: int) -> tuple[Any, NDArray[np.int8] | None]:
    """One length for all entries, or the lengths of kinds of entries with the kind of each; the first stands still."""
    masks, lengths = [u.mask for u, _ in parts], [length for _, length in parts]
    if _whole(parts, n):
        return lengths[0], None
    if len(parts) == 1 and masks[0] is not None:
        return np.array([0.0, lengths[0]]), masks[0].view(np.int8)
    kinds = np.zeros(np.shape(masks[0]), dtype=np.int8)  # type: ignore[arg-type]  # several units of one tensor have masks
    for kind, mask in enumerate(masks, 1):
        kinds[mask] = kind
    return np.array([0.0, *lengths]), kinds
