"""Hypothesis strategies for networks and what goes with them; they shrink to one layer of width one.

Structure is drawn, numbers are not: a network is a `Case` with a seed, so that an example is small, draws fast and
shrinks to the structure that matters. Regimes bring the exact zeros, ties and kinks that random numbers never hit.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from backprop import ACTIVATIONS, REDUCTIONS, Network
from checks.equations.cases import BATCH, COLUMNWISE, DEPTH, EQUAL, WIDTH, Case, build, losses_after
from checks.equations.regimes import LAYOUTS, REGIMES
from checks.probes import signed, size

Strategy = st.SearchStrategy
SEEDS = 2**32 - 1
BATCHES = (1, 2, 3, 4, 1, 2, 3, *range(1, BATCH + 1))


@cache  # a strategy that is made anew is looked through anew, at each draw
def _one_of(items: tuple[Any, ...]) -> Strategy[Any]:
    return st.sampled_from(items)


@st.composite
def layer_shapes(draw: st.DrawFn, *, depth: int = DEPTH, width: int = WIDTH) -> tuple[int, ...]:
    """Draw the widths (d_0, …, d_L), L at most ``depth``.

    Half of them, where the depth allows, are of equal widths and three layers or more.
    """
    layers = draw(st.integers(1, depth))
    most = draw(_one_of(tuple(sorted({min(w, width) for w in (4, 8, WIDTH)}))))
    widths = [draw(st.integers(1, most)) for _ in range(layers + 1)]
    # drawn last, and from no fewer choices, so that equal widths are not what an example shrinks to
    if depth >= 3 and draw(st.booleans()):
        equal = [w for w in EQUAL if w <= width]
        return (equal[sum(widths) % len(equal)],) * (max(layers, 3) + 1)
    return tuple(widths)


@cache
def activations(layers: int) -> Strategy[tuple[str, ...]]:
    """Draw one name a layer; columnwise ones more often than their share of the table."""
    one = st.sampled_from((*ACTIVATIONS, *COLUMNWISE))
    return st.tuples(*(one for _ in range(layers)))


@cache
def losses(activation: str) -> Strategy[str]:
    """Draw the name of a loss that takes what the last activation gives."""
    return st.sampled_from(losses_after(activation))


@st.composite
def cases(draw: st.DrawFn, *, depth: int = DEPTH, width: int = WIDTH, batch: int = BATCH) -> Case:
    """Draw the structure of a network, with its loss and batch."""
    sizes = draw(layer_shapes(depth=depth, width=width))
    names = draw(activations(len(sizes) - 1))
    return Case(
        sizes=sizes,
        activations=names,
        loss=draw(losses(names[-1])),
        reduction=draw(_one_of(tuple(REDUCTIONS))),
        batch=draw(_one_of(tuple(n for n in BATCHES if n <= batch))),
        regime=draw(_one_of(tuple(REGIMES))),
        layout=draw(_one_of(tuple(LAYOUTS))),
        seed=draw(st.integers(0, SEEDS)),
    )


def networks(**limits: int) -> Strategy[Network]:
    """Draw networks; ``limits`` as for `cases`."""
    return cases(**limits).map(_network)


def _network(case: Case) -> Network:
    point = build(case)
    return Network(point.W, point.b, (None, *(ACTIVATIONS[name] for name in case.activations)))


def batches(network: Network, *, most: int = BATCH) -> Strategy[Any]:
    """Draw inputs of shape (d_0, n) for a network, n at most ``most``; from every regime and layout."""

    def numbers(drawn: tuple[int, str, str, int]) -> Any:
        n, regime, layout, seed = drawn
        return LAYOUTS[layout](REGIMES[regime].entries(np.random.default_rng(seed), (network.sizes[0], n)))

    return st.tuples(
        st.integers(1, most), st.sampled_from(tuple(REGIMES)), st.sampled_from(tuple(LAYOUTS)), st.integers(0, SEEDS)
    ).map(numbers)


def tangents(like: Any) -> Strategy[Any]:
    """Draw directions for an array: signs times magnitudes in [1/2, 3/2] times the array's size, or one entry alone."""
    array = np.asarray(like)

    def dense(seed: int) -> Any:
        return signed(np.random.default_rng(seed), array.shape) * size(array)

    def single(index: int) -> Any:
        along = np.zeros(array.shape)
        along.flat[index] = size(array)
        return along

    if array.size == 0:
        return st.just(np.zeros(array.shape))
    return st.one_of(st.integers(0, array.size - 1).map(single), st.integers(0, SEEDS).map(dense))


def cotangents(output: Any) -> Strategy[Any]:
    """Draw cotangents for an output: of size one whatever its own is; dense, one entry, or with exact zeros."""
    ones = np.ones(np.shape(output))
    mask = st.integers(0, SEEDS).map(lambda seed: np.random.default_rng(seed).random(ones.shape) < 0.5)
    return st.one_of(tangents(ones), st.tuples(tangents(ones), mask).map(lambda drawn: drawn[0] * drawn[1]))
