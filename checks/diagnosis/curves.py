"""Curves: activations told among the values that a function computes, by what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from checks.diagnosis.inside import Inside, values
from checks.subject import Array
from checks.watched import Site

CLOSE: Final = 1e-10  # relative: values that are the same function of others


class Curve(NamedTuple):
    """An activation: its value, its derivative, and the derivative in terms of the value, where that is used."""

    of: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    again: Callable[[Array], Array] | None = None


def _sigmoid(z: Array) -> Array:
    return np.asarray(np.exp(-np.logaddexp(0.0, -z)))


def _silu(z: Array) -> Array:
    s = _sigmoid(z)
    return np.asarray(s + z * s * (1 - s))


CURVES: Final = {
    "tanh": Curve(np.tanh, lambda z: 1 - np.tanh(z) ** 2, lambda y: 1 - y * y),
    "the sigmoid": Curve(_sigmoid, lambda z: _sigmoid(z) * _sigmoid(-z), lambda y: y * (1 - y)),
    "exp": Curve(np.exp, np.exp),
    "softplus": Curve(lambda z: np.logaddexp(0.0, z), _sigmoid),
    "elu": Curve(
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0))),
        lambda y: np.where(y > 0, 1.0, y + 1),
    ),
    "silu": Curve(lambda z: z * _sigmoid(z), _silu),
    "the sine": Curve(np.sin, np.cos),
}
"""What is looked for among the values that a function computes; relu and its leaky forms are told by their slopes."""


PARTS: Final = ("exp", "tanh")
MADE_OF: Final = ("the sigmoid", "softplus", "silu")  # of exp, or of tanh at the half


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """An activation that was seen: its inputs and outputs, each time, and its slopes there."""

    name: str
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    slopes: tuple[Array, ...]


def activations(seen: Inside) -> list[Found]:
    """The activations among what was computed, each once."""
    made: list[Found] = seen.ground.once(f"activations, {seen.where}", lambda: _activations(seen))
    return made


def _activations(seen: Inside) -> list[Found]:
    known, found = values(seen), dict[Any, Found]()
    groups: dict[tuple[Any, ...], list[Site]] = {}
    for site, some in known.items():
        groups.setdefault(tuple(a.shape for a in some), []).append(site)
    with np.errstate(all="ignore"):
        for sites in groups.values():
            outs = [known[s] for s in sites if s in seen.at]
            firsts = np.array([o[0].flat[0] for o in outs])
            for site in sites:
                zs = known[site]
                for name, made in _curves(zs, outs, firsts):
                    found.setdefault((name, zs[0].tobytes(), len(zs)), made)
    outer = [c * abs(a.inputs[0]) for a in found.values() if a.name in MADE_OF for c in (0.5, 1.0)]
    return [
        a
        for a in found.values()
        if a.name not in ("exp", "tanh") or not any(_alike(abs(a.inputs[0]), z) for z in outer)
    ]


def _alike(a: Array, b: Array) -> bool:
    return a.shape == b.shape and close(a, b)


def _curves(zs: tuple[Array, ...], outs: Sequence[tuple[Array, ...]], firsts: Array) -> Iterator[tuple[str, Found]]:
    for name, curve in CURVES.items():
        first = curve.of(zs[0])
        near = np.flatnonzero(np.abs(firsts - first.flat[0]) <= CLOSE * abs(first.flat[0]))
        for ys in (outs[k] for k in near.tolist()):
            if not close(first, zs[0]) and all(close(curve.of(z), y) for z, y in zip(zs, ys, strict=True)):
                yield name, Found(name, zs, ys, tuple(curve.slope(z) for z in zs))
                break
    for ys in outs:
        slopes = [_bent(z, y) for z, y in zip(zs, ys, strict=True)]
        if any(c is not None and (y != z).any() for c, y, z in zip(slopes, ys, zs, strict=True)) and None not in slopes:
            c = max((c for c in slopes if c is not None), key=abs)
            name = "relu" if c == 0 else "the leaky relu"
            yield name, Found(name, zs, ys, tuple(np.where(z > 0, 1.0, c) for z in zs))
            return


def close(a: Array, b: Array) -> bool:
    """Whether two arrays are the same but for rounding."""
    return bool((np.abs(a - b) <= CLOSE * (np.abs(b) + np.abs(b).max(initial=0.0))).all())


def _bent(z: Array, y: Array) -> float | None:
    """The slope of a relu on its other side; None where y is no such function of z."""
    up, down = z > 0, z < 0
    if not up.any() or not (y[up] == z[up]).all():
        return None
    rates = y[down] / z[down]
    if not rates.size:
        return 0.0
    return float(rates[0]) if np.ptp(rates) <= CLOSE and abs(rates[0]) < 1 else None
