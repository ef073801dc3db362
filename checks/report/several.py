"""Several reports as one run: put in order, merged, counted, summed up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from checks.calls import Cost
from checks.report import text
from checks.report.record import Report
from checks.verdict import Outcome

FIRST: Final = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)
"""The order in which reports are told."""

SYMBOLS: Final = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.INCONCLUSIVE: "?"}
"""Beside each outcome, for whom colours say nothing."""


def ordered(reports: Iterable[Report]) -> list[Report]:
    """Failures first, then what is inconclusive; else in the order given."""
    return sorted(reports, key=lambda r: FIRST.index(r.outcome))


def merged(runs: Iterable[Iterable[Report]]) -> list[Report]:
    """Every report of every run, in order; one that is equal to an earlier one but for when it ran is left out."""
    found: dict[Report, Report] = {}
    for report in (report for run in runs for report in run):
        found.setdefault(replace(report, cost=replace(report.cost, seconds=0.0)), report)
    return list(found.values())


def outcome(reports: Iterable[Report]) -> Outcome:
    """FAIL if any fails, else INCONCLUSIVE if any is, else PASS."""
    return Outcome.of(report.outcome for report in reports)


def cost(reports: Iterable[Report]) -> Cost:
    """What they took together."""
    costs = [report.cost for report in reports]
    return Cost(
        forward=sum(c.forward for c in costs),
        pullback=sum(c.pullback for c in costs),
        seconds=sum(c.seconds for c in costs),
    )


def counts(outcomes: Iterable[Outcome]) -> str:
    """How many of each outcome, in words.

    Examples
    --------
    >>> counts([Outcome.PASS, Outcome.FAIL, Outcome.PASS])
    '2 passed, 1 failed'
    """
    seen = list(outcomes)
    words = {Outcome.PASS: "passed", Outcome.FAIL: "failed", Outcome.INCONCLUSIVE: "inconclusive"}
    return ", ".join(f"{seen.count(o):,} {word}" for o, word in words.items() if o in seen) or "nothing was judged"


def summary(reports: Sequence[Report]) -> str:
    """One line: that of the report, or, of several, how many came to what and what it cost."""
    if len(reports) == 1:
        return text.summary(reports[0])
    total = cost(reports)
    passes = f"{text.counted(total.forward, 'forward pass')}, {text.counted(total.pullback, 'pullback')}"
    told = f"{text.counted(len(reports), 'audit')}: {counts(r.outcome for r in reports)}"
    return f"{outcome(reports).value.upper()}  {told} ({passes}, {total.seconds:.2g} s)"


def resolution(report: Report) -> float | None:
    """The coarsest resolution of what passed; None where nothing that has one did."""
    passed = [v.resolution for v in report.verdicts if v.outcome is Outcome.PASS and v.resolution is not None]
    return max(passed, default=None)
