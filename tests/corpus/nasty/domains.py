"""Edges of the domain, poles, branch cuts, and points where a formula is 0/0 but the function is not."""

from __future__ import annotations

import math

import numpy as np

from corpus.nasty.row import table

ROWS, add = table("scale")

add(
    "entropy with a probability of 1e-12",
    "−p log p beside zero: slope 27, domain ends 1e-12 away",
    lambda r: {"p": np.array([1e-12, 0.3, 0.7])},
    lambda e, p: -(p * e.log(p)).sum(),
    lambda v, p: -v * (np.log(p) + 1),
)
add(
    "square root next to zero",
    "√x at 1e-10: NaN below, and a slope of 5e4",
    lambda r: {"x": np.array([1e-10, 1e-3, 2.0])},
    lambda e, x: e.sqrt(x),
    lambda v, x: 0.5 * v / np.sqrt(x),
)
add(
    "logit beside one",
    "log(p/(1 − p)) at 1 − 1e-6: the end of the domain is a millionth away",
    lambda r: {"p": np.array([1 - 1e-6, 0.5, 1e-5])},
    lambda e, p: e.log(p / (1 - p)),
    lambda v, p: v / (p * (1 - p)),
)
add(
    "arccosh-like root at its branch point",
    "log(x + √(x² − 1)) at 1.0001: slope 70, undefined below 1",
    lambda r: {"x": 1 + 1e-4 * r.uniform(0.5, 2, 4)},
    lambda e, x: e.log(x + e.sqrt(x**2 - 1)),
    lambda v, x: v / np.sqrt(x**2 - 1),
)
add(
    "tangent beside its pole",
    "tan at π/2 − 0.001: slope of a million",
    lambda r: {"x": np.pi / 2 - 1e-3 * r.uniform(0.5, 2, 4)},
    lambda e, x: e.tan(x),
    lambda v, x: v / np.cos(x) ** 2,
)
add(
    "reciprocal on both sides of its pole",
    "1/x at ±0.001: steps of a thousandth reach the pole",
    lambda r: {"x": np.array([1e-3, -1e-3, 0.5])},
    lambda e, x: 1 / x,
    lambda v, x: -v / x**2,
)
add(
    "angle across the branch cut",
    "atan2 near (−1, 0): values jump from π to −π a little further on",
    lambda r: {"y": 0.05 * r.uniform(0.5, 1, 3), "x": -r.uniform(1, 2, 3)},
    lambda e, y, x: e.arctan2(y, x),
    lambda v, y, x: {"y": v * x / (x**2 + y**2), "x": -v * y / (x**2 + y**2)},
)
add(
    "a logarithm that raises",
    "math.log does not return NaN: it raises outside its domain, here 1e-4 away",
    lambda r: {"x": np.array([1e-4, 0.5])},
    lambda e, x: sum(math.log(a) for a in x) if e is np else e.log(x).sum(),
    lambda v, x: v / x,
)
add(
    "an assertion about the domain",
    "a forward that refuses what is no probability, beside that bound",
    lambda r: {"p": np.array([1e-5, 1 - 1e-5, 0.4])},
    lambda e, p: _checked(e, p),
    lambda v, p: v * (1 - 2 * p),
)
add(
    "power with a negative base and a whole exponent",
    "(−2)³ is real, (−2)^3.001 is not: the base moves, the exponent is a number",
    lambda r: {"x": np.array([-2.0, -0.5, 1.5])},
    lambda e, x: x**3,
    lambda v, x: 3 * v * x**2,
    kind="ordinary",
)
add(
    "sinc at zero",
    "sin(x)/x filled in by 1 at 0: a hole in the formula, none in the function",
    lambda r: {"x": np.array([0.0, 1e-3, 1.0])},
    lambda e, x: e.where(x == 0, 1.0, e.sin(x) / e.where(x == 0, 1.0, x)),
    lambda v, x: v * np.where(x == 0, 0.0, (np.cos(x) * x - np.sin(x)) / np.where(x == 0, 1.0, x) ** 2),
    within=1e-7,
)
add(
    "(eˣ − 1)/x at 1e-5",
    "written with expm1, so that no digit is lost; a plain difference of values loses five",
    lambda r: {"x": 1e-5 * r.uniform(0.5, 2, 4)},
    lambda e, x: e.expm1(x) / x,
    lambda v, x: v * (0.5 + x / 3 + x**2 / 8 + x**3 / 30),
)
add(
    "power with exponent near zero",
    "x^a with a = 1e-9: flat in x, steep in a",
    lambda r: {"x": r.uniform(0.5, 2, 3), "a": np.array(1e-9)},
    lambda e, x, a: x**a,
    lambda v, x, a: {"x": v * a * x ** (a - 1), "a": (v * np.log(x) * x**a).sum()},
)
add(
    "barrier beside its wall",
    "−log(1 − x) at 0.9999, as an interior-point method has it",
    lambda r: {"x": np.array([0.9999, 0.5, -2.0])},
    lambda e, x: -e.log(1 - x),
    lambda v, x: v / (1 - x),
)
add(
    "arcsine beside one",
    "slope of 7,000 at 1 − 1e-8, NaN beyond",
    lambda r: {"x": np.array([1 - 1e-8, 0.3, -0.999])},
    lambda e, x: e.arcsin(x),
    lambda v, x: v / np.sqrt((1 - x) * (1 + x)),
    within=1e-7,
)
add(
    "x log x − x, at one",
    "the slope log x is zero here, to the last bit",
    lambda r: {"x": np.ones(3)},
    lambda e, x: x * e.log(x) - x,
    lambda v, x: v * np.log(x),
)
add(
    "Kepler's equation by Newton's method",
    "ten steps that converge: the derivative goes through all of them, and only the last counts",
    lambda r: {"m": r.uniform(0.3, 2.5, 4)},
    lambda e, m: _kepler(e, m),
    lambda v, m: v / (1 - 0.6 * np.cos(_kepler(np, m))),
    kind="ordinary",
)


def _checked(e, p):
    assert all(0 <= float(a) <= 1 for a in p), "no probability"
    return p * (1 - p)


def _kepler(e, m):
    x = m
    for _ in range(12):
        x = x - (x - 0.6 * e.sin(x) - m) / (1 - 0.6 * e.cos(x))
    return x
