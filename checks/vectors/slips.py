"""SLIPS: mistakes of the derivation, equation by equation: what each gives in place of what the equation speaks of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from flint import arb

from checks.numeric.balls.ball import Ball
from checks.vectors.functions import COLUMNWISE, activate
from checks.vectors.networks import network
from checks.vectors.proven import prove
from checks.vectors.record import Vector

STEP: Final = 0.125  # of the equations that update

Wrong = Mapping[str, Any] | None
"""Wrong tensors by name; None where the mistake makes none."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One network in exact numbers, lists from 1 on as in the derivation.

    Attributes
    ----------
    vector : Vector
        Its inputs and parameters.
    W, b, Z, A, delta, up : list of ndarray
        Weights, biases, the forward pass, ∂C/∂z and ∂C/∂a.
    """

    vector: Vector
    W: list[Any]
    b: list[Any]
    Z: list[Any]
    A: list[Any]
    delta: list[Any]
    up: list[Any]

    @property
    def layers(self) -> range:
        """From 1 to L."""
        return range(1, len(self.W))

    def name(self, l: int) -> str:
        """The activation of a layer."""
        return str(self.vector.parameters["activations"][l - 1])


def seen(v: Vector) -> Seen:
    """What the mistakes are made from."""

    def watched(parameters: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        found = network(parameters, given)
        return found | {f"delta{name[1:]}": a for name, a in found.items() if name[0] == "a"}

    p, layers = v.proven, range(1, len(v.parameters["activations"]) + 1)
    up = prove(watched, v.parameters, v.inputs, v.cotangent, [name for name in v.inputs if name != "y"]).gradients
    return Seen(
        v,
        W=[None, *(_exact(v.inputs[f"W{l}"]) for l in layers)],
        b=[None, *(_exact(v.inputs[f"b{l}"]) for l in layers)],
        Z=[None, *(p.values[f"z{l}"] for l in layers)],
        A=[_exact(v.inputs["x"]), *(p.values[f"a{l}"] for l in layers)],
        delta=[None, *(p.gradients[f"delta{l}"] for l in layers)],
        up=[None, *(up[f"delta{l}"] for l in layers)],
    )


def pulled(name: str, z: Any, v: Any) -> Any:
    """v pulled back through an activation at an exact z: by the slope at t = 0 of what it makes of z + t."""
    z, v = (np.frompyfunc(lambda e: Ball(arb(e)), 1, 1)(x) for x in (z, v))

    def at(parameters: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        return {"output": (activate(name, given["t"] + z) * v).sum() + 0}

    return prove(at, {}, {"t": np.zeros(z.shape)}, np.ones(()), ("t",)).gradients["t"]


def _exact(x: Any) -> Any:
    return np.asarray(np.frompyfunc(arb, 1, 1)(x), dtype=object)


def _square(x: Any) -> bool:
    return bool(x.shape[0] == x.shape[1] > 1)


def _each(prefix: str, of: Callable[[Seen, int], Any], layers: Callable[[Seen], Any]) -> Callable[[Seen], Wrong]:
    """The slip of every layer asked about that it can be made in."""

    def slip(s: Seen) -> Wrong:
        made = {f"{prefix}{l}": of(s, l) for l in layers(s)}
        return made if all(x is not None for x in made.values()) else None

    return slip


def _diagonal(s: Seen, l: int) -> Any:
    if s.name(l) not in COLUMNWISE:
        return None
    a = s.A[l]
    return s.up[l] * (a * (1 - a) if s.name(l) == "softmax" else 1 - np.frompyfunc(arb.exp, 1, 1)(a))


def _at_output(s: Seen, l: int) -> Any:
    return pulled(s.name(l), s.A[l], s.up[l])


def _untransposed(s: Seen, l: int) -> Any:
    if l + 1 not in s.layers or not _square(s.W[l + 1]):
        return None
    return pulled(s.name(l), s.Z[l], s.W[l + 1] @ s.delta[l + 1])


def _is_fused(s: Seen, l: int) -> bool:
    return l == s.layers[-1] and bool(s.vector.parameters["loss"] == "softmax_cross_entropy")


def _delta(layers: Callable[[Seen], Any]) -> tuple[tuple[str, Callable[[Seen], Wrong]], ...]:
    rows = {
        "SlopeMissing": lambda s, l: s.up[l],
        "SlopeAtOutput": _at_output,
        "DiagonalJacobian": _diagonal,
        "NotTransposed": _untransposed,
        "SoftmaxTwice": lambda s, l: pulled("softmax", s.Z[l], s.delta[l]) if _is_fused(s, l) else None,
        "SignFlipped": lambda s, l: -s.delta[l] if _is_fused(s, l) else None,
    }
    return tuple((flag, _each("delta", of, layers)) for flag, of in rows.items())


def _through_transposed(s: Seen, l: int) -> Any:
    return s.W[l].T @ s.A[l - 1] + s.b[l] if _square(s.W[l]) else None


def _all(s: Seen) -> range:
    return s.layers


def _examples(s: Seen) -> int:
    return int(s.A[0].shape[1])


def _shared(s: Seen, by: str, x: Any, factor: Any) -> Any:
    """``x`` times a power of the number of examples, where C is reduced so and there are several."""
    return x * factor if s.vector.parameters["reduction"] == by and _examples(s) > 1 else None


def _reduced(prefix: str, right: Callable[[Seen, int], Any]) -> tuple[tuple[str, Callable[[Seen], Wrong]], ...]:
    rows = {
        "MeanForSum": lambda s, l: _shared(s, "sum", right(s, l), arb(1) / _examples(s)),
        "SumForMean": lambda s, l: _shared(s, "mean", right(s, l), arb(_examples(s))),
    }
    return tuple((flag, _each(prefix, of, _all)) for flag, of in rows.items())


def _dW(s: Seen, l: int) -> Any:
    return s.delta[l] @ s.A[l - 1].T


def _db(s: Seen, l: int) -> Any:
    return s.delta[l].sum(axis=1, keepdims=True)


def _updated(kinds: str, by: Callable[[Any, Any], Any]) -> Callable[[Seen], Wrong]:
    right = {"W": _dW, "b": _db}
    return lambda s: {f"{k}{l}_new": by(getattr(s, k)[l], right[k](s, l)) for k in kinds for l in s.layers}


def _updates(kinds: str) -> tuple[tuple[str, Callable[[Seen], Wrong]], ...]:
    return (
        ("Ascent", _updated(kinds, lambda w, g: w + STEP * g)),
        ("RateMissing", _updated(kinds, lambda w, g: w - g)),
    )


def _cost(s: Seen, factor: Any, by: str) -> Wrong:
    made = _shared(s, by, s.vector.proven.values["output"], factor)
    return None if made is None else {"output": np.asarray(made, dtype=object)}


def _jacobian(of: Callable[[Seen], Any]) -> Callable[[Seen], Wrong]:
    def slip(s: Seen) -> Wrong:
        made = of(s)
        return None if made is None else {"jacobian": made}

    return slip


def _slopes(s: Seen, at: Any) -> Any:
    return pulled(s.name(2), at[:, :1], np.ones((at.shape[0], 1)))


SLIPS: Final[dict[str, tuple[tuple[str, Callable[[Seen], Wrong]], ...]]] = {
    # what an equation speaks of -> (flag of NOTES, the mistake), …
    "z": (
        ("BiasMissing", _each("z", lambda s, l: s.Z[l] - s.b[l], _all)),
        (
            "WeightTransposed",
            _each("z", lambda s, l: s.W[l].T @ s.A[l - 1] + s.b[l] if _square(s.W[l]) else None, _all),
        ),
    ),
    "a": (("ActivationMissing", _each("a", lambda s, l: s.Z[l], _all)),),
    "output": (
        ("MeanForSum", lambda s: _cost(s, arb(1) / _examples(s), "sum")),
        ("SumForMean", lambda s: _cost(s, arb(_examples(s)), "mean")),
        ("FactorTwo", lambda s: {"output": np.asarray(s.vector.proven.values["output"] * 2, dtype=object)}),
    ),
    "delta": _delta(_all),
    "delta L": _delta(lambda s: s.layers[-1:]),
    "delta below": _delta(lambda s: s.layers[:1]),
    "jacobian": (
        ("SlopeMissing", _jacobian(lambda s: s.W[2])),
        ("SlopeAtOutput", _jacobian(lambda s: _slopes(s, s.A[2]) * s.W[2])),
        ("Transposed", _jacobian(lambda s: (_slopes(s, s.Z[2]) * s.W[2]).T if _square(s.W[2]) else None)),
    ),
    "W": (
        ("SlopeMissing", _each("W", lambda s, l: s.up[l] @ s.A[l - 1].T, _all)),
        ("OutputForInput", _each("W", lambda s, l: s.delta[l] @ s.A[l].T if _square(s.W[l]) else None, _all)),
        ("Transposed", _each("W", lambda s, l: _dW(s, l).T if _square(s.W[l]) else None, _all)),
        *_reduced("W", _dW),
    ),
    "b": (
        ("SlopeMissing", _each("b", lambda s, l: s.up[l].sum(axis=1, keepdims=True), _all)),
        ("OneExampleOnly", _each("b", lambda s, l: s.delta[l][:, :1] if _examples(s) > 1 else None, _all)),
        *_reduced("b", _db),
    ),
    "W_new": _updates("W"),
    "b_new": _updates("b"),
    "new": _updates("Wb"),
}
