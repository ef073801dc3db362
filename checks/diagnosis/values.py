"""Repairs of the claimed values alone: the same numbers in another order, of another tensor, with something added."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np

from checks.diagnosis.scene import Scene
from checks.diagnosis.suspect import Repairs
from checks.subject import Array

EPSILONS: Final = (0.0, *(10.0**-k for k in (2, 3, 4, 5, 6, 7, 8, 10, 12)))  # what is commonly added to a square

FURTHEST: Final = 64  # an axis of so many entries is tried at every shift


def zero(scene: Scene) -> Repairs:
    """A claim of nothing but zeros is its own explanation, where none of them is right."""
    if not scene.g.any() and all(abs(s.measured) > s.bar for s in scene.sights):
        yield "the claimed gradient is zero throughout", scene.g


def exchanged(scene: Scene) -> Repairs:
    """The gradient of another tensor of the same shape, or of the shape transposed."""
    for name, other in scene.place.gradient.items():
        other = np.asarray(other)
        if name == scene.tensor or not other.any():
            continue
        both = f"the gradients of {scene.tensor!r} and {name!r} are exchanged"
        words = both if name in scene.failed else f"the gradient of {name!r} is right for {scene.tensor!r}"
        if other.shape == scene.g.shape:
            yield words, other
        elif other.T.shape == scene.g.shape:
            yield f"{words}, and transposed", other.T


def transposed(scene: Scene) -> Repairs:
    """Two axes of one length exchanged; or the entries of the transpose, read in the claim's shape."""
    g = scene.g
    for a, b in combinations(range(g.ndim), 2):
        if g.shape[a] == g.shape[b] > 1:
            axes = "" if g.ndim == 2 else f" in axes {a} and {b}"
            yield f"transposed{axes}", np.swapaxes(g, a, b)
    if g.ndim == 2 and g.shape[0] != g.shape[1] and min(g.shape) > 1:
        yield "transposed, and its entries read in the wrong order", g.reshape(g.shape[::-1]).T


def reversed_axis(scene: Scene) -> Repairs:
    """One axis the other way round."""
    for axis, n in enumerate(scene.g.shape):
        if n > 1:
            yield f"reversed{_along(scene, axis)}", np.flip(scene.g, axis)
    several = [axis for axis, n in enumerate(scene.g.shape) if n > 1]
    if len(several) > 1:
        yield "reversed along its last two axes", np.flip(scene.g, tuple(several[-2:]))
    if len(several) > 2:
        yield "reversed along every axis", np.flip(scene.g)


def shifted(scene: Scene) -> Repairs:
    """One axis off by one, or by more, round the end."""
    for axis, n in enumerate(scene.g.shape):
        for by in range(1, n) if n <= FURTHEST else (1, n - 1):
            words = "one" if by in (1, n - 1) else str(min(by, n - by))
            yield f"shifted by {words}{_along(scene, axis)}", np.roll(scene.g, by, axis)


def running_sum(scene: Scene) -> Repairs:
    """A running sum taken from the wrong end."""
    g = scene.g
    for axis, n in enumerate(g.shape):
        if n > 1:
            steps = np.diff(g, axis=axis, prepend=0.0)
            yield (
                f"a running sum{_along(scene, axis)} from the wrong end",
                np.flip(np.cumsum(np.flip(steps, axis), axis=axis), axis),
            )


def added(scene: Scene) -> Repairs:
    """A multiple of something known is added: the primal (a penalty), or one; as it is, or times a scalar upstream."""
    v, ones = scene.place.cotangent, np.ones_like(scene.x)
    if scene.x.dtype.kind != "f":
        return
    units = [("", 1.0)]
    if v.size == 1 and v.dtype.kind == "f":
        units.append((" times the upstream", float(v[0])))
    for times, unit in units:
        if c := scene.fit(scene.g, unit * scene.x):
            words = f"a penalty is added: {-c:#.4g} times {scene.tensor!r} itself{times}"
            yield words, scene.g + c * unit * scene.x
        if c := scene.fit(scene.g, unit * ones):
            yield f"a constant is added to every entry: {-c:#.4g}{times}", scene.g + c * unit


def skipped(scene: Scene) -> Repairs:
    """The upstream itself is missing, as of a connection that skips the layer; or there and does not belong."""
    v = scene.upstream
    if v is not None and v.shape == scene.g.shape:
        yield "the upstream that skips the layer is not added", scene.g + v
        yield "the upstream itself is added", scene.g - v


def other_branch(scene: Scene) -> Repairs:
    """What goes through one branch belongs to the other; or one side of 0 has the other side's slope."""
    g, x, v = scene.g, scene.x, scene.upstream
    if v is None or v.shape != g.shape or g.dtype.kind != "f" or not v.all():
        return
    slope = g / v
    yield "the wrong branch of a kink: what passes one side belongs to the other", v - g
    for side, there in (("<", x < 0), (">", x > 0)):
        if not (there.any() and (~there).any() and _alike(slope[there])):
            continue
        kept = np.where(there, 0.0, g)
        s = scene.fit(kept, np.where(there, v, 0.0))
        if s is not None and _alike(slope[~there]) and abs(slope[~there][0] - slope[there][0]) < 1e-9:
            there_is, measured = f"{slope[there][0]:.4g}", f"{s:.4g}"
            words = f"the wrong branch of a kink: where {scene.tensor} {side} 0 it has the other side's slope"
            yield f"{words}, {there_is}; measured {measured}", kept + np.where(there, s * v, 0.0)


def _alike(slope: Array) -> bool:
    return bool(np.ptp(slope) <= 1e-9 * max(1.0, float(np.abs(slope).max())))


def mean_term(scene: Scene) -> Repairs:
    """The part that shifts or stretches everything alike is not taken out, as in the backward of a normalisation."""
    g, x = scene.g, scene.x
    if g.dtype.kind != "f":
        return
    for axis, n in enumerate(g.shape):
        if n < 2:
            continue
        level = g - g.mean(axis=axis, keepdims=True)
        away = x - x.mean(axis=axis, keepdims=True)
        where = _along(scene, axis)
        yield f"the mean{where} is taken as fixed: how it depends on the input is left out", level
        for eps in (*EPSILONS, *(eps / n for eps in EPSILONS)):
            along, own = _part(g, away, axis, eps), _part(g, x, axis, eps)
            yield f"the scale{where} is taken as fixed: how it depends on the input is left out", g - along
            yield f"mean and scale{where} are taken as fixed: how they depend on the input is left out", level - along
            yield f"the length{where} is taken as fixed: how it depends on the input is left out", g - own


def _part(g: Array, x: Array, axis: int, eps: float) -> Array:
    """The part of ``g`` along ``x``, whose mean square is made larger by ``eps``."""
    square = (x * x).mean(axis=axis, keepdims=True) + eps
    with np.errstate(all="ignore"):
        return np.asarray(np.nan_to_num(x * (g * x).mean(axis=axis, keepdims=True) / square))


def _along(scene: Scene, axis: int) -> str:
    return "" if scene.g.ndim == 1 else f" along axis {axis}"
