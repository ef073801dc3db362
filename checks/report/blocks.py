"""Blocks: |claimed − measured| of the entries that were measured, on a grid small enough to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, isfinite, log10, prod
from typing import Final

from checks.report.record import Entry

MOST: Final = 64
"""Rows and columns that are drawn; beyond, a cell is the largest of a block of entries."""
CLASSES: Final = 5
"""Shades that can be told apart, and told from their legend."""
FACTOR: Final = 0.3
"""The decimal logarithm of the least factor between two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """A tensor as a grid.

    Attributes
    ----------
    rows, columns : tuple of int
        How many entries the grid has that way, and how many of them a block takes.
    split : int
        Axes of the tensor before it run down, the others across.
    cells : mapping of (int, int) to float
        (row, column) of a block -> the largest |claimed − measured| in it; inf where one is not finite.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    split: int
    cells: dict[tuple[int, int], float]

    @property
    def shape(self) -> tuple[int, int]:
        """Blocks down and across."""
        (rows, tall), (columns, wide) = self.rows, self.columns
        return -(-rows // tall), -(-columns // wide)


def blocks(shape: tuple[int, ...], entries: Sequence[Entry]) -> Blocks:
    """The grid of a tensor.

    Parameters
    ----------
    shape : tuple of int
        Of the tensor.
    entries : sequence of Entry
        Those that were measured.

    Returns
    -------
    Blocks
        A matrix as it is written, a vector as one row; of more axes, the split that makes it squarest.

    Examples
    --------
    >>> found = blocks((4, 200), [Entry(index=(2, 199), claimed=1.0, measured=3.0, bar=1e-9)])
    >>> found.shape, found.columns, found.cells
    ((4, 50), (200, 4), {(2, 49): 2.0})
    """
    split = min(range(len(shape)), key=lambda k: abs(_log(shape[:k]) - _log(shape[k:])), default=0)
    split = 0 if len(shape) < 2 else 1 if len(shape) == 2 else max(split, 1)
    down, across = prod(shape[:split]), prod(shape[split:])
    tall, wide = -(-down // MOST), -(-across // MOST)
    cells: dict[tuple[int, int], float] = {}
    for entry in entries:
        place = _flat(entry.index[:split], shape[:split]) // tall, _flat(entry.index[split:], shape[split:]) // wide
        gap = abs(entry.claimed - entry.measured)
        cells[place] = max(cells.get(place, 0.0), gap if isfinite(gap) else float("inf"))
    return Blocks(rows=(down, tall), columns=(across, wide), split=split, cells=cells)


def _log(sizes: tuple[int, ...]) -> float:
    return log10(prod(sizes) or 1)


def _flat(index: tuple[int, ...], shape: tuple[int, ...]) -> int:
    at = 0
    for i, n in zip(index, shape, strict=True):
        at = at * n + i
    return at


def classes(values: Sequence[float]) -> list[tuple[float, float]]:
    """Bounds of the shades for ``values``, smallest first: alike in factors, of about 2 or more.

    Examples
    --------
    >>> classes([2.0]), classes([1.0, 1.5]), [round(low, 1) for low, _ in classes([1.0, 100.0])]
    ([(2.0, 2.0)], [(1.0, 1.5)], [1.0, 2.5, 6.3, 15.8, 39.8])
    """
    seen = [v for v in values if 0 < v < float("inf")]
    if not seen:
        return [(0.0, 0.0)]
    low, high = log10(min(seen)), log10(max(seen))
    count = min(CLASSES, max(1, ceil((high - low) / FACTOR)))
    if min(seen) == max(seen):
        return [(min(seen), max(seen))]
    edges = [10 ** (low + (high - low) * k / count) for k in range(count + 1)]
    edges[0], edges[-1] = min(seen), max(seen)
    return list(pairwise(edges))


def shade(value: float, bounds: Sequence[tuple[float, float]]) -> int:
    """The number of the shade that ``value`` has; what is not finite has the last."""
    return next((k for k, (_, high) in enumerate(bounds) if value <= high), len(bounds) - 1)
