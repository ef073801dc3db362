"""Draws: numbers for the vectors, the same everywhere and for ever: splitmix64, and few bits to each number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from zlib import crc32

import numpy as np

MASK: Final = (1 << 64) - 1


class Draws:
    """A stream of numbers that depends on its name alone.

    Every number that it gives is a whole number over a power of two with at most 24 bits: exact in binary32.

    Examples
    --------
    >>> Draws("a").grid((3,), 16, 4).tolist()
    [-2.0, 1.6875, 0.5]
    """

    def __init__(self, name: str) -> None:
        self._state = crc32(name.encode()) << 32

    def bits(self) -> int:
        """64 more bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1."""
        return self.bits() % n

    def pick(self, items: Sequence[Any]) -> Any:
        """One of ``items``."""
        return items[self.below(len(items))]

    def grid(self, shape: tuple[int, ...], parts: int, reach: float) -> Any:
        """Multiples of 1/parts between -reach and reach, none of them 0."""
        most = int(reach * parts)
        flat = [(1 + self.below(most)) * (1 - 2 * self.below(2)) / parts for _ in range(int(np.prod(shape)))]
        return np.array(flat, dtype=float).reshape(shape)

    def columns(self, shape: tuple[int, int], parts: int = 64) -> Any:
        """Positive multiples of 1/parts, each column summing to 1."""
        d, n = shape
        made = np.empty(shape)
        for k in range(n):
            cuts = sorted(self.distinct(d - 1, parts - 1))
            made[:, k] = np.diff([0, *(c + 1 for c in cuts), parts]) / parts
        return made

    def distinct(self, k: int, n: int) -> list[int]:
        """``k`` different whole numbers below n."""
        found: list[int] = []
        while len(found) < k:
            m = self.below(n)
            if m not in found:
                found.append(m)
        return found
