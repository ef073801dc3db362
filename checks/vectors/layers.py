"""Vectors of custom layers: convolution, pooling, normalisation, attention, embedding, recurrent cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np

from checks.vectors.computed import (
    EPS,
    attention,
    convolve,
    embedding,
    gru_cell,
    lstm_cell,
    max_pool,
    mean_pool,
    normalised,
    simple_cell,
    unrolled,
)
from checks.vectors.draws import Draws
from checks.vectors.mistakes import SCALINGS, Mistake, apart, wrong
from checks.vectors.proven import Definition, Proven, RejectedError, prove
from checks.vectors.record import ACCEPTABLE, INVALID, Group, Vector

EACH: Final = 26


@dataclass(frozen=True, slots=True)
class Layer:
    """One row: a layer, how it is drawn, and what is known to go wrong with it.

    Attributes
    ----------
    formula : str
        What it computes.
    definition : callable
        The same on exact numbers.
    draw : callable
        draws -> (parameters, inputs).
    wrong : mapping of flag to callable
        Definitions whose gradients are the wrong answers of known mistakes.
    """

    formula: str
    definition: Definition
    draw: Callable[[Draws], tuple[dict[str, Any], dict[str, Any]]]
    wrong: Mapping[str, Definition]


def _draw_convolution(draws: Draws) -> tuple[dict[str, Any], dict[str, Any]]:
    c, o, k = 1 + draws.below(2), 1 + draws.below(2), 1 + draws.below(3)
    size = (c, k + 1 + draws.below(2), k + draws.below(3))
    inputs = {"x": draws.grid(size, 8, 2.0), "w": draws.grid((o, c, k, 1 + draws.below(k)), 8, 1.0)}
    return {"stride": 1 + draws.below(2), "padding": draws.below(2)}, {**inputs, "b": draws.grid((o,), 8, 1.0)}


def _draw_pool(draws: Draws) -> tuple[dict[str, Any], dict[str, Any]]:
    size = 2 + draws.below(2)
    shape = (1 + draws.below(2), size + draws.below(3), size + draws.below(3))
    values = draws.distinct(int(np.prod(shape)), 128)
    return {"size": size, "stride": 1 + draws.below(2)}, {"x": (np.array(values).reshape(shape) - 64) / 16}


def _draw_norm(draws: Draws, *, beta: bool = True, columns: bool = True) -> tuple[dict[str, Any], dict[str, Any]]:
    n, d = 2 + draws.below(2), 2 + draws.below(3)
    inputs = {"x": draws.grid((n, d), 16, 4.0), "gamma": draws.grid((d,), 8, 2.0)}
    return {"eps": EPS}, inputs | ({"beta": draws.grid((d,), 8, 1.0)} if beta else {})


def _draw_attention(draws: Draws) -> tuple[dict[str, Any], dict[str, Any]]:
    causal, t, d = draws.below(2) == 1, 1 + draws.below(3), 1 + draws.below(3)
    s = t if causal else 1 + draws.below(3)
    sizes = {"q": (t, d), "k": (s, d), "v": (s, 1 + draws.below(2))}
    return {"causal": causal}, {name: draws.grid(size, 8, 2.0) for name, size in sizes.items()}


def _draw_embedding(draws: Draws) -> tuple[dict[str, Any], dict[str, Any]]:
    rows = 2 + draws.below(3)
    indices = [draws.below(rows) for _ in range(2 + draws.below(3))]
    return {"indices": indices}, {"table": draws.grid((rows, 1 + draws.below(3)), 16, 2.0)}


def _draw_cell(gates: int, draws: Draws) -> tuple[dict[str, Any], dict[str, Any]]:
    i, d, steps = 1 + draws.below(3), 1 + draws.below(2), 1 + draws.below(3)
    inputs = {
        "x": draws.grid((steps, i), 8, 1.5),
        "h": draws.grid((d,), 8, 1.0),
        "W": draws.grid((gates * d, i), 8, 1.0),
        "U": draws.grid((gates * d, d), 8, 1.0),
        "b": draws.grid((gates * d,), 8, 1.0),
    }
    return {}, inputs | ({"c": draws.grid((d,), 8, 1.0)} if gates == 4 else {})


# fmt: off
LAYERS: Final[dict[str, Layer]] = {
    "convolution": Layer(
        "output[o,i,j] = b[o] + sum over c,u,v of w[o,c,u,v] x[c, i stride + u - padding, j stride + v - padding], "
        "x 0 outside", convolve, _draw_convolution, {}),
    "max_pooling": Layer(
        "the largest entry of each size x size window, windows stride apart, none reaching outside",
        max_pool, _draw_pool, {}),
    "mean_pooling": Layer(
        "the mean of each size x size window, windows stride apart", mean_pool, _draw_pool, {}),
    "layer_norm": Layer(
        "(x - mean) / sqrt(var + eps) gamma + beta; mean and var (over n) along axis 1",
        normalised(1), _draw_norm, {"Detached": normalised(1, constant=True)}),
    "batch_norm": Layer(
        "(x - mean) / sqrt(var + eps) gamma + beta; mean and var (over n) along axis 0",
        normalised(0), _draw_norm, {"Detached": normalised(0, constant=True)}),
    "rms_norm": Layer(
        "x / sqrt(mean of x^2 along axis 1 + eps) gamma", normalised(1, centred=False),
        partial(_draw_norm, beta=False), {"Detached": normalised(1, centred=False, constant=True)}),
    "attention": Layer(
        "softmax(q k' / sqrt(d)) v, softmax along each row, d columns of q; causal: row i sees rows 0 to i alone",
        attention, _draw_attention, {"Detached": partial(attention, constant=True)}),
    "embedding": Layer(
        "rows of the table by index", embedding, _draw_embedding,
        {"Overwritten": partial(embedding, last_only=True)}),
    "recurrent_tanh": Layer(
        "h = tanh(W x[t] + U h + b) for each t in turn; output the last h",
        unrolled(simple_cell), partial(_draw_cell, 1), {"LastStepOnly": unrolled(simple_cell, last_only=True)}),
    "recurrent_lstm": Layer(
        "z = W x[t] + U h + b in four parts i, f, g, o; c = s(f) c + s(i) tanh(g); h = s(o) tanh(c); s the sigmoid",
        unrolled(lstm_cell), partial(_draw_cell, 4), {"LastStepOnly": unrolled(lstm_cell, last_only=True)}),
    "recurrent_gru": Layer(
        "a = W x[t] + b, u = U h in three parts; r = s(a1 + u1), z = s(a2 + u2), n = tanh(a3 + r u3); "
        "h = (1 - z) n + z h; s the sigmoid",
        unrolled(gru_cell), partial(_draw_cell, 3), {"LastStepOnly": unrolled(gru_cell, last_only=True)}),
}
# fmt: on


def layers() -> list[Group]:
    """A group for each layer."""
    return [
        Group(name=f"layer {name}", operation=name, formula=row.formula, make=partial(_of_layer, name))
        for name, row in LAYERS.items()
    ]


def _of_layer(name: str) -> list[Vector]:
    row, draws = LAYERS[name], Draws(f"layer {name}")
    found: list[Vector] = []
    while len(found) < EACH:
        parameters, inputs = row.draw(draws)
        try:
            found.append(_vector(name, parameters, inputs, draws))
        except RejectedError:
            continue
    for v in found[:8]:
        found += list(_negatives(name, v))
    return found + ([v for _ in range(6) for v in _tie(draws)] if name == "max_pooling" else [])


def _vector(name: str, parameters: dict[str, Any], inputs: dict[str, Any], draws: Draws) -> Vector:
    definition, moving = LAYERS[name].definition, list(inputs)
    one = prove(definition, parameters, inputs, np.zeros(()), moving)  # for the shape of its output
    v = draws.grid(one.values["output"].shape, 8, 2.0)
    proven = _pinned(prove(definition, parameters, inputs, v, moving), v)
    repeated = name == "embedding" and len(set(parameters["indices"])) < len(parameters["indices"])
    shapes = ", ".join(f"{k} {'x'.join(map(str, x.shape))}" for k, x in inputs.items())
    return Vector(
        comment=f"{name}: {shapes}",
        parameters=parameters,
        inputs=inputs,
        cotangent=v,
        proven=proven,
        flags=("Repeated",) if repeated else ("Typical",),
    )


def _pinned(proven: Proven, v: Any) -> Proven:
    """What cancels, as in a normalisation, is known to the rounding of the cotangent."""
    least = 1e-3 * float(np.abs(v).max())
    return replace(proven, scales={k: max(s, least) if k.startswith("d ") else s for k, s in proven.scales.items()})


def _negatives(name: str, v: Vector) -> Iterator[Vector]:
    changes = [SCALINGS[0]]
    if name == "convolution":
        changes.append(Mistake("KernelFlipped", lambda g, case: {**g, "w": g["w"][..., ::-1, ::-1]}))
    answers = list(wrong(tuple(changes), v.proven, {}))
    for flag, definition in LAYERS[name].wrong.items():
        found = prove(definition, v.parameters, v.inputs, v.cotangent, list(v.inputs)).gradients
        answers += [(flag, found)] if apart(found, v.proven) else []
    for flag, g in answers:
        yield replace(v, flags=(flag,), result=INVALID, others=(g,), comment=f"{v.comment}, wrong")


def _tie(draws: Draws) -> Iterator[Vector]:
    """Two entries of a window are the largest: the gradient goes to either, or half to each, never to both in full."""
    shape = (1, 2, 2)
    x = (np.array(draws.distinct(4, 64)).reshape(shape) - 64) / 16
    first, second = draws.distinct(2, 4)
    x.reshape(-1)[[first, second]] = x.max() + 1 / 16
    v, parameters = draws.grid((1, 1, 1), 8, 2.0), {"size": 2, "stride": 2}
    sides = [prove(partial(max_pool, winner=w), parameters, {"x": x}, v, ("x",)) for w in (0, 1)]
    one, other = (s.gradients["x"] for s in sides)
    tie = Vector(
        comment="max_pooling: two entries tie",
        parameters=parameters,
        inputs={"x": x},
        cotangent=v,
        proven=sides[0],
        flags=("Tie",),
        result=ACCEPTABLE,
        others=[{"x": other}, {"x": (one + other) / 2}],
    )
    yield tie
    yield replace(tie, flags=("EveryWinner",), result=INVALID, others=[{"x": one + other}])
