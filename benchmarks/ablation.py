"""Ablation: every constant of the engine and of the judge halved and doubled, on the same cases.

python -m benchmarks.ablation                          # renews docs/benchmarks.md
python -m benchmarks.ablation --per-family 1 --no-write
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import fields, replace
from functools import cache, partial
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from benchmarks.bed import Case, bed
from benchmarks.methods import MOST, Method, Psi, Reading, by_windows, ours
from benchmarks.tables import count, percent, progress, table, write
from benchmarks.trial import Trial, attempt, summarise
from checks import verdict
from checks.numeric import bits, jump, models, quick, scan
from checks.numeric.constants import CONSTANTS
from checks.numeric.estimate import Estimate
from checks.numeric.line import Line
from checks.numeric.quick import AT, RESOLUTION, STEP, TOLERANCE, agree
from checks.numeric.windows import windows

WRONG_BY = (1e-2, 1e-6)
WINDOWS, QUICK = "windows as they are", "quick first, as it is"


class Variant(NamedTuple):
    """One row: the constant's name, the value it takes, the method, and what holds while it runs."""

    name: str
    value: str
    method: Method
    during: Callable[[], AbstractContextManager[Any]] = nullcontext


@contextmanager
def replaced(module: ModuleType, name: str, value: Any) -> Iterator[None]:
    """Give a module's constant another value for a while, also where other modules of the package have imported it."""
    before = getattr(module, name)
    package = module.__name__.split(".")[0] + "."
    others = [m for n, m in sys.modules.items() if n.startswith(package) and m.__dict__.get(name) is before]
    holders = [m for m in others if m is module or name not in vars(m).get("__annotations__", ())]
    _put(holders, name, value)
    try:
        yield
    finally:
        _put(holders, name, before)


def _put(holders: Sequence[ModuleType], name: str, value: Any) -> None:
    for holder in holders:
        setattr(holder, name, value)
        for function in vars(holder).values():  # what was worked out with the other value
            if hasattr(function, "cache_clear"):
                function.cache_clear()


def times(value: Any, factor: float) -> Any:
    """``value`` times ``factor``: of a tuple every entry, of an integer rounded and at least 1."""
    if isinstance(value, tuple):
        return tuple(times(v, factor) for v in value)
    if isinstance(value, int):
        return max(1, round(value * factor))
    return value * factor


def shown(value: Any) -> str:
    """Write a number, or a tuple of them, to three digits."""
    return "(" + ", ".join(map(shown, value)) + ")" if isinstance(value, tuple) else f"{value:.3g}"


def by_agreement(psi: Psi, dtype: str, claim: float, scale: float, *, h: float = STEP, **limits: float) -> Reading:
    """Measure as ``by_quick`` does, with other constants of the stencil."""
    line = Line(psi)

    def measured(claim: float, scale: float) -> Estimate:
        found = agree(line(h * AT)[None], np.array([claim]), scale, h, **limits)
        if not found.agrees[0]:
            return windows(line, also=(-h, h), budget=MOST - 4)
        value, bar = float(found.value[0]), float(found.bar[0])
        return Estimate(value=value, interval=(value - bar, value + bar), method="quick")

    found = measured(claim, scale)
    return Reading(found.interval, line.passes, lambda c, s: ours(measured(c, s), c, s))


IN_MODULES = (
    (scan, "RHO", by_windows),
    (scan, "TOP", by_windows),
    (scan, "HALF_SIDED", by_windows),
    (bits, "DISTINCT", by_windows),
    (models, "PLACES", by_windows),
    (jump, "HALVINGS", by_windows),
    (jump, "EXCUSED", by_windows),
    (verdict, "GREY", by_windows),
    (verdict, "COARSEST", by_windows),
    (quick, "BEND", by_agreement),
)
"""Constants read where they stand, and the method that reads them."""
IN_CALLS = {"STEP": (STEP, "h"), "TOLERANCE": (TOLERANCE, "tolerance"), "RESOLUTION": (RESOLUTION, "resolution")}
"""Constants that are defaults of the stencil's arguments."""


def variants() -> list[Variant]:
    """List the rows: windows as they are, each constant halved and doubled, and the same with the quick path first."""
    first, second = [Variant(WINDOWS, "", by_windows)], [Variant(QUICK, "", by_agreement)]
    for factor in (0.5, 2.0):
        for field in fields(CONSTANTS):
            value = times(getattr(CONSTANTS, field.name), factor)
            method = partial(by_windows, constants=replace(CONSTANTS, **{field.name: value}))
            first.append(Variant(field.name, shown(value), method))
        for module, name, method in IN_MODULES:
            value = times(getattr(module, name), factor)
            rows = second if module is quick else first
            rows.append(Variant(name, shown(value), method, partial(replaced, module, name, value)))
        for name, (before, argument) in IN_CALLS.items():
            value = times(before, factor)
            second.append(Variant(name, shown(value), partial(by_agreement, **{argument: value})))
    return [*_in_pairs(first), *_in_pairs(second)]


def _in_pairs(rows: list[Variant]) -> list[Variant]:
    return sorted(rows, key=lambda v: [r.name for r in rows].index(v.name))


def run(cases: Sequence[Case]) -> dict[Variant, list[Trial]]:
    """Try every variant on every case; none where its value does not run. ψ is evaluated once at each t."""
    remembered = [replace(case, psi=cache(case.psi)) for case in cases]
    found: dict[Variant, list[Trial]] = {}
    for variant in (rows := variants()):
        progress(len(found) + 1, len(rows), f"{variant.name} {variant.value}")
        with variant.during():
            try:
                found[variant] = [attempt(variant.method, case, wrong_by=WRONG_BY) for case in remembered]
            except (ArithmeticError, LookupError, ValueError) as error:  # a value that the engine cannot work with
                found[variant] = []
                progress(len(found), len(rows), f"{variant.name} {variant.value}: {error!r}")
    return found


def report(found: dict[Variant, list[Trial]]) -> str:
    """Lay the table out; a row like the unchanged one in every trial says so."""
    rows = []
    unchanged: list[Trial] = []
    for variant, trials in found.items():
        unchanged = trials if variant.name in (WINDOWS, QUICK) else unchanged
        if not trials:
            rows.append([variant.name, variant.value, "does not run", *[""] * 7])
            continue
        s = summarise(trials)
        bars = [
            t.bar / u.bar for t, u in zip(trials, unchanged, strict=True) if 0 < t.bar < np.inf and 0 < u.bar < np.inf
        ]
        rows.append(
            [
                variant.name,
                variant.value,
                count(s.outside, s.cases),
                count(s.false_fails, s.cases),
                percent(s.inconclusive, s.cases),
                percent(s.passed[0]),
                percent(s.failed[1]),
                f"{np.exp(np.mean(np.log(bars))):.2f}" if bars else "–",
                f"{np.mean([t.passes for t in trials]):.1f}",
                "" if variant.name in (WINDOWS, QUICK) else sum(a != b for a, b in zip(trials, unchanged, strict=True)),
            ]
        )
    head = [
        "constant",
        "value",
        "outside",
        "right claims failed",
        "right claims inconclusive",
        "wrong by 1e-2 passed",
        "wrong by 1e-6 failed",
        "bar",
        "mean passes",
        "cases that change",
    ]
    return f"{len(unchanged)} cases; bars are geometric means relative to the unchanged row:\n\n{table(head, rows)}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-family", type=int, default=20, metavar="N")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args(arguments)
    text = report(run(list(bed(per_family=options.per_family, base=options.seed))))
    print(text)
    if not options.no_write:
        command = f"python -m benchmarks.ablation --per-family {options.per_family} --seed {options.seed}"
        write("ablation", f"`{command}`\n\n{text}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
