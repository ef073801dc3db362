"""Tangents: how far each primal moves along a direction, and what a gradient says of that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import fsum, prod
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks import rows
from checks.drawing import FEW, Drawn, Tiled, block_length, blocks, draws, in_a_row, in_units, signed_values
from checks.rows import Layout, Rows

Array = NDArray[Any]
FEWEST: Final = 256
"""Of so many terms a sum in a row of accumulators is no worse than one in pairs, and quicker."""


@dataclass(frozen=True, slots=True, eq=False)
class Tangent:
    """How one primal moves per unit of t, in units of the primal.

    Attributes
    ----------
    kept : ndarray of the primal's shape, or Tiled
        The direction, as `draws` drew it.
    length : float or ndarray
        How far it moves; or how far each kind of entry moves.
    kinds : ndarray of int8, of the primal's shape, optional
        The kind of each entry, where ``length`` is an array.
    imaginary : ndarray or Tiled, optional
        The direction of the imaginary parts, where the primal is complex.
    """

    kept: Drawn
    length: float | NDArray[np.float64]
    kinds: NDArray[np.int8] | None = None
    imaginary: Drawn | None = None

    def values(self, t: Any = 1.0) -> Array:
        """The whole direction, times t."""
        if self.imaginary is None and self.kinds is None:
            times = t * self.length
            return signed_values(self.kept, times) if type(self.kept) is Tiled else np.asarray(self.kept * times)
        if isinstance(t, complex):
            return self.values() * t
        made = signed_values(self.kept)
        if self.imaginary is not None:
            made = made + 1j * signed_values(self.imaginary)
        if self.kinds is None:
            return np.asarray(made * (t * self.length))
        lengths = t * np.asarray(self.length)
        if len(lengths) == 2 and lengths[0] == 0:  # some move and some stand still: kinds are 0 and 1
            return np.asarray(made * lengths[1] * self.kinds)
        return np.asarray(made * np.take(lengths, self.kinds, mode="clip"))  # clip: without a check of bounds

    def row(self, t: float = 1.0) -> Callable[[slice], Array]:
        """A function that makes one of the `blocks` of the direction, times t, flat; the next one takes its place."""
        if self.imaginary is not None:
            every = self.values(t).reshape(-1)
            return lambda at: every[at]
        kept = self.kept
        made = np.empty(block_length(prod(kept.shape)))
        few = None if isinstance(kept, Tiled) else kept.reshape(-1)

        def block(at: slice, times: float) -> Array:
            if few is None:
                return kept.block(at, times, made)  # type: ignore[union-attr]  # it is Tiled
            return np.multiply(few[at], times, out=made[: at.stop - at.start])

        if self.kinds is None:
            whole = t * float(self.length)
            return lambda at: block(at, whole)
        kinds, lengths = self.kinds.reshape(-1), t * np.asarray(self.length)
        if len(lengths) == 2 and lengths[0] == 0:  # some move and some stand still: kinds are 0 and 1
            whole = float(lengths[1])
            return lambda at: np.multiply(part := block(at, whole), kinds[at], out=part)
        each = np.empty(made.size)

        def by_kind(at: slice) -> Array:
            part = block(at, 1.0)
            part *= np.take(lengths, kinds[at], out=each[: part.size], mode="clip")  # clip: without a check of bounds
            return part

        return by_kind

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        made = self.values()
        return made if dtype is None else made.astype(dtype, copy=False)


class Numbers(NamedTuple):
    """Signs times magnitudes for a whole row, not yet multiplied by their unit; many are made where they are used."""

    kept: Drawn
    unit: float

    @staticmethod
    def drawn(rng: np.random.Generator, length: int, dtype: type = np.int16) -> Numbers:
        """As many as a row has, made from whole numbers of a type."""
        if length <= rows.FEW:
            return Numbers(*in_units(rng, length, dtype))
        return Numbers(draws(rng, (length,), dtype), 1.0)


class RowDirection(Mapping[str, Array]):
    """A direction in a row, its parts taken out where they are asked for; what does not move is 0 there.

    Parameters
    ----------
    layout : Layout
        Which part is which.
    row : ndarray of shape (layout.length,)
        The numbers.
    names : collection of str
        The primals that move.
    """

    __slots__ = ("layout", "names", "row")

    def __init__(self, layout: Layout, row: NDArray[np.float64], names: Collection[str]) -> None:
        self.layout, self.row, self.names = layout, row, names

    def __getitem__(self, name: str) -> Array:
        if name not in self.names:
            raise KeyError(name)
        return self.layout.part(self.row, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


Move = tuple[str, NDArray[np.bool_] | None, float]
"""Which entries of a primal move, all of them where there is no mask, and how far: (name, mask, length)."""


def together(rng: np.random.Generator, home: Rows, moves: Iterable[Move], dtype: type = np.int16) -> RowDirection:
    """A direction of primals that are kept in a row, drawn at once; of those that stand still it is 0.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws it.
    home : Rows
        The primals.
    moves : iterable of Move
        How far they move.
    dtype : type
        Of the whole numbers that it is made from.

    Examples
    --------
    >>> home = Rows.of({"w": np.ones((2, 2)), "b": np.ones(3)})
    >>> u = together(np.random.default_rng(0), home, [("w", None, 2.0)])
    >>> list(u), bool((np.abs(u["w"]) >= 1).all()), bool(u.row[4:].any())
    (['w'], True, False)
    """
    numbers = Numbers.drawn(rng, home.layout.length, dtype)
    return scaled(numbers, home, moves, None if isinstance(numbers.kept, Tiled) else numbers.kept)


def scaled(numbers: Numbers, home: Rows, moves: Iterable[Move], out: Array | None = None) -> RowDirection:
    """The direction that ``numbers`` make, a row of the layout of ``home``; in ``out``, which may be theirs."""
    layout, (kept, unit) = home.layout, numbers
    table = kept if isinstance(kept, Tiled) else None
    out = np.empty(layout.length) if out is None else out
    lengths: dict[str, Any] = {}
    masks: dict[str, NDArray[np.bool_]] = {}
    for name, mask, length in moves:
        if mask is None:
            lengths[name] = length
        elif name not in lengths:
            lengths[name], masks[name] = length, mask
        else:  # products, as choosing takes many times as long
            one = np.multiply(masks.pop(name), lengths[name]) if name in masks else lengths[name]
            lengths[name] = one + np.multiply(mask, length)
    for name, length in lengths.items():
        at, _, order = layout.parts[name]
        part, alike = out[at], type(length) is not np.ndarray
        times = length * unit if alike else unit
        if table is None:
            np.multiply(kept[at], times, out=part)  # type: ignore[index]  # it is an array
        else:
            table.write(at, times, part)
        if name in masks or not alike:
            part *= (masks[name] if alike else length).reshape(-1, order=order)
    for name in home.keys() - lengths.keys():
        start, stop = layout.spans[name]
        out[start:stop] = 0.0
    out[layout.gaps] = 0.0
    return RowDirection(layout, out, lengths)


def values(u: Tangent | Array, t: Any = 1.0) -> Array:
    """A whole direction, kept in either form, times t."""
    return u.values(t) if type(u) is Tangent else np.asarray(u * t)


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
    return fsum(_sum(flat[at], made(at)) for at in blocks(flat.size))


def paired(gradient: Mapping[str, Array], direction: Mapping[str, Tangent | Array]) -> float:
    """⟨g, u⟩ of all primals that move."""
    if type(gradient) is Rows and type(direction) is RowDirection and gradient.layout is direction.layout:
        g, u = gradient.row, direction.row
        return float(g.dot(u)) if g.size <= rows.FEW else dot(g, u)
    return sum(pairing(gradient[name], u) for name, u in direction.items())


def dot(v: Array, f: Array) -> float:
    """⟨v, f⟩ of flat arrays, block by block."""
    if v.size <= FEWEST and v.dtype == f.dtype == np.float64:
        return float(v.dot(f))
    if v.size <= FEW:
        return float(terms(v, f).sum())
    return fsum(_sum(v[at], f[at]) for at in blocks(v.size))


def _sum(g: Array, u: Array) -> float:
    return float(g.dot(u) if g.dtype == u.dtype == np.float64 else terms(g, u).sum())


def terms(g: Array, u: Array) -> Array:
    """Terms of ⟨g, u⟩ in float64; a complex number is two real ones."""
    if g.dtype.kind == "c" or u.dtype.kind == "c":
        return np.asarray(np.real(g) * np.real(u) + np.imag(g) * np.imag(u))
    return np.asarray(g.astype(np.float64, copy=False) * u)
