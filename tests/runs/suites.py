"""Suites for the tests of runs: right and wrong layers, and subjects that end the process that audits them."""

from __future__ import annotations

import ctypes
import os
import time
from typing import Any

import numpy as np

from checks.runs import Grid


def dense(n: int, i: int, o: int, dtype: str = "float64", wrong: bool = False) -> Any:
    rng = np.random.default_rng([n, i, o])
    x, w = (rng.normal(size=shape).astype(dtype) for shape in ((n, i), (i, o)))

    def forward(x: Any, w: Any) -> Any:
        return np.tanh(x @ w), (x, w)

    def backward(dout: Any, cache: Any) -> Any:
        x, w = cache
        dz = dout * (1 - np.tanh(x @ w) ** 2)
        return dz @ w.T, x.T @ dz * (0.5 if wrong else 1.0)

    return forward, backward, x, w


def slow(k: int) -> Any:
    time.sleep(0.05)
    return dense(1 + k % 3, 2, 2)


def poison(how: str) -> Any:
    forward, backward, x, w = dense(2, 2, 2)

    def bad(x: Any, w: Any) -> Any:
        if how == "exits":
            os._exit(7)
        if how == "segfaults":
            ctypes.string_at(0)
        if how == "loops":
            while True:
                pass
        if how == "eats":
            kept = []
            while True:
                kept.append(np.ones(20_000_000))
        return forward(x, w)

    return bad, backward, x, w


def raises(how: str) -> Any:
    raise ValueError(f"no layer called {how}")


RIGHT = {"dense": Grid(dense, {"n": [1, 2, 3], "i": [1, 3], "o": [2], "dtype": ["float32", "float64"]})}
MIXED = {
    **RIGHT,
    "wrong": Grid(dense, {"n": [2], "i": [3], "o": [2], "wrong": [True]}),
    "raises": Grid(raises, {"how": ["that"]}),
    "nothing": 3,
}
POISONED = {
    "first": Grid(slow, {"k": list(range(8))}),
    "poison": Grid(poison, {"how": ["exits", "segfaults", "loops", "eats"]}),
    "last": Grid(slow, {"k": list(range(8, 16))}),
}
SLOW = {"slow": Grid(slow, {"k": list(range(40))})}
