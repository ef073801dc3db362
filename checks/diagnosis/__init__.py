"""Diagnose: which known mistake alone explains everything that was measured of a failed claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from checks.diagnosis.inside import inside, mends
from checks.diagnosis.scene import TELLING, Scene
from checks.diagnosis.suspect import Suspect
from checks.diagnosis.table import SUSPECTS
from checks.subject import Array

__all__ = ["NONE", "SUSPECTS", "Scene", "Suspect", "diagnose", "in_words"]

NONE: Final = "no known mistake fits"
LEAST: Final = 2  # measurements that a repair must explain
ROUNDED: Final = 1e-12  # of Σ|v' · J u|: what the sums themselves lose
SAME: Final = 1e-6  # repaired gradients that differ by less than this share of their largest entry are one
FREE, PAID = ("itself", "values", "upstream"), ("pulled", "asks")


class Fit(NamedTuple):
    """A mistake that fits one scene: its words, how many measurements say so, and the repaired gradient."""

    words: str
    telling: int
    array: Array | None = None
    fitted: bool = False


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
        fits = [(name, fit) for name, suspect in SUSPECTS.items() for fit in _fitting(suspect, seen, ways)]
        if fits:
            return {f.words: name for k, (name, f) in enumerate(fits) if not _said(name, f, fits[:k])}
    return _inside(seen)


def _inside(scenes: Sequence[Scene]) -> dict[str, str]:
    """The repairs of one step of the pullback that explain every scene."""
    found: dict[Any, tuple[str, str]] | None = None
    for scene in scenes:
        p = scene.place
        looked = inside(scene.ground, p.point, p.cotangent, p.where, p.gradient)
        if looked is None or found == {}:
            return {}
        repairs = ((name, r) for name, s in SUSPECTS.items() for r in (s.inside(looked) if s.inside else ()))
        still = ((name, r) for name, r in repairs if found is None or r.key in found)
        found = {r.key: (r.words, name) for name, r in still if mends(scene, r, looked)}
    return dict((found or {}).values())


def _said(name: str, fit: Fit, before: Sequence[tuple[str, Fit]]) -> bool:
    """Whether a repair with a fitted number gives the vector that another row's gave before: the two are one."""
    if fit.array is None or not fit.fitted:
        return False
    size = SAME * float(np.abs(fit.array).max())
    others = [f.array for other, f in before if other != name and f.array is not None]
    return any(a.shape == fit.array.shape and float(np.abs(a - fit.array).max()) <= size for a in others)


def in_words(found: Mapping[str, str], scenes: Sequence[Scene]) -> str:
    """What `diagnose` found, for a report: all that fits, `NONE`, or nothing where too little was measured to tell."""
    return " or ".join(found) or (NONE if sum(scene.telling for scene in scenes) >= LEAST else "")


def _fitting(suspect: Suspect, scenes: Sequence[Scene], ways: Sequence[str]) -> list[Fit]:
    """What no scene contradicts, and enough was measured for."""
    each = [{fit.words: fit for fit in _fits(suspect, scene, ways)} for scene in scenes]
    inall = [w for w in each[0] if all(w in e for e in each)]
    return [each[0][w] for w in inall if sum(e[w].telling for e in each) >= LEAST]


def _fits(suspect: Suspect, scene: Scene, ways: Sequence[str]) -> Iterator[Fit]:
    """What fits in one scene."""
    for way in ways:
        make = getattr(suspect, way)
        for words, array in make(scene) if make else ():
            if way == "itself":
                yield Fit(words, LEAST)
            elif way == "upstream":
                if (telling := _made_by(scene, array)) is not None:
                    yield Fit(words, telling)
            else:
                repaired = scene.pull(words, array) if way == "pulled" else array
                if repaired is not None and np.isfinite(repaired).all() and scene.explains(repaired):
                    yield Fit(words, scene.telling - suspect.fitted, repaired, suspect.fitted > 0)


def _made_by(scene: Scene, cotangent: Array) -> int | None:
    """How many measurements say that the claim is the right gradient of another cotangent; None where one says no."""
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
