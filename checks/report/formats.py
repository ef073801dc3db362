"""Formats: a run of reports in each of the forms that it can be written in, and where it is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

from checks.errors import MisuseError
from checks.report import markdown
from checks.report.compare import Change
from checks.report.record import Report


class Format(NamedTuple):
    """One form of a run: the module of `checks.report` that renders it, and what it can do."""

    module: str
    compares: bool = False
    """Whether it shows what changed since another run."""
    appends: bool = False
    """Whether a file of it grows, a line a report, instead of being written anew."""


FORMATS: Final = {
    "text": Format("together", compares=True),
    "markdown": Format("markdown", compares=True),
    "html": Format("html", compares=True),
    "json": Format("documents", compares=True),
    "ndjson": Format("ndjson", appends=True),
    "junit": Format("junit"),
}
"""Name -> row."""

SUMMARY: Final = "GITHUB_STEP_SUMMARY"
"""The environment variable that names the file of a job summary."""


def rendered(name: str, reports: Sequence[Report], changes: Iterable[Change] | None = None) -> str:
    """A run in one of `FORMATS`.

    Parameters
    ----------
    name : str
        A key of `FORMATS`.
    reports : sequence of Report
        The run.
    changes : iterable of Change, optional
        What is different from another run.

    Returns
    -------
    str

    Raises
    ------
    MisuseError
        If the format is unknown, cannot show changes, or needs a package that is not installed.
    """
    row = known(name)
    render: Callable[..., str] = import_module(f"checks.report.{row.module}").render
    if changes is None:
        return render(reports)
    if not row.compares:
        able = ", ".join(other for other, row in FORMATS.items() if row.compares)
        raise MisuseError(f"{name} has no place for what changed since another run; expected one of {able}")
    return render(reports, list(changes))


def known(name: str) -> Format:
    """The row of a format; HTML's only where its packages are installed."""
    if name not in FORMATS:
        raise MisuseError(f"there is no format {name!r}; the formats are {', '.join(FORMATS)}")
    if name == "html":
        import_module("checks.report.html").needed()
    return FORMATS[name]


def save(name: str, path: str, reports: Sequence[Report], changes: Iterable[Change] | None = None) -> None:
    """Write a run into a file.

    Raises
    ------
    MisuseError
        As `rendered`; or if the file cannot be written, with the path and the reason.
    """
    put(Path(path), rendered(name, reports, changes), append=FORMATS[name].appends)


def job_summary(render: Callable[[int], str]) -> None:
    """Append Markdown to the file that GITHUB_STEP_SUMMARY names, where it is set and has room left.

    Parameters
    ----------
    render : callable
        The bytes that are left -> Markdown.

    Raises
    ------
    MisuseError
        If the file cannot be written, with the path and the reason.
    """
    if not os.environ.get(SUMMARY):
        return
    path = Path(os.environ[SUMMARY])
    room = markdown.CAP - (path.stat().st_size if path.is_file() else 0)
    if room > markdown.LEAST:
        put(path, render(room), append=True)


def put(path: Path, written: str, *, append: bool = False) -> None:
    """Write text and the end of its last line into a file, or at its end.

    Raises
    ------
    MisuseError
        If it cannot be written, with the path and the reason.
    """
    try:
        with path.open("ab+" if append else "wb") as file:
            if append and file.tell():  # what a killed run has torn off gets a line of its own
                file.seek(-1, os.SEEK_END)
                file.write(b"" if file.read() == b"\n" else b"\n")
            file.write((written.removesuffix("\n") + "\n").encode(errors="backslashreplace"))
    except OSError as error:
        reason = error.strerror or error
        raise MisuseError(f"cannot write {path}: {reason}; expected a file in a folder that can be written") from None
