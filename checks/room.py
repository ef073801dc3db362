"""Room: memory in which large arrays are made again and again.

What the system hands out anew it fills with zeros first: of arrays of megabytes that takes as long as copying them.
"""

from __future__ import annotations

import sys
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

FEW: Final = 4096
"""Bytes that are quicker copied, and compared as one string, than looked for a place."""
SLACK: Final = 32
"""A block is this part larger than what it is made for: the same entries with a few gaps fit as well."""
STEPS: Final = 5
"""Blocks have sizes of so many significant bits, so that arrays of about one size share them."""


class Room:
    """Blocks of memory. One is used again once nobody refers to it any more, to an array in it or to a view of that."""

    def __init__(self) -> None:
        self._blocks: dict[int, list[Array]] = {}

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array in C order whose entries are not set, as `numpy.empty` makes it.

        Examples
        --------
        >>> room, double = Room(), np.dtype(float)
        >>> place = room.empty((3000,), double).ctypes.data
        >>> room.empty((50, 60), double).ctypes.data == place
        True
        """
        nbytes = prod(shape) * dtype.itemsize
        if nbytes <= FEW or not COUNTED:
            return np.empty(shape, dtype)
        size = block_size(nbytes)
        kept = self._blocks.setdefault(size, [])
        at = next((i for i in range(len(kept)) if alone(kept, i)), len(kept))
        if at == len(kept):
            self.spare()  # of other sizes: it is not to grow where it could be smaller
            kept = self._blocks.setdefault(size, [])
            kept.append(np.empty(size, np.uint8))
        return np.ndarray(shape, dtype, buffer=kept[at])

    def spare(self) -> None:
        """Let go of the blocks that nobody refers to."""
        for size, kept in list(self._blocks.items()):
            self._blocks[size] = [kept[i] for i in range(len(kept)) if not alone(kept, i)]
            if not self._blocks[size]:
                del self._blocks[size]


def block_size(nbytes: int) -> int:
    """How large a block is made for an array of so many bytes.

    Examples
    --------
    >>> [block_size(n) for n in (1024, 1040, 10_000_000)]
    [1088, 1088, 10485760]
    """
    wanted = nbytes + nbytes // SLACK
    unit = 1 << max(0, wanted.bit_length() - STEPS)
    return -(-wanted // unit) * unit


def alone(arrays: Any, name: str | int) -> bool:
    """Whether a mapping or a list holds the only reference to what it has there; false where it cannot be known."""
    return _references(arrays, name) == _ALONE


def _references(arrays: Any, name: str | int) -> int:
    return sys.getrefcount(arrays[name])


COUNTED: Final = sys.implementation.name == "cpython"
"""Whether references are counted."""
_ALONE: Final = _references({"": np.empty(1)}, "") if COUNTED else -1
