"""Kinks at the point and beside it, ties, steps, and pieces that are constant: any slope between the two is right."""

from __future__ import annotations

import numpy as np

from corpus.nasty.row import table

ROWS, add = table("kink")


def grid(r, *values, n=8):
    return np.resize(values, n).astype(float)


add(
    "pinball loss at its kink",
    "quantile regression with a residual of exactly zero; 0.9 or −0.1, here 0",
    lambda r: {"x": grid(r, 0.0, 1.3, -0.7, 0.0)},
    lambda e, x: e.maximum(0.9 * x, -0.1 * x),
    lambda v, x: v * np.where(x > 0, 0.9, np.where(x < 0, -0.1, 0.0)),
)
add(
    "soft threshold at its threshold",
    "sign(x)·max(|x| − 1, 0) at ±1: slope 0 or 1",
    lambda r: {"x": grid(r, 1.0, -1.0, 0.2, 2.5)},
    lambda e, x: e.sign(x) * e.maximum(abs(x) - 1, 0),
    lambda v, x: v * (np.abs(x) > 1),
)
add(
    "relu6 at both bounds",
    "0 and 6 exactly, as after quantisation",
    lambda r: {"x": grid(r, 0.0, 6.0, 3.0, 7.0, -1.0)},
    lambda e, x: e.minimum(e.maximum(x, 0), 6),
    lambda v, x: v * ((x > 0) & (x < 6)),
)
add(
    "hard sigmoid at ±3",
    "clip(x/6 + 1/2, 0, 1) exactly where it bends",
    lambda r: {"x": grid(r, -3.0, 3.0, 1.0, -5.0)},
    lambda e, x: e.minimum(e.maximum(x / 6 + 0.5, 0), 1),
    lambda v, x: v * ((x > -3) & (x < 3)) / 6,
)
add(
    "hard swish at −3",
    "x·clip(x/6 + 1/2, 0, 1): the left slope is 0, the right one −1/2",
    lambda r: {"x": grid(r, -3.0, 0.5, -4.0)},
    lambda e, x: x * e.minimum(e.maximum(x / 6 + 0.5, 0), 1),
    lambda v, x: v * np.where(x <= -3, 0.0, np.where(x >= 3, 1.0, x / 3 + 0.5)),
)
add(
    "Euclidean length of a zero vector",
    "√Σx² at the origin: a cone; zero is as right as any",
    lambda r: {"x": np.zeros(3)},
    lambda e, x: e.sqrt((x**2).sum()),
    lambda v, x: v * x / max(np.sqrt((x**2).sum()), 1e-300),
)
add(
    "total variation of a flat signal",
    "Σ|x_{i+1} − x_i| with neighbours that are equal",
    lambda r: {"x": np.array([1.0, 1.0, 2.0, 2.0, 2.0, 0.5])},
    lambda e, x: abs(x[1:] - x[:-1]).sum(),
    lambda v, x: v * (np.append(0, np.sign(np.diff(x))) - np.append(np.sign(np.diff(x)), 0)),
)
add(
    "maximum with three at the top",
    "a tie of three: each third, or one for all",
    lambda r: {"x": np.array([2.0, 1.0, 2.0, 0.0, 2.0])},
    lambda e, x: x.max(),
    lambda v, x: v * (x == x.max()) / (x == x.max()).sum(),
)
add(
    "median of an even number",
    "the mean of the middle two, which are equal",
    lambda r: {"x": np.array([1.0, 5.0, 3.0, 3.0, 0.0, 7.0])},
    lambda e, x: e.sort(x)[2:4].sum() / 2,
    lambda v, x: v * _by_rank(x, np.array([0, 0, 0.5, 0.5, 0, 0])),
)
add(
    "largest absolute entry, of both signs",
    "max |x| with 2 and −2",
    lambda r: {"x": np.array([2.0, -2.0, 1.0])},
    lambda e, x: abs(x).max(),
    lambda v, x: v * np.sign(x) * (np.abs(x) == np.abs(x).max()) / (np.abs(x) == np.abs(x).max()).sum(),
)
add(
    "floor away from whole numbers",
    "a staircase: the slope is zero although the value is not",
    lambda r: {"x": r.integers(-5, 5, 6) + r.uniform(0.2, 0.8, 6)},
    lambda e, x: e.floor(x),
    lambda v, x: 0 * v * x,
)
add(
    "sawtooth",
    "x − floor(x): slope one on every tooth",
    lambda r: {"x": r.integers(-5, 5, 6) + r.uniform(0.2, 0.8, 6)},
    lambda e, x: x - e.floor(x),
    lambda v, x: v * np.ones(6),
)
add(
    "sign of what is far from zero",
    "constant in pieces: the gradient is zero",
    lambda r: {"x": grid(r, 1.5, -2.0, 0.7)},
    lambda e, x: e.sign(x) + 0 * x,
    lambda v, x: 0 * v * x,
)
add(
    "count of the entries above a threshold",
    "a sum of steps, times a smooth factor",
    lambda r: {"x": r.normal(size=8), "a": np.array(0.7)},
    lambda e, x, a: (e.where(x > 0.05, 1.0, 0.0) + 0 * x).sum() * e.sin(a),
    lambda v, x, a: {"x": 0 * x, "a": v * (x > 0.05).sum() * np.cos(a)},
)
add(
    "leaky relu with zeros in the data",
    "padding zeros on the kink: slopes 0.01 and 1",
    lambda r: {"x": np.where(r.random(10) < 0.4, 0.0, r.normal(size=10))},
    lambda e, x: e.where(x > 0, x, 0.01 * x),
    lambda v, x: v * np.where(x > 0, 1.0, 0.01),
)
add(
    "absolute value a hair from zero",
    "entries of ±1e-9: any usual step crosses the kink",
    lambda r: {"x": grid(r, 1e-9, -1e-9, 1.0, -2e-9)},
    lambda e, x: abs(x),
    lambda v, x: v * np.sign(x),
)
add(
    "hinge at the margin",
    "max(0, 1 − y·s) with y·s = 1 exactly",
    lambda r: {"s": grid(r, 1.0, -1.0, 0.3, 2.0)},
    lambda e, s: e.maximum(1 - s, 0).sum(),
    lambda v, s: -v * (s < 1),
)
add(
    "two relus that cancel",
    "max(x, 0) − max(−x, 0) at 0 is x: no kink after all",
    lambda r: {"x": grid(r, 0.0, 1.0, -1.0)},
    lambda e, x: e.maximum(x, 0) - e.maximum(-x, 0),
    lambda v, x: v * np.ones_like(x),
)
add(
    "x·|x| at zero",
    "smooth once: slope zero, curvature jumps",
    lambda r: {"x": grid(r, 0.0, 0.5, -0.5)},
    lambda e, x: x * abs(x),
    lambda v, x: 2 * v * np.abs(x),
    kind="ordinary",
)
add(
    "Huber loss exactly at its threshold",
    "quadratic inside, linear outside: once differentiable",
    lambda r: {"x": grid(r, 1.0, -1.0, 0.2, 3.0)},
    lambda e, x: e.where(abs(x) <= 1, 0.5 * x**2, abs(x) - 0.5),
    lambda v, x: v * np.clip(x, -1, 1),
    kind="ordinary",
)
add(
    "ELU at zero",
    "eˣ − 1 meets x: once differentiable, the curvature jumps from 1 to 0",
    lambda r: {"x": grid(r, 0.0, -1.0, 1.0)},
    lambda e, x: e.where(x > 0, x, e.exp(e.minimum(x, 0)) - 1),
    lambda v, x: v * np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))),
    kind="ordinary",
)
add(
    "cube root beside zero",
    "slope of 1e4 at 1e-7, infinite at 0, and the same value changes sign",
    lambda r: {"x": grid(r, 1e-7, -1e-7, 1.0)},
    lambda e, x: e.sign(x) * e.cbrt(abs(x)),
    lambda v, x: v / (3 * np.cbrt(np.abs(x)) ** 2),
)
add(
    "sorted and thresholded",
    "the three largest of equal entries",
    lambda r: {"x": np.array([1.0, 1.0, 1.0, 1.0, 0.0])},
    lambda e, x: e.sort(x)[-3:].sum(),
    lambda v, x: v * _by_rank(x, np.array([0.0, 0.0, 1.0, 1.0, 1.0])),
)
add(
    "quantised weights",
    "rounding to sixteenths below a smooth function: constant in pieces",
    lambda r: {"w": r.integers(-9, 9, 5) / 16 + 0.01},
    lambda e, w: e.sin(e.floor(16 * w + 0.5) / 16),
    lambda v, w: 0 * v * w,
)
add(
    "clipped loss",
    "min(loss, 5) where it is above 5: exactly flat",
    lambda r: {"x": np.array([3.0, 4.0])},
    lambda e, x: e.minimum((x**2).sum(), 5.0),
    lambda v, x: 0 * v * x,
)
add(
    "winner of a softmax taken by argmax",
    "the index is constant nearby, its logit is what learns",
    lambda r: {"z": np.array([1.0, 3.0, 2.0])},
    lambda e, z: e.exp(z[int(np.argmax(z))]),
    lambda v, z: v * np.exp(z) * (np.arange(3) == np.argmax(z)),
    kind="ordinary",
)


def _by_rank(x, weights):
    g = np.empty_like(x)
    g[np.argsort(x, kind="stable")] = weights
    return g
