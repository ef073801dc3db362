"""Files: the reports of a run of tests, written in a form of `checks.report.formats` when the run ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from checks.calls import Cost
from checks.errors import MisuseError
from checks.report import formats
from checks.report.json import report_of
from checks.report.record import Report
from checks.verdict import Outcome


def save(form: str, path: str, records: Iterable[Mapping[str, Any]]) -> str:
    """Write one report a target; the line to print of it."""
    try:
        formats.save(form, path, together(records))
    except MisuseError as error:
        return f"backproof: {error}"
    return f"report: {path} ({form})"


def together(records: Iterable[Mapping[str, Any]]) -> list[Report]:
    """What the tests of a target's laws found, as one report again."""
    found: dict[tuple[str, int], list[tuple[Report, Mapping[str, Any]]]] = {}
    for record in records:
        report = replace(report_of(record["report"]), name=record["target"])
        found.setdefault((record["target"], report.seed), []).append((report, record))
    return [_joined(several) for several in found.values()]


def _joined(several: list[tuple[Report, Mapping[str, Any]]]) -> Report:
    verdicts = tuple(dict.fromkeys(v for report, _ in several for v in report.verdicts))
    cost = {key: sum(record[key] for _, record in several) for key in ("forward", "pullback", "seconds")}
    return replace(
        several[0][0],
        verdicts=verdicts,
        findings=tuple(dict.fromkeys(f for report, _ in several for f in report.findings)),
        outcome=Outcome.of(v.outcome for v in verdicts),
        cost=Cost(**cost),
        notes=tuple(dict.fromkeys(note for report, _ in several for note in report.notes)),
    )
