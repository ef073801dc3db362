"""Parts: a gradient that several outputs add up to, of which a claim has only what was written last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from checks.diagnosis.scene import Scene, Sight
from checks.diagnosis.suspect import Repairs
from checks.subject import Array

NONE: Final = 1e-9  # a part below this share of the largest is none
SAME: Final = 1e-6  # and a claim is a part to this share of it
ENOUGH: Final = 2  # entries with several parts


def overwritten(scene: Scene) -> Repairs:
    """Every entry that was measured alone has the part of one output where several have one."""
    for words in scene.ground.once(f"parts of {scene.tensor}", lambda: list(_written(scene))):
        yield words, scene.g


def _written(scene: Scene) -> Iterator[str]:
    v, alone = scene.upstream, [s for s in scene.sights if s.alone and s.slopes is not None]
    if v is None or not v.ndim:
        return
    for axes in ((), *((axis,) for axis in range(v.ndim) if v.ndim > 1)):
        parts = [(s, there) for s in alone if (there := _parts(s, v, axes)).size]
        several = sum(there.size > 1 for _, there in parts)
        if several >= ENOUGH and all(_is(s.along(scene.g), there[-1]) for s, there in parts):
            yield "overwritten instead of accumulated: of several parts only the last is there"
            return


def _parts(seen: Sight, v: Array, axes: tuple[int, ...]) -> Array:
    """What each output contributes, in their order, those along ``axes`` together; without those that do not."""
    assert seen.slopes is not None  # noqa: S101 - asked of those alone
    each = (v * seen.slopes[0].reshape(v.shape)).sum(axis=axes).ravel()
    return np.asarray(each[np.abs(each) > NONE * np.abs(each).max(initial=0.0)])


def _is(claim: float, part: float) -> bool:
    return abs(claim - part) <= SAME * abs(part)
