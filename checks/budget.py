"""Budget: how much may be spent, in forward passes or in seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass

from checks.errors import MisuseError


@dataclass(frozen=True, slots=True)
class Budget:
    """How much an audit may spend; None is no bound.

    Attributes
    ----------
    passes : int or None
        Forward passes.
    seconds : float or None
        Wall time.
    """

    passes: int | None = None
    seconds: float | None = None

    @staticmethod
    def of(asked: object) -> Budget:
        """Read what a caller asked for: None, forward passes as an int, or seconds as a string such as "30s".

        Raises
        ------
        MisuseError
            For anything else, with the two forms.

        Examples
        --------
        >>> Budget.of(200), Budget.of("1.5s")
        (Budget(passes=200, seconds=None), Budget(passes=None, seconds=1.5))
        """
        if asked is None or isinstance(asked, Budget):
            return asked or Budget()
        if isinstance(asked, int) and not isinstance(asked, bool) and asked > 0:
            return Budget(passes=asked)
        if isinstance(asked, str) and (match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*s", asked.strip())):
            return Budget(seconds=float(match[1]))
        raise MisuseError(
            f"budget is {asked!r}; expected a positive whole number of forward passes (budget=200) "
            f'or seconds of wall time (budget="30s")'
        )
