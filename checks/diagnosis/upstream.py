"""Repairs seen in the outputs: the claim is what another cotangent than v would give."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

import numpy as np

from checks.diagnosis.scene import Scene
from checks.diagnosis.suspect import Repairs
from checks.subject import Array, named_outputs

CLIPS: Final = (1.0, 0.5, 5.0, 10.0, 0.1)
SLABS: Final = 256  # slabs of one axis that are tried


def ignored(scene: Scene) -> Repairs:
    """Ones in the place of v, or of one output's part of it."""
    v, start = scene.place.cotangent, 0
    yield "the upstream is ignored, as if it were 1", np.ones_like(v)
    outputs = named_outputs(scene.ground.output)
    for name, y in outputs.items() if len(outputs) > 1 else ():
        part = v.copy()
        part[start : start + y.size] = 1.0
        yield f"the upstream of {name!r} is ignored, as if it were 1", part
        start += y.size


def clipped(scene: Scene) -> Repairs:
    """The v that a common bound leaves."""
    v = scene.place.cotangent
    for most in CLIPS:
        if (np.abs(v) > most).any() and v.dtype.kind == "f":
            yield f"the upstream is clipped to ±{most:g}", np.clip(v, -most, most)


def squared(scene: Scene) -> Repairs:
    """The square of v, with its sign or without."""
    v = scene.place.cotangent
    yield "the upstream is squared", v * v
    yield "the upstream counts twice, as in v·|v|", v * np.abs(v)


def absolute(scene: Scene) -> Repairs:
    """|v|, or its sign alone, or one half of its signs."""
    v = scene.place.cotangent
    yield "the absolute value of the upstream is used", np.abs(v)
    if v.dtype.kind == "f":
        yield "the sign of the upstream is used, not its size", np.sign(v)
        yield "negative upstreams are dropped", np.maximum(v, 0)


def normalised(scene: Scene) -> Repairs:
    """v divided by its own size."""
    v = scene.place.cotangent
    for words, by in (("length", np.linalg.norm(v)), ("largest entry", np.abs(v).max()), ("sum", np.abs(v).sum())):
        yield f"the upstream is divided by its own {words}", v / by


def reordered(scene: Scene) -> Repairs:
    """v transposed, reversed or shifted."""
    v = scene.upstream
    if v is None:
        return
    for a, b in combinations(range(v.ndim), 2):
        if v.shape[a] == v.shape[b] > 1:
            yield "the upstream is transposed", np.swapaxes(v, a, b).ravel()
    for axis, n in enumerate(v.shape):
        where = f" along axis {axis}" if v.ndim > 1 else ""
        if n > 1:
            yield f"the upstream is reversed{where}", np.flip(v, axis).ravel()
        for by in (1, -1) if n > 2 else ():
            yield f"the upstream is shifted by one{where}", np.roll(v, by, axis).ravel()


def one_example(scene: Scene) -> Repairs:
    """One example's part is all of the claim."""
    return ((f"{which} example only: the others are left out", part) for axis, which, part in _slabs(scene) if not axis)


def one_index(scene: Scene) -> Repairs:
    """The part of one index of a further axis is all of it."""
    for axis, which, part in _slabs(scene):
        if axis:
            yield f"{which} index along the output's axis {axis} only: the others are left out", part


def example_missing(scene: Scene) -> Repairs:
    """All examples but one."""
    v = scene.place.cotangent
    slabs = [(which, part) for axis, which, part in _slabs(scene) if not axis]
    return ((f"{which} example is left out", v - part) for which, part in slabs if len(slabs) > 2)


def index_missing(scene: Scene) -> Repairs:
    """All indices of a further axis but one."""
    for axis, which, part in _slabs(scene):
        if axis and scene.upstream is not None and scene.upstream.shape[axis] > 2:
            yield f"{which} index along the output's axis {axis} is left out", scene.place.cotangent - part


def _slabs(scene: Scene) -> Iterator[tuple[int, str, Array]]:
    """(axis, which index, v with everything else zero), for the axes of the output."""
    v = scene.upstream
    if v is None:
        return
    for axis, n in enumerate(v.shape):
        for i in range(n) if 1 < n <= SLABS else ():
            part = np.zeros_like(v)
            index = tuple(i if a == axis else slice(None) for a in range(v.ndim))
            part[index] = v[index]
            yield axis, {0: "the first", n - 1: "the last"}.get(i, f"number {i} of {n}: this"), part.ravel()
