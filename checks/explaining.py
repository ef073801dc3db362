"""Explain: to every failed finding, where it is wrong and which known mistake it looks like, within a bound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from checks.calls import Budget, Calls
from checks.diagnosis import Scene, diagnose, in_words
from checks.diagnosis.laws import of_law
from checks.diagnosis.misshapen import reshaped
from checks.diagnosis.scene import sights
from checks.groups import by_value
from checks.laws import Ground
from checks.laws.fold import base
from checks.locate import FEW, Location, Wrong, locate, words
from checks.ray import Place
from checks.report.record import Entry, Finding, Report
from checks.subject import Array, Point
from checks.units import units
from checks.verdict import Outcome, Verdict

SHARE: Final = 4
"""Locating may take this many times the forward passes that the audit took until then."""
QUIET: Final = 16  # ulps of ψ's value: noise above them is no rounding


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the laws were held: in which regime ("" for the caller's own point), where that is, and on what ground."""

    regime: str
    point: Point
    ground: Ground


def called(where: str, regime: str) -> str:
    """How reports call a place of a regime.

    Examples
    --------
    >>> called("at a moved point", "ties"), called("at your point", "")
    ('at a moved, ties, point', 'at your point')
    """
    return where.replace("your point", regime).replace("moved", f"moved, {regime},") if regime else where


def explained(
    report: Report, calls: Calls, stands: Sequence[Stand], rng: Callable[[str], np.random.Generator], *, locate: bool
) -> tuple[Finding, ...]:
    """The report's findings, the failed ones with what could be found out.

    Parameters
    ----------
    report : Report
        What the audit found.
    calls : Calls
        The subject's functions; their budget is kept.
    stands : sequence of Stand
        Where the laws were held.
    rng : callable
        Purpose -> numpy.random.Generator.
    locate : bool
        Whether forward passes may be spent on it.
    """
    failed = [v for v in report.verdicts if v.outcome is Outcome.FAIL]
    searched = [f for f in report.findings if f.verdict in failed and f.verdict.tensor]
    most, made, own = SHARE * calls.forwards if locate else 0, list[Finding](), calls.budget
    for f in report.findings:
        if f.verdict not in failed or not stands:
            made.append(f)
            continue
        calls.budget = _within(own, calls.forwards + most // max(1, len(searched)))
        try:
            made.append(_explained(f, failed, stands, rng, locate=locate))
        finally:
            calls.budget = own
    return tuple(made)


def _within(own: Budget, passes: int) -> Budget:
    return replace(own, passes=passes if own.passes is None else min(passes, own.passes))


def _explained(
    f: Finding,
    failed: Sequence[Verdict],
    stands: Sequence[Stand],
    rng: Callable[[str], np.random.Generator],
    *,
    locate: bool,
) -> Finding:
    tensor = base(f.verdict.tensor)
    found, proved = Location(words=""), Location(words="")
    scenes = []
    for stand, place, there in _places(stands, failed, tensor):
        clues: Any = ()
        here = called(place.where, stand.regime) == f.verdict.where
        if locate and not found.clues and (here or f.law != "adjoint"):
            found = _located(stand, place, [v for v in there if base(v.tensor) == tensor], rng)
            clues = found.clues
        if here:
            proved = _proved(place, tensor, f.verdict)
        scenes.append(_scene(stand.ground, place, tensor, there, failed, clues))
    says = diagnose(scenes)
    own = next((s for s in stands if called("at your point", s.regime) == f.verdict.where), stands[0])
    if not says:
        says = of_law(own.ground, f.verdict)
    if f.law == "shapes" and locate:
        says = reshaped(own.ground, tensor, rng(f"reshaped {tensor}"))
    told = proved if proved.words else found
    wrong = [Entry(index=w.index, claimed=w.claimed, measured=w.measured, bar=w.bar) for w in told.entries]
    return replace(
        f,
        location=told.words,
        diagnosis=in_words(says, scenes),
        suspects=tuple(dict.fromkeys(says.values())),
        entries=tuple(wrong),
        shape=np.shape(stands[0].ground.point[tensor]) if wrong else None,
    )


def _places(
    stands: Sequence[Stand], failed: Sequence[Verdict], tensor: str
) -> Iterator[tuple[Stand, Place, list[Verdict]]]:
    """Where the values of ``tensor`` failed, with all that failed there."""
    for stand in stands:
        for place in stand.ground.memo.get("places", ()):
            there = [v for v in failed if v.law == "adjoint" and v.where == called(place.where, stand.regime)]
            if any(base(v.tensor) == tensor for v in there):
                yield stand, place, there


def _scene(
    ground: Ground, place: Place, tensor: str, there: Sequence[Verdict], failed: Sequence[Verdict], clues: Any
) -> Scene:
    wrong = frozenset(base(v.tensor) for v in there)
    return Scene(
        ground=ground,
        place=place,
        tensor=tensor,
        failed=wrong,
        broken=frozenset(v.law for v in failed),
        sights=sights(place, tensor, wrong, clues),
    )


def _located(
    stand: Stand, place: Place, there: Sequence[Verdict], rng: Callable[[str], np.random.Generator]
) -> Location:
    """Where the units that failed there are wrong."""
    labels = {v.tensor: v for v in there}
    wrong = [u for u in units(place.gradient, place.point, by_value(stand.point)) if u.label in labels]
    quiet = all(_is_quiet(place, labels[u.label]) for u in wrong)
    tensor = wrong[0].tensor
    return locate(place, wrong, rng(f"locate {tensor}"), quiet=quiet, others=_beside(stand.ground, place, tensor))


def _proved(place: Place, tensor: str, seen: Verdict) -> Location:
    """The entries that a proof failed, the worst where they are many; nothing where it was no proof."""
    errors = seen.estimate and seen.estimate.errors
    if not errors or not errors.wrong:
        return Location(words="")
    x, claim, exact = place.point[tensor], np.asarray(place.gradient[tensor]), errors.exact
    mask = np.zeros(claim.size, dtype=bool)
    mask[list(errors.wrong)] = True
    worst = sorted(sorted(errors.wrong, key=lambda k: -errors.relative[k])[:FEW])
    entries = tuple(
        Wrong(
            index=tuple(map(int, np.unravel_index(k, claim.shape))),
            claimed=float(claim.flat[k]),
            measured=exact[k],
            bar=float(np.spacing(abs(exact[k]))),
        )
        for k in worst
    )
    named = words.predicates(tensor, x, claim, {})
    return Location(words=words.of_mask(tensor, mask.reshape(claim.shape), named), entries=entries)


def _is_quiet(place: Place, seen: Verdict) -> bool:
    """Whether the full measurement that failed saw a smooth forward in full precision."""
    e = seen.estimate
    return e is not None and e.bits == 53 and e.kink is None and e.noise_level <= QUIET * np.spacing(place.value)


def _beside(ground: Ground, place: Place, tensor: str) -> Mapping[str, Array]:
    """The output and its cotangent, where they have the tensor's shape."""
    y, shape = ground.output, np.shape(place.point[tensor])
    if isinstance(y, Mapping) or np.shape(y) != shape or place.output.dtype.kind != "f":
        return {}
    return {"the upstream": place.cotangent.reshape(shape), "the output": place.output.reshape(shape)}
