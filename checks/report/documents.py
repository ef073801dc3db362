"""JSON of a run: the document of its one report, or an object that holds several and what changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from checks.report import json, several
from checks.report.compare import Change
from checks.report.record import Report


def render(reports: Sequence[Report], changes: Iterable[Change] | None = None) -> str:
    """JSON text of one run.

    Parameters
    ----------
    reports : sequence of Report
        In the order in which they are written.
    changes : iterable of Change, optional
        What is different from another run.

    Returns
    -------
    str
        Of one report what `checks.report.json.render` makes of it; of several, or with changes, an object with
        ``outcome``, ``reports`` and ``changes``.
    """
    if len(reports) == 1 and changes is None:
        return json.render(reports[0])
    whole: dict[str, Any] = {"schema": json.SCHEMA, "outcome": several.outcome(reports).value}
    whole["reports"] = [json.document(report) for report in reports]
    if changes is not None:
        whole["changes"] = json.data(list(changes))
    return json.dumped(whole, indent=2)
