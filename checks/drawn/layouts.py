"""LAYOUTS: how the same numbers lie in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np


def _strided(array: Any) -> Any:
    if not array.ndim:
        return np.array(array)
    wide = np.zeros(tuple(2 * n for n in array.shape), dtype=array.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def _reversed(array: Any) -> Any:
    back = (slice(None, None, -1),) * array.ndim
    return np.array(array[back], order="C")[back] if back else np.array(array)


LAYOUTS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "C": np.array,
    "Fortran": lambda array: np.array(array, order="F"),
    "strided": _strided,
    "reversed": _reversed,
}
"""Name -> what makes the copy: row after row, column after column, every second entry, backwards."""
