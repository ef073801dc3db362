"""Vectors of every labelled equation of the derivation: a network, and what the equation says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
from flint import arb

from checks.vectors.draws import Draws
from checks.vectors.functions import ACTIVATIONS
from checks.vectors.mistakes import apart
from checks.vectors.networks import FORMULA, loss_after, made
from checks.vectors.proven import Proven
from checks.vectors.record import INVALID, Group, Vector
from checks.vectors.slips import SLIPS, STEP, pulled, seen

EACH: Final = 14  # networks of each equation
SLIPPED: Final = 6  # of them with the wrong answers of known mistakes

LABELS: Final = {
    # label -> (what of a network it says; which networks show it)
    "F1": ("z", "any"),
    "F2": ("a", "any"),
    "F3": ("a", "any"),
    "F4": ("output", "any"),
    "D1": ("delta", "any"),
    "D2": ("delta", "any"),
    "G1": ("W", "any"),
    "G2": ("b", "any"),
    "B1": ("delta L", "elementwise"),
    "B2": ("delta below", "elementwise"),
    "B3": ("W", "any"),
    "B4": ("b", "any"),
    "E1": ("delta L", "elementwise"),
    "E2": ("delta below", "elementwise"),
    "E3": ("jacobian", "elementwise"),
    "E4": ("delta below", "elementwise"),
    "U1": ("W_new", "any"),
    "U2": ("b_new", "any"),
    "U3": ("new", "any"),
    "N1": ("z", "batch"),
    "N2": ("W", "batch"),
    "N3": ("b", "batch"),
    "R1": ("output", "sum"),
    "R2": ("output", "mean"),
    "S1": ("delta L", "softmax last"),
    "S2": ("delta below", "softmax below"),
    "S3": ("delta L", "softmax last"),
    "S4": ("delta L", "softmax cross-entropy"),
}


def equations() -> list[Group]:
    """A group for each labelled equation: a network, and what the equation says of it."""
    return [
        Group(
            name=f"equation {label}",
            operation="network",
            formula=FORMULA,
            make=partial(_of_label, label),
            label=label,
        )
        for label in LABELS
    ]


def _of_label(label: str) -> list[Vector]:
    what, kind = LABELS[label]
    draws, found = Draws(f"equation {label}"), []
    smooth = [name for name in ACTIVATIONS if name != "identity"]
    for k in range(EACH):
        depth = 2 if what in ("delta below", "jacobian") else 1 + k % 2
        rows = [draws.pick(smooth) for _ in range(depth)]
        loss, reduction = "squared_error", ("sum", "mean")[k % 2]
        if kind == "softmax last":
            rows[-1] = ("softmax", "log_softmax")[k % 2]
        elif kind == "softmax below":
            rows[0] = ("softmax", "log_softmax")[k % 2]
        elif kind == "softmax cross-entropy":
            rows[-1], loss = "identity", "softmax_cross_entropy"
        elif kind in ("sum", "mean"):
            reduction = kind
            loss = loss_after(rows[-1], k)
        batch = 2 + k % 2 if kind in ("batch", "sum", "mean") else 1 + k % 3
        v = made(draws, tuple(rows), loss, reduction, square=k % 2 == 0, batch=batch)
        found.append((v, _about(v, what)))
    right = [asked for _, asked in found]
    return right + [wrong for v, asked in found[:SLIPPED] for wrong in _negatives(v, asked, what)]


def _about(v: Vector, what: str) -> Vector:
    """The same network, with what one equation speaks of alone."""
    p, depth = v.proven, len(v.parameters["activations"])
    values: dict[str, Any] = {}
    gradients: dict[str, Any] = {}
    if what in ("z", "a"):
        values = {k: x for k, x in p.values.items() if k[0] == what}
    elif what == "output":
        values = {"output": p.values["output"]}
    elif what == "delta L":
        gradients = {f"delta{depth}": p.gradients[f"delta{depth}"]}
    elif what == "delta below":
        gradients = {"delta1": p.gradients["delta1"]}
    elif what == "jacobian":
        return _jacobian(v)
    elif what.endswith("new"):
        return _updated(v, "Wb" if what == "new" else what[0])
    else:
        gradients = {k: x for k, x in p.gradients.items() if k.startswith(what)}
    return replace(v, proven=Proven(values=values, gradients=gradients, scales=p.scales))


def _updated(v: Vector, kinds: str) -> Vector:
    new, scales = {}, dict(v.proven.scales)
    for name, g in v.proven.gradients.items():
        if name[0] in kinds and name[1:].isdigit():
            old = v.inputs[name]
            new[f"{name}_new"] = np.frompyfunc(lambda w, s: arb(w) - STEP * s, 2, 1)(old, g)
            scales[f"{name}_new"] = float(np.abs(old).max()) + STEP * scales[f"d {name}"]
    parameters = {**v.parameters, "step": STEP}
    return replace(v, parameters=parameters, proven=Proven(values=new, gradients={}, scales=scales))


def _jacobian(v: Vector) -> Vector:
    """∂a^2/∂a^1, entry (i, j) by entry, of the first example."""
    W, z = v.inputs["W2"], v.proven.values["z2"][:, :1]
    jacobian = pulled(v.parameters["activations"][1], z, np.ones(z.shape)) * W
    largest = max(float(np.abs(W).max()), max(abs(float(x.mid())) for x in jacobian.ravel()))
    scales = {**v.proven.scales, "jacobian": largest}
    return replace(v, proven=Proven(values={"jacobian": jacobian}, gradients={}, scales=scales))


def _negatives(whole: Vector, asked: Vector, what: str) -> Iterator[Vector]:
    """The wrong answers that known mistakes of the derivation give to one equation."""
    of = seen(whole)
    for flag, slip in SLIPS[what]:
        g = slip(of)
        if g is not None and apart(g, asked.proven):
            yield replace(asked, flags=(flag,), result=INVALID, others=(g,), comment=f"{asked.comment}, wrong")
