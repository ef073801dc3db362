"""Within: repairs of one step of a pullback, by what is seen to go through it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import numpy as np

from checks.diagnosis.curves import CURVES, activations, close
from checks.diagnosis.inside import Inside, Repair, paired, values
from checks.laws.differing import ratio
from checks.subject import Array
from checks.watched import Change, Site, Step

LET_THROUGH: Final = 8  # entries
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
CENTRED: Final = ("subtract", "add")  # what may have taken a mean away: J_softmax of that is right whatever was taken
PRODUCTS: Final = ("matmul", "dot", "einsum", "tensordot", "solve", "inner", "outer")


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
                yield Repair(words, {site: _times(way)}, first + k, _let_through(site, way))


def _let_through(site: Site, factors: Sequence[Array]) -> tuple[Mapping[Site, Change], ...]:
    """More of single entries that a factor would hold back: where one is held back anyhow, its mask is another one."""
    closed = [(k, at) for k, f in enumerate(factors) for at in map(tuple, np.argwhere(f == 0).tolist())]
    few = closed[:: max(1, len(closed) // LET_THROUGH)][:LET_THROUGH]
    return tuple({site: _twice(*one)} for one in few)


def _twice(times: int, at: tuple[int, ...]) -> Change:
    def change(step: Step, k: int) -> Array:
        made = np.array(step.result)
        made[at] *= 2 if k == times else 1
        return made

    return change


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
    ups = [(s, seen.at[s][0].result) for s in seen.behind if s[0] not in CENTRED]
    for ys in values(seen).values():
        y = ys[0]
        axes = [a for a, n in enumerate(y.shape) if n > 1 and np.allclose(y.sum(axis=a), 1.0, rtol=0, atol=1e-12)]
        if not axes or y.min() < 0:
            continue
        for site in seen.behind:
            steps = seen.at[site]
            for way in paired(steps, ys):
                r = steps[0].result
                earlier = [a for s, a in ups if s != site]
                for words, diagonals in (("y(1 − y)", [y * (1 - y) for y in way]), ("y", list(way))):
                    if any(a.shape == r.shape and close(a * diagonals[0], r) for a in earlier):
                        said = f"the softmax's Jacobian as a diagonal: {words}"
                        yield Repair(said, {site: _whole(diagonals, way, axes[-1])})
                ones = [np.ones_like(y) for y in way]
                yield Repair("the softmax's Jacobian is missing", {site: _whole(ones, way, axes[-1])})


def _whole(diagonal: Sequence[Array], ys: Sequence[Array], axis: int) -> Change:
    def change(step: Step, k: int) -> Array:
        y, d = ys[k], diagonal[k]
        v = np.divide(step.result, d, out=np.zeros_like(y), where=d != 0)
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
            for b, c in _square(a) if isinstance(a, np.ndarray) else ():
                yield Repair(TURNED, {site: _turned(j, b, c)}, 64 * j + 8 * b + c)
    uses: dict[bytes, dict[Site, list[int]]] = {}
    for site in seen.behind:
        step = seen.at[site][0]
        for j, a in enumerate(step.operands):
            if isinstance(a, np.ndarray) and a.ndim == 2 and list(_square(a)):
                uses.setdefault(min(a.tobytes(), a.T.tobytes()), {}).setdefault(site, []).append(j)
    for n, where in enumerate(uses.values()):
        if sum(map(len, where.values())) > 1 and all(s[0] != "setitem" for s in where):
            yield Repair(TURNED, {s: _turned_all(js) for s, js in where.items()}, -1 - n)


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
            for name, x in seen.point.items():
                if np.ndim(x) and np.array_equal(step.operands[0], x) and _along(step, seen.claim.get(name)):
                    words = f"computed from weights that are already updated: {name!r} has moved along its own gradient"
                    yield Repair(words, {site: lambda step, k: step.operands[0]})


def _along(step: Step, g: Any) -> bool:
    """Whether a step adds a multiple of a gradient."""
    by = np.asarray(step.operands[1])
    return g is not None and by.shape == np.shape(g) and ratio(by, np.asarray(g)) is not None


def other_branch(seen: Inside) -> Iterator[Repair]:
    """A comparison the other way round."""
    for site, steps in seen.at.items():
        if site[0] in COMPARED and steps[0].result.size > 1:
            words = f"{BRANCH}: a comparison is the wrong way round inside"
            yield Repair(words, {site: lambda step, k: ~step.result})
        elif site[0] in OTHER and site in seen.behind:
            words = f"{BRANCH}: the {site[0]} is taken inside, not the {OTHER[site[0]]}"
            yield Repair(words, {site: lambda step, k: getattr(np, OTHER[step.name])(*step.operands)})


def overwritten(seen: Inside) -> Iterator[Repair]:
    """What was computed several times added up; what was written into an array added to what is there, repeats too."""
    words = "overwritten instead of accumulated"
    for site in seen.behind:
        steps = seen.at[site]
        if site[0] == "setitem":
            if any(np.any(s.operands[2]) for s in steps) and (len(steps) > 1 or _repeats(steps[0])):
                yield Repair(words, {site: _added}, 0)
                yield Repair(words, {site: _repeated}, 1)
        elif len(steps) > 1 and len({s.result.shape for s in steps}) == 1 and steps[0].result.dtype.kind == "f":
            sums = np.cumsum([s.result for s in steps], axis=0)
            yield Repair(words, {site: lambda step, k, sums=sums: sums[k]})  # type: ignore[misc]


def _repeats(step: Step) -> bool:
    times = np.zeros(step.result.shape)
    np.add.at(times, step.operands[1], 1.0)
    return bool(times.max(initial=0.0) > 1)


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


def bounded(seen: Inside) -> Iterator[tuple[str, Repair, bool]]:
    """What may keep a pullback from being linear let go: a row, the repair, whether values may change."""
    for site in seen.behind:
        step = seen.at[site][0]
        if not step.upstream:
            continue
        if site[0] in ("clip", *OTHER):
            yield "upstream clipped", Repair("the upstream is clipped inside", {site: _first_whole}), False
        elif site[0] in COMPARED:
            words = "parts of the upstream are dropped by how large they are inside"
            for k, value in enumerate((False, True)):
                yield "small upstreams dropped", Repair(words, {site: _all(value)}, k), False
    for name, repairs in (("updated weights", updated(seen)), ("half precision inside", coarse(seen))):
        for repair in repairs:
            yield name, repair, True


def _first_whole(step: Step, k: int) -> Array:
    return next(np.asarray(a) for a in step.operands if np.shape(a) == step.result.shape)


def _all(value: bool) -> Change:
    return lambda step, k: np.full(step.result.shape, value)
