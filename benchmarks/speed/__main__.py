"""Time, forward passes and what is seen, beside the peers, on the same functions in the same run.

python -m benchmarks.speed                 # renews docs/benchmarks.md and the plots, 15 minutes on two quiet cores
python -m benchmarks.speed --quick         # small functions, 20 seconds, prints only
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.speed.by_hand import by_hand
from benchmarks.speed.checkers import CHECKERS
from benchmarks.speed.functions import (
    HERE,
    Function,
    attention,
    convolution,
    elementwise,
    layer_norm,
    many_outputs,
    network,
)
from benchmarks.speed.measuring import Row, sights, timed
from benchmarks.speed.own import own_table
from benchmarks.speed.plots import draw
from benchmarks.tables import progress, table, write

OTHERS = (convolution, attention, layer_norm, elementwise, many_outputs)


NETWORKS = ("1e2", "1e3", "1e4", "1e5", "1e6", "1e7")
PARTS = ("cost", "planted", "own")
SLOW = "gradcheck, slow"
PATIENT = 6
"""A check of planted errors may take so many times the limit: gradcheck's slow mode at 1e4 numbers."""


def functions(*, quick: bool, largest: str) -> list[Function]:
    """The networks and the rest."""
    if quick:
        return [network("1e2"), network("1e2", "relu"), by_hand("1e2", "tanh"), attention()]
    wanted = [s for s in NETWORKS if float(s) <= float(largest)]
    networks = [make(s, a) for make in (by_hand, network) for s in wanted for a in ("tanh", "relu")]
    wide = [network(s, a, batch=128) for s in wanted if 1e4 <= float(s) <= 1e6 for a in ("tanh", "relu")]
    return [*networks, *wide, *(make() for make in OTHERS)]


def cost_table(rows: Sequence[Row]) -> str:
    """Time of a check in forward-and-backwards, and its forward passes."""
    head = ["function", "numbers", "forward and backward, ms", *(f"{n}: time, passes" for n in CHECKERS)]
    lines = []
    for r in rows:
        cells = [
            f"{r.timed[n].seconds / r.once:,.0f}, {r.timed[n].forwards:,}" if n in r.timed else _skipped(r, n)
            for n in CHECKERS
        ]
        lines.append([r.function.name, f"{r.function.entries:,}", f"{1e3 * r.once:.2f}", *cells])
    return table(head, lines)


def _skipped(row: Row, name: str) -> str:
    seconds = row.left_out[name]
    for size, unit in ((86400 * 365, "years"), (86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds > 2 * size:
            return f"skipped: about {seconds / size:,.0f} {unit}"
    return f"skipped: about {seconds:,.0f} s"


def ratio_table(rows: Sequence[Row]) -> str:
    """Wall time beside the fast mode's in the same pair, and the slow mode's beside ours."""
    head = ["function", "adjoint law / fast", "all laws / fast", "slow / adjoint law"]
    lines = []
    for r in rows:
        ours, slow = r.timed["adjoint law"], r.timed.get(SLOW)
        against = f"{slow.seconds / ours.seconds:,.0f}" if slow else "–"
        both = (f"{r.timed[n].ratio:.2f}" for n in ("adjoint law", "all laws"))
        lines.append([r.function.name, *both, against])
    return table(head, lines)


def sight_table(rows: Sequence[Row], slowest: float) -> str:
    """The smallest planted error that each checker sees, of every kind."""
    lines = []
    for done, r in enumerate(rows, 1):
        found = sights(r, slowest)
        name = f"{r.function.name}, {r.function.entries:,} numbers"
        for where in HERE:
            cells = [_smallest(found[where], n) for n in CHECKERS if n != "all laws"]
            lines.append([name, where, *cells])
        progress(done, len(rows), f"{name}: planted errors")
    return table(["function", "planted in", *(n for n in CHECKERS if n != "all laws")], lines)


def _smallest(found: dict[str, float | None], name: str) -> str:
    if name not in found:
        return "–"
    smallest = found[name]
    return "none" if smallest is None else f"{smallest:.0e}".replace("e-0", "e-")


def main(arguments: Sequence[str] | None = None) -> int:
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("--quick", action="store_true", help="small functions only, print only")
    read.add_argument(
        "--rounds",
        type=int,
        default=5,
        help="pairs that the quick checkers are timed in; a third of large functions, up to ten times as many of small",
    )
    read.add_argument("--limit", type=float, default=10.0, help="seconds; checks expected to take longer are skipped")
    read.add_argument("--only", choices=PARTS, help="one of the three parts")
    read.add_argument("--largest", choices=NETWORKS, default="1e7", help="the largest networks of the first part")
    read.add_argument("--no-write", action="store_true", help="print only")
    asked = read.parse_args(arguments)
    rounds, limit = (2, 1.0) if asked.quick else (asked.rounds, asked.limit)
    torch.set_num_threads(1)
    said = f"torch {torch.__version__}, NumPy {np.__version__}, one thread, float64"
    texts: dict[str, str] = {}
    with threadpool_limits(1):
        for part in [asked.only] if asked.only else PARTS:
            texts[part] = (
                f"{said}; {rounds} pairs a row, {-(-rounds // 3)} of large ones, up to {10 * rounds} of small ones."
                if part == "cost"
                else f"{said}."
            )
            texts[part] += "\n\n" + PART[part](asked.quick, rounds, limit, asked.largest)
            print(texts[part], flush=True)
    if not (asked.quick or asked.no_write):
        for part, text in texts.items():
            command = f"python -m benchmarks.speed --only {part} --rounds {rounds} --limit {limit:g}"
            write(f"speed, {part}", f"`{command}{f' --largest {asked.largest}' if part == 'cost' else ''}`\n\n{text}")
    return 0


def _cost(quick: bool, rounds: int, limit: float, largest: str) -> str:
    chosen, rows = functions(quick=quick, largest=largest), list[Row]()
    for done, function in enumerate(chosen, 1):
        rows.append(timed(function, rounds, limit))
        progress(done, len(chosen), function.name)
    if not quick:
        draw(rows)
    return (
        f"Wall time, medians of the ratios of pairs:\n\n{ratio_table(rows)}\n\n"
        f"Time in forward-and-backwards, and forward passes:\n\n{cost_table(rows)}"
    )


def _planted(quick: bool, rounds: int, limit: float, largest: str) -> str:
    small = [attention()] if quick else [network("1e2"), network("1e4", batch=1), *(make() for make in OTHERS)]
    slowest = limit / 2 if quick else PATIENT * limit
    rows = [timed(f, 1, slowest) for f in small if f.entries < 100_000]
    slow = [
        f"{r.function.name}, {r.function.entries:,} numbers: gradcheck's slow mode takes "
        f"{r.timed[SLOW].seconds / r.timed['adjoint law'].seconds:,.0f} times as long as the adjoint law."
        for r in rows
        if SLOW in r.timed and r.function.entries >= 10_000
    ]
    said = "The smallest planted error that is seen, all larger ones seen too (asked: 1e-1 … 1e-6):"
    return "\n\n".join([said, sight_table(rows, slowest), *slow])


def _own(quick: bool, rounds: int, limit: float, largest: str) -> str:
    return own_table(quick=quick)


PART = {"cost": _cost, "planted": _planted, "own": _own}


if __name__ == "__main__":
    sys.exit(main())
