"""Handed: the arrays that a function is given, and what it wrote into them."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from checks.displaced import fill, fill_row, pieces, unmoved
from checks.drawing import copied
from checks.room import COUNTED, FEW, Room, alone
from checks.rows import Rows
from checks.subject import Array, Point, equal

Form = Callable[[Array], Array]
"""Makes the copy of an array that a function is given."""
REPLACED: Final = "another array was put in its place, in the mapping that was handed over"


def copies(arrays: Mapping[str, Array], form: Form = np.array) -> dict[str, Array]:
    """Copies of ``arrays``, made by ``form``, to be handed over."""
    return {name: form(x) for name, x in arrays.items()}


def changes(
    held: Mapping[str, Array], given: Mapping[str, Any], before: Point, *, later: bool = False
) -> Iterator[tuple[str, str]]:
    """What is no longer as it was ``before``: (name, in words).

    Parameters
    ----------
    held : mapping of name to ndarray
        The arrays that were handed over.
    given : mapping
        The mapping that they were handed over in.
    before : mapping of name to ndarray
        What they held.
    later : bool
        The entries of large arrays are compared once `Buffers` has them back.

    Examples
    --------
    >>> x = {"x": np.array([1.0, 2.0])}
    >>> held = copies(x)
    >>> held["x"][1] = 5.0
    >>> list(changes(held, held, x))
    [('x', '1 of 2 entries; at [1] it was 2, afterwards 5')]
    """
    rest = unmoved(before)
    row = type(held) is Rows and type(rest) is Rows and _handed_back(held, given, rest)
    if row and (later or _untouched(held, before, rest)):  # type: ignore[arg-type]  # rows both
        return
    for name, array in held.items():
        like = np.asarray(rest[name])
        if array.nbytes <= FEW and _still(array, like if rest is before else np.asarray(before[name])):
            if given.get(name) is not array:
                yield name, REPLACED
        elif array.shape != like.shape or array.dtype != like.dtype:
            was = f"it was {like.dtype} of shape {like.shape}"
            yield name, f"{was}, afterwards {array.dtype} of shape {array.shape}"
        elif array.flags.writeable and not (later and array.nbytes > FEW) and not _as_before(array, before, name):
            yield name, _change(np.asarray(before[name]), array)
        elif given.get(name) is not array:
            yield name, REPLACED


class Buffers:
    """Arrays that points are handed over in: lent again and again, once nobody else refers to them any more.

    What was to be compared later, and was no longer as it had been, is a slip: `settle` tells of it.
    """

    def __init__(self) -> None:
        self._slipped = False
        self._free: dict[str, Array] = {}
        self._full: Point | None = None  # the point that the free ones hold
        self._unsure = False  # or should: that is looked at before they hold another one
        self._returned: list[str] = []  # the names of those
        self._out: dict[str, Array] = {}  # what is lent, or was to a function that raised
        self._row: Rows | None = None
        self.room = Room()

    def lend(self, point: Point, *, watched: bool = True) -> dict[str, Array]:
        """The arrays of ``point`` in memory of their own, layouts kept; ``watched``: what is written is to be seen."""
        if self._unsure and not (watched and self._full is point and not self._out):
            self._compare()
        rest = unmoved(point)
        self._out = self._lend_row(rest, point) if type(rest) is Rows else self._lend_each(rest, point)
        return self._out

    def _lend_each(self, rest: Point, point: Point) -> dict[str, Array]:
        held = {}
        for name, like in rest.items():
            if like.nbytes <= FEW:
                x = point[name]
                held[name] = np.array(x) if x is like or rest is point else x  # else it was made just now
                continue
            array = self._free.pop(name, None)
            reused = array is not None and _alike(array, like)
            if array is None or not reused:
                array = np.empty_like(like)
            if not (reused and self._full is point):
                fill(array, point, name)
            held[name] = array
        return held

    def _lend_row(self, home: Rows, point: Point) -> Rows:
        held, self._row = self._row, None
        if held is None or held.layout is not home.layout:
            held = Rows(home.layout, np.empty(home.layout.length))
        elif self._full is point:
            return held
        if not fill_row(held.row, point):
            for name, part in held.items():
                part[...] = point[name]
        return held

    def back(self, held: dict[str, Array], full: Point | None, *, later: bool = False) -> None:
        """Take back what was lent, if it can be lent again.

        ``full`` is the point that it still holds, if any. ``later``: so it should, and it is looked at when it is lent
        for another one; or now, what cannot be lent again.
        """
        self._out = {}
        self._slipped = self._slipped or (self._unsure and full is None)  # by which of the calls is not known
        self._full, self._unsure, self._returned = full, later and full is not None, []
        if type(held) is Rows:
            if _unshared(held) and (full is not None or held.formed()):
                self._row = held
            elif self._unsure:
                self._look(held)
            return
        for name in list(held):
            if held[name].nbytes > FEW:
                if alone(held, name):
                    self._free[name] = held.pop(name)
                    self._returned.append(name)
                elif self._unsure:
                    self._look({name: held[name]})

    def settle(self) -> bool:
        """Look whether all that was taken back is still what it should be: whether there was a slip, now or before."""
        self._compare()
        slipped, self._slipped = self._slipped, False
        return slipped

    def _compare(self) -> None:
        if self._unsure:
            row = type(unmoved(self._full or {})) is Rows
            there = {**self._free, **self._out}
            self._look((self._row or self._out) if row else {name: there[name] for name in self._returned})
            self._unsure, self._out = False, {}

    def _look(self, arrays: Mapping[str, Array]) -> None:
        full: Any = self._full
        rest = unmoved(full)
        if type(arrays) is Rows and type(rest) is Rows:
            same = _untouched(arrays, full, rest)
        else:
            same = all(_as_before(array, full, name) for name, array in arrays.items())
        self._slipped = self._slipped or not same

    def keep(self, results: Mapping[str, Any], name: str, like: Array | None = None) -> Any:
        """A result as an array that nobody else can write into: itself where nobody else refers to it, else a copy.

        A copy has Fortran's memory order where ``like`` has, of the same shape, else C's.
        """
        if getattr(results[name], "nbytes", 0) <= FEW:
            return np.array(results[name])
        if type(results[name]) is np.ndarray and results[name].flags.owndata and alone(results, name):
            return results[name]
        result = np.asarray(results[name])
        if result.dtype.hasobject:
            return np.array(result)
        if like is None or like.flags.c_contiguous or not like.flags.f_contiguous:
            return copied(result, self.room.empty(result.shape, result.dtype))
        return copied(result, self.room.empty(result.shape[::-1], result.dtype).T)


def _handed_back(held: Rows, given: Mapping[str, Any], home: Rows) -> bool:
    """Whether a row has the form that it had, and what was handed over are its parts."""
    if held.layout is not home.layout or not held.formed():
        return False
    return all(map(operator.is_, map(given.get, held), held.values()))


def _as_before(array: Array, before: Point, name: str) -> bool:
    """Whether an array holds what ``before`` has under this name."""
    return all(_identical(a, b) for a, b in pieces(array, before, name))


def _untouched(held: Rows, before: Point, home: Rows) -> bool:
    """Whether a row of the layout of ``home``, which ``before`` is displaced from, is as it was."""
    expected = home.row
    if before is not home:
        expected = np.empty(held.row.size)
        if not fill_row(expected, before):
            return False
    return equal(held.row.view(np.uint64), expected.view(np.uint64))


def _alike(array: Array, like: Array) -> bool:
    a, b = array.flags, like.flags
    same = array.shape == like.shape and array.dtype == like.dtype and a.writeable
    return same and (b.c_contiguous or b.f_contiguous) and a.c_contiguous == b.c_contiguous


def _unshared(rows: Rows) -> bool:
    """Whether nobody else refers to a row or a part of it; false where it cannot be known."""
    return _holders(rows) == _OURS


def _holders(rows: Rows) -> tuple[int, int]:
    """How often a row is referred to, its parts left out, and how often that part is which most refer to."""
    return sys.getrefcount(rows.row) - len(rows), max(map(sys.getrefcount, rows.values()))


_LONE: Final = Rows.of({"": np.ones(1)})
_OURS: Final = _holders(_LONE) if _LONE and COUNTED else None


def _still(a: Array, b: Array) -> bool:
    """Whether two arrays are the same in every byte."""
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def _identical(a: Array, b: Array) -> bool:
    """Whether two arrays of one shape and dtype hold the same values, −0 and 0 told apart, all NaN alike.

    By their bytes first: quicker, but a long double has padding.
    """
    whole = a.flags.c_contiguous and b.flags.c_contiguous and a.dtype.itemsize % 8 == 0
    if whole and equal(a.reshape(-1).view(np.uint64), b.reshape(-1).view(np.uint64)):
        return True
    return not _differs(a, b).any()


def _differs(a: Array, b: Array) -> Array:
    if a.dtype.kind == "c":
        return _differs(a.real, b.real) | _differs(a.imag, b.imag)
    if a.dtype.kind != "f":
        return np.asarray(a != b)
    number = ~(np.isnan(a) & np.isnan(b))
    return np.asarray(((a != b) | (np.signbit(a) != np.signbit(b))) & number)


def _change(before: Array, after: Array) -> str:
    differs = np.argwhere(_differs(before, after))
    at = tuple(int(i) for i in differs[0]) if len(differs) else (0,) * before.ndim
    entries = f"{len(differs):,} of {before.size:,} entries"
    was, now = before[at], after[at]
    if was != now:  # else a zero has changed its sign
        was, now = was + 0, now + 0
    return f"{entries}; at {list(at)} it was {was:.6g}, afterwards {now:.6g}"
