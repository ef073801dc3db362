"""Every layer with parameters, activation and loss of torch.nn: right ones audited, and spoiled ones.

Each layer in float64 and in float32; and in float64 with its whole gradient multiplied by 1.001, and with the sign of
one entry of it flipped (the largest one, of the first input where that is floating, else of the first parameter). A row
says how to make the layer and its inputs; nothing about the layer is told to the auditor.

Run it as ``python -m benchmarks.torch_layers``; ``--write`` renews the table of docs/benchmarks.md, ``--quick`` takes
every twelfth row.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import torch

from benchmarks.tables import progress, table, write
from benchmarks.torch_layers.audited import COLUMNS, Row, audited
from benchmarks.torch_layers.layers import EXCEPTIONS, LAYERS, LEFT_OUT

QUICK: Final = 12
HEAD: Final = ("layer", *COLUMNS.values(), "seconds")


def lines(rows: Sequence[Row]) -> str:
    """The table, and what it comes to."""
    cells = [[r.layer.name, *(r.outcomes[k] for k in COLUMNS), f"{r.seconds:.1f}"] for r in rows]
    counts = [(said, Counter(r.outcomes[key] for r in rows)) for key, said in COLUMNS.items()]
    total = [f"- {said}: {', '.join(f'{n} {outcome}' for outcome, n in c.items())}" for said, c in counts]
    why = "; ".join(f"{name}: {reason}" for name, reason in EXCEPTIONS.items())
    left = "; ".join(f"{name}: {reason}" for name, reason in LEFT_OUT.items())
    parts = [f"{len(rows)} layers, torch {torch.__version__}.", "\n".join(total)]
    return "\n\n".join([*parts, f"Not to pass: {why}.", f"Left out: {left}.", table(HEAD, cells)])


def main() -> int:
    read = argparse.ArgumentParser(prog="python -m benchmarks.torch_layers", description=__doc__.splitlines()[0])
    read.add_argument("--quick", action="store_true", help=f"every {QUICK}th row")
    read.add_argument("--only", action="append", default=[], help="rows whose names begin so")
    read.add_argument("--write", action="store_true", help="renew the table of docs/benchmarks.md")
    read.add_argument("--show", action="store_true", help="print the reports that are not as they should be")
    asked = read.parse_args()
    torch.set_num_threads(1)
    chosen = [
        l for l in LAYERS[:: QUICK if asked.quick else 1] if not asked.only or l.name.startswith(tuple(asked.only))
    ]
    rows = []
    start = time.perf_counter()
    for layer in chosen:
        rows.append(audited(layer))
        progress(len(rows), len(chosen), layer.name)
        if asked.show:
            print(*(f"{layer.name}: {r}\n" for r in rows[-1].unexpected), sep="\n", flush=True)
    text = lines(rows)
    print(text, f"\n{time.perf_counter() - start:.0f} seconds", sep="\n")
    if asked.write:
        write("torch layers", text)
    return int(any(r.wrong for r in rows if r.layer.name not in EXCEPTIONS))


if __name__ == "__main__":
    sys.exit(main())
