"""Drawing: directions of random signs times magnitudes from U[1/2, 3/2]; those of large arrays made from a table.

Plain ±1 would let equal errors cancel; of these no two entries share a magnitude. The direction of few entries is kept.
That of many is a *table* of such numbers, taken for every block of entries from another place on, times a factor of the
block's own, of random sign and continuous magnitude: entries are uncorrelated, as those drawn one by one are, and two
that share a place in the table differ by their factors. It costs no memory and no drawing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BLOCK: Final = 32_749
"""Entries that are made at a time: what fits a core's own cache; prime, so that no layout repeats it."""
FEW: Final = 4_093
"""Directions of so many entries are kept as they are, and blocks have no fewer."""
SHARE: Final = 32
"""A block is this part of its array, as far as `FEW` and `BLOCK` allow: the table's memory follows the array's."""
QUICK: Final = 8_191
"""Up to so many entries it is a ninth: short blocks take longer than a longer table."""
FRACTIONS: Final = (np.arange(BLOCK + 7) + 0.25) / BLOCK
"""What is added to an entry's whole number, by its place in the block."""
PLACES: Final = 4
"""A block's place in the table is one of a block's length divided by this."""
WORD: Final = np.dtype("<u8")
KINDS: Final[Mapping[type, np.dtype[Any]]] = {np.int8: np.dtype("<i1"), np.int16: np.dtype("<i2")}
"""Random words, and the whole numbers that lie in them, on every machine alike."""
SPREAD: Final = 0.125
"""The factors' magnitudes are 1 up to so much, before they are scaled to a root mean square of 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Tiled:
    """A direction of many entries, not multiplied out.

    Attributes
    ----------
    shape : tuple of int
        The primal's.
    table : ndarray of shape (m,)
        Signs times magnitudes.
    places : list of int
        Where in the table each of the `blocks` begins.
    factors : list of float
        What each is multiplied by.
    length : int
        How many entries a block has.
    """

    shape: tuple[int, ...]
    table: NDArray[np.float64]
    places: list[int]
    factors: list[float]
    length: int

    def block(self, at: slice, times: float, out: NDArray[np.float64]) -> NDArray[np.float64]:
        """One of the blocks, times a number."""
        nth = at.start // self.length
        place = self.places[nth]
        part = self.table[place : place + at.stop - at.start]
        made: NDArray[np.float64] = np.multiply(part, self.factors[nth] * times, out=out[: part.size])
        return made

    def write(self, at: slice, times: float, out: NDArray[np.float64]) -> None:
        """Those of a slice, flat, times a number, into ``out``."""
        start = at.start
        while start < at.stop:
            nth = start // self.length
            stop, place = min((nth + 1) * self.length, at.stop), self.places[nth] - nth * self.length
            part = self.table[place + start : place + stop]
            np.multiply(part, self.factors[nth] * times, out=out[start - at.start : stop - at.start])
            start = stop


Drawn = Array | Tiled


def draws(rng: np.random.Generator, shape: tuple[int, ...], dtype: type = np.int16) -> Drawn:
    """A random direction of this shape; one of few entries from whole numbers of a type.

    Examples
    --------
    >>> made = draws(np.random.default_rng(0), (1000,))
    >>> bool(0.5 <= abs(made).min() <= abs(made).max() <= 1.5)
    True
    """
    return every_draw(rng, [shape], dtype)[0]


def every_draw(rng: np.random.Generator, shapes: Iterable[tuple[int, ...]], dtype: type = np.int16) -> list[Drawn]:
    """What `draws` gives of each shape, one after the other; those of few entries are made together."""
    made: list[Drawn] = []
    few: list[tuple[int, ...]] = []
    waiting = 0
    for shape in shapes:
        size = prod(shape)
        alone = size > FEW
        if alone or waiting + size > BLOCK:
            made += _numbers(rng, few, dtype)
            few, waiting = [], 0
        if alone:
            made.append(_tiled(rng, shape, size))
        else:
            few.append(shape)
            waiting += size
    return made + _numbers(rng, few, dtype)


def _tiled(rng: np.random.Generator, shape: tuple[int, ...], size: int) -> Tiled:
    length = block_length(size)
    count = -(-size // length)
    places = rng.integers(length // PLACES, size=count).tolist()
    return Tiled(shape, numbers(rng, (length + length // PLACES,)), places, _factors(rng, count).tolist(), length)


def numbers(rng: np.random.Generator, shape: tuple[int, ...], dtype: type = np.int16) -> NDArray[np.float64]:
    """Random signs times magnitudes from U[1/2, 3/2], drawn one by one.

    Each is a random whole number of a type, with a fraction added that no other entry of its block has.
    """
    made: NDArray[np.float64] = np.empty(shape)
    flat = made.reshape(-1)
    for start in range(0, flat.size, BLOCK):
        out = flat[start : start + BLOCK]
        part, unit = in_units(rng, out.size, dtype)
        np.multiply(part, unit, out=out)
    return made


def _numbers(rng: np.random.Generator, shapes: Sequence[tuple[int, ...]], dtype: type) -> list[NDArray[np.float64]]:
    """`numbers` of each shape, of up to `BLOCK` entries in all; every one begins with another word of random bits."""
    if not shapes:
        return []
    sizes, each = [prod(shape) for shape in shapes], 8 // np.dtype(dtype).itemsize
    counts = [-(-size // each) for size in sizes]
    part, unit = _whole(rng, sum(counts), dtype)
    fractions = [FRACTIONS[: each * count] for count in counts]
    values = part + (fractions[0] if len(fractions) == 1 else np.concatenate(fractions))
    values *= unit
    starts = [each * at for at in accumulate(counts, initial=0)]
    return [values[at : at + n].reshape(shape) for at, n, shape in zip(starts, sizes, shapes, strict=False)]


def _whole(rng: np.random.Generator, words: int, dtype: type) -> tuple[NDArray[Any], float]:
    """Random whole numbers of a type, as many as so many words hold, and what they are multiplied by."""
    little = KINDS[dtype]
    width = 8 * little.itemsize
    whole = 1 << (width - 2)
    part = np.asarray(rng.bit_generator.random_raw(words)).astype(WORD, copy=False).view(little)
    sign = part >> (width - 1)
    part &= whole - 1
    part += whole >> 1
    part ^= sign
    return part, 1 / whole


def in_units(rng: np.random.Generator, size: int, dtype: type = np.int16) -> tuple[NDArray[np.float64], float]:
    """Up to `BLOCK` of `numbers`, not yet multiplied by their unit, and that: whoever scales them does both at once.

    Examples
    --------
    >>> made, unit = in_units(np.random.default_rng(0), 10)
    >>> bool(np.array_equal(made * unit, numbers(np.random.default_rng(0), (10,))))
    True
    """
    part, unit = _whole(rng, -(-size * np.dtype(dtype).itemsize // 8), dtype)
    made = part[:size].astype(np.float64)
    made += FRACTIONS[:size]
    return made, unit


def _factors(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Signs times magnitudes from U[1 − SPREAD, 1 + SPREAD], scaled to a root mean square of 1."""
    made = rng.uniform(-SPREAD, SPREAD, count)
    signs = np.where(rng.random(count) < 0.5, -1.0, 1.0)
    return np.asarray(signs * (1 + made) / np.sqrt(1 + SPREAD**2 / 3))


def signed_values(kept: Drawn, times: Any = 1.0) -> Array:
    """All entries of what `draws` drew, times a number.

    Examples
    --------
    >>> u = signed_values(draws(np.random.default_rng(0), (300, 100)))
    >>> u.shape, bool(0.3 < abs(u).min() < abs(u).max() < 2)
    ((300, 100), True)
    """
    if not isinstance(kept, Tiled):
        return np.asarray(kept * times)
    if isinstance(times, complex):
        return signed_values(kept) * times
    made = np.empty(kept.shape)
    kept.write(slice(0, made.size), times, made.reshape(-1))
    return made


def block_length(size: int) -> int:
    """How many entries the blocks of an array have."""
    return min(BLOCK, max(FEW, min(QUICK, size // 9), size // SHARE))


def blocks(size: int, length: int = 0) -> list[slice]:
    """Slices that make up ``size``, of ``length`` entries, or `BLOCK` or, of smaller arrays, fewer.

    Examples
    --------
    >>> [(s.start, s.stop) for s in blocks(10_000)], len(blocks(40 * BLOCK))
    ([(0, 4093), (4093, 8186), (8186, 10000)], 40)
    """
    length = length or block_length(size)
    return [slice(at, min(at + length, size)) for at in range(0, size, length)]


def leading(array: Array) -> list[slice]:
    """Slices of the first axis that hold about `BLOCK` entries each: what is copied across memory orders at a time.

    Examples
    --------
    >>> leading(np.ones((100, 1000)))[:2], leading(np.ones(3)), leading(np.ones(()))
    ([slice(0, 32, None), slice(32, 64, None)], [slice(0, 3, None)], [])
    """
    if not array.ndim or not array.size:
        return []
    length = max(1, BLOCK // (array.size // len(array)))
    return [slice(at, min(at + length, len(array))) for at in range(0, len(array), length)]


def copied(x: Array, to: Array) -> Array:
    """``to`` with the entries of ``x``, of one shape, in any memory order: rows at a time use up their cache lines.

    Examples
    --------
    >>> bool((copied(np.eye(300), np.empty((300, 300)).T) == np.eye(300)).all())
    True
    """
    rows = leading(x)
    if not rows or x.strides == to.strides:
        np.copyto(to, x)
        return to
    for at in rows:
        to[at] = x[at]
    return to


def in_a_row(array: Array) -> Array | None:
    """A flat view of ``array``, None where its memory has another order or is small enough to be taken at once."""
    return array.reshape(-1) if array.size > FEW and array.flags.c_contiguous else None
