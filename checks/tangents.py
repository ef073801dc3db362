"""Tangents: directions kept as small whole numbers, a quarter of the primal's size or less, and made block by block.

An entry of a direction is a random sign times a magnitude from U[1/2, 3/2], never plain ±1, so that equal errors cannot
cancel. It is kept as a whole number of 16 bits (or 8) and made a float where it is used, with a fraction of its own
added, by its place in the block: no two entries of a block share a magnitude, and ties are left even where all entries
are alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import fsum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BLOCK: Final = 32_749
"""Entries that are made at a time: what fits a core's own cache; prime, so that no layout repeats it."""
FRACTIONS: Final = (np.arange(BLOCK) + 0.25) / BLOCK
"""What is added to an entry's whole number, by its place in the block."""


def draws(rng: np.random.Generator, shape: tuple[int, ...], dtype: type = np.int16) -> Array:
    """Random whole numbers k ≥ 0 and ~k < 0, as many of each, that `signed_values` makes floats of.

    Examples
    --------
    >>> made = draws(np.random.default_rng(0), (1000,), np.int8)
    >>> int(made.min()), int(made.max()), made.nbytes
    (-96, 95, 1000)
    """
    made: Array = np.empty(shape, dtype=dtype)
    flat, size = made.reshape(-1), made.itemsize
    whole = 1 << (8 * size - 2)
    for at in blocks(flat.size):
        part = flat[at]
        words = np.asarray(rng.bit_generator.random_raw(-(-part.size * size // 8)))
        part[:] = words.astype("<u8", copy=False).view(f"<i{size}")[: part.size]
        sign = part >> (8 * size - 1)
        part &= whole - 1
        part += whole >> 1
        part ^= sign
    return made


def signed_values(kept: Array, times: Any = 1.0) -> Array:
    """Floats of what `draws` drew: ``times`` a random sign times a magnitude from U[1/2, 3/2].

    Parameters
    ----------
    kept : ndarray of int8 or int16
        Whole numbers; a direction from its first entry on.
    times : float or complex
        A factor.

    Examples
    --------
    >>> u = signed_values(draws(np.random.default_rng(0), (1000,)))
    >>> bool(0.5 <= abs(u).min() <= abs(u).max() <= 1.5)
    True
    """
    if isinstance(times, complex):
        return signed_values(kept) * times
    if kept.size <= BLOCK:
        few = np.add(kept, FRACTIONS[: kept.size].reshape(kept.shape))
        return np.asarray(few * (times / (1 << (8 * kept.itemsize - 2))))
    made = np.empty(kept.shape)
    flat, out = kept.reshape(-1), made.reshape(-1)
    for at in blocks(flat.size):
        _block(flat[at], times, out[at])
    return made


def _block(kept: Array, times: float, out: Array) -> Array:
    """One of the blocks of `signed_values`."""
    np.add(kept, FRACTIONS[: kept.size], out=out)
    out *= times / (1 << (8 * kept.itemsize - 2))  # the whole number that a magnitude of 1 is kept as
    return out


def blocks(size: int) -> list[slice]:
    """Slices of `BLOCK` entries that make up ``size``.

    Examples
    --------
    >>> [(s.start, s.stop) for s in blocks(40_000)]
    [(0, 32749), (32749, 40000)]
    """
    return [slice(at, min(at + BLOCK, size)) for at in range(0, size, BLOCK)]


def in_a_row(array: Array) -> Array | None:
    """A flat view of ``array``, None where its memory has another order or is small enough to be taken at once."""
    return array.reshape(-1) if array.size > BLOCK and array.flags.c_contiguous else None


@dataclass(frozen=True, slots=True, eq=False)
class Tangent:
    """How one primal moves per unit of t, in units of the primal.

    Attributes
    ----------
    kept : ndarray of int8 or int16, of the primal's shape
        The direction, as `draws` drew it.
    length : float or ndarray
        How far it moves; or how far each kind of entry moves.
    kinds : ndarray of int8, of the primal's shape, optional
        The kind of each entry, where ``length`` is an array.
    imaginary : ndarray, optional
        The direction of the imaginary parts, where the primal is complex.
    """

    kept: Array
    length: float | NDArray[np.float64]
    kinds: NDArray[np.int8] | None = None
    imaginary: Array | None = None

    def values(self, t: Any = 1.0) -> Array:
        """The whole direction, times t."""
        if self.imaginary is None and self.kinds is None:
            return signed_values(self.kept, t * self.length)
        if isinstance(t, complex):
            return self.values() * t
        length = self.length if self.kinds is None else np.asarray(self.length)[self.kinds]
        made = signed_values(self.kept)
        if self.imaginary is not None:
            made = made + 1j * signed_values(self.imaginary)
        return np.asarray(made * (t * length))

    def row(self, t: float = 1.0) -> Callable[[slice], Array]:
        """A function that makes one of the `blocks` of the direction, times t, flat; the next one takes its place."""
        if self.imaginary is not None:
            every = self.values(t).reshape(-1)
            return lambda at: every[at]
        kept = self.kept.reshape(-1)
        made = np.empty(min(BLOCK, kept.size))
        if self.kinds is None:
            whole = t * float(self.length)
            return lambda at: _block(kept[at], whole, made[: at.stop - at.start])
        kinds, lengths = self.kinds.reshape(-1), t * np.asarray(self.length)

        def mixed(at: slice) -> Array:
            part = _block(kept[at], 1.0, made[: at.stop - at.start])
            part *= lengths[kinds[at]]
            return part

        return mixed

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        made = self.values()
        return made if dtype is None else made.astype(dtype, copy=False)


def values(u: Tangent | Array, t: Any = 1.0) -> Array:
    """A whole direction, kept in either form, times t."""
    return u.values(t) if isinstance(u, Tangent) else np.asarray(u * t)


def row(u: Tangent | Array, t: float = 1.0) -> Callable[[slice], Array]:
    """A function that makes one of the `blocks` of a direction, kept in either form, times t."""
    if isinstance(u, Tangent):
        return u.row(t)
    flat = u.reshape(-1)
    return lambda at: np.asarray(flat[at] * t)


def pairing(g: Array, u: Tangent | Array) -> float:
    """⟨g, u⟩ in float64, block by block; a complex primal is two real ones, g = ∂/∂Re + i ∂/∂Im.

    Examples
    --------
    >>> pairing(np.array([1.0, 2.0]), np.array([3.0, -1.0]))
    1.0
    """
    flat = in_a_row(np.asarray(g))
    if flat is None:
        return float(terms(np.asarray(g), values(u)).sum())
    made = row(u)
    return fsum(float(terms(flat[at], made(at)).sum()) for at in blocks(flat.size))


def dot(v: Array, f: Array) -> float:
    """⟨v, f⟩ of flat arrays, block by block."""
    if v.size <= BLOCK:
        return float(terms(v, f).sum())
    return fsum(float(terms(v[at], f[at]).sum()) for at in blocks(v.size))


def terms(g: Array, u: Array) -> Array:
    """Terms of ⟨g, u⟩ in float64; a complex number is two real ones."""
    if g.dtype.kind == "c" or u.dtype.kind == "c":
        return np.asarray(np.real(g) * np.real(u) + np.imag(g) * np.imag(u))
    return np.asarray(g.astype(np.float64, copy=False) * u)
