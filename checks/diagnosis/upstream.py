"""Repairs seen in the outputs: the claim is what another cotangent than v would give."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

import numpy as np

from checks.diagnosis.scene import Scene
from checks.diagnosis.suspect import Repairs
from checks.subject import Array

CLIPS: Final = (1.0, 0.5, 5.0, 10.0, 0.1)
SLABS: Final = 256  # slabs of one axis that are tried
WHOLE: Final = 1e-4  # a share this close to 0 or 1 is that


def ignored(scene: Scene) -> Repairs:
    """Ones in the place of v."""
    yield "the upstream is ignored, as if it were 1", np.ones_like(scene.place.cotangent)


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


def one_only(scene: Scene) -> Repairs:
    """One index of an axis alone: one example's part is all of the claim."""
    for axis, n, i, part in _slabs(scene):
        which = _which(i, n)
        noun = "example" if axis == 0 else f"index along the output's axis {axis}"
        yield f"{which} {noun} only: the others are left out", part


def one_missing(scene: Scene) -> Repairs:
    """All but one index of an axis."""
    for axis, n, i, part in _slabs(scene):
        if n > 2:
            noun = "example" if axis == 0 else f"index along the output's axis {axis}"
            yield f"{_which(i, n)} {noun} is left out", scene.place.cotangent - part


def overwritten(scene: Scene) -> Repairs:
    """Of the parts that add up to a gradient only some are there: what the outputs show of each decides which."""
    v = scene.upstream
    shares = scene.ground.once(f"parts of {scene.tensor}", lambda: _shares(scene))
    if v is None or shares is None:
        return
    left = ", ".join(str(i) for i in np.flatnonzero(shares == 0))
    kept = v * shares.reshape(-1, *[1] * (v.ndim - 1))
    yield f"overwritten instead of accumulated: the parts of outputs {left} are lost", kept.ravel()


def _shares(scene: Scene) -> Array | None:
    """Which of the outputs, along their first axis, have a part in the claim, as 0 and 1; None where that is not it."""
    v, seen = scene.upstream, [s for s in scene.sights if s.slopes is not None]
    if v is None or not v.ndim or not 2 < v.shape[0] <= len(seen) - 2:
        return None
    n = v.shape[0]
    sums = [(v * s.slopes[0].reshape(v.shape)).reshape(n, -1).sum(axis=1) for s in seen if s.slopes]
    parts = np.array(np.real(sums), dtype=np.float64)
    if np.linalg.matrix_rank(parts, tol=WHOLE * float(np.linalg.norm(parts))) < n:
        return None
    shares = np.linalg.lstsq(parts, np.array([s.along(scene.g) for s in seen]), rcond=None)[0]
    whole: Array = np.asarray(np.round(shares))
    some = np.isin(whole, (0.0, 1.0)).all() and 1 < whole.sum() < n - 1
    return whole if some and np.abs(shares - whole).max() < WHOLE else None


def _slabs(scene: Scene) -> Iterator[tuple[int, int, int, Array]]:
    """(axis, its length, an index, v with everything else zero), for the axes of the output."""
    v = scene.upstream
    if v is None:
        return
    for axis, n in enumerate(v.shape):
        if not 1 < n <= SLABS:
            continue
        for i in range(n):
            part = np.zeros_like(v)
            index = tuple(i if a == axis else slice(None) for a in range(v.ndim))
            part[index] = v[index]
            yield axis, n, i, part.ravel()


def _which(i: int, n: int) -> str:
    return {0: "the first", n - 1: "the last"}.get(i, f"number {i} of {n}: this")
