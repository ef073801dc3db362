"""Ball arithmetic: the caller's own forward on exact numbers, every rounding enclosed, and what it depends on kept.

Every number is a ball of `flint.arb` that contains the exact result of the code's arithmetic on the very numbers that
the caller's arrays store. A tape keeps, for each operation, balls around its partial derivatives; one sweep back over
it encloses the derivative by every entry at once. Needs the extra ``exact`` (python-flint).
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec


@cache
def available() -> bool:
    """Whether python-flint is installed."""
    return find_spec("flint") is not None
