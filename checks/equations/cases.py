"""Case: the structure of a random network and a seed, as plain data; the same case has the same numbers everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final

import numpy as np

from backprop import ACTIVATIONS, LOSSES, NUMPY, REDUCTIONS
from checks.equations.regimes import LAYOUTS, REGIMES, TARGETS, Array, Generator, Regime

DEPTH: Final = 8
WIDTH: Final = 32
BATCH: Final = 16
EQUAL: Final = (2, 3, 5, 2, 3, 5, 1, 4, 7)
"""Widths that networks of equal widths take: there no mismatch of shapes comes to the rescue of a wrong equation."""
COLUMNWISE: Final = tuple(name for name, row in ACTIVATIONS.items() if row.slope is None)
_CAPS: Final = {"probability": 12.0, "distribution": 30.0, "positive": 30.0}  # of |z^L|, where the loss has a log
_CHAOTIC: Final = 30.0  # reach of z into sin: the digits of sin 1e8 are not those of its argument


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a network is made of.

    Parameters
    ----------
    sizes : tuple of int
        (d_0, …, d_L).
    activations : tuple of str
        L names.
    loss, reduction : str
        Names of a loss row that takes what the last activation gives, and of a reduction.
    batch : int
        n.
    regime, layout : str
        Names in `REGIMES` and `LAYOUTS`.
    seed : int
        Of every number in W, b, x and y.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str = "squared_error"
    reduction: str = "mean"
    batch: int = 1
    regime: str = "typical"
    layout: str = "C"
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Point:
    """The numbers of a case: W and b padded at 0 as in a Network, the input x and the targets y."""

    case: Case
    W: tuple[Any, ...]
    b: tuple[Any, ...]
    x: Array
    y: Array


@cache
def losses_after(activation: str) -> tuple[str, ...]:
    """Names of the losses that take what an activation gives.

    Examples
    --------
    >>> losses_after("softplus")[-1], "kl_divergence" in losses_after("softmax")
    ('poisson', True)
    """
    image = ACTIVATIONS[activation].image
    return tuple(
        name
        for name, row in LOSSES.items()
        if row.domain in ("real", image) or (row.domain == "positive" and image in ("probability", "distribution"))
    )


def one_of(rng: Generator, names: Iterable[str]) -> str:
    """One of some names, without an array of them: where NumPy makes one, an interrupt (Ctrl-C) can be lost.

    Examples
    --------
    >>> one_of(np.random.default_rng(0), ("a", "b", "c"))
    'c'
    """
    choices = tuple(names)
    return choices[int(rng.integers(len(choices)))]


def draw(rng: Generator, seed: int | None = None) -> Case:
    """Draw a case without Hypothesis, as the command does.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of randomness.
    seed : int, optional
        The case's own seed; drawn as well if not given.

    Returns
    -------
    Case
        Two in five have equal widths and three layers or more; one in three has a columnwise activation below the last.
    """
    if rng.random() < 0.4:
        depth = int(rng.integers(3, DEPTH + 1))
        sizes = (int(rng.choice(EQUAL)),) * (depth + 1)
    else:
        depth = int(rng.integers(1, DEPTH + 1))
        most = int(rng.choice((4, 8, WIDTH)))
        sizes = tuple(int(d) for d in rng.integers(1, most + 1, size=depth + 1))
    names = [tuple(ACTIVATIONS)[i] for i in rng.integers(len(ACTIVATIONS), size=depth)]
    if depth > 1 and rng.random() < 0.2:
        names[int(rng.integers(depth - 1))] = one_of(rng, COLUMNWISE)
    return Case(
        sizes=sizes,
        activations=tuple(names),
        loss=one_of(rng, losses_after(names[-1])),
        reduction=one_of(rng, REDUCTIONS),
        batch=int(rng.integers(1, int(rng.choice((3, 6, BATCH))) + 1)),
        regime=one_of(rng, REGIMES),
        layout=one_of(rng, LAYOUTS),
        seed=int(rng.integers(2**32)) if seed is None else seed,
    )


def build(case: Case) -> Point:
    """Draw the numbers of a case, layer by layer, so that every z has the size that the regime asks for.

    Examples
    --------
    >>> point = build(Case(sizes=(2, 3), activations=("tanh",), batch=4))
    >>> point.W[1].shape, point.x.shape, point.y.shape
    ((3, 2), (2, 4), (3, 4))
    """
    rng, regime = np.random.default_rng(case.seed), REGIMES[case.regime]
    lay = LAYOUTS[case.layout]
    x = a = _scaled(rng, regime, _emptied(rng, regime, regime.entries(rng, (case.sizes[0], case.batch))))
    W: list[Any] = [None]
    b: list[Any] = [None]
    for l, (i, o) in enumerate(pairwise(case.sizes), start=1):
        name = case.activations[l - 1]
        weights, bias, z = _layer(rng, regime, (o, i), a, _cap(case, l))
        if regime.bends:
            z = _bend(rng, z, bias, ACTIVATIONS[name].kinks)
        W.append(lay(weights))
        b.append(lay(bias))
        a = ACTIVATIONS[name].value(z, NUMPY)
    y = TARGETS[LOSSES[case.loss].targets](rng, a)
    return Point(case=case, W=tuple(W), b=tuple(b), x=lay(x), y=lay(y))


def _emptied(rng: Generator, regime: Regime, array: Array) -> Array:
    return np.zeros_like(array) if regime.empties and rng.random() < 0.2 else array


def _cap(case: Case, l: int) -> float:
    """The largest |z^l| that the activation and, at the last layer, the loss leave digits to."""
    chaotic = _CHAOTIC if case.activations[l - 1] == "sin" else math.inf
    last = _CAPS.get(LOSSES[case.loss].domain, math.inf) if l == len(case.activations) else math.inf
    return min(chaotic, last)


def _scaled(rng: Generator, regime: Regime, array: Array, cap: float = np.inf) -> Array:
    return array * _factor(rng, regime, array, cap)


def _factor(rng: Generator, regime: Regime, array: Array, cap: float) -> float:
    low, high = map(math.log2, regime.reach)
    target, size = min(2.0 ** (low + (high - low) * rng.random()), cap / 2), _largest(array)
    return 1.0 if size == 0 or (regime.shrinks and size <= target) else _power(target / size)


def _layer(rng: Generator, regime: Regime, shape: tuple[int, int], a: Array, cap: float) -> tuple[Array, Array, Array]:
    weights = _emptied(rng, regime, regime.entries(rng, shape))
    bias = _emptied(rng, regime, regime.entries(rng, (shape[0], 1)))
    product = weights @ a
    size = _largest(product)
    if size > 0 and not regime.shrinks:  # to the size of the bias, so that neither hides the other
        factor = _power((_largest(bias) or 1.0) / size)
        weights, product = weights * factor, product * factor
    z = product + bias
    factor = _factor(rng, regime, z, cap)
    return weights * factor, bias * factor, z * factor


def _largest(array: Array) -> float:
    return float(np.maximum.reduce(np.abs(array), axis=None))


def _power(ratio: float) -> float:
    return 2.0 ** round(min(max(math.log2(ratio), -100.0), 100.0))


def _bend(rng: Generator, z: Array, bias: Array, kinks: tuple[float, ...]) -> Array:
    """Put one z at a known distance from a kink, by its bias."""
    if not kinks:
        return z
    i, n = rng.integers(z.shape[0]), rng.integers(z.shape[1])
    distance = rng.choice((-1, 1)) * 10.0 ** rng.uniform(-9, -2)
    shift = kinks[rng.integers(len(kinks))] + distance - z[i, n]
    bias[i] += shift
    z = z.copy()
    z[i] += shift
    return z
