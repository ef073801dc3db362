"""Diagnose: which known mistake alone explains everything that was measured of a failed claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from checks.diagnosis.scene import Scene, Sight, sights
from checks.diagnosis.suspect import Suspect
from checks.diagnosis.table import SUSPECTS
from checks.subject import Array

__all__ = ["NONE", "SUSPECTS", "Scene", "Suspect", "diagnose", "suspected"]

NONE: Final = "no known mistake fits"
LEAST: Final = 2  # measurements that a repair must explain
ROUNDED: Final = 1e-12  # of Σ|v' · J u|: what the sums themselves lose
FREE, PAID = ("itself", "values", "upstream"), ("pulled", "asks")


def diagnose(scenes: Sequence[Scene]) -> str:
    """What the claim looks like: every known mistake that explains all scenes, or that none does.

    Parameters
    ----------
    scenes : sequence of Scene
        The places where one gradient failed.

    Returns
    -------
    str
        The words of `SUSPECTS`; of several that fit, all, with " or " between them; `NONE`; empty where too little was
        measured to tell.
    """
    seen = [scene for scene in scenes if scene.sights]
    if sum(len(scene.sights) for scene in seen) < LEAST:
        return ""
    return " or ".join(suspected(seen)) or NONE


def suspected(scenes: Sequence[Scene]) -> dict[str, str]:
    """Words for what fits -> the name of the mistake; those that need pullbacks only where no other fits."""
    for ways in (FREE, PAID):
        found = {
            words: name for name, suspect in SUSPECTS.items() for words in _fitting(suspect, scenes, ways)
        }
        if found:
            return found
    return {}


def _fitting(suspect: Suspect, scenes: Sequence[Scene], ways: Sequence[str]) -> list[str]:
    """The words that fit in every scene."""
    each = [list(dict.fromkeys(_words(suspect, scene, ways))) for scene in scenes]
    return [words for words in each[0] if all(words in others for others in each[1:])]


def _words(suspect: Suspect, scene: Scene, ways: Sequence[str]) -> Iterator[str]:
    for way in ways:
        make = getattr(suspect, way)
        for words, array in make(scene) if make else ():
            if way == "itself" or (_made_by(scene, array) if way == "upstream" else _mended_by(scene, way, array)):
                yield words


def _mended_by(scene: Scene, way: str, array: Array) -> bool:
    """Whether the repaired gradient is what was measured, along every direction."""
    repaired = scene.pull(array) if way == "pulled" else array
    return repaired is not None and bool(np.isfinite(repaired).all()) and scene.explains(repaired)


def _made_by(scene: Scene, cotangent: Array) -> bool:
    """Whether the claim is the right gradient of another cotangent, along every direction whose outputs were kept."""
    known = [s for s in scene.sights if s.slopes is not None]
    return len(known) >= LEAST and all(_is_pair(s, scene.g, cotangent) for s in known)


def _is_pair(seen: Sight, g: Array, cotangent: Array) -> bool:
    assert seen.slopes is not None  # noqa: S101 - asked of those alone
    slope, bar = seen.slopes
    allowed = float(np.abs(cotangent) @ (bar + ROUNDED * np.abs(slope))) + ROUNDED * seen.reach
    return abs(seen.along(g) - float(cotangent @ slope)) <= allowed
