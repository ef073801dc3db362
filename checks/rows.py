"""Rows: the arrays of a point of few numbers, one behind the other in one: a step over all of them is one call.

A network of a dozen small tensors is moved, compared and measured in microseconds then; array by array it is Python
that takes the time. Points of more numbers than `MOST` are not kept so: there it is memory that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod, sqrt
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MOST: Final = 1 << 17
"""Numbers: 1 MiB in float64."""
APART: Final = 8
"""Every array begins at a multiple of so many numbers, which are 64 bytes; what is in between is 0."""
FEW: Final = 16_384
"""Directions of rows that have no more numbers are drawn one by one."""
DOUBLE: Final = np.dtype(np.float64)
_DOUBLES: Final = {DOUBLE}
MIXED: Final = 1e-3  # a tensor of which a tenth is below MIXED × its rms has entries of mixed scales
VANISHED: Final = 1e-11  # entries below this × the tensor's largest are zero for the judge: they join the claimed zeros
SAFE: Final = 1e-200  # sums of squares between this and its inverse have neither over- nor underflowed


class Spread(NamedTuple):
    """Root mean square, largest and least magnitude of an array.

    And what was counted along the way: of arrays in which none vanishes how many magnitudes are below `MIXED` times the
    first, of those in which some are 0 what is beside these.
    """

    rms: float
    largest: float
    least: float
    small: int | None = None
    beside: Beside | None = None


class Beside(NamedTuple):
    """What is beside zeros in an array.

    Attributes
    ----------
    number : int
        How many entries are not 0.
    rms : float
        Their root mean square.
    small, vanish : int
        How many magnitudes of them are below `MIXED` times that; and below `VANISHED` times the largest.
    """

    number: int
    rms: float
    small: int
    vanish: int


def beside_zeros(size: int, zeros: int, rms: float, largest: float, below: Callable[[float], int]) -> Beside:
    """Count what is beside so many zeros; ``below`` says how many magnitudes of all are less than a bound."""
    usual = rms * sqrt(size / (size - zeros))
    small = below(MIXED * usual) - zeros
    vanish = below(VANISHED * largest) - zeros if small else 0  # few are as much smaller
    return Beside(size - zeros, usual, small, vanish)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where in a row the arrays lie.

    Attributes
    ----------
    spans : mapping of name to (start, stop)
        The numbers of each.
    shapes : mapping of name to (shape, order)
        Its form: "C", or "F" for one in Fortran's order.
    length : int
        How many numbers the row has; the last is of no array.
    bounds : ndarray of shape (2 k,)
        All starts and stops.
    gaps : ndarray of int, shape (length minus all sizes,)
        The numbers that are of no array.
    forms : list of tuple of int
        The shape of each array.
    parts : mapping of name to (slice, shape, order)
        All that is needed to take them out of a row; the shape is None where that is of one axis.
    """

    spans: Mapping[str, tuple[int, int]]
    shapes: Mapping[str, tuple[tuple[int, ...], Any]]
    length: int
    bounds: NDArray[np.intp]
    gaps: NDArray[np.intp]
    forms: list[tuple[int, ...]]
    parts: Mapping[str, tuple[slice, tuple[int, ...] | None, Any]]

    @staticmethod
    def of(point: Mapping[str, Array]) -> Layout | None:
        """A layout for these arrays; None where they are not float64, not in a row of their own, too many or empty."""
        forms = []
        for name, x in point.items():
            flags = x.flags
            if x.dtype != DOUBLE or not x.size or not (flags.c_contiguous or flags.f_contiguous):
                return None
            forms.append((name, x.shape, "C" if flags.c_contiguous else "F"))
        return _laid_out(tuple(forms))

    def part(self, row: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        """The array of a name, of its shape, in a row of shape (length,): a view."""
        at, shape, order = self.parts[name]
        return row[at] if shape is None else row[at].reshape(shape, order=order)


@lru_cache
def _laid_out(named: tuple[tuple[str, tuple[int, ...], Any], ...]) -> Layout | None:
    """The layout of arrays of these names, shapes and orders: audits of one subject ask for the same again."""
    spans, gaps, at = {}, list[int](), 0
    for name, shape, _ in named:
        size = prod(shape)
        spans[name] = at, at + size
        end, at = at + size, at + size // APART * APART + APART
        gaps += range(end, at)
    if at > MOST:
        return None
    return Layout(
        spans=spans,
        shapes={name: (shape, order) for name, shape, order in named},
        length=at,
        bounds=np.array([*spans.values()]).reshape(-1),
        gaps=np.array(gaps),
        forms=[shape for _, shape, _ in named],
        parts={n: (slice(*spans[n]), None if len(shape) == 1 else shape, order) for n, shape, order in named},
    )


class Rows(dict[str, Array]):
    """Arrays by name, all of them parts of one.

    Parameters
    ----------
    layout : Layout
        Which part is which.
    row : ndarray of shape (layout.length,)
        The numbers.
    names : iterable of str, optional
        All of them, in the order that is wanted; that of the layout, if left out.
    """

    __slots__ = ("_spreads", "layout", "row")

    def __init__(self, layout: Layout, row: NDArray[np.float64], names: Any = None) -> None:
        self.layout, self.row, self._spreads = layout, row, dict[str, Spread]()
        for name in layout.parts if names is None else names:
            self[name] = layout.part(row, name)

    @staticmethod
    def of(point: Mapping[str, Array], layout: Layout | None = None) -> Rows | None:
        """Copies of the arrays in a row; None where they have none, or not the ``layout`` that is wanted.

        Examples
        --------
        >>> rows = Rows.of({"w": np.ones((2, 2)), "b": np.arange(3.0)})
        >>> rows["b"], rows.row.size
        (array([0., 1., 2.]), 16)
        >>> Rows.of({"w": np.ones(2, dtype=np.float32)}) is None
        True
        """
        wanted = layout or Layout.of(point)
        if wanted is None or point.keys() != wanted.spans.keys():
            return None
        if layout and not all(
            type(x) is np.ndarray and x.dtype == DOUBLE and x.shape == wanted.shapes[name][0]
            for name, x in point.items()
        ):
            return None
        made = Rows(wanted, np.empty(wanted.length), point)
        made.row[wanted.gaps] = 0.0
        for name, part in made.items():
            part[...] = point[name]
        return made

    def like(self, row: NDArray[np.float64]) -> Rows:
        """Other numbers under the same names."""
        return Rows(self.layout, row, self)

    def formed(self) -> bool:
        """Whether the parts, all that there are, still have the shapes and the dtype of the layout: both can be set."""
        parts = self.values()
        return [x.shape for x in parts] == self.layout.forms and {x.dtype for x in parts} == _DOUBLES

    @property
    def spreads(self) -> Mapping[str, Spread]:
        """Of every array how large its entries are; looked at once, so that nothing may be written afterwards.

        Examples
        --------
        >>> Rows.of({"w": np.array([3.0, -4.0]), "b": np.ones(5)}).spreads["w"]
        Spread(rms=3.5355339059327378, largest=4.0, least=3.0, small=0, beside=None)
        """
        if not self._spreads:
            bounds = self.layout.bounds
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                magnitude = np.abs(self.row)
                largest = np.maximum.reduceat(magnitude, bounds)[::2].tolist()
                least = np.minimum.reduceat(magnitude, bounds)[::2].tolist()
                for (name, (at, _, _)), high, low in zip(self.layout.parts.items(), largest, least, strict=True):
                    part = magnitude[at]
                    square = float(part.dot(part))
                    if SAFE < square < 1 / SAFE:
                        usual = sqrt(square / part.size)
                    else:  # of the squares some have over- or underflowed
                        unit = high or 1.0
                        usual = unit * float(np.sqrt(np.mean((part / unit) ** 2)))
                    self._spreads[name] = _counted(part, usual, high, low)
        return self._spreads


def _counted(magnitude: NDArray[np.float64], usual: float, largest: float, least: float) -> Spread:
    """With what `groups` will ask, while the magnitudes are at hand."""

    def below(bound: float) -> int:
        return int(np.count_nonzero(magnitude < bound))

    if least > VANISHED * largest:
        return Spread(usual, largest, least, below(MIXED * usual) if least < MIXED * usual else 0)
    if not least == 0.0 < largest < np.inf:
        return Spread(usual, largest, least)
    zeros = int(np.count_nonzero(magnitude == 0))
    return Spread(usual, largest, least, None, beside_zeros(magnitude.size, zeros, usual, largest, below))
