"""Dtypes: the array dtype that carries each dtype of the frameworks, by the name that they all share."""

from __future__ import annotations

from typing import Final

import numpy as np

CARRIED: Final = {
    "float64": np.float64,
    "float32": np.float32,
    "float16": np.float16,
    "bfloat16": np.float32,
    "complex128": np.complex128,
    "complex64": np.complex64,
}
"""NumPy has no bfloat16 of its own; float32 holds its numbers exactly."""
BITS: Final = {"bfloat16": 8}
"""Significand bits, where the carrier has more."""


def known() -> str:
    """The dtypes that are taken, in words."""
    return ", ".join(CARRIED)
