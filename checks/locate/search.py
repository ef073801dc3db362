"""Search: from a region whose claim is wrong to the wrong entries, by as few directional derivatives as it takes.

A node is a region known to be wrong. One that may hold a single wrong entry is *read*: with the direction weighed from
1 to 2 along an axis, the ratio of two answers is the entry's place. Else it is halved, the right half known by
subtraction. Where both halves are wrong random boxes of it are asked: if all are wrong it is not taken apart further.
What was called right is asked again at the end, all of it along an independent direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor
from typing import Final

import numpy as np

from checks.locate.asking import Answer, Asks
from checks.locate.region import Mask, Region
from checks.numeric.line import OutOfBudgetError

BOXES: Final = 8  # random boxes that must all be wrong
PARTS: Final = 64  # and how small a part of the region each is
SAMPLES: Final = 4  # single entries that are asked where a region is wrong throughout
ROUNDS: Final = 6  # independent directions over what was called right
READABLE: Final = 0.25  # a place is read from a ratio only where it is known to this share of the axis
GRAIN: Final = 1e-6  # and never finer than this share

HIDDEN: Final = "what is wrong there is below what the forward's own precision shows"

Predicate = tuple[str, Callable[[], Mask]]
"""A property of entries, in words, and which ones have it."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A region of which it is said as a whole that it is wrong.

    Attributes
    ----------
    region : Region
        Which.
    words : str
        The property that its entries have; empty for a box.
    why : str
        Why it was not taken apart further; empty where it is wrong throughout.
    share : tuple of int
        Of so many entries asked one by one, how many were wrong.
    """

    region: Region
    words: str = ""
    why: str = ""
    share: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Found:
    """What a search has found so far.

    Attributes
    ----------
    cells : dict of index to Answer
        Wrong entries, each measured alone, per unit of the primal.
    blocks : list of Block
        Wrong regions.
    complete : bool
        An independent direction over all the rest agrees.
    """

    cells: dict[tuple[int, ...], Answer] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    complete: bool = False

    def rest(self, region: Region, shape: tuple[int, ...]) -> Region:
        """``region`` without what was found."""
        if not (self.cells or self.blocks):
            return region
        left = np.ones(shape, dtype=bool)
        for index in self.cells:
            left[index] = False
        for block in self.blocks:
            inside = left[block.region.index]
            inside &= False if block.region.mask is None else ~block.region.mask[block.region.index]
        return region.within(left)


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    region: Region
    answer: Answer
    axes: tuple[int, ...]
    direct: bool = True  # measured, and not known by subtraction
    scattered: bool = False  # known not to be wrong throughout


def search(
    ask: Asks, region: Region, shape: tuple[int, ...], rng: np.random.Generator, predicates: Sequence[Predicate] = ()
) -> Found:
    """Find the wrong entries of ``region``.

    Parameters
    ----------
    ask : Asks
        What answers.
    region : Region
        Where to look.
    shape : tuple of int
        Of the whole tensor.
    rng : numpy.random.Generator
        Draws the boxes.
    predicates : sequence of (words, mask)
        Properties that describe what is wrong in many places.

    Returns
    -------
    Found
        Where the budget ran out, with the wrong regions that were not taken apart as blocks.
    """
    found = Found()
    axes = tuple(range(len(shape)))
    todo: list[_Node] = []
    try:
        for k in range(ROUNDS):
            rest = found.rest(region, shape)
            if not (answer := ask.ask(rest)).wrong:
                found.complete = k > 0
                found.blocks += [] if k else [Block(rest, why=HIDDEN)]
                break
            todo.append(_Node(rest, answer, axes))
            while todo:
                parts = _taken_apart(ask, todo[-1], found, rng, predicates)
                todo.pop()
                todo += parts
            if any(block.region is rest for block in found.blocks):  # nothing is left that could be asked again
                break
            ask.renew()
    except OutOfBudgetError as spent:
        found.blocks += [Block(node.region, why=str(spent)) for node in todo]
    return found


def _taken_apart(
    ask: Asks, node: _Node, found: Found, rng: np.random.Generator, predicates: Sequence[Predicate]
) -> list[_Node]:
    """The nodes that ``node`` falls into; what needs no more is added to ``found``."""
    region = node.region
    if region.n == 1:
        answer = node.answer if node.direct else ask.ask(region)
        if answer.wrong:
            index = next(region.cells())
            found.cells[index] = answer.per(ask.length(index))
        return []
    axes = tuple(a for a in node.axes if region.lengths[a] > 1)
    if not axes:  # wrong along each axis, and not in every box
        named = _described(ask, region, rng, predicates) if region.n >= PARTS else None
        if isinstance(named, Block):
            found.blocks.append(named)
            return []
        return [replace(node, region=named or region, axes=_all_axes(region), direct=named is None, scattered=True)]
    if (read := _read(ask, node, axes)) is not None:
        return [read]
    left, right = region.halves(axes[0])
    if left.n == 0 or right.n == 0:
        return [replace(node, region=right if left.n == 0 else left)]
    a = ask.ask(left)
    b, direct = node.answer.less(a), False
    if not (b.wrong or b.right):
        b, direct = ask.ask(right), True
    kids = [replace(node, region=right, answer=b, direct=direct)] if b.wrong else []
    kids += [replace(node, region=left, answer=a, direct=True)] if a.wrong else []
    if len(kids) == 2 and not node.scattered and region.n >= PARTS:
        if _throughout(ask, (region.box_of(rng, PARTS) for _ in range(BOXES))):
            named = _described(ask, region, rng, predicates)
            if isinstance(named, Region):
                return [replace(node, region=named, direct=False, scattered=True)]
            block = named or Block(region, share=_sampled(ask, region, rng, found))
            if block.share[0]:
                found.blocks.append(block)
                return []
        if sum(length > 1 for length in region.lengths) > 1 and _throughout(
            ask, region.slabs(rng, PARTS, axes[0], BOXES)
        ):
            return [replace(node, axes=axes[1:])]
    if not kids:
        found.blocks.append(Block(region, why=HIDDEN))
    return kids


def _all_axes(region: Region) -> tuple[int, ...]:
    return tuple(range(len(region.box)))


def _throughout(ask: Asks, boxes: Iterable[Region]) -> bool:
    """Whether each of the boxes is wrong; asked one by one, up to the first that is not."""
    return all(ask.ask(box).wrong for box in boxes if box.n)


def _read(ask: Asks, node: _Node, axes: Sequence[int]) -> _Node | None:
    """The one entry, or the few, that are all that is wrong in the node's region; None where there is no such one."""
    region, answer = node.region, node.answer
    if region.n <= 2 ** (len(axes) + 2):
        return None
    place = region
    for axis in axes:
        start, stop = region.box[axis]
        weighed = ask.ask(region, axis)
        at = (weighed.error / answer.error - 1) * (stop - start)
        unsure = (stop - start) * (GRAIN + (weighed.bar + 2 * answer.bar) / abs(answer.error))
        low, high = max(0, ceil(at - unsure)), min(stop - start - 1, floor(at + unsure))
        if high < low or unsure > READABLE * (stop - start):
            return None
        place = place.cut(axis, start + low, start + high + 1)
    if place.n == 0 or not (seen := ask.ask(place)).wrong or not answer.less(seen).right:
        return None
    return replace(node, region=place, answer=seen, direct=True)


def _described(
    ask: Asks, region: Region, rng: np.random.Generator, predicates: Sequence[Predicate]
) -> Block | Region | None:
    """What has the property that all wrong entries of ``region`` have; as a block where all that have it are wrong."""
    n = region.n
    for words, mask in predicates:
        having, lacking = region.within(mask()), region.within(~mask())
        if not 0 < having.n < n or not ask.ask(lacking).right:
            continue
        if having.n == 1:
            return having
        share = _sampled(ask, having, rng)
        if share[0] == share[1] > 0:
            return Block(having, words=words, share=share)
        return having
    return None


def _sampled(ask: Asks, region: Region, rng: np.random.Generator, found: Found | None = None) -> tuple[int, int]:
    """Of some single entries that could be measured, how many are wrong; and how many these were."""
    wrong = asked = 0
    for cell in _some_cells(region, rng):
        box = tuple((i, i + 1) for i in cell)
        seen = ask.ask(Region(box))
        wrong, asked = wrong + seen.wrong, asked + (seen.wrong or seen.right)
        if found is not None and seen.wrong:
            found.cells[cell] = seen.per(ask.length(cell))
    return wrong, asked


def _some_cells(region: Region, rng: np.random.Generator) -> Iterator[tuple[int, ...]]:
    if region.mask is None:
        for _ in range(SAMPLES):
            yield tuple(int(rng.integers(start, stop)) for start, stop in region.box)
    else:
        cells = np.argwhere(region.mask[region.index])
        for k in rng.choice(len(cells), min(SAMPLES, len(cells)), replace=False):
            yield tuple(int(i) + start for i, (start, _) in zip(cells[k], region.box, strict=True))
