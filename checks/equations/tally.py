"""Tally: what the equations came to on many networks, by label and by regime; counts of several processes add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

import numpy as np

from checks.equations.hold import Result, hold_quietly
from checks.equations.opinions import SELDOM, Opinion, ask
from checks.equations.record import Record
from checks.equations.regimes import REGIMES
from checks.equations.table import EQUATIONS
from checks.report.record import Finding
from checks.verdict import Outcome

UNDECIDED: Final = 0.01
"""Share of a label's networks that may stay inconclusive in a label that passes."""
SHOWN: Final = 10
"""Findings kept of each label."""
GRADIENTS: Final = {"B3", "B4"}
PLACE: Final = {Outcome.PASS: 1, Outcome.INCONCLUSIVE: 2, Outcome.FAIL: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """What one equation came to over all networks.

    Attributes
    ----------
    label, statement : str
        The equation.
    networks : int
        On how many it was held; the others have nothing that it speaks of.
    probes : int
        Numbers compared.
    failed, inconclusive : int
        Networks on which it failed or stayed undecided.
    distance : float
        The largest distance from the measured value, in error bars, where it passed.
    resolution : float
        The coarsest, relative to a tensor's own scale, where it passed.
    passes : int
        Forward passes, shared ones counted where they are first asked for.
    seconds : float
        Time likewise.
    findings : tuple of Finding
        The first of what did not pass.
    """

    label: str
    statement: str
    networks: int = 0
    probes: int = 0
    failed: int = 0
    inconclusive: int = 0
    distance: float = 0.0
    resolution: float = 0.0
    passes: int = 0
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """FAIL if it failed once, INCONCLUSIVE if too many networks, or all there were, stayed undecided."""
        if self.failed:
            return Outcome.FAIL
        return Outcome.INCONCLUSIVE if not self.networks or self.share > UNDECIDED else Outcome.PASS

    @property
    def share(self) -> float:
        """Share of the networks that stayed inconclusive."""
        return self.inconclusive / self.networks if self.networks else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeRow:
    """Networks of one regime: how many, on how many every equation was decided, and what the others came to."""

    regime: str
    networks: int = 0
    decided: int = 0
    inconclusive: int = 0
    failed: int = 0


@dataclass(slots=True)
class Count:
    """What is counted of one label; becomes a `LabelRow`."""

    networks: int = 0
    probes: int = 0
    failed: int = 0
    inconclusive: int = 0
    distance: float = 0.0
    resolution: float = 0.0
    passes: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)


class Tally:
    """The running counts of one process.

    Attributes
    ----------
    networks : int
        How many were counted.
    opinions : dict of str to Opinion
        What scipy's checkers said of them.
    """

    def __init__(self) -> None:
        self.networks = 0
        self.opinions: dict[str, Opinion] = {}
        self._labels = {label: Count() for label in EQUATIONS}
        self._regimes = {name: [0, 0, 0, 0] for name in REGIMES}

    def add(self, record: Record, labels: Sequence[str]) -> list[Result]:
        """Hold the labels of one network, ask the second opinions about it, and count."""
        with np.errstate(all="ignore"):  # what over- or underflows on the way is in the bars
            results = [self._held(record, label) for label in labels]
        outcome = Outcome.of(r.outcome for r in results if r.outcome is not None and r.outcome is not Outcome.PASS)
        counted = self._regimes[record.case.regime]
        counted[0] += 1
        counted[PLACE[outcome]] += 1
        if set(labels) >= GRADIENTS:
            found = [result for result in results if result.label in GRADIENTS]
            ask(record, self.opinions, _right(found), seldom=self.networks % SELDOM == 0)
        self.networks += 1
        return results

    def _held(self, record: Record, label: str) -> Result:
        before, start = record.passes, perf_counter()
        result = hold_quietly(EQUATIONS[label], record)
        row, outcome = self._labels[label], result.outcome
        row.seconds += perf_counter() - start
        row.passes += record.passes - before
        if outcome is None:
            return result
        row.networks += 1
        row.probes += result.probes
        if outcome is Outcome.PASS:
            row.distance = max(row.distance, result.distance)
            row.resolution = max(row.resolution, result.resolution)
            return result
        row.failed += outcome is Outcome.FAIL
        row.inconclusive += outcome is Outcome.INCONCLUSIVE
        for verdict in result.findings[: SHOWN - len(row.findings)]:
            row.findings.append(Finding(verdict=verdict, name=label, reproduce=repr(record.case)))
        return result

    def label(self, label: str) -> LabelRow:
        """The counts of one label."""
        count = self._labels[label]
        numbers = {name: getattr(count, name) for name in count.__slots__ if name != "findings"}
        statement = EQUATIONS[label].statement
        return LabelRow(label=label, statement=statement, findings=tuple(count.findings), **numbers)

    def counts(self) -> dict[str, list[int]]:
        """Networks by regime, and how many were decided, undecided and failed: plain lists for another process."""
        return {regime: list(numbers) for regime, numbers in self._regimes.items()}


def _right(results: Sequence[Result]) -> bool | None:
    """Whether the gradients are right at the point itself; None where that stayed open."""
    outcome = Outcome.of(result.outcome for result in results)
    here = not any(result.where for result in results)
    return {Outcome.PASS: True, Outcome.FAIL: False}.get(outcome) if here else None


def by_regime(tallies: Iterable[Mapping[str, Sequence[int]]]) -> list[RegimeRow]:
    """Add up the counts that several processes handed over (`Tally.counts`), and a row for all regimes together.

    Examples
    --------
    >>> rows = by_regime([{"typical": [2, 2, 0, 0]}, {"typical": [1, 0, 1, 0]}])
    >>> rows[-1].networks, rows[-1].decided
    (3, 2)
    """
    totals: dict[str, list[int]] = {}
    for tally in tallies:
        for regime, numbers in tally.items():
            totals[regime] = [a + b for a, b in zip(totals.get(regime, [0] * 4), numbers, strict=True)]
    totals["all"] = [sum(column) for column in zip(*totals.values(), strict=True)] if totals else [0] * 4
    return [
        RegimeRow(regime=regime, networks=n, decided=d, inconclusive=i, failed=f)
        for regime, (n, d, i, f) in totals.items()
    ]


def table(rows: Iterable[RegimeRow]) -> list[str]:
    """Lines of text: each regime with its networks and the shares decided, inconclusive and failed."""
    lines = [f"{'regime':20} {'networks':>9} {'decided at 1e-6':>16} {'inconclusive':>13} {'failed':>7}"]
    lines += [
        f"{row.regime:20} {row.networks:9,} {row.decided / max(row.networks, 1):16.3%} {row.inconclusive:13,} "
        f"{row.failed:7,}"
        for row in rows
    ]
    return lines
