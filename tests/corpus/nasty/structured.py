"""Shapes at their extremes, zero gradients, primals that do not matter, strong couplings, wild landscapes."""

from __future__ import annotations

import numpy as np

from corpus.nasty.row import table

ROWS, add = table("ordinary")

add(
    "a primal with no entries",
    "an empty batch beside a weight that matters",
    lambda r: {"w": r.normal(size=3), "extra": np.zeros((0, 3))},
    lambda e, w, extra: e.sin(w) + extra.sum(axis=0),
    lambda v, w, extra: {"w": v * np.cos(w), "extra": np.zeros((0, 3))},
)
add(
    "one number in, one number out",
    "arrays without axes, as a temperature or a loss",
    lambda r: {"x": np.array(r.normal())},
    lambda e, x: e.sin(x) * x,
    lambda v, x: v * (np.cos(x) * x + np.sin(x)),
)
add(
    "a loss of one example with one feature",
    "every axis has length one: sums, means and transposes are all alike",
    lambda r: {"x": r.normal(size=(1, 1)), "w": r.normal(size=(1, 1))},
    lambda e, x, w: ((x @ w) ** 2).sum(),
    lambda v, x, w: {"x": v * 2 * (x @ w) @ w.T, "w": v * 2 * x.T @ (x @ w)},
)
add(
    "six axes",
    "a tensor of shape (2, 1, 2, 1, 2, 2)",
    lambda r: {"x": r.normal(size=(2, 1, 2, 1, 2, 2))},
    lambda e, x: e.sin(x).sum(axis=(0, 3)),
    lambda v, x: np.cos(x) * np.expand_dims(v, (0, 3)),
)
add(
    "a parameter that the output does not depend on",
    "its gradient is zero, exactly, and that is right",
    lambda r: {"x": r.normal(size=4), "unused": r.normal(size=(2, 3))},
    lambda e, x, unused: e.tanh(x) + 0 * unused.sum(),
    lambda v, x, unused: {"x": v / np.cosh(x) ** 2, "unused": np.zeros((2, 3))},
)
add(
    "a sum of differences of neighbours around a ring",
    "Σ (x_{i+1} − x_i) is zero whatever x is: a gradient of zeros of a value of rounding",
    lambda r: {"x": r.normal(size=7)},
    lambda e, x: (e.concatenate([x[1:], x[:1]]) - x).sum(),
    lambda v, x: np.zeros(7),
    kind="scale",
)
add(
    "sin² + cos²",
    "constant in exact numbers, not in rounded ones",
    lambda r: {"x": r.normal(size=5)},
    lambda e, x: e.sin(x) ** 2 + e.cos(x) ** 2,
    lambda v, x: np.zeros(5),
    kind="scale",
)
add(
    "a direction of the gauge",
    "the dot product of normalised vectors: moving along a vector changes nothing",
    lambda r: {"x": np.array([3.0, 0.0, 0.0]), "y": np.array([2.0, 0.0, 0.0])},
    lambda e, x, y: (x * y).sum() / e.sqrt((x**2).sum() * (y**2).sum()),
    lambda v, x, y: {"x": v * _turned(x, y), "y": v * _turned(y, x)},
    kind="scale",
)
add(
    "saddle, exactly",
    "x² − y² at the origin: zero gradient, curvature of both signs",
    lambda r: {"x": np.zeros(3), "y": np.zeros(3)},
    lambda e, x, y: x**2 - y**2,
    lambda v, x, y: {"x": 2 * v * x, "y": -2 * v * y},
    kind="scale",
)
add(
    "x⁴ at zero",
    "gradient, curvature and third derivative all vanish",
    lambda r: {"x": np.zeros(4)},
    lambda e, x: x**4,
    lambda v, x: 4 * v * x**3,
    kind="scale",
)
add(
    "egg carton",
    "sin(50x)·sin(50y): forty bumps in a 100 % change",
    lambda r: {"x": r.normal(size=3), "y": r.normal(size=3)},
    lambda e, x, y: e.sin(50 * x) * e.sin(50 * y),
    lambda v, x, y: {"x": v * 50 * np.cos(50 * x) * np.sin(50 * y), "y": v * 50 * np.sin(50 * x) * np.cos(50 * y)},
)
add(
    "rapid wiggle on a slow slope",
    "x + 1e-3 sin(1e4 x): the wiggle's slope is ten times the slope's",
    lambda r: {"x": r.normal(size=4)},
    lambda e, x: x + 1e-3 * e.sin(1e4 * x),
    lambda v, x: v * (1 + 10 * np.cos(1e4 * x)),
)
add(
    "a wiggle too small to see",
    "x + 1e-12 sin(1e6 x): right is 1 + 1e-6 cos, and the wiggle is in the noise",
    lambda r: {"x": r.normal(size=4)},
    lambda e, x: x + 1e-12 * e.sin(1e6 * x),
    lambda v, x: v * (1 + 1e-6 * np.cos(1e6 * x)),
    kind="hard",
)
add(
    "ill-conditioned quadratic",
    "curvatures from 1e-6 to 1e6 in one form",
    lambda r: {"x": r.normal(size=5)},
    lambda e, x: (np.logspace(-6, 6, 5) * x**2).sum(),
    lambda v, x: v * 2 * np.logspace(-6, 6, 5) * x,
)
add(
    "Hilbert matrix times a vector",
    "rows that are nearly alike: the products differ in the third digit",
    lambda r: {"x": r.normal(size=6)},
    lambda e, x: (1.0 / (1 + np.arange(6)[:, None] + np.arange(6))) @ x,
    lambda v, x: (1.0 / (1 + np.arange(6)[:, None] + np.arange(6))) @ v,
)
add(
    "one entry used a thousand times",
    "a weight shared by a thousand examples: its gradient is a long sum that mostly cancels",
    lambda r: {"w": np.array([0.3])},
    lambda e, w: e.sin(np.linspace(-50, 50, 1000) * w[0]).sum() + w[0],
    lambda v, w: v * np.array([(np.linspace(-50, 50, 1000) * np.cos(np.linspace(-50, 50, 1000) * w[0])).sum() + 1]),
    kind="scale",
)
add(
    "logistic map, eight times",
    "chaos begins: slopes of 100 of values in [0, 1]",
    lambda r: {"x": r.uniform(0.2, 0.8, 3)},
    lambda e, x: _map(x, 8)[0],
    lambda v, x: v * _map(x, 8)[1],
)
add(
    "product of forty factors",
    "one factor of 1e-3 among them: dividing by it is fine, by zero would not be",
    lambda r: {"x": np.append(r.uniform(0.8, 1.2, 39), 1e-3)},
    lambda e, x: e.prod(x),
    lambda v, x: v * np.prod(x) / x,
)
add(
    "product with a zero factor",
    "only the zero's own gradient is not zero; x/x would be NaN",
    lambda r: {"x": np.array([2.0, 0.0, 3.0])},
    lambda e, x: e.prod(x),
    lambda v, x: v * np.array([np.prod(np.delete(x, i)) for i in range(3)]),
)
add(
    "quaternion normalised and squared",
    "unit length whatever the input: one direction of four is without effect",
    lambda r: {"q": r.normal(size=4)},
    lambda e, q: q**2 / (q**2).sum(),
    lambda v, q: 2 * q * (v - (v * q**2).sum() / (q**2).sum()) / (q**2).sum(),
)
add(
    "log of a sum of exponentials of far apart terms",
    "terms of e⁻⁷⁰⁰ beside e⁷⁰⁰, without a shift",
    lambda r: {"x": np.array([700.0, -700.0, 0.0])},
    lambda e, x: e.log(e.exp(x).sum()),
    lambda v, x: v * np.exp(x - x.max()) / np.exp(x - x.max()).sum(),
    kind="scale",
)
add(
    "a mask of ones and zeros times a large offset",
    "1e6 added where the mask is zero, as attention masks do, and cut off by exp",
    lambda r: {"z": r.normal(size=5)},
    lambda e, z: e.exp(z - 1e6 * np.array([0, 0, 1, 0, 1])).sum(),
    lambda v, z: v * np.exp(z - 1e6 * np.array([0, 0, 1, 0, 1])),
)


def _map(x, times):
    slope = 1.0 + 0 * x
    for _ in range(times):
        slope = slope * 3.8 * (1 - 2 * x)
        x = 3.8 * x * (1 - x)
    return x, slope


def _turned(x, y):
    """Gradient of the cosine between x and y with respect to x."""
    nx, ny = np.sqrt(x @ x), np.sqrt(y @ y)
    return (y / ny - x / nx * (x @ y) / (nx * ny)) / nx
