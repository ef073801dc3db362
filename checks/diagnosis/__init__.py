"""Diagnose: which known mistake alone explains everything that was measured of a failed claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from checks.diagnosis.scene import TELLING, Scene
from checks.diagnosis.suspect import Suspect
from checks.diagnosis.table import SUSPECTS
from checks.subject import Array

__all__ = ["NONE", "SUSPECTS", "Scene", "Suspect", "diagnose", "in_words"]

NONE: Final = "no known mistake fits"
LEAST: Final = 2  # measurements that a repair must explain
ROUNDED: Final = 1e-12  # of Σ|v' · J u|: what the sums themselves lose
FREE, PAID = ("itself", "values", "upstream"), ("pulled", "asks")


def diagnose(scenes: Sequence[Scene]) -> dict[str, str]:
    """What the claim looks like: every known mistake that explains all scenes.

    Parameters
    ----------
    scenes : sequence of Scene
        The places where one gradient failed.

    Returns
    -------
    dict of str to str
        The words for the report -> the row of `SUSPECTS`. Mistakes that take pullbacks to be tested are looked for only
        where no other fits.
    """
    seen = sorted((s for s in scenes if s.telling), key=lambda s: -s.telling)  # what is fitted is fitted to the most
    if sum(scene.telling for scene in seen) < LEAST:
        return {}
    for ways in (FREE, PAID):
        found = {words: name for name, suspect in SUSPECTS.items() for words in _fitting(suspect, seen, ways)}
        if found:
            return found
    return {}


def in_words(found: Mapping[str, str], scenes: Sequence[Scene]) -> str:
    """What `diagnose` found, for a report: all that fits, `NONE`, or nothing where too little was measured to tell."""
    return " or ".join(found) or (NONE if sum(scene.telling for scene in scenes) >= LEAST else "")


def _fitting(suspect: Suspect, scenes: Sequence[Scene], ways: Sequence[str]) -> list[str]:
    """The words that no scene contradicts, and that enough was measured for."""
    each = [dict(_words(suspect, scene, ways)) for scene in scenes]
    return [w for w in each[0] if all(w in e for e in each) and sum(e[w] for e in each) >= LEAST]


def _words(suspect: Suspect, scene: Scene, ways: Sequence[str]) -> Iterator[tuple[str, int]]:
    """What fits in one scene, with how many measurements say so."""
    for way in ways:
        make = getattr(suspect, way)
        for words, array in make(scene) if make else ():
            if way == "itself":
                yield words, LEAST
            elif (
                seen := _made_by(scene, array) if way == "upstream" else _mended_by(scene, words, way, array)
            ) is not None:
                yield words, seen - suspect.fitted


def _mended_by(scene: Scene, words: str, way: str, array: Array) -> int | None:
    """How many measurements the repaired gradient explains; None where one contradicts it."""
    repaired = scene.pull(words, array) if way == "pulled" else array
    if repaired is None or not np.isfinite(repaired).all() or not scene.explains(repaired):
        return None
    return scene.telling


def _made_by(scene: Scene, cotangent: Array) -> int | None:
    """The same for the right gradient of another cotangent beside the claim, where the outputs were kept."""
    telling = 0
    for seen in scene.sights:
        if seen.slopes is None:
            continue
        slope, bar = seen.slopes
        claim, made = seen.along(scene.g), float(cotangent @ slope)
        allowed = float(np.abs(cotangent) @ (bar + ROUNDED * np.abs(slope))) + ROUNDED * seen.reach
        if abs(claim - made) > allowed:
            return None
        telling += allowed <= TELLING * abs(claim)
    return telling
