"""Vectors of whole networks, depth 1 to 6."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np

from checks.numeric.balls.ball import ball
from checks.vectors.draws import Draws
from checks.vectors.functions import ACTIVATIONS, COLUMNWISE, LOSSES, NEAR, activate, total
from checks.vectors.mistakes import NETWORK, Mistake, apart, wrong
from checks.vectors.pointwise import shapes_of, targets
from checks.vectors.proven import Proven, RejectedError, prove
from checks.vectors.record import INVALID, Group, Vector

DEPTHS: Final = range(1, 7)
EACH: Final = 60  # networks of each depth
FORMULA: Final = (
    "a^0 = x; z^l = W^l a^{l-1} + b^l, b^l on every column; a^l = sigma^l(z^l); C = the loss of a^L and y. "
    "Gradients are of C; delta^l is dC/dz^l."
)
ENDS_IN: Final = {"probability": "sigmoid", "distribution": "softmax", "positive": "softplus"}
NAMES: Final = (*ACTIVATIONS, *COLUMNWISE)


def network(parameters: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The network's own values; z of every layer stands as "delta", for what backward calls their derivatives."""
    found: dict[str, Any] = {}
    a = given["x"]
    for l, name in enumerate(parameters["activations"], start=1):
        z = np.matmul(given[f"W{l}"], a) + given[f"b{l}"]
        _off_kinks(name, z)
        a = activate(name, z)
        found |= {f"z{l}": z, f"a{l}": a, f"delta{l}": z}
    row = LOSSES[parameters["loss"]]
    if row.row is not None:
        place = a * given["y"] if row.margin else a - given["y"]
        if any(_near(e, end) for e in place.ravel() for end in row.row.ends):
            raise RejectedError("a kink")
    return {**found, "output": total(parameters["loss"], parameters["reduction"], a, given["y"])}


def _off_kinks(name: str, z: Any) -> None:
    if name in ACTIVATIONS and any(_near(e, end) for e in z.ravel() for end in ACTIVATIONS[name].ends):
        raise RejectedError("a kink")


def _near(x: Any, end: float) -> bool:
    return bool(abs(ball(x).ball - end) < NEAR)  # type: ignore[union-attr]  # numbers, all of them


def drawn(
    draws: Draws, activations: tuple[str, ...], loss: str, reduction: str, *, square: bool, batch: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and inputs of a network of small numbers."""
    depth, width = len(activations), 2 + draws.below(2)
    sizes = [width if square else 1 + draws.below(4) for _ in range(depth + 1)]
    inputs: dict[str, Any] = {"x": draws.grid((sizes[0], batch), 8, 2.0)}
    for l in range(1, depth + 1):
        inputs[f"W{l}"] = draws.grid((sizes[l], sizes[l - 1]), 16, 1.25)
        inputs[f"b{l}"] = draws.grid((sizes[l], 1), 32, 0.75)
    inputs["y"] = targets(LOSSES[loss], (sizes[-1], batch), draws)
    return {"activations": list(activations), "loss": loss, "reduction": reduction}, inputs


def made(draws: Draws, activations: tuple[str, ...], loss: str, reduction: str, **how: Any) -> Vector:
    """A vector of a network; drawn again until it is off every kink and no result vanishes."""
    for _ in range(200):
        parameters, inputs = drawn(draws, activations, loss, reduction, **how)
        moving = [name for name in inputs if name != "y"]
        try:
            proven = prove(network, parameters, inputs, np.ones(()), moving)
        except RejectedError:
            continue
        batch, square = inputs["x"].shape[1], how["square"]
        return Vector(
            comment=f"{', '.join(activations)}; {loss}, {reduction}; {batch} example{'s' * (batch > 1)}",
            parameters=parameters,
            inputs=inputs,
            cotangent=np.ones(()),
            proven=_pinned(proven),
            flags=shapes_of(("Square" if square else "NonSquare",), (batch,)),
        )
    raise RejectedError(f"no network of {activations} with {loss}")


def _pinned(proven: Proven) -> Proven:
    """Slopes are known to the rounding of the largest derivative of their kind, however far they vanish."""
    least = 1e-3 * max(s for name, s in proven.scales.items() if name.startswith("d "))
    return replace(proven, scales={k: max(s, least) if k.startswith("d ") else s for k, s in proven.scales.items()})


def loss_after(name: str, k: int) -> str:
    """A loss of what the activation gives, in turn: those that need no less, where there are any."""
    image = {activation: domain for domain, activation in ENDS_IN.items()}.get(name, "real")
    fits = [n for n, row in LOSSES.items() if row.domain == image]
    return fits[k % len(fits)]


def networks() -> list[Group]:
    """A group for each depth."""
    return [
        Group(name=f"network {depth}", operation="network", formula=FORMULA, make=partial(_of_depth, depth))
        for depth in DEPTHS
    ]


def _of_depth(depth: int) -> list[Vector]:
    draws, found = Draws(f"network {depth}"), []
    for k in range(EACH):
        # every activation in turn at the last layer, and every loss in turn behind it
        last = NAMES[(k * 5 + depth) % len(NAMES)]
        loss = loss_after(last, k)
        below = tuple(draws.pick(NAMES) for _ in range(depth - 1))
        how = {"square": k % 3 == 0, "batch": 1 + k // 3 % 3}
        found.append(made(draws, (*below, last), loss, ("sum", "mean")[k % 2], **how))
    for v in found[:20]:
        found += list(negatives(v))
    return [_outside(v) for v in found]


def _outside(v: Vector) -> Vector:
    """The same without what is inside the network."""
    p, last = v.proven, f"a{len(v.parameters['activations'])}"
    values = {name: x for name, x in p.values.items() if name in ("output", last)}
    gradients = {name: x for name, x in p.gradients.items() if not name.startswith("delta")}
    return replace(v, proven=replace(p, values=values, gradients=gradients))


def negatives(v: Vector) -> Iterator[Vector]:
    """The wrong answers of known mistakes to one network."""
    case = {**v.inputs, **v.parameters}
    changes = (*NETWORK, Mistake("OneExampleOnly", partial(_one_example, v)))
    for flag, g in wrong(changes, v.proven, case):
        kept = {name: x for name, x in g.items() if not name.startswith("delta")}
        if apart(kept, v.proven):
            yield replace(v, flags=(flag,), result=INVALID, others=(kept,), comment=f"{v.comment}, wrong")


def _one_example(v: Vector, g: Mapping[str, Any], case: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if v.inputs["x"].shape[1] == 1:
        return None
    first = {name: v.proven.gradients[f"delta{name[1:]}"][:, :1] for name in g if name[0] == "b"}
    return {name: first.get(name, x) for name, x in g.items()}
