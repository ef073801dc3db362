"""Claims in single and half precision, and float64 that passes through them."""

from __future__ import annotations

import numpy as np

from corpus.nasty.row import table

ROWS, add = table("low")
F, H = np.float32, np.float16


def single(a):
    return np.asarray(a, dtype=F)


add(
    "dot product in single precision",
    "seven digits, of a sum of 200",
    lambda r: {"x": single(r.normal(size=200)), "y": single(r.normal(size=200))},
    lambda e, x, y: (x * y).sum(),
    lambda v, x, y: {"x": v * y, "y": v * x},
)
add(
    "softplus in single precision",
    "plain log(1 + eˣ)",
    lambda r: {"x": single(2 * r.normal(size=9))},
    lambda e, x: e.log(1 + e.exp(x)),
    lambda v, x: (v / (1 + np.exp(-x))).astype(F),
)
add(
    "saturated tanh in single precision",
    "at 7 the value is 1 − 2e-6: one or two digits of the slope are left",
    lambda r: {"x": single(7 + 0.3 * r.normal(size=5))},
    lambda e, x: e.tanh(x),
    lambda v, x: (v / np.cosh(x) ** 2).astype(F),
)
add(
    "offset of a thousand in single precision",
    "values that move in steps of 6e-5",
    lambda r: {"x": single(r.normal(size=6))},
    lambda e, x: e.sin(x) + 1000,
    lambda v, x: (v * np.cos(x)).astype(F),
)
add(
    "mean of three thousand in single precision",
    "a slope of 3e-4 an entry, a value that knows seven digits",
    lambda r: {"x": single(r.normal(size=3_000))},
    lambda e, x: (x * x).sum() / 3_000,
    lambda v, x: (2 * v * x / 3_000).astype(F),
)
add(
    "exponential of −80 in single precision",
    "values of 1e-35, near the end of what single precision holds",
    lambda r: {"x": single(-80 + r.normal(size=4))},
    lambda e, x: e.exp(x),
    lambda v, x: (v * np.exp(x)).astype(F),
)
add(
    "relu with exact zeros in single precision",
    "kink and coarse grid at once",
    lambda r: {"x": single(np.where(r.random(8) < 0.4, 0.0, r.normal(size=8)))},
    lambda e, x: e.maximum(x, 0),
    lambda v, x: (v * (x > 0)).astype(F),
)
add(
    "normalisation in single precision",
    "x/√Σx² of 30 entries",
    lambda r: {"x": single(r.normal(size=30))},
    lambda e, x: x / e.sqrt((x * x).sum()),
    lambda v, x: ((v - x * (v * x).sum() / (x * x).sum()) / np.sqrt((x * x).sum())).astype(F),
)
add(
    "cubic in half precision",
    "three digits: rounding of half a per cent in a value",
    lambda r: {"x": np.asarray(r.uniform(0.5, 2, 6), dtype=H)},
    lambda e, x: x * x * x,
    lambda v, x: (3 * v * x * x).astype(H),
)
add(
    "sum of 64 in half precision",
    "the sum of numbers of one is about 64, where the grid is 1/16",
    lambda r: {"x": np.asarray(r.uniform(0.5, 1.5, 64), dtype=H)},
    lambda e, x: x.sum(),
    lambda v, x: (v * np.ones(64)).astype(H),
)
add(
    "tanh in half precision",
    "eleven bits",
    lambda r: {"x": np.asarray(r.normal(size=8), dtype=H)},
    lambda e, x: e.tanh(x),
    lambda v, x: (v / np.cosh(x.astype(F)) ** 2).astype(H),
)
add(
    "float64 through single precision",
    "an embedding in float32 inside a float64 model: values move in steps of 1e-7",
    lambda r: {"x": r.normal(size=6)},
    lambda e, x: _rounded(e, e.sin(x)),
    lambda v, x: v * np.cos(x),
)
add(
    "float64 activations stored in single precision twice",
    "values that were saved small between two layers",
    lambda r: {"x": r.normal(size=5)},
    lambda e, x: _rounded(e, e.exp(_rounded(e, e.sin(x)))),
    lambda v, x: v * np.cos(x) * np.exp(np.sin(x)),
)
add(
    "single precision beside double",
    "one primal of each: the result is double, its digits are not",
    lambda r: {"x": single(r.normal(size=5)), "w": r.normal(size=5)},
    lambda e, x, w: e.sin(x) * w,
    lambda v, x, w: {"x": (v * np.cos(x) * w).astype(F), "w": v * np.sin(x)},
)
add(
    "values printed to six digits",
    "a simulation whose output file has six digits",
    lambda r: {"x": r.uniform(0.5, 1.5, 4)},
    lambda e, x: np.round(np.exp(x), 6) if e is np else e.exp(x),
    lambda v, x: v * np.exp(x),
)
add(
    "values counted in whole numbers of 1e-3",
    "a detector's counts: steps that are no structure of the function",
    lambda r: {"x": r.uniform(0.5, 1.5, 4)},
    lambda e, x: np.rint(1e3 * np.exp(x)) / 1e3 if e is np else e.exp(x),
    lambda v, x: v * np.exp(x),
)


def _rounded(e, a):
    return np.asarray(a).astype(F).astype(float) if e is np else a
