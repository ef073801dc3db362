"""Inside: what a pullback does step by step, and what it would give if one step were done otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from checks.calls import quietly, unflat
from checks.diagnosis.scene import Scene
from checks.laws import Ground
from checks.laws.ground import misshapen
from checks.ray import Place
from checks.subject import Array, named_outputs
from checks.watched import Change, Site, Step, Watch

LARGEST: Final = 100_000  # numbers in a point whose pullback is looked into
MOST: Final = 400  # pullbacks at one place in which a step is changed
SAME: Final = 1e-9  # of the largest entry: gradients that are right stay as they are

Gradients = Mapping[str, Any]


class Repair(NamedTuple):
    """A mistake at one step, in words, and what mends it: what other results some sites shall have."""

    words: str
    changes: Mapping[Site, Change]
    which: int = 0

    @property
    def key(self) -> tuple[Any, ...]:
        """The same for the same repair at another point."""
        return self.words, *self.changes, self.which


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """A pullback whose steps were seen.

    Attributes
    ----------
    ground, place : Ground, Place
        Of which, and where.
    steps : tuple of Step
        In their order.
    at : mapping of Site to tuple of Step
        The steps of each site.
    behind : tuple of Site
        Sites of the way back: what comes from the first use of the cotangent on; all where that is not seen.
    """

    ground: Ground
    place: Place
    steps: tuple[Step, ...]
    at: Mapping[Site, tuple[Step, ...]]
    behind: tuple[Site, ...]
    tried: dict[tuple[Any, ...], Gradients] = field(default_factory=dict)

    def mended(self, repair: Repair) -> Gradients:
        """The gradients with a repair; none where they cannot be had."""
        if repair.key not in self.tried:
            if len(self.tried) >= MOST:
                return {}
            self.tried[repair.key] = pulled(self.ground, self.place, Watch(repair.changes))
        return self.tried[repair.key]


def pulled(ground: Ground, place: Place, watch: Watch) -> Gradients:
    """The pullback at the place while it is watched; nothing where it raises."""
    point = {n: np.asarray(x).astype(ground.point[n].dtype) for n, x in place.point.items()}
    v = unflat(place.cotangent, ground.output)
    own = [id(a) for a in named_outputs(v).values()] if isinstance(v, Mapping) else [id(v)]
    try:
        with quietly():
            return ground.calls.pullback(point, v, form=lambda x: watch.lend(x, upstream=id(x) in own))
    except Exception:  # arrays of ours, and steps that we change
        return {}


def inside(scene: Scene) -> Inside | None:
    """The steps of the pullback at the scene's place; None where watched arrays are not taken or change the result."""
    found: Inside | None = scene.ground.once(
        f"inside, {scene.place.where}", lambda: _looked_into(scene.ground, scene.place)
    )
    return found


def _looked_into(ground: Ground, place: Place) -> Inside | None:
    if sum(np.size(x) for x in place.point.values()) > LARGEST:
        return None
    watch = Watch()
    g = pulled(ground, place, watch)
    if not watch.steps or any(misshapen(a, g.get(n)) or not _same(g[n], a) for n, a in place.gradient.items()):
        return None
    at: dict[Site, list[Step]] = {}
    for step in watch.steps:
        at.setdefault(step.site, []).append(step)
    first = next((k for k, step in enumerate(watch.steps) if step.upstream and step.operands), 0)
    before = {step.site for step in watch.steps[:first] if step.operands}
    behind = tuple(site for site in at if site not in before)
    return Inside(ground, place, tuple(watch.steps), {s: tuple(some) for s, some in at.items()}, behind)


def mends(scene: Scene, repair: Repair, seen: Inside) -> bool:
    """Whether a repair explains all that was measured of the scene's tensor, and leaves right gradients as they are."""
    made = seen.mended(repair)
    g = made.get(scene.tensor)
    if g is None or misshapen(scene.g, g) or not np.isfinite(g).all() or not scene.explains(np.asarray(g)):
        return False
    right = [n for n in scene.place.gradient if n not in scene.failed]
    return all(_same(made.get(n), scene.place.gradient[n]) for n in right)


def _same(a: Any, b: Any) -> bool:
    if a is None or misshapen(b, a):
        return False
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype.kind in "fc" and bool((np.abs(a - b) <= SAME * np.abs(b).max(initial=0.0)).all())


def values(seen: Inside) -> dict[Site, tuple[Array, ...]]:
    """What does not depend on the cotangent, by where it was seen: results, operands, primals; no single numbers."""
    found: dict[Site, tuple[Array, ...]] = {(n,): (np.asarray(x),) for n, x in seen.place.point.items()}
    for site, steps in seen.at.items():
        if any(step.upstream for step in steps):
            continue
        found[site] = tuple(step.result for step in steps)
        for j in range(len(steps[0].operands)):
            if all(j < len(s.operands) and isinstance(s.operands[j], np.ndarray) for s in steps):
                found[(*site, j)] = tuple(step.operands[j] for step in steps)
    return {site: some for site, some in found.items() if some[0].dtype.kind == "f" and some[0].size > 1}


def paired(at: Sequence[Step], along: Sequence[Array]) -> Iterator[tuple[Array, ...]]:
    """Which of some arrays belongs to which of a site's steps: one to all, or each to one, from either end."""
    if len(along) == 1:
        ways = [tuple(along) * len(at)]
    elif len(along) == len(at):
        ways = [tuple(along[::-1]), tuple(along)]
    else:
        return
    for way in ways:
        if all(a.shape == step.result.shape for a, step in zip(way, at, strict=True)):
            yield way
