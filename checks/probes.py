"""Probes: where a gradient is measured and along what; every random number from one printed seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from math import hypot, sqrt
from typing import Any, Final

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray

from checks.displaced import Displaced, Varied
from checks.drawing import every_draw, numbers
from checks.rows import SAFE, Rows
from checks.subject import Array, Point
from checks.tangents import Tangent, together

MOVED: Final = 1e-3  # the moved point is this far, relative to each tensor's size, from the caller's
LARGE: Final = 1 << 14  # entries
FEW: Final = 256  # entries
MAGNITUDE_RMS: Final = float(np.sqrt(13 / 12))  # rms of a magnitude drawn from U[1/2, 3/2]


class Words(ISeedSequence):
    """A digest as the state that a bit generator starts from: it is as random as a seed can be made.

    What `numpy.random.SeedSequence` makes of a seed, by NumPy's own interface for it.
    """

    __slots__ = ("digest",)

    def __init__(self, digest: bytes) -> None:
        self.digest = digest

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[Any]:
        """The first words of the digest; of 32 bytes as many as there are."""
        width = np.dtype(dtype).itemsize
        return np.frombuffer(self.digest, f"<u{width}", n_words).astype(dtype, copy=False)


def generators(seed: int, *digest: object) -> Callable[[str], np.random.Generator]:
    """Generators for (seed, digest of what the subject looks like), one for each purpose; the same on every machine.

    Examples
    --------
    >>> made = generators(0, "a", (2, 3))
    >>> made("cotangent").random() == made("cotangent").random() != made("adjoint").random()
    True
    """
    known = hashlib.sha256(repr((int(seed), digest)).encode())

    def of(purpose: str) -> np.random.Generator:
        words = known.copy()
        words.update(purpose.encode())
        return np.random.Generator(np.random.SFC64(Words(words.digest())))  # type: ignore[arg-type]  # not in its stubs

    return of


def generator(seed: int, *digest: object) -> np.random.Generator:
    """Generator for (seed, digest), the same on every machine and in every version: drawn cases are written down.

    Examples
    --------
    >>> generator(0, "a", (2, 3)).random() == generator(0, "a", (2, 3)).random()
    True
    """
    words = hashlib.sha256(repr(digest).encode()).digest()[:16]
    return np.random.default_rng([seed, *np.frombuffer(words, dtype=np.uint32).tolist()])


def signed(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Random signs times magnitudes from U[1/2, 3/2]: never plain ±1, so that equal errors cannot cancel.

    Examples
    --------
    >>> u = signed(np.random.default_rng(0), (1000,))
    >>> bool(0.5 <= abs(u).min() <= abs(u).max() <= 1.5)
    True
    """
    return numbers(rng, shape)


def size(array: Array) -> float:
    """The rms of a tensor, so that t = 1 is a 100 % change; 1 where all entries are zero.

    Examples
    --------
    >>> round(size(np.array([3.0, -3.0])), 12), size(np.zeros(2))
    (3.0, 1.0)
    """
    return rms(array) or 1.0


def rms(array: Array) -> float:
    """Root mean square without over- or underflow; 0 for an empty array."""
    if not array.size:
        return 0.0
    if array.dtype == np.float64:
        flat = array.ravel()
        if flat.size <= FEW:
            return hypot(*flat.tolist()) / sqrt(flat.size)
        with np.errstate(over="ignore", under="ignore"):
            square = float(flat @ flat)
        if SAFE < square < 1 / SAFE:
            return float(np.sqrt(square / array.size))
    largest = float(np.max(np.abs(array)))
    if largest == 0.0:
        return 0.0
    scaled = np.abs(array) / largest
    return largest * float(np.sqrt(np.mean(scaled * scaled, dtype=np.float64)))


def sizes(point: Mapping[str, Array]) -> dict[str, float]:
    """`size` of every primal."""
    if type(point) is Rows:
        return {name: spread.rms or 1.0 for name, spread in point.spreads.items()}
    return {name: size(x) for name, x in point.items()}


def varied(rng: np.random.Generator, point: Point, by: float, *, backwards: bool = False) -> Point:
    """Every entry changed by about ``by`` of itself, up or down, in its dtype; made where it is used as in `moved`.

    ``backwards``: the entries of every primal in reverse order, so that others are the largest.
    """
    if type(point) is Rows:
        made = together(rng, point, ((name, None, by) for name in point))
        home = point
        if backwards:
            home = point.like(point.row.copy())
            for name, part in home.items():
                part[...] = np.flip(point[name])
        made.row *= home.row
        made.row += home.row
        return point.like(made.row)
    drawn = every_draw(rng, [x.shape for x in point.values()])
    there = Varied(point, {n: Tangent(kept, by) for n, kept in zip(point, drawn, strict=True)}, backwards)
    return there if _large(point) else dict(there)


def _large(point: Point) -> bool:
    return sum(x.size for x in point.values()) > LARGE


def moved(rng: np.random.Generator, point: Point, sizes: Mapping[str, float]) -> Point:
    """Move every entry of ``point`` off exact kinks, ties and zeros, by `MOVED` of its tensor's size, in its dtype.

    A point of more than `LARGE` entries is made where it is used, unless it is kept in a row.
    """
    if type(point) is Rows:
        made = together(rng, point, ((name, None, MOVED * sizes[name]) for name in point), np.int8)
        made.row += point.row
        return point.like(made.row)
    drawn = every_draw(rng, [x.shape for x in point.values()], np.int8)
    direction = {name: Tangent(kept, MOVED * sizes[name]) for name, kept in zip(point, drawn, strict=True)}
    there = Displaced(point, direction)
    return there if _large(point) else dict(there)


def displaced(
    point: Point, direction: Mapping[str, Array], sizes: Mapping[str, float] | None = None, t: Any = 1.0
) -> dict[str, Array]:
    """x + t u for the primals that move, the others as they are; a real t keeps every dtype.

    Parameters
    ----------
    point, direction : mapping of name to ndarray
        x and u.
    sizes : mapping of name to float, optional
        What each u is multiplied by besides t.
    t : float or complex
        How far.

    Examples
    --------
    >>> displaced({"x": np.ones(2), "y": np.zeros(1)}, {"x": np.array([1.0, 0.0])}, t=0.5)["x"]
    array([1.5, 1. ])
    """
    made = dict(point)
    for name, u in direction.items():
        x, move = point[name], np.asarray(u * (t * sizes[name] if sizes else t))
        if np.result_type(x, move) == move.dtype:
            move += x
        else:
            move = x + move
        made[name] = move if isinstance(t, complex) else move.astype(x.dtype, copy=False)
    return made
