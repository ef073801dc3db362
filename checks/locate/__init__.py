"""Locate: which entries of a gradient are wrong, by directional derivatives of the forward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from checks.locate import words
from checks.locate.asking import Answer, Clue, Questions
from checks.locate.region import Region
from checks.locate.search import Block, Found, Predicate, search
from checks.numeric.line import OutOfBudgetError
from checks.ray import Place
from checks.subject import Array
from checks.units import Unit

__all__ = ["Clue", "Location", "Wrong", "locate"]

FEW: Final = 64  # a tensor of so many entries is measured entry by entry


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
    unit: Unit,
    rng: np.random.Generator,
    *,
    quiet: bool = True,
    others: Mapping[str, Array] | None = None,
) -> Location:
    """Find the wrong entries of one unit of a claim.

    Parameters
    ----------
    place : Place
        Where the claim failed.
    unit : Unit
        What failed there.
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
    name = unit.tensor
    g, x = np.asarray(place.gradient[name]), np.asarray(place.point[name])
    asks = Questions(place, name, unit.size, rng, quiet=quiet)
    region = Region.of(x.shape, unit.mask)
    named = words.predicates(name, x, g, others or {})
    if region.n <= FEW:
        said, cells = _one_by_one(asks, region, name, named)
    else:
        found = search(asks, region, x.shape, rng, named)
        said, cells = _told(found, name, x.shape, named), found.cells
    entries = tuple(_entry(index, cells[index]) for index in sorted(cells)) if x.dtype.kind == "f" else ()
    return Location(words=said, entries=entries, clues=tuple(asks.clues), asked=asks.asked)


def _entry(index: tuple[int, ...], seen: Answer) -> Wrong:
    return Wrong(index=index, claimed=seen.claimed, measured=seen.measured, bar=seen.bar)


def _one_by_one(
    asks: Questions, region: Region, name: str, named: Sequence[Predicate]
) -> tuple[str, dict[tuple[int, ...], Answer]]:
    """Every entry measured alone."""
    wrong, open_, spent = dict[tuple[int, ...], Answer](), 0, ""
    mask = np.zeros(asks.u.shape, dtype=bool)
    for cell in region.cells():
        try:
            seen = asks.ask(Region(tuple((i, i + 1) for i in cell)))
        except OutOfBudgetError as out:
            spent = str(out)
            break
        open_ += not (seen.wrong or seen.right)
        if seen.wrong:
            wrong[cell], mask[cell] = seen.per(asks.length(cell)), True
    if not wrong:
        return "", wrong
    said = words.of_mask(name, mask, named)
    if spent:
        return f"{words.cells(name, list(wrong))}, and what was not asked: {spent}", wrong
    return f"{said} ({open_} entries are below what could be measured)" if open_ else said, wrong


def _told(found: Found, name: str, shape: tuple[int, ...], named: Sequence[Predicate]) -> str:
    """What was found, in words: whole rows and the like where the wrong entries make up such."""
    sure = [block for block in found.blocks if not block.why and block.share[0] == block.share[1]]
    mask = np.zeros(shape, dtype=bool)
    for index in found.cells:
        mask[index] = True
    for block in sure:
        mask[block.region.index] |= True if block.region.mask is None else block.region.mask[block.region.index]
    said = []
    if len(sure) == 1 and sure[0].words:
        said.append(sure[0].words)
    elif mask.any():
        said.append(words.of_mask(name, mask, named))
    return "; ".join([*said, *(_block(block, name, shape) for block in found.blocks if block not in sure)])


def _block(block: Block, name: str, shape: tuple[int, ...]) -> str:
    where = block.words or words.of_region(name, block.region, shape)
    if block.why:
        return f"somewhere in {where}: {block.why}"
    wrong, asked = block.share
    return f"scattered over {where}: {wrong} of {asked} entries that were asked are wrong"
