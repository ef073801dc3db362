"""Locate: which entries of a gradient are wrong, by directional derivatives of the forward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from checks.locate import words
from checks.locate.asking import Clue, Questions
from checks.locate.region import Mask, Region
from checks.locate.search import Block, Found, Predicate, search
from checks.numeric.line import OutOfBudgetError
from checks.ray import Place
from checks.subject import Array
from checks.units import Unit

__all__ = ["Clue", "Location", "Wrong", "locate"]

FEW: Final = 64  # a tensor of so many entries is measured entry by entry
WHOLE: Final = 2  # directions over a whole tensor of which only some entries failed, for the diagnosis


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A wrong entry.

    Attributes
    ----------
    index : tuple of int
        Where.
    claimed, measured, bar : float
        In units of ψ per unit of the primal.
    """

    index: tuple[int, ...]
    claimed: float
    measured: float
    bar: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a gradient is wrong.

    Attributes
    ----------
    words : str
        In words; empty where nothing could be found out.
    entries : tuple of Wrong
        Wrong entries that were measured alone, in their order.
    clues : tuple of Clue
        All that was measured.
    asked : int
        How many directional derivatives.
    """

    words: str
    entries: tuple[Wrong, ...] = ()
    clues: tuple[Clue, ...] = ()
    asked: int = 0


def locate(
    place: Place,
    units: Sequence[Unit],
    rng: np.random.Generator,
    *,
    quiet: bool = True,
    others: Mapping[str, Array] | None = None,
) -> Location:
    """Find the wrong entries of one gradient.

    Parameters
    ----------
    place : Place
        Where the claim failed.
    units : sequence of Unit
        What failed there, all of one tensor.
    rng : numpy.random.Generator
        Draws directions and boxes.
    quiet : bool
        The forward was seen to be smooth and quiet: the quick stencil may decide (4 passes), else windows (about 17).
    others : mapping of words to ndarray, optional
        Arrays of the tensor's shape that entries may be told apart by.

    Returns
    -------
    Location
        Of what was found until the budget ran out, if it did.

    References
    ----------
    docs/guide.md, "Where, and why".
    """
    name = units[0].tensor
    g, x = np.asarray(place.gradient[name]), np.asarray(place.point[name])
    named = words.predicates(name, x, g, others or {})
    found, clues, asked = Found(), list[Clue](), 0
    for unit in units:
        asks = Questions(place, name, unit.size, rng, quiet=quiet)
        region = Region.of(x.shape, unit.mask)
        if unit.mask is not None:
            _throughout(asks, Region.of(x.shape))
        one = _one_by_one(asks, region) if x.size <= FEW else search(asks, region, x.shape, rng, named)
        found.cells.update(one.cells)
        found.blocks += one.blocks
        clues += asks.clues
        asked += asks.asked
    cells = sorted(found.cells.items()) if x.dtype.kind == "f" else []
    entries = tuple(Wrong(index=i, claimed=a.claimed, measured=a.measured, bar=a.bar) for i, a in cells)
    return Location(words=_told(found, name, x.shape, named), entries=entries, clues=tuple(clues), asked=asked)


def _throughout(asks: Questions, whole: Region) -> None:
    """Clues that speak of all entries, where only some failed."""
    try:
        for _ in range(WHOLE):
            asks.ask(whole)
            asks.renew()
    except OutOfBudgetError:
        pass
    asks.looked_for = 0.0


def _one_by_one(asks: Questions, region: Region) -> Found:
    """Every entry measured alone."""
    found, cells = Found(), list(region.cells())
    for k, cell in enumerate(cells):
        alone = Region(tuple((i, i + 1) for i in cell))
        try:
            seen = asks.ask(alone)
        except OutOfBudgetError as spent:
            rest = np.zeros(asks.u.shape, dtype=bool)
            rest[tuple(np.transpose(cells[k:]))] = True
            found.blocks.append(Block(Region.of(asks.u.shape, rest), why=str(spent)))
            break
        if seen.wrong:
            found.cells[cell] = seen.per(asks.length(cell))
        elif not seen.right:
            found.blocks.append(Block(alone, why="too little to be told from the forward's own rounding"))
    return found


def _told(found: Found, name: str, shape: tuple[int, ...], named: Sequence[Predicate]) -> str:
    """What was found, in words: whole rows and the like where the wrong entries make up such."""
    sure = [block for block in found.blocks if not block.why and block.share[0] == block.share[1]]
    mask = _mask(sure, shape)
    for index in found.cells:
        mask[index] = True
    said = []
    if len(sure) == 1 and sure[0].words:
        said.append(sure[0].words)
    elif mask.any():
        said.append(words.of_mask(name, mask, named))
    for block in found.blocks:
        if not block.why and block not in sure:
            where, (wrong, asked) = block.words or words.of_region(name, block.region, shape), block.share
            said.append(f"scattered over {where}: {wrong} of {asked} entries that were asked are wrong")
    for why in dict.fromkeys(block.why for block in found.blocks if block.why):
        rest = _mask([block for block in found.blocks if block.why == why], shape)
        said.append(f"{'perhaps' if said else 'somewhere'} in {words.of_mask(name, rest, [])}: {why}")
    return "; ".join(said)


def _mask(blocks: Sequence[Block], shape: tuple[int, ...]) -> Mask:
    """All entries of the blocks."""
    mask = np.zeros(shape, dtype=bool)
    for block in blocks:
        inside = mask[block.region.index]
        inside |= True if block.region.mask is None else block.region.mask[block.region.index]
    return mask
