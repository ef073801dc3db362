"""NDJSON: many reports, a line each; written as a run goes, so that one that is killed loses a line at most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from checks.errors import MisuseError
from checks.report import json
from checks.report.record import Report


def line(report: Report) -> str:
    """The report as one line of JSON, without its end; `checks.report.json.read` takes it."""
    return json.dumped(json.document(report), indent=None)


def render(reports: Iterable[Report]) -> str:
    """A line for each report."""
    return "".join(f"{line(report)}\n" for report in reports)


def read(text: str) -> tuple[list[Report], list[str]]:
    """The reports in ``text``.

    Parameters
    ----------
    text : str
        NDJSON as `render` writes it, or JSON of a report or a run.

    Returns
    -------
    list of Report, list of str
        The reports in their order; and a note for each line that is torn, as by a run that was killed. Those are left
        out.

    Raises
    ------
    MisuseError
        If a line is whole and no report, or nothing is left.
    """
    if (whole := _whole(text)) is not None:
        return [json.report_of(one) for one in whole], []
    reports, notes = [], []
    for k, told in enumerate(text.split("\n"), 1):
        if not told.strip():
            continue
        try:
            one = json.loaded(told)
        except MisuseError:
            notes.append(f"line {k} is torn after {len(told):,} characters: left out")
            continue
        try:
            reports.append(json.report_of(one))
        except MisuseError as error:
            raise MisuseError(f"line {k}: {error}") from None
    if not reports:
        raise MisuseError(f"no report in it ({'; '.join(notes) or 'it is empty'}); expected a report a line")
    return reports, notes


def _whole(text: str) -> list[Any] | None:
    """The reports of a text that is one JSON document, of one report or a run; None where it is not."""
    try:
        whole = json.loaded(text)
    except MisuseError:
        return None
    several = whole.get("reports") if isinstance(whole, dict) else None
    return several if isinstance(several, list) else [whole]
