"""At the ends of the number range, complex primals, single numbers, wrapped angles, and cancelling formulas."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_expit, softmax

from benchmarks.judging.claim import Draft, pick


def near_overflow(rng: np.random.Generator) -> Draft:
    """exp of 650 … 705, whose double is infinite."""
    x = rng.uniform(650, 705, int(rng.integers(1, 8)))
    return Draft(
        point={"x": x}, forward=lambda p: np.exp(p["x"]), pullback=lambda p, v: {"x": v * np.exp(p["x"])}
    )  # fmt: skip


def large_logits(rng: np.random.Generator) -> Draft:
    """Cross-entropy of logits in the hundreds: most probabilities vanish."""
    n, k = int(rng.integers(1, 12)), int(rng.integers(2, 8))
    labels = rng.integers(k, size=n)

    def forward(p):
        z = p["z"] - p["z"].max(1, keepdims=True)
        return (np.log(np.exp(z).sum(1)) - z[np.arange(n), labels]).sum()

    def pullback(p, v):
        g = softmax(p["z"], axis=1)
        g[np.arange(n), labels] -= 1
        return {"z": v * g}

    return Draft(point={"z": rng.normal(size=(n, k)) * 10.0 ** rng.uniform(1, 3)}, forward=forward, pullback=pullback)


def far_sigmoids(rng: np.random.Generator) -> Draft:
    """log σ of −600 … 600: linear on one side, 0 on the other."""
    return Draft(
        point={"x": rng.uniform(-600, 600, int(rng.integers(1, 12)))},
        forward=lambda p: log_expit(p["x"]),
        pullback=lambda p, v: {"x": v * expit(-p["x"])},
    )


def tiny_numbers(rng: np.random.Generator) -> Draft:
    """Values of 1e-300 and below: some have no digits left."""
    s = 10.0 ** rng.uniform(-320, -280)
    return Draft(
        point={"x": rng.normal(size=int(rng.integers(1, 8)))},
        forward=lambda p: s * np.sin(p["x"]),
        pullback=lambda p, v: {"x": v * s * np.cos(p["x"])},
    )


def physical_units(rng: np.random.Generator) -> Draft:
    """Planck's law in SI units: constants of 1e-34 … 1e8 and a point of 1e14."""
    h, k = 6.62607015e-34, 1.380649e-23

    def parts(p):
        a = h * p["frequency"] / (k * p["temperature"])
        return a, 2 * h * p["frequency"] ** 3 / 8.9875e16 / np.expm1(a)

    def pullback(p, v):
        a, b = parts(p)
        share = -np.exp(a) / np.expm1(a) * a
        return {"frequency": v * b * (3 + share) / p["frequency"], "temperature": -v * b * share / p["temperature"]}

    n = int(rng.integers(1, 6))
    point = {"frequency": rng.uniform(0.3, 5, n) * 1e14, "temperature": rng.uniform(1e3, 6e3, n)}
    return Draft(point=point, forward=lambda p: parts(p)[1], pullback=pullback)


def complex_product(rng: np.random.Generator) -> Draft:
    """Complex matrices, complex result; g = ∂/∂Re + i ∂/∂Im."""
    n, d, m = (int(k) for k in rng.integers(1, 6, 3))

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape) + 1j * rng.normal(size=shape)

    return Draft(
        point={"a": normal(n, d), "b": normal(d, m)},
        forward=lambda p: p["a"] @ p["b"],
        pullback=lambda p, v: {"a": v @ p["b"].conj().T, "b": p["a"].conj().T @ v},
    )


def complex_power(rng: np.random.Generator) -> Draft:
    """|z|² and the phase of a complex signal, real results."""
    n = int(rng.integers(1, 12))

    def pullback(p, v):
        z = p["z"]
        return {"z": 2 * v["power"] * z + v["phase"] * 1j * z / np.abs(z) ** 2}

    return Draft(
        point={"z": rng.normal(size=n) + 1j * rng.normal(size=n)},
        forward=lambda p: {"power": np.abs(p["z"]) ** 2, "phase": np.angle(p["z"])},
        pullback=pullback,
    )


def spectrum(rng: np.random.Generator) -> Draft:
    """Power spectrum of a real signal."""
    n = int(rng.integers(2, 40))

    def pullback(p, v):
        back = np.zeros(n, dtype=complex)
        back[: n // 2 + 1] = 2 * v * np.fft.rfft(p["x"])
        return {"x": np.real(np.fft.ifft(back)) * n}

    return Draft(point={"x": rng.normal(size=n)}, forward=lambda p: np.abs(np.fft.rfft(p["x"])) ** 2, pullback=pullback)


def single_numbers(rng: np.random.Generator) -> Draft:
    """Python floats and arrays of one entry, in and out."""
    shape = pick(rng, [(), (1,), (1, 1)])

    def forward(p):
        y = np.sin(p["a"]) * np.exp(p["b"]) + p["a"] ** 2
        return float(y) if shape == () else y

    def pullback(p, v):
        v = np.asarray(v)
        return {
            "a": v * (np.cos(p["a"]) * np.exp(p["b"]) + 2 * p["a"]), "b": v * np.sin(p["a"]) * np.exp(p["b"])
        }  # fmt: skip

    point = {name: np.asarray(rng.normal(size=shape)) for name in ("a", "b")}
    return Draft(point=point, forward=forward, pullback=pullback)


def huge_sum(rng: np.random.Generator) -> Draft:
    """The summed loss of 1e4 … 1e5 examples in a few parameters."""
    n, d = int(10 ** rng.uniform(4, 5)), int(rng.integers(1, 6))
    x, y = rng.normal(size=(n, d)), rng.normal(size=n)
    return Draft(
        point={"w": rng.normal(size=d)},
        forward=lambda p: ((x @ p["w"] - y) ** 2).sum(),
        pullback=lambda p, v: {"w": 2 * v * (x.T @ (x @ p["w"] - y))},
    )


def naive_variance(rng: np.random.Generator) -> Draft:
    """E[x²] − E[x]² far from 0: half of the digits cancel."""
    n, far = int(rng.integers(2, 40)), 10.0 ** rng.uniform(0, 5)
    return Draft(
        point={"x": far + rng.normal(size=n)},
        forward=lambda p: np.mean(p["x"] ** 2) - np.mean(p["x"]) ** 2,
        pullback=lambda p, v: {"x": 2 * v * (p["x"] - p["x"].mean()) / n},
    )


def wrapped(rng: np.random.Generator) -> Draft:
    """Angles and remainders, some close to where they jump."""
    n = int(rng.integers(1, 10))
    near = np.where(rng.random(n) < 0.3, 10.0 ** rng.uniform(-9, -2, n), rng.uniform(0, 2 * np.pi, n))

    def forward(p):
        return {"angle": np.arctan2(np.sin(p["x"]), np.cos(p["x"])), "rest": np.mod(p["x"], 1.0)}

    return Draft(
        point={"x": np.pi + near * rng.choice([-1, 1], n)},
        forward=forward,
        pullback=lambda p, v: {"x": v["angle"] + v["rest"]},
    )


def pairwise_distances(rng: np.random.Generator) -> Draft:
    """A kernel of distances from a Gram matrix: cancellation close to the diagonal, which is left out."""
    n, d = int(rng.integers(2, 10)), int(rng.integers(1, 5))
    off = ~np.eye(n, dtype=bool)

    def distances(p):
        square = (p["x"] ** 2).sum(1)
        return np.sqrt(np.maximum(square[:, None] + square - 2 * p["x"] @ p["x"].T, 0) + 1e-12)

    def pullback(p, v):
        r = distances(p)
        w = np.where(off, -v * np.exp(-r) / r, 0.0)
        w = w + w.T
        return {"x": w.sum(1)[:, None] * p["x"] - w @ p["x"]}

    return Draft(
        point={"x": rng.normal(size=(n, d))},
        forward=lambda p: np.where(off, np.exp(-distances(p)), 1.0),
        pullback=pullback,
    )


def clipped_probabilities(rng: np.random.Generator) -> Draft:
    """Cross-entropy of probabilities of which some lie beyond the clip: no gradient there."""
    n, eps = int(rng.integers(1, 20)), 1e-3
    y, q = (rng.random(n) < 0.5).astype(float), expit(rng.normal(size=n) * 6)

    def forward(p):
        s = np.clip(p["q"], eps, 1 - eps)
        return -(y * np.log(s) + (1 - y) * np.log1p(-s))

    def pullback(p, v):
        inside = (p["q"] > eps) & (p["q"] < 1 - eps)
        s = np.clip(p["q"], eps, 1 - eps)
        return {"q": v * inside * (s - y) / (s * (1 - s))}

    return Draft(point={"q": q}, forward=forward, pullback=pullback)


def wider_than_double(rng: np.random.Generator) -> Draft:
    """Primals in long double."""
    x = rng.normal(size=int(rng.integers(1, 8))).astype(np.longdouble)
    return Draft(
        point={"x": x}, forward=lambda p: np.sin(p["x"]), pullback=lambda p, v: {"x": v * np.cos(p["x"])}
    )  # fmt: skip


def integer_results(rng: np.random.Generator) -> Draft:
    """Labels and counts as integers beside the scores that they are read off."""
    n, d, k = (int(j) for j in rng.integers(2, 7, 3))
    w = rng.normal(size=(d, k))

    def forward(p):
        z = p["x"] @ w
        return {"scores": z, "label": z.argmax(1), "rank": z.argsort(1).argsort(1)}

    return Draft(point={"x": rng.normal(size=(n, d))}, forward=forward, pullback=lambda p, v: {"x": v["scores"] @ w.T})
