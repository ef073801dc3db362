"""Factors: what one constant between claimed and measured means: a sign, ½, the number of examples, an axis' length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from checks.diagnosis.scene import Scene
from checks.diagnosis.suspect import Repairs

SAME: Final = 1e-3  # relative: a factor is told by its digits, and by the bars of what was measured
FACTORS: Final = {
    -1.0: "the sign is wrong: the gradient is −1 times the measured one",
    2.0: "a factor 2: the gradient is twice the measured one",
    0.5: "a factor 1/2: the gradient is half of the measured one",
}


def constant_factor(scene: Scene) -> Repairs:
    """c·g, with c fitted where enough was measured, else one of those that are known by name."""
    g = scene.g
    telling = [s for s in scene.sights if s.tells and s.size]
    if not g.any() or not telling:
        return
    best = min(telling, key=lambda s: s.bar / s.size)
    along = best.along(g)
    if not along or not best.measured:
        return
    factor = along / best.measured  # claimed over measured
    named = list(_named(scene, factor, best.bar / abs(best.measured)))
    for words, exact in named:
        yield words, g / exact
    c = None if named else scene.fit(np.zeros_like(g), g)
    if c:
        length = float(np.linalg.norm(g))
        words = " (its norm is 1)" if abs(length - 1) < 1e-9 else ""
        yield f"a constant factor: the gradient is {1 / c:#.4g} times the measured one{words}", c * g


def _named(scene: Scene, factor: float, error: float) -> Iterator[tuple[str, float]]:
    def is_(value: float) -> bool:
        return abs(factor / value - 1) <= max(4 * error, 1e-9) and error < SAME

    for value, words in FACTORS.items():
        if is_(value):
            yield words, value
    for n, what in lengths(scene).items():
        if n > 1 and is_(1 / n):
            yield f"averaged over {what}: the gradient is 1/{n} of the measured one (n = {n})", 1 / n
        if n > 1 and is_(n):
            yield f"not averaged over {what}: the gradient is {n} times the measured one (n = {n})", n


def lengths(scene: Scene) -> dict[int, str]:
    """Lengths that a sum may have been divided by, and what they are lengths of: the batch first."""
    y = scene.output
    point = scene.place.point
    leading = {x.shape[0] for x in point.values() if x.ndim > 1}
    found: dict[int, str] = {}
    if y is not None and y.ndim and y.shape[0] in leading:
        found[y.shape[0]] = "the batch"
    elif y is not None and not y.ndim and point:
        first = next(iter(point.values()))
        if first.ndim:
            found[first.shape[0]] = "the batch"
    for a in (*point.values(), *([] if y is None else [y])):
        for n in a.shape:
            found.setdefault(n, f"an axis of length {n}")
    for a in (*point.values(), *([] if y is None else [y])):
        found.setdefault(a.size, f"all {a.size} entries")
    return found
