"""Within: repairs of one step of a pullback, by what is seen to go through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any, Final, NamedTuple

import numpy as np

from checks.diagnosis.inside import Inside, Repair, paired, values
from checks.subject import Array
from checks.watched import Change, Site, Step

CLOSE: Final = 1e-10  # relative: values that are the same function of others
COARSE: Final = {2: "half precision inside", 4: "single precision inside"}
"""Bytes of a float -> what it means to compute in it."""
FACTORS: Final = {
    -1.0: "the sign is wrong at one step inside",
    2.0: "a factor 1/2 inside: twice one step would be right",
    0.5: "a factor 2 inside: half of one step would be right",
}
COMPARED: Final = ("greater", "less", "greater_equal", "less_equal")
OTHER: Final = {"maximum": "minimum", "minimum": "maximum"}
TURNED: Final = "an operand is transposed inside, or ought to be"
BRANCH: Final = "the wrong branch of a kink"
PRODUCTS: Final = ("matmul", "dot", "einsum", "tensordot", "solve", "inner", "outer")


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


class Found(NamedTuple):
    """An activation that was seen: its inputs and outputs, each time, and its slopes there."""

    name: str
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    slopes: tuple[Array, ...]


def activations(seen: Inside) -> list[Found]:
    """The activations among what was computed, each once."""
    made: list[Found] = seen.ground.once(f"activations, {seen.place.where}", lambda: _activations(seen))
    return made


def _activations(seen: Inside) -> list[Found]:
    known, found = values(seen), dict[Any, Found]()
    groups: dict[tuple[int, Any], list[Site]] = {}
    for site, some in known.items():
        groups.setdefault((len(some), some[0].shape), []).append(site)
    with np.errstate(all="ignore"):
        for sites in groups.values():
            outs = [known[s] for s in sites if s in seen.at]
            firsts = np.array([o[0].flat[0] for o in outs])
            for site in sites:
                zs = known[site]
                for name, made in _curves(zs, outs, firsts):
                    found.setdefault((name, zs[0].tobytes(), len(zs)), made)
    inner = [abs(a.inputs[0]) for a in found.values() if a.name in ("the sigmoid", "softplus", "silu")]
    return [a for a in found.values() if a.name != "exp" or not any(_alike(abs(a.inputs[0]), z) for z in inner)]


def _alike(a: Array, b: Array) -> bool:
    return a.shape == b.shape and _close(a, b)


def _curves(zs: tuple[Array, ...], outs: Sequence[tuple[Array, ...]], firsts: Array) -> Iterator[tuple[str, Found]]:
    for name, curve in CURVES.items():
        first = curve.of(zs[0])
        near = np.flatnonzero(np.abs(firsts - first.flat[0]) <= CLOSE * abs(first.flat[0]))
        for ys in (outs[k] for k in near):
            if not _close(first, zs[0]) and all(_close(curve.of(z), y) for z, y in zip(zs, ys, strict=True)):
                yield name, Found(name, zs, ys, tuple(curve.slope(z) for z in zs))
                break
    for ys in outs:
        slopes = [_bent(z, y) for z, y in zip(zs, ys, strict=True)]
        if any(c is not None and (y != z).any() for c, y, z in zip(slopes, ys, zs, strict=True)) and None not in slopes:
            c = max((c for c in slopes if c is not None), key=abs)
            name = "relu" if c == 0 else "the leaky relu"
            yield name, Found(name, zs, ys, tuple(np.where(z > 0, 1.0, c) for z in zs))
            return


def _close(a: Array, b: Array) -> bool:
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


def _times(factors: Sequence[Array]) -> Change:
    return lambda step, k: step.result * factors[k]


def _factors(seen: Inside, factors: tuple[Array, ...], words: str, first: int = 0) -> Iterator[Repair]:
    """A factor put in at every site of the way back that it fits."""
    if not all(np.isfinite(f).all() for f in factors):
        return
    for site in seen.behind:
        steps = seen.at[site]
        if steps[0].result.dtype.kind == "f" and site[0] != "setitem":
            for k, way in enumerate(paired(steps, factors)):
                yield Repair(words, {site: _times(way)}, first + k)


def derivative_missing(seen: Inside) -> Iterator[Repair]:
    """σ′ left out at one step."""
    for n, a in enumerate(activations(seen)):
        yield from _factors(seen, a.slopes, f"the derivative of {a.name} is missing inside", 2 * n)


def derivative_of_output(seen: Inside) -> Iterator[Repair]:
    """σ′ taken at the output; or the derivative in terms of the output given the input."""
    for n, a in enumerate(activations(seen)):
        if a.name not in CURVES:
            continue
        curve = CURVES[a.name]
        with np.errstate(all="ignore"):
            once = tuple(s / curve.slope(y) for s, y in zip(a.slopes, a.outputs, strict=True))
            turn = curve.again and tuple(s / curve.again(z) for s, z in zip(a.slopes, a.inputs, strict=True))
        words = f"σ′(a) for σ′(z): the derivative of {a.name} is taken at its output inside"
        yield from _factors(seen, once, words, 2 * n)
        if turn:
            words = f"σ′(z) for σ′(a): the derivative of {a.name} in terms of its output is given its input inside"
            yield from _factors(seen, turn, words, 2 * n)


def mask_missing(seen: Inside) -> Iterator[Repair]:
    """What was compared on the way, and lets through only in part, forgotten at one step."""
    masks: dict[bytes, Array] = {}
    for step in seen.steps:
        for a in (step.result, *step.operands):
            if isinstance(a, np.ndarray) and a.dtype == bool and a.any() and not a.all():
                masks.setdefault(a.tobytes() + repr(a.shape).encode(), a)
    for n, mask in enumerate(masks.values()):
        for k, kept in enumerate((mask, ~mask)):
            words = "a mask is missing: where its condition does not hold something passes"
            yield from _factors(seen, (kept.astype(float),), words, 2 * (2 * n + k))


def softmax_diagonal(seen: Inside) -> Iterator[Repair]:
    """J_softmax put in the place of its diagonal, where a step's result is that times what was there before."""
    ups = [(s, [x.result for x in seen.at[s]]) for s in seen.behind]
    for ys in values(seen).values():
        y = ys[0]
        axes = [a for a, n in enumerate(y.shape) if n > 1 and np.allclose(y.sum(axis=a), 1.0, rtol=0, atol=1e-12)]
        if not axes or y.min() <= 0:
            continue
        for site in seen.behind:
            steps = seen.at[site]
            for way in paired(steps, ys):
                r, p = steps[0].result, way[0]
                earlier = [a[0] for s, a in ups if s != site]
                for words, factor in (("y(1 − y)", lambda y: y * (1 - y)), ("y", lambda y: y)):
                    if any(a.shape == r.shape and _close(a * factor(p), r) for a in earlier):
                        yield Repair(
                            f"the softmax's Jacobian as a diagonal: {words}",
                            {site: _whole([factor(y) for y in way], way, axes[-1])},
                        )
                ones = [np.ones_like(y) for y in way]
                yield Repair("the softmax's Jacobian is missing", {site: _whole(ones, way, axes[-1])})


def _whole(diagonal: Sequence[Array], ys: Sequence[Array], axis: int) -> Change:
    def change(step: Step, k: int) -> Array:
        v, y = step.result / diagonal[k], ys[k]
        return np.asarray(y * (v - (v * y).sum(axis=axis, keepdims=True)))

    return change


def again(step: Step, operands: Sequence[Any]) -> Array:
    """A step with other operands."""
    function = getattr(np, step.name, None) or getattr(np.linalg, step.name)
    return np.asarray(function(*operands, **step.options))


def operand_transposed(seen: Inside) -> Iterator[Repair]:
    """One operand of one product transposed; or an array wherever it is used on the way back."""
    for site in seen.behind:
        step = seen.at[site][0]
        for j, a in enumerate(step.operands if step.name in PRODUCTS else ()):
            if isinstance(a, np.ndarray):
                for b, c in _square(a):
                    yield Repair(
                        "an operand is transposed inside, or ought to be", {site: _turned(j, b, c)}, 64 * j + 8 * b + c
                    )
    uses: dict[bytes, dict[Site, list[int]]] = {}
    for site in seen.behind:
        step = seen.at[site][0]
        for j, a in enumerate(step.operands):
            if isinstance(a, np.ndarray) and a.ndim == 2 and list(_square(a)):
                uses.setdefault(min(a.tobytes(), a.T.tobytes()), {}).setdefault(site, []).append(j)
    for n, where in enumerate(uses.values()):
        if sum(map(len, where.values())) > 1 and all(s[0] != "setitem" for s in where):
            yield Repair(
                "an operand is transposed inside, or ought to be",
                {s: _turned_all(js) for s, js in where.items()},
                -1 - n,
            )


def _square(a: Array) -> Iterator[tuple[int, int]]:
    return ((b, c) for b, c in combinations(range(a.ndim), 2) if a.shape[b] == a.shape[c] > 1)


def _turned(j: int, b: int, c: int) -> Change:
    def change(step: Step, k: int) -> Array:
        return again(step, [np.swapaxes(a, b, c) if i == j else a for i, a in enumerate(step.operands)])

    return change


def _turned_all(js: Sequence[int]) -> Change:
    return lambda step, k: again(step, [np.swapaxes(a, 0, 1) if i in js else a for i, a in enumerate(step.operands)])


def updated(seen: Inside) -> Iterator[Repair]:
    """A primal that something is subtracted from, or added to, taken as it is."""
    for site in seen.behind:
        step = seen.at[site][0]
        if step.name in ("subtract", "add"):
            for name, x in seen.place.point.items():
                if np.ndim(x) and np.array_equal(step.operands[0], x):
                    words = f"computed from weights that are already updated: {name!r} has moved along its own gradient"
                    yield Repair(words, {site: lambda step, k: step.operands[0]})


def other_branch(seen: Inside) -> Iterator[Repair]:
    """A comparison the other way round."""
    for site, steps in seen.at.items():
        if site[0] in COMPARED and steps[0].result.size > 1:
            yield Repair(
                "the wrong branch of a kink: a comparison is the wrong way round inside", {site: lambda s, k: ~s.result}
            )
        elif site[0] in OTHER and site in seen.behind:
            words = f"{BRANCH}: the {site[0]} is taken inside, not the {OTHER[site[0]]}"
            yield Repair(words, {site: lambda step, k: getattr(np, OTHER[step.name])(*step.operands)})


def overwritten(seen: Inside) -> Iterator[Repair]:
    """What was computed several times added up; what was written into an array added to what is there, repeats too."""
    words = "overwritten instead of accumulated"
    for site in seen.behind:
        steps = seen.at[site]
        if site[0] == "setitem":
            yield Repair(words, {site: _added}, 0)
            yield Repair(words, {site: _repeated}, 1)
        elif site[0] == "put_along_axis":
            continue
        elif len(steps) > 1 and len({s.result.shape for s in steps}) == 1 and steps[0].result.dtype.kind == "f":
            sums = np.cumsum([s.result for s in steps], axis=0)
            yield Repair(words, {site: lambda step, k, sums=sums: sums[k]})  # type: ignore[misc]


def _added(step: Step, k: int) -> Array:
    own, at, new = step.operands
    made = np.array(own)
    np.add.at(made, at, new)
    return made


def _repeated(step: Step, k: int) -> Array:
    own, at, new = step.operands
    made = np.array(own)
    np.add.at(made, at, new - own[at])
    return made


def coarse(seen: Inside) -> Iterator[Repair]:
    """Numbers that are rounded to a shorter float on the way left as they are."""
    for size, words in COARSE.items():
        sites = [s for s, some in seen.at.items() if s[0] == "astype" and _shorter(some[0], size)]
        for chosen in dict.fromkeys((*((s,) for s in sites), tuple(sites))) if sites else ():
            yield Repair(words, {s: lambda step, k: step.operands[0] for s in chosen})


def _shorter(step: Step, size: int) -> bool:
    a, b = step.operands[0].dtype, step.result.dtype
    return bool(a.kind == b.kind == "f" and a.itemsize > b.itemsize == size)


def factor(seen: Inside) -> Iterator[Repair]:
    """A sign lost at one step, or a 2."""
    for c, words in FACTORS.items():
        for site in seen.behind:
            if seen.at[site][0].result.dtype.kind == "f" and site[0] != "setitem":
                yield Repair(words, {site: lambda step, k, c=c: c * step.result})  # type: ignore[misc]
