"""``backproof run``: every target of a suite, here or on workers, with a ledger that a second run goes on from."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from checks.commands.arguments import budget, names, number, positive, seconds, seeds, size
from checks.commands.said import BROKEN, EPILOG, EXIT, INTERRUPTED, say
from checks.errors import MisuseError

if TYPE_CHECKING:
    from checks.runs.ledger import Ledger
    from checks.runs.suite import Case
    from checks.runs.work import Asked

ABOUT: Final = "Audit many targets, in this process, on workers of this machine, or on a cluster."
RUN_EPILOG: Final = """\
a suite is a Python file (or module) with a mapping from names to targets:
  from checks.runs import Grid
  SUITE = {
      "affine": (forward, backward, x, w),                      as backproof audit takes it
      "dense": Grid(build, {"n": [1, 4], "dtype": ["float32", "float64"]}),   build(n=…, dtype=…) gives such a target
  }

the ledger holds one line of JSON an audit. A second run does what is missing in it; the key of an audit is of the code
in the suite's folder, the values, the seed and the options. Ledgers of several machines are merged with cat.

"""
SHOWN: Final = 10
"""Findings printed; the ledger has all."""


WORDS: Final = ("passed", "failed", "inconclusive", "not done")


def add(commands: Any) -> None:
    """Add the subcommand and its arguments."""
    run = commands.add_parser(
        "run", help="audit every target of a suite", description=ABOUT, epilog=RUN_EPILOG + EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    run.add_argument("suite", metavar="SUITE", help="FILE.py or pkg.mod; :NAME behind it where it is not called SUITE")
    run.add_argument("--ledger", metavar="FILE", help="default: SUITE's name with .ndjson, here; - for none")
    run.add_argument("--only", metavar="NAME", action="append", help="only this entry or case, such as dense[n=1]")
    run.add_argument("--seeds", type=seeds, default=range(1), metavar="N|A-B", help="seed N, or A to B (default 0)")
    where = run.add_mutually_exclusive_group()
    where.add_argument("--workers", type=positive, metavar="N", help="processes on this machine")
    where.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="the workers of a dask scheduler")
    run.add_argument("--timeout", type=seconds, default=300.0, metavar="S", help="of one case (default 300)")
    run.add_argument("--memory", type=size, metavar="SIZE", help="data a process may hold, such as 2GB")
    run.add_argument("--resolution", type=number, metavar="R", help="the smallest relative error that must be seen")
    run.add_argument("--budget", type=budget, metavar="B", help="of each audit: forward passes (200) or seconds (30s)")
    run.add_argument("--laws", type=names, metavar="LAW,LAW", help="only these laws")
    run.add_argument("--profile", choices=("default", "deep"), help="deep: at zeros, ties, tiny, huge, … as well")
    run.add_argument("--quiet", action="store_true", help="print one line only")


def run(args: argparse.Namespace) -> int:
    """Do what is missing in the ledger, then print what is in it of this suite."""
    from checks.runs.ledger import Ledger
    from checks.runs.suite import read
    from checks.runs.work import Asked

    suite = read(args.suite)
    asked = _asked(args)
    cases = _only(suite.cases(asked, args.seeds), args.only)
    with _path(args.ledger, suite.place) as path:
        ledger = Ledger.open(path)
        missing = [case for case in cases if case.key not in ledger.done]
        wanted = Asked(place=suite.place, options=asked, timeout=args.timeout, memory=args.memory)
        interrupted = False
        try:
            _go(args, missing, wanted, ledger)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            ledger.close()
        outcome = _show(args, cases, {case.key for case in missing}, path)
    if ledger.waiting:
        print("\n".join(ledger.waiting))
        n, why = len(ledger.waiting), ledger.trouble
        return say(f"backproof: {path} took no more lines ({why}); append the {n} above to it", BROKEN)
    if interrupted:
        return say(f"backproof: interrupted; what was finished is in {path}, and the same command goes on", INTERRUPTED)
    return EXIT[outcome]


def _asked(args: argparse.Namespace) -> dict[str, Any]:
    """What every audit is asked, as far as the command line says."""
    options = ("resolution", "budget", "laws", "profile")
    return {name: getattr(args, name) for name in options if getattr(args, name) is not None}


def _only(cases: list[Case], wanted: list[str] | None) -> list[Case]:
    if not wanted:
        return cases
    known = {name for case in cases for name in (case.entry, case.name)}
    for name in wanted:
        if name not in known:
            shown = ", ".join(sorted({case.entry for case in cases})[:SHOWN])
            raise MisuseError(f"--only {name!r} is no entry of the suite and no case of one; the entries are {shown}")
    return [case for case in cases if case.entry in wanted or case.name in wanted]


@contextmanager
def _path(asked: str | None, place: str) -> Iterator[Path]:
    """Where the ledger lies; for "-" in a folder that goes away again."""
    if asked != "-":
        yield Path(asked or f"{Path(place.rpartition(':')[0]).stem}.ndjson")
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder, "run.ndjson")


def _go(args: argparse.Namespace, missing: list[Case], wanted: Asked, ledger: Ledger) -> None:
    from checks.runs.engine import in_process, on_workers
    from checks.runs.progress import progress

    with progress(len(missing), sys.stderr) as done:
        if not missing:
            return
        if args.workers is None and args.scheduler is None:
            in_process(missing, wanted, ledger, done)
            return
        from checks.runs.cluster import connected

        with connected(args.workers, args.scheduler) as client:
            on_workers(client, missing, wanted, ledger, done)


def _show(args: argparse.Namespace, cases: list[Case], missing: set[str], path: Path) -> str:
    """A table by entry, the first findings, one line that sums up; the outcome of all that is in the ledger."""
    from checks.report import json, terminal, text
    from checks.runs.ledger import lines

    wanted = {case.key: case for case in cases}
    found = {record["key"]: json.report_of(record) for record in lines(path) if record["key"] in wanted}
    counts = {case.entry: dict.fromkeys(EXIT, 0) for case in cases}
    for key, report in found.items():
        counts[wanted[key].entry][report.outcome.value] += 1
    if not args.quiet:
        rows = [[entry, *(f"{count[o]:,}" for o in EXIT)] for entry, count in counts.items()]
        terminal.write_table(("target", *EXIT), rows, sys.stdout)
        told = sorted((r for r in found.values() if r.findings), key=lambda r: r.outcome.value)
        for report in told[:SHOWN]:
            terminal.write("\n" + "\n\n".join(text.told(report)), sys.stdout)
        if len(told) > SHOWN:
            terminal.write(f"\n{len(told) - SHOWN:,} more with findings: backproof report {path} --text", sys.stdout)
        print()
    total = {outcome: sum(count[outcome] for count in counts.values()) for outcome in EXIT}
    left = len(cases) - len(found)
    outcome = "fail" if total["fail"] else "inconclusive" if total["inconclusive"] or left else "pass"
    words = [f"{n:,} {word}" for n, word in zip([*total.values(), left], WORDS, strict=True) if n]
    new = len(missing & set(found))
    summary = f"{len(found):,} of {len(cases):,} audits: {', '.join(words)} ({new:,} of them new)"
    terminal.write(f"{outcome.upper()}  {summary}", sys.stdout)
    return outcome
