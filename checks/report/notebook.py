"""Notebooks: the text of a report under a coloured line that says the outcome, as a fragment of HTML."""

from __future__ import annotations

from html import escape
from typing import Final

from checks.report import text
from checks.report.record import Report
from checks.report.several import SYMBOLS
from checks.verdict import Outcome

COLOURS: Final = {Outcome.PASS: "#0072b2", Outcome.FAIL: "#d55e00", Outcome.INCONCLUSIVE: "#8a6d00"}
"""Told apart without colour vision as well; the symbol says the same."""


def render(report: Report) -> str:
    """The report as a fragment of HTML, for a notebook's output cell.

    Parameters
    ----------
    report : Report
        What `checks.audit` returned.

    Returns
    -------
    str
        No script, no style sheet, nothing from elsewhere; every name escaped.
    """
    line = f"{SYMBOLS[report.outcome]} {text.summary(report)}"
    bar = f"border-left:.4em solid {COLOURS[report.outcome]};padding:.2em .8em"
    return (
        f'<div style="{bar}"><strong>{escape(line)}</strong>'
        f'<pre style="white-space:pre-wrap;overflow-wrap:anywhere">{escape(text.render(report))}</pre></div>'
    )
