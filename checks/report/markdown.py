"""Markdown: a table of the audits, failures first, and the text of each that did not pass; fit for a job summary."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from checks.report import several, text
from checks.report.compare import Change
from checks.report.record import Report
from checks.verdict import Outcome

T = TypeVar("T")
Section = tuple[str, str, Sequence[Any], Callable[[Any], str]]
"""What it holds, its opening, the items in it, and the text of one."""

CAP: Final = 900_000
"""Bytes of a document; a job summary takes 1 MiB."""

LEAST: Final = 2_000
"""Bytes below which there is no use in a job summary."""

RESERVED: Final = 1_000
"""Of them, for the heads of tables and for saying what was left out."""

SPECIAL: Final = re.compile(r"[\\`*_\[\]#|~$@]|(?<=:)//|(?<=www)\.")
"""Marks, cells, references, formulas, mentions and links: a backslash before each makes it a character."""
COLUMNS: Final = ("", "audit", "outcome", "verdicts", "right to", "forward passes", "pullbacks", "seconds", "seed")
CHANGES: Final = ("", "change", "audit", "law", "of", "before", "after")


def render(reports: Sequence[Report], changes: Iterable[Change] | None = None, *, cap: int = CAP) -> str:
    """Markdown of one run.

    Parameters
    ----------
    reports : sequence of Report
        In any order; failures are told first.
    changes : iterable of Change, optional
        What is different from another run: a table of its own.
    cap : int
        Bytes (UTF-8) that it may have; what does not fit is counted in the last line.

    Returns
    -------
    str
    """
    reports = several.ordered(reports)
    told = [report for report in reports if report.outcome is not Outcome.PASS]
    title = f"## {several.SYMBOLS[several.outcome(reports)]} {escaped(several.summary(reports))}\n"
    sections: list[Section] = [("audits", head(COLUMNS), reports, _row), ("findings", "", told, _finding)]
    if changes is not None:
        changes = list(changes)
        sections.insert(0, ("changes", head(CHANGES) if changes else "\nNothing changed.\n", changes, _change))
    written, room = [title], cap - len(title.encode()) - RESERVED
    for k, (what, opening, items, piece) in enumerate(sections, 1):
        pieces, left_out = fitting(items, piece, room if k == len(sections) else room // 3)
        room -= len(pieces.encode(errors="replace"))
        written += [opening, pieces]
        if left_out:
            written.append(f"\n{left_out:,} more {what} are left out: this document ends at {cap:,} bytes.\n")
    return "".join(written)


def escaped(words: object) -> str:
    r"""Words in which Markdown, HTML and a table's cell find nothing of theirs.

    Examples
    --------
    >>> escaped("<b>|`x`")
    '&lt;b&gt;\\|\\`x\\`'
    """
    spelled = text.plain(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return SPECIAL.sub(r"\\\g<0>", spelled)


def _finding(report: Report) -> str:
    return f"\n### {several.SYMBOLS[report.outcome]} {name(report)}\n\n{fenced(text.render(report))}\n"


def name(report: Report) -> str:
    """The subject's name, escaped."""
    return escaped(text.named(report.name))


def fenced(block: str) -> str:
    """``block`` as code, whatever fences it holds itself."""
    longest = max(map(len, re.findall("`+", block)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{block}\n{fence}"


def head(columns: Sequence[str]) -> str:
    """The head of a table."""
    return f"\n{line(columns)}|{' --- |' * len(columns)}\n"


def line(cells: Iterable[str]) -> str:
    """One line of a table, of cells that are escaped."""
    return f"| {' | '.join(cells)} |\n"


def _row(report: Report) -> str:
    reached, c = several.resolution(report), report.cost
    cells = [
        several.SYMBOLS[report.outcome],
        name(report),
        report.outcome.value,
        several.counts(v.outcome for v in report.verdicts),
        "" if reached is None else f"{reached:.1g}",
        f"{c.forward:,}",
        f"{c.pullback:,}",
        f"{c.seconds:.2g}",
        str(report.seed),
    ]
    return line(cells)


def _change(change: Change) -> str:
    return line([change.symbol, *(escaped(text.named(word)) for word in change.words())])


def fitting(items: Sequence[T], piece: Callable[[T], str], room: int) -> tuple[str, int]:
    """The pieces of the first of ``items``, as many as ``room`` bytes take, and how many were left out."""
    written: list[str] = []
    for k, item in enumerate(items):
        written.append(piece(item))
        room -= len(written[-1].encode(errors="replace"))
        if room < 0:
            return "".join(written[:-1]), len(items) - k
    return "".join(written), 0
