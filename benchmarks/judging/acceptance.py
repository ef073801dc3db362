"""Six small mistakes that a judge with poor directions misses now and then: failed on (nearly) every seed."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.judging.tables import markdown
from checks.auditing import audit
from checks.subject import Subject
from checks.verdict import Outcome

REQUIRED: Final = 9_999 / 10_000
FIRST: Final = 160  # forward passes within which nearly all are failed
BLOCK: Final = 100  # seeds between two lines of a ledger


def _swapped(n: int) -> Callable[[int], Subject]:
    def subject(seed: int) -> Subject:
        rng = np.random.default_rng(seed)
        i, j = rng.choice(n, 2, replace=False)

        def pullback(p, v):
            g = np.cos(p["x"]) * v
            g[i], g[j] = g[j], g[i]
            return {"x": g}

        x = rng.normal(size=n)
        return Subject(
            name=f"swapped in {n}", point={"x": x}, forward=lambda p: np.sin(p["x"]).copy(), pullback=pullback
        )

    return subject


def transposed(seed: int) -> Subject:
    """The gradient of a 2×2 matrix, transposed."""
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(3, 2)), rng.normal(size=(2, 2))
    return Subject(
        name="transposed", point={"w": w}, forward=lambda p: x @ p["w"], pullback=lambda p, v: {"w": (x.T @ v).T}
    )


def reversed_pair(seed: int) -> Subject:
    """The gradient of a vector of 2, the wrong way round."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(3, 2))
    return Subject(
        name="reversed",
        point={"x": rng.normal(size=2)},
        forward=lambda p: a @ p["x"],
        pullback=lambda p, v: {"x": (a.T @ v)[::-1].copy()},
    )


def shifted(seed: int) -> Subject:
    """A constant, a hundredth of its rms, added to every entry of a gradient."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(4, 5))
    c = 1e-2 * float(np.sqrt(np.mean(np.cos(x) ** 2)))
    return Subject(
        name="shifted",
        point={"x": x},
        forward=lambda p: np.sin(p["x"]),
        pullback=lambda p, v: {"x": np.cos(p["x"]) * v + c},
    )


def doubled_small_output(seed: int) -> Subject:
    """The gradient through an output of scale 1e-9 beside one of scale 1, doubled."""
    x = np.random.default_rng(seed).normal(size=5)
    return Subject(
        name="doubled",
        point={"x": x},
        forward=lambda p: {"large": np.sin(p["x"]).sum(), "small": 1e-9 * np.cos(p["x"]).sum()},
        pullback=lambda p, v: {"x": v["large"] * np.cos(p["x"]) - 2e-9 * v["small"] * np.sin(p["x"])},
    )


MISTAKES: Final[Mapping[str, Callable[[int], Subject]]] = {
    "two entries swapped in 10": _swapped(10),
    "two entries swapped in 1e4": _swapped(10_000),
    "a 2×2 transposed": transposed,
    "a vector of 2 reversed": reversed_pair,
    "a constant added to every entry": shifted,
    "an output of scale 1e-9 doubled": doubled_small_output,
}


def outcome_of(name: str, seed: int) -> Outcome:
    """Judge one mistake on one seed, which draws point and directions; a fail within a small budget is a fail."""
    for budget in (FIRST, None):
        options = {"laws": ["adjoint"], "locate": False, "proof": False}
        outcome = audit(MISTAKES[name](seed), seed=seed, budget=budget, **options).outcome
        if outcome is Outcome.FAIL:
            break
    return outcome


def missed(name: str, seeds: range) -> Iterator[tuple[int, Outcome]]:
    """Yield the seeds on which one mistake is not failed."""
    for seed in seeds:
        if (outcome := outcome_of(name, seed)) is not Outcome.FAIL:
            yield seed, outcome


def run(seeds: range, ledger: Path | None) -> dict[str, dict[int, Outcome]]:
    """Judge every mistake on every seed, in blocks; what ``ledger`` holds of them is not run again."""
    known: dict[tuple[str, int], dict[int, Outcome]] = {}
    if ledger is not None and ledger.exists():
        for line in ledger.read_text(encoding="utf-8").splitlines():
            name, start, found = json.loads(line)
            known[name, start] = {int(seed): Outcome(word) for seed, word in found.items()}
    misses: dict[str, dict[int, Outcome]] = {name: {} for name in MISTAKES}
    for start in range(seeds.start, seeds.stop, BLOCK):
        began, fresh = time.perf_counter(), 0
        for name in MISTAKES:
            if (name, start) not in known:
                block = range(start, min(start + BLOCK, seeds.stop))
                known[name, start] = dict(missed(name, block))
                fresh += len(block)
                if ledger is not None:
                    words = {seed: o.value for seed, o in known[name, start].items()}
                    with ledger.open("a", encoding="utf-8") as out:
                        out.write(json.dumps([name, start, words]) + "\n")
            misses[name] |= known[name, start]
        if fresh:
            rate = fresh / (time.perf_counter() - began)
            print(f"seed {start}: {rate:.0f} audits a second", file=sys.stderr, flush=True)
    return misses


def table(seeds: range, ledger: Path | None = None) -> tuple[str, bool]:
    """Run all of it: a markdown table, and whether every row is as required."""
    rows, good = [], True
    for name, found in run(seeds, ledger).items():
        failed = len(seeds) - len(found)
        good &= failed >= REQUIRED * len(seeds)
        passed = sum(outcome is Outcome.PASS for outcome in found.values())
        shown = " ".join(str(seed) for seed in list(found)[:5])
        rows.append([name, len(seeds), failed, len(found) - passed, passed, shown])
    return markdown(["mistake", "seeds", "fail", "inconclusive", "pass", "missed on"], rows), good
