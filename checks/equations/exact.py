"""Properties of the equations that are plain algebra: the code's numbers beside explicit loops, within its rounding.

A sum of k products in floating point, in whatever order, is within γ_k Σ|terms| of the true sum, γ_k = k u/(1 - k u)
with u the unit roundoff; that is the whole bar. Sampled entries are compared with exact rational arithmetic, all the
others with a second floating-point sum in another order, where the bar counts twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from typing import Any

import numpy as np

from checks.equations import plain
from checks.equations.flat import flat, layout
from checks.equations.held import TINY, UNIT, Held, one, several, significant
from checks.equations.record import Record
from checks.equations.regimes import Array

EXACT = "rational arithmetic"
LOOPS = "sum in another order"
Y_SHARE = 0.7  # of the entries of y are not zero


def gamma(k: int) -> float:
    """γ_k, the relative error of k roundings.

    Examples
    --------
    >>> gamma(1) > 2.0**-53
    True
    """
    return k * UNIT / (1 - k * UNIT)


def exact_sum(left: Sequence[float], right: Sequence[float], more: float = 0.0) -> tuple[int, int, int]:
    """Σ_k left_k right_k + more without rounding, and the same sum of absolute values: numerators and denominator.

    Examples
    --------
    >>> top, size, bottom = exact_sum([1e16, 1.0, -1e16], [1.0, 1.0, 1.0])
    >>> top / bottom, size / bottom
    (1.0, 2e+16)
    """
    terms = [more.as_integer_ratio()]
    for l, r in zip(left, right, strict=True):
        (p, q), (s, t) = l.as_integer_ratio(), r.as_integer_ratio()
        terms.append((p * s, q * t))
    bottom = max([q for _, q in terms])  # they are powers of two
    tops = [p * (bottom // q) for p, q in terms]
    return sum(tops), sum(map(abs, tops)), bottom


def f1(record: Record) -> Held:
    """One entry of z^l, the bias added once after the sum, in exact arithmetic."""
    l = record.layer()
    Z, a, s = record.trace.Z[l], record.trace.A[l - 1], record.entry(l)
    top, size, bottom = _preactivation(record, l, s.j, a[:, s.n].tolist())
    weight = size / bottom
    bar = (gamma(len(a) + 2) + UNIT) * weight + (len(a) + 1) * TINY
    return one(f"z^{l}[{s.j}], example {s.n}", Z[s.j, s.n], top / bottom, bar, significant(weight), EXACT)


def _preactivation(record: Record, l: int, i: int, a: Sequence[float]) -> tuple[int, int, int]:
    return exact_sum(record.pristine.W[l][i].tolist(), a, float(record.pristine.b[l][i, 0]))


def n1(record: Record) -> Held:
    """Every entry of Z^l, the bias on every column."""
    W, b, A = record.pristine.W, record.pristine.b, record.trace.A
    totals = [(W[l][:, :, None] * A[l - 1]).sum(axis=1) + b[l] for l in record.layers]
    return _tensors("Z", record.trace.Z[1:], totals, record.weights[1:], [W[l].shape[1] + 1 for l in record.layers])


def n2(record: Record) -> Held:
    """Every entry of ∂C/∂W^l, the products of the examples added one by one."""
    terms = [record.gradients.deltas[l][:, None, :] * record.trace.A[l - 1] for l in record.layers]
    weights = [np.abs(term).sum(axis=-1) for term in terms]
    totals = [term.sum(axis=-1) for term in terms]
    return _tensors("∂C/∂W", record.gradients.W[1:], totals, weights, [terms[0].shape[-1]] * record.L)


def n3(record: Record) -> Held:
    """Every entry of ∂C/∂b^l, the errors of the examples added without rounding."""
    delta = np.concatenate(record.gradients.deltas[1:])
    totals = np.array([fsum(row) for row in delta.tolist()])
    weight = np.abs(delta).sum(axis=1)
    bar = gamma(delta.shape[1] + 1) * weight + TINY
    return Held(("∂C/∂b",), record.only("b", record.slopes), totals, bar, significant(weight), EXACT)


def u1(record: Record) -> Held:
    """W_new beside W - α ∂C/∂W: one entry in exact arithmetic, all entries in floating point."""
    return _update(record, "W")


def u2(record: Record) -> Held:
    """b_new beside b - α ∂C/∂b."""
    return _update(record, "b")


def _update(record: Record, name: str) -> Held:
    w, g = record.only(name, record.parameters), record.only(name, record.slopes)
    step, new = _step(record)
    product = step * g
    weight = np.abs(product) + np.abs(w)
    k = record.less_than(len(w))
    measured = w - product
    top, _, bottom = exact_sum([-step], [float(g[k])], float(w[k]))
    measured[k] = top / bottom
    bar = 4 * UNIT * weight + 2 * TINY
    claimed = flat(getattr(new, name)[1:], layout(getattr(record.pristine, name)[1:]))
    return Held((f"{name}_new",), claimed, measured, bar, significant(weight), EXACT)


def _step(record: Record) -> tuple[float, Any]:
    """α and the network after the step: α moves one tensor by as much as it holds, so that neither hides the other."""
    if "step" not in record.shared:
        name, l = "Wb"[record.less_than(2)], record.layer()
        largest = float(np.abs(getattr(record.gradients, name)[l]).max())
        reach = float(np.abs(getattr(record.pristine, name)[l]).max()) * record.rng.uniform(0.1, 2.0)
        step = min(reach / largest, 1e100) if largest else 1.0
        record.shared["step"] = step, record.implementation.descend(record.network, record.gradients, step)
    found: tuple[float, Any] = record.shared["step"]
    return found


def f2(record: Record) -> Held:
    """One entry of a^l, by formulas of its own in decimal arithmetic."""
    l = record.layer()
    s, column = record.entry(l), record.trace.Z[l]
    want, bar, scale = plain.activation(record.case.activations[l - 1], column[:, s.n].tolist(), s.j)
    return one(f"a^{l}[{s.j}], example {s.n}", record.trace.A[l][s.j, s.n], want, bar, significant(scale), plain.METHOD)


def f3(record: Record) -> Held:
    """One a_i^l in components: the sum in exact arithmetic, then σ in decimal arithmetic."""
    l = record.layer()
    s, a = record.entry(l), record.trace.A[l - 1]
    below, width = a[:, s.n].tolist(), record.trace.Z[l].shape[0]
    z, errors = [(0, 1)] * width, [0.0] * width
    for k in range(width) if l in record.columnwise else (s.j,):
        top, size, bottom = _preactivation(record, l, k, below)
        z[k] = top, bottom
        errors[k] = gamma(len(a) + 2) * (size / bottom) + (len(a) + 1) * TINY
    want, bar, scale = plain.activation(record.case.activations[l - 1], z, s.j, errors)
    return one(f"a^{l}[{s.j}], example {s.n}", record.trace.A[l][s.j, s.n], want, bar, significant(scale), plain.METHOD)


def f4(record: Record) -> Held:
    """One contribution to C alone, in decimal arithmetic; C of all beside the reduction of the contributions."""
    a, y, case = record.trace.A[-1], record.point.y, record.case
    s = record.entry(record.L)
    whole = case.loss == "softmax_cross_entropy"
    one = (slice(None) if whole else slice(s.j, s.j + 1), slice(s.n, s.n + 1))
    alone = float(record.implementation.cost(record.loss, a[one], y[one], case.reduction))
    if whole:
        want, error, weight = plain.softmax_cross_entropy(a[:, s.n].tolist(), y[:, s.n].tolist())
    else:
        want, error, weight = plain.loss(case.loss, float(a[s.j, s.n]), float(y[s.j, s.n]))
    together, total, rounding, size = _reduced(record, case.reduction)
    weights = [significant(weight), significant(size)]
    return several(["C of one", "C"], [alone, together], [want, total], [error, rounding], weights, plain.METHOD)


def _reduced(record: Record, reduction: str) -> tuple[float, float, float, float]:
    """C, the terms added without rounding and then reduced, γ Σ|terms|, and Σ|terms|."""
    a, y = record.trace.A[-1], record.point.y
    if "terms" not in record.shared:
        terms = np.ravel(record.loss.terms(a, y, record.network.e))
        record.shared["terms"] = fsum(terms.tolist()), float(np.abs(terms).sum()), len(terms)
    total, size, count = record.shared["terms"]
    share = a.shape[1] if reduction == "mean" else 1
    return record.cost(reduction), total / share, gamma(count + 2) * size / share + TINY, size / share


def r1(record: Record) -> Held:
    """C and its gradient under "sum": the terms of all examples added."""
    return _reduction(record, "sum", 1)


def r2(record: Record) -> Held:
    """C and its gradient under "mean": divided by the number of examples."""
    return _reduction(record, "mean", record.trace.A[-1].shape[1])


def _reduction(record: Record, name: str, share: int) -> Held:
    a, y = record.trace.A[-1], record.point.y
    together, total, rounding, size = _reduced(record, name)
    if "gradient" not in record.shared:
        record.shared["gradient"] = np.asarray(record.loss.gradient(a, y, record.network.e))
    want = record.shared["gradient"] / share
    claimed = flat([record.implementation.cost_gradient(record.loss, a, y, name)], layout([want]))
    want = want.ravel()
    weight = np.abs(want)
    return Held(
        ["C"] + ["∂C/∂a"] * want.size,
        np.concatenate(((together,), claimed)),
        np.concatenate(((total,), want)),
        np.concatenate(((rounding,), 2 * UNIT * weight + TINY)),
        significant(np.concatenate(((size,), weight))),
        EXACT,
    )


def s3(record: Record) -> Held:
    """J_σᵀ v of softmax or log_softmax for one column of z^L and a random v, in decimal arithmetic."""
    n, column, exact = _logits(record)
    j, v = record.less_than(len(column)), record.rng.standard_normal((len(column), 1))
    name = ("softmax", "log_softmax")[record.less_than(2)]
    row = record.implementation.activations[name]
    claimed = record.implementation.through(row, column, v, record.network.e)[j, 0]
    want, bar, scale = plain.pullback(name, exact, v[:, 0].tolist(), j)
    return one(f"entry {j} of J_σᵀ v of {name}, example {n}", claimed, want, bar, significant(scale), plain.METHOD)


def s4(record: Record) -> Held:
    """δ^L of softmax with cross-entropy for one column of z^L as logits, in decimal arithmetic."""
    n, column, exact = _logits(record)
    j, y = record.less_than(len(column)), record.rng.random((len(column), 1))
    y *= y < Y_SHARE
    row = record.implementation.losses["softmax_cross_entropy"]
    claimed = record.implementation.cost_gradient(row, column, y, "sum")[j, 0]
    want, bar, scale = plain.cross_entropy_delta(exact, y[:, 0].tolist(), j)
    return one(f"δ^L[{j}], example {n}", claimed, want, bar, significant(scale), plain.METHOD)


def _logits(record: Record) -> tuple[int, Array, Any]:
    """A column of z^L, and its softmax in decimal arithmetic: found once for both."""
    if "logits" not in record.shared:
        z = record.trace.Z[-1]
        n = record.less_than(z.shape[1])
        record.shared["logits"] = n, z[:, n : n + 1], plain.columns(z[:, n].tolist())
    found: tuple[int, Array, Any] = record.shared["logits"]
    return found


def _tensors(
    name: str, claimed: Sequence[Any], totals: list[Array], weights: Sequence[Array], counts: list[int]
) -> Held:
    """All entries of whole tensors beside sums of so many products, each relative to the size of its own terms."""
    places, weight = layout(totals), flat(weights)
    roundings, underflows = np.array([(2 * gamma(k), 2 * k * TINY) for k in counts]).T
    bar = places.spread(roundings) * weight + places.spread(underflows)
    return Held((name,), flat(claimed, places), flat(totals), bar, significant(weight), LOOPS)
