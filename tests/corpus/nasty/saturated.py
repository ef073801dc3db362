"""Saturation, tails, vanishing and exploding slopes."""

from __future__ import annotations

import numpy as np
from scipy.special import erfc, expit

from corpus.nasty.row import table

ROWS, add = table("ordinary")

add(
    "softplus at −30",
    "its value is 1e-13: every digit of a difference beside a 1 is lost, but log1p keeps them",
    lambda r: {"x": -30 + r.normal(size=6)},
    lambda e, x: e.log1p(e.exp(x)),
    lambda v, x: v * expit(x),
)
add(
    "Planck's law in its tail",
    "x³/(eˣ − 1) at 500: values of 1e-209, of which squares underflow",
    lambda r: {"x": r.uniform(480, 520, 5)},
    lambda e, x: x**3 / e.expm1(x),
    lambda v, x: v * (3 * x**2 / np.expm1(x) - x**3 / (4 * np.sinh(x / 2) ** 2)),
    kind="scale",
)
add(
    "Arrhenius rates",
    "exp(−E/T) for E/T near 200: the value changes by its own size in half a per cent of T",
    lambda r: {"T": 300 + 10 * r.normal(size=4)},
    lambda e, T: e.exp(-60000.0 / T),
    lambda v, T: v * np.exp(-60000.0 / T) * 60000.0 / T**2,
    kind="scale",
)
add(
    "logistic on its upper plateau",
    "1/(1 + e⁻ˣ) at 20: the value is 1 to nine digits, so differences of it have seven left",
    lambda r: {"x": 20 + 0.5 * r.normal(size=5)},
    lambda e, x: 1 / (1 + e.exp(-x)),
    lambda v, x: v * expit(x) * expit(-x),
    kind="scale",
)
add(
    "logistic beyond its plateau",
    "at 45 the value is exactly 1 in float64 while the slope is 3e-20: no difference can see it",
    lambda r: {"x": 45 + r.normal(size=5)},
    lambda e, x: 1 / (1 + e.exp(-x)),
    lambda v, x: v * expit(x) * expit(-x),
    kind="hard",
)
add(
    "Gaussian bump, six widths out",
    "values of 1e-8 whose logarithmic slope is −6: relative steps must be small",
    lambda r: {"x": 6 + 0.2 * r.normal(size=6)},
    lambda e, x: e.exp(-0.5 * x**2),
    lambda v, x: -v * x * np.exp(-0.5 * x**2),
)
add(
    "one Gaussian among many narrow ones",
    "width 1e-4 at distance 3e-4: a step of 1e-3 jumps over the bump",
    lambda r: {"x": 3e-4 * r.normal(size=5)},
    lambda e, x: e.exp(-0.5 * (1e4 * x) ** 2),
    lambda v, x: -v * 1e8 * x * np.exp(-0.5 * (1e4 * x) ** 2),
)
add(
    "tanh of tanh of tanh at 6",
    "three saturations: the slope is 1e-5 of the value",
    lambda r: {"x": 6 + 0.3 * r.normal(size=4)},
    lambda e, x: e.tanh(e.tanh(e.tanh(x))),
    lambda v, x: v / np.cosh(x) ** 2 / np.cosh(np.tanh(x)) ** 2 / np.cosh(np.tanh(np.tanh(x))) ** 2,
)
add(
    "Michaelis-Menten far above saturation",
    "s/(K + s) at s = 1e4 K: slope 1e-8 beside a value of 1",
    lambda r: {"s": 1e4 * r.uniform(0.5, 2, 5), "K": r.uniform(0.5, 2, 5)},
    lambda e, s, K: s / (K + s),
    lambda v, s, K: {"s": v * K / (K + s) ** 2, "K": -v * s / (K + s) ** 2},
)
add(
    "exponential of an exponential",
    "exp(exp(x)) at 3.5: the slope is 33 times the value and grows as fast",
    lambda r: {"x": 3.5 + 0.1 * r.normal(size=4)},
    lambda e, x: e.exp(e.exp(x)),
    lambda v, x: v * np.exp(np.exp(x) + x),
)
add(
    "tenth power of a tenth power",
    "x¹⁰⁰ near 1: a step of 1 % changes the value by its own size",
    lambda r: {"x": 1 + 0.01 * r.normal(size=5)},
    lambda e, x: (x**10) ** 10,
    lambda v, x: 100 * v * x**99,
)
add(
    "deep chain of sines",
    "twenty sines of one another: slopes multiply to 1e-6",
    lambda r: {"x": r.uniform(0.5, 2.5, 5)},
    lambda e, x: _nested(e.sin, x, 20),
    lambda v, x: v * np.prod([np.cos(_nested(np.sin, x, k)) for k in range(20)], axis=0),
)
add(
    "Student's t far out",
    "log(1 + t²/ν) at t = 1e6: nearly 2·log t, with a slope of 2e-6",
    lambda r: {"t": 1e6 * r.uniform(0.5, 2, 4)},
    lambda e, t: 2.0 * e.log1p(t**2 / 3.0),
    lambda v, t: v * 4.0 * t / (3.0 + t**2),
)
add(
    "hill function of order eight",
    "x⁸/(1 + x⁸) at 0.1: values of 1e-8 that grow eightfold as fast as x",
    lambda r: {"x": r.uniform(0.08, 0.12, 5)},
    lambda e, x: x**8 / (1 + x**8),
    lambda v, x: v * 8 * x**7 / (1 + x**8) ** 2,
)
add(
    "inverse square root at 1e-12",
    "x^(−1/2) for tiny x: the slope is −5e17",
    lambda r: {"x": 1e-12 * r.uniform(0.5, 2, 4)},
    lambda e, x: 1 / e.sqrt(x),
    lambda v, x: -0.5 * v * x**-1.5,
)
add(
    "Lennard-Jones wall",
    "r⁻¹² − r⁻⁶ at 0.6: forces of 1e4 that double within a hundredth",
    lambda r: {"r": r.uniform(0.55, 0.65, 5)},
    lambda e, r: r**-12.0 - r**-6.0,
    lambda v, r: v * (-12 * r**-13.0 + 6 * r**-7.0),
)
add(
    "Lennard-Jones at its minimum",
    "the force is zero within rounding, the curvature 57",
    lambda r: {"r": 2 ** (1 / 6) * np.ones(4)},
    lambda e, r: r**-12.0 - r**-6.0,
    lambda v, r: v * (-12 * r**-13.0 + 6 * r**-7.0),
    kind="scale",
    loses=1e-13,
)
add(
    "complementary error by its series of one term",
    "exp(−x²)/(x√π) at 5: values of 1e-12 whose slope is ten times them",
    lambda r: {"x": 5 + 0.2 * r.normal(size=5)},
    lambda e, x: e.exp(-(x**2)) / x,
    lambda v, x: -v * np.exp(-(x**2)) * (2 + 1 / x**2),
)
add(
    "log of a logistic, far on the wrong side",
    "−log(1 + e⁻ˣ) at −700: e⁷⁰⁰ is 1e304, which must not be squared",
    lambda r: {"x": -690 + 10 * r.random(4)},
    lambda e, x: -e.logaddexp(0 * x, -x),
    lambda v, x: v * expit(-x),
)
add(
    "probit's normal integral in the tail",
    "erf at 4: 1 − 1e-8, with a slope of 1e-7",
    lambda r: {"x": 4 + 0.2 * r.normal(size=4)},
    lambda e, x: _erf(e, x),
    lambda v, x: v * 2 / np.sqrt(np.pi) * np.exp(-(x**2)),
    kind="scale",
)
add(
    "a gate that is shut, times something large",
    "e⁻²⁵ · x³ at x = 1e4: both factors matter, the product is about one",
    lambda r: {"x": 1e4 * r.uniform(0.8, 1.2, 4), "g": -25 + r.normal(size=4)},
    lambda e, x, g: e.exp(g) * x**3,
    lambda v, x, g: {"x": v * 3 * x**2 * np.exp(g), "g": v * np.exp(g) * x**3},
)


def _nested(f, x, times):
    for _ in range(times):
        x = f(x)
    return x


def _erf(e, x):
    return 1 - erfc(x) if e is np else e.erf(x)
