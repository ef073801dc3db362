"""Text of a run: what changed, then every report as `checks.report.text` tells it, and a line that sums all up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from checks.report import several, text
from checks.report.compare import Change
from checks.report.record import Report

CHANGES: Final = ("change", "audit", "law", "of", "before", "after")


def render(reports: Sequence[Report], changes: Iterable[Change] | None = None) -> str:
    """Plain text of one run.

    Parameters
    ----------
    reports : sequence of Report
        Failures are told first.
    changes : iterable of Change, optional
        What is different from another run: a table before all else.

    Returns
    -------
    str
    """
    blocks = [text.render(report) for report in several.ordered(reports)]
    if changes is not None:
        rows = [[text.named(word) for word in change.words()] for change in changes]
        blocks.insert(0, text.table(CHANGES, rows) if rows else "nothing changed")
    return "\n\n".join([*blocks, several.summary(reports)] if len(reports) > 1 else blocks)
