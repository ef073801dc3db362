"""Flat: tensors of many shapes end to end in one array, so that a question is asked of all of them at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.equations.regimes import Array
from checks.probes import size as careful_size


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where each tensor starts, how many entries it has, where it ends, and its shape."""

    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    ends: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def total(self) -> int:
        """Entries of all of them."""
        return self.ends[-1]

    def sums(self, flat: Array) -> Array:
        """Sum of each tensor's entries."""
        return np.asarray(np.add.reduceat(flat, self.starts))

    def spread(self, values: Array) -> Array:
        """One value a tensor, repeated for each of its entries."""
        return values.repeat(self.counts)

    def split(self, flat: Array) -> list[Array]:
        """Take the tensors apart again, as views; axes before the last are kept."""
        ahead, starts = flat.shape[:-1], (0, *self.ends)
        return [
            flat[..., s:e].reshape(ahead + shape) for s, e, shape in zip(starts, self.ends, self.shapes, strict=False)
        ]


def layout(tensors: Sequence[Any]) -> Layout:
    """Find the places of tensors laid end to end."""
    return _of_shapes(tuple([tensor.shape for tensor in tensors]))


@lru_cache(maxsize=256)  # networks of one structure follow each other
def _of_shapes(shapes: tuple[tuple[int, ...], ...]) -> Layout:
    counts = np.array([math.prod(shape) for shape in shapes], dtype=np.int64)
    ends = np.cumsum(counts)
    starts = ends - counts
    for shared in (starts, counts):
        shared.flags.writeable = False
    return Layout(starts, counts, tuple(ends.tolist()), shapes)


def flat(tensors: Sequence[Any], like: Layout | None = None) -> Array:
    """Lay tensors end to end.

    Raises
    ------
    ValueError
        If their shapes are not those of ``like``: nothing is broadcast here.

    Examples
    --------
    >>> flat([np.eye(2), np.zeros((1, 2))]).tolist()
    [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]
    """
    if like is not None:
        for tensor, shape in zip(tensors, like.shapes, strict=True):
            if tensor.shape != shape:
                raise ValueError(f"the shape is {tensor.shape}, where {shape} is meant")
    return np.concatenate([tensor.ravel() for tensor in tensors])


def rms(flat: Array, places: Layout) -> Array:
    """Root mean square of each tensor."""
    squares = places.sums(flat * flat) / places.counts
    if squares.size and squares.min() > 1e-200 and squares.max() < 1e200:
        return np.sqrt(squares)
    return np.array([careful_size(tensor) if tensor.any() else 0.0 for tensor in places.split(flat)])


def size(array: Array) -> float:
    """Root mean square of one tensor, 1 where all is zero; the quick way where no square can over- or underflow."""
    square = float(np.vdot(array, array)) / array.size
    return square**0.5 if 1e-200 < square < 1e200 else careful_size(array)
