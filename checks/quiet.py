"""Quiet: what is called where, or as, nobody asked for says nothing, and raises no warning even under -W error."""

from __future__ import annotations

import warnings
from contextvars import ContextVar
from typing import Any, Final

import numpy as np

IGNORED: Final = [("ignore", None, Warning, None, 0)]  # the first filter where all warnings are silenced

_within: ContextVar[bool] = ContextVar("_within", default=False)


class quietly:  # noqa: N801 - used as a function is
    """Warnings and floating-point errors silenced within a ``with`` block; costs nothing where they are already.

    Examples
    --------
    >>> with quietly():
    ...     print(np.log(np.zeros(1)))
    [-inf]
    """

    __slots__ = ("_left",)

    def __enter__(self) -> None:
        self._left: tuple[Any, ...] = ()
        if not (_within.get() and warnings.filters[:1] == IGNORED):
            self._left = warnings.catch_warnings(), np.errstate(all="ignore"), _within.set(True)
            for state in self._left[:2]:
                state.__enter__()
            warnings.simplefilter("ignore")

    def __exit__(self, *raised: object) -> None:
        if self._left:
            for state in self._left[:2]:
                state.__exit__(*raised)
            _within.reset(self._left[2])
