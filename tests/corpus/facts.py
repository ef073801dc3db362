"""What a mistake does to the gradients, seen by running it beside its right twin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from checks.probes import moved as moved_by
from checks.probes import signed, size
from checks.subject import named_outputs
from corpus.layer import load
from corpus.mistake import Mistake

COTANGENTS: Final = 3
SAME: Final = 1e-12  # relative to the tensor's largest entry: rounding, in layers of this size
FEW: Final = 3
SMALL: Final = 1e-2


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The difference between a wrong layer and its right twin.

    Attributes
    ----------
    changed : mapping of str to ndarray of bool
        For each gradient that is wrong, which of its entries are, under any of a few cotangents.
    error : float
        The largest ‖wrong − right‖ / ‖right‖ of a gradient; infinite where nothing can be compared.
    moved : bool
        The wrong entries are the right ones, in another order.
    """

    changed: Mapping[str, Any]
    error: float
    moved: bool

    @property
    def few(self) -> bool:
        """At most three entries are wrong, and not all that there are."""
        wrong, whole = (sum(f(c) for c in self.changed.values()) for f in (np.sum, np.size))
        return bool(0 < wrong <= FEW and wrong < whole)

    @property
    def small(self) -> bool:
        """Wrong by less than one per cent."""
        return 0 < self.error < SMALL


def cotangent(rng: np.random.Generator, output: Any) -> Any:
    """A sign times a magnitude in [1/2, 3/2] for every output."""
    made = {name: signed(rng, a.shape).astype(a.dtype) for name, a in named_outputs(output).items()}
    return made if isinstance(output, Mapping) else made[""]


def facts(mistake: Mistake, seed: int = 0, *, moves: int = 0, **sizes: int) -> Facts:
    """Run a mistake and its twin at the same inputs, and at ``moves`` points beside them, as an audit does."""
    right, wrong = load(mistake.layer).subject(seed, **sizes), mistake.load().subject(seed, **sizes)
    rng = np.random.default_rng([seed, 1])
    changed: dict[str, Any] = {}
    error, moved = 0.0, True
    lengths = {name: size(x) for name, x in right.point.items()}
    points = [dict(right.point)] * COTANGENTS + [moved_by(rng, right.point, lengths) for _ in range(moves)]
    for point in points:
        v = cotangent(rng, right.forward(point))
        good, bad = right.pullback(point, v), wrong.pullback(point, v)
        here = {name: _changed(g, bad.get(name)) for name, g in good.items()}
        for name in (name for name, c in here.items() if c.any()):
            changed[name] = changed.get(name, False) | here[name]
            error = max(error, _error(good[name], bad.get(name)))
        moved = moved and _moved([(g, bad.get(name)) for name, g in good.items() if here[name].any()])
    return Facts(changed=changed, error=error, moved=moved and bool(changed))


def _changed(good: Any, bad: Any) -> Any:
    good = np.asarray(good)
    if bad is None or np.shape(bad) != good.shape:
        return np.ones(good.shape, dtype=bool)
    return ~(np.abs(np.asarray(bad) - good) <= SAME * np.max(np.abs(good), initial=0.0))


def _error(good: Any, bad: Any) -> float:
    if bad is None or np.shape(bad) != np.shape(good) or not np.any(good):
        return float("inf")
    return float(np.linalg.norm(np.ravel(bad - good)) / np.linalg.norm(np.ravel(good)))


def _moved(pairs: list[tuple[Any, Any]]) -> bool:
    if any(bad is None or np.size(bad) != np.size(good) for good, bad in pairs):
        return False
    good = np.sort(np.concatenate([np.ravel(g) for g, _ in pairs] or [[]]))
    bad = np.sort(np.concatenate([np.ravel(b) for _, b in pairs] or [[]]))
    return bool(np.allclose(good, bad, rtol=1e-9, atol=1e-12))
