"""Cancellation, offsets, huge and tiny scales, long sums: right gradients of values that carry few digits."""

from __future__ import annotations

import numpy as np

from corpus.nasty.row import table

ROWS, add = table("scale")

add(
    "sphere's volume minus the ball's beside it",
    "(x + 1e-3)³ − x³ at 1e3: six digits of each cube cancel",
    lambda r: {"x": 1e3 * r.uniform(1, 2, 4)},
    lambda e, x: (x + 1e-3) ** 3 - x**3,
    lambda v, x: v * 3 * ((x + 1e-3) ** 2 - x**2),
    within=1e-5,
)
add(
    "variance as a difference of squares",
    "⟨x²⟩ − ⟨x⟩² of data at 1e4: eight digits cancel, as in old textbooks",
    lambda r: {"x": 1e4 + r.normal(size=8)},
    lambda e, x: (x**2).sum() / 8 - (x.sum() / 8) ** 2,
    lambda v, x: v * 2 * (x - x.mean()) / 8,
)
add(
    "temperature in kelvin",
    "an offset of 273.15 under a change of one: nothing unusual, and three digits gone",
    lambda r: {"t": r.normal(size=6)},
    lambda e, t: 273.15 + e.sin(t),
    lambda v, t: v * np.cos(t),
    kind="ordinary",
)
add(
    "seconds since 1970",
    "a phase in a timestamp of 1.7e9: the point itself has 7 digits behind the comma",
    lambda r: {"t": 1.7e9 + 100 * r.random(4)},
    lambda e, t: e.sin((t - 1.7e9) / 10.0),
    lambda v, t: v * np.cos((t - 1.7e9) / 10.0) / 10.0,
)
add(
    "astronomical distance in metres",
    "1/r² at 1.5e11: values of 1e-23 and slopes of 1e-34",
    lambda r: {"r": 1.5e11 * r.uniform(0.9, 1.1, 5)},
    lambda e, r: 1 / r**2,
    lambda v, r: -2 * v / r**3,
)
add(
    "Planck's constant for a scale",
    "6.6e-34 times a frequency of 5e14, squared: products of 1e-38",
    lambda r: {"nu": 5e14 * r.uniform(0.8, 1.2, 4)},
    lambda e, nu: (6.626e-34 * nu) ** 2,
    lambda v, nu: 2 * v * 6.626e-34**2 * nu,
)
add(
    "Avogadro's number of terms",
    "6e23 · x log x: gradients of 1e23",
    lambda r: {"x": r.uniform(0.5, 2, 5)},
    lambda e, x: 6.022e23 * x * e.log(x),
    lambda v, x: v * 6.022e23 * (np.log(x) + 1),
)
add(
    "alternating sum of large terms",
    "Σ (−1)ᵏ 1e6 sin(x + k): forty terms of 1e6 that add up to 1e6",
    lambda r: {"x": r.normal(size=3)},
    lambda e, x: sum((-1.0) ** k * 1e6 * e.sin(x + k) for k in range(40)),
    lambda v, x: v * sum((-1.0) ** k * 1e6 * np.cos(x + k) for k in range(40)),
    kind="ordinary",
)
add(
    "second difference of a smooth signal",
    "x₀ − 2x₁ + x₂ at 1e5 with a spacing of one: curvature beside huge values",
    lambda r: {"x": 1e5 + np.cumsum(r.normal(size=8))},
    lambda e, x: x[2:] - 2 * x[1:-1] + x[:-2],
    lambda v, x: np.append(0, np.append(0, v)) - 2 * np.append(0, np.append(v, 0)) + np.append(v, [0, 0]),
)
add(
    "quadratic's small root",
    "b − √(b² − 4c) with b = 1e4, c = 1: eight digits cancel, the root is 2e-4",
    lambda r: {"b": 1e4 * r.uniform(0.9, 1.1, 4)},
    lambda e, b: b - e.sqrt(b**2 - 4.0),
    lambda v, b: v * -(4.0 / (b + np.sqrt(b**2 - 4))) / np.sqrt(b**2 - 4),
)
add(
    "one minus cosine of a small angle",
    "1 − cos at 1e-3: the value is 5e-7, its rounding 1e-16",
    lambda r: {"x": 1e-3 * r.uniform(0.5, 2, 5)},
    lambda e, x: 1 - e.cos(x),
    lambda v, x: v * np.sin(x),
)
add(
    "log of one plus a tiny number, written plainly",
    "log(1 + x) at 1e-6: ten digits are left",
    lambda r: {"x": 1e-6 * r.uniform(0.5, 2, 5)},
    lambda e, x: e.log(1 + x),
    lambda v, x: v / (1 + x),
)
add(
    "compound interest over 1e6 periods",
    "(1 + r/n)ⁿ: the rounding of 1 + r/n is multiplied by a million",
    lambda r: {"rate": r.uniform(0.02, 0.08, 4)},
    lambda e, rate: (1 + rate / 1e6) ** 1e6,
    lambda v, rate: v * (1 + rate / 1e6) ** (1e6 - 1),
)
add(
    "haversine distance of neighbours",
    "two places 100 m apart on a globe: sin² of 1e-5 radians under a root",
    lambda r: {"lat": 0.9 + 1e-5 * r.random(4), "lon": 0.1 + 1e-5 * r.random(4)},
    lambda e, lat, lon: (
        2 * 6.4e6 * e.sqrt(e.sin((lat - 0.9) / 2) ** 2 + e.cos(lat) * np.cos(0.9) * e.sin((lon - 0.1) / 2) ** 2)
    ),
    lambda v, lat, lon: _haversine(v, lat, lon),
)
add(
    "Horner polynomial with coefficients of 1e6",
    "large coefficients that cancel near a root",
    lambda r: {"x": 1 + 0.01 * r.normal(size=5)},
    lambda e, x: ((1e6 * x - 3e6) * x + 3e6) * x - 1e6,
    lambda v, x: v * ((3e6 * x - 6e6) * x + 3e6),
)
add(
    "Rosenbrock's valley, at its floor",
    "100 (y − x²)² on y = x²: the steep part is flat exactly here",
    lambda r: (lambda x: {"x": x, "y": x**2})(r.normal(size=4)),
    lambda e, x, y: 100 * (y - x**2) ** 2 + (1 - x) ** 2,
    lambda v, x, y: {"x": v * (-400 * x * (y - x**2) - 2 * (1 - x)), "y": v * 200 * (y - x**2)},
    loses=1e-12,
)
add(
    "sum of four thousand squares",
    "a long sum: each entry's share is 2.5e-4 of the value",
    lambda r: {"x": r.normal(size=4_000)},
    lambda e, x: (x**2).sum(),
    lambda v, x: 2 * v * x,
    kind="ordinary",
)
add(
    "log-likelihood of ten thousand counts",
    "Σ (k log λ − λ): one rate, a value of 1e5, the slope near zero at the maximum",
    lambda r: {"rate": np.array(3.02)},
    lambda e, rate: 30_000 * e.log(rate) - 10_000 * rate,
    lambda v, rate: v * (30_000 / rate - 10_000),
)
add(
    "mean over a hundred thousand, of which four thousand are here",
    "a slope of 1e-5 in each entry",
    lambda r: {"x": r.normal(size=4_000)},
    lambda e, x: e.sin(x).sum() / 1e5,
    lambda v, x: v * np.cos(x) / 1e5,
    kind="ordinary",
)
add(
    "tiny weights beside large ones",
    "a gain of 1e-9 that multiplies inputs of 1e9",
    lambda r: {"w": 1e-9 * r.normal(size=5), "x": 1e9 * r.normal(size=5)},
    lambda e, w, x: e.tanh(w * x),
    lambda v, w, x: {"w": v * x / np.cosh(w * x) ** 2, "x": v * w / np.cosh(w * x) ** 2},
    kind="ordinary",
)
add(
    "two outputs of 1e-8 and 1e8",
    "one array that holds both: the small one must not be lost",
    lambda r: {"x": r.normal(size=4)},
    lambda e, x: e.concatenate([1e-8 * e.sin(x), 1e8 * e.cos(x)]),
    lambda v, x: 1e-8 * np.cos(x) * v[:4] - 1e8 * np.sin(x) * v[4:],
)
add(
    "subnormal outputs",
    "values of 1e-310, where numbers lose their digits one by one",
    lambda r: {"x": r.uniform(0.5, 1.5, 4)},
    lambda e, x: 1e-155 * (1e-155 * x**2),
    lambda v, x: 1e-155 * (1e-155 * (2 * v * x)),
    kind="hard",
    within=1e-3,
)
add(
    "outputs of 1e300",
    "their squares overflow; nothing here squares them",
    lambda r: {"x": r.uniform(0.5, 1.5, 4)},
    lambda e, x: 1e300 * e.sin(x),
    lambda v, x: 1e300 * np.cos(x) * v,
)
add(
    "Box-Cox transform near λ = 0",
    "(x^λ − 1)/λ at 1e-4: four digits cancel, and the limit is log x",
    lambda r: {"x": r.uniform(0.5, 3, 4)},
    lambda e, x: (x**1e-4 - 1) / 1e-4,
    lambda v, x: v * x ** (1e-4 - 1),
)
add(
    "softmax of logits at 1e5",
    "only differences count, and they are the last eleven digits",
    lambda r: {"z": 1e5 + r.normal(size=5)},
    lambda e, z: e.exp(z - 1e5) / e.exp(z - 1e5).sum(),
    lambda v, z: _softmax(v, z - 1e5),
)
add(
    "ratio of two nearly equal sums",
    "Σx / Σ(x + 1e-8): the value is 1 to eight digits",
    lambda r: {"x": r.uniform(1, 2, 6)},
    lambda e, x: x.sum() / (x + 1e-8).sum(),
    lambda v, x: v * np.full(6, 6e-8 / (x + 1e-8).sum() ** 2),
    kind="hard",
)


def _haversine(v, lat, lon):
    s, t = np.sin((lat - 0.9) / 2), np.sin((lon - 0.1) / 2)
    root = np.sqrt(s**2 + np.cos(lat) * np.cos(0.9) * t**2)
    c, d = np.cos((lat - 0.9) / 2), np.cos((lon - 0.1) / 2)
    dlat = 6.4e6 * (s * c - np.sin(lat) * np.cos(0.9) * t**2) / root
    return {"lat": v * dlat, "lon": v * 6.4e6 * np.cos(lat) * np.cos(0.9) * t * d / root}


def _softmax(v, z):
    s = np.exp(z) / np.exp(z).sum()
    return s * (v - (s * v).sum())
