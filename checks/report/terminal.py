"""Reports on a terminal: the plain text with colour, tables with rich; on anything else the plain text itself."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WORDS: Final = "because|seen|where|case|entry|and|looks like|to settle"
"""What begins the lines of a finding."""

STYLES: Final = {
    r"(?m)^ *PASS\b": "bold green",
    r"(?m)^ *FAIL\b": "bold red",
    r"(?m)^ *INCONCLUSIVE\b": "bold yellow",
    r"\bratio  \S+(?: [+−] \S+)?": "bold",
    rf"(?m)^ +(?:{WORDS}|reproduce|note:)(?= )": "dim",
}
"""What is set off, and how."""

LEAD: Final = re.compile(rf" +(?:(?:{WORDS}) +)?")
"""What stands before the words of a line."""

OUTCOMES: Final = {"pass": "green", "fail": "bold red", "inconclusive": "yellow"}


def rich_enough(stream: IO[str]) -> bool:
    """Whether ``stream`` is a terminal that takes more than plain text."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def coloured(text: str) -> Text:
    """``text`` with outcomes, ratios and the words before each line set off; nothing in it is read as markup."""
    from rich.text import Text

    styled = Text(text)
    for pattern, style in STYLES.items():
        styled.highlight_regex(re.compile(pattern), style)
    return styled


def write(text: str, stream: IO[str]) -> None:
    """Print ``text``: coloured on a terminal (NO_COLOR is respected), as it is anywhere else."""
    if not rich_enough(stream):
        print(text, file=stream)
        return
    console = _console(stream)
    lines = "\n".join(fitted(line, console.width) for line in text.splitlines())
    console.print(coloured(lines), soft_wrap=True)


def fitted(line: str, width: int) -> str:
    """A line in pieces of ``width``, the later ones under the first one's words; a command to copy stays whole.

    Examples
    --------
    >>> print(fitted("      because    the bar is wide, and it is", 32))
          because    the bar is
                     wide, and it is
    """
    lead = LEAD.match(line)
    if len(line) <= width or line.lstrip().startswith("reproduce"):
        return line
    under = " " * min(lead.end() if lead else 0, width // 2)
    return textwrap.fill(
        line, width, subsequent_indent=under, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )


def write_table(columns: Sequence[str], rows: Sequence[Sequence[str]], stream: IO[str]) -> None:
    """Print a table: with rules and colour on a terminal, in plain columns anywhere else.

    Parameters
    ----------
    columns : sequence of str
        Headings; the first column is set left, the others right.
    rows : sequence of sequence of str
        Cells, already plain.
    stream : text stream
        Where to.
    """
    if not rich_enough(stream):
        from checks.report.text import table

        print(table(columns, rows), file=stream)
        return
    from rich.table import Table
    from rich.text import Text

    console = _console(stream)
    gap = next((gap for gap in (2, 1) if _width(columns, rows, gap) <= console.width), None)
    if gap is None:
        for row in rows:
            write(_stacked(columns, row), stream)
        return
    grid = Table(pad_edge=False, padding=(0, gap, 0, 0), collapse_padding=False, box=None, header_style="bold")
    for k, column in enumerate(columns):
        grid.add_column(column, justify="right" if k else "left", no_wrap=True)
    for row in rows:
        grid.add_row(*(Text(cell, style=OUTCOMES.get(cell, "")) for cell in row))
    console.print(grid)


def _console(stream: IO[str]) -> Console:
    from rich.console import Console

    return Console(file=stream, highlight=False, emoji=False, markup=False)


def _width(columns: Sequence[str], rows: Sequence[Sequence[str]], gap: int) -> int:
    """Columns of the terminal that a table takes, with ``gap`` of them between its own."""
    return sum(max(map(len, column)) + gap for column in zip(columns, *rows, strict=True)) - gap


def _stacked(columns: Sequence[str], row: Sequence[str]) -> str:
    """A row of a table that is too wide: its first cell, and under it the others with their names."""
    told = ", ".join(f"{name} {cell}" for name, cell in zip(columns[1:], row[1:], strict=True) if cell)
    return f"{row[0]}\n  {told}"
