"""How the cost of a right claim grows from 1e2 to 1e8 parameters: forward passes, time, peak memory.

python -m benchmarks.large                  # to 1e8 parameters, 5 GB; renews docs/benchmarks.md and the plot
python -m benchmarks.large --largest 1e6    # as far as that, prints only
python -m benchmarks.large --seeds 30       # passes over many seeds and batches, to 1e6 parameters; renews their table
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import tracemalloc
from collections.abc import Sequence
from typing import Final, NamedTuple

import torch
from threadpoolctl import threadpool_limits

from benchmarks.speed.functions import WIDTHS, network
from benchmarks.speed.measuring import once
from benchmarks.speed.plots import figure, save
from benchmarks.tables import progress, table, write
from checks.auditing import audit
from checks.verdict import Outcome

BATCHED: Final = ("1e4", "1e5", "1e6")
ASKED: Final = 15
"""Forward passes that the adjoint law may take."""


class Growth(NamedTuple):
    """One network: its numbers, seconds of one forward and backward and of the audit, passes, peak in points."""

    activation: str
    numbers: int
    once: float
    seconds: float
    forwards: int
    pullbacks: int
    peak: float
    outcome: str


def grown(size: str, activation: str, batch: int) -> Growth:
    """Audit one network by the adjoint law, with the memory that NumPy takes watched."""
    function = network(size, activation, batch)
    subject, cost = function.subject(), once(function, 1 if function.entries > 10_000_000 else 3)
    if function.entries < 1_000_000:
        audit(subject, laws=["adjoint"])  # the first pays for what is loaded
    tracemalloc.start()
    try:
        start = time.perf_counter()
        report = audit(subject, laws=["adjoint"], seed=1)
        seconds, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return Growth(
        activation=activation,
        numbers=function.entries,
        once=cost,
        seconds=seconds,
        forwards=report.cost.forward,
        pullbacks=report.cost.pullback,
        peak=1 + peak / (8 * function.entries),
        outcome=report.outcome.value,
    )


def growth_table(rows: Sequence[Growth]) -> str:
    """One line a network."""
    head = (
        "numbers, activation",
        "outcome",
        "forward passes + pullbacks",
        "forward and backward, ms",
        "audit, ms",
        "audit in forward-and-backwards",
        "peak, in sizes of the point",
    )
    lines = [
        (
            f"{r.numbers:,}, {r.activation}",
            r.outcome,
            f"{r.forwards} + {r.pullbacks}",
            f"{1e3 * r.once:.2f}",
            f"{1e3 * r.seconds:.1f}",
            f"{r.seconds / r.once:.1f}",
            f"{r.peak:.2f}",
        )
        for r in rows
    ]
    return table(head, lines)


def passes_table(seeds: int) -> str:
    """How many forward passes right claims take over networks, batches and directions; of the largest fewer seeds."""
    lines = []
    for done, size in enumerate(BATCHED, 1):
        for activation in ("tanh", "relu"):
            for batch in (4, 16, 128):
                tried = seeds if float(size) < 1e6 else -(-seeds // 3)
                function = network(size, activation, batch)
                reports = [audit(function.subject(), laws=["adjoint"], seed=seed) for seed in range(tried)]
                forwards = [r.cost.forward for r in reports]
                passed = sum(r.outcome is Outcome.PASS for r in reports)
                many = sum(n > ASKED for n in forwards)
                name = f"{size}, {activation}, batch {batch}"
                lines.append([name, f"{passed} of {tried}", f"{sum(forwards) / tried:.1f}", max(forwards), many])
        progress(done, len(BATCHED), size)
    return table(["network", "pass", "forward passes, mean", "most", f"more than {ASKED}"], lines)


def draw(rows: Sequence[Growth]) -> None:
    """Forward passes and time in forward-and-backwards over the number of parameters."""
    plt, drawn, axes = figure(height=3.0)
    for activation, marker in (("tanh", "o"), ("relu", "s")):
        mine = [r for r in rows if r.activation == activation]
        x = [r.numbers for r in mine]
        axes.loglog(x, [r.forwards for r in mine], marker=marker, label=f"forward passes, {activation}")
        axes.loglog(x, [r.seconds / r.once for r in mine], ":", marker=marker, label=f"time, {activation}")
    axes.set_xlabel("numbers that are differentiated")
    axes.set_ylabel("passes; time in forward-and-backwards")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=7)
    save(plt, drawn, "large")


def main(arguments: Sequence[str] | None = None) -> int:
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("--largest", choices=list(WIDTHS), default="1e8")
    read.add_argument("--batch", type=int, default=4)
    read.add_argument("--seeds", type=int, default=0, help="count passes over so many seeds instead")
    asked = read.parse_args(arguments)
    torch.set_num_threads(1)
    if asked.seeds:
        with threadpool_limits(1):
            text = passes_table(asked.seeds)
        print(text)
        write("large, passes", f"`python -m benchmarks.large --seeds {asked.seeds}`\n\n{text}")
        return 0
    chosen = [size for size in WIDTHS if float(size) <= float(asked.largest)]
    rows: list[Growth] = []
    with threadpool_limits(1):
        for done, size in enumerate(chosen, 1):
            rows += [grown(size, activation, asked.batch) for activation in ("tanh", "relu")]
            progress(done, len(chosen), size)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    text = (
        f"torch {torch.__version__}, float64, one thread, batch {asked.batch}; "
        f"the process itself took {resident:.1f} GiB at its peak, torch's gradients included.\n\n{growth_table(rows)}"
    )
    print(text)
    if asked.largest == "1e8":
        write("large", f"`python -m benchmarks.large --batch {asked.batch}`\n\n{text}")
        draw(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
