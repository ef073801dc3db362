"""Properties of the equations that speak of derivatives: what backward says beside what the forward pass does."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2
from typing import Final

import numpy as np

from checks.equations.flat import flat, size
from checks.equations.held import EPS, Held, one, several
from checks.equations.moves import LOST
from checks.equations.record import METHOD, SAFETY, Record, bars
from checks.equations.regimes import Array
from checks.equations.said import Site

ALPHAS: Final = 4
FAR: Final = 1e290


def _joint(record: Record, kind: str) -> Held:
    first = record.place(kind, 1)
    return record.joint.pick(slice(first, first + record.L))


def d2(record: Record) -> Held:
    """δ^l = ∂C/∂z^l, every layer along a random direction."""
    return _joint(record, "z")


def b1(record: Record) -> Held | None:
    """δ^L, where the last activation is elementwise."""
    return None if record.L in record.columnwise else record.joint.pick([record.place("z", record.L)])


def b2(record: Record) -> Held | None:
    """δ^l below, where the activation is elementwise."""
    chosen = [record.place("z", l) for l in record.layers[:-1] if l not in record.columnwise]
    return record.joint.pick(chosen) if chosen else None


def b3(record: Record) -> Held:
    """∂C/∂W^l, every layer along a random direction."""
    return _joint(record, "W")


def b4(record: Record) -> Held:
    """∂C/∂b^l, every layer along a random direction."""
    return _joint(record, "b")


def d1(record: Record) -> Held:
    """Single entries of δ, each beside the derivative along its z alone."""
    sites = (("output z", record.output), ("below z", record.below), ("mixed z", record.mixed))
    asked = [(name, s) for name, s in sites if s is not None]
    moves = [record.move(name) for name, _ in asked]
    claims = [_claimed(record, s, name) for name, s in asked]
    values, spreads = np.array([record.dC(name) for name, _ in asked]).T
    sizes = [record.steep("z", s.l) * move.along.item(s.j, s.n) for (_, s), move in zip(asked, moves, strict=True)]
    radii, scales = bars(spreads, np.array(sizes))
    return Held([_shown(s) for _, s in asked], np.array(claims), values, radii, scales, METHOD, moves)


def g1(record: Record) -> Held | None:
    """∂C/∂w_ij beside the derivative along w_ij, and beside Σ_k δ_k ∂z_k/∂w_ij."""
    w = record.weight
    return _chain(record, "weight", f"W^{w.l}[{w.j}, {w.k}]", record.gradients.W[w.l], (w.j, w.k))


def g2(record: Record) -> Held | None:
    """∂C/∂b_i beside the derivative along b_i, and beside Σ_k δ_k ∂z_k/∂b_i."""
    w = record.weight
    return _chain(record, "bias", f"b^{w.l}[{w.j}]", record.gradients.b[w.l], (w.j, 0))


def _chain(record: Record, name: str, shown: str, gradient: Array, index: tuple[int, int]) -> Held:
    l = record.weight.l
    move = record.move(name)
    step = float(move.along[index])
    value, spread = record.dC(name)
    dz, dz_spread = record.d("Z", name, l)
    terms = record.gradients.deltas[l] * dz
    weight = np.abs(terms).sum()
    rounding = (terms.size + 4) * EPS * weight + SAFETY * np.abs(record.gradients.deltas[l] * dz_spread).sum()
    bar, scale = bars(spread, record.steep(move.kind, l) * step)
    return several(
        [f"∂C/∂{shown}", f"Σ δ ∂z/∂{shown}"],
        [gradient[index] * step] * 2,
        [value, terms.sum()],
        [bar, rounding + LOST],
        [scale, weight],
        METHOD,
        [move, None],
    )


def e1(record: Record) -> Held | None:
    """δ_j^L beside ∂C/∂a_j, measured at the loss, times σ′(z_j), measured at the activation."""
    if record.L in record.columnwise:
        return None
    s = record.output
    slope, slope_spread = (float(v[s.j]) for v in record.d("A", "output z", s.l, s.n))
    value, bar, scale = _product(record, s, "output a", slope, slope_spread, "output z")
    return one(_shown(s), _claimed(record, s, "output z"), value, bar, scale, METHOD)


def _shown(s: Site) -> str:
    return f"δ^{s.l}[{s.j}], example {s.n}"


def _claimed(record: Record, s: Site, name: str) -> float:
    return float(record.gradients.deltas[s.l][s.j, s.n] * record.move(name).along[s.j, s.n])


def _product(record: Record, s: Site, a: str, slope: float, slope_spread: float, z: str) -> tuple[float, float, float]:
    """∂C/∂a_j σ′(z_j) times the step in z, with its bar and scale."""
    step, by = float(record.move(z).along[s.j, s.n]), record.step_in_a(s.l)
    value, spread = (v / by for v in record.dC(a))
    uncertain = abs(value) * slope_spread + (abs(slope) + slope_spread) * spread + EPS * abs(value * slope)
    return value * slope, *bars(uncertain, record.steep("z", s.l) * step)


def e2(record: Record) -> Held | None:
    """δ_j^l beside ∂C/∂a_j^l σ′(z_j), and beside Σ_i ∂C/∂a_i^{l+1} ∂a_i^{l+1}/∂a_j^l σ′(z_j)."""
    s = record.below
    if s is None:
        return None
    slope, slope_spread = (float(v[s.j]) for v in record.d("A", "below z", s.l, s.n))
    value, bar, scale = _product(record, s, "below a", slope, slope_spread, "below z")
    by, step = record.step_in_a(s.l), float(record.move("below z").along[s.j, s.n])
    up, up_spread = record.d("A", "below a", s.l + 1, s.n)
    above = record.above(s.l + 1)[:, s.n]
    terms = above * up / by
    weight = float(np.abs(terms).sum())
    uncertain = abs(slope) * (np.abs(above * up_spread / by).sum() + len(terms) * EPS * weight) + weight * slope_spread
    bar_of_sum, scale_of_sum = bars(uncertain, record.steep("z", s.l) * step)
    return several(
        [f"{_shown(s)}: ∂C/∂a σ′", f"{_shown(s)}: the sum over the layer above"],
        [_claimed(record, s, "below z")] * 2,
        [value, terms.sum() * slope],
        [bar, bar_of_sum],
        [scale, scale_of_sum],
        METHOD,
    )


def e3(record: Record) -> Held | None:
    """∂a_i/∂a_j for all i: what backward makes of layer l+1 on an identity, for losses that are its outputs.

    Half of the time it also has an identity above it, which changes nothing that (E3) says.
    """
    s = record.below
    if s is None or s.l + 1 in record.columnwise:
        return None
    l, implementation = s.l + 1, record.implementation
    above, width = record.point.W[l].shape
    identity = implementation.activations["identity"]
    layers = [
        (np.eye(width), np.zeros((width, 1)), identity),
        (record.point.W[l], record.point.b[l], record.rows[l]),
        (np.eye(above), np.zeros((above, 1)), identity),
    ][: 2 + record.less_than(2)]
    part = implementation.network(*((None, *items) for items in zip(*layers, strict=True)))
    x = np.repeat(record.trace.A[s.l][:, s.n : s.n + 1], above, axis=1)
    deltas = implementation.backward(part, implementation.forward(part, x), np.eye(above)).deltas[1]
    by = record.step_in_a(s.l)
    value, spread = record.d("A", "below a", l, s.n)
    names = [f"∂a^{l}[{i}]/∂a^{s.l}[{s.j}]" for i in range(above)]
    scale = size(deltas) * by if deltas.any() else 0.0
    return Held(names, deltas[s.j] * by, value, *bars(spread, np.full(above, scale)), METHOD)


def e4(record: Record) -> Held | None:
    """δ_j^l beside Σ_i δ_i^{l+1} w_ij σ′(z_j^l), term by term, with σ′ measured."""
    s = record.below
    return None if s is None else _recursion(record, s, "below z", [s.j])


def s1(record: Record) -> Held | None:
    """δ_j^L beside Σ_i ∂C/∂a_i ∂a_i/∂z_j, the column of the Jacobian measured."""
    s = record.output
    return _recursion(record, s, "output z", range(record.trace.Z[s.l].shape[0]))


def s2(record: Record) -> Held | None:
    """δ_j^l beside Σ_i ((W^{l+1})ᵀ δ^{l+1})_i ∂a_i/∂z_j, the column of the Jacobian measured."""
    s = record.mixed
    return None if s is None else _recursion(record, s, "mixed z", range(record.trace.Z[s.l].shape[0]))


def _recursion(record: Record, s: Site, name: str, outputs: Sequence[int]) -> Held:
    """δ_j against the errors above, summed in plain loops, through the given entries of column j of the Jacobian."""
    column, spread = (v.tolist() for v in record.d("A", name, s.l, s.n))
    total = weight = uncertain = 0.0
    for i in outputs:
        if column[i] or spread[i]:
            terms = _terms_above(record, s.l, i, s.n)
            above = sum(map(abs, terms))
            total += sum(terms) * column[i]
            weight += above * abs(column[i])
            uncertain += above * spread[i]
    width = len(column) + (record.point.W[s.l + 1].shape[0] if s.l < record.L else 1)
    step = float(record.move(name).along[s.j, s.n])
    bar, scale = bars(uncertain + width * EPS * weight, record.steep("z", s.l) * step)
    return one(_shown(s), _claimed(record, s, name), total, bar, scale, METHOD)


def _terms_above(record: Record, l: int, i: int, n: int) -> list[float]:
    if l == record.L:
        return [float(record.dC_da[i, n])]
    W, delta = record.pristine.W[l + 1], record.gradients.deltas[l + 1]
    return [d * w for d, w in zip(delta[:, n].tolist(), W[:, i].tolist(), strict=True)]


def u3(record: Record) -> Held | None:
    """(W_old - W_new)/α beside the derivatives at the old weights; the old network is as it was.

    α is so large that each gradient moves its tensor by as much as it holds; one α for all tensors where numbers reach
    far enough, else another for those that are left.
    """
    held, places = record.joint.pick(slice(2 * record.L)), record.places
    old, along, slope = record.parameters, record.along[: places.total], record.slopes
    before = flat([*record.network.W[1:], *record.network.b[1:]])
    sizes, steep = record.sizes[: 2 * record.L], record.steepness[: 2 * record.L]
    claimed, lost = np.zeros(len(sizes)), np.zeros(len(sizes))
    left = steep > 0
    for _ in range(ALPHAS):
        reach = float((sizes / steep)[left].max(initial=1.0))
        step = 2.0 ** ceil(min(log2(reach), 900.0))
        new = record.implementation.descend(record.network, record.gradients, step)
        after = flat([*new.W[1:], *new.b[1:]], places)
        moved = (before - after) / step
        rounded = np.abs(moved) + np.abs(after) * (slope != 0) / step
        found, blur = places.sums(moved * along), 2 * EPS * places.sums(rounded * np.abs(along))
        now = (steep * step < FAR) | ~left
        claimed[now], lost[now] = found[now], blur[now]
        left &= ~now
        if not left.any():
            break
    changed = before != old
    if changed.any():
        claimed[places.sums(changed.astype(float)) > 0] = np.nan
    return Held(held.names, claimed, held.measured, held.bar + lost, held.scale, held.method, held.moves)
