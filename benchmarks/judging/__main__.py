"""Right and wrong gradients through the judge, in tables.

- ``python -m benchmarks.judging --cases 20000``: every family in turn, right ones.
- ``python -m benchmarks.judging --cases 5000 --wrong --ledger judged.ndjson``: each also spoilt; goes on where it was.
- ``python -m benchmarks.judging --acceptance5 --seeds 10000``: the six small mistakes.

With ``--write`` the table of right claims, or with ``--wrong`` that of the wrong ones, goes to docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import track
from threadpoolctl import threadpool_limits

from benchmarks.judging import BASE_SEED, acceptance, ledger, tables
from benchmarks.tables import write

T = TypeVar("T")


def watched(items: Iterable[T], total: int) -> Iterator[T]:
    """``items``, with a bar on a terminal."""
    console = Console(stderr=True)
    return iter(track(items, "audits", total, console=console, disable=not console.is_terminal))


def _command(asked: argparse.Namespace) -> str:
    """What makes this table again."""
    words = [f"--cases {asked.cases}", *(["--wrong"] if asked.wrong else []), f"--half {asked.half}"]
    words += [
        f"--{n} {w!r}" if " " in w else f"--{n} {w}" for n in ("kind", "family", "law") for w in getattr(asked, n)
    ]
    return f"`python -m benchmarks.judging {' '.join(words)} --base {asked.base} --write`"


def main() -> int:
    read = argparse.ArgumentParser(prog="python -m benchmarks.judging", description=__doc__.splitlines()[0])
    read.add_argument("--cases", type=int, default=2000, help="right claims to audit")
    read.add_argument("--wrong", action="store_true", help="audit each with a mistake put in, too")
    read.add_argument("--half", choices=("tune", "report", "both"), default="both")
    read.add_argument("--kind", action="append", choices=tables.KINDS, default=[])
    read.add_argument("--family", action="append", default=[])
    read.add_argument("--law", action="append", default=[], help="hold these laws alone, such as adjoint")
    read.add_argument("--base", type=int, default=BASE_SEED, help="seed that all others are made of")
    read.add_argument("--ledger", type=Path, help="NDJSON file to add to, and to go on from")
    read.add_argument("--jobs", type=int, default=1, help="processes, one BLAS thread each")
    read.add_argument("--write", action="store_true", help="renew the table on docs/benchmarks.md")
    read.add_argument("--acceptance5", action="store_true", help="the six small mistakes instead")
    read.add_argument("--seeds", type=int, default=10_000, help="for --acceptance5")
    asked = read.parse_args()
    if asked.acceptance5:
        with threadpool_limits(1):
            table, good = acceptance.table(range(asked.seeds), asked.ledger)
        print(table)
        return 0 if good else 1
    families = ledger.families_of(asked.half, asked.kind, asked.family)
    todo = ledger.tasks(asked.cases, families, base=asked.base, wrong=asked.wrong, laws=asked.law)
    start = time.perf_counter()
    lines = [line for _, line in watched(ledger.run(todo, asked.ledger, jobs=asked.jobs), len(todo)) if line]
    what = f"base seed {asked.base}, half {asked.half}, laws: {' '.join(asked.law) or 'all'}"
    print(f"{len(lines)} audits, {len(families)} families, {what}, {time.perf_counter() - start:.0f} s")
    print(f"\n{tables.right(lines)}")
    if asked.wrong:
        print(f"\n{tables.wrong(lines)}")
    if asked.write:
        table = tables.wrong(lines) if asked.wrong else tables.right(lines, timed=False)
        notes = f"{len(lines)} audits of {len(families)} families, seed {asked.base}:"
        write(
            "judging, wrong claims" if asked.wrong else "judging, right claims",
            f"{_command(asked)}\n\n{notes}\n\n{table}",
        )
    print(f"\nNot as it should be:\n\n{tables.remarkable(lines) or '- nothing'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
