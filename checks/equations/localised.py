"""Localised: one equation held of somebody's own network on random networks; at which layer it does not hold."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from backprop import ACTIVATIONS
from checks.calls import Cost
from checks.equations.cases import Case, build, losses_after, one_of
from checks.equations.local import LOCAL, Local, Said
from checks.equations.own import Asked, Own
from checks.equations.table import EQUATIONS
from checks.numeric.estimate import Estimate
from checks.probes import generator
from checks.report.record import Finding, Report
from checks.verdict import Outcome, Verdict

TRIES: Final = 500
DEEPEST: Final = 4
WIDEST: Final = 5

FITS: Final[Mapping[str, Callable[[Case], bool]]] = {
    "B1": lambda c: ACTIVATIONS[c.activations[-1]].slope is not None,
    "E1": lambda c: ACTIVATIONS[c.activations[-1]].slope is not None,
    "B2": lambda c: any(ACTIVATIONS[a].slope is not None for a in c.activations[:-1]),
    "E2": lambda c: any(ACTIVATIONS[a].slope is not None for a in c.activations[:-1]),
    "E4": lambda c: any(ACTIVATIONS[a].slope is not None for a in c.activations[:-1]),
    "S1": lambda c: ACTIVATIONS[c.activations[-1]].slope is None,
    "S2": lambda c: any(ACTIVATIONS[a].slope is None for a in c.activations[:-1]),
    "S3": lambda c: "softmax" in c.activations,
    "S4": lambda c: c.loss == "softmax_cross_entropy" and c.activations[-1] == "identity",
    "R1": lambda c: c.reduction == "sum",
    "R2": lambda c: c.reduction == "mean",
}
"""Which networks an equation speaks of, where it does not speak of all."""


def spoken_to(own: Own) -> list[str]:
    """The labels that a network can be held to, in the order of the derivation."""
    return [label for label in EQUATIONS if label in LOCAL and _asks(own, LOCAL[label]) and _case(own, label, 0, 1, 0)]


def _asks(own: Own, row: Local) -> bool:
    return all(any(getattr(own, name) is not None for name in word.split(" or ")) for word in row.needs)


def _case(own: Own, label: str, k: int, networks: int, seed: int) -> Case | None:
    """The structure of network ``k`` of so many, small ones first; None where the label speaks of none."""
    rng, row = generator(seed, "a network of somebody's", own.name, label, k), LOCAL[label]
    most = 1 + min(WIDEST - 1, k * WIDEST // max(networks, 1) + 1)
    for _ in range(TRIES):
        low, high = {True: (2, DEEPEST), False: (1, 1), None: (1, 3)}[row.deep]
        L = int(rng.integers(low, min(high, low + k) + 1))
        names = tuple(own.activations[i] for i in rng.integers(len(own.activations), size=L))
        losses = [loss for loss in own.losses if loss in losses_after(names[-1])]
        if not losses:
            continue
        n = {True: int(rng.integers(2, 5)), False: 1, None: int(rng.integers(1, 4))}[row.batch]
        sizes = tuple(int(d) for d in rng.integers(1, most + 1, size=L + 1))
        case = Case(
            sizes=sizes,
            activations=names,
            loss=one_of(rng, losses),
            reduction=own.reduction,
            batch=n,
            seed=int(rng.integers(2**32)),
        )
        if label not in FITS or FITS[label](case):
            return case
    return None


def held(own: Own, label: str, *, networks: int, seed: int) -> Report:
    """Hold one equation of a network.

    Parameters
    ----------
    own : Own
        The network.
    label : str
        A row of `LOCAL`.
    networks : int
        How many random networks, the small ones first.
    seed : int
        Decides every one of them.

    Returns
    -------
    Report
        FAIL at the first network where it does not hold: its finding names the layer, both numbers, and the network.
    """
    started, calls, finest = time.perf_counter(), 0, 0.0
    for k in range(networks):
        case = _case(own, label, k, networks, seed)
        if case is None:
            break
        asked = Asked(own, build(case))
        try:
            with np.errstate(all="ignore"):
                found = next(_broken(LOCAL[label], asked), None)
        except Exception as raised:
            found = _raised(raised)
        calls += asked.calls
        finest = max(finest, asked.resolution)
        if found is not None:
            cost = Cost(forward=calls, seconds=time.perf_counter() - started)
            return _failed(own, label, case, found, cost, seed, f"network {k + 1} of {networks}, small ones first")
    verdict = Verdict(law=label, tensor="", outcome=Outcome.PASS, resolution=finest or None)
    return Report(
        name=own.name,
        outcome=Outcome.PASS,
        verdicts=(verdict,),
        findings=(),
        cost=Cost(forward=calls, seconds=time.perf_counter() - started),
        seed=seed,
        notes=(f"({label}) {EQUATIONS[label].statement}: held of {networks} random networks",),
    )


Broken = tuple[str, str, float | None, Estimate | None]
"""Where, what is seen, and the two numbers."""


def _broken(row: Local, asked: Asked) -> Iterator[Broken]:
    for said in row.rule(asked):
        claimed, wanted, terms = np.broadcast_arrays(said.claimed, said.wanted, said.terms)
        bar = asked.resolution * terms + asked.lost + np.finfo(float).tiny
        wrong = ~(np.abs(claimed - wanted) <= bar) & np.isfinite(wanted)
        if wrong.any():
            yield _where(said, asked, wrong, claimed, wanted, bar)


def _where(said: Said, asked: Asked, wrong: Any, claimed: Any, wanted: Any, bar: Any) -> Broken:
    gap = np.where(wrong, np.abs(claimed - wanted) / bar, 0.0)
    at = tuple(int(i) for i in np.unravel_index(int(np.nanargmax(gap)), wrong.shape))
    value, width = float(wanted[at]), float(bar[at])
    estimate = Estimate(value=value, interval=(value - width, value + width), rounding=width, method="the equation")
    place = "" if said.name == "C" else f"[{', '.join(map(str, at))}]"
    words = f"{said.name}{place} is not what the equation makes of the rest; {int(wrong.sum())} of {wrong.size} entries"
    return f"at layer {said.l} of {asked.L}", words, float(claimed[at]), estimate


def _raised(error: Exception) -> Broken:
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [f for f in frames if "/checks/equations/" not in f.filename.replace("\\", "/")] or frames
    place = f"{theirs[-1].name}, line {theirs[-1].lineno}"
    return "", f"the network raised {type(error).__name__}: {error} ({place})", None, None


def _failed(own: Own, label: str, case: Case, found: Broken, cost: Cost, seed: int, tried: str) -> Report:
    where, words, claimed, estimate = found
    verdict = Verdict(
        law=label,
        tensor="",
        outcome=Outcome.FAIL,
        claimed=claimed,
        estimate=estimate,
        reason=f"({label}) {EQUATIONS[label].statement} does not hold: {words}",
        where=where,
    )
    detail = (
        f"widths {', '.join(map(str, case.sizes))}; {', '.join(case.activations)}; {case.loss}, {case.reduction} over "
        f"{case.batch} example{'s' if case.batch > 1 else ''}; {tried}"
    )
    finding = Finding(verdict=verdict, name=own.name, detail=detail)
    return Report(
        name=own.name,
        outcome=Outcome.FAIL,
        verdicts=(verdict,),
        findings=(finding,),
        cost=cost,
        seed=seed,
        dtypes=("float64",),
    )
