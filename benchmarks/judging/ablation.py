"""Ablation of the judge: each of its constants halved and doubled, on the same right and wrong claims of the tune half.

python -m benchmarks.judging.ablation                  # renews docs/benchmarks.md
python -m benchmarks.judging.ablation --cases 50 --no-write
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from types import ModuleType
from typing import Any, Final, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.ablation import replaced, shown, times
from benchmarks.judging import BASE_SEED, ledger
from benchmarks.judging.ledger import Line
from benchmarks.judging.tables import FLOAT64, SEEN
from benchmarks.tables import count, percent, progress, table, write

MODULES: Final = ("verdict", "measure", "quickly", "still", "ray", "units", "probes", "laws.adjoint", "numeric.quick")
FACTS: Final = {"DOUBLE", "UNDERFLOW", "TINY", "MAGNITUDE_RMS"}  # of the number format, or of a distribution
DEFAULTS: Final = {"TOLERANCE", "RESOLUTION"}  # of the stencil when it is called without the judge


ORDINARY: Final = 20  # forward passes: right claims that take more are beyond the first stencil
SLIGHT: Final = 1e-4  # mistakes below this are near what a measurement resolves


class Variant(NamedTuple):
    """One row: the module and name of a constant, the value it takes, and what holds while it runs."""

    name: str
    value: Any
    during: AbstractContextManager[Any]


def constants(module: ModuleType) -> dict[str, Any]:
    """Return the numbers, and tuples of numbers, that a module declares final."""
    named = {
        n: vars(module)[n]
        for n in module.__annotations__
        if n[0].isalpha() and n.isupper() and n not in FACTS | DEFAULTS
    }
    return {
        n: v for n, v in named.items() if all(isinstance(x, (int, float)) for x in (v if v.__class__ is tuple else [v]))
    }


def variants() -> Iterator[Variant]:
    """List the judge as it is, then each constant halved and doubled."""
    yield Variant("as it is", "", nullcontext())
    for module in (import_module(f"checks.{m}") for m in MODULES):
        for name, value in constants(module).items():
            for factor in (0.5, 2.0):
                other = times(value, factor)
                yield Variant(f"{module.__name__.split('.')[-1]}.{name}", other, replaced(module, name, other))


def telling(line: Line | None) -> bool:
    """Whether a claim lies where constants decide: a right one that four values do not settle, a slight mistake."""
    if line is None:
        return False
    return 0 < line.error < SLIGHT if line.wrong else line.forward > ORDINARY


def tried(todo: Sequence[ledger.Task], during: AbstractContextManager[Any]) -> list[Line | None]:
    """Audit everything while ``during`` holds; no proof stands in for what is measured."""
    with during:
        return [ledger.run_one(task, proof=False) for task in todo]


def row(variant: Variant, lines: Sequence[Line | None], unchanged: Sequence[Line | None]) -> list[object]:
    """Count what became of right and wrong claims."""
    found = [l for l in lines if l]
    right = [l for l in found if not l.wrong]
    wrong = [l for l in found if l.wrong and l.kind in FLOAT64 and l.error >= SEEN]
    changed = sum(
        (a.outcome, a.forward) != (b.outcome, b.forward) for a, b in zip(lines, unchanged, strict=True) if a and b
    )
    decided = sum(a.outcome != b.outcome for a, b in zip(lines, unchanged, strict=True) if a and b)
    return [
        variant.name,
        shown(variant.value) if variant.value != "" else "",
        count(sum(l.outcome in ("fail", "error") for l in right), len(right)),
        percent(sum(l.outcome == "inconclusive" for l in right), len(right)),
        count(sum(l.outcome != "fail" for l in wrong), len(wrong)),
        f"{np.mean([l.forward for l in right]):.1f}",
        f"{np.mean([l.forward for l in found if l.wrong]):.1f}",
        decided if lines is not unchanged else "",
        changed if lines is not unchanged else "",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=250, metavar="N", help="claims, each right and spoilt")
    parser.add_argument("--keep", type=int, default=60, metavar="N", help="of those near a decision, the shortest")
    parser.add_argument("--base", type=int, default=BASE_SEED + 1)
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args(arguments)
    families = ledger.families_of("tune", [], [])
    todo = ledger.tasks(options.cases, families, base=options.base, wrong=True, laws=["adjoint"])
    rows: list[list[object]] = []
    every = list(variants())
    with threadpool_limits(1):
        first = tried(todo, every[0].during)
        near = sorted((line.forward, i) for i, line in enumerate(first) if line and telling(line))
        chosen = [i for _, i in near[: options.keep]]
        todo, unchanged = [todo[i] for i in chosen], [first[i] for i in chosen]
        for variant in every:
            lines = unchanged if variant is every[0] else tried(todo, variant.during)
            rows.append(row(variant, lines, unchanged))
            progress(len(rows), len(every), variant.name)
    head = [
        "constant",
        "value",
        "right claims failed",
        "right claims inconclusive",
        "float64, wrong by 1e-6 or more, not failed",
        "mean passes, right",
        "mean passes, wrong",
        "outcomes that change",
        "outcomes or passes",
    ]
    text = f"{len(unchanged)} audits near a decision, of {len(first)}:\n\n{table(head, rows)}"
    print(text)
    if not options.no_write:
        command = (
            f"python -m benchmarks.judging.ablation --cases {options.cases} --keep {options.keep} --base {options.base}"
        )
        write("ablation of the judge", f"`{command}`\n\n{text}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
