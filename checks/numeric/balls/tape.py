"""Tape: what an exact forward pass did, operation by operation, and the sweep back over it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from flint import arb

if TYPE_CHECKING:
    from checks.numeric.balls.ball import Ball

MOST: Final = 1_000_000  # operations kept on a tape: some hundred bytes each
CHECKED: Final = 1024  # operations between two looks at the clock


class NotProvableError(Exception):
    """The exact path ends here; the message says why. It says nothing about any claim."""


class LeftError(TypeError):
    """An exact number was asked to become a float: what follows would be rounded."""


class UndecidedError(ArithmeticError):
    """Two balls overlap, so that neither is known to be the larger: more digits are needed, or it is a tie."""


class Tape:
    """Operations in the order in which they were made.

    Parameters
    ----------
    deadline : float
        `time.perf_counter` after which nothing more is computed.

    Attributes
    ----------
    nodes : list of Ball
        Leaves and results.
    ties : int
        How often equal numbers were compared: the branch that the code takes there may end there.
    kinks : int
        How often the larger of two equal numbers was taken, with a share of both slopes.
    left, unsure : str
        Why the exact path was left, and what stayed undecided, even if the code caught the exception; empty where none.
    """

    __slots__ = ("deadline", "kinks", "left", "nodes", "ties", "unsure")

    def __init__(self, deadline: float = float("inf")) -> None:
        self.nodes: list[Ball] = []
        self.deadline = deadline
        self.ties = 0
        self.kinks = 0
        self.left = self.unsure = ""

    def put(self, node: Ball) -> int:
        """Keep a number, and say which it is."""
        n = len(self.nodes)
        if n % CHECKED == 0:
            if n >= MOST:
                raise NotProvableError(f"it takes more than {MOST:,} operations")
            if time.perf_counter() > self.deadline:
                raise NotProvableError("its time is up")
        self.nodes.append(node)
        return n


def sweep_back(tape: Tape, seeds: Iterable[tuple[Ball, arb]]) -> list[Any]:
    """Enclose ∂ψ/∂(every number on the tape), ψ = Σ weight · number.

    Parameters
    ----------
    tape : Tape
        With every number of ``seeds``.
    seeds : iterable of (Ball, arb)
        The terms of ψ: numbers and their weights.

    Returns
    -------
    list of arb or None
        One for each number of the tape; None where ψ does not depend on it.
    """
    found: list[Any] = [None] * len(tape.nodes)
    for node, weight in seeds:
        _add(found, node.index, weight)
    for node in reversed(tape.nodes):
        slope = found[node.index]
        if slope is None:
            continue
        for parent, partial in zip(node.parents, node.partials, strict=True):
            k = parent.index
            before = found[k]
            found[k] = slope * partial if before is None else before + slope * partial
        if node.index % CHECKED == 0 and time.perf_counter() > tape.deadline:
            raise NotProvableError("its time is up")
    return found


def _add(found: list[Any], k: int, more: arb) -> None:
    found[k] = more if found[k] is None else found[k] + more


def terms(tape: Tape, seeds: Iterable[tuple[Ball, arb]]) -> list[float]:
    """Σ|terms| of ∂ψ/∂(every number on the tape), as a sweep back adds them up: what its rounding is relative to."""
    found = [0.0] * len(tape.nodes)
    for node, weight in seeds:
        found[node.index] += abs(float(weight.mid()))
    for node in reversed(tape.nodes):
        size = found[node.index]
        if size:
            for parent, partial in zip(node.parents, node.partials, strict=True):
                found[parent.index] += size * abs(float(partial.mid()))
    return found


def rounding(tape: Tape, slopes: Sequence[Any]) -> float:
    """How much ψ changes if every number on the tape changes by its own size: what one ulp each would do, in ulps."""
    total = 0.0
    for node, slope in zip(tape.nodes, slopes, strict=True):
        if slope is not None and node.parents:
            size = abs(float(node.ball.mid()))
            if len(node.parents) > 2:  # a sum of products, rounded term by term
                terms = zip(node.parents, node.partials, strict=True)
                size += sum(abs(float(p.ball.mid()) * float(d.mid())) for p, d in terms) * len(node.parents)
            total += abs(float(slope.mid())) * size
    return total
