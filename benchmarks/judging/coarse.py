"""Coarse arithmetic in places where nobody looks for it: few outputs, one tensor alone, in the middle, mixed dtypes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.judging.claim import Array, Draft, pick

Rounding = Callable[[Array], Array]


def as_half(x: Array) -> Array:
    return np.asarray(x).astype(np.float16).astype(np.float64)


def as_single(x: Array) -> Array:
    return np.asarray(x).astype(np.float32).astype(np.float64)


def as_brain(x: Array) -> Array:
    """Rounded to 8 significand bits, as bfloat16 is."""
    fraction, exponent = np.frexp(np.asarray(x, dtype=float))
    return np.ldexp(np.rint(np.ldexp(fraction, 8)), exponent - 8)


def _few(rng: np.random.Generator, store: Rounding, factor: float = 1.0) -> Draft:
    """A small layer of 1 to 5 outputs whose inputs, weights, sums and outputs are all stored coarsely."""
    d, m = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    bent = bool(rng.random() < 0.3)

    def z(p):
        return store(store(p["x"]) @ store(p["w"]) + store(p["b"]))

    def pullback(p, v):
        inner = p["x"] @ p["w"] + p["b"]
        dz = factor * v * ((inner > 0) if bent else 1 / np.cosh(inner) ** 2)
        return {"x": dz @ p["w"].T, "w": np.outer(p["x"], dz), "b": dz}

    return Draft(
        point={"x": rng.normal(size=d), "w": rng.normal(size=(d, m)), "b": rng.normal(size=m)},
        forward=lambda p: factor * store(np.maximum(z(p), 0) if bent else np.tanh(z(p))),
        pullback=pullback,
    )


def half_inside(rng: np.random.Generator) -> Draft:
    return _few(rng, as_half)


def brain_inside(rng: np.random.Generator) -> Draft:
    return _few(rng, as_brain)


def single_inside(rng: np.random.Generator) -> Draft:
    return _few(rng, as_single)


def coarse_then_scaled(rng: np.random.Generator) -> Draft:
    """float16 or bfloat16 times a float64 factor: the values have all their bits, and move on a coarse grid."""
    return _few(rng, pick(rng, [as_half, as_brain]), 10.0 ** rng.uniform(-6, 6))


def coarse_loss(rng: np.random.Generator) -> Draft:
    """A float64 loss of coarsely stored predictions, linear in them."""
    inner, store = _few(rng, pick(rng, [as_half, as_brain, as_single])), rng.normal(size=5)
    m = inner.point["b"].size
    return replace(
        inner,
        forward=lambda p: float(store[:m] @ inner.forward(p)),
        pullback=lambda p, v: inner.pullback(p, v * store[:m]),
    )


def coarse_tensor(rng: np.random.Generator) -> Draft:
    """float64, but one tensor is stored coarsely before it is used."""
    n, d, m = (int(k) for k in rng.integers(1, 5, 3))
    store, which = pick(rng, [as_half, as_brain, as_single]), pick(rng, ["w", "b"])

    def z(p):
        q = dict(p) | {which: store(p[which])}
        return q["x"] @ q["w"] + q["b"]

    def pullback(p, v):
        dz, w = v / np.cosh(z(p)) ** 2, store(p["w"]) if which == "w" else p["w"]
        return {"x": dz @ w.T, "w": p["x"].T @ dz, "b": dz.sum(0)}

    return Draft(
        point={"x": rng.normal(size=(n, d)), "w": rng.normal(size=(d, m)), "b": rng.normal(size=m)},
        forward=lambda p: np.tanh(z(p)),
        pullback=pullback,
    )


def single_in_the_middle(rng: np.random.Generator) -> Draft:
    """float64 outside, one activation cast to float32 on the way."""
    n, d, k = (int(j) for j in rng.integers(1, 8, 3))

    def pullback(p, v):
        a = np.tanh(p["x"] @ p["w"])
        dz = v[:, None] * p["u"] * (1 - a * a)
        return {"x": dz @ p["w"].T, "w": p["x"].T @ dz, "u": a.T @ v}

    return Draft(
        point={"x": rng.normal(size=(n, d)), "w": rng.normal(size=(d, k)), "u": rng.normal(size=k)},
        forward=lambda p: as_single(np.tanh(p["x"] @ p["w"])) @ p["u"],
        pullback=pullback,
    )


def mixed_dtypes(rng: np.random.Generator) -> Draft:
    """float32 inputs beside float64 parameters, or a float16 table."""
    n, d, m = (int(k) for k in rng.integers(1, 8, 3))
    narrow = pick(rng, [np.float32, np.float16])

    def pullback(p, v):
        dz = v * np.cos(p["x"].astype(float) @ p["w"])
        return {"x": (dz @ p["w"].T).astype(narrow), "w": p["x"].astype(float).T @ dz}

    return Draft(
        point={"x": rng.normal(size=(n, d)).astype(narrow), "w": rng.normal(size=(d, m))},
        forward=lambda p: np.sin(p["x"] @ p["w"]),
        pullback=pullback,
    )


def single_far_away(rng: np.random.Generator) -> Draft:
    """float32 beside an offset of up to 1e8, which leaves few of its digits or none."""
    far, n = np.float32(10.0 ** rng.uniform(3, 8)), int(rng.integers(1, 12))
    return Draft(
        point={"x": rng.normal(size=n).astype(np.float32)},
        forward=lambda p: np.sin(p["x"]) + far,
        pullback=lambda p, v: {"x": v * np.cos(p["x"])},
    )


def half_scalar(rng: np.random.Generator) -> Draft:
    """One float16 number in, one out."""
    f, slope = pick(rng, [(np.sin, np.cos), (np.exp, np.exp), (np.square, lambda x: 2 * x), (np.tanh, _tanh_slope)])
    return Draft(
        point={"x": np.asarray(rng.normal(), dtype=np.float16)},
        forward=lambda p: f(p["x"]),
        pullback=lambda p, v: {"x": v * slope(p["x"])},
    )


def _tanh_slope(x: Array) -> Array:
    return 1 - np.tanh(x) ** 2


def long_single_sum(rng: np.random.Generator) -> Draft:
    """A sum of 1e4 … 1e5 float32 squares, one after the other or pairwise."""
    n, running = int(10 ** rng.uniform(4, 5)), bool(rng.random() < 0.5)
    return Draft(
        point={"x": rng.normal(size=n).astype(np.float32)},
        forward=lambda p: np.cumsum(p["x"] ** 2)[-1] if running else (p["x"] ** 2).sum(),
        pullback=lambda p, v: {"x": 2 * v * p["x"]},
    )


def quantised_weights(rng: np.random.Generator) -> Draft:
    """Eight-bit weights that are not differentiated: their scale and the inputs are."""
    n, d, m = (int(k) for k in rng.integers(1, 8, 3))
    q = rng.integers(-127, 128, size=(d, m))
    return Draft(
        point={"x": rng.normal(size=(n, d)), "s": rng.uniform(1e-3, 1e-2, size=m)},
        forward=lambda p: (p["x"] @ q) * p["s"],
        pullback=lambda p, v: {"x": (v * p["s"]) @ q.T, "s": (v * (p["x"] @ q)).sum(0)},
    )


def quantised_on_the_way(rng: np.random.Generator) -> Draft:
    """Weights rounded to a grid of 1/16 of their size: flat in them, smooth in the inputs."""
    n, d, m = (int(k) for k in rng.integers(1, 6, 3))
    step = 1 / 16

    def used(p):
        return np.round(p["w"] / step) * step

    return Draft(
        point={"x": rng.normal(size=(n, d)), "w": rng.normal(size=(d, m))},
        forward=lambda p: np.tanh(p["x"] @ used(p)),
        pullback=lambda p, v: {
            "x": (v / np.cosh(p["x"] @ used(p)) ** 2) @ used(p).T, "w": np.zeros_like(p["w"])
        },
        zero=("w",),
    )  # fmt: skip


def counted(rng: np.random.Generator) -> Draft:
    """A loss beside what is reported with it: a count, and the loss to three decimals, without gradients."""
    n = int(rng.integers(1, 30))

    def forward(p):
        loss = np.tanh(p["x"]).sum()
        return {"loss": loss, "positive": (p["x"] > 0).sum(), "shown": np.round(loss, 3)}

    return Draft(
        point={"x": rng.normal(size=n)},
        forward=forward,
        pullback=lambda p, v: {"x": v["loss"] / np.cosh(p["x"]) ** 2},
    )
