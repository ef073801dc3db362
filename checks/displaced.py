"""Displaced: points that are kept as another point and a direction, and made where they are used, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from checks.drawing import blocks, in_a_row, leading
from checks.rows import Rows
from checks.subject import Array, Point
from checks.tangents import RowDirection, Tangent, row, values


@dataclass(frozen=True, slots=True, eq=False)
class Displaced(Mapping[str, Array]):
    """x + t u, made anew each time that a primal is asked for; a real t keeps every dtype.

    Attributes
    ----------
    point : mapping of name to ndarray
        x, which may be displaced itself.
    direction : mapping of name to Tangent or ndarray
        u, of the primals that move.
    t : float or complex
        How far.

    Examples
    --------
    >>> from checks.drawing import draws
    >>> u = {"x": Tangent(draws(np.random.default_rng(0), (2,)), 1.0)}
    >>> there = Displaced({"x": np.ones(2), "y": np.zeros(1)}, u, 0.5)
    >>> bool((np.abs(there["x"] - 1) > 0.25).all()), there["y"]
    (True, array([0.]))
    """

    point: Point
    direction: Mapping[str, Tangent | Array]
    t: Any = 1.0

    def __getitem__(self, name: str) -> Array:
        x = self.point[name]
        if name not in self.direction:
            return x
        move = values(self.direction[name], self.t)
        return move + x if isinstance(self.t, complex) else _add(x, move, np.empty_like(x))

    def __iter__(self) -> Iterator[str]:
        return iter(self.point)

    def __len__(self) -> int:
        return len(self.point)


@dataclass(frozen=True, slots=True, eq=False)
class Varied(Mapping[str, Array]):
    """x + x u in the dtype of x, entry by entry, made anew each time that a primal is asked for.

    Attributes
    ----------
    point : mapping of name to ndarray
        x.
    direction : mapping of name to Tangent or ndarray
        u, real.
    backwards : bool
        Take the entries of each x in reverse order first.

    Examples
    --------
    >>> there = Varied({"x": np.array([1.0, 2.0, 4.0])}, {"x": np.array([0.5, 0.0, -0.5])}, backwards=True)
    >>> there["x"]
    array([6. , 2. , 0.5])
    """

    point: Point
    direction: Mapping[str, Tangent | Array]
    backwards: bool = False

    def __getitem__(self, name: str) -> Array:
        x = self.point[name]
        return _vary(np.flip(x) if self.backwards else x, values(self.direction[name]), np.empty_like(x))

    def __iter__(self) -> Iterator[str]:
        return iter(self.point)

    def __len__(self) -> int:
        return len(self.point)


MADE: Final = (Displaced, Varied)
"""Types of points that are made where they are used: an instance check of a Mapping is slow."""


def unmoved(point: Point) -> Point:
    """The arrays that a point is displaced from: of the same shapes, dtypes and memory layouts.

    Examples
    --------
    >>> unmoved(Displaced({"x": np.ones(2)}, {}))
    {'x': array([1., 1.])}
    """
    while type(point) in MADE:
        point = point.point  # type: ignore[attr-defined]  # one of those
    return point


def fill_row(out: Array, point: Point) -> bool:
    """Write all primals of ``point`` into ``out``, a row of its layout, at once; False where they are not kept so.

    Examples
    --------
    >>> x = Rows.of({"x": np.ones(2), "y": np.zeros(1)})
    >>> out = np.empty(x.layout.length)
    >>> fill_row(out, Displaced(x, RowDirection(x.layout, 3 * x.row, {"x"}), 0.5)), out[:2]
    (True, array([2.5, 2.5]))
    """
    if type(point) is Rows:
        np.copyto(out, point.row)
        return True
    if type(point) is not Displaced or isinstance(point.t, complex):
        return False
    home, direction = point.point, point.direction
    if type(direction) is not RowDirection:
        return False
    if type(home) is Displaced and fill_row(out, home):
        for name in direction.names:
            at = direction.layout.parts[name][0]
            part, move = out[at], direction.row[at]
            part += move if point.t == 1.0 else move * point.t
        return True
    if type(home) is not Rows or direction.layout is not home.layout:
        return False
    np.multiply(direction.row, point.t, out=out)
    out += home.row
    if len(direction.names) < len(home):  # what stands still keeps its signs of zeros
        for name in home.keys() - direction.names:
            start, stop = home.layout.spans[name]
            out[start:stop] = home.row[start:stop]
    return True


def fill(out: Array, point: Point, name: str) -> None:
    """Write a primal of ``point`` into ``out``, an array of its shape, dtype and layout."""
    if type(point) not in MADE:
        np.copyto(out, point[name])
        return
    flat = in_a_row(out)
    write = None if flat is None else _writer(point, name)
    if flat is None or write is None:
        np.copyto(out, point[name])
        return
    for at in blocks(flat.size):
        write(at, flat[at])


def pieces(out: Array, point: Point, name: str) -> Iterator[tuple[Array, Array]]:
    """Parts of ``out`` beside what ``point`` has there: the whole, or block by block."""
    flat = in_a_row(out)
    if flat is not None and type(point) not in MADE and (x := in_a_row(np.asarray(point[name]))) is not None:
        yield from ((flat[at], x[at]) for at in blocks(flat.size))
        return
    write = None if flat is None else _writer(point, name)
    if flat is None or write is None:
        x = np.asarray(point[name])
        if out.flags.c_contiguous and x.flags.c_contiguous:
            yield out, x
        elif out.flags.f_contiguous and x.flags.f_contiguous:
            yield out.T, x.T
        else:  # of different orders: a few rows at a time side by side
            both = (np.ascontiguousarray(a[rows]) for rows in leading(out) for a in (out, x))
            yield from zip(both, both, strict=True)
        return
    every = blocks(flat.size)
    made = np.empty(every[0].stop, dtype=flat.dtype)
    for at in every:
        yield flat[at], write(at, made[: at.stop - at.start])


def _writer(point: Point, name: str) -> Callable[[slice, Array], Array] | None:
    """A function that writes one of the blocks of a primal; None where its memory is not in a row."""
    moves = []
    while type(point) is Displaced:
        if isinstance(point.t, complex):
            return None
        if name in point.direction:
            moves.append(row(point.direction[name], point.t))
        point = point.point
    backwards, by = False, None
    if type(point) is Varied:
        backwards, by, point = point.backwards, row(point.direction[name]), point.point
    x = in_a_row(np.asarray(point[name]))
    if x is None:
        return None
    if backwards:
        x = x[::-1]

    def write(at: slice, out: Array) -> Array:
        now = x[at] if by is None else _vary(x[at], by(at), out)
        for move in reversed(moves):
            now = _add(now, move(at), out)
        if now is not out:
            out[...] = now
        return out

    return write


def _vary(x: Array, by: Array, out: Array) -> Array:
    """x + x by in the finer of the two, then in the dtype of ``out``; ``by`` is written over."""
    if x.dtype == by.dtype:
        by *= x
        return _add(x, by, out)
    return _add(x, by * x, out)


def _add(x: Array, move: Array, out: Array) -> Array:
    """x + move in the finer of the two, then in the dtype of ``out``."""
    np.add(x, move, out=out, casting="same_kind")
    return out
