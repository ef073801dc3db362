"""Ablation of the judge: each of its constants halved and doubled, on claims that lie near a decision.

Of the tune half right ones that four values do not settle, and the same wrong by factors near what can be seen: in code
with kinks, with noise, with mixed scales, in low precision and plain. Beside them what single constants are there for,
from families of both halves (`AIMED`). No proof stands in for what is measured.

python -m benchmarks.judging.ablation                  # renews docs/benchmarks.md
python -m benchmarks.judging.ablation --each 2 --no-write
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any, Final, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.ablation import replaced, shown, times
from benchmarks.judging import BASE_SEED, draw, ledger
from benchmarks.judging.tables import FLOAT64, KINDS
from benchmarks.tables import count, percent, progress, table, write
from checks.auditing import audit

MODULES: Final = (
    "verdict",
    "measure",
    "quickly",
    "bent",
    "faint",
    "still",
    "ray",
    "aside",
    "units",
    "groups",
    "rows",
    "probes",
    "laws.adjoint",
    "numeric.bits",
    "numeric.quick",
    "numeric.jump",
)
FACTS: Final = {
    "DOUBLE",
    "UNDERFLOW",
    "TINY",
    "MAGNITUDE_RMS",
    "WIDTHS",
    "HEAVIEST",
}  # of the number format, or of a distribution
DEFAULTS: Final = {"TOLERANCE", "RESOLUTION"}  # of the stencil when it is called without the judge
COSTS: Final = {
    "KEPT",
    "FEWEST",
    "SAFE",
    "LARGE",
    "probes.FEW",
    "rows.FEW",
    "rows.MOST",
    "rows.APART",
    "FIRST",
    "HUGE",
    "LIGHT",
}  # of memory, speed and the number range
PLACES: Final = {"STEPS", "BETWEEN"}  # where something is looked at

PLANTED: Final = {True: (3e-7, 1e-6), False: (3e-3, 0.1)}  # factors less 1: in quiet float64 code, elsewhere
SMALL: Final = 0.2  # the share of a tensor's entries that are called its small ones
SETTLED: Final = 20  # forward passes: a right claim that takes no more is settled by the first stencil
LONGEST: Final = 400  # forward passes of the audits that are tried again and again


class Variant(NamedTuple):
    """One row: the module and name of a constant, the value it takes, and what holds while it runs."""

    name: str
    value: Any
    during: AbstractContextManager[Any]


class Trial(NamedTuple):
    """What is audited.

    A claim's family, number and draw; the factor less 1 put into a tensor, 0 for a right one; whether only its small
    entries get it; and whether the forward refuses a dtype that is not the point's own.
    """

    family: str
    number: int
    base: int
    planted: float
    small: bool = False
    insists: bool = False


class Aim(NamedTuple):
    """A family that shows what a constant is for, and how it is spoilt: as in `Trial`; base 0 is that of the others."""

    family: str
    planted: float = 0.0
    small: bool = False
    insists: bool = False
    base: int = 0


AIMED: Final[dict[str, dict[Aim, tuple[int, ...]]]] = {
    "verdict.COARSEST": {Aim("coarse tensor"): (0, 1, 2)},
    "measure.ZERO_ULPS": {Aim("bias before batch norm"): (3,)},
    "quickly.GOAL_ULPS": {Aim("float32 network", 3e-5): (0,), Aim("float32 network", 1e-4): (0,)},
    "quickly.PART": {Aim("physical units", 6e-4, small=True): (3, 7)},
    "still.MANY": {Aim("half inside"): (16, 17)},
    "still.STAIR": {Aim("integer results", 0.1): (4,), Aim("counted", 0.1): (4,)},
    "ray.LEAST_WEIGHT": {Aim("mixed tensors"): (0,), Aim("mixed scales"): (1,)},
    "ray.CLAIM_ULPS": {Aim("float32 network"): (4, 6)},
    "ray.VALUE_ULPS": {Aim("single far away"): (10,), Aim("float32 loss"): (10,)},
    "rows.MIXED": {Aim("offset primal", 1e-3, small=True): (0,)},
    "adjoint.FROZEN_ULPS": {Aim("float32 network", insists=True): (0,), Aim("float32 loss", insists=True): (0,)},
    "adjoint.UNDISTURBED": {Aim("saturated"): (2,)},
    "bent.CURVED": {Aim("huber", 1e-6): (0, 1)},
    "bent.CLOSE": {Aim("relu classifier", 1e-6): (1, 3)},
    "bent.WITHIN": {Aim("broad relu network"): (29,)},
    "bits.DISTINCT": {Aim("steps"): (1,)},
    "faint.DIRECTIONS": {Aim("single far away", 0.5): (34,)},
    "jump.EXCUSED": {Aim("stopped iteration", base=4242): (1,)},
}
"""For each constant that the other claims do not show: families and numbers of claims that it is there for."""


class Found(NamedTuple):
    """What became of it, after how many forward passes."""

    outcome: str
    forward: int


def constants(module: ModuleType) -> dict[str, Any]:
    """Return the numbers, and tuples of numbers, that a module declares final."""
    left_out = FACTS | DEFAULTS | COSTS | PLACES
    where = module.__name__.rpartition(".")[2]
    names = [n for n in module.__annotations__ if n[0].isalpha() and n.isupper() and not {n, f"{where}.{n}"} & left_out]
    named = {n: vars(module)[n] for n in names}
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


def audited(trial: Trial) -> Found:
    """Audit one claim under the adjoint law."""
    claim = draw(trial.family, trial.number, trial.base)
    name = sorted(claim.draft.point)[claim.seed % len(claim.draft.point)]

    def pullback(p: Mapping[str, Any], v: Any) -> dict[str, Any]:
        gradient = claim.draft.pullback(p, v)
        right = np.asarray(gradient[name])
        size = np.abs(right)
        chosen = size <= np.quantile(size[size > 0], SMALL) if trial.small and size.any() else True
        gradient[name] = np.where(chosen, right * (1 + trial.planted), right).astype(right.dtype)
        return gradient

    def forward(p: Mapping[str, Any]) -> Any:
        if any(x.dtype != claim.draft.point[n].dtype for n, x in p.items()):
            raise TypeError("this forward takes its own dtypes alone")
        return claim.draft.forward(p)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        subject = claim.subject(pullback if trial.planted else None)
        if trial.insists:
            subject = replace(subject, forward=forward)
        report = audit(subject, seed=claim.seed, laws=["adjoint"], locate=False, proof=False)
    return Found(report.outcome.value, report.cost.forward)


def tried(todo: Sequence[Trial], during: AbstractContextManager[Any]) -> list[Found]:
    """Audit everything while ``during`` holds."""
    with during:
        return [audited(trial) for trial in todo]


def near_a_decision(each: int, base: int) -> dict[Trial, Found]:
    """Up to ``each`` right claims of every kind, as many wrong by each factor, and what becomes of them."""
    chosen: dict[Trial, Found] = {}
    for kind in KINDS:
        families = ledger.families_of("tune", [kind], [])
        for planted in (0.0, *PLANTED[kind in FLOAT64]):
            some: dict[Trial, Found] = {}
            for i in range(4 * each):
                trial = Trial(families[i % len(families)], i // len(families), base, planted)
                found = audited(trial)
                if len(some) < each and (planted or found.forward > SETTLED) and found.forward <= LONGEST:
                    some[trial] = found
                if len(some) == each:
                    break
            chosen |= some
    return chosen


def aimed(base: int) -> dict[Trial, Found]:
    """What `AIMED` names, and what becomes of it."""
    trials = [
        Trial(aim.family, number, aim.base or base, aim.planted, aim.small, aim.insists)
        for aims in AIMED.values()
        for aim, numbers in aims.items()
        for number in numbers
    ]
    return {trial: audited(trial) for trial in dict.fromkeys(trials)}


def row(variant: Variant, todo: Sequence[Trial], lines: Sequence[Found], unchanged: Sequence[Found]) -> list[object]:
    """Count what became of right and wrong claims."""
    right, wrong = ([f for t, f in zip(todo, lines, strict=True) if bool(t.planted) is w] for w in (False, True))
    pairs = list(zip(lines, unchanged, strict=True))
    return [
        variant.name,
        shown(variant.value) if variant.value != "" else "",
        count(sum(f.outcome == "fail" for f in right), len(right)),
        percent(sum(f.outcome == "inconclusive" for f in right), len(right)),
        percent(sum(f.outcome == "fail" for f in wrong), len(wrong)),
        percent(sum(f.outcome == "pass" for f in wrong), len(wrong)),
        f"{np.mean([f.forward for f in right]):.1f}",
        f"{np.mean([f.forward for f in wrong]):.1f}",
        sum(a.outcome != b.outcome for a, b in pairs) if lines is not unchanged else "",
        sum(a != b for a, b in pairs) if lines is not unchanged else "",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--each", type=int, default=12, metavar="N", help="right ones of a kind, and wrong ones of a size"
    )
    parser.add_argument("--base", type=int, default=BASE_SEED + 1)
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args(arguments)
    rows: list[list[object]] = []
    every = list(variants())
    with threadpool_limits(1):
        sample = near_a_decision(options.each, options.base) | aimed(options.base)
        todo, unchanged = list(sample), list(sample.values())
        for variant in every:
            lines = unchanged if variant is every[0] else tried(todo, variant.during)
            rows.append(row(variant, todo, lines, unchanged))
            progress(len(rows), len(every), variant.name)
    head = [
        "constant",
        "value",
        "right claims failed",
        "right claims inconclusive",
        "wrong claims failed",
        "wrong claims passed",
        "mean passes, right",
        "mean passes, wrong",
        "outcomes that change",
        "outcomes or passes",
    ]
    wrong = sum(bool(t.planted) for t in todo)
    text = f"{len(todo) - wrong} right claims and {wrong} wrong ones:\n\n{table(head, rows)}"
    print(text)
    if not options.no_write:
        write(
            "ablation of the judge",
            f"`python -m benchmarks.judging.ablation --each {options.each} --base {options.base}`\n\n{text}",
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
