"""Score: one case before one checker, as a line that a ledger can hold."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from corpus import LAYERS, MISTAKES, Mistake, load
from corpus.facts import facts
from corpus.nasty import NASTY, Nasty

from benchmarks.corpus.peers import PEERS, passes
from benchmarks.corpus.wrapped import Wrapped, of_layer, of_nasty
from checks import Outcome, Report

OURS: Final = "backproof"
CHECKERS: Final = (OURS, *PEERS)
MOVES: Final = 8  # an entry beside a kink may be wrong at the moved point alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One case before one checker.

    Attributes
    ----------
    checker : str
        Which.
    kind : {"right", "mistake", "nasty"}
        A right layer, a mistake, a nasty right gradient.
    layer, name : str
        Which one.
    seed : int
        That its inputs and the checker's directions come from.
    outcome : {"pass", "fail", "inconclusive"}
        What the checker says; "error" if an audit of ours raises.
    law : str
        The laws of the findings, joined by spaces.
    cause, place : {"", "right", "wrong", "none"}
        Whether the mistake was named, and found where it is; empty where that cannot be said of it.
    named : str
        What it was called.
    forwards : int
        Forward passes.
    seconds : float
        Time.
    """

    checker: str
    kind: str
    layer: str
    name: str
    seed: int
    outcome: str
    law: str = ""
    cause: str = ""
    place: str = ""
    named: str = ""
    forwards: int = 0
    seconds: float = 0.0

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """What makes this line again."""
        return self.checker, self.kind, self.layer, self.name, self.seed


def cases(every: int = 1) -> Iterator[tuple[str, str, str, Mistake | Nasty | None]]:
    """Every case: kind, layer, name, and the row; of mistakes and nasty gradients each ``every``-th."""
    chosen = MISTAKES[::every]
    for layer in LAYERS if every == 1 else sorted({m.layer for m in chosen}):
        yield "right", layer, "", None
    for mistake in chosen:
        yield "mistake", mistake.layer, mistake.name, mistake
    for nasty in list(NASTY.values())[::every]:
        yield "nasty", "", nasty.name, nasty


def score(checker: str, kind: str, layer: str, name: str, row: Any, seed: int) -> Line:
    """Put one case before one checker."""
    key = {"checker": checker, "kind": kind, "layer": layer, "name": name, "seed": seed}
    start = time.perf_counter()
    if checker == OURS:
        said = _ours(kind, layer, row, seed)
    else:
        case = _wrapped(kind, layer, row, seed)
        rng = np.random.default_rng([seed, *f"{checker}{layer}{name}".encode()])
        passed = passes(checker, case, rng)
        said = {"outcome": "pass" if passed else "fail", "forwards": case.forwards}
    return Line(**key, **said, seconds=round(time.perf_counter() - start, 4))


def _wrapped(kind: str, layer: str, row: Any, seed: int) -> Wrapped:
    if kind == "nasty":
        return of_nasty(row, seed)
    clears = load(layer).subject(seed).accumulates
    return of_layer(row.load() if row else load(layer), seed, clears=clears)


def _ours(kind: str, layer: str, row: Any, seed: int) -> Mapping[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # an audit may not let a warning of its own probes out
        try:
            report = row.audit(seed) if kind == "nasty" else (row.load() if row else load(layer)).audit(seed)
        except Exception as raised:
            return {"outcome": "error", "named": f"{type(raised).__name__}: {raised}"[:200]}
    said = {
        "outcome": report.outcome.value,
        "forwards": report.cost.forward,
        "law": " ".join(sorted({f.law for f in report.findings})),
    }
    if kind != "mistake" or report.outcome is not Outcome.FAIL:
        return said
    cause, named = _cause(row, report)
    return {**said, "cause": cause, "named": named, "place": _place(row, report, seed)}


def _cause(mistake: Mistake, report: Report) -> tuple[str, str]:
    """Whether what the findings say it looks like is what it is."""
    fits, named = mistake.named_by, [f for f in report.findings if f.suspects]
    words = "; ".join(dict.fromkeys(f.diagnosis for f in named))
    if any(not set(f.suspects) & set(fits) for f in named):
        return "wrong", words
    return ("right" if named else "none") if fits else "", words


def _place(mistake: Mistake, report: Report, seed: int) -> str:
    """Whether the failed tensors are the wrong ones, and every entry that is named is a wrong one."""
    values = [f for f in report.findings if f.law == "adjoint" and f.verdict.outcome is Outcome.FAIL]
    changed = facts(mistake, seed, moves=MOVES).changed
    if not values or not changed:
        return ""
    if {f.verdict.tensor.split(" (")[0] for f in values} != set(changed):
        return "wrong"
    for f in values:
        wrong = changed[f.verdict.tensor.split(" (")[0]]
        named = {e.index for e in f.entries}
        if any(not wrong[index] for index in named):
            return "wrong"
        if not f.location:
            return "none"
        if "whole tensor" in f.location and 2 * wrong.sum() < wrong.size:
            return "wrong"
    return "right"
