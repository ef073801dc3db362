"""The audit of the derivation: a table by label, one by regime, and below them whatever did not pass."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, Final

from checks.errors import MisuseError
from checks.report import json, markdown, several, terminal, text
from checks.verdict import Outcome

if TYPE_CHECKING:
    from checks.equations import EquationReport, LabelRow

LABELS: Final = ("label", "networks", "probes", "outcome", "undecided", "distance", "resolution", "passes", "seconds")
REGIMES: Final = ("regime", "networks", "decided", "inconclusive", "failed")
LEGEND: Final = (
    "distance: the worst |claimed − measured| in error bars.  resolution: the smallest relative error that any network "
    "could have hidden.\npasses: forward passes."
)
SHOWN: Final = 3
"""Findings shown of each label."""


def write(report: EquationReport, stream: IO[str]) -> None:
    """Print the whole report: coloured tables on a terminal, plain ones anywhere else."""
    terminal.write_table(LABELS, [label_cells(row) for row in report.rows], stream)
    terminal.write(LEGEND, stream)
    print(file=stream)
    terminal.write_table(REGIMES, _regimes(report), stream)
    print(file=stream)
    for block in (*_findings(report), *_opinions(report)):
        terminal.write(f"{block}\n", stream)
    terminal.write(summary(report), stream)


def label_cells(row: LabelRow) -> list[str]:
    """One row of the table by label, in the order of `LABELS`."""
    return [
        row.label,
        f"{row.networks:,}",
        f"{row.probes:,}",
        row.outcome.value,
        f"{row.share:.2%}",
        f"{row.distance:.2g}",
        f"{row.resolution:.1e}",
        f"{row.passes:,}",
        f"{row.seconds:.2f}",
    ]


def _regimes(report: EquationReport) -> list[list[str]]:
    """The rows of the table by regime."""
    return [_regime_cells(row) for row in report.regimes if row.networks]


def _regime_cells(row: Any) -> list[str]:
    share = row.decided / row.networks
    return [row.regime, f"{row.networks:,}", f"{share:.2%}", f"{row.inconclusive:,}", f"{row.failed:,}"]


def _findings(report: EquationReport) -> list[str]:
    """Failures of each label, and, where a label as a whole is inconclusive, what was undecided."""
    blocks = []
    for row in report.rows:
        if row.outcome is Outcome.PASS:
            continue
        again = f"backproof audit --labels {row.label} --seed {report.seed} --examples {report.networks}"
        for f in [f for f in row.findings if f.verdict.outcome is row.outcome][:SHOWN]:
            told = replace(f, name=f"({row.label})  {row.statement}", detail=f.reproduce, reproduce=again)
            blocks.append(text.finding(told, what=f'"{text.plain(f.verdict.tensor)}"'))
    return blocks


def _opinions(report: EquationReport) -> list[str]:
    """What scipy's checkers say of the same gradients."""
    said = [f"{text.MARGIN}{text.plain(one)}" for one in report.opinions if one.asked]
    return ["\n".join(["second opinions", *said])] if said else []


def summary(report: EquationReport) -> str:
    """One line: the outcome, how many labels stand behind it, on how many networks."""
    counts = [sum(row.outcome is o for row in report.rows) for o in (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE)]
    words = [f"{n} {word}" for n, word in zip(counts, ("passed", "failed", "inconclusive"), strict=True) if n]
    return (
        f"{report.outcome.value.upper()}  {text.counted(len(report.rows), 'label')} on "
        f"{text.counted(report.networks, 'random network')}: {', '.join(words) or 'nothing was judged'} "
        f"({report.seconds:.2g} s, seed {report.seed})"
    )


def render_json(report: EquationReport) -> str:
    """The report as JSON text; times under ``run``, those of each label among them."""
    body = json.data(report)
    return json.text(body, report.seconds, {"label_seconds": {row.label: round(row.seconds, 6) for row in report.rows}})


def render_text(report: EquationReport) -> str:
    """The report as plain text."""
    written = io.StringIO()
    write(report, written)
    return written.getvalue()


def render_markdown(report: EquationReport) -> str:
    """The report as Markdown: the two tables, and the text of what did not pass."""
    tables = [(LABELS, [label_cells(row) for row in report.rows]), (REGIMES, _regimes(report))]
    parts = [f"## {several.SYMBOLS[report.outcome]} {markdown.escaped(summary(report))}\n"]
    for columns, rows in tables:
        parts += [markdown.head(columns), *(markdown.line(map(markdown.escaped, row)) for row in rows)]
    parts += [f"\n{markdown.fenced(block)}\n" for block in (*_findings(report), *_opinions(report))]
    return "".join(parts)


def render_html(report: EquationReport) -> str:
    """The report as a page of its own."""
    from checks.report.html import page

    return page(
        "labels",
        outcome=report.outcome,
        title=summary(report),
        labels=LABELS,
        rows=[label_cells(row) for row in report.rows],
        legend=LEGEND,
        regimes=REGIMES,
        networks=_regimes(report),
        findings=_findings(report),
        opinions=_opinions(report),
    )


FORMATS: Final[Mapping[str, Callable[[Any], str]]] = {
    "text": render_text,
    "markdown": render_markdown,
    "html": render_html,
    "json": render_json,
}
"""The forms that this audit has."""


def known(name: str) -> None:
    """Raise where the audit of the derivation is not written in a form."""
    if name not in FORMATS:
        able = ", ".join(FORMATS)
        raise MisuseError(f"the audit of the derivation is not written as {name}; expected one of {able}")
