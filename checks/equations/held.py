"""Held: what one equation says of one network beside what is so, as arrays; and the judgement of them all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from checks.numeric.estimate import Estimate
from checks.verdict import DESIRED, Evidence, Verdict, judge

EPS: Final = 2.0**-52
UNIT: Final = 2.0**-53
TINY: Final = 2.0**-1074
VANISHING: Final = 2.0**-960


class Held(NamedTuple):
    """k comparisons.

    Attributes
    ----------
    names : sequence of str
        What is compared; one for all, or k.
    claimed, measured, bar, scale : ndarray of shape (k,), or four floats
        What the code says, what was found, within what (above 0), and what errors are relative to.
    method : str
        How it was found.
    moves : sequence, optional
        The k directions, where one move of the network shows each.
    """

    names: Sequence[str]
    claimed: Any
    measured: Any
    bar: Any
    scale: Any
    method: str
    moves: Sequence[Any] | None = None

    @property
    def probes(self) -> int:
        """How many comparisons."""
        return 1 if isinstance(self.claimed, float) else int(self.claimed.size)

    def margins(self) -> tuple[float, float]:
        """Largest distance in error bars, and largest bar relative to its scale.

        Where the scale is 0 everything is: what counts is the distance alone.

        Examples
        --------
        >>> Held(("w",), np.array([1.0]), np.array([1.5]), np.array([0.25]), np.array([2.0]), "").margins()
        (2.0, 0.125)
        """
        claimed, measured, bar, scale = self.claimed, self.measured, self.bar, self.scale
        if isinstance(claimed, float):
            return abs(claimed - measured) / bar, bar / scale if scale else 0.0
        if not claimed.shape == measured.shape == bar.shape == scale.shape:
            raise ValueError(f"{self.names[0]} is claimed with shape {claimed.shape}, where {bar.shape} is meant")
        distance = float(np.maximum.reduce(np.abs(claimed - measured) / bar, axis=None))
        coarsest = float(np.maximum.reduce(bar / scale, axis=None))
        if coarsest == np.inf:
            some = scale != 0
            coarsest = float((bar[some] / scale[some]).max(initial=0.0))
        return distance, coarsest

    def pick(self, chosen: slice | Sequence[int]) -> Held:
        """Those comparisons alone."""
        if isinstance(chosen, slice):
            names, moves = self.names[chosen], self.moves and self.moves[chosen]
        else:
            names, moves = [self.names[s] for s in chosen], self.moves and [self.moves[s] for s in chosen]
        claimed, measured, bar, scale = (v[chosen] for v in (self.claimed, self.measured, self.bar, self.scale))
        return Held(names, claimed, measured, bar, scale, self.method, moves)

    def verdicts(self, label: str, where: str = "") -> list[Verdict]:
        """Judge each comparison with the rule that all audits use; slow, for what did not simply pass."""
        columns = (np.ravel(v).tolist() for v in (self.claimed, self.measured, self.bar, self.scale))
        return [
            judge(self._evidence(label, where, s, *numbers), DESIRED)
            for s, numbers in enumerate(zip(*columns, strict=True))
        ]

    def _evidence(
        self, label: str, where: str, s: int, claimed: float, measured: float, bar: float, scale: float
    ) -> Evidence:
        interval = (measured - bar, measured + bar)
        return Evidence(
            law=label,
            tensor=self.names[s % len(self.names)],
            claimed=claimed,
            estimate=Estimate(value=measured, interval=interval, rounding=bar, method=self.method),
            scale=scale or bar / DESIRED,
            where=where,
        )


def significant(weight: Any) -> Any:
    """Sums of absolute values as scales: 0 where they are so small that underflow takes digits."""
    if isinstance(weight, float):
        return weight if weight > VANISHING else 0.0
    return np.where(weight > VANISHING, weight, 0.0)


def one(name: str, claimed: Any, measured: float, bar: float, scale: float, method: str, move: Any = None) -> Held:
    """Make a `Held` of a single comparison."""
    if isinstance(claimed, np.ndarray) and claimed.ndim:
        raise ValueError(f"{name} is claimed with shape {np.shape(claimed)}, where one number is meant")
    numbers = (float(claimed), float(measured), float(bar), float(scale))
    return Held((name,), *numbers, method, None if move is None else (move,))


def several(
    names: Sequence[str], claimed: Any, measured: Any, bar: Any, scale: Any, method: str, moves: Any = None
) -> Held:
    """Make a `Held` of lists."""
    columns = [np.array(v, dtype=np.float64) for v in (claimed, measured, bar, scale)]
    return Held(names, columns[0], columns[1], columns[2], columns[3], method, moves)
