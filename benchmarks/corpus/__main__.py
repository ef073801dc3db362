"""The corpus of mistakes before us and the peers.

python -m benchmarks.corpus                    # seed 0, renews docs/benchmarks.md
python -m benchmarks.corpus --seed 20261       # fresh inputs and directions, a table of its own
python -m benchmarks.corpus --quick            # every twelfth case, ours alone, writes nothing, fails on a false alarm
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.corpus.ledger import run
from benchmarks.corpus.report import sound, tables
from benchmarks.corpus.score import CHECKERS, OURS
from benchmarks.tables import write

QUICK = 12


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="draws inputs and directions")
    parser.add_argument("--checker", action="append", choices=CHECKERS, default=[], help="these alone")
    parser.add_argument("--ledger", type=Path, help="NDJSON file to add to, and to go on from")
    parser.add_argument("--quick", action="store_true", help="a few cases, ours alone")
    parser.add_argument("--no-write", action="store_true", help="print only")
    asked = parser.parse_args(arguments)
    checkers = asked.checker or ([OURS] if asked.quick else list(CHECKERS))
    with threadpool_limits(1):
        lines = list(run(checkers, asked.seed, asked.ledger, QUICK if asked.quick else 1))
    text = tables(lines)
    print(text)  # the command's result
    if not asked.no_write and not asked.quick and checkers == list(CHECKERS):
        name = "corpus" if asked.seed == 0 else "corpus, fresh seed"
        write(name, f"`python -m benchmarks.corpus --seed {asked.seed}`\n\n{text}")
    return 0 if sound(lines) else 1


if __name__ == "__main__":
    raise SystemExit(main())
