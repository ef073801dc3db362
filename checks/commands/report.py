"""``backproof report``: what runs wrote, in another form, together, or beside an earlier run."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from checks.commands.arguments import REPORTS
from checks.commands.said import EPILOG, EXIT, FAILED, MISUSED, PASSED, UNDECIDED, say, written
from checks.errors import MisuseError

if TYPE_CHECKING:
    from checks.report.compare import Change
    from checks.report.record import Report

REPORT_EPILOG: Final = """\
examples:
  backproof report run.ndjson                           as text
  backproof report run.ndjson --html out.html           one page that needs nothing else
  backproof report shard1.ndjson shard2.ndjson --junit junit.xml --markdown summary.md
  backproof report new.ndjson --against old.ndjson      exits with 1 if something fails that did not, 3 if something
                                                        that was decided no longer is, or only more coarsely

"""
STDOUT: Final = "-"


def add(commands: Any) -> None:
    """Add the subcommand and its arguments."""
    report = commands.add_parser(
        "report",
        help="render what runs wrote: as text, Markdown, HTML, JSON, JUnit; merge runs, compare two",
        description="Render reports that were written as NDJSON or JSON.",
        epilog=REPORT_EPILOG + EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    report.add_argument("runs", nargs="*", metavar="RUN", help="files of reports; several are merged")
    report.add_argument("--against", metavar="RUN", help="an earlier run: tell what changed since")
    for name in REPORTS:
        report.add_argument(f"--{name}", nargs="?", const=STDOUT, metavar="PATH", help=_help(name))


def _help(name: str) -> str:
    return f"{'append' if name == 'ndjson' else 'write'} {name} to PATH; without PATH print it"


def run(args: argparse.Namespace) -> int:
    """Read, merge, compare, render; the exit code is the outcome's, or, beside an earlier run, that of what changed."""
    from checks.report import formats, markdown, several
    from checks.report.compare import compare

    wanted = {name: path for name in REPORTS if (path := getattr(args, name)) is not None} or {"text": STDOUT}
    if not args.runs:
        raise MisuseError(_without_runs(wanted))
    for name in wanted:
        formats.known(name)
    reports = several.merged(_read(path) for path in args.runs)
    changes = None if args.against is None else compare(_read(args.against), reports)

    def tell(name: str, path: str) -> None:
        if path == STDOUT:
            _print(name, formats.rendered(name, reports, changes))
        else:
            formats.save(name, path, reports, changes)

    code = written(
        _code(several.outcome(reports).value, changes),
        *(partial(tell, name, path) for name, path in wanted.items()),
        partial(formats.job_summary, lambda room: markdown.render(reports, changes, cap=room)),
    )
    if code == MISUSED and STDOUT not in wanted.values():  # nothing is lost: it is printed instead
        _print("text", formats.rendered("text", reports, changes))
    return code


def _without_runs(wanted: dict[str, str]) -> str:
    taken = [f"--{name}" for name, path in wanted.items() if path != STDOUT and Path(path).is_file()]
    hint = f" ({taken[0]} took the file behind it: write it after RUN)" if taken else ""
    return f"no RUN is given{hint}; expected a file of reports, as in: backproof report run.ndjson --html out.html"


def _read(path: str) -> list[Report]:
    from checks.report import ndjson

    try:
        text = sys.stdin.read() if path == STDOUT else Path(path).read_text(encoding="utf-8", errors="replace")
        reports, notes = ndjson.read(text)
    except OSError as error:
        raise MisuseError(f"cannot read {path}: {error.strerror or error}; expected a file of reports") from None
    except MisuseError as error:
        raise MisuseError(f"{path}: {error}") from None
    for note in notes:
        say(f"backproof: {path}: {note}", PASSED)
    return reports


def _code(outcome: str, changes: list[Change] | None) -> int:
    if changes is None:
        return EXIT[outcome]
    from checks.report.compare import FAILING, LOST, NEW

    kinds = {change.kind for change in changes}
    if FAILING in kinds or any(c.kind == NEW and c.after and c.after.outcome.value == "fail" for c in changes):
        return FAILED
    return UNDECIDED if LOST in kinds else PASSED


def _print(name: str, text: str) -> None:
    if name == "text":
        from checks.report import terminal

        terminal.write(text, sys.stdout)
    else:
        print(text.removesuffix("\n"))
