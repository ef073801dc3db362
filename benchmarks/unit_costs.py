"""Unit costs: what one audit, one direction, one task and one record take, from which docs/scale.md reckons.

python -m benchmarks.unit_costs            # a minute; renews the table of docs/scale.md
python -m benchmarks.unit_costs --quick    # prints only
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from benchmarks.speed.own import overhead
from benchmarks.tables import PAGE, table, write
from benchmarks.workers import SUITE
from checks.displaced import Displaced, fill
from checks.drawing import draws
from checks.runs.cluster import connected
from checks.runs.engine import SECONDS, on_workers
from checks.runs.ledger import Ledger
from checks.runs.suite import Suite
from checks.runs.work import Asked, chunk
from checks.tangents import Tangent, pairing

SCALE: Final = PAGE.with_name("scale.md")
AUDITS: Final = 1_000_000
NIGHT: Final = 8 * 3600  # seconds
LARGE: Final = 1e10  # parameters
DEVICES: Final = (8, 64, 512)
DIRECTIONS, PASSES = 3, 15  # of the adjoint law, at most, for a right claim of any size: docs/benchmarks.md
MOVED: Final = 8 + 8  # bytes a parameter
LINK: Final = 1e9  # bytes a second


def fastest(of: Callable[[], Any], times: int) -> float:
    """Seconds of the quickest of some runs: what else the machine does only adds."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        of()
        taken.append(time.perf_counter() - started)
    return min(taken)


def of_directions(n: int, times: int) -> tuple[float, float, float, float]:
    """Seconds a parameter: to draw a direction, to displace a point along it, to pair a claim with it, to copy."""
    x, out, rng = np.ones(n), np.empty(n), np.random.default_rng(0)
    u = Tangent(draws(rng, (n,)), 1e-3)
    there = Displaced({"x": x}, {"x": u}, 1e-4)
    return (
        fastest(lambda: draws(rng, (n,)), times) / n,
        fastest(lambda: fill(out, there, "x"), times) / n,
        fastest(lambda: pairing(x, u), times) / n,
        fastest(lambda: np.copyto(out, x), times) / n,
    )


def of_ledger(lines: list[str], together: int) -> float:
    """Records a second, each batch of them synced to the disk."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(Path(folder, "run.ndjson"))
        started = time.perf_counter()
        for k in range(0, len(lines), together):
            ledger.append(lines[k : k + together])
        took = time.perf_counter() - started
        ledger.close()
    return len(lines) / took


def nothing(task: int) -> int:
    """A task that costs nothing but being given out."""
    return task


def of_scheduler(tasks: int) -> tuple[float, float]:
    """Tasks a second of one scheduler and one worker: all handed over at once, and one after the other."""
    with connected(1, None) as client:
        client.wait_for_workers(1)
        client.gather(client.map(nothing, range(20), pure=False))
        started = time.perf_counter()
        client.gather(client.map(nothing, range(tasks), pure=False))
        at_once = tasks / (time.perf_counter() - started)
        started = time.perf_counter()
        for k in range(tasks // 10):
            client.submit(nothing, k, pure=False).result()
        return at_once, (tasks // 10) / (time.perf_counter() - started)


def of_engine(cases: list[Any], asked: Asked) -> tuple[float, float, list[str]]:
    """Seconds an audit here, seconds an audit by way of a worker, and the records."""
    wanted, given = asdict(asked), [asdict(case) for case in cases]
    chunk(wanted, given[:2])
    started = time.perf_counter()
    found = chunk(wanted, given)
    here = (time.perf_counter() - started) / len(cases)
    with tempfile.TemporaryDirectory() as folder, connected(1, None) as client:
        client.wait_for_workers(1)
        client.submit(chunk, wanted, given[:2], pure=False).result()
        ledger = Ledger.open(Path(folder, "run.ndjson"))
        started = time.perf_counter()
        on_workers(client, cases, asked, ledger, lambda more: None)
        there = (time.perf_counter() - started) / len(cases)
        ledger.close()
    return here, there, [line for line, _ in found]


class Units(NamedTuple):
    """What was measured, in seconds, a second, and bytes."""

    own: float
    own_adjoint: float
    here: float
    there: float
    draw: float
    displace: float
    pair: float
    copy: float
    at_once: float
    in_turn: float
    alone: float
    ten: float
    record: float
    task: float


def measured(*, quick: bool) -> Units:
    """All of it."""
    n, times = (1_000_000, 3) if quick else (20_000_000, 7)
    suite = Suite(place=f"{Path(__file__).with_name('workers.py')}:SUITE", entries=SUITE, digest="")
    cases = suite.cases({}, range(1))[:: 100 if quick else 5]
    here, there, lines = of_engine(cases, Asked(place=suite.place, options={}, timeout=300.0))
    own, own_adjoint = (1e-3 * overhead(laws, 5 if quick else 100)[1] for laws in (None, ["adjoint"]))
    at_once, in_turn = of_scheduler(200 if quick else 5000)
    records = [json.dumps({**json.loads(lines[k % len(lines)]), "key": str(k)}) for k in range(40 if quick else 1000)]
    alone, ten = (of_ledger(records, together) for together in (1, 10))
    record, task = float(np.mean([len(line) for line in lines])), float(len(json.dumps(asdict(cases[0]))))
    return Units(own, own_adjoint, here, there, *of_directions(n, times), at_once, in_turn, alone, ten, record, task)


def unit_table(u: Units) -> str:
    """One line a unit."""
    rows = [
        ["our own time an audit, 10 parameters, all laws", f"{1e3 * u.own:.1f} ms"],
        ["our own time an audit, 10 parameters, the adjoint law", f"{1e3 * u.own_adjoint:.1f} ms"],
        ["an audit of a small dense layer, all laws, in one process", f"{1e3 * u.here:.1f} ms"],
        ["the same by way of a scheduler, one worker", f"{1e3 * u.there:.1f} ms"],
        ["setting a direction up, once", f"{1e9 * u.draw:.2f} ns a parameter"],
        ["displacing a point along it, for each forward pass", f"{1e9 * u.displace:.2f} ns a parameter"],
        ["pairing a claim with it, once", f"{1e9 * u.pair:.2f} ns a parameter"],
        ["copying float64 numbers, for comparison", f"{1e9 * u.copy:.2f} ns a parameter"],
        ["memory that a displacement moves: point, result", f"8 + 8 = {MOVED} bytes a parameter"],
        ["tasks of nothing through a scheduler, handed over at once", f"{u.at_once:,.0f} a second"],
        ["the same one after the other", f"{u.in_turn:,.0f} a second"],
        ["records appended to a ledger, synced one by one", f"{u.alone:,.0f} a second"],
        ["the same, synced ten by ten, as chunks come", f"{u.ten:,.0f} a second"],
        ["a record; a task's case", f"{u.record:,.0f} bytes; {u.task:,.0f} bytes"],
    ]
    return table(["unit", "measured"], rows)


def many_table(u: Units) -> str:
    """`AUDITS` audits in one `NIGHT`, from the units."""
    rate, workers = AUDITS / NIGHT, AUDITS * u.here / NIGHT
    tasks = rate / max(1.0, SECONDS / u.here)
    rows = [
        ["audits a second", f"{rate:.0f}", ""],
        ["processor time", f"{AUDITS * u.here / 3600:,.0f} hours: {workers:.1f} workers", ""],
        ["tasks a second, chunks of a second", f"{tasks:.1f}", f"{u.at_once / tasks:,.0f} times"],
        ["records a second", f"{rate:.0f}", f"{u.ten / rate:,.0f} times"],
        [
            "into the driver",
            f"{rate * u.record / 1e6:.2f} MB a second",
            f"{LINK / (rate * u.record):,.0f} times (1 GB/s)",
        ],
        ["ledger", f"{AUDITS * u.record / 1e9:.1f} GB", ""],
    ]
    return table([f"{AUDITS:,} audits in {NIGHT // 3600} hours", "needed", "one driver can do"], rows)


def large_table(u: Units) -> str:
    """`LARGE` parameters over devices, by the adjoint law, from the units: what a device does beside the forwards."""
    rows = []
    for devices in DEVICES:
        n = LARGE / devices
        ours = n * (DIRECTIONS * (u.draw + u.pair) + PASSES * u.displace)
        held = n * (8 + 8 + 8)
        moved = PASSES * MOVED * n
        links = DIRECTIONS * 8 + PASSES * 8
        rows.append(
            [devices, f"{n:.1e}", f"{held / 1e9:,.1f} GB", f"{moved / 1e9:,.0f} GB", f"{ours:,.0f} s", f"{links} B"]
        )
    head = ["devices", "parameters each", "held", "memory moved by ours", "our time, one core", "over links, ours"]
    return (
        f"{LARGE:.0e} parameters in float64, {DIRECTIONS} directions, {PASSES} forward passes:\n\n{table(head, rows)}"
    )


def main() -> None:
    """Run as a command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, printed only")
    args = parser.parse_args()
    units = measured(quick=args.quick)
    made = {"unit costs": unit_table(units), "many audits": many_table(units), "large": large_table(units)}
    print("\n\n".join(made.values()))
    for name, text in {} if args.quick else made.items():
        write(name, f"`python -m benchmarks.unit_costs`\n\n{text}", SCALE)


if __name__ == "__main__":
    main()
