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
from checks.subject import Array, Point, named_outputs
from checks.watched import MOST as WATCHED
from checks.watched import Change, Site, Step, Watch

LARGEST: Final = 100_000  # numbers in a point whose pullback is looked into
NUMBERS: Final = 5_000_000  # that are kept of gradients with a step changed
MOST: Final = 600  # pullbacks at one place in which a step is changed
SIZES: Final = (1e3, -1e3, 1e-3)  # times a result
SAME: Final = 1e-9  # of the largest entry: gradients that are right stay as they are

Gradients = Mapping[str, Any]


class Repair(NamedTuple):
    """A mistake at one step, in words, and what mends it: what other results some sites shall have.

    ``telling`` are changes of which each must be seen in the gradients, or the mistake is another one.
    """

    words: str
    changes: Mapping[Site, Change]
    which: int = 0
    telling: tuple[Mapping[Site, Change], ...] = ()

    @property
    def key(self) -> tuple[Any, ...]:
        """The same for the same repair at another point."""
        return self.words, *self.changes, self.which


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """A pullback whose steps were seen.

    Attributes
    ----------
    ground : Ground
        Of which.
    point, cotangent : mapping of name to ndarray, ndarray
        Where, and of what; flat.
    where : str
        What the place is called.
    claim : mapping of name to ndarray
        The gradients that come of it.
    steps : tuple of Step
        In their order.
    at : mapping of Site to tuple of Step
        The steps of each site.
    behind : tuple of Site
        Sites of the way back: from the first use of the cotangent on, and in functions that use it; else all.
    """

    ground: Ground
    point: Point
    cotangent: Array
    where: str
    claim: Gradients
    steps: tuple[Step, ...]
    at: Mapping[Site, tuple[Step, ...]]
    behind: tuple[Site, ...]
    tried: dict[tuple[Any, ...], Gradients] = field(default_factory=dict)

    def mended(self, repair: Repair) -> Gradients | None:
        """The gradients with a repair, empty where that raises; None where no more may be tried."""
        if repair.key not in self.tried:
            budget, numbers = self.ground.calls.budget, sum(np.size(g) for g in self.claim.values())
            spent = budget.seconds is not None and self.ground.calls.cost.seconds >= budget.seconds
            if spent or len(self.tried) >= min(MOST, NUMBERS // max(1, numbers)):
                return None
            self.tried[repair.key] = self.pulled(repair, self.cotangent)
        return self.tried[repair.key]

    def pulled(self, repair: Repair, cotangent: Array) -> Gradients:
        """The same for another cotangent."""
        return pulled(self.ground, self.point, cotangent, Watch(repair.changes))


def pulled(ground: Ground, at: Point, cotangent: Array, watch: Watch) -> Gradients:
    """A pullback while it is watched; nothing where it raises."""
    point = {n: np.asarray(x).astype(ground.point[n].dtype) for n, x in at.items()}
    v = unflat(cotangent, ground.output)
    own = [id(a) for a in named_outputs(v).values()] if isinstance(v, Mapping) else [id(v)]
    try:
        with quietly():
            return ground.calls.pullback(point, v, form=lambda x: watch.lend(x, upstream=id(x) in own))
    except Exception:  # arrays of ours, and steps that we change
        return {}
    finally:
        watch.over = True


def inside(ground: Ground, point: Point, cotangent: Array, where: str, claim: Gradients) -> Inside | None:
    """The steps of a pullback; None where watched arrays are not taken, or where they change what it gives."""
    found: Inside | None = ground.once(f"inside, {where}", lambda: _looked_into(ground, point, cotangent, where, claim))
    return found


def _looked_into(ground: Ground, point: Point, cotangent: Array, where: str, claim: Gradients) -> Inside | None:
    if sum(np.size(x) for x in point.values()) > LARGEST:
        return None
    watch = Watch()
    g = pulled(ground, point, cotangent, watch)
    if not watch.steps or watch.numbers > WATCHED or any(not same(g.get(n), a) for n, a in claim.items()):
        return None
    at: dict[Site, list[Step]] = {}
    for step in watch.steps:
        at.setdefault(step.site, []).append(step)
    first = next((k for k, step in enumerate(watch.steps) if step.upstream and step.operands), 0)
    codes = {step.site[1][0] for step in watch.steps if step.upstream and step.operands}
    before = {step.site for step in watch.steps[:first] if step.operands and step.site[1][0] not in codes}
    behind = tuple(site for site in at if site not in before)
    steps = {site: tuple(some) for site, some in at.items()}
    return Inside(ground, point, cotangent, where, g, tuple(watch.steps), steps, behind)


def mends(scene: Scene, repair: Repair, seen: Inside) -> bool:
    """Whether a repair explains all that was measured of the scene's tensor, and leaves right gradients as they are.

    Nor may its steps mean nothing but more or less than a bound: other results of any size must not mend it too.
    """
    if not _mends(scene, seen.mended(repair)):
        return False
    for k, by in enumerate(SIZES):
        made = seen.mended(Repair("sized", {site: _sized(by) for site in repair.changes}, k))
        if made is None or _mends(scene, made):
            return False
    for k, changes in enumerate(repair.telling):
        made = seen.mended(Repair(f"told of {repair.key}", changes, k))
        if made is None or all(same(made.get(n), g) for n, g in seen.claim.items()):
            return False
    return True


def _sized(by: float) -> Change:
    return lambda step, k: step.result if step.result.dtype.kind not in "fc" else by * step.result


def _mends(scene: Scene, made: Gradients | None) -> bool:
    g = made.get(scene.tensor) if made else None
    if (
        made is None
        or g is None
        or misshapen(scene.g, g)
        or not np.isfinite(g).all()
        or not scene.explains(np.asarray(g))
    ):
        return False
    right = [n for n in scene.place.gradient if n not in scene.failed]
    return all(same(made.get(n), scene.place.gradient[n]) for n in right)


def same(a: Any, b: Any) -> bool:
    """Whether a gradient is the same as ``b``, but for rounding."""
    if a is None or misshapen(b, a):
        return False
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype.kind in "fc" and bool((np.abs(a - b) <= SAME * np.abs(b).max(initial=0.0)).all())


def values(seen: Inside) -> dict[Site, tuple[Array, ...]]:
    """What does not depend on the cotangent, by where it was seen: results, operands, primals; no single numbers."""
    found: dict[Site, tuple[Array, ...]] = {(n,): (np.asarray(x),) for n, x in seen.point.items()}
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
