"""LOCAL: each equation from the quantities that stand in it, as somebody's network has them: so only its own fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from backprop import ACTIVATIONS, LOSSES, NUMPY, cost_gradient
from backprop.activations import through
from checks.equations.own import Asked

RATE: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What a network says beside what the equation makes of its other quantities.

    Attributes
    ----------
    l : int
        The layer.
    name : str
        What is compared.
    claimed, wanted, terms : ndarray
        Theirs, the equation's, and the size of the terms that it adds up.
    """

    l: int
    name: str
    claimed: Any
    wanted: Any
    terms: Any


Rule = Callable[[Asked], Iterator[Said]]


@dataclass(frozen=True, slots=True)
class Local:
    """One label.

    Attributes
    ----------
    rule : callable
        Asked -> what is compared, the layers in the order in which a mistake spreads.
    needs : tuple of str
        Functions of `Own`, one of each alternative ("gradients or update").
    after : tuple of str
        Labels that this one follows from: where they do not hold it is not asked.
    batch : bool or None
        Networks with several examples, with one, or with any number.
    deep : bool or None
        Networks with several layers, with one, or with any number.
    """

    rule: Rule
    needs: tuple[str, ...]
    after: tuple[str, ...] = ()
    batch: bool | None = None
    deep: bool | None = None


def _z(s: Asked) -> Iterator[Said]:
    Z, A = s.trace
    for l in s.layers:
        W, b = s.point.W[l], s.point.b[l]
        yield Said(l, f"z^{l}", Z[l], W @ A[l - 1] + b, np.abs(W) @ np.abs(A[l - 1]) + np.abs(b))


def _a(s: Asked) -> Iterator[Said]:
    Z, A = s.trace
    for l in s.layers:
        wanted = ACTIVATIONS[s.case.activations[l - 1]].value(Z[l], NUMPY)
        yield Said(l, f"a^{l}", A[l], wanted, np.abs(wanted) + 1)


def _components(s: Asked) -> Iterator[Said]:
    _, A = s.trace
    for l in s.layers:
        W, b, below = s.point.W[l], s.point.b[l], A[l - 1]
        rows = [[sum(w * a for w, a in zip(row, column, strict=True)) for column in below.T] for row in W]
        wanted = ACTIVATIONS[s.case.activations[l - 1]].value(np.array(rows).reshape(len(W), -1) + b, NUMPY)
        yield Said(l, f"a^{l}", A[l], wanted, np.abs(wanted) + 1)


def _cost(s: Asked) -> Iterator[Said]:
    row, a = LOSSES[s.case.loss], s.trace[1][-1]
    terms = np.asarray(row.terms(a, s.point.y, NUMPY))
    share = a.shape[1] if s.case.reduction == "mean" else 1
    yield Said(s.L, "C", np.array([s.cost]), np.array([terms.sum() / share]), np.array([np.abs(terms).sum() / share]))


def _slope(s: Asked) -> Any:
    return cost_gradient(LOSSES[s.case.loss], s.trace[1][-1], s.point.y, s.case.reduction)


def _columnwise(s: Asked, l: int) -> bool:
    return ACTIVATIONS[s.case.activations[l - 1]].slope is None


def _last(columnwise: bool) -> Rule:
    def rule(s: Asked) -> Iterator[Said]:
        if _columnwise(s, s.L) is columnwise:
            yield _through(s, s.L, _slope(s), np.abs(_slope(s)))

    return rule


def _below(columnwise: bool) -> Rule:
    def rule(s: Asked) -> Iterator[Said]:
        for l in reversed(s.layers[:-1]):
            if _columnwise(s, l) is columnwise:
                W, delta = s.point.W[l + 1], s.deltas[l + 1]
                yield _through(s, l, W.T @ delta, np.abs(W.T) @ np.abs(delta))

    return rule


def _through(s: Asked, l: int, v: Any, terms: Any) -> Said:
    wanted = through(ACTIVATIONS[s.case.activations[l - 1]], s.trace[0][l], v, NUMPY)
    size = terms.sum(axis=0, keepdims=True) + 0 * terms if _columnwise(s, l) else terms
    return Said(l, f"δ^{l}", s.deltas[l], wanted, size)


def _softmax(s: Asked) -> Iterator[Said]:
    for l in s.layers:
        if s.case.activations[l - 1] == "softmax":
            p = ACTIVATIONS["softmax"].value(s.trace[0][l], NUMPY)
            v = _slope(s) if l == s.L else s.point.W[l + 1].T @ s.deltas[l + 1]
            wanted = p * (v - (p * v).sum(axis=0, keepdims=True))
            yield Said(l, f"δ^{l}", s.deltas[l], wanted, np.abs(v).sum(axis=0, keepdims=True) + 0 * v)


def _fused(s: Asked) -> Iterator[Said]:
    if s.case.loss == "softmax_cross_entropy" and s.case.activations[-1] == "identity":
        y = s.point.y
        p = ACTIVATIONS["softmax"].value(s.trace[0][s.L], NUMPY)
        share = y.shape[1] if s.case.reduction == "mean" else 1
        wanted = (p * y.sum(axis=0, keepdims=True) - y) / share
        yield Said(s.L, f"δ^{s.L}", s.deltas[s.L], wanted, (np.abs(y) + y.sum(axis=0, keepdims=True)) / share)


def _delta(s: Asked) -> Iterator[Said]:
    for l in reversed(s.layers):
        wanted = s.ours[1].deltas[l]
        yield Said(l, f"δ^{l}", s.deltas[l], wanted, np.abs(wanted).max(initial=0) + np.abs(wanted))


def _entries(s: Asked) -> Iterator[Said]:
    for l in reversed(s.layers[:-1]):
        if not _columnwise(s, l):
            W, above = s.point.W[l + 1], s.deltas[l + 1]
            slope = through(ACTIVATIONS[s.case.activations[l - 1]], s.trace[0][l], np.ones_like(s.trace[0][l]), NUMPY)
            wanted = np.zeros_like(slope)
            for j, n in np.ndindex(wanted.shape):
                wanted[j, n] = sum(d * w for d, w in zip(above[:, n], W[:, j], strict=True)) * slope[j, n]
            yield Said(l, f"δ^{l}", s.deltas[l], wanted, np.abs(W.T) @ np.abs(above))


def _weights(s: Asked) -> Iterator[Said]:
    dW, _ = s.gradients
    for l in reversed(s.layers):
        delta, below = s.deltas[l], s.trace[1][l - 1]
        yield Said(l, f"∂C/∂W^{l}", dW[l], delta @ below.T, np.abs(delta) @ np.abs(below).T)


def _biases(s: Asked) -> Iterator[Said]:
    _, db = s.gradients
    for l in reversed(s.layers):
        delta = s.deltas[l]
        yield Said(l, f"∂C/∂b^{l}", db[l], delta.sum(axis=1, keepdims=True), np.abs(delta).sum(axis=1, keepdims=True))


def _step(which: int) -> Rule:
    def rule(s: Asked) -> Iterator[Said]:
        old, new, slope = (s.point.W, s.point.b)[which], s.updated(RATE)[which], s.gradients[which]
        for l in s.layers:
            moved = (old[l] - new[l]) / RATE
            size = np.abs(slope[l]) + np.abs(old[l]) * 1e-6  # what is lost in old − new
            yield Said(l, f"the step of {'Wb'[which]}^{l}", moved, slope[l], size)

    return rule


def _together(s: Asked) -> Iterator[Said]:
    for which in (0, 1):
        yield from _step(which)(s)


DELTAS: Final = "deltas or gradients or update"
GRADIENTS: Final = "gradients or update"
FORWARD: Final = ("F1", "F2")
ERRORS: Final = ("B1", "B2", "S1", "S2")

LOCAL: Final[Mapping[str, Local]] = {
    "F1": Local(_z, ("forward",), batch=False),
    "F2": Local(_a, ("forward",)),
    "F3": Local(_components, ("forward",), after=(*FORWARD, "N1")),
    "F4": Local(_cost, ("cost",), batch=False),
    "D1": Local(_delta, (DELTAS,), after=(*FORWARD, *ERRORS), batch=False),
    "D2": Local(_delta, (DELTAS,), after=(*FORWARD, *ERRORS)),
    "G1": Local(_weights, (GRADIENTS,), after=("B3",), batch=False),
    "G2": Local(_biases, ("deltas", GRADIENTS), after=("B4",), batch=False),
    "B1": Local(_last(False), (DELTAS,), after=FORWARD),
    "B2": Local(_below(False), (DELTAS,), after=FORWARD, deep=True),
    "B3": Local(_weights, (GRADIENTS,), batch=False),
    "B4": Local(_biases, ("deltas", GRADIENTS), batch=False),
    "E1": Local(_last(False), (DELTAS,), after=("B1",), batch=False),
    "E2": Local(_entries, (DELTAS,), after=("B2",), deep=True),
    "E4": Local(_entries, (DELTAS,), after=("B2",), deep=True, batch=False),
    "U1": Local(_step(0), ("gradients", "update"), deep=False),
    "U2": Local(_step(1), ("gradients", "update"), deep=False),
    "U3": Local(_together, ("gradients", "update"), after=("U1", "U2"), deep=True),
    "N1": Local(_z, ("forward",), after=("F1",), batch=True),
    "N2": Local(_weights, (GRADIENTS,), after=("B3",), batch=True),
    "N3": Local(_biases, (GRADIENTS,), after=("B4",), batch=True),
    "R1": Local(_cost, ("cost",), after=("F4",), batch=True),
    "R2": Local(_cost, ("cost",), after=("F4",), batch=True),
    "S1": Local(_last(True), (DELTAS,), after=FORWARD),
    "S2": Local(_below(True), (DELTAS,), after=FORWARD, deep=True),
    "S3": Local(_softmax, (DELTAS,), after=("S1", "S2")),
    "S4": Local(_fused, (DELTAS,), after=("B1",)),
}
"""Label -> row. (E3) has none: a network does not say how its activations move each other."""
