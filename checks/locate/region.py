"""Region: some entries of one tensor: a box of index ranges, and of these only the ones that a mask selects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Some entries of one tensor.

    Attributes
    ----------
    box : tuple of (start, stop)
        A range of indices for each axis.
    mask : ndarray of bool or None
        The entries of the whole tensor that count; None for all.

    Examples
    --------
    >>> whole = Region.of((4, 3))
    >>> whole.n, whole.cut(0, 1, 3).n, whole.within(np.eye(4, 3, dtype=bool)).n
    (12, 6, 3)
    """

    box: tuple[tuple[int, int], ...]
    mask: Mask | None = None

    @staticmethod
    def of(shape: tuple[int, ...], mask: Mask | None = None) -> Region:
        """All entries of a tensor, or those that ``mask`` selects."""
        return Region(tuple((0, length) for length in shape), mask)

    @property
    def index(self) -> tuple[slice, ...]:
        """What NumPy takes to select the box."""
        return tuple(slice(start, stop) for start, stop in self.box)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Length of the box along each axis."""
        return tuple(stop - start for start, stop in self.box)

    @property
    def n(self) -> int:
        """How many entries."""
        return prod(self.lengths) if self.mask is None else int(np.count_nonzero(self.mask[self.index]))

    def cut(self, axis: int, start: int, stop: int) -> Region:
        """The part with indices from ``start`` to ``stop`` along ``axis``."""
        return replace(self, box=(*self.box[:axis], (start, stop), *self.box[axis + 1 :]))

    def halves(self, axis: int) -> tuple[Region, Region]:
        """Two halves along ``axis``."""
        start, stop = self.box[axis]
        middle = (start + stop) // 2
        return self.cut(axis, start, middle), self.cut(axis, middle, stop)

    def within(self, mask: Mask) -> Region:
        """The entries that ``mask`` selects as well."""
        return replace(self, mask=mask if self.mask is None else self.mask & mask)

    def box_of(self, rng: np.random.Generator, parts: int) -> Region:
        """A random box of about 1/``parts`` of this one."""
        made = self
        along = [a for a, length in enumerate(self.lengths) if length > 1]
        for axis in along:
            made = made._span(axis, rng, max(1, round(self.lengths[axis] / parts ** (1 / len(along)))))
        return made

    def slabs(self, rng: np.random.Generator, parts: int, axis: int, most: int) -> list[Region]:
        """Up to ``most`` random slabs of 1/``parts`` of this one along ``axis``, each in a place of its own."""
        start, stop = self.box[axis]
        length = max(1, (stop - start) // parts)
        places = rng.permutation((stop - start) // length)[:most]
        return [self.cut(axis, start + int(i) * length, start + int(i + 1) * length) for i in places]

    def _span(self, axis: int, rng: np.random.Generator, length: int) -> Region:
        start, stop = self.box[axis]
        low = start + int(rng.integers(stop - start - length + 1))
        return self.cut(axis, low, low + length)

    def cells(self) -> Iterator[tuple[int, ...]]:
        """The index of every entry."""
        inside = np.ones(self.lengths, dtype=bool) if self.mask is None else self.mask[self.index]
        for at in np.argwhere(inside):
            yield tuple(int(i) + start for i, (start, _) in zip(at, self.box, strict=True))
