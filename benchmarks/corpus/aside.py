"""Mistakes inside layers, written before what names them: how many are named.

python -m benchmarks.corpus.aside            # two seeds, some minutes, renews docs/benchmarks.md
python -m benchmarks.corpus.aside --quick    # every twelfth at one seed, writes nothing, fails on a wrong name
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

from corpus.aside import ASIDE, made, mistakes
from threadpoolctl import threadpool_limits

from benchmarks.tables import progress, table, write
from checks import Outcome

SEEDS: Final = (7, 31127)
QUICK: Final = 12
HEAD: Final = (
    "seed",
    "mistakes",
    "rightly named, where a row means it",
    "wrongly named",
    "missed",
    "right ones failed",
)


def said(layer: str, fits: Sequence[str], old: str, new: str, seed: int) -> str:
    """What a mistake is named: "right", "wrong" or "none"; "missed" where it is not found."""
    report = made(layer, old, new).audit(seed)
    if report.outcome is not Outcome.FAIL:
        return "missed"
    named = [f.suspects for f in report.findings if f.suspects]
    return "wrong" if any(not set(s) & set(fits) for s in named) else "right" if named else "none"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few mistakes, writes nothing")
    quick = parser.parse_args(arguments).quick
    rows, bad, nameless = [], 0, list[str]()
    todo = list(mistakes())[:: QUICK if quick else 1]
    with threadpool_limits(1):
        for seed in SEEDS[:1] if quick else SEEDS:
            found = []
            for k, (layer, fits, name, old, new) in enumerate(todo, 1):
                progress(k, len(todo), f"{layer}: {name}")
                found.append((bool(fits), said(layer, fits, old, new, seed)))
                nameless += [f"{layer}: {name} ({seed})"] if fits and found[-1][1] == "none" else []
            failed = sum(made(layer).audit(seed).outcome is not Outcome.PASS for layer in ASIDE) if not quick else 0
            known = [word for fits, word in found if fits]
            wrong, missed = (sum(w == word for _, w in found) for word in ("wrong", "missed"))
            bad += wrong + missed + failed
            rows.append((seed, len(found), f"{known.count('right')} of {len(known)}", wrong, missed, failed))
    text = f"{table(HEAD, rows)}\n\nNot named: {'; '.join(nameless) or 'none'}."
    print(text)  # the command's result
    if not quick:
        write("aside", f"`python -m benchmarks.corpus.aside`\n\n{text}")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
