"""Row of a nasty right gradient: a function written once for floats and for eighty digits, and its pullback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, Literal

import numpy as np

from checks import Report, Subject, audit

Kind = Literal["ordinary", "kink", "scale", "low", "hard"]
DIGITS: Final = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 3e-4, np.dtype(np.float16): 3e-2}
"""How well an honest pullback of a dtype is known, relative to its largest entry, where the row says nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nasty:
    """A right gradient that is easily called wrong.

    Attributes
    ----------
    name, why : str
        What it is, and what makes it nasty.
    kind : {"ordinary", "kink", "scale", "low", "hard"}
        "ordinary" ones must be decided; of the others it is enough not to be called wrong.
    draw : callable
        rng -> primals by name.
    forward : callable
        (functions, **primals) -> output; ``functions`` is NumPy, or the same of more digits.
    pullback : callable
        (cotangent, **primals) -> gradients by name, or the one gradient.
    within : float
        How well the pullback is known, relative to its largest entry.
    loses : float
        How much of an entry an honest float64 pullback loses to rounding, where terms cancel.
    """

    name: str
    why: str
    kind: Kind
    draw: Callable[[np.random.Generator], dict[str, Any]]
    forward: Callable[..., Any]
    pullback: Callable[..., Any]
    within: float = 0.0
    loses: float = 0.0

    def __str__(self) -> str:
        return self.name

    def point(self, seed: int) -> dict[str, Any]:
        """The primals at a seed."""
        return self.draw(np.random.default_rng([seed, *self.name.encode()]))

    def gradient(self, v: Any, point: Mapping[str, Any]) -> dict[str, Any]:
        """The claimed gradients by name."""
        with np.errstate(all="ignore"):
            found = self.pullback(v, **point)
        return found if isinstance(found, dict) else {next(iter(point)): found}

    def value(self, point: Mapping[str, Any]) -> Any:
        """The output in the primals' own precision."""
        with np.errstate(all="ignore"):
            return self.forward(np, **point)

    def subject(self, seed: int) -> Subject:
        """The claim at a seed, as the judge sees it."""
        return Subject(
            name=self.name, point=self.point(seed), forward=self.value, pullback=lambda p, v: self.gradient(v, p)
        )

    def audit(self, seed: int) -> Report:
        """Audit it."""
        return audit(self.subject(seed), seed=seed)


def table(kind: Kind) -> tuple[dict[str, Nasty], Callable[..., None]]:
    """An empty table, and what adds a row to it."""
    rows: dict[str, Nasty] = {}

    def add(name: str, why: str, draw: Any, forward: Any, pullback: Any, **more: Any) -> None:
        rows[name] = Nasty(name=name, why=why, draw=draw, forward=forward, pullback=pullback, **{"kind": kind, **more})

    return rows, add


def digits() -> Any:
    """NumPy's functions for arrays of mpmath numbers."""
    import mpmath

    def of(f: Callable[..., Any], arguments: int = 1) -> Any:
        return np.frompyfunc(f, arguments, 1)

    mp = mpmath.mp
    own = {name: of(getattr(mp, name)) for name in ("exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "sqrt")}
    own |= {"arctan": of(mp.atan), "arcsin": of(mp.asin), "log1p": of(mp.log1p), "expm1": of(mp.expm1)}
    own |= {"floor": of(mp.floor), "arctan2": of(mp.atan2, 2), "hypot": of(mp.hypot, 2), "sign": of(mp.sign)}
    own |= {"logaddexp": of(lambda a, b: mp.log(mp.exp(a) + mp.exp(b)), 2), "cbrt": of(mp.cbrt), "erf": of(mp.erf)}
    same = ("abs", "maximum", "minimum", "where", "concatenate", "sort", "prod")
    return SimpleNamespace(**own, **{name: getattr(np, name) for name in same})
