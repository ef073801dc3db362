"""Compare: what two runs of the same audits say differently, law by law and gradient by gradient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from checks.laws.fold import base
from checks.report.record import Report
from checks.report.several import SYMBOLS
from checks.verdict import Outcome

FAILING, FIXED, LOST, DECIDED, NEW, GONE = KINDS = (
    "newly failing", "newly fixed", "resolution lost", "newly decided", "new", "gone",
)  # fmt: skip
"""What may have changed, in the order in which it is told."""

COARSER: Final = 10.0
"""What passes in both runs has lost resolution where this many times larger errors would go unseen."""

CHANGED: Final[Mapping[tuple[Outcome, Outcome], str]] = {
    (Outcome.PASS, Outcome.FAIL): FAILING,
    (Outcome.INCONCLUSIVE, Outcome.FAIL): FAILING,
    (Outcome.FAIL, Outcome.PASS): FIXED,
    (Outcome.FAIL, Outcome.INCONCLUSIVE): LOST,
    (Outcome.PASS, Outcome.INCONCLUSIVE): LOST,
    (Outcome.INCONCLUSIVE, Outcome.PASS): DECIDED,
}


@dataclass(frozen=True, slots=True)
class State:
    """What one law came to of one gradient: the outcome, and the coarsest resolution at which it passed."""

    outcome: Outcome
    resolution: float | None = None

    def __str__(self) -> str:
        reached = f", right to {self.resolution:.1g}" if self.resolution is not None else ""
        return f"{self.outcome.value}{reached}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two runs.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    name, law, tensor : str
        Of what; without law and tensor where the audit as a whole is new or gone.
    before, after : State or None
        What it came to; None where it was not held.
    """

    kind: str
    name: str
    law: str = ""
    tensor: str = ""
    before: State | None = None
    after: State | None = None

    @property
    def symbol(self) -> str:
        """That of the outcome now; of what is gone, none."""
        return SYMBOLS[self.after.outcome] if self.after else ""

    def words(self) -> tuple[str, str, str, str, str, str]:
        """Kind, audit, law, gradient, before, after, as a table shows them."""
        return (self.kind, self.name, self.law, self.tensor, str(self.before or "—"), str(self.after or "—"))


Key = tuple[str, str, str]


def compare(before: Iterable[Report], after: Iterable[Report]) -> list[Change]:
    """What ``after`` says differently from ``before``.

    Parameters
    ----------
    before, after : iterable of Report
        Two runs. Audits are matched by name; those of the same name in one run count together, the worst outcome for
        all of them.

    Returns
    -------
    list of Change
        In the order of `KINDS`; empty where nothing changed.
    """
    old, new = states(before), states(after)
    names = {key[0] for key in old} & {key[0] for key in new}
    changes = [
        Change(kind=kind, name=key[0], law=key[1], tensor=key[2], before=old.get(key), after=new.get(key))
        for key in dict.fromkeys([*new, *old])
        if (key[1] != "") == (key[0] in names) and (kind := _kind(old.get(key), new.get(key)))
    ]
    return sorted(changes, key=lambda change: KINDS.index(change.kind))


def states(reports: Iterable[Report]) -> dict[Key, State]:
    """Every law of every gradient by (name, law, gradient), and every audit as a whole by (name, "", "")."""
    found: dict[Key, State] = {}
    for report in reports:
        _note(found, (report.name, "", ""), State(report.outcome))
        for v in report.verdicts:
            passed = v.resolution if v.outcome is Outcome.PASS else None
            _note(found, (report.name, v.law, base(v.tensor)), State(v.outcome, passed))
    return found


def _note(found: dict[Key, State], key: Key, seen: State) -> None:
    known = found.get(key, seen)
    outcome = Outcome.of([known.outcome, seen.outcome])
    reached = [s.resolution for s in (known, seen) if s.resolution is not None]
    found[key] = State(outcome, max(reached) if reached and outcome is Outcome.PASS else None)


def _kind(before: State | None, after: State | None) -> str:
    """One of `KINDS`, or nothing."""
    if before is None or after is None:
        return GONE if before else NEW
    if (before.outcome, after.outcome) in CHANGED:
        return CHANGED[before.outcome, after.outcome]
    coarser = before.resolution and after.resolution and after.resolution > COARSER * before.resolution
    return LOST if coarser else ""
